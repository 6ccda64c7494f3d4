"""WHAT A RUN TELLS: one record a kind, plain JSON both ways. No JAX."""
