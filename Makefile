# `make run` and `make test` do everything on a fresh machine; `make help` lists the rest.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMPS := $(VENV)/.stamps
UV ?= $(shell command -v uv || echo $(BIN)/uv)
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help run test lint types arrows peers pjsua2 bench lock clean
.DELETE_ON_ERROR:

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/project ## a carrier that refuses Germany, and a few calls against it
	$(BIN)/simcarrier run scenarios/germany-403.yaml --listen udp:127.0.0.1:0 --exec '$(BIN)/python examples/few_calls.py'

test: peers $(STAMPS)/test ## everything: lint, types, arrows, tests with real peers
	@$(MAKE) --no-print-directory lint types arrows
	@PYTHON=$(BIN)/python bash tools/pjsua2.sh --build
	$(BIN)/python -m pytest -n 3 --dist worksteal

lint: $(STAMPS)/test ## ruff: rules and layout
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMPS)/test ## mypy --strict
	$(BIN)/mypy

arrows: $(STAMPS)/test ## import-linter: which room may know which
	$(BIN)/lint-imports

peers: ## SIPp, sipsak, Kamailio, tshark, Chromium and Asterisk, where apt-get is there
	@bash tests/peers.sh
	@bash tests/asterisk.sh

pjsua2: $(STAMPS)/project ## pjproject's binding from source: PJPROJECT=tree or tarball, or else Debian's source package
	@PYTHON=$(BIN)/python bash tools/pjsua2.sh $(if $(PJPROJECT),'$(PJPROJECT)')

bench: ## list the benchmarks
	@for file in benchmarks/*.py; do \
		[ -f "$$file" ] || continue; \
		printf '%s\n    %s\n' "$(BIN)/python $$file" "$$(sed -n '1s/^"""//p' "$$file" | sed 's/"""$$//')"; \
	done

lock: ## lock the requirements anew (wants uv); versions move only with LOCK_FLAGS=--upgrade
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	$(LOCK) $(LOCK_FLAGS) --extra test pyproject.toml -o requirements/test.txt
	$(LOCK) $(LOCK_FLAGS) -c requirements/test.txt --no-annotate pyproject.toml -o requirements/core.txt
	$(LOCK) $(LOCK_FLAGS) -c requirements/test.txt --no-annotate requirements/build.in -o requirements/build.txt
	@if grep -nE '://|^-|index-url|find-links' requirements/*.txt; then echo "a host or an option slipped into a lock" >&2; exit 1; fi

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache build dist
	rm -rf simcarrier/dashboard/static/vendor
	find simcarrier tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a step is done again only if what it was made from has changed.

$(STAMPS)/venv:
	@python=""; \
	for candidate in $(if $(PYTHON),'$(PYTHON)',python3 python3.13 python3.12 python3.11 python3.14 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "simcarrier needs Python 3.11 or newer and found none$(if $(PYTHON), at $(PYTHON))." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python cannot make virtual environments: on Debian and Ubuntu install python3-venv." >&2; exit 1; \
	fi; \
	echo "$$python -m venv $(VENV)"; "$$python" -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/core: requirements/core.txt requirements/build.txt | $(STAMPS)/venv
	$(PIP) install --require-hashes -r requirements/core.txt -r requirements/build.txt
	@touch $@

$(STAMPS)/project: pyproject.toml hatch_build.py $(STAMPS)/core
	$(PIP) install --no-deps --no-build-isolation --editable .
	@[ -f simcarrier/dashboard/static/vendor/uPlot.iife.min.js ] || \
		echo "The dashboard shows tables without charts: npm is missing or reached no registry." >&2
	@touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/project
	$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@
