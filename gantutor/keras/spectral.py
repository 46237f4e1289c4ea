"""Layers whose weights are divided by their largest singular value, as PyTorch does it.

`keras.layers.SpectralNormalization` overwrites the kernel with the normalised one at each
training pass, so that no gradient flows through the division. These layers keep the kernel, like
`torch.nn.utils.parametrizations.spectral_norm`. Source: Miyato et al. 2018, Algorithm 1.
"""

import keras
from keras import layers, ops


class _Spectral:
    """Adds u, v and the normalised kernel to a layer with a kernel [..., outputs]."""

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
        return self._apply(inputs, self.kernel / sigma) + self.bias

    def _iterate(self):
        # One power iteration; u and v count as constants for the gradient.
        matrix = ops.stop_gradient(ops.reshape(self.kernel, (-1, self.kernel.shape[-1])))
        self.u.assign(ops.normalize(ops.matmul(self.v, matrix), epsilon=1e-12))
        self.v.assign(ops.normalize(ops.matmul(matrix, self.u), epsilon=1e-12))


class SpectralConv2D(_Spectral, layers.Conv2D):
    """Convolution with spectral normalisation; arguments as `keras.layers.Conv2D`."""

    def _apply(self, inputs, kernel):
        return self.convolution_op(inputs, kernel)


class SpectralDense(_Spectral, layers.Dense):
    """Dense layer with spectral normalisation; arguments as `keras.layers.Dense`."""

    def _apply(self, inputs, kernel):
        return ops.matmul(inputs, kernel)
