import pytest

from connectors.avstar.sandbox import Faults, Latency, Rate, SandboxSettings
from connectors.errors import RefusedError


def test_the_defaults_are_harmless_and_local():
    settings = SandboxSettings()
    assert (settings.host, settings.port) == ("127.0.0.1", 0)
    assert (settings.rate, settings.conflict) == (Rate(600, 60), 422)
    assert (settings.faults, settings.latency) == (Faults(), Latency())
    assert (settings.oauth_faults, settings.token_seconds) == (Faults(), 3600)


def test_neither_token_nor_client_secret_is_shown():
    assert "hunter2" not in repr(SandboxSettings(token="hunter2", client_secret="hunter2"))


@pytest.mark.parametrize(
    "settings", [{"client_id": ""}, {"client_secret": ""}, {"token_seconds": 0}]
)
def test_a_client_that_could_get_no_token_is_refused(settings):
    with pytest.raises(RefusedError):
        SandboxSettings(**settings)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port):
    with pytest.raises(RefusedError, match="port must be 0 to 65535"):
        SandboxSettings(port=port)


@pytest.mark.parametrize("token", ["", "geheim\n", "gehëim"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    with pytest.raises(RefusedError, match="token must be printable ASCII"):
        SandboxSettings(token=token)
