"""What the exporters complain of: kept off the terminal, and the first is kept."""

import logging

from typing_extensions import override

_LOG = "opentelemetry"
_LENGTH = 200
"""Characters of a complaint that are worth showing."""

_NOBODY = logging.NullHandler()
"""Stays, since threads may complain after the end, and without a handler that is shown."""


class Complaints(logging.Handler):
    """Keeps the first complaint, in one line and without what may be a secret."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""

    def attach(self) -> None:
        """Hear all that the SDK and the exporters log from now on; others still do as well."""
        log = logging.getLogger(_LOG)
        log.addHandler(_NOBODY)
        log.addHandler(self)

    def detach(self) -> None:
        """Hear no more."""
        logging.getLogger(_LOG).removeHandler(self)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if self.first:
            return
        words = " ".join(record.getMessage().split())
        if record.exc_info and record.exc_info[0]:
            words = f"{words}: {record.exc_info[0].__name__}"
        # headers hold the collector's token, and some complaints hold a whole header
        self.first = "a header cannot be used" if "header" in words.lower() else words[:_LENGTH]
