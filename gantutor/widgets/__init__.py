"""Controls for a live notebook that leave a picture where there is no kernel.

What a notebook stores for such a control is the control and a picture of what it shows first.
Jupyter and Colab show the control; a static page, a printout or a viewer without ipywidgets shows
the picture.
"""

from gantutor.widgets.latent import latent_explorer
from gantutor.widgets.panel import Panel
from gantutor.widgets.rating import Questionnaire, which_is_real

__all__ = ["Panel", "Questionnaire", "latent_explorer", "which_is_real"]
