"""Moving averages of the generators' weights. `gantutor.torch.averaging` is the twin."""

import tensorflow as tf

from gantutor.keras import distributed


def copies(networks, count):
    """Return `count` dictionaries of frozen copies of networks by name."""
    return [{name: _copy(network) for name, network in networks.items()} for _ in range(count)]


def follow(averages, networks, decays, step):
    """Move averages towards the networks, after the step of that number, from 0.

    Parameters
    ----------
    averages : list of dict of keras.Model
        Of `copies`.
    networks : dict of keras.Model
    decays : sequence of float
        One for each of the averages; 0 follows at once.
    step : tf.Tensor
    """
    step = tf.cast(step, tf.float32)
    for decay, average in zip(decays, averages, strict=True):
        # While the average is young it forgets faster, or the first weights would linger.
        decay = tf.minimum(decay, (1 + step) / (10 + step))
        for name, network in networks.items():
            for old, new in zip(average[name].variables, network.variables, strict=True):
                move = _approach if old.dtype.startswith("float") else _copy_value
                distributed.update(old, move, new.value, decay)


def _approach(old, new, decay):
    old.assign_add((1 - decay) * (new - old))


def _copy_value(old, new, decay):
    old.assign(new)


def _copy(network):
    copy = network.__class__.from_config(network.get_config())
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy
