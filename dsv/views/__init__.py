"""A result becomes a Page."""
