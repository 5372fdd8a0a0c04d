# 韧城 Rencheng. `make help` lists everything.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8000
CITY ?= coquimbo
STATE ?= .state
PYTHON ?= python3
BIN := .venv/bin
WEB := src/rencheng/web_dist/index.html
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' 2>/dev/null)
SPACE := $(shell command -v tput >/dev/null 2>&1 && tput sgr0 2>/dev/null)
say = @printf '\n\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help run test test-fast test-e2e lint format bench verify wheel lock browser postgres city clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Where the environment forbids compiled files each start compiles anew, which takes as long again.
run: export PYTHONDONTWRITEBYTECODE :=
run: $(BIN)/.ready $(WEB) ## set up everything and serve the console (PORT=8000 CITY=coquimbo STATE=.state)
	@$(BIN)/rencheng serve --check-port --port $(PORT)
	@$(BIN)/rencheng city build $(CITY) --fetch --if-missing --state $(STATE)
	@$(BIN)/rencheng serve --city $(CITY) --port $(PORT) --state $(STATE) --demo

test: $(BIN)/.ready-dev $(WEB) browser postgres ## every test, the browser's included
	$(call say,Front end)
	@cd web && npm run --silent check && npm run --silent test
	$(call say,Python)
	@$(BIN)/python -m pytest -n 2 -q -m "not e2e" --durations=10
	$(call say,Real browser)
	@$(BIN)/python -m pytest -q -m e2e tests/e2e

test-fast: $(BIN)/.ready-dev ## the tests that need neither the built city nor a browser
	@$(BIN)/python -m pytest -n 2 -q -m "not e2e and not slow"

test-e2e: $(BIN)/.ready-dev $(WEB) browser ## the browser tests alone
	@$(BIN)/python -m pytest -q -m e2e tests/e2e

lint: $(BIN)/.ready-dev ## style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(BIN)/.ready-dev ## put code into shape
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(BIN)/.ready-dev city ## CPU seconds of kernels and of a full cycle, against their slow twins
	@for file in $$(grep -l __main__ benchmarks/*.py); do echo "== $$file"; $(BIN)/python $$file || echo "!! $$file: beyond its bound"; done

city: $(BIN)/.ready
	@$(BIN)/rencheng city build $(CITY) --fetch --if-missing --state $(STATE)

verify: $(BIN)/.ready-dev ## hold our numbers against what others publish; fetches their packages, says what it skipped
	@$(BIN)/python tests/verify

wheel: $(BIN)/.ready-dev ## a wheel that carries the built front end
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .
	@ls -l dist/*.whl

lock: $(BIN)/.ready-dev ## write the hashed locks again from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	  --group run --group dev --group peers --extra data --extra postgres --extra mqtt --extra sensitivity pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 \
	  --group run --extra data --extra postgres --extra mqtt -c requirements-dev.lock pyproject.toml -o requirements.lock

clean: ## forget environments, builds and caches; the state folder stays
	@rm -rf .venv .cache web/node_modules src/rencheng/web_dist dist build

$(BIN)/uv:
	$(call say,Python environment)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "需要 Python 3.11 或更新版本；请安装后重试，或运行 make PYTHON=/路径/python3.11 …"; \
	       echo "Python 3.11 or newer is needed; install it, or say which with make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "无法建立虚拟环境；在 Debian 上请先安装 python3-venv。"; \
	       echo "No virtual environment could be made; on Debian install python3-venv first."; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock

$(BIN)/.ready: $(BIN)/uv requirements.lock pyproject.toml
	@$(BIN)/uv pip install -q --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.ready-dev: $(BIN)/.ready requirements-dev.lock
	@$(BIN)/uv pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

$(WEB): $(WEB_SOURCES) hatch_build.py $(BIN)/.ready
	$(call say,Front end)
	@$(BIN)/python hatch_build.py

browser:
	@bash tests/e2e/browser.sh

postgres:
	@bash tests/contract/postgres.sh
