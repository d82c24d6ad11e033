"""
An example of each operation's refusals for the OpenAPI document, as a test was answered with it.

    PROBLEMS_SEEN=/tmp/seen make test ARGS="tests/api tests/journeys tests/test_every_operation.py"
    python -m tests.problem_examples /tmp/seen      # writes app/api/problem_examples.json anew

An example stays as long as the operation may be refused with its code, so that one may be worded
better by hand. What any operation may be refused with has its example in `document_problems.py`.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.api.document import CODES
from app.api.document_problems import EXAMPLES, OWN
from tests.problem_codes import SAID_BY_RULE

Table = dict[str, dict[str, dict[str, Any]]]
_ID = re.compile(r"\b([a-z]{3})_[0-9a-f]{32}\b")
_ROOT = ".inbox.localhost"


def merged(former: Table, seen: Iterator[dict[str, Any]]) -> Table:
    """The former examples that still hold, and of the rest what was seen most often."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in seen:
        if not one["code"].startswith(SAID_BY_RULE) and one["status"] < 500:
            example: dict[str, Any] = {
                name: one[name] for name in ("code", "detail", "errors") if name in one
            }
            found[one["operation"], str(one["status"])][_plain(example)] += 1
    table: Table = defaultdict(dict)
    for operation, by_status in sorted(CODES.items()):
        for status, codes in sorted(by_status.items()):
            kept = former.get(operation, {}).get(status)
            if kept is not None and kept["code"] in codes:
                table[operation][status] = kept
            elif (operation, status) in found:
                often = found[operation, status]
                best = min(often, key=lambda text: (-often[text], len(text), text))
                table[operation][status] = json.loads(best)
    return dict(table)


def _plain(example: dict[str, Any]) -> str:
    """As a text, with the ids and the hosted domain that examples have."""
    text = json.dumps(example, ensure_ascii=False)
    return _ID.sub(r"\1_0193a5c2f7b87c6e9d1a4b5c6d7e8f90", text).replace(_ROOT, ".inbox.example")


def main(path: str) -> None:
    """Write the table anew, with what was seen in the tests."""
    with Path(path).open(encoding="utf-8") as lines:
        table = merged(EXAMPLES, map(json.loads, lines))
    OWN.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(f"Wrote {OWN}\n")


if __name__ == "__main__":
    main(sys.argv[1])
