import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]


def leaving(code: str, **streams: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", f"from dataflows.leave import leave\n{code}"]
    return subprocess.run(command, cwd=ROOT, check=False, text=True, **streams)


def test_the_process_ends_with_a_line_and_nothing_is_wound_up() -> None:
    code = (
        "import atexit; atexit.register(print, 'wound up')\n"
        "try: leave(75, 'avstar: why\\n')\n"
        "finally: print('unwound')\n"
    )
    ended = leaving(code, capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (75, "", "avstar: why\n")


def test_it_ends_whatever_thread_asks_and_whatever_the_others_do() -> None:
    code = (
        "import threading, time\n"
        "threading.Thread(target=leave, args=[75]).start()\n"
        "time.sleep(60)\n"
    )
    ended = leaving(code, capture_output=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (75, "")


def test_a_terminal_gets_its_cursor_back() -> None:
    near, far = os.openpty()
    ended = leaving("leave(75, 'why\\n')", stderr=far)
    os.close(far)
    assert ended.returncode == 75
    assert os.read(near, 100) == b"\x1b[?25h\r\nwhy\r\n"
    os.close(near)


def test_a_log_that_nobody_reads_or_that_is_full_keeps_nobody() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(1 << 12))
    os.set_blocking(writer, True)
    assert leaving("leave(75, 'why\\n')", stderr=writer, timeout=30).returncode == 75
    os.close(reader)
    assert leaving("leave(75, 'why\\n')", stderr=writer, timeout=30).returncode == 75
    os.close(writer)
    with Path("/dev/full").open("wb") as full:
        assert leaving("leave(75, 'why\\n')", stderr=full).returncode == 75
