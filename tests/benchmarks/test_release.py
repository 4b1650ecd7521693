import sys
from importlib.metadata import version

from benchmarks.peer.release import release, release_of


def test_a_tool_says_its_release() -> None:
    printed = f"print('tool 3 ({version('aiohttp')})')"
    assert release(sys.executable, "-c", printed) == version("aiohttp")


def test_what_is_not_there_or_says_none_has_none() -> None:
    assert not release("no-such-tool", "--version")
    assert not release(sys.executable, "-c", "print('no number')")
    assert not release_of("no-such-package")


def test_a_package_says_its_release() -> None:
    assert release_of("aiohttp") == version("aiohttp")
