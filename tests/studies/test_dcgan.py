"""DCGAN and its variants: which part each setting exchanges, what the scores say, one tiny run."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from keras import layers

from gantutor.data import load_digits
from gantutor.keras import models
from gantutor.keras.layers import SpectralConv2D, SpectralDense
from gantutor.studies.dcgan import networks, study


def size(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def kinds(network):
    return [type(layer) for layer in network.layers]


PAIRS = [
    (networks.generator, models.dcgan_generator(latent_dim=64, width=16, seed=3)),
    (networks.discriminator, models.dcgan_discriminator(width=16, spectral_norm=True, seed=3)),
]


@pytest.mark.parametrize(("build", "packages"), PAIRS)
def test_without_arguments_they_are_the_packages_networks(build, packages):
    variant = build(3)
    for here, there in zip(variant.weights, packages.weights, strict=True):
        np.testing.assert_array_equal(here, there)
    inputs = np.random.default_rng(0).normal(size=(4, *variant.input_shape[1:]))
    np.testing.assert_allclose(variant(inputs), packages(inputs), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", study.SETTINGS)
def test_all_settings_have_about_as_many_weights(name):
    parts = study.SETTINGS[name]
    assert size(networks.generator(0, **parts.get("g", {}))) == pytest.approx(108_897, rel=0.02)
    assert size(networks.discriminator(0, **parts.get("d", {}))) == pytest.approx(28_017, rel=0.02)


def test_dense_networks_have_no_convolution_and_keep_their_normalisation():
    generator, discriminator = (
        networks.generator(0, dense=True),
        networks.discriminator(0, dense=True),
    )
    assert not {layers.Conv2D, layers.Conv2DTranspose, SpectralConv2D} & {
        *kinds(generator),
        *kinds(discriminator),
    }
    assert kinds(generator).count(layers.BatchNormalization) == 2
    assert kinds(discriminator).count(SpectralDense) == 3


def test_pooling_and_resizing_move_the_stride_and_nothing_else():
    pooled, plain = networks.discriminator(0, pooling=True), networks.discriminator(0)
    resized = networks.generator(0, resize=True)
    strides = lambda network, kind: [  # noqa: E731
        layer.strides for layer in network.layers if isinstance(layer, kind)
    ]
    assert strides(pooled, SpectralConv2D) == [(1, 1)] * 3
    assert strides(plain, SpectralConv2D) == [(2, 2)] * 3
    assert strides(resized, layers.Conv2D) == [(1, 1)] * 2
    for one, other in zip(pooled.weights, plain.weights, strict=True):
        assert one.shape == other.shape
    assert resized.output_shape == (None, 28, 28, 1)


def test_halved_weights_give_resizing_the_scale_of_dcgans_untrained_images():
    z = np.random.default_rng(0).normal(size=(200, networks.LATENT_DIM))

    def scale(**arguments):
        network = networks.generator(0, output="linear", **arguments)
        return float(np.std(network(z, training=True)))

    assert scale(resize=True) == pytest.approx(2 * scale(), rel=0.2)
    assert scale(**study.SETTINGS["G: resizing, halved"]["g"]) == pytest.approx(scale(), rel=0.2)


def test_batch_normalisation_of_d_begins_after_its_first_layer_and_replaces_spectral():
    found = kinds(networks.discriminator(0, normalized="batch"))
    assert found.index(layers.BatchNormalization) > found.index(layers.LeakyReLU)
    assert found.count(layers.BatchNormalization) == 2 and SpectralConv2D not in found
    assert layers.BatchNormalization not in kinds(networks.discriminator(0, normalized=None))


def test_scores_of_real_digits_and_of_sets_that_are_worth_nothing():
    digits, _ = load_digits()
    real = study.score(digits[::5])
    repeated = study.score(np.repeat(digits[:1], 100, axis=0))
    ten = study.score(np.repeat(digits[::500], 10, axis=0))
    assert real["digit_fid"] < 10 and real["classes"] == 10
    assert repeated["digit_fid"] > 400 and repeated["classes"] == 1
    assert ten["classes"] >= 9 and 50 < ten["digit_fid"] < 400, "few images, many classes"


@pytest.mark.slow
def test_a_tiny_run_has_the_columns_of_the_table_and_times_what_follows_the_warm_up(monkeypatch):
    clock = iter([10.0, 10.5])
    monkeypatch.setattr(study, "time", SimpleNamespace(process_time=lambda: next(clock)))
    row = study.run(seed=0, d={"dense": True}, steps=study.WARM_UP + 2)
    assert {"seed", *row} == set(study.COLUMNS)
    assert row["step"] == study.WARM_UP + 2 and row["digit_fid"] > 200
    assert row["seconds"] == 0.25, "half a second for two updates"
