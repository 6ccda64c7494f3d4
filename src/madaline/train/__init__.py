"""LOSS -> BETTER PARAMETERS: pure steps, one loop."""
