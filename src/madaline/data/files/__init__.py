"""Files and their formats -> a Table."""
