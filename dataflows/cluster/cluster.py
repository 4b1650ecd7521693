"""Which process of a cluster this one is: Bytewax's own variables, in Bytewax's own sense."""

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.errors import RefusedError

PREFIX = "BYTEWAX_"

_ADDRESS = re.compile(r"(\[[^\s\[\]]+\]|[^\s,:;\[\]]+):\d+")
"""`host:port`, an IPv6 host in brackets."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The processes that run one dataflow together, by their addresses (`host:port`).

    `process` is the index of this one. `workers` is how many threads Bytewax's variable asks of
    each process, None if it is not set.
    """

    process: int = 0
    addresses: tuple[str, ...] = ()
    workers: int | None = None

    def __post_init__(self) -> None:
        for address in self.addresses:
            if not _ADDRESS.fullmatch(address):
                raise RefusedError(f"{address!r} is no address of a process; write host:port")
        if len(set(self.addresses)) < len(self.addresses):
            raise RefusedError(f"{PREFIX}ADDRESSES names one address twice; give each its own")
        if self.addresses and not 0 <= self.process < len(self.addresses):
            raise RefusedError(
                f"process {self.process} has no address: {PREFIX}ADDRESSES names "
                f"{len(self.addresses)}, and the first is that of process 0"
            )

    @property
    def size(self) -> int:
        """Number of processes."""
        return max(1, len(self.addresses))

    @property
    def is_alone(self) -> bool:
        """Tell whether there is no other process."""
        return self.size == 1

    @property
    def is_first(self) -> bool:
        """Tell whether this process has the state, and is who the others call."""
        return self.process == 0

    def name(self, process: int) -> str:
        """Return a process's name for people."""
        return f"process {process} at {self.addresses[process]}"


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of an address; an IPv6 host stands in brackets."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


class _Variables(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    addresses: str | None = None
    hostfile_path: Path | None = None
    process_id: int | None = None
    pod_name: str | None = None
    statefulset_name: str | None = None
    workers_per_process: int | None = None


def load_cluster() -> Cluster:
    """Read Bytewax's variables, as `python -m bytewax.run` does.

    Raises:
        RefusedError: One of them cannot be used; the message names it.
    """
    try:
        found = _Variables()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RefusedError(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None
    process = found.process_id if found.process_id is not None else _ordinal(found)
    addresses = found.addresses.split(";") if found.addresses is not None else []
    if process is not None and found.addresses is None:
        addresses = _hosts(found.hostfile_path)
    return Cluster(process or 0, tuple(addresses), found.workers_per_process)


def _ordinal(found: _Variables) -> int | None:
    """Return the index of a pod in its StatefulSet: `name-1` is process 1."""
    if found.pod_name is None or found.statefulset_name is None:
        return None
    ordinal = found.pod_name.replace(f"{found.statefulset_name}-", "")
    if not ordinal.isdecimal():
        raise RefusedError(
            f"{PREFIX}POD_NAME {found.pod_name!r} is no pod of the StatefulSet "
            f"{found.statefulset_name!r}; set {PREFIX}PROCESS_ID instead"
        )
    return int(ordinal)


def _hosts(path: Path | None) -> list[str]:
    if path is None:
        raise RefusedError(
            f"a process has its index but no addresses; set {PREFIX}ADDRESSES (host:port, "
            f"separated by semicolons) or {PREFIX}HOSTFILE_PATH"
        )
    try:
        return [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeError) as error:
        raise RefusedError(f"{PREFIX}HOSTFILE_PATH: {path} cannot be read: {error}") from None
