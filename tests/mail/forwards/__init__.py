"""Forwards as mail programs make them, written by us: one specimen for each program and language."""
