"""THE JOURNEY ON ONE PAGE: a table comes in, a trained and judged network goes out."""
