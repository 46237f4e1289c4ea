"""GAN Tutor: generative adversarial networks in Keras and PyTorch, with tested claims.

Framework-free parts are `gantutor.data`, `gantutor.metrics`, `gantutor.plots`,
`gantutor.widgets` and `gantutor.recipes`; the twins `gantutor.torch` and `gantutor.keras`
hold models, losses, penalties and training under the same names.
"""

__version__ = "0.1.0"
