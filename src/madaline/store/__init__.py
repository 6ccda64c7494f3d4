"""RUN <-> DISK: run folders, checkpoints, model files. No pickle."""
