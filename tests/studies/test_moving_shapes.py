"""Clips of a moving shape: the law, what is read from clips, what an update minimises, scores."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.keras.losses import non_saturating  # noqa: E402
from gantutor.keras.penalties import r1  # noqa: E402
from gantutor.studies.moving_shapes import clips, features, study, training  # noqa: E402


def scene(start, velocity, kind=0, brightness=1.0):
    return clips.Scene(
        np.array([kind]), np.array([brightness]), np.array([start]), np.array([velocity])
    )


@pytest.fixture(scope="module")
def real():
    scenes = clips.random_scenes(200, np.random.default_rng(0))
    return scenes, clips.film(scenes)


def test_a_shape_turns_round_at_the_walls_and_keeps_its_speed():
    assert np.allclose(clips.bounce([2.0, 2.5, 13.5, 14.0, 24.5]), [3.0, 2.5, 13.5, 13.0, 2.5])
    path = clips.paths(scene([12.5, 8.0], [2.0, 0.0]))[0]
    assert path[:, 0].tolist() == [12.5, 12.5, 10.5, 8.5, 6.5, 4.5, 2.5, 4.5]
    assert (path[:, 1] == 8).all()
    straight = clips.paths(scene([12.5, 8.0], [2.0, 0.0]), walls=False)[0]
    assert straight[-1, 0] == 26.5


def test_shapes_are_drawn_with_known_areas():
    area = {}
    for kind, name in enumerate(clips.KINDS):
        frame = clips.draw(np.array(kind), np.array(0.8), np.array([8.5, 8.5]))
        assert frame.shape == (16, 16, 1) and frame.min() == -1
        assert frame.max() == pytest.approx(0.6)
        area[name] = ((frame + 1) / 2).sum() / 0.8
    assert area["square"] == pytest.approx(25)
    assert area["disc"] == pytest.approx(np.pi * 2.5**2, rel=0.02)
    assert area["cross"] < area["disc"] < area["square"]


def test_paths_and_shapes_are_read_from_real_clips(real):
    scenes, films = real
    places = clips.centres(films)
    assert np.abs(places - clips.paths(scenes)).max() < 0.3
    kind, brightness, error = clips.read_shapes(films)
    assert (kind == scenes.kind[:, None]).all()
    assert np.abs(brightness - scenes.brightness[:, None]).max() < 0.25
    assert error.mean() < 0.06
    _, _, away = clips.fit_paths(places)
    assert away.max() < study.NEAR


def test_a_path_of_the_law_has_no_error_and_a_jump_has_a_known_one():
    path = clips.paths(scene([5.0, 6.0], [1.25, -0.5]))
    start, velocity, away = clips.fit_paths(path)
    assert away[0] < 1e-6
    assert np.allclose(start, [[5.0, 6.0]]) and np.allclose(velocity, [[1.25, -0.5]])
    still = np.full((1, clips.FRAMES, 2), 8.0)
    assert clips.fit_paths(still)[2][0] == 0, "a shape at rest is near a path of the law"
    jumps = still.copy()
    jumps[0, ::2, 0] += 2  # one pixel off the middle, at best
    assert clips.fit_paths(jumps)[2][0] == pytest.approx(1, abs=0.1)


def test_dark_frames_and_noise_are_no_shapes():
    dark = np.full((2, 16, 16, 1), -1, np.float32)
    assert (clips.centres(dark) == 8).all()
    assert (clips.read_shapes(dark)[2] == 1).all()
    noise = np.random.default_rng(0).uniform(-1, 1, (50, 16, 16, 1))
    assert clips.read_shapes(noise)[2].min() > 0.8


def test_clips_held_out_are_others_and_seeds_differ():
    known, test, fresh = study.clips(0)
    assert (len(known), len(test), len(fresh)) == (study.TRAIN, study.TEST, study.TEST)
    rows = {clip.tobytes() for clip in known}
    assert not any(clip.tobytes() in rows for clip in (*test, *fresh))
    assert not np.array_equal(study.clips(1).test, test)


def test_methods_without_a_network():
    real = study.make(0, "real")
    still, shuffled = study.make(0, "still"), study.make(0, "shuffled")
    assert (still == still[:, :1]).all()
    assert np.array_equal(np.sort(shuffled, axis=1), np.sort(real, axis=1))
    assert not np.array_equal(shuffled, real)
    moved, rendered = study.make(0, "recombined"), study.make(0, "rendered")
    _, _, away = clips.fit_paths(clips.centres(moved))
    assert away.mean() < 0.3
    blurred = study.make(0, "blurred", 0.5)
    assert np.allclose(blurred.mean(axis=(2, 3)), real.mean(axis=(2, 3)), atol=0.02)
    for made in (still, shuffled, moved, rendered, blurred):
        assert made.dtype == np.float32 and made.shape == real.shape


def test_rendered_shapes_go_on_at_constant_velocity_and_bounce_unless_there_are_no_walls():
    steps = np.diff(clips.centres(study.make(0, "rendered, no walls")), axis=1)
    inside = clips.centres(study.make(0, "rendered"))
    assert np.median(np.abs(steps[:, 1] - steps[:, 0]).max(axis=1)) < 0.15
    assert inside.min() > clips.LOW - 0.5 and inside.max() < clips.HIGH + 0.5
    assert np.median(clips.fit_paths(inside)[2]) < 0.2


def test_turning_and_stopping_shapes_break_the_law(real):
    scenes, _ = real
    turning = clips.turning_paths(scenes, np.random.default_rng(1))
    lengths = np.hypot(*np.diff(turning, axis=1).transpose(2, 0, 1))
    assert (lengths <= np.hypot(*scenes.velocity.T)[:, None] + 1e-9).all(), "the speed stays"
    assert clips.fit_paths(turning)[2].mean() > 2 * clips.fit_paths(clips.paths(scenes))[2].mean()
    stopping = clips.centres(study.make(0, "stopping"))
    assert clips.fit_paths(stopping)[2].mean() > study.NEAR


def test_the_judge_of_frames_sees_one_frame_of_each_clip(real):
    some = tf.constant(real[1][:3])
    seen = training.views(some, tf.constant([0, 5, 7]))
    assert np.array_equal(seen["clips"], some)
    assert np.array_equal(seen["frames"], np.stack([some[0, 0], some[1, 5], some[2, 7]]))


@pytest.mark.parametrize("motion", training.MOTIONS)
def test_a_recurrent_code_carries_noise_to_later_frames_and_a_timed_one_reads_the_first(motion):
    generator = training.build(0, motion).generator
    content, noise = training.latents(1, np.random.default_rng(0))
    for frame in (0, 2):
        other = noise.numpy()
        other[0, frame] += 3
        one, two = generator([content, noise])[0], generator([content, tf.constant(other)])[0]
        changed = np.abs(one - two).max(axis=(1, 2, 3)) > 1e-6
        if motion == "timed":
            assert changed.all() if frame == 0 else not changed.any()
            assert len({image.numpy().tobytes() for image in one}) == clips.FRAMES
        else:
            assert changed.tolist() == frame * [False] + (clips.FRAMES - frame) * [True]


@pytest.mark.slow
def test_an_update_minimises_the_losses_with_r1_and_then_the_generators(real):
    networks, twin = training.build(1), training.build(1)
    batch = next(training.draws(real[1], 1, 0))
    training.updates(*networks)(tf.constant(0), *batch)
    films, content, noise, when = batch
    with tf.GradientTape() as tape:
        fake = training.views(twin.generator([content, noise], training=True), when)
        true = training.views(films, when)
        losses = {}
        for name, judge in twin.judges.items():
            losses[name] = non_saturating.discriminator(judge(true[name]), judge(fake[name]))
            losses[name] += training.GAMMA * r1(judge, true[name])
        total = sum(losses.values())
    weights = [judge.trainable_variables for judge in twin.judges.values()]
    slopes = tape.gradient(total, weights)
    for name, befores, found in zip(twin.judges, weights, slopes, strict=True):
        after = networks.judges[name].trainable_variables
        for old, new, slope in zip(befores, after, found, strict=True):
            large = np.abs(slope) > 3e-4  # Adam's first step has the size of the learning rate
            step = (new.numpy() - old.numpy())[large]
            expected = -training.LEARNING_RATE * np.sign(slope.numpy()[large])
            np.testing.assert_allclose(step, expected, rtol=0.02)
            old.assign(new)  # the generator's turn comes second
    with tf.GradientTape() as tape:
        fake = training.views(twin.generator([content, noise], training=True), when)
        logits = [judge(fake[name]) for name, judge in twin.judges.items()]
        loss = sum(non_saturating.generator(some, None) for some in logits)
    olds = twin.generator.trainable_variables
    news = networks.generator.trainable_variables
    for old, new, slope in zip(olds, news, tape.gradient(loss, olds), strict=True):
        large = np.abs(slope) > 3e-4
        step = (new.numpy() - old.numpy())[large]
        expected = -training.LEARNING_RATE * np.sign(slope.numpy()[large])
        np.testing.assert_allclose(step, expected, rtol=0.02)


def test_examples_of_order_have_labels_that_are_true():
    films, labels = features.examples("order", np.random.default_rng(0))
    away = clips.fit_paths(clips.centres(films))[2]
    assert labels.mean() == 0.5
    assert away[labels == 1].max() < study.NEAR < 1 < away[labels == 0].mean()


@pytest.mark.slow
def test_scores_of_real_still_shuffled_and_softened_clips():
    made = {name: study.make(0, name) for name in ("real", "still", "shuffled", "blurred")}
    scores = {name: study.score(some, 0) for name, some in made.items()}
    real = scores["real"]
    assert real["lawful"] > 0.98 and abs(real["path_mmd"]) < 0.01
    assert scores["still"]["speed"] == 0 and scores["still"]["lawful"] == 0
    assert scores["shuffled"]["lawful"] < 0.05
    assert scores["shuffled"]["shape_error"] == pytest.approx(real["shape_error"])
    assert scores["blurred"]["lawful"] > 0.98
    assert scores["blurred"]["shape_error"] > 3 * real["shape_error"]
    for task in features.TASKS:
        network = features.network(task, 0).classifier
        films, labels = features.examples(task, np.random.default_rng(99))
        assert (network(films).numpy().argmax(axis=1) == labels).mean() > 0.95


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 3)
    for name in ("noise", "blurred 0.5", "both", "frames only", "both, timed"):
        scores = study.run(0, **study.SETTINGS[name])
        assert {"seed", *scores} == set(study.COLUMNS)
