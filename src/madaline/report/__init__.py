"""EXPLANATION -> WORDS: what a person reads."""
