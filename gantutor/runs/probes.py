"""A probe: what the discriminator says of images, and how long both gradients are.

Here is what needs no framework; `gantutor.torch.probes` and `gantutor.keras.probes` have the rest.
"""

import numpy as np

from gantutor.runs.callbacks import Every
from gantutor.runs.latents import as_latents
from gantutor.validation import check_positive

#: The series that a probe adds to the record.
SERIES = (
    "real_positive",
    "held_out_positive",
    "fake_positive",
    "real_logit",
    "held_out_logit",
    "fake_logit",
    "d_gradient",
    "g_gradient",
)


class BaseProbe(Every):
    """Look at a run every `every` steps, and once before the first, and add to its record.

    It changes nothing in the run: no weight, no running average, no random number. The run plays
    a game of one generator of latent vectors against one discriminator without classes.

    The record gets, of images trained on (``real``), of those held out (``held_out``) and of as
    many fakes from the generator as it stands (``fake``), in evaluation mode: the share with a
    positive logit, from 0 to 1, such as ``real_positive``, and the mean logit, such as
    ``real_logit``. Twice the share less 1 is the mean sign of the logits (Karras et al. 2020,
    Eq. 1, where r_t is that of images trained on). And it gets ``d_gradient`` and ``g_gradient``:
    the Euclidean length of the gradient of a side's whole loss with respect to all its trained
    weights, in training mode, on the same batch of images and the same latent vectors each time.
    A lazy penalty counts there as at a step when it is due.

    Parameters
    ----------
    every : int
        Steps between two looks.
    real : array_like, float32
        Images [N, H, W, C] in [−1, 1] that the run is trained on, or points [N, d].
    held_out : array_like, float32
        The same of others, that it is not trained on.
    batch : int
        How many of `real`, from the first, the gradients are taken on.
    seed : int
        Seed of the latent vectors.

    Raises
    ------
    ValueError
        If an array is empty, or the two hold images of different shapes.
    TypeError
        At the beginning of training, if the run plays another game.
    """

    def __init__(self, every, real, held_out, batch=64, seed=0):
        super().__init__(every)
        self.real, self.held_out = (np.asarray(a, np.float32) for a in (real, held_out))
        if self.real.shape[1:] != self.held_out.shape[1:]:
            raise ValueError(
                "real and held_out must hold images of one shape; got "
                f"{list(self.real.shape)} and {list(self.held_out.shape)}."
            )
        if not len(self.real) or not len(self.held_out):
            raise ValueError("real and held_out must hold an image at least; one is empty.")
        self.batch, self.seed = check_positive(batch, "batch"), seed

    def on_train_begin(self, run, steps):
        """Look at the run as it is, unless the record has that from before."""
        game = getattr(run, "game", run)
        kinds = [*game.generators(), *game.discriminators()]
        if kinds != ["generator", "discriminator"] or not game.latent_dim or game.classes:
            raise TypeError(
                "A probe needs a generator of latent vectors and a discriminator without classes; "
                f"got the game {type(game).__name__}."
            )
        super().on_train_begin(run, steps)
        if run.record.steps.get("d_gradient", [])[-1:] != [run.step]:
            self.act(run)

    def act(self, run):
        """Look."""
        fake = run.current.sample(len(self.held_out), self.seed)
        found = {}
        for kind, images in (("real", self.real), ("held_out", self.held_out), ("fake", fake)):
            logits = self.logits(run, images)
            found[f"{kind}_positive"] = (logits > 0).mean()
            found[f"{kind}_logit"] = logits.mean(dtype=np.float64)
        real = self.real[: self.batch]
        latents = as_latents(len(real), getattr(run, "game", run).latent_dim, self.seed)
        for side, gradients in self.gradients(run, real, latents).items():
            squares = sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients)
            found[f"{side}_gradient"] = np.sqrt(squares)
        run.record.add(run.step, **found)

    def logits(self, run, images) -> np.ndarray:
        """Return the discriminator's logits [N] of images, in evaluation mode."""
        raise NotImplementedError

    def gradients(self, run, real, latents) -> dict[str, list[np.ndarray]]:
        """Return the gradients of both sides' losses, ``d`` and ``g``, an array a weight."""
        raise NotImplementedError
