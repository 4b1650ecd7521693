"""All formats by name; a new one is added here."""

from connectors.avion.formats.base import RecordFormat
from connectors.avion.formats.csv import Csv
from connectors.avion.formats.json_array import JsonArray
from connectors.avion.formats.ndjson import Ndjson

FORMATS: dict[str, RecordFormat] = {"ndjson": Ndjson(), "csv": Csv(), "json": JsonArray()}
