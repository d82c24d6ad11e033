"""The rules of the house that no linter knows.

Deliberately not here: which part may import which; import-linter's contracts in pyproject.toml
say that, and `make check` asks them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
LONGEST_FILE = 350
# Lists of words in many languages: looked things up in, not read.
TABLES = ("app.mail.forwards.labels", "app.mail.reports.phrases", "app.mail.reports.wording")

# Who begins a transaction ends it: the doors, the programs that open them, and the module that
# wraps the database.
MAY_END_TRANSACTIONS = (
    "app.api",
    "app.smtp",
    "app.worker",
    "app.main",
    "app.cli",
    "app.db",
)

SOURCES = sorted(APP.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported, also those inside functions and for type checking."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # `from package import module` imports the module as well.
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in inner if name.startswith("app.") and is_module(name))


def rooms_entered_through_the_wall(module: str, tree: ast.Module) -> list[str]:
    """Imports from inside a room (`app.domain.room.…`) by a module outside of it."""
    inside = [
        name for name in imports(tree) if is_within(name, "app.domain") and name.count(".") > 2
    ]
    return [name for name in inside if not is_within(module, ".".join(name.split(".")[:3]))]


def transactions_ended(tree: ast.Module) -> list[str]:
    """Where `.commit()` or `.rollback()` is called, on whatever it is."""
    found = sorted(
        (node.lineno, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback")
    )
    return [f"line {line}: .{verb}()" for line, verb in found]


TREES = {name_of(path): ast.parse(path.read_text("utf-8")) for path in SOURCES}


def test_a_room_is_entered_by_its_face() -> None:
    """Only a room's own modules look behind `app.domain.<room>`, and the list of all tables."""
    through = {
        name: rooms_entered_through_the_wall(name, tree)
        for name, tree in TREES.items()
        if name != "app.domain.models"
    }

    assert {name: found for name, found in through.items() if found} == {}


def test_only_a_door_ends_a_transaction() -> None:
    ended = {
        name: transactions_ended(tree)
        for name, tree in TREES.items()
        if not any(is_within(name, door) for door in MAY_END_TRANSACTIONS)
    }

    assert {name: found for name, found in ended.items() if found} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_no_file_is_too_long_to_read_in_one_go() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE}

    assert {name: lines for name, lines in long.items() if name not in TABLES} == {}


def test_what_counts_as_a_table_is_one_but_for_a_few_functions() -> None:
    for name in TABLES:
        rest = [
            node for node in TREES[name].body if not isinstance(node, ast.Assign | ast.AnnAssign)
        ]
        lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in rest)

        assert lines <= LONGEST_FILE // 3, f"{name} has {lines} lines of code beside its table"


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}

    assert [name for name in TREES if drawers & set(name.split("."))] == []


def test_every_package_can_be_imported_as_one() -> None:
    """A folder without `__init__.py` would be left out of the contracts without a word."""
    folders = {path.parent for path in SOURCES}

    assert [
        str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ] == []


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("app.api.channels", "from app.domain import channels", []),
        ("app.api.channels", "from app.domain.channels import connect", []),
        ("app.api.channels", "import app.domain.channels.models", ["app.domain.channels.models"]),
        ("app.domain.inbound.service", "from app.domain.inbound.models import Mail", []),
        (
            "app.domain.inbound.service",
            "def f():\n    from app.domain.channels.models import Channel",
            ["app.domain.channels.models"],
        ),
        (
            "app.domain.channels_archive",
            "from app.domain.channels.models import Channel",
            ["app.domain.channels.models"],
        ),
    ],
)
def test_the_wall_is_seen_where_there_is_one(module: str, line: str, found: list[str]) -> None:
    assert rooms_entered_through_the_wall(module, ast.parse(line)) == found


def test_a_package_imported_by_name_from_its_parent_is_seen() -> None:
    tree = ast.parse("from app.domain.events import models")

    assert rooms_entered_through_the_wall("app.api.events", tree) == ["app.domain.events.models"]


def test_a_commit_is_seen_where_there_is_one() -> None:
    tree = ast.parse("async def f(db):\n    await db.commit()\n    db.get_bind().rollback()")

    assert transactions_ended(tree) == ["line 2: .commit()", "line 3: .rollback()"]
