"""The progress bar of all long work: seen on a terminal and in a notebook, quiet elsewhere."""

import os
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
    silent = os.environ.get("TQDM_DISABLE") == "1"  # which tqdm itself does not heed in notebooks
    # None means: only on a terminal.
    disable = silent if "ipykernel" in sys.modules else silent or None
    return tqdm(total=total, unit=unit, leave=False, disable=disable)
