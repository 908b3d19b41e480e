"""CSV and TSV: records of delimited text."""
