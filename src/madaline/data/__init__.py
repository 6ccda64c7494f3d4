"""ROWS IN: files, frames and arrays become a Table."""
