"""A Page, or a result, becomes text. One renderer a file."""
