"""Make the landing page's moving picture: a generator that learns to draw digits.

    python benchmarks/film.py                # about 40 seconds on a quiet core

The networks, the data and the settings are those of the book's first chapter: 5,000 digits, no
labels. The same latent vectors are drawn after each of the `MOMENTS`.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from gantutor import recipes
from gantutor.data import load_digits
from gantutor.plots.images import tiles
from gantutor.torch import Trainer

MOMENTS = (0, 20, 40, 70, 100, 150, 220, 320, 450, 650, 950, 1400, 2000, 2800)
RECIPE = recipes.get("minute").replace(
    game="gan",
    classes=0,
    latent_dim=32,
    generator={"width": 16},
    batch_size=32,
    decay_start=0.0,
    ema_decay=0.0,
    steps=MOMENTS[-1],
)
PICTURE = Path(__file__).resolve().parents[1] / "book" / "_static" / "digits.gif"
SECONDS = 0.5  # of each picture; the last stays four times as long


def pictures(seed):
    """Yield the samples after each moment as one grey picture."""
    images, _ = load_digits()
    trainer = Trainer.from_recipe(RECIPE, seed)
    trained = 0
    for moment in tqdm(MOMENTS):
        if moment > trained:
            trainer.fit(images, moment - trained)
        trained = moment
        canvas, _ = tiles(trainer.sample(40, seed=seed), columns=10)
        yield (127.5 * (canvas[..., 0] + 1)).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    frames = []
    for picture in pictures(parser.parse_args().seed):
        height, width = picture.shape[:2]
        frames.append(Image.fromarray(picture).resize((2 * width, 2 * height)).quantize(16))
    times = [round(1000 * SECONDS)] * (len(frames) - 1) + [round(4000 * SECONDS)]
    frames[0].save(PICTURE, save_all=True, append_images=frames[1:], duration=times, loop=0)
    print(f"{PICTURE}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
