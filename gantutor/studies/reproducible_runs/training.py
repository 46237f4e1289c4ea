"""A small GAN whose random numbers all come from named streams, and which a file can resume."""

import copy
import itertools
import json
import platform
from functools import cache

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import softplus

from gantutor.data import load_digits
from gantutor.files import whole_file

TRAINED = 4000  # digits; the others are held out
BATCH, LATENT_DIM, NOISE = 64, 32, 0.1  # the last is what real and fake pixels are blurred with
RATES, DECAY = {"G": 1e-3, "D": 1e-3}, 0.99  # of the optimisers, and of the average of G
STREAMS = ("G", "D", "order", "latents", "noise")
SETTINGS = {"batch": BATCH, "latent_dim": LATENT_DIM, "rate": 1e-3, "decay": DECAY, "noise": NOISE}


@cache
def small_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return 5,000 shuffled digits of 14×14 pixels in [−1, 1], float32 [N, 196], and their classes.

    The first `TRAINED` are trained on.
    """
    images, labels = load_digits()
    order = np.random.default_rng(0).permutation(len(images))
    small = images[order].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return torch.from_numpy(small.reshape(-1, 196)), torch.from_numpy(labels[order])


def network(sizes, source: torch.Generator) -> nn.Sequential:
    """Return a multilayer perceptron with normal first weights from a stream."""
    layers = []
    for before, after in itertools.pairwise(sizes):
        layer = nn.Linear(before, after)
        nn.init.normal_(layer.weight, std=before**-0.5, generator=source)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def numbers(seed: int) -> dict[str, int]:
    """Return one seed for each stream, from the seed of the run."""
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {
        name: int(child.generate_state(1)[0]) for name, child in zip(STREAMS, children, strict=True)
    }


class Run:
    """A GAN of 14×14 digits in training.

    Parameters
    ----------
    seeds : dict of int
        Of `numbers`: one for each name in `STREAMS`.
    """

    def __init__(self, seeds):
        self.streams = {name: torch.Generator().manual_seed(seeds[name]) for name in STREAMS}
        self.nets = {
            "G": network((LATENT_DIM, 128, 128, 196), self.streams["G"]),
            "D": network((196, 128, 128, 1), self.streams["D"]),
        }
        self.nets["average"] = copy.deepcopy(self.nets["G"])
        self.adams = {
            name: torch.optim.Adam(self.nets[name].parameters(), RATES[name], betas=(0.5, 0.99))
            for name in "GD"
        }
        self.step = 0

    def draw(self):
        """Return the next real and latent vectors, and the noise of two batches."""
        rows = torch.randint(TRAINED, (BATCH,), generator=self.streams["order"])
        latents = torch.randn(BATCH, LATENT_DIM, generator=self.streams["latents"])
        noise = torch.randn(2, BATCH, 196, generator=self.streams["noise"])
        return small_digits()[0][rows], latents, NOISE * noise

    def advance(self, steps: int, rows=slice(None)) -> "Run":
        """Train, with the rows of each batch in a given order."""
        G, D, average = (self.nets[name] for name in ("G", "D", "average"))
        for _ in range(steps):
            real, z, noise = self.draw()
            real, z, noise = real[rows], z[rows], noise[:, rows]
            fake = torch.tanh(G(z))
            loss = softplus(-D(real + noise[0])).mean()
            loss = loss + softplus(D(fake.detach() + noise[1])).mean()
            self.descend("D", loss)
            self.descend("G", softplus(-D(fake + noise[1])).mean())
            with torch.no_grad():
                for mean, weight in zip(average.parameters(), G.parameters(), strict=True):
                    mean.lerp_(weight, 1 - DECAY)
            self.step += 1
        return self

    def descend(self, name, loss):
        """Move one network down its loss."""
        self.adams[name].zero_grad()
        loss.backward()
        self.adams[name].step()

    def sample(self, latents: torch.Tensor, name: str = "G") -> np.ndarray:
        """Return images [N, 196] of latent vectors, by G or by its average."""
        with torch.no_grad():
            return torch.tanh(self.nets[name](latents)).numpy()


def state_of(run: Run) -> dict[str, torch.Tensor]:
    """Return every array that the next step depends on, by name."""
    state = {
        f"{name}.{key}": value
        for name, net in run.nets.items()
        for key, value in net.state_dict().items()
    }
    for name, adam in run.adams.items():
        for i, moments in adam.state_dict()["state"].items():
            state |= {f"adam_{name}.{i}.{key}": value for key, value in moments.items()}
    return state | {f"stream_{name}": source.get_state() for name, source in run.streams.items()}


def restore(run: Run, state, step: int) -> Run:
    """Give a new run what `state_of` returned; what is missing stays new."""
    for name, net in run.nets.items():
        found = {
            key: state[f"{name}.{key}"] for key in net.state_dict() if f"{name}.{key}" in state
        }
        net.load_state_dict(found, strict=bool(found))
    for name, adam in run.adams.items():
        plain, moments = adam.state_dict(), {}
        for key, value in state.items():
            if key.startswith(f"adam_{name}."):
                _, i, kind = key.split(".")
                moments.setdefault(int(i), {})[kind] = value.clone()
        adam.load_state_dict({**plain, "state": moments})
    for name, source in run.streams.items():
        if f"stream_{name}" in state:
            source.set_state(state[f"stream_{name}"].clone())
    run.step = step
    return run


def save(run: Run, path) -> None:
    """Write a run to one file, whole or not at all."""
    told = {"step": run.step, "settings": SETTINGS, "torch": torch.__version__}
    told |= {"python": platform.python_version(), "threads": torch.get_num_threads()}
    with whole_file(path) as unfinished:
        arrays = {name: value.contiguous() for name, value in state_of(run).items()}
        save_file(arrays, unfinished, metadata={"run": json.dumps(told)})


def load(run: Run, path) -> Run:
    """Give a new run what a file of `save` holds."""
    with safe_open(path, framework="pt") as file:
        told = json.loads(file.metadata()["run"])
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if told["settings"] != SETTINGS:
        raise ValueError(f"{path} is of a run with other settings: {told['settings']}.")
    return restore(run, state, told["step"])
