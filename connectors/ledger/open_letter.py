"""A dead letter that nothing has come after yet."""

from typing import NamedTuple

from connectors.ledger.sealed import Sealed
from connectors.records import DeadLetter


class OpenLetter(NamedTuple):
    """A dead letter that is still to be dealt with.

    `contested` says that under its request ID Avstar has, or may have, a row of other content: to
    send it again could not tell whether it is delivered.
    """

    ledger: Sealed
    letter: DeadLetter
    contested: bool

    @property
    def redrivable(self) -> bool:
        """Tell whether it may be sent again as it is."""
        return self.letter.redrivable and not self.contested
