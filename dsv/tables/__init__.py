"""The engine: tables larger than memory, SQL in, rows out."""
