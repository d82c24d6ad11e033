"""Joins that SQLite makes in the order given, where it cannot know which of them leaves less."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Join
from sqlalchemy.ext.compiler import compiles


class _InOrder(Join):
    """A join that SQLite makes in the order given: it cannot know how rare the words are."""

    __visit_name__ = "in_order"
    inherit_cache = True


@compiles(_InOrder)
def _plainly(join: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.visit_join(join, **more))


@compiles(_InOrder, "sqlite")
def _crossed(
    join: Any, compiler: Any, asfrom: bool = False, from_linter: Any = None, **more: Any
) -> str:
    left = compiler.process(join.left, asfrom=True, **more)
    right = compiler.process(join.right, asfrom=True, **more)
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **more)}"


def in_order(first: tuple[Any, Any], *others: tuple[Any, Any]) -> Any:
    """The tables in this order, each with how it belongs to those before it."""
    source = first[0]
    for table, belongs in others:
        source = _InOrder(source, table, belongs)
    return source
