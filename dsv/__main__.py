"""`python -m dsv` is `dsv`."""

from dsv.cli.main import run

run()
