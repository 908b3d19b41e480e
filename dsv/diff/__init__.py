"""Diff: two tables in, what differs out. Rows pair by hash first; only what differs is fetched."""
