"""The report as one self-contained page."""

from connectors.desk.page.render import render

__all__ = ["render"]
