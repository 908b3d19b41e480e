"""The terminal: options in, text out, exit code. The only room that knows click."""
