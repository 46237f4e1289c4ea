"""Write the book's page of benchmarks from the results that the benchmarks left behind.

python benchmarks/page.py
"""

import json
import statistics

from common import RECIPE, RESULTS, ROOT
from quality import CONTENDERS

PAGE = ROOT / "book" / "appendix" / "benchmarks.md"
LEVERS = {
    "channels_last": "channels last in memory",
    "folded_convolution": "last transposed convolution as a matrix product and a fold",
    "resident_data": "data resident in memory in place of a `DataLoader`",
    "joint_pass": "one discriminator pass over real and fake together",
    "frozen_discriminator": "discriminator frozen in the generator's step",
    "fused_adam": "fused Adam",
    "no_reads": "losses read every ten steps",
    "all": "all of them",
}
PENALTIES = {
    "no penalty": "no penalty",
    "passes of their own": "R1 + R2, each with a pass of its own",
    "the loss's pass": "R1 + R2 from the loss's pass",
    "every eighth step": "the same at every eighth step",
    "finite differences": "finite differences",
    "no penalty, compiled": "no penalty, compiled",
    "the loss's pass, compiled": "R1 + R2 from the loss's pass, compiled",
    "every eighth step, compiled": "the same at every eighth step, compiled",
    "finite differences, compiled": "finite differences, compiled",
}
METRICS = {
    "frechet_ours": "gantutor",
    "frechet_torch_fidelity": "torch-fidelity",
    "frechet_pytorch_fid": "pytorch-fid",
    "few_ours": "gantutor",
    "few_torch_fidelity": "torch-fidelity",
    "kernel_ours": "gantutor",
    "kernel_torch_fidelity": "torch-fidelity",
    "kernel_double_ours": "gantutor",
    "kernel_double_torch_fidelity": "torch-fidelity",
    "neighbors_ours": "gantutor",
    "neighbors_prdc": "prdc",
}


def read(name):
    """Results of one benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def made_on(results):
    """What a result was measured on, in one sentence."""
    made = results["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    device = f"one {results['device']}, with " if "device" in results else ""
    return (
        f"Measured on {made['date']} on {device}{made['cores']} cores ({made['processor']}), "
        f"Python {made['python']}, {versions}."
    )


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def settings(results):
    """How gantutor's rows were made, from what the results themselves say."""
    text = f"""gantutor's recipe is `{RECIPE}`, with `ema_decay={results["ema_decay"]}` for the
average of the weights; classes are drawn {results["classes_drawn"]}."""
    if any("clusters" in name for name in results["contenders"]):
        text += f""" Without labels the networks are told
{results["clusters"]} clusters of the images in their place (`gantutor.data.pseudo_labels`); finding
them is part of the minute. The same clusters, given to other images, are the floor."""
    return text


def quality():
    """Score after a minute, and time to two scores."""
    ours, baselines = read("quality"), read("quality_baselines")
    real = ours["real_training_digits"]

    def after(row, bound):
        seconds = row[f"seconds_below_{bound}"]
        return f"{seconds:.0f} s" if seconds else f"not in {row['curve'][-1][0]:.0f} s"

    rows = [
        [
            CONTENDERS[name].title,
            f"**{row['score']:.1f}**",
            ", ".join(f"{score:.1f}" for score in row["scores"]),
            row["steps"][0],
            after(row, 60),
            after(row, 30),
        ]
        for results in (baselines, ours)
        for name, row in results["contenders"].items()
    ]
    head = ["recipe", "digit FID", "each seed", "steps", "below 60", "below 30"]
    return f"""## Quality in a minute, and time to quality

Each recipe trains on the 60,000 training digits of MNIST for {ours["seconds"]:g} seconds, seeds
0, 1, …, and is scored by the digit FID of 10,000 samples against the 10,000 test digits (scoring
stops the clock); where there are several seeds, the score is their median. Smaller is better:
10,000 real training digits score {real["10000"]:.2f}, and 1,000 of them {real["1000"]:.2f}. The
first run of each baseline goes on until its score is below 30, for up to ten minutes.

{settings(ours)}

{table(head, rows)}

*Baselines.* {made_on(baselines)} Command: `python benchmarks/quality.py --baselines`.

*gantutor.* {made_on(ours)} Command: `python benchmarks/quality.py`."""


def throughput(name, ours, theirs, command):
    """Paired speeds."""
    results = read(name)
    ratios = results["ratios"]
    faster = sum(ratio > 1 for ratio in ratios)
    pairs = next(iter(results["steps_per_second"].values()))
    rows = [
        [i + 1, *pair, f"{ratio:.2f}"]
        for i, (pair, ratio) in enumerate(zip(pairs, ratios, strict=True))
    ]
    head = ["pair", f"{ours}, steps a second", f"{theirs}, steps a second", "ratio"]
    return f"""{table(head, rows)}

{ours} was faster in {faster} of {len(ratios)} pairs; the median ratio is
{statistics.median(ratios):.2f}. {made_on(results)} Command: `python benchmarks/{command}`."""


def penalties():
    """What penalties cost in both frameworks."""
    results, cuda = read("penalties"), read("penalties_cuda")
    torch, keras, gpu = results["torch"], results["keras"], cuda["torch"]

    def cells(framework, name):
        way = framework.get(name)
        if way is None:
            return ["–", "–"]
        return [f"{statistics.median(way['ms_a_step']):.3g} ms", f"**{way['ratio']:.2f}**"]

    def operations(name):
        count = torch.get(name, {}).get("gflops")
        return f"{count / torch['no penalty']['gflops']:.2f}" if count else "–"

    rows = [
        [title, operations(name), *cells(torch, name), *cells(keras, name), *cells(gpu, name)]
        for name, title in PENALTIES.items()
    ]
    head = ["step", "operations", "PyTorch", "ratio", "Keras", "ratio", "PyTorch, GPU", "ratio"]
    rounds = len(torch["no penalty"]["ms_a_step"])
    day = results["environment"]["date"]
    other = "".join(
        f" {title} was measured on {part['date']}."
        for title, part in (("PyTorch", torch), ("Keras", keras))
        if part["date"] != day
    )
    return f"""## What a penalty costs

One training step of the recipe `dcgan` with the relativistic loss, without and with R1 + R2, in
processor time over all threads, on the GPU in elapsed time. The ways of one framework alternate for
{rounds} rounds. A time is the median over the rounds; a ratio is the median over the rounds of the
way's time over that of the step without a penalty in the same round (1 is that step). Operations
are counted in PyTorch.
"Compiled" is `torch.compile` of both networks in PyTorch and XLA (`jit_compile`) in Keras, without
the time of compilation. A dash is a step that was not measured.

{table(head, rows)}

*Processor.* {made_on(results)}{other} Command: `python benchmarks/penalties.py`.

*GPU.* {made_on(cuda)} Command: `python benchmarks/penalties.py --device cuda`."""


def scaling_tables(results):
    """What a step and a sample cost, setting by setting; then the ways of the compiled settings."""
    titles = {"batch_size": "batch", "width": "width", "side": "pixels a side"}

    def cell(number):
        return f"{number:.3g}" if number < 1000 else f"{number:,.0f}"

    head = ["setting", "10⁶ weights", "step, ms"]
    head += ["in bfloat16, ms"] if "device" in results else []
    head += ["1 sample, ms", "256 samples, ms"]
    head += ["memory, MB"] if "device" in results else []
    sizes, ways = [], []
    for row in results["rows"]:
        setting = ", ".join(f"{titles[name]} {value:,}" for name, value in row["setting"].items())
        times, samples = row["milliseconds"], row["sample_milliseconds"]
        if "compiled" in times:
            first = row["first_steps_seconds"]
            ways += [
                [setting or "as above", way, cell(time), cell(first[way])]
                for way, time in times.items()
            ]
        else:
            weights = row["generator_weights"] + row["discriminator_weights"]
            numbers = [*times.values(), samples["1"], samples["256"]]
            numbers += [row["peak_bytes"] / 1e6] if row["peak_bytes"] else []
            sizes.append([setting, f"{weights / 1e6:.2f}", *map(cell, numbers)])
    if not ways:
        return table(head, sizes), "Compiled networks were not measured here."
    ways = table(["setting", "way", "step, ms", "first three steps, s"], ways)
    return table(head, sizes), f"With `torch.compile` of both networks:\n\n{ways}"


def scaling():
    """What a step and a sample cost as one thing grows."""
    cpu, cuda = read("scaling_torch"), read("scaling_torch_cuda")
    base = cuda["recipe"]
    cpu_sizes, cpu_ways = scaling_tables(cpu)
    cuda_sizes, cuda_ways = scaling_tables(cuda)
    return f"""## What grows with batch, width and resolution

`Trainer` with the recipe `dcgan` at {base["shape"][0]} pixels a side and three channels, with batch
{base["batch_size"]} and width {base["generator"][1]["width"]}: one of the three varies, and the
others stay; in the last row on the GPU two vary. The weights are those of both networks. A sample
is drawn by `Trainer.sample`, the copy back to the processor's memory included; the memory is the
highest that PyTorch held on the GPU.

### On a processor

{cpu_sizes}

A step takes longer as any of the three grows: less than in proportion to the work while batch and
networks are small, and about in proportion at the larger end. The generator is the same at every
batch, so that the first five times for 256 samples show how far two measurements differ here.

{cpu_ways}

{made_on(cpu)} Command: `python benchmarks/scaling_torch.py`.

### On a GPU

{cuda_sizes}

Up to a batch of about a thousand the step hardly grows: the networks are so small that the time
goes into starting their kernels one by one, not into what they compute. In a profile of this recipe
at 28 pixels (`torch.profiler`, the same machine) the GPU computed for a tenth of the time. With
the largest batch half precision gains a quarter.

{cuda_ways}

{made_on(cuda)} Command: `python benchmarks/scaling_torch.py --device cuda`."""


def metrics():
    """Time, memory and value of each metric beside the well-known implementations."""
    results = read("metrics")
    rows = []
    for case, runs in results["cases"].items():
        fastest = next(iter(runs.values()))["seconds"]
        for name, run in runs.items():
            value = run["value"]
            value = (
                ", ".join(f"{v:.4f}" for v in value.values())
                if isinstance(value, dict)
                else f"{value:.8g}"
            )
            times = "" if METRICS[name] == "gantutor" else f"{run['seconds'] / fastest:.1f}"
            rows.append(
                [
                    case,
                    METRICS[name],
                    f"{run['seconds']:.2f} s",
                    times,
                    f"{run['megabytes']:.0f} MB",
                    value,
                ]
            )
    head = ["metric", "implementation", "time", "times ours", "memory", "value"]
    return f"""## Metrics beside the well-known implementations

Random features in float32 with a falling spectrum, {results["count"]:,} × {results["dimension"]}
for each set (500 for the distance of few samples). Each run has a process of its own; the time is
the best of three, the memory the peak above what the features take.

{table(head, rows)}

The kernel distance gains little: nearly all of its time, on both sides, goes into matrix products,
8.2 · 10¹¹ operations here and 1.2 · 10¹² there at this size. The sets differ little, so that the
value is a small difference of sums near 1. In float64 both agree on it; in float32 the products are
rounded, and gantutor, which adds them up in float64, keeps more digits of it.

{made_on(results)} Command: `python benchmarks/metrics.py`."""


def page():
    """The whole page, as Markdown."""
    levers, gpu_levers = read("throughput_torch")["levers"], read("throughput_torch_cuda")["levers"]
    imports = read("import_time")
    on_gpu = "throughput_torch.py --device cuda"
    rows = [
        [title, f"{levers[name]:.2f}", f"{gpu_levers[name]:.2f}"] for name, title in LEVERS.items()
    ]
    return f"""# Benchmarks

What the book's recipes reach, beside what readers are likely to know. Below each table stands the
command that measured it. Your numbers will differ; the order should not.

{quality()}

## Steps a second at equal mathematics

Same networks, batch and update. The two of a pair run by turns in short slices, and the comparison
begins with a check that both arrive at the same weights.

{throughput("throughput_torch", "`Trainer`", "PyTorch example's loop", "throughput_torch.py")}

The same on a GPU:

{throughput("throughput_torch_cuda", "`Trainer`", "PyTorch example's loop", on_gpu)}

What each lever does by itself, in the example's loop (1 is the example):

{table(["lever", "on a processor", "on a GPU"], rows)}

{throughput("throughput_keras", "Keras `fit`", "TensorFlow tutorial's loop", "throughput_keras.py")}

{scaling()}

{penalties()}

{metrics()}

## Import

`import gantutor` takes {imports["median_seconds"]:.3f} s and loads neither framework.
{made_on(imports)} Command: `python benchmarks/import_time.py`.
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
