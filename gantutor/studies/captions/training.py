"""Networks that draw a caption or write one, and the updates that train them."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gantutor.keras import averaging
from gantutor.runs import seeds
from gantutor.studies.captions.pictures import SIDE, WORDS

LATENT_DIM = 16
WIDTH = 16  # channels of all networks at half the resolution
HIDDEN = 128
BATCH_SIZE = 32
LEARNING_RATE = 2e-3  # of Adam, for all networks
DECAY = 0.99  # of the moving average of the weights that make pictures
TEMPERATURE = 1.0  # of the Gumbel-softmax
EULER = 20  # steps from noise to a picture
#: Where the words of one kind stand in a bag of words: of each kind a caption has one.
KINDS = (4, 4, 2, 2, 2)


class Draws:
    """Initialisers of dense and convolutional layers, from one seed."""

    def __init__(self, seed: int, purpose: str):
        self.rng = seeds.rng(seed, purpose)

    def __call__(self):
        """Return the initialiser of the next layer."""
        return keras.initializers.GlorotUniform(seed=int(self.rng.integers(2**31)))


def _decoder(hidden, draw, skips=(None, None)):
    norm, relu = layers.BatchNormalization, layers.ReLU
    hidden = relu()(norm()(layers.Dense(HIDDEN, kernel_initializer=draw())(hidden)))
    hidden = layers.Dense(36 * 2 * WIDTH, kernel_initializer=draw())(hidden)
    hidden = relu()(norm()(layers.Reshape((6, 6, 2 * WIDTH))(hidden)))
    for channels, skip in zip((WIDTH, 3), skips, strict=True):
        if skip is not None:
            hidden = layers.Concatenate()([hidden, skip])
        up = layers.Conv2DTranspose(channels, 4, 2, "same", kernel_initializer=draw())
        hidden = up(hidden)
        if channels == WIDTH:
            hidden = relu()(norm()(hidden))
    return hidden


def _encoder(pictures, draw):
    halves = []
    for channels in (WIDTH, 2 * WIDTH):
        convolution = layers.Conv2D(channels, 4, 2, "same", kernel_initializer=draw())
        pictures = layers.LeakyReLU(0.2)(convolution(pictures))
        halves.append(pictures)
    flat = layers.Dense(HIDDEN, kernel_initializer=draw())(layers.Flatten()(pictures))
    return layers.LeakyReLU(0.2)(flat), halves


def build_generator(seed: int) -> keras.Model:
    """Return a network from z, [N, 16], and a bag of words, [N, 14], to pictures."""
    inputs = keras.Input((LATENT_DIM,)), keras.Input((len(WORDS),))
    pixels = _decoder(layers.Concatenate()(list(inputs)), Draws(seed, "generator"))
    return keras.Model(list(inputs), layers.Activation("tanh")(pixels))


def build_discriminator(seed: int) -> keras.Model:
    """Return a network from pictures and bags of words to logits, [N].

    The logit is a score of the picture, and the inner product of features of the picture with
    features of the caption (Miyato and Koyama 2018, with a network where they have a table).
    """
    draw = Draws(seed, "discriminator")
    picture, words = keras.Input((SIDE, SIDE, 3)), keras.Input((len(WORDS),))
    seen, _ = _encoder(picture, draw)
    told = layers.LeakyReLU(0.2)(layers.Dense(HIDDEN, kernel_initializer=draw())(words))
    told = layers.Dense(HIDDEN, kernel_initializer=draw())(told)
    score = layers.Dense(1, kernel_initializer=draw())(seen)
    logit = layers.Add()([score, layers.Dot(1)([seen, told])])
    return keras.Model([picture, words], layers.Reshape(())(logit))


def build_restorer(seed: int) -> keras.Model:
    """Return a network from noisy pictures, bags of words and times, [N, 1], to clean pictures."""
    draw = Draws(seed, "generator")
    inputs = [keras.Input(shape) for shape in ((SIDE, SIDE, 3), (len(WORDS),), (1,))]
    seen, (twelve, six) = _encoder(inputs[0], draw)
    all_known = layers.Concatenate()([seen, *inputs[1:]])
    return keras.Model(inputs, _decoder(all_known, draw, (six, twelve)))


def build_captioner(seed: int) -> keras.Model:
    """Return a network from pictures to logits of the 14 words."""
    draw = Draws(seed, "generator")
    picture = keras.Input((SIDE, SIDE, 3))
    seen, _ = _encoder(picture, draw)
    return keras.Model(picture, layers.Dense(len(WORDS), kernel_initializer=draw())(seen))


def adam(network: keras.Model) -> keras.optimizers.Optimizer:
    """Return the optimiser of a network."""
    optimizer = keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5)
    optimizer.build(network.trainable_variables)
    return optimizer


def gan_update(generator, discriminator, mismatched: bool):
    """Return ``update(real, right, other, z)``, an update of both networks.

    With `mismatched` pairs the discriminator also learns that a real picture with another caption
    is wrong (Reed and others 2016): half of its loss of wrong pairs.
    """
    g_adam, d_adam = adam(generator), adam(discriminator)
    softplus, mean = tf.nn.softplus, tf.reduce_mean

    @tf.function
    def update(real, right, other, z):
        with tf.GradientTape() as g_tape:
            fake = generator([z, right], training=True)
            with g_tape.stop_recording(), tf.GradientTape() as d_tape:
                wrong = mean(softplus(discriminator([fake, right])))
                if mismatched:
                    wrong = (wrong + mean(softplus(discriminator([real, other])))) / 2
                loss = wrong + mean(softplus(-discriminator([real, right])))
            weights = discriminator.trainable_variables
            with g_tape.stop_recording():
                d_adam.apply(d_tape.gradient(loss, weights), weights)
            loss = mean(softplus(-discriminator([fake, right])))
        weights = generator.trainable_variables
        g_adam.apply(g_tape.gradient(loss, weights), weights)

    return update


def one_network_update(network, loss):
    """Return an update that minimises ``loss(real, right, noise, z)`` over a network's weights."""
    weights, optimizer = network.trainable_variables, adam(network)

    @tf.function
    def update(*batch):
        with tf.GradientTape() as tape:
            value = loss(*batch)
        optimizer.apply(tape.gradient(value, weights), weights)

    return update


def mean_picture_loss(generator):
    """Return the mean squared error of pictures drawn without z."""

    def loss(real, right, noise, z):
        return tf.reduce_mean((generator([tf.zeros_like(z), right], training=True) - real) ** 2)

    return loss


def flow_loss(restorer):
    """Return the loss of flow matching on straight paths from noise to pictures.

    The network guesses where a path ends, from where its velocity follows.
    """

    def loss(real, right, noise, z):
        time = (1 + tf.math.erf(z[:, :1] / np.sqrt(2))) / 2  # uniform
        at = time[:, :, None, None]
        guess = restorer([(1 - at) * noise + at * real, right, time], training=True)
        return tf.reduce_mean((guess - real) ** 2)

    return loss


def gumbel_softmax(logits, uniform, temperature: float = TEMPERATURE):
    """Draw one word of each kind; the gradient is that of a softmax (straight-through).

    Parameters
    ----------
    logits, uniform : tf.Tensor, shape [N, 14]
        Of `WORDS`, and numbers in (0, 1).
    temperature : float
    """
    words = []
    noisy = (logits - tf.math.log(-tf.math.log(uniform))) / temperature
    for scores in tf.split(noisy, KINDS, axis=1):
        soft = tf.nn.softmax(scores)
        hard = tf.one_hot(tf.argmax(soft, axis=1), soft.shape[1])
        words.append(soft + tf.stop_gradient(hard - soft))
    return tf.concat(words, axis=1)


def caption_update(captioner, discriminator):
    """Return ``update(real, right, uniform)``: a captioner against a judge of pairs."""
    g_adam, d_adam = adam(captioner), adam(discriminator)
    softplus, mean = tf.nn.softplus, tf.reduce_mean

    @tf.function
    def update(real, right, uniform):
        with tf.GradientTape() as g_tape:
            said = gumbel_softmax(captioner(real, training=True), uniform)
            with g_tape.stop_recording(), tf.GradientTape() as d_tape:
                loss = mean(softplus(discriminator([real, said])))
                loss += mean(softplus(-discriminator([real, right])))
            weights = discriminator.trainable_variables
            with g_tape.stop_recording():
                d_adam.apply(d_tape.gradient(loss, weights), weights)
            loss = mean(softplus(-discriminator([real, said])))
        weights = captioner.trainable_variables
        g_adam.apply(g_tape.gradient(loss, weights), weights)

    return update


def cross_entropy(captioner):
    """Return the cross-entropy of the five words of each caption."""

    def loss(real, right, noise, z):
        logits = tf.split(captioner(real, training=True), KINDS, axis=1)
        truths = tf.split(right, KINDS, axis=1)
        pairs = zip(truths, logits, strict=True)
        return sum(tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(*p)) for p in pairs)

    return loss


def batches(pictures, words, steps: int, seed: int):
    """Yield real pictures, their words, words of other rows, noise like pictures, and z."""
    order, latents, noise = (seeds.rng(seed, name) for name in ("order", "latents", "noise"))
    for _ in range(steps):
        rows, others = order.integers(len(pictures), size=(2, BATCH_SIZE))
        pixels = noise.standard_normal((BATCH_SIZE, SIDE, SIDE, 3), dtype=np.float32)
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        batch = pictures[rows], words[rows], words[others], pixels, z
        yield tuple(tf.constant(part) for part in batch)


def train_painter(method: str, pictures, words, steps: int, seed: int):
    """Train a network that draws captions.

    Parameters
    ----------
    method : {"GAN, no mismatches", "GAN, mismatches", "squared error", "flow"}
    pictures, words : numpy.ndarray
        Drawings and their bags of words.
    steps, seed : int
        Updates of each network; seed of weights, order and noise.

    Returns
    -------
    callable
        ``paint(words, seed)``, pictures by a moving average of the weights.
    """
    network = build_restorer(seed) if method == "flow" else build_generator(seed)
    if method.startswith("GAN"):
        play = gan_update(network, build_discriminator(seed), method == "GAN, mismatches")
    elif method == "squared error":
        play = one_network_update(network, mean_picture_loss(network))
    else:
        play = one_network_update(network, flow_loss(network))
    average = averaging.copies({"painter": network}, 1)
    follow = tf.function(averaging.follow, autograph=False)
    for step, (real, right, other, noise, z) in enumerate(batches(pictures, words, steps, seed)):
        play(real, right, *((other, z) if method.startswith("GAN") else (noise, z)))
        follow(average, {"painter": network}, [DECAY], tf.constant(step))
    return painter(average[0]["painter"], method)


def painter(network: keras.Model, method: str):
    """Return ``paint(words, seed)`` of a trained network."""

    def paint(words, seed):
        words, rng = tf.constant(words), seeds.rng(seed, "data")
        if method != "flow":
            z = tf.constant(rng.standard_normal((len(words), LATENT_DIM), dtype=np.float32))
            return network([0 * z if method == "squared error" else z, words]).numpy()
        at = tf.constant(rng.standard_normal((len(words), SIDE, SIDE, 3), dtype=np.float32))
        for step in range(EULER):
            time = tf.fill((len(words), 1), step / EULER)
            at += (network([at, words, time]) - at) / (EULER - step)
        return np.clip(at.numpy(), -1, 1)

    return paint


def train_captioner(adversarial: bool, pictures, words, steps: int, seed: int):
    """Train a captioner; return ``logits(pictures)``."""
    captioner = build_captioner(seed)
    uniform = seeds.rng(seed, "labels")
    if adversarial:
        play = caption_update(captioner, build_discriminator(seed))
    else:
        play = one_network_update(captioner, cross_entropy(captioner))
    for real, right, _, noise, z in batches(pictures, words, steps, seed):
        drawn = uniform.uniform(1e-6, 1 - 1e-6, right.shape).astype(np.float32)
        play(real, right, *((tf.constant(drawn),) if adversarial else (noise, z)))
    return lambda some: captioner(some).numpy()
