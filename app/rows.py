"""
Many rows by one statement, without what SQLAlchemy does for each of them.

It builds and checks a dictionary of parameters for every row, which costs more than the database
does. Here a statement is compiled once, and the rows become the driver's tuples.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement as the driver takes it, and how a row becomes its parameters."""

    sql: str
    in_order: Callable[[Row], tuple[Any, ...]]
    converted: Sequence[tuple[int, Callable[[Any], Any]]]  # place, from Python to the driver

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        parameters = []
        for row in rows:
            values = list(self.in_order(row))
            for place, convert in self.converted:
                values[place] = convert(values[place])
            parameters.append(tuple(values))
        return parameters


async def insert_rows(db: AsyncSession, statement: Insert, rows: Sequence[Row]) -> None:
    """
    Insert the rows. All have the keys of the first: every column without a default in the database.

    What the session holds is written before. Nothing comes back. Faults are the database's.
    """
    if rows:
        await db.run_sync(_insert, statement, rows)


def _insert(session: Session, statement: Insert, rows: Sequence[Row]) -> None:
    session.flush()
    connection = session.connection()
    plan = _plan(connection.dialect, statement, tuple(rows[0]))
    connection.exec_driver_sql(plan.sql, plan.parameters(rows))


@functools.lru_cache(256)
def _plan(dialect: Dialect, statement: Insert, keys: tuple[str, ...]) -> _Plan:
    compiled = statement.compile(dialect=dialect, column_keys=list(keys))
    names = compiled.positiontup or []
    converters = [
        compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
    ]
    return _Plan(
        sql=str(compiled),
        in_order=itemgetter(*names),
        converted=[(place, one) for place, one in enumerate(converters) if one is not None],
    )
