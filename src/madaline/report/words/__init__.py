"""Numbers -> plain lines of at most 80 columns."""
