"""Batches for `fit`: the same ones, in the same order, that PyTorch's trainer sees."""

import itertools

import numpy as np
import tensorflow as tf

from gantutor.keras import distributed
from gantutor.runs import feeding
from gantutor.runs.order import Order
from gantutor.validation import check_positive


def batches(data, batch_size, seed=0, start=0, labels=None, unpaired=False):
    """Return an endless data set of shuffled batches.

    Parameters
    ----------
    data : array_like or tuple of array_like, float32
        Images [N, H, W, C] in [−1, 1], or points [N, d]; memory maps are read a batch at a time.
    batch_size : int
        Examples in a batch; what is left at the end of a pass over the data is dropped.
    seed : int
        Seed of the order.
    start : int
        Number of batches to skip: the steps already trained, in a run that resumes.
    labels : array_like of int, shape [N], optional
        Classes of the examples, from 0.
    unpaired : bool
        Whether several arrays are shuffled apart.

    Returns
    -------
    tf.data.Dataset
        Of float32 tensors [batch_size, …], or of tuples of those and int64 labels [batch_size].

    Raises
    ------
    ValueError, TypeError
        If the data or `batch_size` are not as above.
    """
    names = tuple(f"data {k}" for k in range(len(data))) if isinstance(data, tuple) else ("real",)
    classes = 0 if labels is None else int(np.max(labels, initial=0)) + 1
    inputs = names if labels is None else (*names, "labels")
    arrays = feeding.named_arrays(data, labels, inputs, classes, unpaired)
    return from_arrays(arrays, batch_size, seed, start, unpaired)


def from_arrays(arrays, batch_size, seed, start, unpaired, part=None, replicas=1):
    """Return the data set of `batches` for checked arrays by name.

    Of several replicas each gets its slice of every `part` of a batch.
    """
    orders = [
        Order(len(array), check_positive(batch_size, "batch_size"), seed, which if unpaired else 0)
        for which, array in enumerate(arrays.values())
    ]

    def rows():
        for step in itertools.count(start):
            chosen = [order.rows(step) for order in orders]
            yield tuple(distributed.rows(some, part or batch_size, replicas) for some in chosen)

    signature = tuple(tf.TensorSpec([order.size], tf.int64) for order in orders)
    chosen = tf.data.Dataset.from_generator(rows, output_signature=signature)
    sources = [
        _Mapped(array) if feeding.is_mapped(array) else tf.constant(array)
        for array in arrays.values()
    ]

    def taken(*parts):
        values = tuple(
            source(part) if isinstance(source, _Mapped) else tf.gather(source, part)
            for source, part in zip(sources, parts, strict=True)
        )
        return values if len(values) > 1 else values[0]

    return prefetched(chosen.map(taken))


class _Mapped:
    """Rows of an array in a file, read when they are needed."""

    def __init__(self, array):
        self.array = array

    def __call__(self, rows):
        def read(numbers):
            return np.asarray(self.array[numbers], dtype=np.float32)

        taken = tf.numpy_function(read, [rows], tf.float32)
        taken.set_shape([rows.shape[0], *self.array.shape[1:]])
        return taken


def named(batch, inputs):
    """Return a batch by name, which may be tensors in the order of `inputs`, or a dictionary."""
    if isinstance(batch, dict):
        return batch
    return dict(zip(inputs, batch if isinstance(batch, tuple) else (batch,), strict=True))


def checked(dataset, game):
    """Compare a data set with what a game needs, its labels as they come.

    Parameters
    ----------
    dataset : tf.data.Dataset
        Of batches as `named` takes them.
    game : gantutor.keras.games.Game
        Compiled.

    Returns
    -------
    tf.data.Dataset

    Raises
    ------
    ValueError
        If its batches hold something else than the game's inputs.
    """
    spec, inputs, steps = dataset.element_spec, game.inputs, game.discriminator_steps
    given = list(spec) if isinstance(spec, dict) else list(inputs)
    count = len(spec) if isinstance(spec, tuple | dict) else 1
    if count != len(inputs) or set(given) != set(inputs):
        raise ValueError(f"Each batch must hold {', '.join(inputs)}; this data set gives {spec}.")

    def enough(*batch):  # the end of a pass may hold too few examples for each step of D
        return tf.shape(tf.nest.flatten(batch)[0])[0] >= steps

    def known(*batch):
        labels = named(batch[0] if isinstance(batch[0], dict) else batch, inputs)["labels"]
        # Here, because on a GPU a class that does not exist would count as zeros.
        inside = tf.reduce_all((labels >= 0) & (labels < game.classes))
        said = f"labels must lie in 0 … {game.classes - 1}"
        with tf.control_dependencies([tf.debugging.Assert(inside, [said, labels])]):
            return tf.nest.map_structure(tf.identity, batch if len(batch) > 1 else batch[0])

    if steps > 1 and tf.nest.flatten(spec)[0].shape[0] is None:
        dataset = dataset.filter(enough)
    return dataset.map(known) if "labels" in inputs else dataset


def prefetched(dataset):
    """Return a `tf.data.Dataset` that prepares one batch ahead, in the time that training leaves.

    Its tuning is off, whose thread can take a third of two cores' time.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(1).with_options(options)
