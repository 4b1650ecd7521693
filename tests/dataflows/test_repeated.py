from dataflows.repeated import repeated


def test_an_action_is_repeated_until_the_body_ends() -> None:
    seen: list[int] = []
    with repeated(lambda: seen.append(1), 0.001, "test"):
        while not seen:
            pass
    count = len(seen)
    assert count
    assert len(seen) == count
