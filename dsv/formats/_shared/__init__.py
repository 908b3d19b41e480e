"""What formats have in common: bytes, names, types, faults, folders, what a publication changes."""
