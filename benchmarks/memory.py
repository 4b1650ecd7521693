"""Peak memory of `avstar run --validate-only` over an export and one 20 times its size.

python benchmarks/memory.py [--records 100000]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from dataflows.generate import Sample, generate

TIMES = 20


def peak_megabytes(path: Path, out: Path) -> float:
    """Run the command and return its peak resident memory, as the system accounts for it."""
    command = [sys.executable, "-m", "dataflows.cli", "run", str(path), "--out", str(out)]
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--validate-only"],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout) / 1024


def main() -> None:
    """Measure, and print both peaks and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for records in (options.records, TIMES * options.records):
            path = Path(folder) / f"{records}.ndjson"
            with path.open("wb") as file:
                file.writelines(generate(Sample(records)))
            peaks.append(peak_megabytes(path, Path(folder) / "out"))
            size = path.stat().st_size / 1e6
            print(f"{records:>12,} records  {size:8.1f} MB  {peaks[-1]:7.1f} MB peak")
    print(f"ratio of the peaks: {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
