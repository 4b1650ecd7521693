import os

import pytest

from dataflows.otel import end_metrics_page, load_otel, metrics_page_wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def load(monkeypatch):
    def load(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        told = []
        return load_otel(told.append), told

    return load


def test_nothing_is_sent_where_nobody_says_where_to(load) -> None:
    assert load(OTEL_SERVICE_NAME="night", OTEL_LOGS_EXPORTER="otlp") == (None, [])


def test_traces_and_metrics_go_to_the_endpoint_and_logs_where_asked(load) -> None:
    otel, _ = load(**ENDPOINT)
    assert [otel.sends(signal) for signal in ("traces", "metrics", "logs")] == [True, True, False]
    otel, _ = load(OTEL_LOGS_EXPORTER="otlp", OTEL_METRICS_EXPORTER="none")
    assert [otel.sends(signal) for signal in ("traces", "metrics", "logs")] == [True, False, True]


def test_a_signal_may_have_an_endpoint_of_its_own(load) -> None:
    otel, _ = load(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:9/v1/traces")
    assert otel.sends("traces")
    assert not otel.sends("metrics")


def test_an_empty_variable_is_not_set_for_the_exporters_either(load) -> None:
    empty = {
        "OTEL_BSP_MAX_QUEUE_SIZE": "",
        "OTEL_SDK_DISABLED": "",
        "OTEL_TRACES_SAMPLER": " ",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "",
    }
    otel, told = load(**ENDPOINT, **empty)
    assert otel
    assert (otel.bsp_max_queue_size, otel.sampler, told) == (2048, "", [])
    assert not set(empty) & set(os.environ)


def test_exporters_that_we_do_not_know_stand_beside_ours(load) -> None:
    otel, _ = load(**ENDPOINT, OTEL_TRACES_EXPORTER="console, OTLP", OTEL_METRICS_EXPORTER="none")
    assert otel.sends("traces")
    assert not otel.sends("metrics")


def test_a_sampler_may_be_written_in_capitals(load) -> None:
    otel, _ = load(**ENDPOINT, OTEL_TRACES_SAMPLER="ALWAYS_OFF")
    assert otel.sampler == "always_off"


def test_where_nothing_is_sent_nothing_is_complained_of(load) -> None:
    assert load(OTEL_BSP_MAX_QUEUE_SIZE="many") == (None, [])


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_BSP_SCHEDULE_DELAY", "0"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_what_cannot_be_kept_is_told_in_one_line(load, variable, value) -> None:
    otel, [line] = load(**ENDPOINT, **{variable: value})
    assert otel is None
    assert line.startswith(variable)


def test_the_page_is_wanted_where_the_engine_serves_it(monkeypatch) -> None:
    assert not metrics_page_wanted()
    monkeypatch.setenv("BYTEWAX_DATAFLOW_API_ENABLED", "1")
    assert metrics_page_wanted()


def test_the_page_ends_with_the_first_engine_of_a_process(monkeypatch) -> None:
    monkeypatch.setenv("BYTEWAX_DATAFLOW_API_ENABLED", "1")
    end_metrics_page()
    assert not metrics_page_wanted()
    end_metrics_page()


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("", "", 0.01),
        ("always_on", "", 1.0),
        ("parentbased_always_on", "", 1.0),
        ("always_off", "", 0.0),
        ("traceidratio", "0.25", 0.25),
        ("ParentBased_TraceIdRatio", "1", 1.0),
        ("traceidratio", "", None),
        ("traceidratio", "a tenth", None),
        ("traceidratio", "2", None),
        ("of_my_own", "0.5", None),
    ],
)
def test_the_share_is_told_by_the_sampler_and_what_is_unknown_is_left_to_the_sdk(
    load, sampler, argument, ratio
) -> None:
    otel, _ = load(**ENDPOINT, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    assert otel.ratio == ratio
