"""What a real run tells an OTLP receiver that nobody here wrote."""

import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest

from connectors.avion import survey
from connectors.trail import trace_of_record
from tests.dataflows.test_avion_to_avstar import FILE, Plain
from tests.external.ports import free_port
from tests.external.rotel import Received, Rotel, program
from tests.processes import TOKEN

New = Callable[..., Any]

PROGRAM = program()
SECONDS = 60
HEADER = "collector-key-77b1"
PATIENT = ("--backoff-base", "0.01", "--breaker-failures", "50")
"""Many faults at random are no outage."""

pytestmark = pytest.mark.skipif(not PROGRAM, reason="rotel is not installed; it has no wheel here")


@pytest.fixture
def rotel(tmp_path: Path) -> Iterator[Rotel]:
    grpc, http = free_port(), free_port()
    words = ["start", "--exporter", "blackhole", "--debug-log-verbosity", "detailed"]
    words += [word for signal in ("traces", "metrics", "logs") for word in ("--debug-log", signal)]
    words += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    words += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--pid-file", str(tmp_path / "pid")]
    output = tmp_path / "rotel.out"
    with (
        output.open("wb") as file,
        subprocess.Popen([str(PROGRAM), *words], stdout=file, stderr=file) as process,
    ):
        wait_for(http)
        yield Rotel(process, f"http://127.0.0.1:{http}", output)
        process.kill()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("rotel does not listen")


def variables(rotel: Rotel, **more: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": rotel.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={HEADER}",
        "OTEL_SERVICE_NAME": "night",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        **more,
    }


def by_trace(spans: list[Received]) -> dict[str, list[Received]]:
    traces = defaultdict(list)
    for span in spans:
        traces[span.trace].append(span)
    return traces


def named(spans: list[Received], name: str) -> list[Received]:
    return [span for span in spans if span.name == name]


def test_every_spot_is_found_by_its_request_id_and_tells_all(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    export = new_export(300)
    upload = new_upload(api("--fault", "500=0.1", "--fault", "lost=0.05"), export)

    done = upload(*PATIENT, **variables(rotel, OTEL_TRACES_SAMPLER="always_on"))

    assert (done.code, done.err) == (0, "")
    spans = rotel.until("run")
    (start,), (run,) = named(spans, "start run"), named(spans, "run")
    assert run.parent == start.span
    assert survey(export).checksum in start.attributes["avstar.checksums"]
    assert start.attributes["avstar.workers"] == "1"
    traces, receipts = by_trace(spans), upload.rows("receipts")
    assert len(receipts) == 290
    for receipt in receipts:
        story = traces[receipt["request_id"]]
        (spot,) = named(story, "deliver spot")
        assert spot.links == [(start.trace, start.span)]
        assert (spot.parent, spot.status) == ("", "UNSET")
        assert spot.attributes == {
            "avstar.spot.id": receipt["spot_id"],
            "avstar.station": receipt["station"],
            "avstar.airtime": receipt["airtime"],
            "avstar.export": survey(export).key,
            "avstar.line": str(receipt["line"]),
            "avstar.offset": str(receipt["offset"]),
            "avstar.outcome": receipt["outcome"],
            "avstar.attempts": str(receipt["attempts"]),
        }
        attempts = named(story, "POST")
        assert len(attempts) == receipt["attempts"]
        assert {span.kind for span in attempts} == {"CLIENT"}
        assert {span.parent for span in story} == {"", spot.span}
        resent = [span.attributes.get("http.request.resend_count", "0") for span in attempts]
        assert sorted(resent, key=int) == [str(i) for i in range(receipt["attempts"])]
        statuses = [span.attributes.get("http.response.status_code") for span in attempts]
        assert str(receipt["status"]) in statuses
        assert len(named(story, "backoff")) < receipt["attempts"]  # some are too short to be felt
    assert named(spans, "backoff")
    assert "service.name: Str(night)" in rotel.text
    assert "deployment.environment: Str(test)" in rotel.text
    rejected = upload.rows("dead-letters")
    assert len(rejected) == 10
    for letter in rejected:
        trace = trace_of_record(survey(export).checksum, letter["offset"])
        (span,) = traces[trace]
        assert (span.name, span.status) == ("reject record", "ERROR")
        assert span.attributes["avstar.outcome"] == letter["reason"]
        assert span.attributes["avstar.line"] == str(letter["line"])


def test_what_a_spot_waited_for_stands_in_its_trace(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "500=1"), new_export(60, bad=0))
    told = variables(rotel, OTEL_TRACES_SAMPLER="always_on")
    options = ("--rate", "200/1", "--breaker-pause", "1", "--backoff-base", "0.01", "--log-json")
    running = upload.start(*options, **told)
    running.until(lambda: "breaker half open" in running.err)
    upload.api.faults({"throttle": 0.1})

    assert running.finish().code == 0

    spans = rotel.until("run")
    spots = {span.span: span.trace for span in named(spans, "deliver spot")}
    for name in ("wait for quota", "wait for breaker", "backoff", "pause told by API"):
        found = named(spans, name)
        assert found, name
        for span in found:
            assert spots[span.parent] == span.trace


def test_of_the_good_spots_few_are_traced_and_of_the_others_all(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "500=0.05"), new_export(2000, bad=0))

    done = upload(*PATIENT, **variables(rotel, BYTEWAX_WORKERS_PER_PROCESS="2"))

    assert done.code == 0
    spans = rotel.until("run")
    assert named(spans, "run")[0].attributes["avstar.workers"] == "2"
    traced = {span.trace for span in named(spans, "deliver spot")}
    receipts = upload.rows("receipts")
    again = {receipt["request_id"] for receipt in receipts if receipt["attempts"] > 1}
    good = {receipt["request_id"] for receipt in receipts} - again
    assert len(again) > 20
    assert again <= traced
    assert 0 < len(traced & good) < 100


def test_attempts_before_and_after_a_crash_stand_in_one_trace(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(2000, bad=0))
    told = variables(rotel, OTEL_TRACES_SAMPLER="always_on", OTEL_BSP_SCHEDULE_DELAY="20")
    running = upload.start("--rate", "300/1", "--checkpoint-seconds", "30", **told)
    running.until(lambda: upload.accepted > 200 and "deliver spot" in rotel.text)
    killed = running.finish(signal.SIGKILL)

    again = upload(**told)

    assert (killed.code, again.code) == (-signal.SIGKILL, 0)
    upload.assert_exact(2000)
    traces = by_trace(rotel.until("run"))
    outcomes = [
        Counter(span.attributes["avstar.outcome"] for span in named(story, "deliver spot"))
        for story in traces.values()
    ]
    assert Counter({"accepted": 1, "duplicate": 1}) in outcomes
    twice = next(story for story in traces.values() if len(named(story, "deliver spot")) == 2)
    runs = {link for span in named(twice, "deliver spot") for link in span.links}
    starts = {(span.trace, span.span): span for span in named(rotel.spans(), "start run")}
    assert runs == set(starts)


def test_no_secret_and_no_header_is_in_any_signal(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    faults = ("--fault", "expired=0.02", "--fault", "500=0.02")
    upload = new_upload(api(*faults), new_export(300))
    told = variables(
        rotel,
        OTEL_TRACES_SAMPLER="always_on",
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_METRIC_EXPORT_INTERVAL="200",
    )

    done = upload(*PATIENT, **told)

    assert done.code == 0
    rotel.until("run")
    text = rotel.text
    assert all(word in text for word in ("Span #", "LogRecord #", "avstar_answer_seconds"))
    assert "Body: Str(token refused)" in text
    for secret in (TOKEN, HEADER, "Bearer", "uthorization"):
        assert secret not in text


def test_a_log_record_about_a_spot_stands_in_its_trace(
    rotel: Rotel, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "500=0.2"), new_export(50, bad=0))

    done = upload(*PATIENT, **variables(rotel, OTEL_LOGS_EXPORTER="otlp"))

    assert (done.code, done.err) == (0, "")
    attempts = {(span.trace, span.span) for span in named(rotel.until("run"), "POST")}
    records = rotel.text.split("LogRecord #")[1:]
    retries = [record for record in records if "Body: Str(retry)" in record]
    assert retries
    for record in retries:
        trace = record.partition("Trace ID       : ")[2].split("\n")[0]
        span = record.partition("Span ID        : ")[2].split("\n")[0]
        assert (trace, span) in attempts


def test_a_run_under_plain_bytewax_has_its_span_too(
    rotel: Rotel, python: New, api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    plain = Plain(python, new_upload(api(), new_export(300, bad=0)), tmp_path)
    plain.prepare()

    done = plain.start(FILE, **variables(rotel, OTEL_TRACES_SAMPLER="always_on")).finish()

    assert (done.code, done.err) == (0, "")
    spans = rotel.until("run")
    (run,) = named(spans, "run")
    assert (run.status, len(named(spans, "deliver spot"))) == ("UNSET", 300)


def test_one_that_fails_under_plain_bytewax_says_why(
    rotel: Rotel, python: New, api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    plain = Plain(python, new_upload(api("--token", "another"), new_export(30)), tmp_path)
    plain.prepare()

    done = plain.start(FILE, **variables(rotel)).finish()

    assert done.code == 1
    (run,) = named(rotel.until("run"), "run")
    assert run.status == "ERROR"
    assert "check the token and the API URL" in rotel.text
