"""Compare the speed of the PyTorch `Trainer` with the loop of the PyTorch DCGAN example.

    python benchmarks/throughput_torch.py                  # about five minutes
    python benchmarks/throughput_torch.py --device cuda
    python benchmarks/throughput_torch.py --seconds 1      # a smoke test

Same networks, batch and update: the comparison begins with a check that both arrive at the same
weights from the same numbers. Runs alternate, so that what else the machine does falls on both
sides alike. The table then pulls one lever at a time in the example's loop. The `Trainer` also
keeps a moving average of the generator, which the example does not.
"""

import argparse
import dataclasses
import functools
import statistics

import torch
from common import write_results
from plain_torch import Levers, PlainLoop
from speeds import paired_speeds

from gantutor import recipes
from gantutor.data import load_digits
from gantutor.torch import Trainer, building

RECIPE = recipes.get("dcgan")
PAIRS = 7


def plain_loop(device, levers=None):
    networks = building.generator(RECIPE), building.discriminator(RECIPE)
    return PlainLoop(*networks, RECIPE, levers or Levers(), device)


def check_same_mathematics(images):
    """Fail unless three updates from the same numbers give the same weights.

    By gradient descent: Adam's first updates go by the gradient's sign, and rounding decides the
    sign of the smallest.
    """
    loop, trainer = plain_loop("cpu"), Trainer.from_recipe(RECIPE, device="cpu")
    loop.optimizer_g = torch.optim.SGD(loop.generator.parameters(), 0.1)
    loop.optimizer_d = torch.optim.SGD(loop.discriminator.parameters(), 0.1)
    for side in trainer.optimizers:
        trainer.optimizers[side] = torch.optim.SGD(trainer.parameters(side), 0.1)
    random = torch.Generator().manual_seed(0)
    size = RECIPE.batch_size
    for rows in torch.from_numpy(images).split(size)[:3]:
        batch = {"real": rows.permute(0, 3, 1, 2)}
        latents = torch.randn(size, RECIPE.latent_dim, generator=random)
        loop.step(batch["real"], latents)
        noise = {"latents": latents}
        fake = trainer.game.draw(batch, noise)
        trainer.discriminator_step(batch, fake, noise)
        trainer.generator_step(batch, fake, noise)
    for name in ("generator", "discriminator"):
        ours, theirs = getattr(trainer.game, name), getattr(loop, name)
        for first, second in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(first, second, atol=1e-6, rtol=0, check_stride=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6, help="length of one measurement")
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu, cuda, …")
    options = parser.parse_args()
    seconds, device = options.seconds, options.device
    images, _ = load_digits()
    check_same_mathematics(images)

    trainer = functools.partial(Trainer.from_recipe, RECIPE, device=device)
    example = functools.partial(plain_loop, device)
    pairs = paired_speeds(trainer, example, images, seconds, PAIRS)
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"Trainer / example's loop, {PAIRS} pairs: {[round(r, 2) for r in ratios]}")
    print(
        f"faster in {sum(r > 1 for r in ratios)} of {PAIRS}, median {statistics.median(ratios):.2f}"
    )

    table = {}
    names = [field.name for field in dataclasses.fields(Levers)]
    for pulled in [*([name] for name in names), names]:
        levers = Levers(**dict.fromkeys(pulled, True))
        pulled_loop = functools.partial(plain_loop, device, levers)
        speeds = paired_speeds(pulled_loop, example, images, seconds, 3)
        name = pulled[0] if len(pulled) == 1 else "all"
        table[name] = statistics.median(ours / theirs for ours, theirs in speeds)
        print(f"{name:22} × {table[name]:.2f}")
    write_results(
        "throughput_torch",
        {
            "recipe": RECIPE.to_dict(),
            "steps_per_second": {"trainer, example": pairs},
            "ratios": ratios,
            "levers": table,
        },
        device,
    )


if __name__ == "__main__":
    main()
