"""A whole training step as one CUDA graph, against the plain step. For `levers.py`'s record.

    python benchmarks/whole_step.py --folder FOLDER    # half a minute on a GPU

Both ways take turns in rounds; before that, three steps of each from the same numbers show whether
the weights are the same. A graph keeps its addresses, so that new latent vectors are copied to
where the old ones were before each replay.
"""

import argparse

import torch
from levers import BIG, Record

from gantutor.studies.speed.training import Levers, Loop


class Captured:
    """A loop whose whole step is one CUDA graph."""

    def __init__(self, **settings):
        self.loop = Loop(Levers(fused=True), device="cuda", **settings)
        for adam in self.loop.adams:
            for group in adam.param_groups:
                group["capturable"] = True
        state = self.kept()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.loop.step()
        torch.cuda.current_stream().wait_stream(stream)
        for adam in self.loop.adams:
            adam.zero_grad(set_to_none=True)
        self.fresh = self.loop.latents.clone()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loop.step()
        self.back_to(state)

    def kept(self):
        loop = self.loop
        networks = [*loop.G.state_dict().values(), *loop.D.state_dict().values()]
        return [tensor.clone() for tensor in networks]

    def back_to(self, state):
        """Undo the warm-up, in place: weights, averages of batch norms, Adam's averages, steps."""
        loop = self.loop
        networks = [*loop.G.state_dict().values(), *loop.D.state_dict().values()]
        for tensor, old in zip(networks, state, strict=True):
            tensor.copy_(old)
        for adam in loop.adams:
            for entry in adam.state.values():
                for tensor in entry.values():
                    tensor.zero_()

    def step(self):
        """Copy latents in, and run the graph."""
        self.loop.latents.copy_(self.fresh)
        self.graph.replay()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1, help="for one way of one setting")
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    record = Record("cuda", options.folder)
    record.path = record.path.with_name("gpu2.json")
    for size, setting in (("small", {}), ("large", BIG["cuda"])):
        plain, captured = (
            Loop(device="cuda", epsilon=1e-3, **setting),
            Captured(epsilon=1e-3, **setting),
        )
        start = plain.weights()
        begin = captured.loop.weights()
        for _ in range(3):
            plain.step()
            captured.step()
        plain.wait()
        apart = (plain.weights() - captured.loop.weights()).abs().max()
        way = (plain.weights() - start).abs().max()
        print(f"{size}: starts apart {(begin - start).abs().max():.2g}, moved {way:.3g}")
        plain, fused = (Loop(Levers(fused=f), device="cuda", **setting) for f in (False, True))
        actions = {"plain": plain.step, "fused Adam": fused.step, "whole": captured.step}
        times = record.rounds(actions, options.seconds, plain.wait)
        record.add(f"graph, {size}", "plain", times["plain"])
        record.add(f"graph, {size}", "fused Adam", times["fused Adam"])
        name = "whole step as one CUDA graph"
        record.add(f"graph, {size}", name, times["whole"], difference=float(apart / way))
        record.write()


if __name__ == "__main__":
    main()
