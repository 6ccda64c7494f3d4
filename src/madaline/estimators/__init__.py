"""THE SCIKIT-LEARN FACE: names translated, nothing else."""
