# Everything happens in .venv; nothing else on the machine is touched. Needs python3 ≥ 3.11 and make.
# `make run` and `make test` install first what is missing; later they start at once.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALLED := $(VENV)/.installed
GRAPHIQL := $(VENV)/.graphiql
SOURCES := app connectors resolvers

.DELETE_ON_ERROR:
.PHONY: help install compiled run test test-thorough lint schema federation bench lock

help:
	@echo "make install   everything into $(VENV), at the versions of requirements.lock"
	@echo "make run       start Orderway on this machine, place the sample order and show it"
	@echo "make test      the test suite"
	@echo "make test-thorough  more of the same: more orders, more processes killed"
	@echo "make lint      the static checks: style, types, imports between parts, schema.graphql"
	@echo "make schema    write schema.graphql from the code"
	@echo "make federation  compose Orderway as a subgraph by the public composers of Apollo Federation"
	@echo "make bench     the benchmarks"
	@echo "make lock      (maintainers) write requirements.lock from pyproject.toml; needs uv"

install: $(GRAPHIQL)

# pip is the last that venv installs: with it, the environment is whole.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Orderway needs Python 3.11 or newer as python3; name another one with: make PYTHON=/path/to/python3 …" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "This Python cannot make virtual environments: install its venv package (on Debian: python3-venv)." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/pip
	@echo "Installing into $(VENV); this takes a minute or two the first time."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# GraphiQL's files are served by Orderway itself; they are installed, not kept in the repository.
$(GRAPHIQL): tools/graphiql_assets.py tools/npm.py tools/graphiql/package-lock.json $(INSTALLED)
	@$(BIN)/python -m tools.graphiql_assets
	@touch $@

# Python is told by some environments to keep no bytecode; compiled once, every part starts sooner.
compiled: install
	@$(BIN)/python -m compileall -q $(SOURCES)

run: compiled
	@exec $(BIN)/orderway dev --demo

test: compiled
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --no-loadscope-reorder

test-thorough: compiled
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --no-loadscope-reorder -m thorough

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/orderway schema --check

schema: install
	$(BIN)/orderway schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

federation: install
	@$(BIN)/python -m tools.federation_check

bench: install
	$(BIN)/python -m tests.bench

lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
