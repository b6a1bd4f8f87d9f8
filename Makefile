# Every command a person needs, each of which first sets up what it needs and is missing.
#   make PYTHON=python3.12 test       another interpreter (for a new .venv)
#   make demo DATASET=~/file.zip      another dataset
#   make test ARGS="-k sensor"        more arguments for the command behind a target
#   make bench-load ARGS=--quick      one of the benchmarks
#   make test-image ENGINE=docker     the images with Docker instead of buildah and podman

PYTHON ?= python3
DATASET ?=
ARGS ?=
ENGINE ?= buildah

VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
INSTALLED := $(VENV)/.installed

export PYTHON VENV DATASET
# Without bytecode every process compiles all that it imports, which is half of a command's start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-fast test-queue test-image ui lint docs bench bench-load bench-sync bench-growth bench-costs bench-startup bench-table bench-drt screenshots install browser mariadb mariadb-client helm prometheus clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

demo: browser ## Set up, then run the whole pipeline against stand-ins on loopback
	@$(BIN)/babynames demo $${DATASET:+--dataset "$$DATASET"} $(ARGS)

test: $(INSTALLED) browser mariadb helm ## Set up, then run the whole test suite
	@$(BIN)/python -m pytest -n 4 $(ARGS)

test-fast: $(INSTALLED) ## Run what needs no browser, no MariaDB, no other process and no patience
	@$(BIN)/python -m pytest -n 2 -m "not (browser or mariadb or deploy or graph or process or slow or queue)" $(ARGS)

test-queue: $(INSTALLED) browser mariadb ## Run the partitions over a queue with three workers, one of which is killed
	@scripts/redis.sh
	@$(BIN)/python -m pytest -m queue $(ARGS)

test-image: ## Build the container images, and run the whole pipeline in one (some minutes; as root)
	@scripts/test_image.sh $(ENGINE)

ui: browser ## Open Dagster's UI on loopback, over the runs of `babynames run`
	@scripts/ui.sh $(ARGS)

lint: $(INSTALLED) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/zizmor --offline --quiet .
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

docs: $(INSTALLED) ## Bring the documents up to date that list settings, errors, commands or figures
	@$(BIN)/python -m babynames_dagster_tests.docs
	@$(BIN)/python -m babynames_dagster_tests.bench.pages.figures

bench: bench-load bench-sync ## Measure the load and the sync, and print the tables

bench-load: $(INSTALLED) mariadb mariadb-client
	@$(BIN)/python -m babynames_dagster_tests.bench.load $${DATASET:+--dataset "$$DATASET"} $(ARGS)

bench-sync: $(INSTALLED) mariadb
	@scripts/redis.sh
	@$(BIN)/python -m babynames_dagster_tests.bench.sync $(ARGS)

bench-growth: $(INSTALLED) mariadb ## Measure how everything grows with the data (slow)
	@$(BIN)/python -m babynames_dagster_tests.bench.growth $(ARGS)

bench-startup: $(INSTALLED) browser ## Measure how long a command takes before it does anything
	@$(BIN)/python -m babynames_dagster_tests.bench.startup $(ARGS)

bench-costs: $(INSTALLED) mariadb ## Measure what one row and one call cost
	@$(BIN)/python -m babynames_dagster_tests.bench.costs $(ARGS)

bench-table: $(INSTALLED) ## Measure a table of ten million rows (slow)
	@$(BIN)/python -m babynames_dagster_tests.bench.big_table $(ARGS)

bench-drt: $(INSTALLED) ## Measure the sync of a table, and drt beside it where there is one
	@$(BIN)/python -m babynames_dagster_tests.bench.beside_drt $(ARGS)

screenshots: $(INSTALLED) browser ## Take the documents' pictures of the UI again
	@PYTHONPATH=. $(BIN)/python scripts/screenshots.py $(ARGS)

install: $(INSTALLED) ## Make the virtual environment, with the tools to change the code

browser: $(RUNS) ## Find or install a Chromium that Playwright can drive
	@scripts/browser.sh

mariadb: ## Find or install a MariaDB server for the tests
	@scripts/mariadb.sh server

helm: $(INSTALLED) ## Find or unpack a helm for the chart's tests
	@scripts/helm.sh

mariadb-client:
	@scripts/mariadb.sh client

prometheus: ## Find or install Prometheus' tools for the tests
	@scripts/prometheus.sh

clean: ## Remove the virtual environment and what tools left behind; never data/
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .tmp_dagster_home_*
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# What runs the pipeline; the tools to change it are as many packages and megabytes again.
$(RUNS): setup.cfg constraints.txt scripts/venv.sh
	@scripts/venv.sh .
	@touch $@

$(INSTALLED): setup.cfg constraints.txt scripts/venv.sh
	@scripts/venv.sh '.[dev]'
	@touch $(RUNS) $@
