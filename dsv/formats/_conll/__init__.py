"""CoNLL-U and CoNLL column files: tokens in sentences."""
