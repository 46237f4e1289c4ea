import base64
import io
import itertools
import os
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from cycler import cycler
from nbclient import NotebookClient
from PIL import Image
from skimage.color import rgb2lab

from gantutor import plots
from gantutor.data import draw_shapes, ring
from gantutor.plots import film, style
from gantutor.runs.history import History

# How a deuteranope and a protanope see linear RGB (Machado, Oliveira and Fernandes 2009, table 1).
COLOUR_BLIND = {
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}


@pytest.fixture(autouse=True)
def nothing_leaks():
    """No function may change Matplotlib's settings or leave a figure that pyplot would show."""
    before = dict(plt.rcParams)
    yield
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(plots.to_png(figure))).convert("RGB"))


def record():
    history = History()
    for step in (10, 20, 30):
        history.add(step, d_loss=1.3, g_loss=step / 30)
    history.add(30, digit_fid=50.0)
    return history


# The style.


def cycle_colours():
    with plt.style.context(style.STYLE):
        cycle = list(plt.rcParams["axes.prop_cycle"])
    return [plt.matplotlib.colors.to_rgb(entry["color"]) for entry in cycle[:3]]


def test_lines_stay_apart_in_grey_print():
    lightness = rgb2lab(np.array([cycle_colours()]))[0, :, 0]
    for first, second in itertools.combinations(lightness, 2):
        assert abs(first - second) > 15


@pytest.mark.parametrize("eyes", COLOUR_BLIND)
def test_lines_stay_apart_for_colour_blind_eyes(eyes):
    linear = np.array(cycle_colours()) ** 2.2
    seen = (linear @ np.transpose(COLOUR_BLIND[eyes])).clip(0, 1) ** (1 / 2.2)
    for first, second in itertools.combinations(rgb2lab(seen[None])[0], 2):
        assert np.linalg.norm(first - second) > 25


def test_every_one_of_nine_lines_differs():
    with plt.style.context(style.STYLE):
        lines = [tuple(entry.values()) for entry in plt.rcParams["axes.prop_cycle"]]
    assert len(lines) == len(set(lines)) == 9


def test_letters_can_be_read_at_the_width_of_a_phone():
    # At 350 pixels for the book's width, a point is 350 / 72 / width pixels.
    with plt.style.context(style.STYLE):
        sizes = [plt.rcParams[name] for name in ("xtick.labelsize", "legend.fontsize")]
    assert min(sizes) * 350 / 72 / style.WIDTH >= 9.5


def test_use_style_sets_the_style_for_good():
    with plt.rc_context():
        plt.rcParams["axes.prop_cycle"] = cycler(color=["red"])
        plots.use_style()
        assert plt.rcParams["axes.spines.top"] is False
        assert len(plt.rcParams["axes.prop_cycle"]) == 9


# Grids of images.


@pytest.mark.parametrize("value", [-1.0, -0.5, 0.0, 0.5])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_value_has_the_same_brightness_whatever_else_is_there(value, channels):
    # A fixed range: constant images would otherwise all be drawn black.
    figure = plots.image_grid(np.full((1, 8, 8, channels), value))
    height, width, _ = pixels(figure).shape
    centre = pixels(figure)[height // 2, width // 2]
    assert np.abs(centre - (value + 1) / 2 * 255).max() <= 1.5


def test_images_stand_in_rows_from_left_to_right():
    levels = np.linspace(-0.9, 0.6, 6)
    grid = plots.image_grid(np.ones((6, 8, 8, 1)) * levels[:, None, None, None], columns=3)
    canvas = grid.axes[0].images[0].get_array()
    assert canvas.shape == (2 * 9 - 1, 3 * 9 - 1)
    assert np.allclose(canvas[4::9, 4::9], levels.reshape(2, 3))
    assert np.all(canvas[8] == 1)  # the gap is white


def test_images_need_not_be_square():
    wide = np.full((4, 6, 10, 1), -1.0)
    canvas = plots.image_grid(wide, columns=2).axes[0].images[0].get_array()
    assert canvas.shape == (2 * 7 - 1, 2 * 11 - 1)
    assert np.all(canvas[6] == 1) and np.all(canvas[:, 10] == 1)  # the gaps
    assert (canvas == -1).sum() == wide.size
    width, height = plots.image_grid(wide, columns=2).get_size_inches()
    assert height / width == pytest.approx(13 / 21)


def test_colours_keep_their_channels():
    red = np.tile(np.array([1.0, -1, -1]), (1, 8, 8, 1))
    image = pixels(plots.image_grid(red))
    assert image[image.shape[0] // 2, image.shape[1] // 2].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (3, 3), (10, 10), (12, 6), (16, 8), (25, 5), (26, 8), (64, 8)]
)
def test_rows_without_gaps_where_possible(count, columns):
    canvas = plots.image_grid(np.zeros((count, 8, 8, 1))).axes[0].images[0].get_array()
    assert canvas.shape[1] == columns * 9 - 1


def test_a_grid_has_a_title_and_no_axes():
    axes = plots.image_grid(np.zeros((4, 8, 8, 1)), title="After 300 steps").axes[0]
    assert axes.get_title() == "After 300 steps" and not axes.axison


def test_bad_images_and_columns():
    with pytest.raises(ValueError, match=r"must lie in \[−1, 1\]; got \[0, 255\]"):
        plots.image_grid(np.linspace(0, 255, 64).reshape(1, 8, 8, 1))
    with pytest.raises(ValueError, match=r"images must be grey .* or RGB .*; got 2 channels"):
        plots.image_grid(np.zeros((4, 8, 8, 2)))
    with pytest.raises(ValueError, match="columns must be a whole number of at least 1; got 0"):
        plots.image_grid(np.zeros((4, 8, 8, 1)), columns=0)


# Curves.


def test_losses_share_a_panel_and_scores_have_their_own():
    losses, score = plots.loss_curves(record()).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in losses.lines}
    assert drawn["g_loss"] == [[10, 1 / 3], [20, 2 / 3], [30, 1]]
    assert set(drawn) == {"d_loss", "g_loss"}
    assert score.get_ylabel() == "digit_fid"
    assert score.lines[0].get_xydata().tolist() == [[30, 50]]
    assert score.lines[0].get_marker() == "o"  # one value makes no line, but must be seen
    assert score.get_xlabel() == "step"


def test_a_history_plots_itself():
    assert len(record().plot().axes) == 2


def test_scores_without_losses():
    history = History()
    history.add(1, accuracy=0.5)
    assert len(plots.loss_curves(history).axes) == 1


def test_an_empty_history():
    with pytest.raises(ValueError, match="history is empty: train for at least one step"):
        plots.loss_curves(History())


# The plane.


def test_generated_points_are_crosses_over_real_dots():
    fake, real = np.array([[0.0, 1], [2, 3]]), np.array([[4.0, 5]])
    axes = plots.density_2d(fake, real=real).axes[0]
    drawn = {points.get_label(): points.get_offsets().tolist() for points in axes.collections}
    assert drawn == {"real": real.tolist(), "generated": fake.tolist()}
    assert axes.collections[-1].get_label() == "generated"
    left, right = axes.get_xlim()
    assert left < 0 and right > 4


def test_a_mixture_is_drawn_as_three_discs_a_centre():
    axes = plots.density_2d(np.zeros((1, 2)), real=ring(modes=8, radius=2, std=0.1)).axes[0]
    discs = axes.collections[0].get_paths()
    assert len(discs) == 24
    widths = {round(np.ptp(disc.vertices[:, 0]), 3) for disc in discs}
    assert widths == {0.2, 0.4, 0.6}  # 2 σ, 4 σ, 6 σ


def test_the_surface_is_the_probability_and_its_line_stands_at_one_half():
    figure = plots.density_2d([[0.0, 0.0], [2.0, 2.0]], discriminator=lambda x: 4 * x[:, 0] - 4)
    axes, bar = figure.axes
    assert "probability" in bar.get_ylabel()
    half = axes.collections[1].get_paths()[0].vertices
    assert np.allclose(half[:, 0], 1, atol=0.01)  # logit 0


def test_a_surface_is_darker_where_the_discriminator_is_surer():
    extent = (-1, 1, -1, 1)
    sure, unsure = (
        pixels(plots.density_2d([[9.0, 9.0]], discriminator=judge, extent=extent))
        for judge in (lambda x: np.full(len(x), 5.0), lambda x: np.full(len(x), -5.0))
    )
    middle = np.s_[sure.shape[0] // 2, sure.shape[1] // 3]
    assert sure[middle].mean() < unsure[middle].mean() - 60


def test_the_extent_is_obeyed():
    axes = plots.density_2d([[0.0, 0.0]], extent=(-1, 2, -3, 4)).axes[0]
    assert axes.get_xlim() == (-1, 2) and axes.get_ylim() == (-3, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": np.zeros((3, 3))}, "points must have 2 columns; got 3"),
        ({"points": np.zeros((0, 2))}, "points is empty"),
        ({"points": [[0, np.nan]]}, "points must be finite"),
        ({"points": [[0, 0]], "real": [[1]]}, "real must have 2 columns; got 1"),
        (
            {"points": [[0, 0]], "discriminator": lambda x: x},
            r"must map \[14400, 2\] to logits \[14400\]; got shape \[14400, 2\]",
        ),
    ],
)
def test_bad_points(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.density_2d(**arguments)


# Films.


def frames_of(page):
    """The pictures in the player, as arrays."""
    encoded = re.findall(r'"data:image/png;base64,([^"]+)"', page.replace("\\\n", ""))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in encoded]


@pytest.fixture(scope="module")
def shapes_film():
    images, _ = draw_shapes(12, size=16)
    frames = images.reshape(3, 4, 16, 16, 3)
    return plots.replay(frames, ["shapes"] * 3, alt='Shapes "change"').data


def test_a_film_has_all_its_frames_and_they_differ(shapes_film):
    pictures = frames_of(shapes_film)
    assert len(pictures) == 3
    assert len({picture.shape for picture in pictures}) == 1
    assert not np.array_equal(pictures[0], pictures[1])


def test_a_film_needs_no_network_and_says_what_it_is(shapes_film):
    assert "http" not in shapes_film and "font-awesome" not in shapes_film
    assert 'alt="Shapes &quot;change&quot;"' in shapes_film
    buttons = re.findall(r"<button[^>]*>(.*?)</button>", shapes_film, re.DOTALL)
    assert len(buttons) == 9
    assert all(face.strip() and "<" not in face for face in buttons)
    assert 'type="range" aria-label=' in shapes_film


def test_a_film_of_points_keeps_its_extent():
    def crosses(extent):
        frame = [[0.0, 0.0], [50.0, 50.0]]
        picture = frames_of(plots.replay([frame], ["0"], "points", extent=extent).data)[0]
        return (picture[..., 0].astype(int) - picture[..., 1] > 60).sum()

    assert 0 < crosses((-1, 1, -1, 1)) < 0.7 * crosses(None), "one of two is in the picture"


def test_a_film_of_wide_images():
    first, _ = frames_of(plots.replay(np.zeros((2, 2, 8, 32, 1)), ["one", "two"]).data)
    assert first.shape[1] > 4 * first.shape[0]


def test_every_frame_has_its_title():
    first, second = frames_of(plots.replay(np.zeros((2, 1, 8, 8, 1)), ["one", "two"]).data)
    assert not np.array_equal(first, second)


def test_a_film_of_points_moves_in_a_fixed_frame():
    page = plots.replay([[[0.0, 0.0]], [[1.0, 1.0]]], ["0", "1"], kind="points", real=ring()).data
    first, last = frames_of(page)
    changed = np.argwhere((first != last).any(axis=-1))
    # Only a cross at the centre, one up and right of it, and the title differ.
    assert 0 < len(changed) < 1500


def test_the_default_words_name_the_titles():
    page = plots.replay(np.zeros((2, 1, 8, 8, 1)), ["step 0", "step 9"]).data
    assert 'alt="A film from “step 0” to “step 9”."' in page


@pytest.mark.parametrize(
    ("frames", "titles", "kind", "message"),
    [
        ([], [], "images", "got 0 frames and 0 titles"),
        (np.zeros((2, 1, 8, 8, 1)), ["a"], "images", "got 2 frames and 1 titles"),
        (np.zeros((1, 8, 8, 1)), ["a"], "images", r"frames\[0\] must have shape"),
        (np.zeros((1, 5, 3)), ["a"], "points", r"frames\[0\] must have 2 columns; got 3"),
        (np.zeros((1, 5, 2)), ["a"], "point", "Unknown kind 'point'. Did you mean 'points'"),
        (
            [np.zeros((1, 8, 8, 1)), np.zeros((2, 8, 8, 1))],
            ["a", "b"],
            "images",
            "frames must all hold as many images of one size",
        ),
    ],
)
def test_bad_films(frames, titles, kind, message):
    with pytest.raises(ValueError, match=message):
        plots.replay(frames, titles, kind)


def test_a_film_too_large_for_a_page_says_how_many_frames_fit(monkeypatch):
    frames, titles = np.zeros((4, 1, 8, 8, 1)), list("abcd")
    size = len(plots.replay(frames, titles).data)
    monkeypatch.setattr(film, "MAX_BYTES", 0.7 * size)
    with pytest.raises(ValueError, match=r"Pass fewer frames \(about 2 of these\)"):
        plots.replay(frames, titles)


# Without and with a notebook.


def test_neither_import_nor_figure_loads_a_backend_outside_a_notebook():
    code = (
        "import matplotlib, numpy as np, IPython\n"
        "from gantutor import plots\n"
        "plots.to_png(plots.image_grid(np.zeros((4, 8, 8, 1))))\n"
        "import matplotlib.pyplot as plt\n"
        "print(matplotlib.get_backend(auto_select=False), plt.get_fignums())\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert (done.stdout, done.stderr) == ("None []\n", "")


def test_a_cell_shows_its_own_figure_after_one_of_the_package():
    sources = (
        "import numpy as np, matplotlib.pyplot as plt\nfrom gantutor import plots",
        "plots.image_grid(np.zeros((4, 8, 8, 1)))",
        "plt.subplots();",
    )
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)  # the kernel chooses its own
        NotebookClient(notebook).execute()
    kinds = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
    assert kinds == [[], ["execute_result"], ["display_data"]]
    assert all("image/png" in cell.outputs[0].data for cell in notebook.cells[1:])
