# `make demo` shows jamjae at work and `make test` runs its tests. Both need Python 3.11 or later,
# pip and make, and set up everything else by themselves in $(VENV).

PYTHON ?= python3
VENV ?= .venv
VENV_MINIMUM ?= .venv-minimum
VENV_BENCH ?= .venv-bench
DEMO ?= demo
WORKERS ?= 2
ARGS ?=

bin := $(VENV)/bin
pip := -m pip --disable-pip-version-check --no-input -q

export KERAS_BACKEND := jax
export MPLBACKEND := Agg

.PHONY: help demo test test-slow test-all lint style types contracts doctest test-minimum build check clean bench bench-quick

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo
	@echo "  PYTHON=$(PYTHON)  the Python that environments are made with (3.11 or later)"
	@echo "  VENV=$(VENV)  the environment, made where it is missing"
	@echo "  WORKERS=$(WORKERS)  processes that run tests"
	@echo "  ARGS=  further arguments for pytest, as in: make test ARGS='-k digits -x'"

# --- environments ---------------------------------------------------------------------------

# A stamp is older than pyproject.toml when the requirements may have changed.
plot := $(VENV)/.installed-plot
dev := $(VENV)/.installed-dev
minimum := $(VENV_MINIMUM)/.installed
bench := $(VENV_BENCH)/.installed

$(bin)/pip $(VENV_MINIMUM)/bin/pip $(VENV_BENCH)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "jamjae needs Python 3.11 or later, but $(PYTHON) is: `$(PYTHON) --version 2>&1`." >&2; \
	    echo "Name another one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(patsubst %/bin/pip,%,$@)

$(plot): pyproject.toml | $(bin)/pip
	$(bin)/python $(pip) install -e '.[plot]'
	@touch $@

$(dev): pyproject.toml | $(bin)/pip
	$(bin)/python $(pip) install -e '.[dev]'
	@touch $(plot) $@

$(minimum): pyproject.toml constraints/minimum.txt | $(VENV_MINIMUM)/bin/pip
	$(VENV_MINIMUM)/bin/python $(pip) install -c constraints/minimum.txt \
	    -e '.[plot,ray]' hypothesis pytest pytest-xdist
	@touch $@

$(bench): pyproject.toml benchmarks/requirements.txt | $(VENV_BENCH)/bin/pip
	$(VENV_BENCH)/bin/python $(pip) install -r benchmarks/requirements.txt -e .
	@touch $@

# --- the two commands -----------------------------------------------------------------------

demo: $(plot) ## Compress and reconstruct the digits, beside PCA; figures go to demo/.
	$(bin)/jamjae demo --force --output $(DEMO)

# One thread a process for scikit-learn's loops, which wait for each other while spinning.
test test-slow test-all test-minimum: export OMP_NUM_THREADS = 1

# Files of tests are begun in the order of tests/conftest.py.
spread := -n $(WORKERS) --dist loadscope --no-loadscope-reorder
pytest := $(bin)/python -m pytest $(spread)

test: $(dev) ## Run the tests, except the slow ones.
	$(pytest) -m 'not slow' $(ARGS)

test-slow: $(dev) ## Run the slow tests.
	$(pytest) -m slow $(ARGS)

# In one run, as the slow tests use the fixtures and the compiled code of the others.
test-all: $(dev) ## Run all tests.
	$(pytest) $(ARGS)

# --- what else is checked -------------------------------------------------------------------

lint: style types contracts ## Check style, types and import contracts.

style: $(dev) ## Check style with ruff and report the files over budget.
	$(bin)/ruff check
	$(bin)/ruff format --check
	@find src -name '*.py' -exec wc -l {} + | \
	    awk '$$2 != "total" && $$1 > 400 {print "over the budget of 400 lines: " $$2 " (" $$1 ")"}'

types: $(dev) ## Check types with mypy.
	$(bin)/mypy

contracts: $(dev) ## Check that imports go down only.
	$(bin)/lint-imports --no-cache --no-logo

# Examples run in an empty folder: what they write is not left in the tree.
doctest: $(dev) ## Run the examples of the docstrings.
	@folder=`mktemp -d` && trap 'rm -rf "$$folder"' EXIT && python="$(abspath $(bin))/python" && \
	    cd "$$folder" && "$$python" -m pytest -c "$(CURDIR)/pyproject.toml" --rootdir="$(CURDIR)" \
	    -p no:cacheprovider --doctest-modules $(ARGS) "$(CURDIR)/src/jamjae"

test-minimum: $(minimum) ## Run the tests with the oldest libraries supported.
	$(VENV_MINIMUM)/bin/python -m pytest $(spread) $(ARGS)

bench: $(bench) ## Measure jamjae beside other libraries (hours), or ARGS='same_work' of it.
	$(VENV_BENCH)/bin/python -m benchmarks $(ARGS)

bench-quick: $(bench) ## The same at a fraction of the size (minutes); results go to build/.
	$(VENV_BENCH)/bin/python -m benchmarks --quick --output build/RESULTS.md $(ARGS)

build: $(dev) ## Build the source and binary distributions into dist/.
	$(bin)/python -m build

check: lint doctest test-all test-minimum build ## Run everything.

clean: ## Remove environments, caches and what was built; data and models stay.
	rm -rf $(VENV) $(VENV_MINIMUM) $(VENV_BENCH) build dist demo .pytest_cache .mypy_cache .ruff_cache \
	    .hypothesis
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
