"""Measure `import gantutor` in fresh processes, and check that it loads neither framework.

python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys

from common import write_results

CODE = """
import sys, time
begin = time.perf_counter()
import gantutor
seconds = time.perf_counter() - begin
assert not {"torch", "tensorflow", "keras"} & set(sys.modules)
print(seconds)
"""


def main():
    command = [sys.executable, "-c", CODE]
    times = [float(subprocess.check_output(command)) for _ in range(10)]
    median = statistics.median(times)
    print(f"import gantutor: {median:.4f} s (median of {len(times)}; slowest {max(times):.4f} s)")
    write_results("import_time", {"median_seconds": median, "seconds": times})


if __name__ == "__main__":
    main()
