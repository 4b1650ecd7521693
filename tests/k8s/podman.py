"""Podman with a store of its own in a folder, and the image built in it without a network."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "k8s" / "Dockerfile"
SOURCE = ("connectors", "dataflows", "LICENSE", "README.md", "constraints.txt", "pyproject.toml")
SUITE, PYTHON = "bookworm", (3, 11)
"""A Debian to stand in for the base that the Dockerfile names, and the Python that it has."""

INCLUDED = "python3,python3-venv,python3-pip,ca-certificates"
TOOLS = ("podman", "runc", "catatonit", "debootstrap", "kubectl")
LOCKED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")

# Limits in words, since those of the machine may be more than a container may be given.
CONTAINERS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{0}/storage"
runroot = "{0}/run"
"""


def why_not() -> str:
    """Why it cannot be done here; empty if it can."""
    if missing := [name for name in TOOLS if not shutil.which(name)]:
        return f"install {', '.join(missing)}"
    if os.geteuid():
        return "only root can make a base image"
    if sys.version_info[:2] != PYTHON:
        return "the wheels must fit the base: run this with Python {}.{}".format(*PYTHON)
    return ""


def call(*words: object, **options: object) -> str:
    """Run a command and return what it prints, both ways; a failure ends everything."""
    done = subprocess.run(
        [*map(str, words)],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}")
    return done.stdout


@contextmanager
def own_store(folder: Path) -> Iterator[None]:
    """Let podman keep everything in a folder; nothing of the machine's own is touched."""
    for name, text in (("CONTAINERS_CONF", CONTAINERS), ("CONTAINERS_STORAGE_CONF", STORAGE)):
        path = folder / name.lower()
        path.write_text(text.format(folder))
        os.environ[name] = str(path)
    try:
        yield
    finally:
        call("podman", "pod", "rm", "--all", "--force")
        call("podman", "system", "reset", "--force")


def build(folder: Path, image: str) -> None:
    """Make the base, fetch the wheels, and build from nothing else."""
    [base] = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    root, context = folder / "base", folder / "context"
    call("debootstrap", "--variant=minbase", f"--include={INCLUDED}", SUITE, root)
    call("tar", "--directory", root, "--create", "--file", folder / "base.tar", ".")
    call("podman", "import", folder / "base.tar", base)
    context.mkdir()
    for name in (*SOURCE, ".dockerignore"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, context / name)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:")
    wanted = ("-c", "constraints.txt", ".[all]", "hatchling")
    call(*pip, "--dest", context / "wheels", *wanted, cwd=ROOT)
    offline = ("--network=none", "--build-arg=PIP_NO_INDEX=1")
    links = "--build-arg=PIP_FIND_LINKS=/src/wheels"
    call("podman", "build", *offline, links, "-f", DOCKERFILE, "-t", image, context)


def run(image: str, *words: object, entrypoint: str = "avstar") -> str:
    """Run a command in the image, locked up as in the cluster, and return what it prints."""
    limits = ("--memory=512m", "--tmpfs=/tmp:size=256m", "--entrypoint", entrypoint)
    return call("podman", "run", "--rm", *LOCKED, *limits, image, *words)


def volume(name: str) -> Path:
    """Make a volume that the image's user may write, and return its folder."""
    call("podman", "volume", "create", name)
    place = call("podman", "volume", "inspect", "--format", "{{.Mountpoint}}", name)
    os.chown(place.strip(), 10001, 10001)
    return Path(place.strip())
