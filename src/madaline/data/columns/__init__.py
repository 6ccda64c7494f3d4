"""Cells, texts and arrays -> typed columns."""
