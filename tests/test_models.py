"""Shapes, ranges and initial weights of the two families, in both frameworks."""

import numpy as np
import pytest

from gantutor.recipes import split_side


def run(twin, model, inputs):
    """Apply a model to NumPy inputs, NHWC or rows, and return NumPy outputs alike."""
    inputs = np.asarray(inputs, "float32")
    if twin.name == "keras":
        return model(inputs).numpy()
    import torch

    with torch.no_grad():
        x = torch.from_numpy(inputs)
        y = model(x.permute(0, 3, 1, 2) if x.ndim == 4 else x)
        return (y.permute(0, 2, 3, 1) if y.ndim == 4 else y).numpy()


def latents(count=5, length=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, length))


@pytest.mark.parametrize("side", [4, 7, 8, 14, 16, 28, 32, 56, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_dcgan_sides_and_channels(twin, side, channels):
    generator = twin.models.dcgan_generator(side, channels, latent_dim=6, width=2)
    images = run(twin, generator, latents())
    assert images.shape == (5, side, side, channels)
    assert np.abs(images).max() <= 1
    discriminator = twin.models.dcgan_discriminator(side, channels, width=2)
    assert run(twin, discriminator, images).shape == (5,)


@pytest.mark.parametrize("side", [0, 1, 5, 6, 12, 30, 100, 20])
def test_other_sides_are_refused(side):
    with pytest.raises(ValueError, match="side must be"):
        split_side(side)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 3), (2,)])
def test_mlp_shapes(twin, shape):
    generator = twin.models.mlp_generator(shape, latent_dim=6, width=8)
    outputs = run(twin, generator, latents())
    assert outputs.shape == (5, *shape)
    assert run(twin, twin.models.mlp_discriminator(shape, width=8), outputs).shape == (5,)


def test_points_are_not_squashed(twin):
    generator = twin.models.mlp_generator((2,), latent_dim=6, width=64)
    assert np.abs(run(twin, generator, 100 * latents())).max() > 1


def test_logits_are_not_probabilities(twin):
    discriminator = twin.models.mlp_discriminator((2,), width=64)
    logits = run(twin, discriminator, 100 * latents(length=2))
    assert logits.min() < 0 and logits.max() > 1


def test_a_seed_cannot_be_taken_for_another_setting(twin):
    with pytest.raises(TypeError):
        twin.models.mlp_discriminator((2,), 32, 9)


def test_dcgan_weights_start_small(twin):
    model = twin.models.dcgan_generator(width=16, seed=3)
    kernel = model.get_weights()[0] if twin.name == "keras" else model[0].weight.detach().numpy()
    assert kernel.std() == pytest.approx(0.02, rel=0.05)
    assert abs(kernel.mean()) < 1e-3


def test_seeds_decide_the_weights(twin):
    first, same, other = (
        run(twin, twin.models.dcgan_generator(width=4, latent_dim=6, seed=s), latents())
        for s in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_spectral_norm_bounds_the_steepness(twin):
    # Each layer has largest singular value about 1 as a matrix, so that scaling all weights up
    # changes nothing; without it, logits grow with the weights.
    images = np.random.default_rng(0).uniform(-1, 1, (8, 28, 28, 1))
    normed = twin.models.dcgan_discriminator(width=4, spectral_norm=True, seed=1)
    plain = twin.models.dcgan_discriminator(width=4, seed=1)
    before = run(twin, normed, images), run(twin, plain, images)
    for model in (normed, plain):
        scale_kernels(twin, model, 3.0)
    after = run(twin, normed, images), run(twin, plain, images)
    assert np.abs(after[0] - before[0]).max() < 0.3 * np.abs(before[0]).max() + 1e-3
    assert np.abs(after[1]).max() > 20 * np.abs(before[1]).max()


def scale_kernels(twin, model, factor):
    if twin.name == "keras":
        for layer in model.layers:
            if hasattr(layer, "kernel"):
                layer.kernel.assign(factor * layer.kernel)
    else:
        import torch

        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name.endswith(("weight", "original")):
                    parameter *= factor


def test_largest_singular_value_is_divided_out(twin):
    import torch

    from gantutor.parity import to_torch

    model = twin.models.dcgan_discriminator(width=4, spectral_norm=True, seed=1)
    if twin.name == "keras":
        keras_model, model = model, None
        import gantutor.torch.models as torch_models

        model = torch_models.dcgan_discriminator(width=4, spectral_norm=True, seed=2)
        to_torch(keras_model, model)
    model.eval()
    for layer in model:
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            matrix = layer.weight.detach().flatten(1)
            assert torch.linalg.svdvals(matrix)[0].item() == pytest.approx(1, abs=0.05)


def test_classes_are_a_logit_each(twin):
    model = twin.models.dcgan_discriminator(width=2, classes=10)
    assert run(twin, model, np.zeros((3, 28, 28, 1))).shape == (3, 10)
    generator = twin.models.dcgan_generator(width=2, latent_dim=6, classes=10)
    assert run(twin, generator, latents(length=16)).shape == (5, 28, 28, 1)


def test_an_unknown_normalization_is_refused(twin):
    with pytest.raises(ValueError, match=r"Unknown normalization 'batsh'\. Did you mean 'batch'"):
        twin.models.dcgan_generator(normalization="batsh")
