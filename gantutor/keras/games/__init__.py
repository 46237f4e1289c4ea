"""Ways to play, one file each. `gantutor.torch.games` is the twin.

A game is the networks, who plays against whom, and the losses; see `Game`. A new one is a new
file: recipes find its class by the file's name.
"""

from gantutor.keras.games.base import Game
from gantutor.keras.games.conditional import Conditional
from gantutor.keras.games.cycle import Cycle
from gantutor.keras.games.gan import GAN
from gantutor.keras.games.paired import Paired

__all__ = ["GAN", "Conditional", "Cycle", "Game", "Paired"]
