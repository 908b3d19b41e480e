"""Arrow and Parquet: columns of typed values."""
