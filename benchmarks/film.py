"""Make the landing page's moving picture: a generator that learns to draw digits.

    python benchmarks/film.py                # about half a minute on a quiet core

It is the run of the book's first chapter, whose code is read from the notebook.
"""

from itertools import islice
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from gantutor.plots.images import tiles

BOOK = Path(__file__).resolve().parents[1] / "book"
CHAPTER = BOOK / "start" / "five-minutes.ipynb"
PICTURE = BOOK / "_static" / "digits.gif"
SHARES = (0, 0.01, 0.02, 0.035, 0.05, 0.075, 0.11, 0.16, 0.22, 0.32, 0.47, 0.7, 1)  # of the run
SECONDS = 0.5  # of each picture; the last stays four times as long


def chapter():
    """Run the chapter's code up to the cell that trains; return what it defines."""
    defined = {}
    for cell in nbformat.read(CHAPTER, as_version=4).cells:
        if cell.source.startswith("moments = "):
            return defined
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", ()):
            exec(cell.source, defined)
    raise ValueError(f"No cell of {CHAPTER.name} begins with 'moments = '.")


def pictures():
    """Yield forty samples after each share of the training as one grey picture."""
    given = chapter()
    train, sample, latents = given["train"], given["sample"], given["fixed_latents"]
    steps = train(given["generator"], given["discriminator"], given["real_images"])
    done = 0
    for share in tqdm(SHARES):
        moment = round(share * given["STEPS"])
        for _ in islice(steps, moment - done):
            pass
        done = moment
        canvas, _ = tiles(sample(latents)[:40], columns=10)
        yield (127.5 * (canvas[..., 0] + 1)).astype(np.uint8)


def main():
    frames = []
    for picture in pictures():
        height, width = picture.shape[:2]
        frames.append(Image.fromarray(picture).resize((2 * width, 2 * height)).quantize(16))
    times = [round(1000 * SECONDS)] * (len(frames) - 1) + [round(4000 * SECONDS)]
    frames[0].save(PICTURE, save_all=True, append_images=frames[1:], duration=times, loop=0)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
