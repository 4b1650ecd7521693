import pytest
import yaml

from tests.k8s.manifests import K8S, OVERLAYS, documents, needs_kubectl, of_kind, workload

pytestmark = needs_kubectl


@pytest.fixture(params=OVERLAYS)
def monitored(request):
    return documents(request.param, "components/monitoring")


def test_the_operator_gets_the_alerts_that_prometheus_has_tested(monitored):
    [rule] = of_kind(monitored, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((K8S / "observability" / "alerts.yaml").read_text())


def test_prometheus_finds_the_page_by_the_name_of_its_port(monitored):
    [monitor] = of_kind(monitored, "PodMonitor")
    ports = {port["name"] for port in workload(monitored, "avstar-upload").main["ports"]}
    assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports
