# Everything that a newcomer types. `make` alone lists the targets. Nothing but python3 (3.11 or later) and make is needed.

PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=
# A process for each core, each with its own databases; a file stays in one, in the order of the folders: the long ones first.
PYTEST_PROCESSES := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BENCH_ARGS ?=
WEB_ARGS ?=
SCHEMAS := docs/reference/schemas
SCHEMA_NAMES := terms scenario statement explanation rebilling org_units members accounts cards transactions cases contacts orders

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench web docs clean requirements

help: ## list the targets
	@echo "Cardwright: issuer billing. Targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: .venv/.ready ## make .venv with everything in it; nothing to do the second time

demo: setup ## bill the real sample, write statements and reports, say where they are
	$(BIN)/cardwright demo

test: setup check ## run the checks, then every test
	$(BIN)/pytest $(PYTEST_PROCESSES) $(PYTEST_ARGS)

check: setup ## style, types and the order of the rooms
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## measure posting and closing beside what the database alone takes
	$(BIN)/cardwright bench $(BENCH_ARGS)

web: setup ## serve the HTTP API on port 8000 of this machine
	$(BIN)/cardwright web $(WEB_ARGS)

docs: setup ## write the JSON Schemas and the reference of the rule packs anew
	@mkdir -p $(SCHEMAS)
	@for name in $(SCHEMA_NAMES); do \
		$(BIN)/cardwright schema $$name > $(SCHEMAS)/$$name.new && mv $(SCHEMAS)/$$name.new $(SCHEMAS)/$$name.json \
		|| { rm -f $(SCHEMAS)/$$name.new; exit 1; }; echo $(SCHEMAS)/$$name.json; \
	done
	@$(BIN)/python -m web.api.description > $(SCHEMAS)/openapi.new && mv $(SCHEMAS)/openapi.new $(SCHEMAS)/openapi.json \
		&& echo $(SCHEMAS)/openapi.json
	@$(BIN)/python -m fees.rule_packs.reference > docs/reference/rule-packs.new \
		&& mv docs/reference/rule-packs.new docs/reference/rule-packs.md && echo docs/reference/rule-packs.md

clean: ## remove what was made: .venv, caches, the demo's output; books of your own stay
	rm -rf .venv build dist demo-output *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What requirements.txt is made from; needed only when a dependency changes.
requirements: setup
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --extra dev --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
		--output-file requirements.txt pyproject.toml

.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make setup needs Python 3.11 or later as $(PYTHON); name another with: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; install it (on Debian and Ubuntu: apt install python3-venv), then try again" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv; this takes about a minute" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
