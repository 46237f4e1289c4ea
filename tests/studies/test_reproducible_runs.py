"""Reproducible runs: what an update minimises, what a file holds, what the distances mean."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import softplus  # noqa: E402

from gantutor.studies.reproducible_runs import study, training  # noqa: E402
from gantutor.studies.reproducible_runs.training import Run, numbers  # noqa: E402


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[x], second[x]) for x in first)


def test_streams_have_seeds_of_their_own():
    seeds = [seed for run in range(20) for seed in numbers(run).values()]
    assert len(set(seeds)) == 20 * len(training.STREAMS)
    assert numbers(3) == numbers(3)


def test_the_digits_are_averages_of_four_pixels_and_none_is_held_out_twice():
    images, labels = training.small_digits()
    assert images.shape == (5000, 196) and labels.shape == (5000,)
    assert images.min() >= -1 and images.max() <= 1
    assert study.enlarged(images[:2].numpy()).shape == (2, 28, 28, 1)
    tall = study.enlarged(np.arange(196.0)[None])[0, :, :, 0]
    assert (tall[:2, :2] == 0).all() and (tall[2:4, :2] == 14).all() and tall[0, 2] == 1
    seen = {x.tobytes() for x in images[: training.TRAINED].numpy()}
    held_out = [x.tobytes() in seen for x in images[training.TRAINED :].numpy()]
    assert not any(held_out)


def test_first_weights_have_the_scale_of_the_inputs_number():
    net = training.network((400, 300, 2), torch.Generator().manual_seed(0))
    assert net[0].weight.std().item() == pytest.approx(0.05, rel=0.02)
    assert net[0].bias.abs().max() == 0 and len(net) == 3


def test_the_first_step_goes_down_the_gradients_of_the_two_losses():
    run, twin = Run(numbers(0)), Run(numbers(0))
    real, z, noise = twin.draw()
    G, D = twin.nets["G"], twin.nets["D"]
    fake = torch.tanh(G(z))
    loss = -torch.log(torch.sigmoid(D(real + noise[0]))).mean()
    loss = loss - torch.log(1 - torch.sigmoid(D(fake.detach() + noise[1]))).mean()
    slopes = torch.autograd.grad(loss, list(D.parameters()))
    old = [weight.detach().clone() for weight in D.parameters()]
    run.advance(1)
    for before, after, slope in zip(old, run.nets["D"].parameters(), slopes, strict=True):
        large = slope.abs() > 1e-4  # Adam's first step has the size of the learning rate
        step = (after.detach() - before)[large]
        torch.testing.assert_close(step, -1e-3 * slope[large].sign(), rtol=0.02, atol=1e-6)
    # The generator moves second, against the discriminator that has just moved.
    slopes = torch.autograd.grad(
        softplus(-run.nets["D"](torch.tanh(G(z)) + noise[1])).mean(), list(G.parameters())
    )
    pairs = zip(G.parameters(), run.nets["G"].parameters(), slopes, strict=True)
    for before, after, slope in pairs:
        large = slope.abs() > 1e-4
        step = (after - before).detach()[large]
        torch.testing.assert_close(step, -1e-3 * slope[large].sign(), rtol=0.02, atol=1e-6)


def test_the_average_moves_a_hundredth_of_the_way():
    run = Run(numbers(0))
    old = run.nets["G"][0].weight.detach().clone()
    run.advance(1)
    wanted = 0.99 * old + 0.01 * run.nets["G"][0].weight.detach()
    torch.testing.assert_close(run.nets["average"][0].weight.detach(), wanted)


def test_the_order_of_the_rows_changes_the_sums_by_rounding_only():
    one, two = Run(numbers(0)).advance(5), Run(numbers(0)).advance(5, study.REVERSED)
    apart = study.distance(one.sample(study.latents()), two.sample(study.latents()))
    assert 0 < apart < 1e-5
    assert sorted(study.REVERSED.tolist()) == list(range(training.BATCH))


def test_one_bit_is_the_smallest_change_of_one_weight():
    run, changed = Run(numbers(0)), study.one_bit_more(Run(numbers(0)))
    first, second = (training.state_of(x) for x in (run, changed))
    differing = [name for name in first if not torch.equal(first[name], second[name])]
    assert differing == ["G.0.weight"]
    moved = (first["G.0.weight"] != second["G.0.weight"]).sum()
    size = (first["G.0.weight"] - second["G.0.weight"]).abs().max()
    assert moved == 1 and 0 < size < 1e-7


def test_a_whole_file_gives_the_same_bits(tmp_path):
    run = Run(numbers(2)).advance(7)
    training.save(run, tmp_path / "a.safetensors")
    resumed = training.load(Run(numbers(5)), tmp_path / "a.safetensors").advance(4)
    assert equal(training.state_of(resumed), training.state_of(run.advance(4)))
    assert resumed.step == run.step == 11
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_file_of_other_settings_is_refused(tmp_path, monkeypatch):
    training.save(Run(numbers(0)).advance(1), tmp_path / "a.safetensors")
    monkeypatch.setattr(training, "SETTINGS", {**training.SETTINGS, "rate": 2e-3})
    with pytest.raises(ValueError, match="other settings"):
        training.load(Run(numbers(0)), tmp_path / "a.safetensors")


@pytest.mark.parametrize("lacks", [name for name in study.LACKS if name != "nothing"])
def test_what_a_file_lacks_stays_new_and_the_rest_is_restored(lacks):
    seeds = numbers(0)
    state = training.state_of(Run(seeds).advance(3))
    kept = {x: v for x, v in state.items() if not x.startswith(study.LACKS[lacks])}
    assert len(kept) < len(state)
    run = training.restore(Run(seeds), kept, 3)
    found, new = training.state_of(run), training.state_of(Run(seeds))
    assert all(torch.equal(found[name], kept[name]) for name in kept)
    assert all(torch.equal(found[x], new[x]) for x in new if x not in kept)
    if lacks == "all but G and D":
        assert all(name.startswith(("G.", "D.")) for name in kept)


def test_an_unchanged_generator_against_the_record_is_the_one_of_the_game():
    alone, game = study.Unanswered("recorded D", numbers(0)), Run(numbers(0)).advance(4)
    assert np.array_equal(
        alone.advance(4).sample(study.latents()), game.sample(study.latents(), "G")
    )
    found = training.state_of(alone.run)
    new = training.state_of(Run(numbers(0)))
    assert all(torch.equal(found[name], new[name]) for name in new if name.startswith("D."))


def test_a_frozen_discriminator_is_that_of_the_game_and_stays(monkeypatch):
    monkeypatch.setattr(study, "SAVED", 3)
    frozen = study.Unanswered("frozen D", numbers(1))
    wanted = training.state_of(Run(numbers(1)).advance(3))
    first = frozen.sample(study.latents())
    frozen.advance(2)
    found = training.state_of(frozen.leader)
    assert equal(found, wanted)
    assert not np.array_equal(first, frozen.sample(study.latents()))


def test_a_change_reaches_the_generator_against_the_record():
    for change in ("rows reversed", "last bit"):
        run = study.begin("recorded D", numbers(0))
        run = study.one_bit_more(run) if change == "last bit" else run
        run.advance(3, study.REVERSED if change == "rows reversed" else slice(None))
        other = Run(numbers(0)).advance(3).sample(study.latents())
        assert 0 < study.distance(run.sample(study.latents()), other) < 1e-5


def test_distances_of_known_arrays():
    assert study.distance(np.zeros((2, 2)), np.full((2, 2), 3.0)) == 3
    assert study.distance(np.array([0.0, 0]), np.array([3.0, 4])) == pytest.approx(math.sqrt(12.5))


def test_a_network_alone_learns_what_it_should():
    for task, shape in (("classifier", (1000, 10)), ("regression", (1000, 196))):
        net = study.Alone(task, numbers(0))
        before = net.sample(None)
        after = net.advance(60).sample(None)
        assert after.shape == shape
        images, labels = (x[training.TRAINED :].numpy() for x in training.small_digits())
        if task == "classifier":
            np.testing.assert_allclose(after.sum(axis=1), 1, rtol=1e-5)
            right = [(x.argmax(axis=1) == labels).mean() for x in (before, after)]
            assert right[0] < 0.4 and right[1] > 0.6
        else:
            assert study.distance(after, images) < 0.7 * study.distance(before, images)


@pytest.mark.slow
def test_the_fid_has_a_floor_and_a_ceiling():
    real = study.run(0, "real", "nothing")[0]["fid"]
    untrained = study.run(0, "untrained", "nothing")[0]["fid"]
    assert 0 < real < 10 and untrained > 200
