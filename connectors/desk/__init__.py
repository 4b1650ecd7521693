"""The morning after: what was not delivered, for the traffic desk to read, mend and send again."""

from connectors.desk.alarm import alert
from connectors.desk.groups import Group, groups
from connectors.desk.message import Message
from connectors.desk.sender import new_sender
from connectors.desk.sheet import write_sheet
from connectors.desk.words import MEANINGS, TO_DO

__all__ = [
    "MEANINGS",
    "TO_DO",
    "Group",
    "Message",
    "alert",
    "groups",
    "new_sender",
    "write_sheet",
]
