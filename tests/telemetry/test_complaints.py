import logging
import subprocess
import sys

import pytest

from connectors.telemetry.complaints import Complaints


@pytest.fixture
def complaints():
    complaints = Complaints()
    complaints.attach()
    yield complaints
    complaints.detach()


def test_the_first_complaint_is_kept_in_one_line(complaints) -> None:
    log = logging.getLogger("opentelemetry.exporter")
    log.info("all is well")
    log.warning("no answer\nfrom %s", "there")
    log.error("worse")
    assert complaints.first == "no answer from there"


def test_a_host_that_listens_itself_goes_on_listening(complaints) -> None:
    class Host(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    heard: list[str] = []
    log = logging.getLogger("opentelemetry")
    own, of_all = Host(), Host()
    log.addHandler(own)
    logging.getLogger().addHandler(of_all)
    log.warning("no answer")
    complaints.detach()
    log.warning("still none")
    log.removeHandler(own)
    logging.getLogger().removeHandler(of_all)
    assert heard == ["no answer"] * 2 + ["still none"] * 2
    assert complaints.first == "no answer"


def test_where_nobody_else_listens_nothing_comes_to_the_terminal() -> None:
    script = (
        "import logging; from connectors.telemetry.complaints import Complaints;"
        "one = Complaints(); one.attach(); log = logging.getLogger('opentelemetry.x');"
        "log.error('no answer'); one.detach(); log.error('still none')"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")  # nor after the end, from a thread


def test_an_exception_is_told_by_its_name(complaints) -> None:
    try:
        int("secret")
    except ValueError:
        logging.getLogger("opentelemetry.avstar").exception("telemetry")
    assert complaints.first == "telemetry: ValueError"


def test_a_complaint_of_a_header_may_hold_a_secret_and_is_not_told(complaints) -> None:
    logging.getLogger("opentelemetry.util").warning("Header format invalid: %s", "Bearer hush")
    assert complaints.first == "a header cannot be used"
