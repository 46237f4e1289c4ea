"""Losses and scores over the steps of a run."""

from matplotlib.figure import Figure

from gantutor.plots.style import WIDTH, new_figure, styled
from gantutor.runs.history import History


@styled
def loss_curves(history: History) -> Figure:
    """Draw the series of a run over its steps: losses together, every other one below by itself.

    Parameters
    ----------
    history : gantutor.runs.history.History
        Or any object with `history`, a dictionary of lists of numbers, and `steps`, the steps at
        which they were taken. A series belongs to the losses if its name contains “loss”.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the history is empty.

    Examples
    --------
    >>> from gantutor.runs.history import History
    >>> record = History()
    >>> record.add(1, d_loss=1.4, g_loss=0.7, digit_fid=300.0)
    >>> len(loss_curves(record).axes)
    2
    """
    names = list(history.history)
    if not names:
        raise ValueError("history is empty: train for at least one step first.")
    losses = [name for name in names if "loss" in name]
    panels = ([losses] if losses else []) + [[name] for name in names if name not in losses]
    figure, rows = new_figure(
        len(panels), sharex=True, squeeze=False, figsize=(WIDTH, 1.2 + 2.2 * len(panels))
    )
    for axes, series in zip(rows[:, 0], panels, strict=True):
        for name in series:
            steps = history.steps[name]
            axes.plot(steps, history.history[name], label=name, marker="o" * (len(steps) < 15))
        if series is losses:
            axes.set_ylabel("loss")
            axes.legend()
        else:
            axes.set_ylabel(series[0])
    rows[-1, 0].set_xlabel("step")
    return figure
