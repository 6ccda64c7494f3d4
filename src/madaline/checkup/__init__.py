"""TABLE -> FINDINGS: what is wrong with a table, told before anything is trained on it."""
