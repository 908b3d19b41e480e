"""A published migration is undone by a new one; what was touched since stays, and is told."""
