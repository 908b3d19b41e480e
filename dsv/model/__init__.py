"""The nouns of dsv: frozen dataclasses, standard library only."""
