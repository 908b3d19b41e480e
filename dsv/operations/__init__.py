"""One operation a file: an immutable value that changes a table and foretells the change."""
