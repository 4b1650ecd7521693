"""A Bytewax plugin: read Avion traffic exports, deliver their spots to Avstar, keep the ledger.

The path is the import: `connectors.avion` knows the export file, `connectors.avstar` the API,
`connectors.ledger` what happened. They share the nouns of `connectors.records` and nothing else.
"""
