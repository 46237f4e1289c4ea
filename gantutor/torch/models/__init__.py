"""Networks, one file an architecture. `gantutor.keras.models` is the twin.

Generators map latent vectors [N, latent_dim], or images, to images [N, C, H, W] in [−1, 1] (or
points [N, d]); discriminators map those to logits [N]. A new family is a new file with functions
`name_generator` and `name_discriminator`: recipes find it by its name.
"""

from gantutor.torch.models.dcgan import dcgan_discriminator, dcgan_generator
from gantutor.torch.models.mlp import mlp_discriminator, mlp_generator
from gantutor.torch.models.patch import patch_discriminator
from gantutor.torch.models.unet import unet_generator

__all__ = [
    "dcgan_discriminator",
    "dcgan_generator",
    "mlp_discriminator",
    "mlp_generator",
    "patch_discriminator",
    "unet_generator",
]
