"""Controls for a live notebook that leave a picture where there is no kernel.

What a notebook stores for such a control is the control and a picture of what it shows first (for
`knob_explorer`, of every value). Jupyter and Colab show the control; a static page, a printout or
a viewer without ipywidgets shows the picture.
"""

import base64
import functools
import io

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from gantutor.plots.images import show_pixels, tiles
from gantutor.plots.style import WIDTH, new_figure, styled, to_png
from gantutor.validation import check_images, check_positive

SPAN = 3.0  # how far a slider goes to either side, in standard deviations of z
STEPS = 7  # images along one slider
SLIDERS = 4


class Explorer:
    """Controls above a picture that answers them.

    Parameters
    ----------
    controls : list of ipywidgets.Widget
    picture : bytes
        The PNG shown first.
    still : bytes
        The PNG for places without a kernel.
    description : str
        What a reader of plain text sees.

    Attributes
    ----------
    controls : list of ipywidgets.Widget
    picture : ipywidgets.Image
        Set its ``value`` to another PNG to change what is seen.
    """

    def __init__(self, controls, picture, still, description):
        self.controls = controls
        self.picture = ipywidgets.Image(value=picture, format="png", layout={"max_width": "100%"})
        self._box = ipywidgets.VBox([*controls, self.picture])
        self._still = still
        self._description = description

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Return the control, its still picture and its description; a viewer takes the best."""
        return {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._box.model_id,
            },
            "image/png": base64.b64encode(self._still).decode(),
            "text/plain": self._description,
        }


def latent_explorer(sample, latent_dim, seed=0):
    """Walk through the latent space with sliders.

    A slider is the coordinate of z along one direction; the large image is G(z), and each row
    shows the whole way of one slider, with a mark where it stands. The directions are those along
    which the images change most: the leading singular vectors of a linear fit from z to images
    (an idea of Härkönen, Hertzmann, Lehtinen and Paris, 2020, GANSpace, who fit inner activations).
    The button “New z” draws all other coordinates anew.

    Parameters
    ----------
    sample : callable
        Maps float32 latents [N, latent_dim] to images [N, side, side, C] in [−1, 1].
    latent_dim : int
        The number of coordinates of z, each standard normal. There are four sliders, or
        `latent_dim` of them and no button if that is not more.
    seed : int
        Decides the directions and the other coordinates.

    Returns
    -------
    Explorer
        Leave it as the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If `latent_dim` is not positive, or `sample` does not return images.

    Examples
    --------
    >>> explorer = latent_explorer(lambda z: np.tanh(z).reshape(-1, 2, 2, 1), latent_dim=4)
    >>> [control.description for control in explorer.controls]
    ['Direction 1', 'Direction 2', 'Direction 3', 'Direction 4']
    """
    random = np.random.default_rng(seed)
    directions = _strong_directions(sample, check_positive(latent_dim, "latent_dim"), random)
    sliders = [
        ipywidgets.FloatSlider(
            description=f"Direction {number}",
            min=-SPAN,
            max=SPAN,
            step=0.1,
            continuous_update=False,
        )
        for number in range(1, len(directions) + 1)
    ]
    button = ipywidgets.Button(description="New z")
    rest = np.empty(latent_dim)

    def renew():
        rest[:] = random.standard_normal(latent_dim)
        rest[:] -= rest @ directions.T @ directions

    def draw():
        return to_png(_walks(sample, rest, directions, [slider.value for slider in sliders]))

    def redraw(change):
        if change is button:
            renew()
        explorer.picture.value = draw()

    renew()
    first = draw()
    explorer = Explorer(
        controls=[*sliders, button] if len(directions) < latent_dim else sliders,
        picture=first,
        still=first,
        description="Sliders over z: run the notebook to move them.",
    )
    for slider in sliders:
        slider.observe(redraw, "value")
    button.on_click(redraw)
    return explorer


def knob_explorer(make_figure, **knobs):
    """Change a knob, see the samples.

    Parameters
    ----------
    make_figure : callable
        Maps one value of each knob, by name, to a Matplotlib figure. It is called once for each
        value of the first knob at once, for other combinations when they are chosen, and never
        twice for the same one.
    **knobs : sequence
        The values of each knob, hashable. The first of each is shown first; in a static page all
        values of the first knob stand below each other.

    Returns
    -------
    Explorer
        Leave it as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no knob, or a knob without values.

    Examples
    --------
    >>> from gantutor.plots import image_grid
    >>> explorer = knob_explorer(
    ...     lambda grey: image_grid(np.full((4, 8, 8, 1), grey)), grey=[-0.5, 0.0, 0.5]
    ... )
    >>> explorer.controls[0].options
    (('-0.5', -0.5), ('0.0', 0.0), ('0.5', 0.5))
    """
    if not knobs or any(len(values) == 0 for values in knobs.values()):
        raise ValueError(f"knob_explorer needs knobs with at least one value each; got {knobs!r}.")
    controls = [
        ipywidgets.Dropdown(options=[(str(value), value) for value in values], description=name)
        for name, values in knobs.items()
    ]

    @functools.cache
    def draw(*values):
        chosen = dict(zip(knobs, values, strict=True))
        figure = make_figure(**chosen)
        figure.set_figheight(figure.get_figheight() + 0.4)  # room for the line of choices
        figure.suptitle(", ".join(f"{name} = {value}" for name, value in chosen.items()))
        plt.close(figure)
        return to_png(figure)

    def chosen_values():
        return [control.value for control in controls]

    others = chosen_values()[1:]
    still = _stack([draw(value, *others) for value in next(iter(knobs.values()))])
    explorer = Explorer(
        controls,
        picture=draw(*chosen_values()),
        still=still,
        description=f"Choices of {', '.join(knobs)}: run the notebook to change them.",
    )

    def redraw(change):
        explorer.picture.value = draw(*chosen_values())

    for control in controls:
        control.observe(redraw, "value")
    return explorer


def _strong_directions(sample, latent_dim, random):
    """Return orthonormal directions of z that change the images most, [sliders, latent_dim]."""
    latents = random.standard_normal((max(256, 4 * latent_dim), latent_dim), dtype=np.float32)
    images = check_images(sample(latents), "sample(latents)")
    changes = images.reshape(len(images), -1) - images.mean(axis=0).ravel()
    slopes = np.linalg.lstsq(latents, changes, rcond=None)[0]
    return np.linalg.svd(slopes, full_matrices=False)[0].T[:SLIDERS]


@styled
def _walks(sample, rest, directions, values):
    """Return a figure: G(z) at the left, and at the right a row for the way of each slider.

    `rest` is the part of z outside the directions, `values` are the coordinates along them.
    """
    ways = np.repeat(np.array([values]), len(directions) * STEPS, axis=0)
    for number in range(len(directions)):
        ways[number * STEPS : (number + 1) * STEPS, number] = np.linspace(-SPAN, SPAN, STEPS)
    coordinates = np.vstack([[values], ways])
    images = np.asarray(sample((rest + coordinates @ directions).astype(np.float32)))
    side = images.shape[1]

    ratio = {"width_ratios": [1, 2], "wspace": 0.1}
    figure, (left, right) = new_figure(1, 2, figsize=(WIDTH, 2.2), gridspec_kw=ratio)
    show_pixels(left, tiles(images[:1])[0])
    left.set_title("$G(z)$")
    canvas, _ = tiles(images[1:], columns=STEPS)
    show_pixels(right, canvas)
    cell = (canvas.shape[1] - side) / (STEPS - 1)
    rows = np.arange(len(directions)) * cell
    right.plot(
        (np.array(values) + SPAN) / (2 * SPAN) * (STEPS - 1) * cell + side / 2 - 0.5,
        rows - 0.5,
        linestyle="none",
        marker="v",
        color="#DDAA33",
        clip_on=False,
    )
    right.set_axis_on()
    right.grid(visible=False)
    right.spines[:].set_visible(False)
    right.tick_params(length=0)
    right.set_yticks(rows + side / 2 - 0.5, [str(number + 1) for number in range(len(rows))])
    ticks = np.array([0, (STEPS - 1) / 2, STEPS - 1]) * cell + side / 2 - 0.5
    right.set_xticks(ticks, [f"−{SPAN:g}", "0", f"{SPAN:g}"])
    return figure


def _stack(pictures):
    """Return PNG files one below the other on white, as one PNG file."""
    parts = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    size = (max(part.width for part in parts), sum(part.height for part in parts))
    sheet = Image.new("RGB", size, "white")
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    buffer = io.BytesIO()
    sheet.save(buffer, format="png")
    return buffer.getvalue()
