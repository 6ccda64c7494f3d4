"""RUN -> EXPLANATION: each takes a run or an opening and returns one record of numbers."""
