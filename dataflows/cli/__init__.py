"""The command line: `avstar`, which begins in `start`."""
