"""Tokens from an identity provider that nobody here wrote: oidc-provider, certified for OpenID."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.avstar import AvstarSettings, OAuthToken
from connectors.errors import HaltedError

NODE = shutil.which("node")
SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
PACKAGES = (
    Path(folder).parent / "lib" / "node_modules" / "oidc-provider"
    for folder in os.environ["PATH"].split(os.pathsep)
)
PACKAGE = next((path for path in PACKAGES if path.is_dir()), None)

CLIENT, SECRET, SECONDS = "night: client", "hush 4b1d+%/&=:~*'\"", 77
"""With all that is encoded in one way in forms, in another in URLs, and divides HTTP Basic."""

pytestmark = pytest.mark.skipif(
    not (NODE and PACKAGE),
    reason="Node.js or oidc-provider (npm) is not installed; .ci/run installs them",
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    assert NODE
    command = [NODE, str(SCRIPT), str(PACKAGE), CLIENT, SECRET, str(SECONDS)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            yield next(line.strip() for line in process.stdout if line.startswith("http"))
        finally:
            process.terminate()


def source_of(url: str, secret: str = SECRET, scope: str = "") -> OAuthToken:
    settings = AvstarSettings(api_url="http://127.0.0.1:9")
    return OAuthToken(url, CLIENT, secret, settings=settings, scope=scope)


@pytest.mark.parametrize("scope", ["", "ingest"])
async def test_a_client_with_an_awkward_secret_is_issued_tokens(url: str, scope: str) -> None:
    first, second = [await source_of(url, scope=scope).fetch() for _ in range(2)]

    assert first.secret != second.secret
    assert (first.lifetime, second.lifetime) == (SECONDS, SECONDS)


async def test_a_wrong_secret_halts_in_the_providers_own_words(url: str) -> None:
    with pytest.raises(HaltedError, match=r"answered 401 \(invalid_client: client authentication"):
        await source_of(url, secret="wrong-e77d").fetch()


async def test_a_page_that_is_not_the_token_endpoint_halts(url: str) -> None:
    with pytest.raises(HaltedError, match=r"answered 404 \(invalid_request: unrecognized route"):
        await source_of(f"{url}s").fetch()
