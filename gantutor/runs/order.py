"""The order in which examples are seen, alike in both frameworks."""

from gantutor.runs import seeds


def shuffled(count, seed, epoch):
    """Return the order of the examples in one pass over the data.

    The order depends on nothing but the arguments, so that a run which resumes in the middle of
    a pass continues with the very batch that it would have seen, and so that PyTorch and Keras
    see the same batches.

    Parameters
    ----------
    count : int
        Number of examples.
    seed : int
        Seed of the run.
    epoch : int
        Number of the pass, from 0.

    Returns
    -------
    numpy.ndarray, int64, shape [count]
        A permutation of 0 … count − 1.

    Examples
    --------
    >>> sorted(shuffled(4, seed=0, epoch=2).tolist())
    [0, 1, 2, 3]
    """
    return seeds.rng(seed, "order", epoch).permutation(count)
