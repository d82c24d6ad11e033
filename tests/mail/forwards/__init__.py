"""Forwards as mail programs make them, written by us: one for each program and language."""
