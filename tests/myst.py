"""What only MyST understands, and plain Markdown must not have left."""

import re

MYST = re.compile(
    r"\{[a-z][\w:.-]*\}`"  # a role
    r"|^\s*>?\s*(?::{3,}|[`~]{3,}\{)"  # a directive
    r"|^\([\w-]+\)=$"  # a label
    r"|\{\{ *\w+ *\}\}",  # a substitution
    re.MULTILINE,
)
