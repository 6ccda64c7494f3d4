"""MANY TRAININGS AS ONE: trials as members of one program, ever fewer of them."""
