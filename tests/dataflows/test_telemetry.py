"""Telemetry that is off, misconfigured, or sent to a collector that is dead or hangs."""

import json
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataflows.otel import Otel
from dataflows.telemetry import _settings

New = Callable[..., Any]

NOWHERE = "http://127.0.0.1:9"

LOOK = """
import sys
from dataflows.cli.app import main
sys.argv = ["avstar", *sys.argv[1:]]
try:
    main()
finally:
    rooms = ("opentelemetry", "connectors.telemetry")
    print("imported", sorted(name for name in sys.modules if name.startswith(rooms)))
"""


@contextmanager
def hanging() -> Iterator[str]:
    """Listen on a port, take connections, and never answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def dead() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def events(err: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    return {line["event"]: line for line in lines}


@pytest.fixture
def looked_into(python: New, tmp_path: Path) -> Callable[..., list[str]]:
    """Run the command and tell what it imported of OpenTelemetry."""
    (tmp_path / "looked_into.py").write_text(LOOK)

    def run(*words: object, **variables: str) -> list[str]:
        done = python("looked_into", *words, PYTHONPATH=str(tmp_path), **variables)
        assert done.code == 0, done.err
        return json.loads(done.out.partition("imported ")[2].replace("'", '"'))

    return run


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_SDK_DISABLED": "true"},
        {"OTEL_SERVICE_NAME": "night", "OTEL_TRACES_SAMPLER": "always_on"},
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE,
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
        },
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        },
        {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_BSP_MAX_QUEUE_SIZE": "many"},
    ],
)
def test_off_means_that_nothing_of_it_is_imported(
    variables: dict[str, str], looked_into: New, api: New, new_export: New, tmp_path: Path
) -> None:
    words = ["run", new_export(20), "--out", tmp_path / "out", "--api-url", api().url]
    assert looked_into(*words, **variables) == []


def test_on_it_is_imported(looked_into: New, api: New, new_export: New, tmp_path: Path) -> None:
    words = ["run", new_export(20), "--out", tmp_path / "out", "--api-url", api().url]
    assert "opentelemetry.sdk.trace" in looked_into(*words, OTEL_EXPORTER_OTLP_ENDPOINT=dead())


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf",
        ),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "OTEL_BSP_MAX_QUEUE_SIZE: "),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, "OTEL_…: interval value 0"),
        ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "-5"}, "OTEL_…: OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    ],
)
def test_what_cannot_be_sent_is_told_and_the_upload_goes_on(
    variables: dict[str, str], told: str, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(20, bad=0))
    variables = {"OTEL_BSP_EXPORT_TIMEOUT": "1000", **variables}
    done = upload(OTEL_EXPORTER_OTLP_ENDPOINT=NOWHERE, **variables)
    assert done.code == 0
    [line] = done.complaint.splitlines()
    assert line.startswith(told)
    assert line.endswith("there is no telemetry")
    upload.assert_exact(20)


def test_no_more_is_sent_at_once_than_may_wait() -> None:
    pipe = _settings(Otel(bsp_max_queue_size=10, blrp_max_queue_size=20))
    assert (pipe.spans.batch, pipe.records.batch) == (10, 20)


def test_without_the_extra_that_is_told_and_the_upload_goes_on(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    hidden = tmp_path / "without" / "opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not installed')")
    upload = new_upload(api(), new_export(20, bad=0))
    done = upload(PYTHONPATH=str(hidden.parent), OTEL_EXPORTER_OTLP_ENDPOINT=NOWHERE)
    assert done.code == 0
    assert "the extra `otel` is not installed" in done.complaint
    upload.assert_exact(20)


def test_a_dead_collector_costs_nothing_but_what_was_to_be_sent(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(2000, bad=0))
    done = upload(
        "--log-json",
        OTEL_EXPORTER_OTLP_ENDPOINT=dead(),
        OTEL_TRACES_SAMPLER="always_on",
        OTEL_BSP_EXPORT_TIMEOUT="1000",
    )
    assert done.code == 0
    assert events(done.err)["telemetry dropped"]["why"]
    assert all(line.startswith("{") for line in done.err.splitlines()), done.err
    dropped = events(done.err)["telemetry dropped"]["dropped"]["spans"]
    assert dropped >= 2 + 2 * 2000
    upload.assert_exact(2000)


@pytest.mark.parametrize("signal_", ["traces", "metrics"])
def test_that_all_was_lost_is_told_in_one_line_also_when_the_run_fails(
    signal_: str, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--token", "another"), new_export(20, bad=0))
    done = upload(
        **{f"OTEL_EXPORTER_OTLP_{signal_.upper()}_ENDPOINT": dead()},
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20hush-1234",
        OTEL_BSP_EXPORT_TIMEOUT="1000",
    )
    assert done.code == 1
    told, halted = done.complaint.splitlines()
    what = {"traces": "spans", "metrics": "metric exports"}[signal_]
    assert re.fullmatch(rf"telemetry dropped: \d+ {what}; .+", told)
    assert halted.startswith("avstar: ")
    assert "hush" not in done.err


def test_a_collector_that_never_answers_neither_holds_the_upload_up_nor_its_end(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(1000, bad=0))
    with hanging() as url:
        done = upload(
            "--log-json",
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_TIMEOUT="60000",  # seconds: it is ended, and not waited for
            OTEL_TRACES_SAMPLER="always_on",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_BSP_EXPORT_TIMEOUT="1000",
        )
    assert done.code == 0
    dropped = events(done.err)["telemetry dropped"]["dropped"]
    assert dropped["spans"] >= 2 + 2 * 1000
    assert dropped["log records"] > 0
    upload.assert_exact(1000)


def test_a_run_that_will_be_late_says_so_once(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api(), new_export(2000, bad=0))
    soon = time.strftime("%H:%M", time.localtime(time.time() + 90))
    running = upload.start("--rate", "10/1", "--log-json", "--deadline", soon)
    running.until(lambda: '"deadline at risk"' in running.err)
    time.sleep(2.5)  # it looks every second
    done = running.finish(signal.SIGTERM)
    assert done.err.count('"deadline at risk"') == 1
    assert events(done.err)["deadline at risk"]["told"].startswith("playout in 0:0")


@pytest.mark.parametrize("wrong", ["25:00", "soon", "5"])
def test_a_deadline_that_is_none_is_refused(wrong: str, avstar: New, new_export: New) -> None:
    done = avstar("run", new_export(1), "--deadline", wrong)
    assert done.code == 2
    assert "write it as in 05:30" in done.refusal
