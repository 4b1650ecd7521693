"""What an answer means: one pure function."""

from collections.abc import Sequence
from enum import Enum, auto
from http import HTTPStatus as Http

from connectors.avstar.answer import Answer
from connectors.records import Spot

REUSED_ID = "request-id-reused"
"""How the problem type ends that says a request ID was used with another payload before."""


class Verdict(Enum):
    """What to do after an attempt."""

    __hash__ = object.__hash__  # each stands once; Enum's own takes as long as a judgement

    ACCEPTED = auto()
    """Scheduled now."""
    DUPLICATE = auto()
    """Scheduled before, under this request ID: delivered."""
    CONFLICT = auto()
    """This request ID stands for another payload: a dead letter."""
    REJECTED = auto()
    """Refused for good: a dead letter, at once."""
    THROTTLED = auto()
    """The lane waits as told, then the same request again."""
    TRANSIENT = auto()
    """Backoff, then the same request again."""
    UNAUTHORIZED = auto()
    """A renewed token, then the same request again; refused still, the run halts."""
    HALT = auto()
    """Credentials or URL are wrong: stop before anything is dead-lettered for it."""


_GOOD = range(Http.OK, Http.MULTIPLE_CHOICES)
_CONFLICTS = frozenset({Http.CONFLICT, Http.UNPROCESSABLE_ENTITY})
_TRANSIENT = frozenset({Http.REQUEST_TIMEOUT, Http.TOO_EARLY})
_WRONG_ADDRESS = frozenset({Http.NOT_FOUND, Http.METHOD_NOT_ALLOWED})


def judge(answer: Answer, *, proven: bool) -> Verdict:  # noqa: C901, PLR0911 - one branch an answer
    """Say what an answer means; `proven` if this API has ever accepted anything of ours."""
    status = answer.status
    if answer.misconfigured and not (proven and status is None):
        return Verdict.HALT
    if status is None:
        return Verdict.TRANSIENT
    if status in _GOOD:
        return Verdict.ACCEPTED
    if status in _CONFLICTS and answer.problem_type.endswith(REUSED_ID):
        return Verdict.CONFLICT
    if status == Http.CONFLICT:
        return Verdict.DUPLICATE
    if status == Http.UNAUTHORIZED:
        return Verdict.UNAUTHORIZED
    if status == Http.TOO_MANY_REQUESTS:
        return Verdict.THROTTLED
    if status in _TRANSIENT or status >= Http.INTERNAL_SERVER_ERROR:  # told to wait, it waits
        return Verdict.TRANSIENT if answer.retry_after is None else Verdict.THROTTLED
    if status == Http.FORBIDDEN:
        return Verdict.HALT
    if (status in _WRONG_ADDRESS or status < Http.BAD_REQUEST) and not proven:
        return Verdict.HALT
    return Verdict.REJECTED


def judge_each(
    answer: Answer, spots: Sequence[Spot], *, proven: bool, bulk: bool = False
) -> Sequence[Verdict]:
    """Say what the answer to a request means for each of the spots in it.

    A wrong address of a `bulk` request as a whole is never a spot's fault. What an answer says of
    all its records speaks of token and URL, as it would of a spot alone; what of some, of them.
    """
    if answer.each is None:
        proven = proven and not (bulk and answer.status is not None)
        return [judge(answer, proven=proven)] * len(spots)
    found = [judge(answer.of(spot.request_id), proven=proven) for spot in spots]
    if set(found) == {Verdict.HALT}:
        return found
    return [Verdict.REJECTED if one is Verdict.HALT else one for one in found]


def divides(answer: Answer, verdicts: Sequence[Verdict]) -> bool:
    """Tell whether a request of several spots was refused, or failed, as a whole.

    One of them may be why, and so it costs one spot.
    """
    if Verdict.THROTTLED in verdicts or Verdict.UNAUTHORIZED in verdicts:
        return False
    return answer.each is None or set(verdicts) == {Verdict.TRANSIENT}
