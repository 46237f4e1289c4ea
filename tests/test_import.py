"""What importing loads, and what it says when an extra is missing."""

import subprocess
import sys

import pytest

# scipy.stats is loaded by the few functions of scikit-image that need it.
SLOW = {"torch", "tensorflow", "keras", "scipy.stats"}


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize(
    "module",
    [
        "gantutor",
        "gantutor.data",
        "gantutor.metrics",
        "gantutor.plots",
        "gantutor.recipes",
        "gantutor.studies",
    ],
)
def test_the_framework_free_parts_load_quickly(module):
    done = run(f"import sys, {module}; print(*{SLOW!r} & set(sys.modules))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


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


def test_the_wrong_backend_is_named():
    pytest.importorskip("torch")
    pytest.importorskip("tensorflow")
    done = run('import os; os.environ["KERAS_BACKEND"] = "torch"; import gantutor.keras')
    assert "needs Keras's TensorFlow backend; got 'torch'" in done.stderr


def test_triton_is_loaded_before_tensorflow(tmp_path):
    # The other way round ends the process where PyTorch is a CUDA build.
    pytest.importorskip("tensorflow")
    (tmp_path / "triton.py").write_text(
        "import sys\nprint('first' if 'tensorflow' not in sys.modules else 'late')\n"
    )
    done = run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import gantutor.keras")
    assert done.stdout.split() == ["first"]
