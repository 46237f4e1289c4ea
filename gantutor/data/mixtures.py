"""Toy data whose density is known: Gaussian mixtures on a ring, on a grid and on a line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gantutor.runs.seeds import as_rng
from gantutor.validation import check_number, check_positive, check_rows


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """Gaussians of the same width and the same weight, with the exact density.

    Parameters
    ----------
    centres : array_like, shape [K, d]
        The mean of each mode.
    std : float
        The standard deviation of each mode along every axis; positive.

    Raises
    ------
    ValueError
        If `centres` is empty, not finite or not of shape [K, d], or `std` is not positive.

    Examples
    --------
    >>> mixture = GaussianMixture([[-2.0], [2.0]], std=0.5)
    >>> mixture.sample(3, seed=0).shape
    (3, 1)
    """

    centres: np.ndarray
    std: float

    def __post_init__(self) -> None:
        centres = check_rows(self.centres, "centres").copy()
        centres.flags.writeable = False
        object.__setattr__(self, "centres", centres)
        object.__setattr__(self, "std", check_number(self.std, "std", above=0))

    def sample(self, count: int, seed: int | np.random.Generator) -> np.ndarray:
        """Draw points.

        Parameters
        ----------
        count : int
            How many; at least 1.
        seed : int or numpy.random.Generator

        Returns
        -------
        numpy.ndarray, float32, shape [count, d]

        Raises
        ------
        TypeError, ValueError
            If `count` is not a positive whole number, or `seed` is no seed.
        """
        count = check_positive(count, "count")
        rng = as_rng(seed)
        modes = rng.integers(len(self.centres), size=count)
        noise = rng.standard_normal((count, self.centres.shape[1]))
        return (self.centres[modes] + self.std * noise).astype(np.float32)

    def log_density(self, points: ArrayLike) -> np.ndarray:
        """Return the natural logarithm of the density at each point.

        Parameters
        ----------
        points : array_like, shape [N, d]

        Returns
        -------
        numpy.ndarray, float64, shape [N]

        Raises
        ------
        ValueError
            If `points` has another number of columns than the centres, or a value is not finite.

        Examples
        --------
        >>> standard = GaussianMixture([[0.0]], std=1.0)
        >>> print(f"{standard.log_density([[0.0]])[0]:.4f}")  # −½ log 2π
        -0.9189
        """
        modes, dimension = self.centres.shape
        points = check_rows(points, "points", columns=dimension).astype(np.float64)
        offsets = (points[:, None, :] - self.centres) / self.std
        constant = np.log(modes) + dimension * np.log(self.std * np.sqrt(2 * np.pi))
        # Far from every centre the sum of exponentials underflows; logaddexp does not.
        return np.logaddexp.reduce(-0.5 * (offsets**2).sum(axis=-1), axis=1) - constant


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.02) -> GaussianMixture:
    """Return `modes` Gaussians in the plane, evenly on a circle, the first at angle 0.

    Parameters
    ----------
    modes : int
        How many; at least 1.
    radius : float
        Radius of the circle.
    std : float
        Standard deviation of each Gaussian; positive.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        If `modes` or `std` is not positive, or `radius` is not a finite number.

    References
    ----------
    Metz, Poole, Pfau and Sohl-Dickstein (2017), Unrolled generative adversarial networks.

    Examples
    --------
    >>> ring(modes=4, radius=1.0).centres.round(3).tolist()[0]
    [1.0, 0.0]
    """
    modes, radius = check_positive(modes, "modes"), check_number(radius, "radius")
    angles = 2 * np.pi * np.arange(modes) / modes
    return GaussianMixture(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), std)


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> GaussianMixture:
    """Return `side` × `side` Gaussians in the plane, on a square grid around the origin.

    Parameters
    ----------
    side : int
        Modes along each axis; at least 1.
    spacing : float
        Distance between neighbours.
    std : float
        Standard deviation of each Gaussian; positive.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        If `side` or `std` is not positive, or `spacing` is not a finite number.

    References
    ----------
    Srivastava, Valkov, Russell, Gutmann and Sutton (2017), VEEGAN: reducing mode collapse in
    GANs using implicit variational learning.

    Examples
    --------
    >>> grid(side=2).centres.tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    side, spacing = check_positive(side, "side"), check_number(spacing, "spacing")
    ticks = spacing * (np.arange(side) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    return GaussianMixture(centres, std)


def line(centres: Sequence[float] = (-2.0, 2.0), std: float = 0.5) -> GaussianMixture:
    """Return one-dimensional Gaussians.

    Parameters
    ----------
    centres : sequence of float
        The mean of each.
    std : float
        The standard deviation of each; positive.

    Returns
    -------
    GaussianMixture

    Raises
    ------
    ValueError
        If there is no centre, or `std` is not positive.

    Examples
    --------
    >>> line(centres=(0.0,)).centres.shape
    (1, 1)
    """
    return GaussianMixture(np.reshape(centres, (-1, 1)), std)
