import connectors.avion


def test_the_public_names_are_these():
    assert connectors.avion.__all__ == [
        "AvionSource",
        "Difference",
        "Former",
        "Told",
        "TrafficRecord",
        "ValidateOut",
        "airings",
        "begins_with",
        "difference",
        "is_beginning_of",
        "read_lines",
        "read_told",
        "survey",
        "validate",
    ]


def test_every_public_name_is_there():
    assert all(hasattr(connectors.avion, name) for name in connectors.avion.__all__)
