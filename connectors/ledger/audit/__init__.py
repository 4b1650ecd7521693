"""The parts of `connectors.ledger.verify`: they read a ledger's files and trust none of them."""
