# `make demo` and `make test` are all that a fresh machine with Python and make needs.

PYTHON ?= python3
VENV ?= .venv
# Where an environment has its programs. On Windows, make runs in Git's bash.
bin = $(1)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := $(call bin,$(VENV))

# Which versions are installed: the tested ones, the oldest ones (.ci/oldest.txt), or,
# with an empty value, the newest ones. Give each an environment of its own by VENV=.
CONSTRAINTS ?= .ci/constraints.txt

# One pip call with the constraints: without them a plain `torch` brings gigabytes of
# CUDA along.
PIP = -m pip install --quiet --disable-pip-version-check \
	$(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))
INSTALL = $(BIN)/python $(PIP)

# One thread a process: spinning OpenMP threads of several workers starve each other.
THREADS = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
PYTEST = $(THREADS) $(BIN)/python -m pytest -n auto

.PHONY: demo test test-all coverage lint format docs bench peers package clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo      report whether fusion helps on clothing reviews, save a picture"
	@echo "make test      the tests and doctests"
	@echo "make test-all  the slow ones and those that fetch data, too"
	@echo "make coverage  the tests, and which lines they miss"
	@echo "make lint      ruff, mypy, spelling, docstrings, annotations, imports"
	@echo "make format    let ruff write the format that lint asks for"
	@echo "make docs      the documentation, into docs/_build/html"
	@echo "make bench     the benchmarks (long)"
	@echo "make peers     the race beside other packages, each in an environment (hours)"
	@echo "make package   sdist and wheel, into dist, and a try of the wheel alone"
	@echo "make clean     delete what was built; .venv and fetched data stay"

# The environment is installed anew when what it is made of has changed.
$(VENV)/.test: pyproject.toml $(CONSTRAINTS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable ".[test]"
	# For its weights alone: what it depends on needs a compiler, and breaks Python 3.
	$(INSTALL) --no-deps resemblyzer
	@touch $@

$(VENV)/.docs: $(VENV)/.test
	$(INSTALL) --editable ".[docs]"
	@touch $@

demo: $(VENV)/.test
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m skmm.demo

test: $(VENV)/.test
	$(PYTEST)

test-all: $(VENV)/.test
	$(PYTEST) -m ""

coverage: $(VENV)/.test
	$(PYTEST) --cov

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python .ci/docstrings.py
	$(BIN)/python .ci/imports.py
	$(BIN)/python .ci/annotations.py

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m sphinx -W --keep-going -q -b html \
		docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/.test
	@set -e; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; OMP_WAIT_POLICY=PASSIVE $(BIN)/python $$script; \
	done

# Each peer has an environment of its own, from a list of requirements. Those of the
# project hold where they can: some peers need older versions.
PEERS := $(VENV)-peers
PEER_LISTS := $(wildcard benchmarks/peers/requirements/*.txt)
PEER_ENVS := $(PEER_LISTS:benchmarks/peers/requirements/%.txt=$(PEERS)/%/.installed)

$(PEERS)/%/.installed: benchmarks/peers/requirements/%.txt $(CONSTRAINTS)
	$(PYTHON) -m venv $(PEERS)/$*
	$(call bin,$(PEERS)/$*)/python -m pip install --quiet \
		--disable-pip-version-check --requirement $<
	# The weights for sounds, as above.
	$(if $(filter skmm,$*),$(call bin,$(PEERS)/$*)/python $(PIP) --no-deps resemblyzer)
	@touch $@

peers: $(VENV)/.test $(PEER_ENVS)
	$(THREADS) $(BIN)/python benchmarks/peers/prepare.py $(PEERS)/data
	$(BIN)/python benchmarks/peers/run.py $(PEERS) $(PEERS)/data docs/peers.csv
	$(BIN)/python benchmarks/peers/collect.py docs/peers.csv \
		--figure docs/_static/peers.png

# The tools are not in the environment of the tests, nor are the extras in this one: what
# runs here runs for a user who installs skmm alone.
PACKAGE := $(VENV)-package
package:
	rm -rf dist
	$(PYTHON) -m venv --clear $(PACKAGE)
	$(call bin,$(PACKAGE))/python $(PIP) build twine
	$(call bin,$(PACKAGE))/python -m build
	$(call bin,$(PACKAGE))/python -m twine check --strict dist/*
	$(call bin,$(PACKAGE))/python $(PIP) dist/*.whl
	$(THREADS) $(call bin,$(PACKAGE))/python -P .ci/readme.py

clean:
	rm -rf build dist *.egg-info $(PACKAGE) .coverage htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	rm -rf docs/_build docs/gallery docs/generated
	find skmm tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
