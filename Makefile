# Two commands: `make site` builds the pages into site/, `make test` proves them.
# Each sets up what it needs (.venv with pinned packages) the first time.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
# other programs have environments of their own: they are large, or want other versions
BENCH := .venv-bench
ZOO := .venv-zoo
# without what only the site's tests need; Keras itself uses what NumPy deprecates
WITH_FRAMEWORKS := --noconftest --ignore tests/check/test_check_files.py -W ignore::DeprecationWarning
ROUNDS := 3
# of the preview
ADDRESS := 127.0.0.1:8000
ZENSICAL := .zensical
# the Nu HTML checker
VNU := .npm/vnu-jar-26.9.27
VNU_RUN := java -jar $(VNU)/node_modules/vnu-jar/build/dist/vnu.jar --Werror
# TypeScript, which checks the types in the comments of plain JavaScript
TSC := .npm/typescript-5.9.3
TSC_RUN := $(TSC)/node_modules/.bin/tsc --noEmit --checkJs --strict --noUnusedLocals --target es2023 --module es2022
LIGHTHOUSE := .npm/lighthouse-12.8.2
# a notice of the theme about a MkDocs version that is not used here
export NO_MKDOCS_2_WARNING := 1

.PHONY: site test serve offline page claims validate lighthouse zensical bench check-zoo lint format clean help

site: $(READY)  ## build the pages, strictly, into site/
	@echo "Building site/ ..."
	@$(RUN) -m mkdocs build --strict
	@echo "Done: open site/index.html through a server: $(RUN) -m http.server --directory site"

test: $(READY) lint  ## check style and types, run every test
	@echo "Running the tests ..."
	@$(RUN) -m pytest --numprocesses logical --dist worksteal
	@echo "Done: all tests passed."

serve: $(READY)  ## live preview; edits of pages and of the package show without a restart
	@echo "Starting the preview (without the search index, which takes long to rebuild) ..."
	@exec env INITEXPLAIN_SEARCH=false $(RUN) -m mkdocs serve --livereload --dev-addr $(ADDRESS)

offline: $(READY)  ## build the copy that opens without a server, offline/initexplain.zip
	@echo "Building offline/ ..."
	@exec env INITEXPLAIN_SITE_URL= $(RUN) -m mkdocs build --strict --no-directory-urls --site-dir offline/initexplain
	@echo "Done: offline/initexplain.zip; unpack it anywhere and open initexplain/index.html."

page: $(READY)  ## create the files of a page: make page NAME=scale/my-page TITLE="My page"
	@$(RUN) -m initexplain.site.new_page "$(NAME)" "$(TITLE)"

claims: $(READY)  ## rewrite the numbers in the prose that the package no longer computes
	@$(RUN) -m initexplain.site docs

validate: site $(VNU)/ready $(TSC)/ready  ## check the HTML of every page and the types of the lab; needs Java and npm
	@echo "Checking the HTML ..."
	@$(VNU_RUN) --skip-non-html --filterfile tests/html-exceptions.txt site
	@$(VNU_RUN) --css docs/assets/initexplain.css
	@echo "Checking the types of the lab ..."
	@$(TSC_RUN) docs/assets/lab/*.js
	@echo "Done: valid, but for what tests/html-exceptions.txt lists."

lighthouse: site $(LIGHTHOUSE)/ready  ## measure a page of each kind as a phone sees it (ALL=1: every page; RUNS=5)
	@echo "Measuring with Lighthouse ..."
	@$(RUN) tests/lighthouse.py $(LIGHTHOUSE)/node_modules/.bin/lighthouse $(if $(ALL),--all) --runs $(or $(RUNS),5)

zensical: $(ZENSICAL)/ready  ## build the same pages, without notebooks, with Zensical
	@echo "Building $(ZENSICAL)/site/ ..."
	@# what it remembers of earlier builds would hide edits of the package
	@rm -rf $(ZENSICAL)/docs && cp -R docs $(ZENSICAL)/docs
	@$(ZENSICAL)/bin/python -m initexplain.site.reference $(ZENSICAL)/docs
	@INITEXPLAIN_DOCS_DIR=$(ZENSICAL)/docs INITEXPLAIN_SITE_DIR=$(ZENSICAL)/site \
		$(ZENSICAL)/bin/zensical build --clean
	@echo "Done: $(ZENSICAL)/site; CONTRIBUTING.md says what differs."

bench: $(BENCH)/ready  ## time a sweep beside JAX, PyTorch and scikit-learn (set-up: some GB)
	@echo "Timing, on an idle machine please; ROUNDS=1 for a first look ..."
	@$(BENCH)/bin/python -m benchmarks --rounds $(ROUNDS)

check-zoo: $(ZOO)/ready  ## the check of networks, on architectures of other libraries (set-up: some GB)
	@echo "Checking PyTorch and Keras models ..."
	@KERAS_BACKEND=torch $(ZOO)/bin/python -m pytest $(WITH_FRAMEWORKS) tests/check
	@KERAS_BACKEND=jax $(ZOO)/bin/python -m pytest $(WITH_FRAMEWORKS) tests/check/test_check_keras.py
	@echo "Checking architectures of other libraries ..."
	@$(ZOO)/bin/python -m benchmarks.zoo

lint: $(READY)
	@echo "Checking style and types ..."
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

format: $(READY)  ## format the code
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

clean:  ## remove what the commands made
	rm -rf site offline $(VENV) $(BENCH) $(ZOO) $(ZENSICAL) .npm .cache .mypy_cache .ruff_cache .pytest_cache

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

define set_up
	@echo "Setting up $(@D) (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "initexplain needs Python 3.11 or later, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(@D)
	@# in the background, so that the shell hears a signal and ends it
	@trap 'kill $$!' INT TERM; \
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$(EXTRAS)]" & \
	wait $$! || { echo "Setting up $(@D) has failed. Where pip finds no version or conflicting ones, it did not reach its index: connect this machine to the network, or name an index or a folder of packages in PIP_INDEX_URL or PIP_FIND_LINKS; then run the command again." >&2; exit 1; }
	@touch $@
endef

$(READY): EXTRAS := site,test
$(BENCH)/ready: EXTRAS := bench
$(ZOO)/ready: EXTRAS := zoo
$(ZENSICAL)/ready: EXTRAS := site,zensical
$(READY) $(BENCH)/ready $(ZOO)/ready $(ZENSICAL)/ready: pyproject.toml constraints.txt
	$(set_up)

# a program from npm, in a folder that is named after it and its version
.npm/%/ready:
	@echo "Setting up .npm/$* (once) ..."
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix .npm/$* $(shell echo $* | sed -E 's/-([0-9.]+)$$/@\1/')
	@touch $@
