"""The first error in what the engine calls: in a cluster the engine itself loses it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from bytewax.dataflow import Dataflow, Operator
from bytewax.inputs import AbortExecution

Function = Callable[..., Any]
Makes = Sequence[str]
"""Methods of what a function returns that the engine calls as well."""

_FUNCTIONS: Mapping[str, Makes] = {
    "mapper": (),
    "inspector": (),
    "builder": ("on_batch", "on_notify", "on_eof", "notify_at", "snapshot"),
}
_OBJECTS: Mapping[str, Mapping[str, Makes]] = {
    "source": {"list_parts": (), "build_part": ("next_batch", "next_awake", "snapshot")},
    "sink": {"build": ("write_batch",)},
}
"""What the steps of our dataflow are given, and what of it the engine calls."""


class Witness:
    """Remembers the first error that leaves a function of a dataflow for the engine.

    When a worker fails, the engine's connections to other processes fail at once, and their
    error is the only one that comes out.
    """

    def __init__(self, seen: Callable[[BaseException], object] = lambda _error: None) -> None:
        self.error: BaseException | None = None
        self._seen = seen

    def watch(self, flow: Dataflow) -> None:
        """Watch every function that the engine calls of this dataflow, from now on."""
        for step in _steps(flow.substeps):
            given = vars(step)
            for name in given.keys() & _FUNCTIONS.keys():
                function = _eager(given[name]) if name == "mapper" else given[name]
                watched = self._watched(function, _FUNCTIONS[name])
                object.__setattr__(step, name, watched)  # steps are frozen, but to us
            for name in given.keys() & _OBJECTS.keys():
                self._watch(given[name], _OBJECTS[name])

    def _watch(self, owner: Any, methods: Mapping[str, Makes]) -> None:
        for name, makes in methods.items():
            setattr(owner, name, self._watched(getattr(owner, name), makes))

    def _watched(self, function: Function, makes: Makes) -> Function:
        @wraps(function, updated=())
        def watched(*args: Any) -> Any:
            try:
                made = function(*args)
            except (StopIteration, AbortExecution):  # words of the engine's own, and no errors
                raise
            except BaseException as error:
                self._note(error)
                raise
            self._watch(made, dict.fromkeys(makes, ()))
            return made

        return watched

    def _note(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error
            self._seen(error)


def _eager(mapper: Function) -> Function:
    """Make a mapper fail where it is called, and not where the engine takes its items."""
    return lambda batch: list(mapper(batch))


def _steps(operators: Iterable[Operator]) -> Iterator[Operator]:
    for operator in operators:
        if operator.substeps:
            yield from _steps(operator.substeps)
        else:
            yield operator
