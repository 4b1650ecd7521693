import os
import sys

import pytest

from dataflows.quiet import quiet_engine


def test_what_the_engine_writes_is_kept_off_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_engine() as noise:
        os.write(2, b"thread panicked\n")
    assert noise is not None
    assert capfd.readouterr().err == ""


def test_what_the_engine_says_of_other_processes_is_kept_off_standard_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sys.stdout.write("before\n")
    with quiet_engine() as noise:
        os.write(1, b"error connecting to worker 0\n")
        assert noise.text() == "error connecting to worker 0\n"
    sys.stdout.write("after\n")
    assert capfd.readouterr().out == "before\nafter\n"


def test_the_noise_can_be_read(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_engine() as noise:
        os.write(2, b"thread panicked \xff\n")
        assert noise.text() == "thread panicked \N{REPLACEMENT CHARACTER}\n"
        os.write(2, b"again\n")
        assert noise.text().endswith("again\n")


def test_python_still_writes_to_the_real_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_engine() as noise:
        sys.stderr.write("told\n")
        noise.stderr.write("too\n")
    assert capfd.readouterr().err == "told\ntoo\n"


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_all_is_as_before_afterwards(
    capfd: pytest.CaptureFixture[str], error: type[BaseException] | None
) -> None:
    before, handles = sys.stderr, set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    try:
        with quiet_engine():
            if error:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert sys.stderr is before
    assert set(os.listdir("/proc/self/fd")) == handles  # noqa: PTH208
    os.write(2, b"back\n")
    assert capfd.readouterr().err == "back\n"
