"""Privacy: who is apart, what an update costs, what the attacks and scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.privacy import accountant, attacks, digits, study, training  # noqa: E402
from gantutor.studies.privacy.audit import audit  # noqa: E402


@pytest.fixture(scope="module")
def records():
    images, labels = digits.divide(0).members
    return digits.record(digits.shrink(images), labels)


def test_no_digit_has_two_roles():
    for seed in range(2):
        parts = digits.divide(seed)
        assert [len(images) for images, _ in parts] == [2000, 1000, 1000, 1000]
        images = np.concatenate([images for images, _ in parts])
        assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 5000
    assert not np.array_equal(digits.divide(0).members[1], digits.divide(1).members[1])


def test_64_frequencies_go_through_small_images_unchanged():
    images = digits.divide(0).test[0][:20]
    small = digits.shrink(images)
    assert small.shape == (20, 64) and small.dtype == np.float32
    grey = np.zeros((2, 28, 28, 1), np.float32)
    np.testing.assert_allclose(digits.shrink(grey), 0.5, atol=1e-6)
    np.testing.assert_allclose(digits.enlarge(digits.shrink(grey)), grey, atol=1e-5)
    smooth = 0.4 + 0.2 * digits.shrink(digits.enlarge(small))
    np.testing.assert_allclose(digits.shrink(digits.enlarge(smooth)), smooth, atol=1e-5)


def test_a_moved_image_comes_back_without_its_edge():
    images = digits.divide(0).test[0][:5]
    moved = digits.move(images, 3, 2)
    np.testing.assert_array_equal(moved[:, 3:, 2:], images[:, :-3, :-2])
    assert (moved[:, :3] == -1).all() and (moved[:, :, :2] == -1).all()
    np.testing.assert_array_equal(digits.move(images, 0, 0), images)


# Values of the RDP accountant of Google's dp-accounting 0.6.0 with the orders 2 to 256.
@pytest.mark.parametrize(
    ("rate", "noise", "steps", "expected"),
    [
        (0.01, 1.0, 1000, 2.1077530754515745),
        (0.25, 3.0, 400, 9.216252353893854),
        (1.0, 5.0, 1, 0.794522032537103),
        (256 / 60000, 1.1, 14062, 2.5969811785948815),
    ],
)
def test_the_accountant_agrees_with_another_one(rate, noise, steps, expected):
    assert accountant.epsilon(rate, noise, steps, 1e-5) == pytest.approx(expected, rel=1e-9)


def test_the_noise_for_a_budget_keeps_to_it():
    for target in (1.0, 10.0):
        noise = accountant.noise_for(target, 0.1, 100, 1e-5)
        assert 0.99 * target < accountant.epsilon(0.1, noise, 100, 1e-5) <= target
    assert accountant.epsilon(0.2, 2.0, 100, 1e-5) > accountant.epsilon(0.1, 2.0, 100, 1e-5)
    assert accountant.epsilon(0.1, 2.0, 200, 1e-5) > accountant.epsilon(0.1, 2.0, 100, 1e-5)


def test_scores_without_information_catch_nobody():
    rng = np.random.default_rng(0)
    members, outsiders = rng.normal(size=(2, 20_000))
    assert attacks.auc(members, outsiders) == pytest.approx(0.5, abs=0.01)
    assert attacks.caught(members, outsiders) == pytest.approx(0.01, abs=0.003)
    assert (
        attacks.auc(np.zeros(9), np.zeros(5)) == 0.5 and attacks.caught(members + 9, outsiders) == 1
    )
    assert attacks.caught(np.zeros(9), np.zeros(5)) == 0, "equal scores are not above"


def test_the_interval_is_that_of_the_binomial():
    from scipy.stats import binomtest

    for hits, trials in ((0, 50), (7, 50), (50, 50)):
        exact = binomtest(hits, trials).proportion_ci(0.95, method="exact")
        assert attacks.clopper_pearson(hits, trials) == pytest.approx((exact.low, exact.high))


def test_the_nearest_image_is_of_the_same_class():
    targets, published = np.array([[0.0], [0.0]]), np.array([[1.0], [3.0]])
    found = attacks.nearest(targets, np.array([0, 1]), published, np.array([0, 1]))
    np.testing.assert_allclose(found, [1, 3])


def test_gradients_of_pairs_add_up_to_that_of_the_batch(records):
    networks = training.build(0)
    real, made = torch.tensor(records[:6]), torch.tensor(records[6:12])
    gradients = training.per_example(networks.discriminator, real, made)
    loss = torch.nn.functional.softplus(-networks.discriminator(real)).sum()
    loss = loss + torch.nn.functional.softplus(networks.discriminator(made)).sum()
    loss.backward()
    for name, weights in networks.discriminator.named_parameters():
        torch.testing.assert_close(gradients[name].sum(dim=0), weights.grad, rtol=1e-4, atol=1e-5)


def test_one_record_moves_a_clipped_sum_by_at_most_the_clip(records):
    networks = training.build(0)
    real, made = torch.tensor(records[:8]), torch.tensor(records[8:16])
    real[7] *= 100
    gradients = training.per_example(networks.discriminator, real, made)

    def total(count):
        part = {name: g[:count] for name, g in gradients.items()}
        noiseless = training.noisy_sum(part, 0.5, 0.0, torch.Generator().manual_seed(0))
        return torch.cat([g.flatten() for g in noiseless.values()])

    assert (total(8) - total(7)).norm() == pytest.approx(0.5, rel=1e-4)


def test_noise_has_the_size_that_the_accountant_counts():
    gradients = {"w": torch.zeros(1, 100, 200)}
    total = training.noisy_sum(gradients, 0.5, 3.0, torch.Generator().manual_seed(0))["w"]
    assert total.std() == pytest.approx(1.5, rel=0.02)


def test_batches_are_of_random_size_and_each_record_has_the_same_chance(records):
    batches = [real for real, *_ in training.draws(torch.tensor(records), 200, 0)]
    sizes = np.array([len(real) for real in batches])
    assert sizes.mean() == pytest.approx(training.BATCH, rel=0.03) and 8 < sizes.std() < 14
    few = next(training.draws(torch.tensor(records[:100]), 1, 0))[0]
    np.testing.assert_array_equal(few.numpy(), records[:100])


def test_one_record_moves_what_the_gaussians_read_by_at_most_root_three():
    rng = np.random.default_rng(0)
    small, labels = 10 * rng.random((50, 64)).astype(np.float32), rng.integers(10, size=50)
    small[::2] *= 0.01
    whole = training.statistics(small, labels)
    for k, image in enumerate(small):
        rest = training.statistics(np.delete(small, k, axis=0), np.delete(labels, k))
        counts, sums, products = (a - b for a, b in zip(whole, rest, strict=True))
        length = min(np.linalg.norm(image) / training.BOUND, 1)
        assert np.linalg.norm(counts) == pytest.approx(1)
        assert np.linalg.norm(sums) == pytest.approx(length, abs=1e-4)
        np.testing.assert_allclose(products, products.T, atol=1e-5)
        assert np.linalg.norm(np.triu(products)) <= length**2 + 1e-4


def test_the_gaussians_noise_is_root_three_times_the_noise_in_each_part():
    small, labels = np.zeros((20, 64), np.float32), np.arange(20) % 10
    clean, rng = training.statistics(small, labels), np.random.default_rng(0)
    parts = [training.noisy_statistics(small, labels, 2.0, rng) for _ in range(200)]
    for k, before in enumerate(clean):
        added = np.array([part[k] - before for part in parts])
        if k == 2:
            np.testing.assert_array_equal(added, added.transpose(0, 2, 1))
            added = added[:, *np.triu_indices(64)]
        assert added.std() == pytest.approx(2 * np.sqrt(3), rel=0.05)
    for before, same in zip(clean, training.noisy_statistics(small, labels, 0.0, rng), strict=True):
        np.testing.assert_array_equal(before, same)


def test_gaussians_without_noise_have_the_classes_means():
    images, labels = digits.divide(0).members
    small = digits.shrink(images)
    made, classes = training.gaussian(small, labels, 5000, 0)
    assert made.shape == (5000, 64) and classes[:3].tolist() == [0, 1, 2]
    unit = small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True) / training.BOUND, 1)
    for digit in (0, 7):
        expected = unit[labels == digit].mean(axis=0)
        np.testing.assert_allclose(made[classes == digit].mean(axis=0), expected, atol=0.07)
    noisy, _ = training.gaussian(small, labels, 5000, 0, noise=5.0)
    assert np.abs(noisy - made).max() > 0.1


def test_training_repeats_itself_and_depends_on_the_noise(records):
    def trained(**more):
        return training.train(records[:300], 3, 0, rate=0.01, **more).logits(records[:5])

    np.testing.assert_array_equal(trained(noise=1.0), trained(noise=1.0))
    assert np.abs(trained(noise=1.0) - trained(noise=0.0)).max() > 1e-4
    np.testing.assert_allclose(trained(noise=0.0), trained(), atol=1e-5)  # no gradient is long yet


def test_floor_and_ceiling():
    floor, ceiling = study.run(0, 2000, "other"), study.run(0, 2000, "copies")
    assert abs(floor["auc_black"] - 0.5) < 0.03 and abs(floor["nearer"] - 0.5) < 0.06
    assert floor["tpr_black"] < 0.03 and ceiling["auc_black"] == ceiling["tpr_black"] == 1
    assert ceiling["nearer"] == 1 and floor["accuracy"] > 0.85
    assert {"seed", *floor} == set(study.COLUMNS)


@pytest.mark.slow
def test_moved_copies_are_found_by_those_who_move():
    moved = study.run(0, 2000, "moved")
    found = study.run(0, 2000, "moved", search=True)
    assert abs(moved["nearer"] - 0.5) < 0.06 and abs(moved["auc_near"] - 0.5) < 0.05
    assert found["tpr_near"] > 0.99


def test_an_audit_stays_below_the_truth_and_sees_what_is_plain():
    rng = np.random.default_rng(0)
    outside = rng.normal(size=1000)
    assert audit(outside[::-1], outside, 1e-5) < 0.5, "nothing to see"
    true = accountant.epsilon(1.0, 1.0, 1, 1e-5)  # the Gaussian mechanism with noise 1
    assert 0 < audit(rng.normal(1, 1, 1000), outside, 1e-5) < true
    assert audit(outside + 20, outside, 1e-5) > 4.8
