import pytest

from connectors.errors import HaltedError
from connectors.scratch import scratch


def test_tables_are_there_for_their_time() -> None:
    with scratch("CREATE TABLE one (value);") as database:
        database.execute("INSERT INTO one VALUES (1)")
        assert database.execute("SELECT * FROM one").fetchall() == [(1,)]


def test_trouble_with_them_is_one_line_with_the_mend() -> None:
    with (
        pytest.raises(HaltedError, match=r"no temporary index: .*let TMPDIR name a folder with"),
        scratch("") as database,
    ):
        database.execute("SELECT * FROM nowhere")
