"""`python -m dataflows.cli` is `avstar`."""

from dataflows.cli.start import main

main()
