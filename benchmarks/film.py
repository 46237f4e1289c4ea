"""Make the landing page's moving picture: a generator that learns to draw digits.

    python benchmarks/film.py                # about 40 seconds on two quiet cores

The recipe `minute` trains on MNIST's 60,000 training digits, with labels. The same latent vectors,
four of each digit, are drawn after each of the `MOMENTS`.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from gantutor import recipes
from gantutor.data import mnist
from gantutor.plots.images import tiles
from gantutor.torch import Trainer

MOMENTS = (0, 5, 10, 20, 35, 60, 100, 160, 250, 400, 600, 900, 1300, 1800)
PICTURE = Path(__file__).resolve().parents[1] / "book" / "_static" / "digits.gif"
SECONDS = 0.5  # of each picture; the last stays four times as long


def pictures(seed):
    """Yield the samples after each moment as one grey picture, digits 0–9 from the left."""
    images, labels = mnist("train")
    trainer = Trainer.from_recipe(recipes.get("minute").replace(classes=10), seed)
    trained = 0
    for moment in tqdm(MOMENTS):
        if moment > trained:
            trainer.fit(images, moment - trained, labels=labels)
        trained = moment
        samples = trainer.sample(40, seed=seed, labels=np.tile(np.arange(10), 4))
        canvas, _ = tiles(samples, columns=10)
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
