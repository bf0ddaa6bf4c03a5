# `make help` says what there is. Set-up needs only python3 (3.11 to 3.13) and make; the rest is fetched once.
SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
PYTEST := $(PY) -m pytest -n 3 --dist loadgroup
QUICK ?= --quick

.DEFAULT_GOAL := help
.PHONY: help run test check proof drills bench screenshots words lock clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\n  PORT=8010 CONTENT_PORT=8011 make run    other ports (8000 and 8001 otherwise)\n'
	@printf '  ONLY=name make bench                    one measurement\n'
	@printf '  DUXUE_RUNS=50 make test                 fewer runs of each property (300 otherwise)\n'
	@printf '  QUICK= make check                       all of it: SQLite only, no browser (some eight minutes)\n'
	@printf '  QUICK=--note-slow make check            the same, and tests/slow.txt anew\n'
	@printf '  Settings: docs/settings.md\n'

run: ## set up what is missing, then serve the sample academy
	@$(PYTHON) tools/setup.py run
	@exec .venv/bin/duxue serve --sample

test: ## everything: linters, types, both databases, a real browser
	@$(PYTHON) tools/setup.py test
	@DUXUE_RUNS=$${DUXUE_RUNS:-300} $(PYTEST) -m "not proof"

check: ## the quick form, under two minutes: what is quick everywhere, and all that lies beside your changes
	@$(PYTHON) tools/setup.py check
	@DUXUE_RUNS=$${DUXUE_RUNS:-50} $(PYTEST) -n 2 -p tests.slowness $(QUICK) -m "not browser and not proof and not postgres"

proof: ## the long form: 10,000 runs of each property, and the kill drills
	@$(PYTHON) tools/setup.py test
	@DUXUE_RUNS=$${DUXUE_RUNS:-10000} $(PYTEST) tests/rules
	@$(PY) -m pytest -m proof

drills: ## kills, restarts, full disks, slow phones under load, into docs/reliability.md (ONLY=name for one)
	@$(PYTHON) tools/setup.py test
	@$(PY) -m tests.proof.drills $(ONLY)

bench: ## the promises of speed and fairness, measured here (ONLY=name for one)
	@$(PYTHON) tools/setup.py test
	@$(PY) -m bench $(ONLY)

screenshots: ## pictures of the main pages, in both themes and languages
	@$(PYTHON) tools/setup.py test
	@$(PY) tools/screenshots.py

words: ## which words of the interface lack a translation
	@$(PYTHON) tools/setup.py check
	@$(PY) tools/words.py check

# The lock is made with uv, which nothing else here needs; it lives in var/ only for this.
LOCK := var/lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-annotate --no-header --group pyproject.toml:setup pyproject.toml
LOCK_HEAD := \# Locked with hashes for Python 3.11 to 3.13, x86-64 and arm64. Made from pyproject.toml by `make lock`.

lock: ## newest versions that pyproject.toml allows into requirements/*.txt (needs the network)
	@$(PYTHON) -m venv var/lock && var/lock/bin/python -m pip install --quiet uv==0.13.9
	@$(LOCK) > var/lock/run.txt
	@$(LOCK) --group pyproject.toml:test --constraint var/lock/run.txt > var/lock/test.txt
	@for part in run test; do { echo '$(LOCK_HEAD)'; cat var/lock/$$part.txt; } > requirements/$$part.txt; done

clean: ## remove what set-up and tests made; the academy's data (var/) stays
	@rm -rf .venv node_modules app/static/vendor app/credits/certificates/fonts build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	@find app tests tools bench migrations -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find app -name '*.mo' -delete
