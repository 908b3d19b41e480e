"""`dsv migrate`: one verb a file; what several of them need is in files with an underscore."""
