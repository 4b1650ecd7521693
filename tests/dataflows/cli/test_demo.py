def test_the_demo_ends_with_a_summary_that_can_be_proven(avstar, tmp_path):
    ended = avstar("demo", "--records", "500", "--folder", tmp_path)
    assert ended.code == 0, ended.err
    assert "reconciled    yes" in ended.out
    assert "dead letters  10" in ended.out
    _, ledger, export = ended.out.splitlines()[-1].split("avstar ")[1].split()
    assert avstar("verify", ledger, export).code == 0
