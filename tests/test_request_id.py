from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from connectors.request_id import added_checksum, heir_checksum, request_id

texts = st.text(st.characters(codec="utf-8"), max_size=6)


def test_they_never_change() -> None:
    heir = sha256(b"ab\x1f42\x1f30\x1fAcme").hexdigest()
    assert heir_checksum("ab", 42, 30, "Acme") == heir
    assert added_checksum(30, "Acme") == sha256(b"added\x1f30\x1fAcme").hexdigest()
    assert len(request_id("SP1", "now", heir, "KABC")) == 32


@given(st.tuples(st.integers(0, 99), texts), st.tuples(st.integers(0, 99), texts))
def test_two_rows_that_were_added_share_one_only_if_they_are_the_same(
    one: tuple[int, str], other: tuple[int, str]
) -> None:
    assert (added_checksum(*one) == added_checksum(*other)) == (one == other)


@given(st.integers(0, 9), texts, st.integers(0, 9))
def test_a_row_that_comes_from_another_shares_none_with_one_that_was_added(
    duration: int, advertiser: str, offset: int
) -> None:
    heir = heir_checksum("ab" * 32, offset, duration, advertiser)
    assert heir != added_checksum(duration, advertiser)
