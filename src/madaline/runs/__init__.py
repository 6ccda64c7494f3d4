"""RUNS WITH A FOLDER: started, resumed, written down."""
