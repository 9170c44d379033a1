# Two commands do all the set-up: `make demo` and `make test`. Debian or Ubuntu with Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What benchmarks share; no benchmarks themselves.
SHARED := %/page_samples.py %/whole_exporter.py
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test lint unit integration coverage soak bench docs packages clean
# With -j too: tests that share two cores with each other would only wait for each other, and coverage is one set of files.
.NOTPARALLEL:

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/runtime ## the exporter on a simulated API, with data on /metrics within a minute
	$(BIN)/wolkvox-exporter demo

test: lint unit integration coverage ## every check but the long ones

lint: $(VENV)/dev ## style, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/dev packages ## the fast tests
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n 2 --dist loadfile --ignore=tests/integration -m "not soak"

integration: $(VENV)/dev packages ## the real command, Prometheus, Alertmanager and Chromium
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml $(BIN)/coverage run -m pytest -q -n 2 --dist loadfile tests/integration -m "not soak"

coverage: $(VENV)/dev ## hold what unit and integration covered to its floors
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/python tests/coverage_floor.py

soak: $(VENV)/dev packages ## the long tests, some half an hour
	$(BIN)/python -m pytest -q -s -m soak --timeout=3600

bench: $(VENV)/dev ## measure, and print each figure beside its reference and its bound
	@for benchmark in $(filter-out $(SHARED),$(wildcard tests/benchmarks/*.py)); do \
		echo "== $$benchmark"; PYTHONPATH=tests $(BIN)/python $$benchmark || exit 1; \
	done

docs: $(VENV)/dev ## write again what is made from code: docs/metrics.md, docs/status-api.*, grafana/dashboards, prometheus/rules
	$(BIN)/python -m exporter.metrics.document
	$(BIN)/python -m exporter.web.status_schema
	$(BIN)/python -m grafana
	$(BIN)/python -m prometheus.generate

packages: ## the real programs that tests run; installed where this may be done, else named
	@sh tests/packages.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		sh tests/packages.sh $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/runtime: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q --no-compile -e .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[dev]'
	@touch $@ $(VENV)/runtime

clean: ## remove what was made
	rm -rf $(VENV) .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis artifacts dist
