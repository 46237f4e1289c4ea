"""Layers that Keras does not have, or not with a gradient. Twin: `gantutor.torch.layers`."""

import keras
from keras import layers, ops

from gantutor.runs import seeds
from gantutor.validation import check_choice


class _Spectral:
    """Divides the kernel [..., outputs] of a layer by its largest singular value.

    `keras.layers.SpectralNormalization` overwrites the kernel with the normalised one at each
    training pass, so that no gradient flows through the division. These layers keep the kernel,
    like `torch.nn.utils.parametrizations.spectral_norm`. Miyato et al. 2018, Algorithm 1.
    """

    def build(self, input_shape):
        super().build(input_shape)
        inputs, outputs = ops.reshape(self.kernel, (-1, self.kernel.shape[-1])).shape
        initializer = keras.initializers.RandomNormal(seed=0)
        self.u = self.add_weight(
            shape=(outputs,), initializer=initializer, trainable=False, name="u"
        )
        self.v = self.add_weight(
            shape=(inputs,), initializer=initializer, trainable=False, name="v"
        )
        for _ in range(15):
            self._iterate()

    def call(self, inputs, training=False):
        if training:
            self._iterate()
        matrix = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
        sigma = ops.sum(self.v * ops.matmul(matrix, self.u))
        outputs = self._apply(inputs, ops.cast(self.kernel / sigma, self.compute_dtype))
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, self.compute_dtype)
        return outputs if self.activation is None else self.activation(outputs)

    def save_own_variables(self, store):
        """Keep u and v beside kernel and bias, which is all that the plain layers keep."""
        for i, variable in enumerate(self.weights):
            store[str(i)] = variable

    def load_own_variables(self, store):
        """Read what `save_own_variables` kept."""
        for i, variable in enumerate(self.weights):
            variable.assign(store[str(i)])

    def _iterate(self):
        # One power iteration; u and v count as constants for the gradient.
        matrix = ops.stop_gradient(ops.reshape(self.kernel, (-1, self.kernel.shape[-1])))
        self.u.assign(ops.normalize(ops.matmul(self.v, matrix), epsilon=1e-12))
        self.v.assign(ops.normalize(ops.matmul(matrix, self.u), epsilon=1e-12))


@keras.saving.register_keras_serializable("gantutor")
class SpectralConv2D(_Spectral, layers.Conv2D):
    """Convolution with spectral normalisation; arguments as `keras.layers.Conv2D`."""

    def _apply(self, inputs, kernel):
        return self.convolution_op(inputs, kernel)


@keras.saving.register_keras_serializable("gantutor")
class SpectralDense(_Spectral, layers.Dense):
    """Dense layer with spectral normalisation; arguments as `keras.layers.Dense`."""

    def _apply(self, inputs, kernel):
        return ops.matmul(inputs, kernel)


@keras.saving.register_keras_serializable("gantutor")
class Projection(layers.Layer):
    """The logits of a projection discriminator for every class: ψ(h) + ⟨E_y, h⟩.

    Miyato and Koyama 2018, Eq. 4 and Figure 1 (d), with a linear ψ. A game takes from each row
    the logit of the example's own class.

    Parameters
    ----------
    classes : int
    spectral_norm : bool
        Whether both kernels are divided by their largest singular value.
    initializers : list of keras.initializers.Initializer
        Of the kernels of ψ and E.

    Examples
    --------
    >>> Projection(10)(ops.zeros((3, 8))).shape
    TensorShape([3, 10])
    """

    def __init__(self, classes, spectral_norm=False, initializers=("glorot_uniform",) * 2, **more):
        super().__init__(**more)
        self.classes, self.spectral_norm = classes, spectral_norm
        self.initializers = [keras.initializers.get(one) for one in initializers]
        dense = SpectralDense if spectral_norm else layers.Dense
        first, second = self.initializers
        self.shared = dense(1, kernel_initializer=first, dtype=self.dtype_policy)
        self.embedding = dense(
            classes, use_bias=False, kernel_initializer=second, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Make the weights."""
        self.shared.build(input_shape)
        self.embedding.build(input_shape)

    def call(self, h, training=False):
        """[N, features] → logits [N, classes]."""
        more = {"training": training} if self.spectral_norm else {}
        return self.shared(h, **more) + self.embedding(h, **more)

    def compute_output_shape(self, input_shape):
        """(N, classes)."""
        return (input_shape[0], self.classes)

    def get_config(self):
        """Return the arguments."""
        return super().get_config() | {
            "classes": self.classes,
            "spectral_norm": self.spectral_norm,
            "initializers": [keras.initializers.serialize(one) for one in self.initializers],
        }


def doubling(outputs, use_bias=True, kernel_initializer="glorot_uniform"):
    """Return a transposed convolution that doubles height and width (kernel 4, stride 2)."""
    return layers.Conv2DTranspose(
        outputs,
        4,
        strides=2,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
    )


def normalization(kind):
    """Return a normalisation of images as a list of no or one layer.

    Parameters
    ----------
    kind : {"batch", "layer", "instance", None}
        Over the batch; over all units of an example; over each channel of an example.
    """
    check_choice(kind, (None, "batch", "layer", "instance"), "normalization")
    if kind is None:
        return []
    if kind == "batch":
        return [layers.BatchNormalization(epsilon=1e-5, momentum=0.9)]
    return [layers.GroupNormalization(groups=1 if kind == "layer" else -1, epsilon=1e-5)]


class Initializers:
    """The initialisers of a network's kernels, one after the other, each with its own seed.

    Parameters
    ----------
    kind : {"normal", "glorot"}
        𝒩(0, 0.02²) or Glorot's uniform distribution.
    seed : int
    purpose : str
        ``"generator"`` or ``"discriminator"``.
    """

    def __init__(self, kind, seed, purpose):
        self.kind, self.seed, self.purpose, self.count = kind, seed, purpose, 0

    def next(self):
        """Return the initialiser of the next kernel."""
        self.count += 1
        seed = seeds.number(self.seed, self.purpose, self.count)
        if self.kind == "glorot":
            return keras.initializers.GlorotUniform(seed=seed)
        return keras.initializers.RandomNormal(stddev=0.02, seed=seed)


def mixes_examples(model) -> bool:
    """Return whether a model's output for one example depends on the others of its batch.

    So it is with batch normalisation, and with a layer that says so by an attribute
    `mixes_examples`, as those do that compute statistics of a mini-batch. Real and generated
    examples must then be judged apart.
    """
    return any(
        isinstance(layer, layers.BatchNormalization) or getattr(layer, "mixes_examples", False)
        for layer in model._flatten_layers()
    )
