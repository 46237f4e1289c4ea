"""What all controls share: widgets above a picture that stays where there is no kernel."""

import base64
from collections.abc import Sequence
from typing import Any

import ipywidgets


class Panel:
    """Controls above a picture that answers them.

    Parameters
    ----------
    controls : sequence of ipywidgets.Widget
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

    def __init__(
        self,
        controls: Sequence[ipywidgets.Widget],
        picture: bytes,
        still: bytes,
        description: str,
    ) -> None:
        self.controls = list(controls)
        self.picture = ipywidgets.Image(value=picture, format="png", layout={"max_width": "100%"})
        self._box = ipywidgets.VBox([*self.controls, self.picture])
        self._still = still
        self._description = description

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
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
