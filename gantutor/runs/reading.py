"""What loggers wrote, read back from the files of TensorBoard and Weights & Biases."""

import importlib
import json
import struct
from pathlib import Path

import numpy as np

from gantutor.runs.history import History


def read_tensorboard(folder) -> History:
    """Return the numbers in the event files of a folder, as float32 has them.

    Parameters
    ----------
    folder : path-like
        Of one run. A record cut off at the end, of a process that was killed, is left out.

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
    for path in event_files(Path(folder)):
        for step, value in event_values(path):
            if value.HasField("simple_value"):
                record.add(step, **{value.tag: value.simple_value})
    return record


def read_wandb(folder, run) -> History:
    """Return the numbers in the offline files that Weights & Biases wrote of a run.

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
    for path in sorted(Path(folder).glob(f"wandb/*run-*-{run}*/run-{run}.wandb")):
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


def event_files(folder: Path) -> list[Path]:
    """Return the event files in a folder, the oldest first."""
    return sorted(folder.glob("*tfevents*"))


def event_values(path):
    """Yield the step and each value of the events in a file; stop where it is cut off."""
    from tensorboard.compat.proto.event_pb2 import Event

    data, at = path.read_bytes(), 0
    # A record is its length (8 bytes), a sum over these, the bytes, and a sum over them.
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        body = data[at + 12 : at + 12 + length]
        at += 16 + length
        if at <= len(data):
            event = Event.FromString(body)
            for value in event.summary.value:
                yield event.step, value


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
    last. https://github.com/google/leveldb/blob/main/doc/log_format.md
    """
    block, at, record = 32768, 7, b""
    while at + 7 <= len(data):
        if block - at % block < 7:  # the rest of a block is too short for a piece
            at += block - at % block
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        piece = data[at + 7 : at + 7 + length]
        at += 7 + length
        if at > len(data) or not 1 <= kind <= 4:
            return  # cut off
        record = piece if kind in (1, 2) else record + piece
        if kind in (1, 4):
            yield record


def _parsed(body):
    # By name: a checker finds nothing in a module that chooses its contents when it is loaded.
    return importlib.import_module("wandb.proto.wandb_internal_pb2").Record.FromString(body)
