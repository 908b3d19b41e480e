"""YAML read by the rules of version 1.2, with line numbers; dvc.yaml edited with its comments kept."""
