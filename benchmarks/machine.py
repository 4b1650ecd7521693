"""The machine and the versions that figures hold for."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.peer.release import release_of

PACKAGES = ("bytewax", "pydantic", "msgspec", "aiohttp", "httptools", "uvloop", "backports.zstd")


def machine() -> dict[str, str]:
    """Say what the figures were measured on and with, and how busy it was then."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{memory / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "versions": ", ".join(
            f"{name} {release_of(name)}" for name in PACKAGES if release_of(name)
        ),
        "commit": _commit(),
        "load": f"{os.getloadavg()[0]:.1f} before the first figure",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
