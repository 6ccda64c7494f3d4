"""SETTINGS -> BETTER SETTINGS: trials side by side, of which ever fewer go on."""
