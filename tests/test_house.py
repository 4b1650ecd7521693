"""How the house is built: who may import whom, how long things are, what is storage format."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import Any, get_type_hints

import pytest
from bytewax.dataflow import Operator

import connectors.ledger
from connectors.avion import AvionSource, validate
from connectors.avstar import deliver
from connectors.ledger import record
from connectors.records import Export, Split
from dataflows.avion_to_avstar import avion_to_avstar
from dataflows.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for top in ("connectors", "dataflows") for path in (ROOT / top).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]
FILE_LINES = 200
FUNCTION_LINES = 40

every_source = pytest.mark.parametrize("name", NAMES)


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


@cache
def imported(name: str) -> list[str]:
    """Full names of everything a file imports, members of modules included."""
    found = []
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@cache
def importing(module: str) -> set[str]:
    return {
        name for name in NAMES if any(f"{one}.".startswith(f"{module}.") for one in imported(name))
    }


def test_there_are_sources() -> None:
    assert len(SOURCES) > 50


@every_source
def test_connectors_never_import_dataflows(name: str) -> None:
    if name.startswith("connectors/"):
        assert name not in importing("dataflows")


@pytest.mark.parametrize("part", ["avion", "avstar", "ledger"])
def test_the_parts_of_the_plugin_never_import_each_other(part: str) -> None:
    others = {"avion", "avstar", "ledger"} - {part}
    mine = {name for name in NAMES if name.startswith(f"connectors/{part}/")}
    assert mine
    for other in others:
        assert not mine & importing(f"connectors.{other}")


def test_the_desk_reads_ledgers_and_only_dataflows_come_after_it() -> None:
    mine = {name for name in NAMES if name.startswith("connectors/desk/")}
    assert mine
    assert not mine & (importing("connectors.avion") | importing("connectors.avstar"))
    others = importing("connectors.desk") - mine
    assert all(name.startswith("dataflows/") for name in others)


def test_the_nouns_import_nothing_of_the_house() -> None:
    for name in ("connectors/records.py", "connectors/errors.py"):
        assert not [one for one in imported(name) if one.startswith(("connectors", "dataflows"))]


def test_the_http_client_stands_in_five_files() -> None:
    """`session` opens connections, an `exchange` asks on each `wire`, `client` makes an attempt.

    What comes back is a `reply`.
    """
    names = ("client", "exchange", "reply", "session", "wire")
    client = {f"connectors/avstar/{name}.py" for name in names}
    assert client <= importing("aiohttp")
    for name in importing("aiohttp") - client:
        assert name.startswith("connectors/avstar/sandbox/"), name
        used = {one for one in imported(name) if one.partition(".")[0] == "aiohttp"}
        assert used <= {"aiohttp.web"}, name


def test_one_room_knows_opentelemetry() -> None:
    knowing = importing("opentelemetry")
    assert knowing
    assert all(name.startswith("connectors/telemetry/") for name in knowing)


def test_telemetry_is_imported_where_it_is_wanted_and_not_before() -> None:
    outside = {
        name
        for name in importing("connectors.telemetry")
        if not name.startswith("connectors/telemetry/")
    }
    assert outside == {"dataflows/telemetry.py"}
    at_import = {
        node
        for node in tree("dataflows/telemetry.py").body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("connectors.telemetry")
    }
    assert not at_import


def test_the_environment_is_read_in_four_files() -> None:
    readers = {
        name
        for name in NAMES
        for node in ast.walk(tree(name))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.keyword) and node.arg == "envvar")
        or (isinstance(node, ast.Name) and node.id == "BaseSettings")
    }
    readers |= importing("os.environ") | importing("os.getenv")
    assert readers == {
        "dataflows/settings.py",
        "dataflows/cluster/cluster.py",  # Bytewax's own variables
        "dataflows/otel.py",
        "dataflows/cli/sandbox.py",
    }


@every_source
def test_an_init_only_exports(name: str) -> None:
    if not name.endswith("/__init__.py"):
        return
    for node in tree(name).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert docstring or names or isinstance(node, ast.ImportFrom), ast.unparse(node)


@every_source
def test_no_file_is_too_long(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@every_source
def test_no_function_is_too_long(name: str) -> None:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= FUNCTION_LINES, f"{node.name}: {lines} lines"


EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 100, 1, (Split(0, 100, 1),))


STORED = frozenset(
    {
        "avion_to_avstar.read",
        "avion_to_avstar.deliver.send",
        "avion_to_avstar.ledger.book",
        "avion_to_avstar.sealed",
    }
)
"""Steps that the engine snapshots or that end the flow: a store knows them by these names."""


def steps(operators: list[Operator]) -> Iterator[Operator]:
    for step in operators:
        yield step
        yield from steps(step.substeps)


@pytest.mark.parametrize(
    ("validate_only", "stored"),
    [(False, STORED), (True, STORED - {"avion_to_avstar.deliver.send"})],
)
def test_the_steps_that_keep_state_have_the_names_that_stores_hold(
    *, validate_only: bool, stored: frozenset[str]
) -> None:
    settings = Settings(
        out="out", api_url="http://127.0.0.1:9", token="t", validate_only=validate_only
    )
    flow = avion_to_avstar(settings, [EXPORT])
    kinds = {"input", "stateful_batch", "output"}
    found = [step.step_id for step in steps(flow.substeps) if type(step).__name__ in kinds]
    assert flow.flow_id == "avion_to_avstar"
    assert sorted(found) == sorted(stored)


@pytest.mark.parametrize("operator", [validate, deliver, record])
def test_an_operator_is_annotated_in_a_way_that_the_engine_reads_on_every_python(
    operator: Callable[..., Any],
) -> None:
    found = get_type_hints(operator)
    assert len(found) > 3
    for name, annotation in found.items():
        assert not isinstance(annotation, GenericAlias), f"{name}: a class to inspect on 3.10"


def test_the_reading_lanes_are_the_parts_that_stores_hold() -> None:
    assert frozenset(AvionSource().list_parts()) == frozenset(f"lane-{i}" for i in range(8))


def test_the_ledger_offers_these_names_and_no_others() -> None:
    assert set(connectors.ledger.__all__) == {
        "Came",
        "Checkpoint",
        "Closing",
        "Identity",
        "Manifest",
        "OpenLetter",
        "Sealed",
        "Signer",
        "Verifier",
        "begun",
        "closing",
        "family",
        "identity_of",
        "loss",
        "original",
        "read_checkpoint",
        "read_identity",
        "read_manifest",
        "record",
        "sealed_ledgers",
        "write_origin",
    }
    for name in connectors.ledger.__all__:
        assert getattr(connectors.ledger, name)


INDEX_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("docker", "io"),
        ("quay", "io"),
        ("ghcr", "io"),
        ("registry", "k8s", "io"),
    )
]
"""In parts, so that this file names none."""

NOT_OURS = {"build", "demo", "dist", "__pycache__"}


def texts(folder: Path = ROOT) -> Iterator[Path]:
    """Files of the project, without what tools leave behind."""
    for path in folder.iterdir():
        tools = path.is_dir() and path.name.startswith(".") and path.name != ".ci"
        if tools or path.name in NOT_OURS:
            continue
        if path.is_dir():
            yield from texts(path)
        else:
            yield path


def test_no_file_names_a_package_index() -> None:
    found = list(texts())
    assert ROOT / "pyproject.toml" in found
    for path in found:
        text = path.read_bytes().decode(errors="replace").lower()
        assert not [host for host in INDEX_HOSTS if host in text], path
