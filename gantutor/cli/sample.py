"""`gantutor sample`: samples into a file."""

import numpy as np

from gantutor import plots
from gantutor.cli.shared import generated
from gantutor.files import whole_file


def run(options):
    """Draw samples as the options say; return the exit code."""
    if options.out.suffix not in (".png", ".npz"):
        raise ValueError(f"--out must end in .png or .npz; got {options.out.name!r}.")
    images, labels = generated(options.source, options.count, options.seed)
    with whole_file(options.out) as unfinished, open(unfinished, "wb") as file:
        if options.out.suffix == ".npz":
            arrays = {"images": images} | ({} if labels is None else {"labels": labels})
            np.savez_compressed(file, **arrays)
        else:
            plots.image_grid(images).savefig(file, format="png")
    print(f"{len(images)} samples are in {options.out}.")
    return 0
