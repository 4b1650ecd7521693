import connectors.avion.formats
from connectors.avion.formats import FORMATS, Csv, JsonArray, Ndjson


def test_the_public_names_are_these():
    assert connectors.avion.formats.__all__ == [
        "FORMATS",
        "Csv",
        "JsonArray",
        "Malformed",
        "Ndjson",
        "RecordFormat",
        "Table",
    ]


def test_each_format_is_found_under_its_own_name():
    assert {name: type(found) for name, found in FORMATS.items()} == {
        "ndjson": Ndjson,
        "csv": Csv,
        "json": JsonArray,
    }
    assert all(found.name == name for name, found in FORMATS.items())


def test_no_two_formats_share_a_suffix():
    suffixes = [suffix for found in FORMATS.values() for suffix in found.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
