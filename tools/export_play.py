"""Write the shipped digit generator as a script for pages: `_static/play/digits-weights.js`.

Run it after a change of the weights: `.venv/bin/python tools/export_play.py`. Weights are whole
numbers from −127 to 127 with one scale for each channel that they lead to; batch normalisation is
folded into them. Beside them stand directions in latent space along which slant, boldness and
width change, and a linear classifier that counts digits.
"""

import base64
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from gantutor.data import load_digits
from gantutor.torch import load_generator

FILE = Path(__file__).parents[1] / "book" / "_static" / "play" / "digits-weights.js"
SIDE, CHANNELS, LATENT, CLASSES = 7, (64, 32), 64, 10


def folded(network) -> dict[str, np.ndarray]:
    """Weights and biases of the three layers without their batch normalisations."""
    state = {name: values.double().numpy() for name, values in network.state_dict().items()}

    def scale_and_shift(layer):
        scale = state[f"{layer}.weight"] / np.sqrt(state[f"{layer}.running_var"] + 1e-5)
        return scale, state[f"{layer}.bias"] - scale * state[f"{layer}.running_mean"]

    first, first_bias = scale_and_shift(2)
    second, second_bias = scale_and_shift(5)
    return {
        "dense": state["0.weight"].reshape(SIDE * SIDE, CHANNELS[0], -1) * first[:, None],
        "denseBias": first_bias,
        "middle": state["4.weight"] * second[:, None, None],
        "middleBias": second_bias,
        "last": state["7.weight"],
        "lastBias": state["7.bias"],
    }


def packed(weight: np.ndarray, axis: int) -> dict[str, str]:
    """Int8 numbers and their float32 scales, one for each entry of `axis`, in base64."""
    others = tuple(place for place in range(weight.ndim) if place != axis)
    scale = np.abs(weight).max(axis=others, keepdims=True) / 127
    numbers = np.rint(weight / scale).astype(np.int8)
    return {"numbers": text(numbers), "scale": text(scale.astype("<f4"))}


def text(array: np.ndarray) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(array.tobytes()).decode()


def strokes(images: np.ndarray) -> dict[str, np.ndarray]:
    """Slant, boldness and width of each digit [N, 28, 28]: moments of its ink."""
    ink = (images + 1) / 2
    mass = ink.sum((1, 2))
    y, x = np.mgrid[:28, :28]
    mean = {name: (ink * grid).sum((1, 2)) / mass for name, grid in (("x", x), ("y", y))}
    dx, dy = x - mean["x"][:, None, None], y - mean["y"][:, None, None]
    moment = {
        name: (ink * grid).sum((1, 2)) / mass
        for name, grid in (("xx", dx * dx), ("xy", dx * dy), ("yy", dy * dy))
    }
    return {
        "slant": -moment["xy"] / moment["yy"],
        "boldness": mass,
        "width": np.sqrt(moment["xx"] - moment["xy"] ** 2 / moment["yy"]),
    }


def directions(sampler, count: int = 10_000) -> dict[str, np.ndarray]:
    """Unit vectors along which a property grows fastest, by linear regression within classes."""
    latents = np.random.default_rng(0).standard_normal((count, LATENT)).astype(np.float32)
    labels = np.arange(count) % CLASSES
    found = strokes(sampler.sample(latents, labels=labels)[..., 0].astype(float))
    vectors = {}
    for name, values in found.items():
        within = values - np.array([values[labels == k].mean() for k in range(CLASSES)])[labels]
        model = LinearRegression().fit(latents, within)
        print(f"{name}: R² {model.score(latents, within):.2f}")
        vectors[name] = model.coef_ / np.linalg.norm(model.coef_)
    return vectors


def main() -> None:
    """Write the file."""
    sampler = load_generator("digits")
    weights = folded(sampler.network)
    images, labels = load_digits()
    judge = LogisticRegression(C=0.02, max_iter=300).fit(images.reshape(len(images), -1), labels)
    held = {
        "dense": packed(weights["dense"], 1),
        "middle": packed(weights["middle"], 1),
        "last": packed(weights["last"], 1),
        **{name: text(weights[name].astype("<f4")) for name in weights if "Bias" in name},
        "directions": {name: text(v.astype("<f4")) for name, v in directions(sampler).items()},
        "judge": packed(judge.coef_, 0),
        "judgeBias": text(judge.intercept_.astype("<f4")),
    }
    FILE.write_text(f"globalThis.GanTutorPlay.digitWeights = {json.dumps(held)};\n")
    drawn = sampler.sample(2000, seed=1, labels=np.arange(2000) % CLASSES)
    read = judge.predict(drawn.reshape(2000, -1))
    print(
        f"{FILE.stat().st_size} bytes; reads {np.mean(read == np.arange(2000) % 10):.3f} as asked"
    )


if __name__ == "__main__":
    main()
