"""WEIGHTS -> ANSWERS: NumPy alone."""
