"""Dataflows put together from the connectors, and the command line that runs them."""
