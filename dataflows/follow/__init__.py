"""Exports that arrive in a folder, uploaded one by one."""

from dataflows.follow.follow import follow

__all__ = ["follow"]
