"""The command line: `avstar`."""

from dataflows.cli.app import main

__all__ = ["main"]
