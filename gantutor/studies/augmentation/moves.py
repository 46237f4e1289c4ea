"""Classical augmentation: images shifted and rotated, with gradients."""

import numpy as np
import tensorflow as tf


def shift_and_rotate(
    images: tf.Tensor, seed: tf.Tensor | list[int], pixels: float = 2.0, degrees: float = 10.0
) -> tf.Tensor:
    """Return the images shifted and rotated at random: classical augmentation of digits.

    Parameters
    ----------
    images : tf.Tensor, float32, shape [N, H, W, C]
        In [−1, 1].
    seed : tf.Tensor or list of int, shape [2]
    pixels, degrees : float
        Largest shift along each axis, and largest rotation either way.

    Returns
    -------
    tf.Tensor, float32, shape [N, H, W, C]
        What comes in from outside is −1 (black).
    """
    random = tf.random.stateless_uniform([3, tf.shape(images)[0]], seed, -1.0, 1.0)
    return move(images, random[:2] * pixels, random[2] * (degrees * np.pi / 180))


def move(
    images: np.ndarray | tf.Tensor, shifts: np.ndarray | tf.Tensor, angles: np.ndarray | tf.Tensor
) -> tf.Tensor:
    """Return images rotated about their centres, then shifted, by bilinear interpolation.

    Parameters
    ----------
    images : array_like, float32, shape [N, H, W, C]
        In [−1, 1].
    shifts : array_like, float32, shape [2, N]
        To the right and downwards, in pixels.
    angles : array_like, float32, shape [N]
        Counter-clockwise, in radians.

    Returns
    -------
    tf.Tensor, float32, shape [N, H, W, C]
        What comes in from outside is −1 (black).

    Examples
    --------
    >>> image = np.full((1, 3, 3, 1), -1, "float32")
    >>> image[0, 1, 1] = 1
    >>> move(image, [[1.0], [0.0]], [0.0]).numpy()[0, :, :, 0]
    array([[-1., -1., -1.],
           [-1., -1.,  1.],
           [-1., -1., -1.]], dtype=float32)
    """
    right, down = tf.unstack(tf.cast(shifts, tf.float32))
    angles = tf.cast(angles, tf.float32)
    cosine, sine = tf.cos(angles), tf.sin(angles)
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    x, y = (tf.cast(side - 1, tf.float32) / 2 for side in (width, height))
    # The transform says for each pixel of the result where in the image it comes from: back by
    # the shift, then, about the centre, by the opposite rotation.
    from_x = x - cosine * (x + right) + sine * (y + down)
    from_y = y - sine * (x + right) - cosine * (y + down)
    nought = tf.zeros_like(cosine)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([cosine, -sine, from_x, sine, cosine, from_y, nought, nought], 1),
        output_shape=[height, width],
        fill_value=-1.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
