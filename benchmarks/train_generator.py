"""Train a generator that ships with the package, and enter it into the manifest with its score.

python benchmarks/train_generator.py --name digits --recipe minute --steps 8000
"""

import argparse
import importlib

import numpy as np
import safetensors.numpy
from common import WEIGHTS, record_weights

from gantutor import recipes
from gantutor.data import mnist
from gantutor.metrics import digit_fid
from gantutor.runs.callbacks import ProgressBar


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="name of the file, without its suffix")
    parser.add_argument("--recipe", default="minute")
    parser.add_argument("--framework", choices=("torch", "keras"), default="torch")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    twin = importlib.import_module(f"gantutor.{options.framework}")
    recipe = recipes.get(options.recipe).replace(steps=options.steps)
    images, labels = mnist("train")
    trained = twin.train(
        recipe,
        images,
        seed=options.seed,
        callbacks=[ProgressBar()],
        labels=labels if recipe.classes else None,
    )
    score = digit_fid(trained.sample(10_000))
    print(f"Digit FID {score:.2f}")

    if options.framework == "torch":
        arrays = importlib.import_module("gantutor.torch.weights").get_weights(trained.ema.network)
    else:
        arrays = trained.ema.network.get_weights()
    file = f"{options.name}.safetensors"
    named = {f"{i:02d}": np.ascontiguousarray(array) for i, array in enumerate(arrays)}
    safetensors.numpy.save_file(named, WEIGHTS / file)
    record_weights(
        file,
        what="generator of handwritten digits, averaged weights in Keras's order and layout",
        data="MNIST training set, 60,000 digits",
        recipe=recipe.to_dict(),
        seed=options.seed,
        steps=options.steps,
        scores={"digit_fid": score},
        command=f"python benchmarks/train_generator.py --name {options.name}"
        f" --recipe {options.recipe} --framework {options.framework}"
        f" --steps {options.steps} --seed {options.seed}",
    )


if __name__ == "__main__":
    main()
