"""Checks: the numbers of a diff and the texts of a branch in, findings out."""
