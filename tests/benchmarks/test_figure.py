import pytest

from benchmarks.figure import Figure, load, save


def figure(ours, theirs=(), **target):
    return Figure(name="a", against="b", unit="x", ours=ours, theirs=theirs, **target)


def test_the_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians():
    assert figure([1, 100, 10], [1, 10, 100]).ratio == 1
    assert figure([3, 1, 2]).ratio == 2


@pytest.mark.parametrize(
    ("target", "words", "verdict"),
    [
        ({}, "", ""),
        ({"at_least": 2}, "≥ 2", "yes"),
        ({"at_least": 2.2}, "≥ 2.2", "NO"),
        ({"at_most": 2}, "≤ 2", "yes"),
        ({"at_most": 1}, "≤ 1", "NO"),
        ({"at_least": 0.97, "at_most": 1.03}, "≥ 0.97 and ≤ 1.03", "NO"),
    ],
)
def test_a_figure_reaches_its_target_or_says_no(target, words, verdict):
    one = figure([2], **target)
    assert (one.target, one.verdict) == (words, verdict)


def test_beside_nothing_everything_is_infinite(tmp_path):
    one = figure([1], [0], at_least=2)
    assert (one.ratio, one.verdict) == (float("inf"), "yes")
    save(tmp_path / "a.json", [one])
    assert load(tmp_path / "a.json") == [figure([1], [0], at_least=2)]


def test_rounds_of_ours_without_one_of_the_other_are_no_figure():
    with pytest.raises(ValueError, match="shorter"):
        _ = figure([1, 2], [1]).ratio


def test_figures_come_back_from_their_file(tmp_path):
    figures = [figure([1.5], [2], at_least=2), figure([1], points=[[1, 2], [3, 4]])]
    save(tmp_path / "new" / "a.json", figures)
    assert load(tmp_path / "new" / "a.json") == [
        figure([1.5], [2], at_least=2),
        figure([1], [], points=[[1, 2], [3, 4]]),
    ]
