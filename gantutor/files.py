"""Files that appear whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

#: How the names of unfinished files end; they begin with a dot.
INCOMPLETE = ".incomplete"
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; what was written appears under the file's name at the end.

    The file appears only when every byte is on the disk: an error, or a process killed at any
    moment, leaves the old file or the new one, never half of one. Each writer has a path of its
    own, so that two of them do not mix; the last to end stays.

    Parameters
    ----------
    path : path-like
        File to write, in a folder that exists; an existing file is replaced.

    Yields
    ------
    pathlib.Path
        In the same folder.

    Raises
    ------
    OSError
        If the folder does not exist, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "answers.csv"
    >>> with whole_file(path) as unfinished:
    ...     _ = unfinished.write_text("left, right")
    ...     path.exists()
    False
    >>> path.read_text()
    'left, right'
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} for {path.name}.")
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}{INCOMPLETE}")
    try:
        yield unfinished
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # not every file system knows rights
            os.chmod(unfinished, 0o666 & ~_UMASK)  # safetensors' files are for their owner alone
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the file is there, whatever happens to its folder now
        _sync(path.parent)


def _sync(folder):
    # Without this the new name may be lost in a power cut. Windows cannot open folders.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
