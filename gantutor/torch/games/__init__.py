"""Ways to play, one file each. `gantutor.keras.games` is the twin.

A game is the networks, who plays against whom, and the losses; see `Game`. A new one is a new
file: recipes find its class by the file's name.
"""

from gantutor.torch.games.base import Game
from gantutor.torch.games.conditional import Conditional
from gantutor.torch.games.cycle import Cycle
from gantutor.torch.games.gan import GAN
from gantutor.torch.games.paired import Paired

__all__ = ["GAN", "Conditional", "Cycle", "Game", "Paired"]
