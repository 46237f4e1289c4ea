"""What a run in Keras consists of, and how it is kept. `gantutor.torch.saving` is the twin."""

from gantutor.runs import parts
from gantutor.runs.checkpoint import (
    check_same_arrays,
    check_same_settings,
    load_arrays,
    save_arrays,
)
from gantutor.runs.divergence import check_arrays
from gantutor.runs.history import History


class Resumable:
    """A trainer that can be written to a file and go on from it."""

    def save_checkpoint(self, path):
        """Write all that `restore` needs to one file, atomically.

        `save` writes a model that Keras loads; this writes a run that goes on to the same bits.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the model and older files stay as they are.
        FloatingPointError
            If the run has diverged; nothing is written then.
        """
        arrays = {name: variable.numpy() for name, variable in self._state().items()}
        check_arrays(arrays, self.step)
        metadata = {
            "framework": "keras",
            "settings": self.settings(),
            "step": self.step,
            "run": self.id,
            "data": self._fed,
            "history": self.record.to_dict(),
            "losses": dict(self._unrecorded),
        }
        save_arrays(path, arrays, metadata)

    def restore(self, path):
        """Continue from a file of `save_checkpoint`: the next step is the one it would have been.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file is damaged, or belongs to other networks or settings; nothing changes then.
        """
        arrays, metadata = load_arrays(path)
        check_same_settings(path, {"framework": metadata.get("framework")}, {"framework": "keras"})
        size = metadata["settings"]["batch_size"]
        settings = self.settings()
        if self.batch_size is None:  # it is `fit` that is told one
            settings["batch_size"] = size
        check_same_settings(path, metadata["settings"], settings)
        state = self._state()
        check_same_arrays(path, arrays, state)
        for name, variable in state.items():
            variable.assign(arrays[name])
        self.record, self.batch_size = History(**metadata["history"]), size
        self.id, self._fed = metadata["run"], metadata["data"]
        self._restored, self._unrecorded = self._fed, metadata["losses"]

    def settings(self):
        """Return the settings that must agree for a run to go on, as plain data."""
        described = {
            f"{side}_optimizer": _described(optimizer, self._rates[side])
            for side, optimizer in self.optimizers.items()
        }
        return {
            **self.game_settings(),
            **described,
            "batch_size": self.batch_size,
            **parts.loop(self),
        }

    def _state(self):
        """All variables that the next step depends on, by name."""
        owners = {
            f"game.{name}": n for name, n in (self.generators() | self.discriminators()).items()
        }
        for k, networks in enumerate(self._networks_of_averages):
            owners |= {f"average{k}.{name}": network for name, network in networks.items()}
        owners |= {f"optimizer.{side}": optimizer for side, optimizer in self.optimizers.items()}
        state = {
            f"{owner}.{i:03d}": variable.value
            for owner, network in owners.items()
            for i, variable in enumerate(network.variables)
        }
        return state | {"steps": self._steps.value}


def _described(optimizer, rate):
    """An optimiser's kind and numbers, as plain data; the rate as it was at first."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    config = {name: value for name, value in inner.get_config().items() if name != "name"}
    return parts.describe({"name": type(inner).__name__, **config, "learning_rate": rate})
