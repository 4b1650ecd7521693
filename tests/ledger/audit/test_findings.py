from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.findings import EXAMPLES, SHOWN_CHARACTERS, Findings, shown


def test_nothing_found_is_false_and_says_nothing() -> None:
    findings = Findings()
    assert not findings
    assert list(findings) == []


def test_a_finding_is_one_line_of_where_what_and_kind() -> None:
    findings = Findings()
    findings.add("row", "receipts.ndjson:17", "is not JSON")
    assert findings
    assert list(findings) == ["receipts.ndjson:17: is not JSON [row]"]


def test_the_first_of_each_kind_are_shown_and_all_are_counted() -> None:
    findings = Findings()
    for number in range(EXAMPLES + 1234):
        findings.add("missing", f"avion.ndjson:{number}", "stands nowhere")
    findings.add("digest", "receipts.ndjson", "is another")
    *examples, digest, rest = findings
    assert len(examples) == EXAMPLES
    assert digest == "receipts.ndjson: is another [digest]"
    assert rest == "and 1,234 more like these, 1,254 in all [missing]"
    assert findings.counts == {"missing": EXAMPLES + 1234, "digest": 1}


@given(st.text() | st.binary() | st.lists(st.text()))
def test_a_shown_value_stays_on_one_line_and_short(value: object) -> None:
    text = shown(value)
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    assert len(text) <= SHOWN_CHARACTERS + 1
