"""IN lists: every value is asked for, by few statements of different lengths."""

from __future__ import annotations

from app.db import chunks, padded


def test_a_list_is_filled_up_to_a_power_of_two_with_what_is_in_it() -> None:
    assert [len(padded(range(size))) for size in (0, 1, 2, 3, 5, 512)] == [0, 1, 2, 4, 8, 512]
    assert list(padded([1, 2, 3])) == [1, 2, 3, 3]


def test_many_values_come_in_pieces_that_hold_each_of_them() -> None:
    values = list(range(1300))

    pieces = list(chunks(values))

    assert [len(piece) for piece in pieces] == [512, 512, 512]
    assert sorted({value for piece in pieces for value in piece}) == values
