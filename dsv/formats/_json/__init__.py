"""JSON Lines, JSON arrays and documents: objects as they are spelled."""
