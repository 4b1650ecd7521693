from bytewax._metrics import generate_python_metrics

from dataflows.meter import Meter
from dataflows.metrics_page import on_metrics_page
from tests.dataflows.test_meter import attempt


def test_the_page_of_the_engine_shows_the_meter_while_the_body_runs() -> None:
    meter = Meter()
    with on_metrics_page(lambda: meter):
        meter.requested(attempt(201, seconds=0.07), 1)
        meter.requested(attempt(429, seconds=40), 1)
        page = generate_python_metrics()
    for line in (
        'avstar_attempts_total{status="2xx"} 1.0',
        "avstar_throttled_total 1.0",
        'avstar_answer_seconds_bucket{le="0.05"} 0.0',
        'avstar_answer_seconds_bucket{le="0.1"} 1.0',
        'avstar_answer_seconds_bucket{le="+Inf"} 2.0',
        "avstar_answer_seconds_count 2.0",
        "# TYPE avstar_quota_used_ratio gauge",
    ):
        assert line in page.splitlines()
    assert "avstar_" not in generate_python_metrics()
