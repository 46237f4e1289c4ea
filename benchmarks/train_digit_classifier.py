"""Train the digit classifier behind the digit metrics, and write it into the package.

    python benchmarks/train_digit_classifier.py

trains on MNIST's 60,000 training digits in a few minutes on a laptop's processor, scores on
the 10,000 test digits, and writes `digit_classifier.safetensors`, `digit_statistics.safetensors`
and their entries in the manifest.
"""

import argparse

import numpy as np
import safetensors.numpy
import torch
from common import WEIGHTS, record_weights
from torch.nn import functional
from tqdm.auto import trange

from gantutor.data import mnist
from gantutor.metrics.features.digits import DigitClassifier
from gantutor.metrics.frechet import FeatureStatistics, frechet_distance


class Network(torch.nn.Module):
    """The classifier in PyTorch; `DigitClassifier` is its forward pass in NumPy."""

    def __init__(self):
        super().__init__()
        self.convolution1 = torch.nn.Conv2d(1, 16, 4, stride=2, padding=1)
        self.convolution2 = torch.nn.Conv2d(16, 32, 4, stride=2, padding=1)
        self.features = torch.nn.Linear(1568, 64)
        self.logits = torch.nn.Linear(64, 10)

    def forward(self, images, dropout=0.0):
        hidden = functional.relu(self.convolution1(images))
        hidden = functional.relu(self.convolution2(hidden))
        hidden = hidden.permute(0, 2, 3, 1).flatten(1)  # NHWC order, as the NumPy pass has it
        hidden = functional.dropout(hidden, dropout, training=self.training)
        return self.logits(functional.relu(self.features(hidden)))

    def to_numpy(self):
        """Return the weights as NumPy arrays, inputs before outputs: [4, 4, in, out], [in, out]."""
        axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
        return {
            name: np.ascontiguousarray(value.numpy().transpose(axes[value.ndim]))
            for name, value in self.state_dict().items()
        }


def shifted(images, generator):
    """Return `images` [N, 1, 28, 28], each moved by up to two pixels both ways."""
    padded = functional.pad(images, (2, 2, 2, 2), value=-1.0)
    top, left = torch.randint(0, 5, (2, len(images), 1), generator=generator)
    rows = (top + torch.arange(28))[:, :, None]
    columns = (left + torch.arange(28))[:, None, :]
    return padded[torch.arange(len(images))[:, None, None], 0, rows, columns][:, None]


def train(epochs, seed):
    """Return the trained weights as NumPy arrays."""
    images, labels = mnist("train")
    images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    labels = torch.from_numpy(labels)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = Network()
    batch = 128
    steps = epochs * (len(images) // batch)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=steps)
    for _ in trange(epochs, unit="epoch"):
        order = torch.randperm(len(images), generator=generator)
        for chosen in order.split(batch)[: len(images) // batch]:
            logits = network(shifted(images[chosen], generator), dropout=0.3)
            loss = functional.cross_entropy(logits, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.to_numpy()


def in_units_of_real_digits(weights, draws=10):
    """Rescale the features so that 10,000 real training digits score a digit FID of 1.

    A ReLU passes a positive factor through, so dividing the features' weights and multiplying the
    logits' leaves every probability as it was.
    """
    classifier = DigitClassifier(weights)
    test = FeatureStatistics.of(classifier.features(mnist("test")[0]))
    train = classifier.features(mnist("train")[0])
    rng = np.random.default_rng(0)
    distances = [
        frechet_distance(test, train[rng.choice(len(train), 10_000, replace=False)])
        for _ in range(draws)
    ]
    factor = np.float32(np.mean(distances) ** -0.5)
    factors = {"features.weight": factor, "features.bias": factor, "logits.weight": 1 / factor}
    return {name: value * factors.get(name, 1) for name, value in weights.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    facts = {
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "command": "python benchmarks/train_digit_classifier.py"
        f" --epochs {arguments.epochs} --seed {arguments.seed}",
    }
    classifier = DigitClassifier(in_units_of_real_digits(train(arguments.epochs, arguments.seed)))
    images, labels = mnist("test")
    features = classifier.features(images)
    accuracy = float((classifier.logits(features).argmax(axis=1) == labels).mean())
    print(f"Test accuracy {accuracy:.2%}")

    safetensors.numpy.save_file(classifier.weights, WEIGHTS / "digit_classifier.safetensors")
    record_weights(
        "digit_classifier.safetensors",
        what="convolutional classifier of handwritten digits with 64 features",
        data="MNIST training set, 60,000 digits, each shifted by up to two pixels",
        scores={"test_accuracy": accuracy},
        **facts,
    )
    statistics = FeatureStatistics.of(features)
    safetensors.numpy.save_file(
        {
            "mean": statistics.mean,
            "covariance": statistics.covariance,
            "count": np.array(statistics.count),
        },
        WEIGHTS / "digit_statistics.safetensors",
    )
    record_weights(
        "digit_statistics.safetensors",
        what="mean and covariance of the 64 digit features",
        data="MNIST test set, 10,000 digits",
        **facts,
    )
    # float16 keeps three digits of each feature, and the file below 2 MB.
    safetensors.numpy.save_file(
        {"features": features.astype(np.float16), "labels": labels.astype(np.uint8)},
        WEIGHTS / "digit_test_features.safetensors",
    )
    record_weights(
        "digit_test_features.safetensors",
        what="the 64 digit features of each image, in float16, and its label",
        data="MNIST test set, 10,000 digits",
        **facts,
    )


if __name__ == "__main__":
    main()
