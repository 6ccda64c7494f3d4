"""TABLE <-> ARRAYS: learned from training rows only; JSON-able state."""
