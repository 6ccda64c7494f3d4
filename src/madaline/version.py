"""The version of Madaline."""

__version__ = "0.1.0"
