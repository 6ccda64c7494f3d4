"""NUMBERS -> HOW SURE: intervals, tests of drift, kernels, suspects. No JAX."""
