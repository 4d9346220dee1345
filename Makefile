# One page: what a developer or an operator types. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
UV := .venv/bin/uv
READY := .venv/.ready
export XDG_RUNTIME_DIR ?= $(CURDIR)/.venv

.PHONY: help run test test-long check lint bench bench-mint bench-scan bench-capture bench-clones bench-pages bench-facts lock browser

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

$(READY): requirements/dev.txt pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
	touch $@

run: $(READY) ## create what is missing, load the demo, serve on HOST:PORT (127.0.0.1:8000)
	.venv/bin/estamp run

browser: $(READY)
	@.venv/bin/python tests/browser.py

test: $(READY) browser ## the whole test suite, on SQLite and on real PostgreSQL and Valkey
	.venv/bin/python -m pytest -n auto --dist loadgroup

test-long: $(READY) ## proofs of the stamp engine in full: 10,000 symbols as segno's, 20,000 read, whole rendered sheets
	ESTAMP_LONG=1 .venv/bin/python -m pytest -n auto --timeout 3600 tests/stamp_engine

lint: $(READY) ## format, lint, types, import contracts
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	test ! -x .venv/bin/hadolint || .venv/bin/hadolint Dockerfile

check: lint test ## what CI runs: lint, then test

bench: bench-mint bench-scan bench-facts bench-capture bench-clones bench-pages ## all benchmarks, into bench/results.json

bench-mint: $(READY) ## minting speed against its peers
	.venv/bin/python -m bench.mint

bench-scan: $(READY) ## scanning speed against a hello-world
	.venv/bin/python -m bench.scan

bench-facts: $(READY) ## what a change of a fact costs a worker, and how long phones wait
	.venv/bin/python -m bench.facts

bench-capture: $(READY) ## how often stamps are read from simulated photographs
	.venv/bin/python -m bench.capture

bench-clones: $(READY) ## the clone detector beside simple rules, in worlds it was not fitted on
	.venv/bin/python -m bench.clones
	.venv/bin/python -m bench.lots

bench-pages: $(READY) ## every page of the office on years of data, on both databases
	.venv/bin/python -m bench.pages

lock: ## resolve the dependencies again and write the hash-locked sets
	for group in engine verifier app; do \
	  extra=$$(test $$group = engine || echo --extra $$group); \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml $$extra -o requirements/$$group.txt; \
	done
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --extra app --group dev -o requirements/dev.txt
