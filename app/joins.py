"""
Joins that SQLite makes in the order given, where it cannot know which of them leaves less.

It knows neither how rare words are nor how many contacts an account has; PostgreSQL does.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Join
from sqlalchemy.ext.compiler import compiles


class _InOrder(Join):
    """A join whose left side is read first."""

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
