"""WHAT A PERSON CHOOSES: the table of settings, how values are read, the recipes. No JAX."""
