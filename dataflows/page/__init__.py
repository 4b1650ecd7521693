"""A page that says how the process is, from its beginning to its end."""

from dataflows.page.course import Course
from dataflows.page.opened import page

__all__ = ["Course", "page"]
