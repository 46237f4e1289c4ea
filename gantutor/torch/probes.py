"""A probe of a run in PyTorch. `gantutor.keras.probes` is the twin."""

import contextlib

import torch

from gantutor.runs.probes import BaseProbe
from gantutor.torch.sampling import apply


class Probe(BaseProbe):
    """Add to the record what the discriminator says of images, and how long both gradients are.

    Arguments, series and errors as of `gantutor.runs.probes.BaseProbe`.
    """

    def logits(self, run, images):
        """Return the discriminator's logits [N] of images, in evaluation mode."""
        return apply(run.game.discriminator, images)

    def gradients(self, run, real, latents):
        """Return the gradients of both sides' losses, ``d`` and ``g``, an array a weight."""
        game, device = run.game, run.device
        real = torch.from_numpy(real.copy()).to(device)
        batch = {"real": real.permute(0, 3, 1, 2) if real.ndim == 4 else real}
        noise = game.noise(batch, torch.Generator(device).manual_seed(self.seed))
        noise["latents"] = torch.from_numpy(latents).to(device)
        found = {}
        with _unchanged(game, device):
            fake = game.draw(batch, noise)
            for name, side, images in (
                ("d", "discriminator", fake.detach()),
                ("g", "generator", fake),
            ):
                terms = getattr(game, f"{side}_loss")(batch, images, noise, 0)
                weights = run.parameters(side)
                some = torch.autograd.grad(sum(terms.values()), weights, allow_unused=True)
                found[name] = [g.float().cpu().numpy() for g in some if g is not None]
        return found


@contextlib.contextmanager
def _unchanged(game, device):
    """Leave running averages and the global random numbers (dropout's) as they were."""
    before = [(buffer, buffer.clone()) for buffer in game.buffers()]
    with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.enable_grad():
        try:
            yield
        finally:
            for buffer, old in before:
                buffer.copy_(old)
