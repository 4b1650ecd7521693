"""What an export may be written in: where a record ends, and how its fields are read."""

from connectors.avion.formats.base import Malformed, RecordFormat
from connectors.avion.formats.csv import Csv
from connectors.avion.formats.json_array import JsonArray
from connectors.avion.formats.ndjson import Ndjson
from connectors.avion.formats.registry import FORMATS
from connectors.avion.formats.table import Table

__all__ = ["FORMATS", "Csv", "JsonArray", "Malformed", "Ndjson", "RecordFormat", "Table"]
