"""One training on several replicas of `tf.distribute`: what each takes, and what they average.

`gantutor.torch.distributed` is the twin. A replica is one of the devices on which a strategy keeps
the variables. Each takes an equal slice of every batch and of its noise; Keras's optimisers add up
the gradients of all replicas, so that each loss is divided by their number first. Outside of a
strategy there is one replica, and nothing here changes anything.
"""

import keras
import tensorflow as tf


def count() -> int:
    """Return how many replicas the current strategy has."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def join(game, batch_size) -> None:
    """Let batch normalisation see the whole batch; refuse what replicas would train otherwise.

    Raises
    ------
    ValueError
        If there are several workers, the batch cannot be cut into equal slices, or weights are
        clipped.
    """
    replicas = game.distribute_strategy.num_replicas_in_sync
    if replicas == 1:
        return
    if isinstance(game.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy):
        raise ValueError(
            "Keras 3 does not train under MultiWorkerMirroredStrategy (keras-team/keras#20585). "
            "Take a MirroredStrategy on one machine, or gantutor.torch for several."
        )
    if batch_size % replicas:
        raise ValueError(
            f"batch_size is that of all replicas together, and each takes an equal slice; got "
            f"{batch_size} for {replicas} replicas."
        )
    if "clip_weights" in game.penalties:
        raise ValueError("clip_weights is not there for several replicas; use a penalty.")
    networks = (game.generators() | game.discriminators()).values()
    for layer in [layer for network in networks for layer in network._flatten_layers()]:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True


def rows(order, batch_size, replicas):
    """Return the rows of a step so that equal slices of them hold, of each batch, a slice."""
    return order.reshape(-1, replicas, batch_size // replicas).swapaxes(0, 1).ravel()


def noise(game, batch, random):
    """Draw the noise of the whole batch, and return this replica's slice of it."""
    replicas = count()
    if replicas == 1:
        return game.noise(batch, random)
    size = tf.shape(next(iter(batch.values())))[0]
    whole = {name: tf.repeat(value[:1], size * replicas, axis=0) for name, value in batch.items()}
    first = tf.distribute.get_replica_context().replica_id_in_sync_group * size
    drawn = game.noise(whole, random)
    return {name: value[first : first + size] for name, value in drawn.items()}


def share(loss):
    """Return what a replica contributes to the mean of a loss over all of them."""
    return loss / count() if count() > 1 else loss


def update(variable, function, *arguments) -> None:
    """Change a variable alike in all replicas: ``function(variable, *arguments)``.

    Parameters
    ----------
    variable : keras.Variable
    function : callable
    *arguments : tf.Tensor or tf.Variable
        Equal in all replicas.
    """
    if count() == 1:
        function(variable.value, *arguments)
        return

    def everywhere(strategy, variable, arguments):
        strategy.extended.update(variable, function, args=arguments, group=False)

    context = tf.distribute.get_replica_context()
    context.merge_call(everywhere, args=(variable.value, arguments))
