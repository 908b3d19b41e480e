"""Edits become a migration: what changed between two tables, as operations and their side files."""
