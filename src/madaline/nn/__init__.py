"""ARRAYS -> LOSS: pure mathematics of one row."""
