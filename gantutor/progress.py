"""The progress bar of all long work: seen on a terminal and in a notebook, quiet elsewhere."""

import sys

from tqdm.auto import tqdm


def progress_bar(total, unit="step"):
    """Return a tqdm bar that vanishes when it closes.

    Parameters
    ----------
    total : int
        Number of units of work.
    unit : str
        What is counted.

    Returns
    -------
    tqdm.tqdm
        Where neither a terminal nor a notebook shows it, or with ``TQDM_DISABLE=1``, it is silent.
    """
    # None means: only on a terminal. Not to pass it leaves the choice to TQDM_DISABLE.
    where = {} if "ipykernel" in sys.modules else {"disable": None}
    return tqdm(total=total, unit=unit, leave=False, **where)
