# Two commands do all the set-up: `make demo` and `make test`. Debian or Ubuntu with Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test unit integration lint soak bench docs packages clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/runtime ## the exporter on a simulated API, with data on /metrics within a minute
	$(BIN)/wolkvox-exporter demo

test: lint unit integration ## every check but the long ones

lint: $(VENV)/dev ## style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/dev packages ## the fast tests, with their coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q --ignore=tests/integration -m "not soak"

integration: $(VENV)/dev packages ## the real command, Prometheus, Alertmanager and Chromium; then the coverage of all tests
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml $(BIN)/coverage run -m pytest -q tests/integration -m "not soak"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/python tests/coverage_floor.py

soak: $(VENV)/dev packages ## the long tests, some half an hour
	$(BIN)/python -m pytest -q -s -m soak --timeout=3600

bench: $(VENV)/dev ## measure, and print each figure beside its reference and its bound
	@for benchmark in $(filter-out %/page_samples.py %/whole_exporter.py,$(wildcard tests/benchmarks/*.py)); do echo "== $$benchmark"; PYTHONPATH=tests $(BIN)/python $$benchmark || exit 1; done

docs: $(VENV)/dev ## write again what is made from code: docs/metrics.md, grafana/dashboards, prometheus/rules
	$(BIN)/python -m exporter.metrics.document
	$(BIN)/python -m grafana
	$(BIN)/python -m prometheus.generate

packages: ## the real programs that tests run; installed where this may be done, else named
	@sh tests/packages.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.x"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/runtime: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q -e .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[dev]'
	@touch $@ $(VENV)/runtime

clean: ## remove what was made
	rm -rf $(VENV) .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis artifacts dist
