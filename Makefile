# Two commands do all the set-up: `make demo` and `make test`. Debian or Ubuntu with Python 3.11 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The fast tests, with whichever libraries.
UNIT := -q -n 2 --dist worksteal --ignore=tests/integration --ignore=tests/chart --ignore=tests/pictures -m "not soak"
# What benchmarks share; no benchmarks themselves.
SHARED := %/page_samples.py %/whole_exporter.py
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Else hundreds of processes would each compile the exporter anew, and each worker all of the tests.
unexport PYTHONDONTWRITEBYTECODE

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"

.PHONY: help demo test pictures lint unit integration chart coverage newest oldest without-lock lock soak bench docs golden dist packages clean
# With -j too: tests that share two cores with each other would only wait for each other, and coverage is one set of files.
.NOTPARALLEL:

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/runtime ## the exporter on a simulated API, with data on /metrics within a minute
	$(BIN)/python -m exporter demo

test: lint unit coverage integration ## every check but the long ones

lint: $(VENV)/dev ## style, types, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --no-progress .github

pictures: $(VENV)/dev packages ## draw every dashboard with Grafana's own panels, and check what is seen; artifacts/pictures
	cd tests/pictures && npm ci && node build.mjs $(CURDIR)/artifacts/pictures/site
	$(BIN)/python -m pytest -q -p no:cacheprovider --timeout=1800 tests/pictures

unit: $(VENV)/dev packages ## the fast tests
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(UNIT)

integration: $(VENV)/dev packages ## the real command, Prometheus, Alertmanager and Chromium
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/integration -m "not soak"

chart: $(VENV)/dev packages ## the Helm chart: lint, render and check it with the real Helm, promtool and the schemas of Kubernetes
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/chart

coverage: $(VENV)/dev ## hold what the fast tests covered to its floors
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	$(BIN)/python tests/coverage_floor.py

newest: packages ## unit tests and style with the newest libraries that pyproject.toml allows, without the lock
	$(MAKE) --no-print-directory without-lock LIBRARIES=newest RESOLUTION=highest

oldest: packages ## the same with the lowest
	$(MAKE) --no-print-directory without-lock LIBRARIES=oldest RESOLUTION=lowest-direct

without-lock: $(VENV)/dev
	$(BIN)/uv venv --quiet --clear --seed --python $(BIN)/python $(VENV)-$(LIBRARIES)
	$(BIN)/uv pip install --quiet --python $(VENV)-$(LIBRARIES) --resolution $(RESOLUTION) --group build -e '.[dev]'
	$(VENV)-$(LIBRARIES)/bin/ruff check .
	$(VENV)-$(LIBRARIES)/bin/ruff format --check .
	$(VENV)-$(LIBRARIES)/bin/mypy --python-executable $(VENV)-$(LIBRARIES)/bin/python
	$(VENV)-$(LIBRARIES)/bin/python -m pytest $(UNIT)

lock: $(VENV)/dev ## renew the lock files: the newest versions that pyproject.toml allows, with their hashes
	$(LOCK) --upgrade --group build -o requirements/build.txt
	$(LOCK) --upgrade pyproject.toml --extra postgresql -o requirements/run.txt
	$(LOCK) --upgrade pyproject.toml --extra dev --group build -c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt

soak: $(VENV)/dev packages ## the long tests, some half an hour; WOLKVOX_SOAK_SECONDS=3600 shows that memory levels off
	$(BIN)/python -m pytest -q -m soak --ignore=tests/pictures --timeout=3600 --show-capture=no --tb=short

bench: $(VENV)/dev ## measure, and print each figure beside its reference and its bound
	@for benchmark in $(filter-out $(SHARED),$(wildcard tests/benchmarks/*.py)); do \
		echo "== $$benchmark"; PYTHONPATH=tests $(BIN)/python $$benchmark || exit 1; \
	done

docs: $(VENV)/dev ## write again what is made from code: docs/metrics.md, docs/status-api.*, grafana/dashboards, prometheus/rules, deploy/chart
	$(BIN)/python -m exporter.metrics.document
	$(BIN)/python -m exporter.web.status.schema
	$(BIN)/python -m grafana
	$(BIN)/python -m prometheus.generate
	$(BIN)/python -m deploy.document

golden: $(VENV)/dev ## write the golden files again after an intended change; read the difference before you commit it
	-$(BIN)/python -m pytest -q --write-golden -k golden tests --ignore=tests/integration --ignore=tests/pictures

dist: $(VENV)/dev ## the source distribution and the wheel, built with what is locked
	$(BIN)/python -m hatchling build

packages: ## the real programs that tests run; installed where this may be done, else named
	@sh tests/packages.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		sh tests/packages.sh $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
	$(PYTHON) -m venv --clear $(VENV)

# Exactly what was tested, each file checked against its hash. The project itself comes from this folder.
$(VENV)/runtime: $(VENV)/bin/python requirements/run.txt
	$(BIN)/pip install -q --no-compile --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/dev: $(VENV)/bin/python requirements/dev.txt pyproject.toml
	$(BIN)/pip install -q --require-hashes -r requirements/dev.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/runtime

clean: ## remove what was made
	rm -rf $(VENV) $(VENV)-newest $(VENV)-oldest .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis artifacts dist
