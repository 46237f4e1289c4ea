"""What every test runs under, however pytest was started: one thread, no window, few log lines."""

import os
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis.strategies import none

# The same examples at every run, and none refused because a machine is slow.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile("suite")

for name, value in {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "Agg",
}.items():
    os.environ.setdefault(name, value)

# Tests of both frameworks share a process, in any order. PyTorch's first optimiser imports Triton
# where that is installed, and Triton 3.7 or newer, imported after TensorFlow, ends the process.
if find_spec("triton"):
    import triton  # noqa: F401


@pytest.hookimpl(trylast=True)
def pytest_sessionstart():
    """Run a first example of Hypothesis, before which it collects the garbage of the process.

    That takes no time now, and half a minute after the tests that train.
    """
    given(none())(lambda nothing: None)()


def pytest_addoption(parser):
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="keep pictures of all built pages in _build/screenshots, not only of those that fail",
    )


@pytest.fixture(params=["torch", "keras"])
def twin(request):
    """`gantutor.torch` and `gantutor.keras`, one after the other, under one set of names."""
    from twin import Twin

    return Twin(request.param)
