# `make demo` and `make test` need Python 3.11+, git and make; the rest is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: demo test check format format-check lint types imports docs living-example test-oldest test-slow test-faults bench bench-peers clean

demo: $(VENV)/ready ## see a real dataset with a real history diffed and migrated
	@$(BIN)/python examples/demo.py

test: $(VENV)/ready ## run the tests
	@# Compiled once: where the environment forbids to write bytecode, each command that a test starts would do it anew.
	@$(BIN)/python -m compileall -q dsv
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal --ignore tests/docs

check: format-check lint types imports test docs living-example ## all that CI runs

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

format-check: $(VENV)/ready
	$(BIN)/ruff format --check .

lint: $(VENV)/ready
	$(BIN)/ruff check .

types: $(VENV)/ready
	$(BIN)/mypy

imports: $(VENV)/ready
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/ready
	$(BIN)/python -m pytest -q -n $(JOBS) tests/docs

living-example: $(VENV)/ready ## rebuild every version of the committed example and compare with dvc.lock
	$(BIN)/python examples/rebuild.py
	$(BIN)/dsv migrate check --ci

test-oldest: ## the tests with the oldest allowed dependencies
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install -q --upgrade "pip>=25.1"
	.venv-oldest/bin/python -m pip install -q -c constraints-oldest.txt -e . --group dev
	.venv-oldest/bin/python -m pytest -q -n $(JOBS) --ignore tests/docs

test-slow: $(VENV)/ready ## the tests that `make test` leaves out, but for test-faults
	$(BIN)/python -m pytest -q -n $(JOBS) -m slow --ignore tests/e2e/test_e2e_killed.py

test-faults: $(VENV)/ready ## kill writing commands at every change that they make, and at random instants (an hour)
	$(BIN)/python -m pytest -q -n $(JOBS) -m slow tests/e2e/test_e2e_killed.py

bench: $(VENV)/ready ## start-up times, the diff and migrations beside DuckDB, log beside git log, a review beside its diff, as ratios
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/diff.py
	$(BIN)/python benchmarks/migrate.py
	$(BIN)/python benchmarks/history.py
	$(BIN)/python benchmarks/review.py

bench-peers: $(VENV)/ready ## the diff beside other tools too, which get an environment of their own
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q --upgrade "pip>=25.1"
	.venv-peers/bin/python -m pip install -q --group bench
	$(BIN)/python benchmarks/diff.py --peers .venv-peers/bin/python

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -q -c constraints.txt -e . --group dev
	@touch $@

clean:
	rm -rf $(VENV) .venv-oldest .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis
