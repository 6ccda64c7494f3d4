"""ANSWERS -> JUDGEMENT: scores, references, calibration, the verdict. No JAX."""
