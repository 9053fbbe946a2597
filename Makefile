# Each target makes its own .venv when needed. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := excel,xml,http,postgresql,mysql,mongodb,login,llm,dev
# Servers that tests start as processes of their own; nothing of them is imported, so they have an environment of theirs.
SERVERS := secantusdb==0.7.0b3
DATA ?= ../shared/data
# Tests of one file share what it makes once, so they stay together (loadfile: the groups of xdist 3.8 do nothing in
# pytest 9), in the order of tests/conftest.py. Some always wait, for a browser, a server or a process: three for two cores.
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where it is set, each of the many processes of a test compiles the whole core anew, which takes longer than its work.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-all ready chromium check types style format bench clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): Makefile pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[$(EXTRAS)]'
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)/servers
	@$(BIN)/uv pip install --quiet --python $(VENV)/servers/bin/python $(SERVERS)
	@touch $@

demo: $(STAMP) ## build the demo lakehouse, prove where every row went, open the workbench on it
	@$(BIN)/automic demo --lake demo-lake --serve

test: ready ## check the code, its structure too, and run the tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest $(WORKERS) -m "not slow and not server and not model" --ignore tests/test_architecture.py

test-all: ready ## all tests, slow, server and model ones too, with all examples of the property tests
	@AUTOMIC_TEST_EXAMPLES=all $(BIN)/python -m pytest $(WORKERS)

# What does not wait for each other runs side by side.
ready:
	@$(MAKE) --no-print-directory -j2 $(STAMP) chromium

# The tests in a real browser need Chromium; it is installed where that can be done without asking.
chromium:
	@command -v chromium >/dev/null 2>&1 || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 \
	  && echo "Installing Chromium for the tests in a browser" \
	  && { timeout 300 apt-get -qq update; DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq install -y --no-install-recommends chromium; } \
	  >/dev/null 2>&1; } || true
	@command -v chromium >/dev/null 2>&1 || echo "Chromium is missing (apt-get install chromium): the tests in a browser are skipped"

check: $(STAMP) ## format, lint, types, architecture
	@$(MAKE) --no-print-directory -j2 types style

types: $(STAMP)
	@$(BIN)/mypy

style: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m pytest tests/test_architecture.py
	@$(BIN)/python -m pytest -qq --collect-only > $(VENV)/collected || { cat $(VENV)/collected; exit 1; }

format: $(STAMP) ## rewrite the code in the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## the bars, each as a ratio in one run (DATA=folder with gen_orders.py)
	@$(BIN)/python benchmarks/run.py $(DATA)

clean: ## remove what make created
	rm -rf $(VENV) demo-lake .pytest_cache .mypy_cache .ruff_cache
