"""RUN -> EXPLANATION: numbers only, no drawing."""
