"""Folders of part files and Hive partitions."""
