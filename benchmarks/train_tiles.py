"""Train two generators of tiles for longer than the chapter can, and write them into the package.

    OMP_NUM_THREADS=1 python benchmarks/train_tiles.py

trains the plain and the style-based generator of the study `higher_resolution` on tiles of
photographs for 4,000 updates, in about two minutes each, and writes `tiles_plain.safetensors`,
`tiles_style.safetensors` and their entries in the manifest. The scores are those of the study.
"""

import argparse

import numpy as np
import safetensors.numpy
import torch
from common import WEIGHTS, record_weights

from gantutor import metrics
from gantutor.runs import seeds
from gantutor.studies.higher_resolution import scores, study, tiles, training


def write(generator, kind, steps, seed, data):
    """Write the weights of a generator in float16, and what they score as they are read."""
    weights = {name: value.half().numpy() for name, value in generator.state_dict().items()}
    name = f"tiles_{kind}.safetensors"
    safetensors.numpy.save_file(weights, WEIGHTS / name)
    generator.load_state_dict({name: torch.tensor(v).float() for name, v in weights.items()})
    made = training.sample(generator, study.TILES, seed)
    equal = tiles.rescale(made, data["train"], seeds.rng(seed, "noise", 1))
    known = scores.features(data["copies"])
    distances = [
        100 * metrics.frechet_distance(known, scores.features(some)) for some in (made, equal)
    ]
    record_weights(
        name,
        what=f"{kind} generator of 32 × 32 pixels, averaged weights in float16",
        data="1,500 tiles of eight grey photographs of scikit-image and scikit-learn",
        scores=dict(zip(("fit", "fit_rescaled"), np.round(distances, 2).tolist(), strict=True)),
        seed=seed,
        steps=steps,
        command=f"python benchmarks/train_tiles.py --steps {steps} --seed {seed}",
    )
    print(kind, distances)


def main():
    """Train both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    data = tiles.load("photographs", arguments.seed, study.TILES)
    for kind in ("plain", "style"):
        generator = training.train(data["train"], arguments.steps, arguments.seed, generator=kind)
        write(generator, kind, arguments.steps, arguments.seed, data)


if __name__ == "__main__":
    main()
