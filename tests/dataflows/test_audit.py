import json
import logging
import re
from collections.abc import Iterator

import pytest

from dataflows.audit import also_handle, configure_audit
from dataflows.quiet import quiet_engine

NAMES = ("connectors", "dataflows")


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    before = [
        (log, log.handlers, log.level, log.propagate) for log in map(logging.getLogger, NAMES)
    ]
    yield
    for log, handlers, level, propagate in before:
        log.handlers, log.level, log.propagate = handlers, level, propagate
        log.manager._clear_cache()


def test_an_event_is_one_json_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_audit(json_lines=True)
    logging.getLogger("connectors.avion.validator").info(
        "rejected", extra={"line": 7, "detail": "a\nb", "export": "Müller.ndjson"}
    )
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "level": "INFO",
        "logger": "connectors.avion.validator",
        "event": "rejected",
        "line": 7,
        "detail": "a\nb",
        "export": "Müller.ndjson",
    }
    assert "Müller" in line


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_is_one_line_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_audit(json_lines=True)
    logging.getLogger(f"{name}.x").error("unexpected", exc_info=ValueError("broken"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: broken" in json.loads(line)["exc_info"]


@pytest.mark.parametrize("name", NAMES)
def test_without_json_lines_nothing_is_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_audit(json_lines=False)
    logging.getLogger(f"{name}.x").error("unexpected")
    assert capsys.readouterr().err == ""


def test_configured_twice_an_event_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure_audit(json_lines=True)
    configure_audit(json_lines=True)
    logging.getLogger("dataflows.runner").info("started")
    assert capsys.readouterr().err.count("started") == 1


def test_events_reach_the_terminal_while_the_engine_is_kept_off_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_audit(json_lines=True)
    with quiet_engine():
        logging.getLogger("dataflows.runner").info("streaming")
    assert json.loads(capfd.readouterr().err)["event"] == "streaming"


def test_logs_of_others_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    configure_audit(json_lines=True)
    logging.getLogger("somebody.else").warning("theirs")
    assert caplog.messages == ["theirs"]


def test_what_is_about_a_spot_names_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    configure_audit(json_lines=True)
    log = logging.getLogger("connectors.x")
    log.info("retry", extra={"request_id": "ab" * 16, "span_id": "1" * 16})
    log.info("rejected", extra={"trace_id": "cd" * 16})
    log.info("closed")
    retry, rejected, closed = map(json.loads, capsys.readouterr().err.splitlines())
    assert (retry["trace_id"], retry["span_id"]) == ("ab" * 16, "1" * 16)
    assert rejected["trace_id"] == "cd" * 16
    assert "trace_id" not in closed


def test_one_more_handler_takes_all_events_for_a_time_whatever_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_audit(json_lines=False)
    taken: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = taken.append  # type: ignore[method-assign]
    log = logging.getLogger("dataflows.x")
    with also_handle(handler):
        log.info("retry", extra={"request_id": "ab" * 16})
    log.critical("after")
    assert [one.msg for one in taken] == ["retry"]
    assert taken[0].trace_id == "ab" * 16  # type: ignore[attr-defined]
    assert capsys.readouterr().err == ""
