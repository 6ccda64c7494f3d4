"""What is wrong with one column, or with a pair of them."""
