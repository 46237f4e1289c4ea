"""What loggers wrote, read back from the files of TensorBoard and Weights & Biases."""

import glob
import importlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np

from gantutor.runs.history import History


def read_tensorboard(folder) -> History:
    """Return the numbers in the event files of a folder, as float32 has them.

    Parameters
    ----------
    folder : path-like
        Of one run. A file that is cut off or damaged is read to there. What a run that went on
        from an earlier step took back is left out, as TensorBoard does.

    Returns
    -------
    gantutor.runs.history.History

    Raises
    ------
    ModuleNotFoundError
        If the package ``tensorboard`` is not there.
    """
    needed("tensorboard")
    record = History()
    for event in events(Path(folder)):
        if is_restart(event):
            for name, steps in record.steps.items():
                kept = [k for k, step in enumerate(steps) if step < event.step]
                record.steps[name] = [steps[k] for k in kept]
                record.history[name] = [record.history[name][k] for k in kept]
        for value in event.summary.value:
            if value.HasField("simple_value"):
                record.add(event.step, **{value.tag: value.simple_value})
    return record


def read_wandb(folder, run) -> History:
    """Return the numbers in the offline files that Weights & Biases wrote of a run.

    `wandb` has no public reader of these files, and their form may change with a version: this is
    tested with the version that the extra ``practice`` names. A file that is cut off or damaged is
    read to there.

    Parameters
    ----------
    folder : path-like
        As of `WeightsAndBiases`.
    run : str
        The run's ``id``.

    Returns
    -------
    gantutor.runs.history.History
        Of images only the steps are known: their values are NaN.

    Raises
    ------
    ModuleNotFoundError
        If the package ``wandb`` is not there.
    """
    needed("wandb")
    record = History()
    name = glob.escape(run)
    for path in sorted(Path(folder).glob(f"wandb/*run-*-{name}*/run-{name}.wandb")):
        for body in _log_records(path.read_bytes()):
            found = {}
            for item in _parsed(body).history.item:
                # An image is a dictionary, of which each entry is an item.
                name, *inner = item.nested_key or [item.key]
                found[name] = np.nan if inner else json.loads(item.value_json)
            if "step" in found:
                step = found.pop("step")
                record.add(step, **{k: v for k, v in found.items() if not k.startswith("_")})
    return record


def events(folder: Path):
    """Yield the events of a folder, the oldest file first; leave a file where it is damaged.

    This is the reader that TensorBoard has for computers without TensorFlow. Its other one loads
    TensorFlow where it is installed, also beside a training in PyTorch.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub import errors
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

    for path in sorted(folder.glob("*tfevents*")):
        reader = PyRecordReader_New(str(path))
        while True:
            try:
                reader.GetNext()
            except (errors.OutOfRangeError, errors.DataLossError):
                break
            yield Event.FromString(reader.record())


def is_restart(event) -> bool:
    """Return whether an event takes back everything from its step on."""
    return event.HasField("session_log") and event.session_log.status == event.session_log.START


def is_whole(path):
    """Return whether the last thing that `wandb` writes of a run is there."""
    records = list(_log_records(path.read_bytes())) if path.exists() else []
    return any(_parsed(body).WhichOneof("record_type") == "exit" for body in records)


def needed(package: str) -> None:
    """Load a package, or say which extra brings it."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'This needs the package {package}. Install it with: pip install "gantutor[practice]"'
        ) from error


def _log_records(data):
    """Yield the records of a file of `wandb`: LevelDB's log format behind a header of 7 bytes.

    It comes in blocks of 32 KiB, in which each piece of a record has its checksum (4 bytes), its
    length (2) and its kind (1): 1 the whole of a record, 2 its first piece, 3 one between, 4 its
    last. The checksum is zlib's, over kind and piece. https://github.com/google/leveldb/blob/main/doc/log_format.md
    """
    block, at, record = 32768, 7, b""
    while at + 7 <= len(data):
        if block - at % block < 7:  # the rest of a block is too short for a piece
            at += block - at % block
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, at)
        piece = data[at + 7 : at + 7 + length]
        at += 7 + length
        if at > len(data) or zlib.crc32(bytes([kind]) + piece) != checksum:
            return  # cut off, or damaged
        record = piece if kind in (1, 2) else record + piece
        if kind in (1, 4):
            yield record


def _parsed(body):
    # By name: a checker finds nothing in a module that chooses its contents when it is loaded.
    return importlib.import_module("wandb.proto.wandb_internal_pb2").Record.FromString(body)
