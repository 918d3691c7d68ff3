# Plain `make` lists what there is. `make run` and `make test` are all that a newcomer needs.
# PYTHON=… chooses the Python (3.11 or newer); else the first one found that really starts.

.DEFAULT_GOAL := help
.PHONY: help run test lint types chaos bench docs diagram portable clean

VENV := .venv
PY := $(VENV)/bin/python
ROUNDS ?= 5
SEED ?= 1
# Options of .ci/checks.py, such as --ci, and of pytest after --.
CHECKS ?=

# Without byte code each start would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# What is installed must not be hidden by modules of the caller's environment.
unexport PYTHONPATH PYTHONHOME

PIP := $(PY) -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

help: ## list the targets
	@echo "azenha: make TARGET"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/run.stamp ## install, start the server with the examples on 127.0.0.1:8080, run one of them
	@$(PY) -m azenha demo

test: $(VENV)/dev.stamp ## all checks and tests that can run here; says at its end what was left out and why
	@$(PY) .ci/checks.py $(CHECKS)

lint: $(VENV)/dev.stamp ## ruff and the import contracts
	@$(PY) .ci/checks.py --only lint format imports

types: $(VENV)/dev.stamp ## mypy --strict
	@$(PY) .ci/checks.py --only types

chaos: $(VENV)/dev.stamp ## kill parts of the server at random moments; ROUNDS=100 SEED=1
	@$(PY) tests/chaos/chaos.py --rounds $(ROUNDS) --seed $(SEED)

bench: $(VENV)/dev.stamp ## measure against floors of the same run, and write docs/benchmarks.md
	@$(PY) -m benchmarks

docs: $(VENV)/docs.stamp ## build the documentation in site/
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet --site-dir site
	@echo "built: site/index.html"

diagram: $(VENV)/run.stamp ## write the generated parts of the documentation anew: state diagram, table of errors
	@$(PY) docs/diagram.py
	@$(PY) docs/errors.py

portable: $(VENV)/dev.stamp ## tests of engine, store and a whole server without fork, Unix sockets and the like, as on Windows
	@$(PY) .ci/portable.py

clean: ## remove the environment, caches and built files; the data folder stays
	rm -rf $(VENV) build dist site out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests docs benchmarks .ci -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp: constraints.txt .ci/find-python.sh
	@python=$$(sh .ci/find-python.sh "$(PYTHON)") && \
	  echo "making $(VENV) with $$python" && \
	  rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(PIP) pip
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp pyproject.toml
	@echo "installing azenha and what its examples need (some minutes the first time)"
	@$(PIP) --build-constraint constraints.txt --editable ".[examples]"
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@echo "installing the tools of development"
	@$(PIP) --group dev
	@touch $@

$(VENV)/docs.stamp: $(VENV)/run.stamp
	@echo "installing the tools of the documentation"
	@$(PIP) --group docs
	@touch $@
