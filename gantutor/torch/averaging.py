"""Moving averages of the generators' weights. `gantutor.keras.averaging` is the twin."""

import copy

import torch


def copies(networks, count):
    """Return `count` dictionaries of frozen copies of networks by name."""
    return [
        {
            name: copy.deepcopy(network).requires_grad_(False).eval()
            for name, network in networks.items()
        }
        for _ in range(count)
    ]


@torch.no_grad()
def follow(averages, networks, decays, step):
    """Move averages towards the networks, after the step of that number, from 0.

    Parameters
    ----------
    averages : list of dict of torch.nn.Module
        Of `copies`.
    networks : dict of torch.nn.Module
    decays : sequence of float
        One for each of the averages; 0 follows at once.
    step : int
    """
    for decay, average in zip(decays, averages, strict=True):
        # While the average is young it forgets faster, or the first weights would linger.
        decay = min(decay, (1 + step) / (10 + step))
        for name, network in networks.items():
            torch._foreach_lerp_(_floats(average[name]), _floats(network), 1 - decay)


def _floats(model):
    return [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
