"""The arithmetic of convolutional networks that double or halve the size of an image."""

from gantutor.validation import check_positive

SMALLEST = 4  # pixels along the shorter side, where a convolutional network begins or ends


def split_shape(shape: tuple[int, int, int]) -> tuple[tuple[int, int], int]:
    """Split an image's size into a small one and a number of doublings.

    Parameters
    ----------
    shape : tuple of int
        (height, width, channels) in pixels. The shorter side must be 4, 5, 6 or 7 times a power of
        two, and the longer one divisible by the same power.

    Returns
    -------
    base : tuple[int, int]
        Height and width before the first doubling; the shorter is 4 to 7 pixels.
    doublings : int

    Raises
    ------
    ValueError
        If there is no such split.

    Examples
    --------
    >>> split_shape((28, 28, 1)), split_shape((32, 64, 3))
    (((7, 7), 2), ((4, 8), 3))
    """
    if len(shape) != 3:
        raise ValueError(f"shape must be (height, width, channels); got {shape}.")
    height, width = (check_positive(side, "shape") for side in shape[:2])
    shorter = min(height, width)
    doublings = (shorter // SMALLEST).bit_length() - 1
    if shorter < SMALLEST or height % 2**doublings or width % 2**doublings:
        raise ValueError(
            "The shorter side of an image must be 4, 5, 6 or 7 times a power of two, in pixels, "
            f"and the longer one divisible by the same power; got {height}×{width}."
        )
    return (height >> doublings, width >> doublings), doublings


def halvings(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Return the kernels of convolutions that halve an image until its shorter side is 3 or 4.

    With stride 2 and one pixel of padding, a kernel of 4 halves an even side, and one of 3 makes
    (n + 1) / 2 of an odd side n.

    Examples
    --------
    >>> halvings((28, 28, 1))  # 28 → 14 → 7 → 4
    [(4, 4), (4, 4), (3, 3)]
    """
    split_shape(shape)
    height, width = shape[:2]
    kernels = []
    while min(height, width) > SMALLEST:
        kernels.append((4 - height % 2, 4 - width % 2))
        height, width = (height + 1) // 2, (width + 1) // 2
    return kernels
