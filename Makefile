# Two commands: `make site` builds the pages into site/, `make test` proves them.
# Each sets up what it needs (.venv with pinned packages) the first time.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
# the frameworks that the sweep is compared with are large, and stay out of the other environment
BENCH := .venv-bench
BENCH_READY := $(BENCH)/ready
ROUNDS := 3
# a notice of the theme about a MkDocs version that is not used here
export NO_MKDOCS_2_WARNING := 1

.PHONY: site test serve offline claims bench lint format clean help

site: $(READY)  ## build the pages, strictly, into site/
	@echo "Building site/ ..."
	@$(RUN) -m mkdocs build --strict
	@echo "Done: open site/index.html through a server: $(RUN) -m http.server --directory site"

test: $(READY) lint  ## check style and types, run every test
	@echo "Running the tests ..."
	@$(RUN) -m pytest
	@echo "Done: all tests passed."

serve: $(READY)  ## live preview; edits of pages and of the package show without a restart
	@echo "Starting the preview (without the search index, which takes long to rebuild) ..."
	@INITEXPLAIN_SEARCH=false $(RUN) -m mkdocs serve --livereload

offline: $(READY)  ## build the copy that opens without a server, offline/initexplain.zip
	@echo "Building offline/ ..."
	@$(RUN) -m mkdocs build --strict --config-file mkdocs.offline.yml
	@echo "Done: offline/initexplain.zip; unpack it anywhere and open initexplain/index.html."

claims: $(READY)  ## rewrite the numbers in the prose that the package no longer computes
	@$(RUN) -m initexplain.site docs

bench: $(BENCH_READY)  ## time a sweep beside JAX, PyTorch and scikit-learn (set-up: some GB)
	@echo "Timing, on an idle machine please; ROUNDS=1 for a first look ..."
	@$(BENCH)/bin/python -m benchmarks --rounds $(ROUNDS)

lint: $(READY)
	@echo "Checking style and types ..."
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: $(READY)  ## format the code
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

clean:  ## remove what the commands made
	rm -rf site offline $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

comma := ,

define set_up
	@echo "Setting up $(1) (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "initexplain needs Python 3.11 or later, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$(2)]"
	@touch $@
endef

$(READY): pyproject.toml constraints.txt
	$(call set_up,$(VENV),site$(comma)test)

$(BENCH_READY): pyproject.toml constraints.txt
	$(call set_up,$(BENCH),bench)
