# Needs only Python 3.11 or newer, pip and make. Everything else goes into .venv, in the versions of constraints.txt.
PYTHON ?= python3
REPORT ?= anneal-report/digits
BIN := .venv/bin

# Two names for one wish, that the build tools be pinned as well: older pips read the first, newer ones the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test slow parity docs-tables docs-evidence bench clean

help:
	@echo "make demo    tune a network on handwritten digits: which rate and schedule, how sure, and a report"
	@echo "make test    lint, types and the tests"
	@echo "make slow    the tests that take longer"
	@echo "make parity  the dialects beside the real libraries"
	@echo "make docs-tables  docs/same-curve-as.md, measured anew"
	@echo "make docs-evidence  docs/evidence.md, every study run anew (eight minutes)"
	@echo "make bench   the benchmarks"
	@echo "make clean   remove everything that make has made"

demo: .venv/demo.stamp
	$(BIN)/anneal tune digits --out "$(REPORT)" --store "$(REPORT)/studies.db"
	@echo "The report is in $(abspath $(REPORT))/report.html: open it in a browser, no network needed."

test: .venv/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/pytest -n 2 -m "not slow and not parity"

slow: .venv/test.stamp
	$(BIN)/pytest -n 2 -m "slow and not parity"

parity: .venv/test.stamp
	$(BIN)/pytest -n 2 -m parity

docs-tables: .venv/test.stamp
	$(BIN)/python -m tests.parity.page

docs-evidence: .venv/test.stamp
	$(BIN)/anneal reproduce --all --out anneal-report/reproduce
	$(BIN)/python -m annealing.reproduce.evidence docs anneal-report/reproduce/result.json

bench: .venv/test.stamp
	@set -e; for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python "$$benchmark"; done

clean:
	rm -rf .venv anneal-report build dist .pytest_cache .ruff_cache .hypothesis

# A stamp is older than what decides the environment only when something has changed: then, and only then, it installs again.
.venv/demo.stamp: EXTRAS := torch,tune,report
.venv/test.stamp: EXTRAS := dev
.venv/demo.stamp .venv/test.stamp: pyproject.toml constraints.txt peers.txt peers-apart.txt | $(BIN)/pip
	@echo "Installing annealing[$(EXTRAS)] into .venv (a minute or two, once)"
	@$(BIN)/python -m pip install -qq --editable ".[$(EXTRAS)]"
	@if [ "$(EXTRAS)" = dev ]; then \
	  $(BIN)/python -m pip install --quiet --no-deps --requirement peers.txt && rm -rf .venv/peers && \
	  $(BIN)/python -m pip install --quiet --no-deps --target .venv/peers --requirement peers-apart.txt; fi
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	  echo "annealing needs Python 3.11 or newer, and '$(PYTHON)' is not. Name one that is: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
