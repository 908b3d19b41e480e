"""One format a file: bytes on disk become a table, and back."""
