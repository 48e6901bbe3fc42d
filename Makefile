# Two commands are all the set-up there is: `make run` and `make test`. Both need Python 3.11 or newer, and nothing else.
# Settings may stand in the environment or on the command line: make run PORT=9000.
PYTHON ?= python3
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-full bench demo reset lock format lint types screenshots setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing and run the whole product on this machine
	@$(PYTHON) -m dev run

test: ## Check everything: style, types, contracts, tests, browser
	@$(PYTHON) -m dev test

test-full: ## The same with the long tests
	@$(PYTHON) -m dev test --full

bench: setup ## Measure sending, importing, tracking and compiling beside the naive way
	@$(VENV)/python -m bench

demo: setup ## On a started stack: import, send, open, click, unsubscribe, and add the numbers up
	@$(VENV)/python -m dev.demo

reset: ## Stop what runs in var/ and clear it
	@$(PYTHON) -m dev reset

lock: setup ## Pin all Python packages by hash again
	@for name in base dev; do \
		$(VENV)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

format: setup ## Rewrite code and templates in the one style
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .

lint: setup ## Look for mistakes, wrong imports and untidy templates
	@$(VENV)/python -m dev.checks lint

types: setup ## Check the types
	@$(VENV)/python -m dev.checks types

screenshots: setup ## Photograph every page at two widths, light and dark, into var/screenshots/
	@$(VENV)/python -m dev.checks screenshots

setup:
	@$(PYTHON) -m dev setup
