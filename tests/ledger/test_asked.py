from connectors.ledger.asked import Question, asking

RECORD, OTHER = ("a" * 64, 1), ("a" * 64, 2)


def test_a_record_is_asked_after_in_its_round_alone() -> None:
    with asking([(RECORD, "x"), (RECORD, None)]) as asked:
        assert asked.go_on()
        assert asked.of(RECORD) == Question({"x", None}, RECORD)
        assert asked.of(OTHER) is None
        asked.later(OTHER, "y", RECORD)
        assert asked.of(OTHER) is None
        assert asked.go_on()
        assert asked.of(RECORD) is None
        assert asked.of(OTHER) == Question({"y"}, RECORD)
        assert not asked.go_on()


def test_nothing_is_asked_after_again_so_that_a_ring_of_ledgers_ends() -> None:
    with asking([(RECORD, "x")]) as asked:
        assert asked.go_on()
        asked.later(RECORD, "y", RECORD)
        assert not asked.go_on()


def test_of_nothing_there_is_no_round() -> None:
    with asking([]) as asked:
        assert not asked.go_on()
