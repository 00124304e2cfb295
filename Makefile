# The commands people type. `make run` and `make test` start from a bare machine with python3 (3.11 or newer) and make.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
# Root needs no sudo, and a container often has none.
APT := if [ "$$(id -u)" = 0 ]; then as=; else as=sudo; fi; \
	$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.DEFAULT_GOAL := help
.PHONY: help run test check bench shots clean test-machine

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.installed ## serve the app and the API on http://127.0.0.1:8501
	$(PY) -m orchestrator_adapter migrate
	exec $(PY) -m orchestrator_adapter serve

test: $(VENV)/.installed-dev test-machine ## the whole test suite, with everything it needs
	$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, architecture
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_layers.py

bench: $(VENV)/.installed-dev test-machine ## one table: figure, target, met or not
	$(PY) -m benchmarks

shots: $(VENV)/.installed-dev test-machine ## a picture of every page, into var/shots/
	$(PY) -m benchmarks.shots

clean: ## remove what can be made again (never var/, where the data is)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Quarterdeck needs Python 3.11 or newer: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
		|| { echo "This Python cannot make virtual environments yet: installing python3-venv."; \
		     { $(APT) python3-venv >/dev/null && $(PYTHON) -m venv --clear $(VENV); } \
		     || { rm -rf $(VENV); echo "Could not make $(VENV): install python3-venv, then run make again." >&2; exit 1; }; }

$(VENV)/.installed: requirements.txt constraints.txt | $(PY)
	@echo "Installing what Quarterdeck needs into $(VENV) ..."
	@$(PIP) -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt constraints.txt | $(PY)
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) -r requirements-dev.txt -c constraints.txt
	@touch $@ $(VENV)/.installed

test-machine:
	@missing=; \
	command -v chromium >/dev/null || missing="chromium"; \
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || { echo "Installing for the tests: $$missing"; $(APT) $$missing >/dev/null; } \
		|| { echo "The tests need these Debian packages, which could not be installed here: $$missing." >&2; exit 1; }
