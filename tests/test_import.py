"""What importing loads, and what it says when an extra is missing."""

import importlib
import subprocess
import sys
from importlib.util import find_spec

import pytest

# scipy.stats is loaded by the few functions of scikit-image that need it.
SLOW = {"torch", "tensorflow", "keras", "scipy.stats"}


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


FRAMEWORK_FREE = (
    "data",
    "metrics",
    "notebook",
    "plots",
    "recipes",
    "shipped",
    "studies",
    "widgets",
)


def test_the_framework_free_parts_load_quickly():
    code = f"""
import sys
from importlib import import_module
for name in ("gantutor", *(f"gantutor.{{part}}" for part in {FRAMEWORK_FREE})):
    import_module(name)
    assert not {SLOW} & set(sys.modules), (name, {SLOW} & set(sys.modules))
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("missing", "module", "advice"),
    [
        ("torch", "gantutor.torch", 'pip install "gantutor[torch]"'),
        ("tensorflow", "gantutor.keras", 'pip install "gantutor[keras]"'),
        ("keras", "gantutor.keras", 'pip install "gantutor[keras]"'),
    ],
)
def test_a_missing_extra_is_named(missing, module, advice):
    # None in sys.modules makes the import fail as if the package were not there.
    done = run(f"import sys; sys.modules[{missing!r}] = None; import {module}")
    assert "ModuleNotFoundError" in done.stderr
    assert advice in done.stderr.strip().splitlines()[-1]


def test_the_wrong_backend_is_named(monkeypatch):
    keras = pytest.importorskip("keras")
    module = importlib.import_module("gantutor.keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ImportError, match="needs Keras's TensorFlow backend; got 'torch'"):
        importlib.reload(module)


FRAMEWORKS = {"torch", "torch._dynamo", "triton", "tensorflow", "keras"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("gantutor.torch", {"torch"}),
        ("gantutor.keras", {"tensorflow", "keras"}),
    ],
)
def test_a_twin_loads_its_own_framework_and_no_compiler(tmp_path, module, expected):
    for name in expected - {"keras"}:
        pytest.importorskip(name)
    (tmp_path / "triton.py").touch()  # so that there is one to be found
    done = run(
        f"import sys; sys.path.append({str(tmp_path)!r}); import {module}; "
        f"print(*{FRAMEWORKS!r} & set(sys.modules))"
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == expected


TORCH = """
import torch
weight = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.Adam([weight], lr=0.1)
weight.sum().backward()
optimizer.step()
"""
KERAS = """
import gantutor.keras, tensorflow
tensorflow.function(lambda x: x + 1)(tensorflow.ones(2))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        KERAS,
        "import torch._dynamo" + KERAS + TORCH,
        TORCH + KERAS + TORCH,
        "import triton" + KERAS + TORCH,
        KERAS + "import gantutor.torch as t; t.load_generator('digits').sample(2)",
    ],
    ids=["keras", "compiler first", "optimiser first", "triton first", "samples without training"],
)
def test_orders_of_the_frameworks_with_triton(code):
    for name in ("torch", "tensorflow"):
        pytest.importorskip(name)
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed: it comes with PyTorch's CUDA wheels")
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_the_package_itself_loads_at_once():
    # The interpreter's own start is not counted, and the best of five is free of other work.
    clock = "import time; start = time.perf_counter(); import gantutor; "
    seconds = [float(run(clock + "print(time.perf_counter() - start)").stdout) for _ in range(5)]
    assert min(seconds) < 0.2
