"""A quota as the API states it: so many requests in any window of so many seconds."""

import re
from typing import NamedTuple

from connectors.errors import RefusedError


class Rate(NamedTuple):
    """`requests` in any `seconds`, written `600/60`."""

    requests: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `requests/seconds`.

        Raises:
            RefusedError: The text is no quota.
        """
        found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,6}(?:\.\d+)?)\s*", text)
        if not found or not int(found[1]) or not float(found[2]):
            raise RefusedError(f"rate {text!r} is no quota; write requests/seconds, such as 600/60")
        return cls(int(found[1]), float(found[2]))

    @property
    def per_second(self) -> float:
        """Requests per second, on average."""
        return self.requests / self.seconds

    def share(self, of: int) -> "Rate":
        """Return the quota of one of several lanes, which together keep the whole.

        Raises:
            RefusedError: There are more lanes than requests.
        """
        if self.requests < of:
            raise RefusedError(f"a quota of {self} cannot be shared by {of} lanes; use fewer")
        return Rate(self.requests // of, self.seconds)

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds:g}"
