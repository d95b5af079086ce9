# Commands of the project. `make help` lists them. Each runs `setup` when it is needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PY := $(BIN)/python

# The newest Python that will do (3.11 or later); PYTHON=… overrides.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

APP_SOURCES := $(shell find pwa -type f -not -path 'pwa/static/build/*' -not -name '*.py' -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: help setup demo test test-fast test-browser lint format bench simulate mutate gallery types clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: .venv/.ready node_modules/.ready pwa/static/build/.ready ## environment, packages, front-end build

.venv/.ready: requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or later is missing. Debian: apt install python3 python3-venv; macOS: brew install python"; exit 1; fi
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv module is missing. Debian: apt install python3-venv"; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

node_modules/.ready: package-lock.json package.json
	@command -v node >/dev/null 2>&1 || { echo "Node.js 20 or later is missing. Debian 13: apt install nodejs npm; macOS: brew install node; or nodejs.org"; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or later is needed, this is $$(node --version). See nodejs.org"; exit 1; }
	@command -v npm >/dev/null 2>&1 || { echo "npm is missing. Debian: apt install npm; it comes with Node.js elsewhere"; exit 1; }
	npm ci --no-fund --no-audit
	@touch $@

pwa/static/build/.ready: node_modules/.ready $(APP_SOURCES)
	npm run --silent build
	@touch $@

demo: setup ## serve the demo on http://127.0.0.1:8000 (ARGS="--port 9000")
	$(BIN)/wangge demo $(ARGS)

# A file's tests stay together: they share what it starts. Browsers have the machine to themselves.
SPREAD := --numprocesses auto --maxprocesses 4 --dist loadfile

test: test-fast test-browser ## all tests, the fast ones first

test-fast: setup
	WANGGE_TEST_HISTORIES=10000 $(BIN)/pytest -q -m "not browser" $(SPREAD)
	npm run --silent test

test-browser: setup
	$(BIN)/pytest -q -m browser

lint: setup ## style, types, generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --silent lint
	npm run --silent typecheck
	$(PY) -m grid.schema_export --check

format: setup ## put the code into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npx biome check --write .

types: setup ## regenerate JSON Schema and TypeScript types from the record models
	$(PY) -m grid.schema_export

bench: setup ## measure; prints a table, writes bench/results.json (ONLY=name for one)
	$(PY) -m bench $(if $(ONLY),--only $(ONLY))

simulate: setup ## play random histories of phones and servers (HISTORIES=10000, SEED=0)
	$(PY) -m tests.simulation $(if $(HISTORIES),--histories $(HISTORIES)) $(if $(SEED),--seed $(SEED))

mutate: setup ## mutation testing of the resolver, an hour or two (docs/mutation.md)
	test -x .venv-mutmut/bin/mutmut || $(PYTHON) -m venv .venv-mutmut
	.venv-mutmut/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-mutmut/bin/python -m pip install --quiet --disable-pip-version-check mutmut==3.8.1
	.venv-mutmut/bin/mutmut run $(if $(JOBS),--max-children $(JOBS))
	.venv-mutmut/bin/mutmut results

gallery: setup ## take the screenshots in docs/images from the running demo
	$(PY) -m tests.gallery

clean: ## remove what setup made
	rm -rf .venv node_modules pwa/static/build build *.egg-info
