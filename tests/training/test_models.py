"""Shapes, ranges and initial weights of the two families, in both frameworks."""

import numpy as np
import pytest

from gantutor import recipes
from gantutor.sizes import halvings, split_shape


def run(twin, model, inputs):
    return twin.apply(model, inputs)


def latents(count=5, length=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, length))


@pytest.mark.parametrize("size", [(4, 4), (7, 7), (8, 8), (20, 20), (28, 28), (32, 64), (56, 24)])
@pytest.mark.parametrize("channels", [1, 3])
def test_dcgan_sizes_and_channels(twin, size, channels):
    shape = (*size, channels)
    generator = twin.models.dcgan_generator(shape, latent_dim=6, width=2)
    images = run(twin, generator, latents())
    assert images.shape == (5, *shape)
    assert np.abs(images).max() <= 1
    discriminator = twin.models.dcgan_discriminator(shape, width=2)
    assert run(twin, discriminator, images).shape == (5,)


@pytest.mark.parametrize(
    ("shape", "split"),
    [
        ((28, 28, 1), ((7, 7), 2)),
        ((64, 64, 3), ((4, 4), 4)),
        ((24, 40, 3), ((6, 10), 2)),
        ((7, 7, 1), ((7, 7), 0)),
    ],
)
def test_a_size_is_split_into_a_base_and_doublings(shape, split):
    (height, width), doublings = split_shape(shape)
    assert ((height, width), doublings) == split
    assert (height * 2**doublings, width * 2**doublings) == shape[:2]


def test_kernels_follow_the_parity_of_each_side():
    # 28 × 56 → 14 × 28 → 7 × 14 → 4 × 7, each side by itself
    assert halvings((28, 56, 1)) == [(4, 4), (4, 4), (3, 4)]


@pytest.mark.parametrize("size", [(0, 4), (1, 1), (3, 3), (30, 30), (9, 9), (28, 30)])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"power of two|whole number"):
        split_shape((*size, 1))


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (28, 28)])
def test_translators_keep_the_size(twin, size):
    generator = twin.models.unet_generator((*size, 2), source_channels=3, width=4)
    images = np.random.default_rng(0).uniform(-1, 1, (3, *size, 3))
    made = run(twin, generator, images)
    assert made.shape == (3, *size, 2) and np.abs(made).max() <= 1
    with pytest.raises(ValueError, match="at least 8×8 pixels; got 7×7"):
        twin.models.unet_generator((7, 7, 1))


def test_a_skip_connection_passes_by_the_bottleneck(twin):
    # Without its first skip the last layer could not see details of two pixels.
    generator = twin.models.unet_generator((16, 16, 1), 1, 4, normalization=None, seed=1)
    images = np.zeros((2, 16, 16, 1))
    images[1, 3, 4] = 1
    difference = np.abs(np.diff(run(twin, generator, images), axis=0))[0, ..., 0]
    assert difference[2:6, 3:7].max() > 10 * difference[10:, 10:].max()


def test_a_patch_sees_as_far_as_it_says(twin):
    # Two halvings: a logit sees 18 pixels; moved by more, it does not change.
    discriminator = twin.models.patch_discriminator((64, 64, 1), width=4, layers=2, seed=1)
    images = np.zeros((2, 64, 64, 1))
    images[1, 0, 0] = 1
    logits = run(twin, discriminator, images).reshape(2, 16, 16)
    changed = np.argwhere(np.abs(logits[1] - logits[0]) > 1e-9)
    assert changed.min() == 0
    # The patch of row r begins at pixel 4 r − 7: rows 0 and 1 begin before pixel 0, row 2 after.
    assert changed.max() == 1
    with pytest.raises(ValueError, match="layers must leave at least 4 pixels of 8×8; got 2"):
        twin.models.patch_discriminator((8, 8, 1), layers=2)


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


SMALL = {
    "dcgan_discriminator": {"shape": (8, 8, 1), "width": 2, "classes": 3, "spectral_norm": True},
    "dcgan_generator": {"shape": (8, 8, 1), "width": 2, "latent_dim": 3},
    "mlp_discriminator": {"shape": (2,), "width": 4, "classes": 3},
    "mlp_generator": {"shape": (2,), "width": 4, "latent_dim": 3},
    "patch_discriminator": {"shape": (8, 8, 1), "width": 2, "layers": 1},
    "unet_generator": {"shape": (16, 16, 1), "width": 2},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_seed_decides_every_kernel(twin, name):
    make, settings = getattr(twin.models, name), SMALL[name]
    for first, same, other in zip(*(weights(twin, make(**settings, seed=s)) for s in (1, 1, 2)),
                                  strict=True):  # fmt: skip
        assert np.array_equal(first, same)
        if first.ndim > 1:  # biases and scales start at 0 and 1
            assert (first != other).all()


def test_every_network_has_its_seed_tested(twin):
    assert sorted(SMALL) == twin.models.__all__


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_recipe_that_is_given_no_seed_takes_0(twin, name):
    make = getattr(twin.building, name)
    for first, same in zip(weights(twin, make(recipes.get("mlp"))),
                           weights(twin, make(recipes.get("mlp"), 0)), strict=True):  # fmt: skip
        assert np.array_equal(first, same)


def weights(twin, model):
    if twin.name == "torch":
        return [tensor.numpy() for tensor in model.state_dict().values()]
    return [variable.numpy() for variable in model.variables]


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


def test_spectral_norm_sees_small_weights(twin):
    images = np.random.default_rng(0).uniform(-1, 1, (8, 28, 28, 1)).astype("f4")
    model = twin.models.dcgan_discriminator(width=4, spectral_norm=True, seed=1)
    before = run(twin, model, images)
    scale_kernels(twin, model, 1e-4)
    if twin.name == "keras":
        model(images, training=True)
    else:
        import torch

        model.train()(torch.from_numpy(images).permute(0, 3, 1, 2))
    np.testing.assert_allclose(run(twin, model, images), before, rtol=0.1, atol=1e-3)


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
    for family in ("dcgan", "mlp"):
        model = getattr(twin.models, f"{family}_discriminator")(width=2, classes=10)
        assert run(twin, model, np.zeros((3, 28, 28, 1))).shape == (3, 10)
        generator = getattr(twin.models, f"{family}_generator")(width=2, latent_dim=6, classes=10)
        assert run(twin, generator, latents(length=16)).shape == (5, 28, 28, 1)


def test_a_projection_adds_what_belongs_to_the_class(twin):
    # ψ(h) + ⟨E_y, h⟩ with ψ(h) = h₁ + 5 and E = the unit vectors
    layer = twin.layers.Projection(2, 2) if twin.name == "torch" else twin.layers.Projection(2)
    h = np.array([[3.0, 4.0]], "float32")
    if twin.name == "keras":
        layer(h)
        layer.set_weights([np.array([[1.0], [0.0]]), np.array([5.0]), np.eye(2)])
        assert layer(h).numpy().tolist() == [[3 + 5 + 3, 3 + 5 + 4]]
    else:
        import torch

        with torch.no_grad():
            layer.shared.weight.copy_(torch.tensor([[1.0, 0.0]]))
            layer.shared.bias.fill_(5)
            layer.embedding.weight.copy_(torch.eye(2))
            assert layer(torch.from_numpy(h)).tolist() == [[3 + 5 + 3, 3 + 5 + 4]]


def test_neighbouring_seeds_and_the_two_networks_share_no_numbers(twin):
    def first(model):
        kernel = (
            model.get_weights()[0] if twin.name == "keras" else next(model.parameters()).detach()
        )
        return np.asarray(kernel).ravel()

    generators = [first(twin.models.mlp_generator((2,), 4, 64, seed=s)) for s in (0, 1)]
    judges = [first(twin.models.mlp_discriminator((64,), 64, seed=s)) for s in (0, 1)]
    for a, b in ((generators[0], generators[1]), (generators[1], judges[0]), judges):
        count = min(len(a), len(b))
        assert abs(np.corrcoef(a[:count], b[:count])[0, 1]) < 0.3


def test_building_leaves_the_global_generator_alone_in_every_thread():
    torch = pytest.importorskip("torch")
    from gantutor.torch import models

    state = torch.get_rng_state()
    models.dcgan_discriminator(width=2, spectral_norm=True)
    models.dcgan_generator(width=2)
    models.unet_generator(width=2)
    models.mlp_discriminator(classes=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_spectral_norm_is_pytorchs():
    torch = pytest.importorskip("torch")
    from torch.nn.utils.parametrizations import spectral_norm

    from gantutor.torch.layers import SpectralNorm

    weight = torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    theirs = torch.nn.Conv2d(3, 6, 4)
    theirs.weight.data.copy_(weight)
    theirs = spectral_norm(theirs)
    ours = SpectralNorm(weight, torch.Generator().manual_seed(1))
    norm = theirs.parametrizations.weight[0]
    ours._u, ours._v = norm._u.clone(), norm._v.clone()
    theirs.train(), ours.train()
    for _ in range(3):
        assert torch.allclose(ours(weight), theirs.weight, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_spectral_layers_take_what_plain_ones_take(bias, activation, tmp_path):
    keras = pytest.importorskip("keras")
    from gantutor.keras.layers import SpectralConv2D, SpectralDense

    layers = [
        SpectralConv2D(4, 3, use_bias=bias, activation=activation),
        keras.layers.Flatten(),
        SpectralDense(5, use_bias=bias, activation=activation),
    ]
    model = keras.Sequential([keras.Input((6, 6, 2)), *layers])
    x = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype("f4")
    outputs = model(x).numpy()
    assert (outputs.min() >= 0) == (activation == "relu")
    model.save(tmp_path / "model.keras")
    assert np.array_equal(keras.saving.load_model(tmp_path / "model.keras")(x), outputs)


def test_an_unknown_normalization_is_refused(twin):
    with pytest.raises(ValueError, match=r"Unknown normalization 'batsh'\. Did you mean 'batch'"):
        twin.models.dcgan_generator(normalization="batsh")
