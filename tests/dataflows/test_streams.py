import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CLOSED = """
from dataflows.streams import open_closed
open_closed()
print("not in a file of ours")
assert open("{path}", "xb").fileno() > 2
"""

FULL = """
import sys
from dataflows.streams import let_go
sys.stdout.write("nobody reads this")
let_go(sys.stdout)
"""


def shell(redirections: str, script: str) -> int:
    words = ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-c", script]
    buffered = {name: v for name, v in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(words, cwd=ROOT, env=buffered, check=False).returncode


def test_no_file_gets_the_number_of_a_stream_that_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    assert shell("<&- >&- 2>&-", CLOSED.format(path=path)) == 0
    assert path.read_bytes() == b""


def test_what_cannot_be_written_does_not_decide_how_the_process_ends() -> None:
    assert shell(">/dev/full", FULL) == 0
    assert shell(">/dev/full", FULL.replace("let_go(sys.stdout)", "")) == 120  # as Python has it
