"""What `python -m gantutor.cli` runs."""

import contextlib
import sys

from gantutor.cli import main

with contextlib.suppress(BrokenPipeError):
    sys.exit(main())
