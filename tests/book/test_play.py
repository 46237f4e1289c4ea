"""What plays in the pages computes what the package computes, and does what the text says."""

import functools
import itertools
import json
import re

import chromium
import export_play
import numpy as np
import play_stills
import pytest
import torch
from execute import ROOT
from playwright.sync_api import sync_playwright
from torch import nn

from gantutor import data, metrics
from gantutor.metrics.features.digits import digit_probabilities
from gantutor.torch import load_generator, losses, penalties

PLAY = ROOT / "book" / "_static" / "play"

pytestmark = [
    pytest.mark.slow,  # a browser
    pytest.mark.skipif(not chromium.PATH, reason=chromium.MISSING),
]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


def load(page):
    page.set_content("<!doctype html><title>play</title><div class=play></div>")
    page.add_style_tag(path=PLAY / "play.css")
    for name in play_stills.scripts():
        page.add_script_tag(path=PLAY / f"{name}.js")


@pytest.fixture
def page(browser):
    """An empty page with all scripts, as a reader's disc would hold it."""
    with browser.new_context() as window:
        page = window.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(error))
        load(page)
        yield page
        assert not errors


# One batch, the networks before it, and what the page makes of it.
BATCH = """
settings => {
  const game = new GanTutorPlay.Game(settings);
  for (let i = 0; i < 20; i++) game.step();
  const [real, latents] = [game.real(), game.latents()];
  const made = game.generate(latents);
  const list = (arrays) => arrays.map((values) => [...values]);
  const before = {
    generator: list(game.generator.parameters),
    discriminator: list(game.discriminator.parameters),
  };
  const ofD = game.discriminatorGradients(real, made.output);
  const ofG = game.generatorGradients(latents, real);
  return {
    before, real: [...real], latents: [...latents], fake: [...made.output],
    logits: [...game.judge(real).output], value: ofD.value, gradients: list(ofD.gradients),
    generatorValue: ofG.value, generatorGradients: list(ofG.gradients),
    atPoints: [...ofG.atPoints],
  };
}
"""


def network(sizes, parameters, activation):
    """The page's network in PyTorch, in float64."""
    layers = []
    for place, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layer = nn.Linear(inputs, outputs, dtype=torch.float64)
        weight, bias = (
            torch.tensor(values, dtype=torch.float64)
            for values in parameters[2 * place : 2 * place + 2]
        )
        layer.weight.data = weight.reshape(inputs, outputs).T.contiguous()
        layer.bias.data = bias
        layers += [layer, activation]
    return nn.Sequential(*layers[:-1])


def flat_gradients(model):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    return [
        values.numpy().ravel()
        for layer in layers
        for values in (layer.weight.grad.T.contiguous(), layer.bias.grad)
    ]


@pytest.mark.parametrize("packing", [1, 2])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_one_step_has_the_losses_and_gradients_of_the_package(page, name, packing):
    settings = {"loss": name, "r1": 0.3, "r2": 0.7, "packing": packing, "batch": 16, "width": 8}
    found = page.evaluate(BATCH, settings)
    generator = network([8, 8, 8, 2], found["before"]["generator"], nn.ReLU())
    sizes = [2 * packing, 32, 32, 1]
    parts = network(sizes, found["before"]["discriminator"], nn.LeakyReLU(0.2))
    discriminator = nn.Sequential(*parts, nn.Flatten(0))
    real = torch.tensor(found["real"], dtype=torch.float64).reshape(-1, 2 * packing)
    latents = torch.tensor(found["latents"], dtype=torch.float64).reshape(-1, 8)
    points = generator(latents)
    points.retain_grad()
    fake = points.reshape(-1, 2 * packing)
    np.testing.assert_allclose(found["fake"], points.detach().numpy().ravel(), rtol=1e-9)
    np.testing.assert_allclose(found["logits"], discriminator(real).detach(), rtol=1e-9)

    pair = losses.get(name)
    loss = pair.discriminator(discriminator(real), discriminator(fake.detach()))
    loss = loss + 0.3 * penalties.r1(discriminator, real) + 0.7 * penalties.r2(discriminator, fake)
    loss.backward()
    assert found["value"] == pytest.approx(loss.item(), rel=1e-9)
    for ours, theirs in zip(found["gradients"], flat_gradients(parts), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)

    loss = pair.generator(discriminator(fake), discriminator(real).detach())
    loss.backward()
    assert found["generatorValue"] == pytest.approx(loss.item(), rel=1e-9)
    np.testing.assert_allclose(found["atPoints"], points.grad.numpy().ravel(), rtol=1e-7)
    for ours, theirs in zip(found["generatorGradients"], flat_gradients(generator), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


def test_adam_is_pytorchs(page):
    gradients = np.random.default_rng(0).normal(size=(5, 3))
    ours = page.evaluate(
        """gradients => {
          const values = Float64Array.of(1, -2, 3);
          const adam = new GanTutorPlay.Adam([values], 0.9);
          for (const gradient of gradients) adam.update([Float64Array.from(gradient)], 0.01, 0.5);
          return [...values];
        }""",
        gradients.tolist(),
    )
    theirs = nn.Parameter(torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    adam = torch.optim.Adam([theirs], lr=0.01, betas=(0.5, 0.9))
    for gradient in gradients:
        theirs.grad = torch.tensor(gradient)
        adam.step()
    np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-12)


def test_networks_start_as_the_packages_do(page):
    weights = page.evaluate(
        """() => {
          const random = new GanTutorPlay.Random(1);
          const network = new GanTutorPlay.Network([300, 100, 1], 0, random);
          return network.parameters.map((values) => [...values]);
        }"""
    )
    limit = np.sqrt(6 / 400)
    assert 0.99 * limit < np.abs(weights[0]).max() <= limit
    assert np.std(weights[0]) == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert not np.any(weights[1]) and not np.any(weights[3])


def test_random_numbers_are_normal_and_a_seed_repeats_them(page):
    draw = "seed => [...new GanTutorPlay.Random(seed).normals(20001)]"
    first, again, other = (np.array(page.evaluate(draw, seed)) for seed in (3, 3, 4))
    assert (first == again).all() and (first != other).all()
    assert abs(first.mean()) < 0.02 and first.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.02


def test_scores_are_the_packages(page):
    random = np.random.default_rng(0)
    mixture = data.ring(modes=8, radius=2.0, std=0.05)
    points = mixture.sample(200, seed=1)[:, :].astype(float)
    points = points[points[:, 0] > 0] + random.normal(size=(len(points[points[:, 0] > 0]), 2)) / 12
    other = random.normal(size=(150, 2))
    found = page.evaluate(
        """([points, other]) => {
          const { coverage, energyDistance, DATA } = GanTutorPlay;
          const distance = energyDistance(points, other);
          return { ...coverage(points, DATA.ring.centres), distance };
        }""",
        [points.ravel().tolist(), other.ravel().tolist()],
    )
    expected = metrics.mode_coverage(points, mixture)
    assert 0.2 < expected.good_share < 0.95  # neither all nor none
    assert found["found"] == expected.found
    assert found["good"] == pytest.approx(expected.good_share)
    between = np.linalg.norm(points[:, None] - other, axis=-1).mean()
    within = [
        np.linalg.norm(a[:, None] - a, axis=-1).sum() / len(a) / (len(a) - 1)
        for a in (points, other)
    ]
    assert found["distance"] == pytest.approx(2 * between - sum(within))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_dirac_gan_moves_down_both_losses(page, name):
    theta, psi = (
        torch.tensor([value], dtype=torch.float64, requires_grad=True) for value in (0.7, -1.3)
    )
    pair, zero = losses.get(name), torch.zeros(1, dtype=torch.float64)
    middle = 0.5 if name == "least_squares" else 0  # what an undecided D says
    real, fake = middle + psi * 0, middle + psi * theta
    loss = pair.discriminator(real, fake) + 0.4 * penalties.r1(
        lambda x: psi * x[:, 0], zero[:, None]
    )
    (by_psi,) = torch.autograd.grad(loss, psi, retain_graph=True)
    (by_theta,) = torch.autograd.grad(pair.generator(fake, real), theta)
    found = page.evaluate("name => GanTutorPlay.directions(name, 0.4, 0.7, -1.3)", name)
    np.testing.assert_allclose(found, [-by_theta.item(), -by_psi.item()], rtol=1e-9)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_dirac_gan_moves_and_stops_before_its_numbers_overflow(page, name):
    page.evaluate(
        """() => { window.dirac = new GanTutorPlay.Dirac(document.querySelector(".play")); }"""
    )
    page.get_by_label("Loss").select_option(name)
    page.get_by_role("button", name="One step").click()
    assert page.evaluate("Math.hypot(dirac.path[1][0] - 1, dirac.path[1][1])") > 0.01
    page.get_by_label("Updates").select_option("together")
    for label in ("R1 penalty γ", "Learning rate"):
        page.get_by_label(label).press("End")
    page.evaluate("() => { for (let i = 0; i < 3000; i++) dirac.tick(); dirac.picture(); }")
    assert page.locator(".play-status").inner_text().endswith("The path has left for good.")
    assert np.isfinite(page.evaluate("dirac.path")).all()


def dirac_path(page, state, **settings):
    """Return the points θ, ψ of a state, at most 2,001, or of one whose settings are changed."""
    return np.array(
        page.evaluate(
            """([state, settings]) => {
              const dirac = new GanTutorPlay.Dirac(document.querySelector(".play"), state);
              Object.assign(dirac.settings, settings);
              for (let i = 0; i < 2000; i++) dirac.tick();
              return dirac.path;
            }""",
            [state, settings],
        )
    )


def distances_and_turns(path):
    angles = np.unwrap(np.arctan2(*path.T))
    return np.hypot(*path.T), abs(angles - angles[0]) / (2 * np.pi)


def circles(path):
    distance, turns = distances_and_turns(path)
    return turns[300] > 4 and distance.min() > 0.97 and distance.max() < 1.05


def leaves(path):
    """Whether each of three turns is wider by over a third, and the third leaves the picture."""
    distance, turns = distances_and_turns(path)
    after = [distance[np.argmax(turns >= turn)] for turn in range(4)]  # 1 for a turn not made
    out = np.argmax(abs(path).max(axis=1) > 2)
    widened = all(4 / 3 < new / old < 1.5 for old, new in itertools.pairwise(after))
    return bool((np.diff(distance) >= 0).all()) and widened and 2 < turns[out] < 3


def comes_to_rest(path):
    distance, turns = distances_and_turns(path)
    return distance[0] == 1 and distance[100:].max() < 0.01 and turns.max() < 1


@pytest.mark.parametrize(
    ("state", "holds"),
    [("it-circles", circles), ("it-leaves", leaves), ("it-comes-to-rest", comes_to_rest)],
)
def test_the_dirac_gan_does_what_its_addresses_say(page, state, holds):
    assert holds(dirac_path(page, state))
    frozen = np.tile([1.0, 0.0], (2001, 1))
    line = np.stack([np.linspace(1, 4, 2001), np.zeros(2001)], axis=1)
    weak = dirac_path(page, "it-circles", gamma=0.004)
    assert not any(holds(broken) for broken in (frozen, line, weak))


def test_the_dirac_gan_does_what_the_page_says_of_other_settings(page):
    slow, turns = distances_and_turns(dirac_path(page, "it-leaves", rate=0.02))
    assert slow[np.argmax(turns >= 1)] == pytest.approx(1.03, abs=0.005)
    nearer, _ = distances_and_turns(dirac_path(page, "it-circles", loss="non_saturating"))
    assert nearer[-1] == pytest.approx(0.14, abs=0.005)
    few, turns = distances_and_turns(dirac_path(page, "it-comes-to-rest", gamma=0.3))
    assert 2 < turns[np.argmax(few < 0.01)] < 5
    for rate, high in ((0.2, 1.001), (0.5, 200)):
        much, _ = distances_and_turns(dirac_path(page, "it-comes-to-rest", gamma=5, rate=rate))
        assert much.max() < high
        assert much[80] > 0.4 if rate == 0.2 else much[-1] > 100


@pytest.mark.parametrize("gamma", [0, 1])
@pytest.mark.parametrize("updates", ["alternating", "together"])
def test_the_dirac_gan_takes_the_path_of_training_dynamics(page, updates, gamma):
    theta, psi = (torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in (1.0, 0.0))
    path = [(1.0, 0.0)]
    for _ in range(200):
        before = psi.detach().clone()
        d_loss = losses.minimax.discriminator(psi * 0, psi * theta) + gamma / 2 * (psi**2).sum()
        (slope,) = torch.autograd.grad(d_loss, psi)
        with torch.no_grad():
            psi -= 0.2 * slope
        fake = (before if updates == "together" else psi) * theta
        (slope,) = torch.autograd.grad(losses.minimax.generator(fake, None), theta)
        with torch.no_grad():
            theta -= 0.2 * slope
        path.append((theta.item(), psi.item()))
    found = dirac_path(page, "it-circles", updates=updates, gamma=gamma)[:201]
    np.testing.assert_allclose(found, path, atol=1e-9)


RUN = """
([state, seed]) => {
  const game = new GanTutorPlay.Game({ ...GanTutorPlay.STATES[state].settings, seed });
  for (let i = 0; i < 2000; i++) game.step();
  return game.scores(300);
}
"""
STATES = {
    "default": lambda found, good, distance: found == 8 and good > 0.5 and distance < 0.1,
    "collapse": lambda found, good, distance: found == 1 and good > 0.9,
    "cured-by-r1": lambda found, good, distance: found == 8 and distance < 0.1,
    "it-wanders": lambda found, good, distance: found <= 3 and distance > 0.5,
    "d-too-strong": lambda found, good, distance: found < 6 and distance > 0.15,
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("state", STATES)
def test_states_do_what_the_page_says(page, state, seed):
    scores = page.evaluate(RUN, [state, seed])
    assert STATES[state](scores["found"], scores["good"], scores["distance"]), scores


def test_all_states_are_tested_and_have_a_section(page):
    states = page.evaluate(
        "Object.entries(GanTutorPlay.STATES).map(([name, { title }]) => [name, title])"
    )
    text = (ROOT / "book" / "start" / "laboratory.md").read_text()
    assert [name for name, _ in states] == list(STATES)
    for name, title in states:
        assert f"## {title}\n" in text and title.lower().replace(" ", "-") == name


def laboratory(page, state="default"):
    page.evaluate(
        """state => {
          const host = document.querySelector(".play");
          window.lab = new GanTutorPlay.Laboratory(host, state);
        }""",
        state,
    )


def test_every_control_has_a_name_and_does_something(page):
    laboratory(page)
    page.locator("summary").click()
    assert page.locator("select, input").count() == 14
    for control in page.locator("select, input").all():
        assert control.evaluate("control => control.labels.length") == 1
    before = page.evaluate("JSON.stringify(lab.settings)")
    for slider in page.locator("input[type=range]").all():
        slider.focus()
        value = slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight" if slider.input_value() == "0" else "ArrowLeft")
        assert slider.get_attribute("aria-valuetext") != value
    after = page.evaluate("lab.settings")
    changed = {name for name, value in json.loads(before).items() if after[name] != value}
    assert changed == {
        *("r1", "r2", "discriminatorRate", "generatorRate", "beta1", "discriminatorSteps"),
        *("discriminatorWidth", "width", "packing", "seed"),
    }
    assert page.evaluate("lab.game.settings.seed === lab.settings.seed")


def test_it_waits_for_the_reader_and_says_what_happens(page):
    laboratory(page)
    page.wait_for_timeout(200)
    assert page.evaluate("lab.game.steps") == 0
    run = page.get_by_role("button", name="Run")
    run.focus()
    run.press("Enter")
    page.wait_for_function("lab.game.steps >= 3")
    page.get_by_role("button", name="Pause").press("Enter")
    steps = page.evaluate("lab.game.steps")
    page.wait_for_timeout(200)
    assert page.evaluate("lab.game.steps") == steps
    assert page.locator("[aria-live=polite]").inner_text().startswith(f"Step {steps}. Groups found")
    page.get_by_role("button", name="One step of G").click()
    assert page.evaluate("lab.game.steps") == steps + 1
    before = page.evaluate("[...lab.game.generator.parameters[0]]")
    page.get_by_role("button", name="One step of D").click()
    assert page.evaluate("[...lab.game.generator.parameters[0]]") == before
    page.get_by_role("button", name="Start again").click()
    assert page.evaluate("lab.game.steps") == 0


def test_buttons_in_a_hurry_do_no_harm(page):
    laboratory(page)
    page.evaluate("() => { for (let i = 0; i < 5; i++) lab.run.click(); }")  # runs, once
    ticks = page.evaluate(
        """async () => {
          let ticks = 0;
          const tick = lab.tick;
          lab.tick = (budget) => { ticks += 1; return tick.call(lab, budget); };
          for (let i = 0; i < 20; i++) await new Promise(requestAnimationFrame);
          return ticks;
        }"""
    )
    assert 15 <= ticks <= 22
    page.get_by_role("button", name="2,000 steps").click()
    page.get_by_role("button", name="2,000 steps").click()
    page.wait_for_function("lab.game.steps > 50")
    page.get_by_role("button", name="Pause").click()
    steps = page.evaluate("lab.game.steps")
    page.wait_for_timeout(200)
    assert page.evaluate("lab.game.steps") == steps < 2000
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Data", exact=True).select_option("grid")  # it goes on, with new networks
    page.wait_for_function("lab.running && lab.game.steps > 0 && lab.scores.modes === 25")
    assert page.get_by_label("State").input_value() == "own"
    page.get_by_label("State").select_option("collapse")
    assert page.evaluate("lab.settings.data") == "ring"
    laboratory(page, "constructor")
    assert page.get_by_label("State").input_value() == "default"


def test_a_thousand_fast_steps_end_by_themselves(page):
    laboratory(page)
    page.evaluate("lab.many(120)")
    page.wait_for_function("!lab.running")
    assert page.evaluate("lab.game.steps") == 120
    assert page.get_by_role("button", name="Run").is_visible()


def test_readers_who_asked_for_less_motion_get_few_pictures(browser):
    with browser.new_context(reduced_motion="reduce") as window:
        page = window.new_page()
        load(page)
        laboratory(page)
        pictures = page.evaluate(
            """async () => {
              let pictures = 0;
              lab.picture = () => { pictures += 1; };
              lab.start();
              for (let i = 0; i < 30; i++) await new Promise(requestAnimationFrame);
              return [pictures, lab.game.steps];
            }"""
        )
        assert pictures[0] <= 1 < pictures[1]


def test_the_picture_follows_the_theme(page):
    laboratory(page)
    corner = """() => [...document.querySelector("canvas").getContext("2d")
      .getImageData(5, 5, 1, 1).data].slice(0, 3)"""
    light = page.evaluate(corner)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"Math.max(...({corner})()) < 128")
    assert min(light) > 128


def test_data_can_be_drawn_by_hand_and_by_keys(page):
    laboratory(page)
    page.get_by_label("Data", exact=True).select_option("drawn")
    assert page.get_by_role("button", name="Run").is_disabled()  # there is nothing to learn yet
    plane = page.locator("canvas").first
    box = plane.bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    plane.focus()
    for key in ("ArrowLeft", "ArrowDown", " ", "ArrowLeft", " "):
        page.keyboard.press(key)
    points = page.evaluate("lab.points")
    np.testing.assert_allclose(points, [[1.5, 1.5], [-0.2, -0.2], [-0.4, -0.2]], atol=0.05)
    real = np.array(page.evaluate("[...lab.game.real(100)]")).reshape(-1, 2)
    nearest = np.linalg.norm(real[:, None] - np.array(points), axis=-1)
    assert nearest.min(1).max() < 0.3 and set(nearest.argmin(1)) == {0, 1, 2}
    page.get_by_role("button", name="One step of G").click()
    page.get_by_role("button", name="Erase").click()
    assert page.evaluate("lab.points") == [] and page.evaluate("lab.game.steps") == 0


def test_the_picture_shows_data_fakes_and_opinion(page):
    laboratory(page, "collapse")
    colours = functools.partial(
        page.evaluate,
        """
      () => {
        const canvas = document.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const count = (test) => {
          let sum = 0;
          for (let i = 0; i < data.length; i += 4) sum += test(data[i], data[i + 1], data[i + 2]);
          return sum;
        };
        return [count((r, g, b) => b - r > 100), count((r, g, b) => r - b > 100),
                count((r, g, b) => b > r && r > 180), count((r, g, b) => r > b && b > 180)];
      }
    """,
    )
    real, fake, blue, orange = colours()
    assert real > 300 and fake > 300 and blue + orange > 50_000
    page.evaluate("() => { for (let i = 0; i < 300; i++) lab.advance(); lab.picture(); }")
    after = colours()
    assert after[0] > 300 and after[1] < fake  # the crosses lie on each other


def draw(page, latents, classes):
    """Images [N, 28, 28] of the page's generator."""
    images = page.evaluate(
        """([latents, classes]) => {
          const generator = new GanTutorPlay.DigitGenerator();
          return latents.map((latent, i) => [...generator.draw(latent, classes[i])]);
        }""",
        [np.asarray(latents).tolist(), np.asarray(classes).tolist()],
    )
    return np.array(images).reshape(-1, 28, 28)


def test_the_digit_generator_is_the_shipped_one(page):
    latents = np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32)
    labels = np.arange(40) % 10
    ours = draw(page, latents, np.eye(10)[labels])
    theirs = load_generator("digits").sample(latents, labels=labels)[..., 0]
    # Rounding to 255 levels moves a pixel by about a hundredth of the way from black to white.
    assert np.abs(ours - theirs).mean() < 0.01
    assert np.quantile(np.abs(ours - theirs), 0.99) < 0.15
    shuffled = np.roll(theirs, 1, axis=0)
    assert np.abs(ours - shuffled).mean() > 0.2
    read = [digit_probabilities(images[..., None]).argmax(1) for images in (ours, theirs)]
    assert (read[0] == read[1]).mean() >= 0.95


def test_sliders_move_what_they_are_called_after(page):
    latents = np.random.default_rng(1).normal(size=(60, 64))
    classes = np.eye(10)[np.arange(60) % 10]
    directions = page.evaluate(
        """() => Object.entries(new GanTutorPlay.DigitGenerator().directions)
          .map(([name, values]) => [name, [...values]])"""
    )
    assert [name for name, _ in directions] == ["slant", "boldness", "width"]
    for name, direction in directions:
        low, high = (
            export_play.strokes(draw(page, latents + part * np.array(direction), classes))[name]
            for part in (-2, 2)
        )
        assert (high > low).mean() > 0.9


def digits(page):
    page.evaluate(
        """() => { window.digits = new GanTutorPlay.Digits(document.querySelector(".play")); }"""
    )


def test_a_walk_ends_at_the_other_digit(page):
    digits(page)
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_label("Walk to").select_option("7")
    start = np.array(page.evaluate("[...digits.image]"))
    walk = page.get_by_label("How far")
    walk.press("End")
    end = np.array(page.evaluate("[...digits.image]"))
    page.get_by_role("button", name="7", exact=True).click()
    assert np.abs(end - start).mean() > 0.1
    np.testing.assert_array_equal(page.evaluate("[...digits.image]"), end)
    pressed = page.locator("[aria-pressed=true]").all_inner_texts()
    assert pressed == ["7"]


def test_a_thousand_digits_are_counted(page):
    digits(page)
    page.get_by_role("button", name="Draw me a thousand").click()
    assert page.get_by_role("button", name="Draw me a thousand").is_disabled()
    page.wait_for_function("digits.counts.textContent")
    said = page.locator("[aria-live]").last.inner_text()
    pairs = re.findall(r"\d: (\d+) \((\d+)\)", said)
    for counts in zip(*pairs, strict=True):
        numbers = [int(count) for count in counts]
        assert len(numbers) == 10 and sum(numbers) == 1000
        assert min(numbers) > 60 and max(numbers) < 150


def test_what_is_loaded_is_small():
    sizes = {path.name: path.stat().st_size for path in PLAY.iterdir()}
    scripts = {name: size for name, size in sizes.items() if not name.endswith(".png")}
    assert sum(scripts.values()) < 440_000 and sizes["start.js"] < 4_000
    needed = ("start.js", "net.js", "panel.js", "digits.js", "digits-weights.js", "play.css")
    assert sum(sizes[name] for name in needed) < 400_000
    assert max(sizes[name] for name in sizes if name.endswith(".png")) < 80_000
