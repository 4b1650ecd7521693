"""What a person sees of a run: a bar on a terminal, plain lines elsewhere, and the summary."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from typing_extensions import override

from connectors.ledger import Manifest, read_checkpoint
from connectors.records import Export
from dataflows.meter import Meter
from dataflows.page import Course
from dataflows.repeated import repeated
from dataflows.settings import Settings
from dataflows.standstill import standstill
from dataflows.streams import let_go
from dataflows.summary import summary_lines

_REFRESH_SECONDS = 0.25
_LINE_SECONDS = 10.0
_THREAD = "avstar-screen"


class _Console(Console):
    @override
    def on_broken_pipe(self) -> None:
        self.quiet = True  # nobody listens any more, which is no reason to end a run


class Screen:
    """Progress goes to standard error, the summary to standard output, the rest to the course."""

    def __init__(self, settings: Settings, course: Course | None = None) -> None:
        self.course = course or Course()
        self._settings = settings
        self._console = _Console(stderr=True, highlight=False)
        self._silent = settings.log_json

    @contextmanager
    def surveying(self, paths: Sequence[Path]) -> Iterator[Callable[[Path, int], None]]:
        """Show how the exports are surveyed; yields what is to be called with bytes read."""
        if not self._console.is_terminal or self._silent:
            yield lambda _path, _done: self.course.step()
            return
        columns = (
            TextColumn("survey {task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
        )
        with Progress(*columns, TransferSpeedColumn(), console=self._console) as progress:
            tasks = {
                path: progress.add_task(path.name, total=path.stat().st_size)
                for path in paths
                if path.is_file()
            }

            def surveyed(path: Path, done: int) -> None:
                self.course.step()
                progress.update(tasks[path], completed=done)

            yield surveyed

    @contextmanager
    def running(self, exports: Sequence[Export], meter: Meter) -> Iterator[None]:
        """Show how the run goes on while the body runs."""
        with self.course.running(meter), self._shown(exports, meter):
            yield

    @contextmanager
    def _shown(self, exports: Sequence[Export], meter: Meter) -> Iterator[None]:
        before = sum(self._settled_before(export) for export in exports)
        total = sum(export.records for export in exports)
        view = _View(meter, total, before, validating=self._settings.validate_only)
        if self._silent:
            yield
        elif self._console.is_terminal:
            with self._bar(view):
                yield
        else:
            with repeated(lambda: self.tell(view.line()), _LINE_SECONDS, _THREAD):
                yield

    def sealed_already(self, export: Export) -> None:
        """Say that an export needs nothing more."""
        self.tell(f"{export.path} is settled already; nothing was sent")

    def tell(self, line: str) -> None:
        """Print a line that matters now; the audit log has its own."""
        if not self._silent:
            with suppress(OSError):
                self._console.print(line, soft_wrap=True, markup=False)

    def summary(self, manifest: Manifest) -> None:
        """Print how an export came out."""
        folder = self._settings.out_folder / manifest.ledger
        try:
            sys.stdout.write("\n".join(summary_lines(manifest, folder)) + "\n")
            sys.stdout.flush()
        except OSError as error:
            let_go(sys.stdout)
            self.tell(f"{folder} is sealed, but its summary cannot be written: {error.strerror}")

    def _settled_before(self, export: Export) -> int:
        checkpoint = read_checkpoint(self._settings.out_folder / export.key)
        return checkpoint.settled if checkpoint and not self._settings.validate_only else 0

    @contextmanager
    def _bar(self, view: "_View") -> Iterator[None]:
        columns = (TextColumn(view.title), BarColumn(), MofNCompleteColumn())
        words = TextColumn("{task.fields[words]}", markup=False)
        with Progress(*columns, words, TimeRemainingColumn(), console=self._console) as progress:
            task = progress.add_task("", total=view.total, words="")

            def refresh() -> None:
                progress.update(task, completed=view.done, words=view.told())

            with repeated(refresh, _REFRESH_SECONDS, _THREAD):
                yield
            refresh()


class _View:
    """A meter in words, with rates since it began."""

    def __init__(self, meter: Meter, total: int, before: int, *, validating: bool) -> None:
        self.total = total
        self.title = "validate" if validating else "upload"
        self._meter = meter
        self._before = before
        self._validating = validating
        self._began = time.monotonic()

    @property
    def done(self) -> int:
        return min(self.total, self._before + self._fresh())

    def words(self) -> str:
        quota = "" if self._validating else f"{self._meter.quota_used:.0%} of quota · "
        return f"{self._rate():,.1f}/s · {quota}{self._meter.dead_letters:,} dead letters"

    def told(self) -> str:
        return " · ".join(filter(None, (self.words(), *self._more())))

    def line(self) -> str:
        left = (self.total - self.done) / self._rate() if self._fresh() else 0.0
        eta = time.strftime("%H:%M:%S", time.gmtime(left)) if self._fresh() else "unknown"
        told = f"{self.done:,} of {self.total:,} records · {self.words()} · {eta} left"
        return " · ".join(filter(None, (told, *self._more())))

    def _more(self) -> tuple[str, str]:
        forecast = self._meter.forecast
        return forecast.words(time.time()) if forecast else "", standstill(self._meter)

    def _fresh(self) -> int:
        return self._meter.done + (self._meter.validated if self._validating else 0)

    def _rate(self) -> float:
        return self._fresh() / max(time.monotonic() - self._began, 1e-3)
