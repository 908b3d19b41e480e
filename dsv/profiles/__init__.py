"""A table becomes a profile; a profile becomes YAML and back."""
