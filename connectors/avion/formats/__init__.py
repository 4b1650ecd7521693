"""What an export may be written in: where a record ends, and how its fields are read."""

from connectors.avion.formats.base import Malformed, RecordFormat
from connectors.avion.formats.csv import Csv
from connectors.avion.formats.ndjson import Ndjson

FORMATS: dict[str, RecordFormat] = {"ndjson": Ndjson(), "csv": Csv()}

__all__ = ["FORMATS", "Csv", "Malformed", "Ndjson", "RecordFormat"]
