"""All figures in one run: a table of ratios, results as JSON, and a picture of each.

    python -m benchmarks [PART...] [--out build/bench] [--quick]

Each part is a process of its own, which can be run by itself with options of its own. `--quick`
shows that all parts run: its figures mean nothing. A part whose tool is missing says so and how to
install it, and has no row. Run it on a machine that does nothing else: the load stands beside it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.figure import load
from benchmarks.machine import machine
from benchmarks.plot import plot
from benchmarks.table import print_table

FOLDER = Path(__file__).parent

PARTS: dict[str, tuple[str, ...]] = {
    "validation": ("--records", "3000", "--rounds", "1"),
    "formats": ("--records", "3000", "--rounds", "1"),
    "survey": ("--megabytes", "8", "--rounds", "1"),
    "scaling": ("--megabytes", "68", "--rounds", "1"),
    "growth": ("--records", "5000"),
    "memory": ("--megabytes", "7", "14", "--other-forms", "7", "14"),
    "heap": ("--batches", "3"),
    "upload": ("--spots", "500", "--rounds", "1", "--latency", "0"),
    "peers": ("--spots", "500", "--rounds", "1"),
    "checkpointing": ("--spots", "500", "--rounds", "1"),
    "tracing": ("--spots", "500", "--rounds", "1"),
    "resume": ("--megabytes", "10", "--records", "6000", "--rounds", "1"),
    "quota": ("--windows", "1"),
    "bulk": ("--rate", "20/2", "--windows", "1"),
}
"""Every part, and the options that make it quick."""


def run_part(name: str, out: Path, *, quick: bool) -> Path | None:
    """Run a part as a process; return the file of its figures, None if it failed."""
    path = out / f"{name}.json"
    path.unlink(missing_ok=True)
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--json", str(path)]
    print(f"\n== {name}", flush=True)
    done = subprocess.run([*command, *(PARTS[name] if quick else ())], check=False)
    if done.returncode or not path.exists():
        print(f"{name} ended with {done.returncode}, so it has no rows", flush=True)
        return None
    return path


def main() -> None:
    """Run the parts, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    about = machine()
    found = [run_part(name, options.out, quick=options.quick) for name in options.parts or PARTS]
    figures = [one for path in found if path for one in load(path)]
    (options.out / "machine.json").write_text(json.dumps(about, indent=1) + "\n")
    for figure in figures:
        plot(figure, options.out, f"{about['processor']}, Python {about['python']}")
    print()
    print_table(figures)
    for name, value in about.items():
        print(f"{name:<10} {value}")
    print(f"kept in {options.out}: figures as JSON, a picture of each")
    sys.exit(None in found)


if __name__ == "__main__":
    main()
