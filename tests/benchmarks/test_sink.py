import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest

from benchmarks.sink import opener, sink


def post(url):
    with opener.open(f"{url}/ingest", b"{}", timeout=10) as response:
        return response.status


def test_the_sink_takes_everything_and_knows_when_it_came():
    with sink() as server:
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(post, [server.url] * 20)) == {201}
        seen = server.seen()
        assert (seen["taken"], seen["refused"]) == (20, 0)
        assert 0 < seen["seconds"] < time.monotonic() - began


def test_beyond_its_rate_it_refuses_with_a_time_to_wait():
    with sink("--rate", "2/60") as server:
        assert [post(server.url) for _ in range(2)] == [201, 201]
        with pytest.raises(HTTPError) as caught:
            post(server.url)
        assert caught.value.code == 429
        caught.value.close()
        assert 50 < int(caught.value.headers["Retry-After"]) <= 60
        seen = server.seen()
        assert (seen["taken"], seen["refused"]) == (2, 1)
