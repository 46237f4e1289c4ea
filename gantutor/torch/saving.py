"""What a run in PyTorch consists of, and how it is kept. `gantutor.keras.saving` is the twin."""

import numpy as np
import torch

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

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the trainer and older files stay as they are.
        FloatingPointError
            If the run has diverged; nothing is written then.
        """
        self.read_losses()
        arrays = {name: value.detach().cpu().numpy() for name, value in self._state().items()}
        check_arrays(arrays, self.step)
        metadata = {
            "framework": "torch",
            "settings": self.settings(),
            "step": self.step,
            "run": self.id,
            "data": self._fed,
            "history": self.record.to_dict(),
            "losses": self._unrecorded,
            "several": sorted(self._several),
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
        check_same_settings(path, {"framework": metadata.get("framework")}, {"framework": "torch"})
        check_same_settings(path, metadata["settings"], self.settings())
        state = self._network_state()
        networks = {name: a for name, a in arrays.items() if not name.startswith("optimizer.")}
        check_same_arrays(path, networks, state)
        with torch.no_grad():
            for name, value in state.items():
                value.copy_(torch.from_numpy(networks[name]))
        for side, optimizer in self.optimizers.items():
            _load_moments(optimizer, arrays, f"optimizer.{side}.")
        self.step, self.record = metadata["step"], History(**metadata["history"])
        self.id, self._fed = metadata["run"], metadata["data"]
        self._restored = self._fed
        self._unread, self._unrecorded = [], metadata["losses"]
        self._several = set(metadata["several"])

    def settings(self):
        """Return the settings that must agree for a run to go on, as plain data."""
        described = {
            f"{side}_optimizer": _described(optimizer)
            for side, optimizer in self.optimizers.items()
        }
        return {
            **self.game.game_settings(),
            **described,
            "batch_size": self.batch_size,
            **parts.loop(self),
        }

    def _network_state(self):
        owners = {"game": self.game}
        for k, networks in enumerate(self._networks_of_averages):
            owners |= {f"average{k}.{name}": network for name, network in networks.items()}
        return {
            f"{owner}.{name}": tensor
            for owner, network in owners.items()
            for name, tensor in network.state_dict().items()
        }

    def _state(self):
        """All tensors that the next step depends on, by name."""
        state = self._network_state()
        for side, optimizer in self.optimizers.items():
            for i, parameter in enumerate(_held(optimizer)):
                for key, value in sorted(optimizer.state.get(parameter, {}).items()):
                    if value is not None:
                        state[f"optimizer.{side}.{i}.{key}"] = torch.as_tensor(value)
        return state


def _held(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _described(optimizer):
    """An optimiser's kind and numbers, as plain data; the rate as it was at first."""
    groups = [
        {name: value for name, value in group.items() if name not in ("params", "lr")}
        for group in optimizer.param_groups
    ]
    return parts.describe({"name": type(optimizer).__name__, "groups": groups})


def _load_moments(optimizer, arrays, prefix):
    """Give an optimiser the state that a checkpoint holds of it, in each parameter's layout."""
    parameters, state = _held(optimizer), {}
    for name, array in arrays.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            parameter, value = parameters[int(index)], torch.from_numpy(np.array(array))
            # A counter is no moment, even if the parameter is a single number, too.
            if key != "step" and value.shape == parameter.shape:
                value = torch.empty_like(parameter, requires_grad=False).copy_(value)
            state.setdefault(int(index), {})[key] = value
    # The optimiser itself knows which of its numbers must lie on the parameters' device.
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
