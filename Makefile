# make run     replay October 11th: the suite october-11, its table and a written report
# make test    run the whole test suite (PYTEST_FLAGS="-k NAME" for a part of it)
# make test-nightly   the same properties, tried on other examples every time and on twenty times as many: hours
# make lint    style, types and import contracts
# make bench   the benchmarks (beside NSD, if nsd and dnsperf are installed)
# make fuzz    feed a million broken packets and files to all that reads them, half of them guided by coverage: an hour
#              (FUZZ_FLAGS="--count 20000" for fewer)
# make transition-coverage   which tests take which row of the tables and read which knob: out/transitions.md
# make mutation   change the resolvers' code in thousands of places and see which changes no test minds: hours
#              (MUTATION_FLAGS="--sample 4" for every fourth change)
# make conformance   all models and four real resolvers in all conformance cases: out/conformance.html
# Each does its own set-up first and needs the network only for that. PYTHON=python3.12 chooses another Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
REPORT := out/october-11.md
PYTEST_FLAGS ?=
MUTATION_FLAGS ?=
FUZZ_FLAGS ?=

.PHONY: run test test-nightly setup setup-system setup-lint setup-fuzz lint bench fuzz transition-coverage \
	mutation conformance clean

run: setup
	@mkdir -p $(dir $(REPORT))
	$(BIN)/rootlab run october-11 --report $(REPORT)

test: setup setup-system
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# First what is played, forged and run for real, then every other property there is, then 500 worlds in which
# four real resolvers are held against their models; the last line says how many agree.
test-nightly: export HYPOTHESIS_PROFILE = nightly
test-nightly: setup setup-system
	$(BIN)/python -m pytest tests/properties tests/stateful tests/interop $(PYTEST_FLAGS)
	$(BIN)/python -m pytest -m hypothesis --ignore=tests/properties --ignore=tests/stateful $(PYTEST_FLAGS)
	$(BIN)/python -m tests.interop.drawn 0 500

lint: setup-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: setup-fuzz
	$(BIN)/python -m tests.fuzz $(FUZZ_FLAGS)

bench: setup
	$(BIN)/python -m tests.bench

transition-coverage: setup
	$(BIN)/python -m tools.transition_coverage $(PYTEST_FLAGS)

mutation: setup-lint
	nice $(BIN)/python -m tools.mutation $(MUTATION_FLAGS)

conformance: setup setup-system
	@mkdir -p out
	$(BIN)/rootlab conformance run --report out/conformance-models.html
	$(BIN)/rootlab conformance run --driver all --report out/conformance.html --artifacts out/conformance

clean:
	rm -rf $(VENV) out dist build .coverage coverage.json .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/setup.stamp

setup-lint: $(VENV)/lint.stamp

setup-fuzz: $(VENV)/fuzz.stamp

setup-system:
	@tools/setup-system

# hatchling is named because there is no build isolation: an isolated build would fetch it again every time.
# --no-compile: pip would compile all modules, Python compiles those that it imports.
$(VENV)/setup.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'setting up in $(VENV), once: this takes a quarter of a minute, or longer on a slow line'
	$(PIP) hatchling
	$(PIP) --no-build-isolation --editable '.[testing]'
	@touch $@

$(VENV)/lint.stamp: $(VENV)/setup.stamp
	$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@

$(VENV)/fuzz.stamp: $(VENV)/setup.stamp
	$(PIP) --no-build-isolation --editable '.[fuzz]'
	@touch $@

$(BIN)/python:
	@tools/setup-system venv $(PYTHON)
	$(PYTHON) -m venv $(VENV)
