"""Pytest plugin: nbval runs each notebook once, and what it got is kept for the pages.

Loaded by `tools/execute.py`. A notebook that the cache holds is not run; its outputs are compared
with the committed ones all the same. One that was run reaches the cache only if no cell failed.
"""

import ast
import contextlib
import copy
import json
import re
import tempfile
import time
from pathlib import Path
from queue import Empty

import execute
import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbval.kernel import RunningKernel, start_new_kernel
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError, coalesce_streams

RECORDER = Path(__file__).with_name("recorder.py")
POLL_SECONDS = 1
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Kernel(RunningKernel):
    """nbval's kernel in an empty folder, whose death is noticed at once and explained."""

    def __init__(self, name: str, startup_timeout: float):
        self.resources = contextlib.ExitStack()
        folder = self.resources.enter_context(tempfile.TemporaryDirectory())
        log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self.log = self.resources.enter_context(log)
        self.km, self.kc = start_new_kernel(startup_timeout, name, stderr=self.log, cwd=folder)
        self.process = self.km.provisioner.process
        self.quiet = 0
        self._ensure_iopub_up()
        self.evaluate(f"__import__('runpy').run_path({str(RECORDER)!r}) and None")
        self.quiet = self.log.tell()  # what it says at its start is of no interest

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Send a cell; unlike nbval with a history, which IPython asks for the final semicolon."""
        return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)

    def get_message(self, stream: str, timeout: float | None = None) -> dict:
        """Wait for the next message, for as long as the kernel lives."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return super().get_message(stream, timeout=POLL_SECONDS)
            except Empty:
                if self.process.poll() is not None:
                    self.log.seek(self.quiet)
                    last = self.log.read().strip()[-2000:]
                    status = self.process.returncode
                    raise DeadKernelError(
                        f"The kernel died with status {status}. {last}".strip()
                    ) from None
                if time.monotonic() > end:
                    raise

    def evaluate(self, expression: str):
        """Value of an expression in the kernel that leaves no trace there."""
        wanted = self.kc.execute("", silent=True, user_expressions={"value": expression})
        while True:
            message = self.get_message("shell", timeout=60)
            if message["parent_header"].get("msg_id") == wanted:
                value = message["content"]["user_expressions"]["value"]
                return ast.literal_eval(value["data"]["text/plain"])

    def close(self) -> None:
        """End the process, if it still runs, and remove its folder."""
        self.stop()
        self.resources.close()


class Notebook(IPyNbFile):
    """A notebook whose outputs come from the cache or, by way of nbval, from its kernel."""

    execution = None
    broken = False

    def collect(self):
        """Code cells, counted from 1."""
        self.codes = []
        for cell in super().collect():
            number = cell.cell_num + 1
            self.codes.append(
                Cell.from_parent(
                    self,
                    name=f"code cell {number}",
                    cell_num=number,
                    cell=cell.cell,
                    options=cell.options,
                )
            )
        return self.codes

    def setup(self):
        """Take the outputs from the cache, or start a kernel."""
        self.setup_sanitize_files()
        self.executed = execute.cached_outputs(self.nb)
        if self.executed is None:
            self.start = time.perf_counter()
            self.executed = copy.deepcopy(self.nb)
            self.executed.metadata.setdefault("language_info", {"name": "python"})
            self.kernel = Kernel(
                self.nb.metadata.kernelspec.name, self.config.option.nbval_kernel_startup_timeout
            )
            # It runs nothing: it turns the messages that nbval receives into a cell's outputs.
            self.client = NotebookClient(self.executed, record_timing=False)
            self.client.kc = self.kernel.kc
            self.client.reset_execution_trackers()
        indices = [i for i, cell in enumerate(self.executed.cells) if cell.cell_type == "code"]
        for cell, index in zip(self.codes, indices, strict=True):
            cell.index = index

    def get_kernel_message(self, timeout=None, stream="iopub"):
        """The next message, whose output goes to the executed notebook, too."""
        message = super().get_kernel_message(timeout, stream)
        with contextlib.suppress(CellExecutionComplete):
            self.client.process_message(message, self.executed.cells[self.running], self.running)
        return message

    def teardown(self):
        """Ask the kernel what it used, then end it."""
        if self.kernel is None:
            return
        if not self.broken:
            found = json.loads(
                self.kernel.evaluate("__import__('sys').modules['gantutor_recorder'].found()")
            )
            seconds = time.perf_counter() - self.start
            # Plain types: with several processes this travels to the one that writes the cache.
            self.execution = {
                "path": str(self.path),
                "notebook": nbformat.writes(self.executed),
                "data": execute.record(found, seconds),
            }
        self.kernel.close()


class Cell(IPyNbCell):
    """A code cell: executed by nbval if need be, then compared."""

    differs = False

    def runtest(self):
        """Fail if the cell raises, if the kernel dies, or if outputs differ where they count."""
        notebook = self.parent
        if notebook.broken:
            pytest.skip("an earlier cell failed")
        outputs = notebook.executed.cells[self.index].outputs
        # nbval compares what it got in this run; here that may come from the cache.
        compared, self.options["check"] = self.options["check"], False
        if notebook.kernel is not None:
            outputs.clear()
            notebook.running, notebook.broken = self.index, True
            notebook.client.clear_before_next_output = False
            try:
                super().runtest()
            except DeadKernelError as problem:
                self.raise_cell_error(str(problem))
            notebook.broken = False
        if self.config.option.compare and compared:
            found, committed = copy.deepcopy([outputs, self.cell.outputs])
            if not self.compare_outputs(coalesce_streams(found), coalesce_streams(committed)):
                self.differs = True
                self.raise_cell_error("Cell outputs differ", "\n".join(self.comparison_traceback))

    def repr_failure(self, excinfo):
        """The error's last line first, because pytest's summary shows the first one."""
        if not isinstance(excinfo.value, NbCellError):
            return super().repr_failure(excinfo)
        problem = excinfo.value
        details = (problem.inner_traceback or "").strip()
        title = details.splitlines()[-1] if details and not self.differs else str(problem)
        text = "\n\n".join(filter(None, [title, problem.source, details]))
        return COLOUR.sub("", text) if self.config.option.color == "no" else text


class Keeper:
    """Puts executed notebooks into the cache; in the main process only, so that one writes."""

    def __init__(self, terminal):
        self.cache = execute.open_cache()
        self.terminal = terminal

    def pytest_runtest_logreport(self, report):
        """Keep what the last cell of a notebook brings."""
        if execution := getattr(report, "execution", None):
            execute.keep(self.cache, **execution)
            name = Path(execution["path"]).relative_to(execute.ROOT).as_posix()
            seconds = execution["data"]["execution_seconds"]
            self.terminal.ensure_newline()
            self.terminal.write_line(f"executed {name} in {seconds:.1f} s")

    def pytest_report_teststatus(self, report):
        """No dot for a cell: a line for each notebook is enough."""
        return ("passed", "", "") if report.when == "call" and report.passed else None


def pytest_addoption(parser):
    """One option beside nbval's."""
    parser.addoption(
        "--compare", action="store_true", help="fail if an output differs from the committed one"
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Let one process keep the results."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Keeper(config.pluginmanager.getplugin("terminalreporter")))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Put this notebook in the place of nbval's."""
    return [
        Notebook.from_parent(parent, path=file_path) if isinstance(found, IPyNbFile) else found
        for found in (yield)
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Send a notebook's execution along with the end of its last cell."""
    report = yield
    if call.when == "teardown" and item.parent.execution:
        report.execution, item.parent.execution = item.parent.execution, None
    return report
