"""What the benchmarks measure is what they name."""

from pathlib import Path

import pytest

from gantutor import recipes

torch = pytest.importorskip("torch")

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_compiled_networks_hold_all_their_layers(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from speeds import compile_networks

    from gantutor.torch import Trainer

    taken_in = []

    def keep(graph, inputs):
        taken_in.append(sum(isinstance(given, torch.nn.Parameter) for given in inputs))
        return graph.forward

    compile_with = torch.compile
    monkeypatch.setattr(torch, "compile", lambda net, **how: compile_with(net, **how, backend=keep))
    small = {"width": 8}
    recipe = recipes.get("dcgan").replace(batch_size=4, generator=small, discriminator=small)
    game = Trainer.from_recipe(recipe, device="cpu").game
    parameters = [len(list(net.parameters())) for net in (game.generator, game.discriminator)]
    torch._dynamo.reset()
    compile_networks(game)
    game.discriminator(game.generator(torch.zeros(4, recipe.latent_dim)))
    assert taken_in == parameters
