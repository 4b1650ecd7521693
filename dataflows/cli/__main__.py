"""`python -m dataflows.cli` is `avstar`."""

from dataflows.cli.app import main

main()
