import logging

import pytest

from connectors.telemetry.complaints import Complaints


@pytest.fixture
def complaints():
    log = logging.getLogger("opentelemetry")
    before = (log.propagate, log.handlers)
    complaints = Complaints()
    complaints.attach()
    yield complaints
    log.propagate, log.handlers = before


def test_the_first_complaint_is_kept_and_nobody_else_hears_of_any(complaints) -> None:
    log = logging.getLogger("opentelemetry.exporter")
    log.info("all is well")
    log.warning("no answer\nfrom %s", "there")
    log.error("worse")
    assert complaints.first == "no answer from there"
    assert not logging.getLogger("opentelemetry").propagate


def test_an_exception_is_told_by_its_name(complaints) -> None:
    try:
        int("secret")
    except ValueError:
        logging.getLogger("opentelemetry.avstar").exception("telemetry")
    assert complaints.first == "telemetry: ValueError"


def test_a_complaint_of_a_header_may_hold_a_secret_and_is_not_told(complaints) -> None:
    logging.getLogger("opentelemetry.util").warning("Header format invalid: %s", "Bearer hush")
    assert complaints.first == "a header cannot be used"
