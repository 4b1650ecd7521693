"""The page, where it is wanted."""

from contextlib import AbstractContextManager, nullcontext

from dataflows.page.course import Course
from dataflows.settings import Settings


def page(settings: Settings, course: Course) -> AbstractContextManager[None]:
    """Serve the page while the body runs, if the settings name its address.

    Raises:
        RefusedError: It cannot be served there.
    """
    if not settings.page:
        return nullcontext()
    from dataflows.page.server import serving  # noqa: PLC0415 - only where wanted

    return serving(settings, course)
