"""The metrics page against Prometheus and its tools; dashboard and alerts against the page."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import promql_parser
import pytest
import yaml

from dataflows.instruments import ANSWERS, INSTRUMENTS
from tests.external.ports import free_port

New = Callable[..., Any]

ROOT = Path(__file__).parents[2]
READY = ROOT / "k8s" / "observability"
SECONDS = 60
NAMES = {one.name for one in INSTRUMENTS} | {ANSWERS}
UNSEEN = {
    "avstar_telemetry_sent_total",
    "avstar_telemetry_dropped_total",
    "avstar_needed_seconds",
    "avstar_deadline_margin_seconds",
    "avstar_exports_waiting",
    "avstar_exports_set_aside_total",
}
"""Without a collector two have nothing to tell, in the first half minute two others, and two where
no folder is followed."""

opener = build_opener(ProxyHandler({}))
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    not (PROMTOOL and PROMETHEUS), reason="Prometheus is not installed; .ci/run installs it"
)


def get(url: str) -> str:
    with opener.open(url, timeout=10) as response:
        return str(response.read().decode())


def try_get(url: str) -> str:
    try:
        return get(url)
    except OSError:
        return ""


@pytest.fixture
def page(api: New, new_export: New, new_upload: New, tmp_path: Path) -> Iterator[str]:
    """Start an upload that lasts, and give the address of its page once it shows a delivery."""
    port = free_port()
    upload = new_upload(api("--fault", "500=0.05"), new_export(5000, bad=0.02))
    variables = {
        "BYTEWAX_DATAFLOW_API_ENABLED": "1",
        "BYTEWAX_DATAFLOW_API_PORT": str(port),
        "BYTEWAX_DATAFLOW_API_CACHE_PATH": str(tmp_path),
    }
    options = ("--rate", "100/1", "--checkpoint-records", "50", "--deadline", "05:30")
    running = upload.start(*options, "--backoff-base", "0.01", **variables)
    url = f"http://127.0.0.1:{port}/metrics"
    running.until(lambda: value(try_get(url), "avstar_retries_total") > 0)
    running.until(lambda: value(try_get(url), "avstar_settled_records") > 100)
    yield url
    running.process.kill()


def value(text: str, name: str) -> float:
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def told(text: str) -> set[str]:
    """Names of our metrics in a text, the parts of the histogram taken together."""
    found = re.findall(r"\bavstar_[a-z_]+[a-z]\b", text)
    return {re.sub(rf"^({ANSWERS})_(bucket|sum|count)$", r"\1", name) for name in found}


@needs_prometheus
def test_prometheus_finds_every_metric_on_the_page_of_a_run_under_way(
    page: str, tmp_path: Path
) -> None:
    lint = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=get(page), capture_output=True, text=True, check=False
    )
    assert not [line for line in lint.stderr.splitlines() if line.startswith("avstar_")]
    configuration = yaml.safe_load((READY / "prometheus.yaml").read_text())
    configuration["rule_files"] = [str(READY / "alerts.yaml")]
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    target = page.removeprefix("http://").removesuffix("/metrics")
    configuration["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    with subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={tmp_path / 'prometheus.yaml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    ) as prometheus:
        try:
            wanted = {
                name for name in NAMES - UNSEEN - {"avstar_needed_seconds"} if "margin" not in name
            }
            found = until(lambda: scraped(port), lambda found: wanted <= found)
            assert found <= NAMES
            assert alerts(port) == {rule["alert"] for rule in rules()}
        finally:
            prometheus.terminate()


def scraped(port: int) -> set[str]:
    query = quote('count by (__name__) ({job="avstar", __name__=~"avstar_.*"})')
    answer = json.loads(try_get(f"http://127.0.0.1:{port}/api/v1/query?query={query}") or "{}")
    names = {one["metric"]["__name__"] for one in answer.get("data", {}).get("result", [])}
    return told("\n".join(names))


def alerts(port: int) -> set[str]:
    groups = json.loads(get(f"http://127.0.0.1:{port}/api/v1/rules"))["data"]["groups"]
    return {rule["name"] for group in groups for rule in group["rules"]}


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((READY / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def until(look: Callable[[], set[str]], good: Callable[[set[str]], bool]) -> set[str]:
    deadline = time.monotonic() + SECONDS
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def test_the_page_the_documents_the_dashboard_and_the_alerts_know_the_same_metrics(
    page: str,
) -> None:
    shown = told(get(page))
    assert shown == NAMES
    document = (ROOT / "docs" / "observability.md").read_text()
    table = re.findall(r"^\| `(avstar_\w+)` \| (\w+) \|", document, re.MULTILINE)
    assert dict(table) == {one.name: one.kind for one in INSTRUMENTS} | {ANSWERS: "histogram"}
    assert told(document) == NAMES
    assert told((READY / "dashboard.json").read_text()) == NAMES
    assert told((READY / "alerts.yaml").read_text()) <= NAMES


def test_the_dashboard_is_what_grafana_knows_and_every_expression_can_be_parsed() -> None:
    why = "grafana-foundation-sdk is not installed; it needs Python 3.11"
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason=why)
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder", reason=why)
    text = (READY / "dashboard.json").read_text()
    parsed = models.Dashboard.from_json(json.loads(text))
    assert json.loads(encoder.JSONEncoder().encode(parsed)) == json.loads(text)
    expressions = list(found(json.loads(text), "expr"))
    assert len(expressions) > 20
    for expression in expressions:
        promql_parser.parse(expression.replace("$__rate_interval", "1m"))
        if "rate(" in expression:
            assert "[$__rate_interval]" in expression, "whatever the interval of the scrapes"


def found(document: Any, key: str) -> Iterator[Any]:
    if isinstance(document, dict):
        yield from (value for name, value in document.items() if name == key)
    inner = document.values() if isinstance(document, dict) else document
    for one in inner if isinstance(document, dict | list) else ():
        yield from found(one, key)


@needs_prometheus
def test_every_alert_has_its_test_and_passes_it() -> None:
    tests = yaml.safe_load((READY / "alerts.test.yaml").read_text())["tests"]
    fired = {
        rule["alertname"]
        for test in tests
        for rule in test["alert_rule_test"]
        if rule["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in rules()}
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run(
            [PROMTOOL, *command], cwd=READY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_stands_in_the_documents() -> None:
    document = (ROOT / "docs" / "observability.md").read_text()
    assert set(re.findall(r"^\| `(Avstar\w+)` \|", document, re.MULTILINE)) == {
        rule["alert"] for rule in rules()
    }


def test_the_pipelines_of_the_collector_are_made_of_what_it_has() -> None:
    collector = yaml.safe_load((READY / "collector.yaml").read_text())
    pipelines = collector["service"]["pipelines"]
    assert set(pipelines) == {"traces", "metrics", "logs"}
    for kind in ("receivers", "processors", "exporters"):
        used = {one for pipeline in pipelines.values() for one in pipeline[kind]}
        assert used == set(collector[kind])
    assert collector["service"]["extensions"] == list(collector["extensions"])


COLLECTOR = {
    "otlp": {"protocols"},
    "memory_limiter": {"check_interval", "limit_percentage", "spike_limit_percentage"},
    "attributes": {"actions"},
    "batch": {"send_batch_size", "timeout"},
    "otlphttp": {"endpoint", "sending_queue", "retry_on_failure"},
    "prometheus": {"endpoint", "add_metric_suffixes"},
    "health_check": {"endpoint"},
}
"""Keys that these components have, by their sources. No collector is to be had here to ask."""


def test_a_component_of_the_collector_is_given_what_it_knows() -> None:
    collector = yaml.safe_load((READY / "collector.yaml").read_text())
    parts = ("receivers", "processors", "exporters", "extensions")
    for name, given in [item for part in parts for item in collector[part].items()]:
        assert set(given) <= COLLECTOR[name.partition("/")[0]], name
    [http] = collector["receivers"]["otlp"]["protocols"].items()
    assert http == ("http", {"endpoint": "0.0.0.0:4318"})
    limit = collector["processors"]["memory_limiter"]
    assert limit["spike_limit_percentage"] < limit["limit_percentage"] <= 100
    for pipeline in collector["service"]["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-1] == "batch"


def test_prometheus_scrapes_what_the_collector_shows() -> None:
    collector = yaml.safe_load((READY / "collector.yaml").read_text())
    port = collector["exporters"]["prometheus"]["endpoint"].rpartition(":")[2]
    jobs = yaml.safe_load((READY / "prometheus.yaml").read_text())["scrape_configs"]
    [job] = [one for one in jobs if one["job_name"] == "collector"]
    assert job["static_configs"][0]["targets"][0].endswith(f":{port}")
    assert job["honor_labels"], "the job is that of the upload, by which the alerts group"


@needs_prometheus
def test_the_configuration_of_prometheus_is_one() -> None:
    command = [PROMTOOL, "check", "config", "prometheus.yaml"]
    done = subprocess.run(command, cwd=READY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
