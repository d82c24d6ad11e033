# Everything one does with this checkout. `make` alone lists it.
# Needs Python 3.11 or newer with venv, and a package registry that pip can reach (for setup only).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.complete
# What other languages' generators and linters of the OpenAPI document need; only tests use it.
CLIENTS := $(VENV)/clients
# More arguments for pytest: make test ARGS="tests/mail -k forwards"
ARGS   ?=
# Used by `make requirements` alone.
UV     ?= uv

.DEFAULT_GOAL := help
.PHONY: help setup clients run demo test fuzz check fix bench openapi migration requirements clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything in it (at once when nothing has changed)

INSTALL = $(BIN)/pip install -qq --disable-pip-version-check

$(STAMP): requirements-build.txt requirements-dev.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { \
	  echo "There is no $(PYTHON) here. Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Hosted Inbox needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	       "Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment (on Debian: apt-get install python3-venv)." >&2; \
	  exit 1; }
	$(INSTALL) --require-hashes --only-binary :all: -r requirements-build.txt
	$(INSTALL) --require-hashes --no-build-isolation -r requirements-dev.txt
	$(INSTALL) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

clients: $(CLIENTS)/.complete ## Get what reads the OpenAPI document in tests: linter, generators of clients

# Without Node its part is left out, and the tests that need it say so.
NPM_CI = npm ci --ignore-scripts --no-audit --no-fund --loglevel error

$(CLIENTS)/.complete: tests/clients/package-lock.json tests/clients/requirements.txt | $(STAMP)
	@mkdir -p $(CLIENTS)
	@cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	@if ! command -v npm > /dev/null; then echo "There is no npm here: nothing is tested with Node."; \
	elif ! (cd $(CLIENTS) && timeout 180 $(NPM_CI)); then rm -rf $(CLIENTS)/node_modules; \
	  echo "The packages for Node cannot be had here: nothing is tested with Node."; fi
	@$(BIN)/python -m venv $(CLIENTS)/python
	@$(CLIENTS)/python/bin/pip install -qq --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r tests/clients/requirements.txt || { rm -rf $(CLIENTS)/python; \
	  echo "The generator of Python clients cannot be had here: it is not tested."; }
	@touch $@

run: setup ## Serve: HTTP, SMTP and the worker in one process
	$(BIN)/hosted-inbox serve

demo: setup ## See it work: a channel, a forwarded mail, a reply
	$(BIN)/python -m tests.demo

test: setup clients ## Run the tests, on SQLite and on a PostgreSQL of their own (ARGS=… goes to pytest)
	TEST_DATABASE=$${TEST_DATABASE:-both} $(BIN)/python -m pytest -n 2 $(ARGS)

fuzz: setup ## Ask the service what nobody thought of, for long: make fuzz ARGS="SECONDS SEED"
	$(BIN)/python -m tests.fuzz $(ARGS)

check: setup ## Style, types, directions, and that generated files are current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict app
	$(BIN)/lint-imports
	$(BIN)/hosted-inbox openapi --check
	@if grep -nE '://|^ *--?(index|extra-index|find-links|trusted|i |f )' requirements*.txt tests/clients/*.txt \
	  tests/clients/package-lock.json; then \
	  echo "The requirements must not say where packages come from." >&2; exit 1; fi

fix: setup ## Put style right where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure on this machine: mails and requests a second
	$(BIN)/python -m bench

openapi: setup ## Write the OpenAPI document anew
	$(BIN)/python -m tests.problem_codes
	$(BIN)/hosted-inbox openapi

migration: setup ## Draft a migration from the models: make migration m="connect channels"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="connect channels"' >&2; exit 1; }
	$(BIN)/alembic revision --autogenerate -m "$(m)"

# Hashes for every platform and Python from 3.11; no address of a registry.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
          --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)
EXTRAS  = --extra postgres --extra s3

requirements: ## Pin the requirements anew from pyproject.toml (needs uv; UPGRADE=-U for newer ones)
	$(COMPILE) $(EXTRAS) pyproject.toml -o requirements.txt
	$(COMPILE) $(EXTRAS) --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(COMPILE) --group build -c requirements-dev.txt -o requirements-build.txt

clean: ## Take away what was made here, except data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
