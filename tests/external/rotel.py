"""An OTLP receiver that prints all it gets, and what it printed."""

import re
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

SECONDS = 60
SPAN = re.compile(r"^Span #\d+$", re.MULTILINE)
RESOURCE = re.compile(r"^(?:ResourceSpans|ResourceLog|ResourceMetrics?) #", re.MULTILINE)
FIELD = re.compile(r"^ +(Trace ID|Parent ID|ID|Name|Kind|Status code) +: (.*)$", re.MULTILINE)
ATTRIBUTE = re.compile(r"^ +-> ([\w.]+): \w+\((.*)\)$", re.MULTILINE)
LINK = re.compile(r"^ +-> Trace ID: (\w+)\n +-> ID: (\w+)$", re.MULTILINE)


def program() -> Path | None:
    spec = find_spec("rotel")
    path = Path(spec.origin).with_name("rotel-agent") if spec and spec.origin else None
    return path if path and path.exists() else None


class Received(NamedTuple):
    """A span as it came."""

    trace: str
    span: str
    parent: str
    name: str
    kind: str
    status: str
    attributes: dict[str, str]
    links: list[tuple[str, str]]


def read(block: str) -> Received:
    own, _, linked = block.partition("\nLinks:")
    fields = {name: value.strip() for name, value in FIELD.findall(own)}
    return Received(
        fields["Trace ID"],
        fields["ID"],
        fields["Parent ID"],
        fields["Name"],
        fields["Kind"].removeprefix("SPAN_KIND_"),
        fields["Status code"].removeprefix("STATUS_CODE_"),
        dict(ATTRIBUTE.findall(own)),
        LINK.findall(linked),
    )


class Rotel:
    """The receiver, in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, output: Path) -> None:
        self.process = process
        self.url = url
        self._output = output

    @property
    def text(self) -> str:
        return self._output.read_text(errors="replace")

    def spans(self) -> list[Received]:
        """Give all spans that have come so far."""
        blocks = RESOURCE.split(self.text)
        return [read(one) for block in blocks for one in SPAN.split(block)[1:]]

    def until(self, name: str) -> list[Received]:
        """Wait for a span of this name, such as the last one of a run, and give all."""
        deadline = time.monotonic() + SECONDS
        while f": {name}\n" not in self.text:
            assert time.monotonic() < deadline, self.text[-2000:]
            time.sleep(0.1)
        time.sleep(0.5)  # the rest of its batch is being printed
        return self.spans()
