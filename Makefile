# GAN Tutor. `make` lists the targets; `make book` and `make test` need nothing but Python and make.

PYTHON ?= python3
CONSTRAINTS ?= -c constraints.txt
# Notebooks and tests run two at a time with one thread each: on two cores that is faster than
# one at a time with two threads, and one thread gives the same bits on every machine.
JOBS ?= 2

BIN := .venv/bin
READY := .venv/.ready

export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export TF_NUM_INTRAOP_THREADS := 1
export TF_NUM_INTEROP_THREADS := 1
export TF_CPP_MIN_LOG_LEVEL := 2
export KERAS_BACKEND := tensorflow
export TQDM_DISABLE := 1

.PHONY: help setup book test fast lint notebooks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv and install everything that book and tests need

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -e '.[torch,keras,book,dev]' $(CONSTRAINTS)
	touch $@

# The pages are always written anew: an incremental build would not repeat the warnings of pages
# that it does not read again, and would end green on the second try.
book: $(READY) ## execute what changed, write the HTML, show each notebook's time
	$(BIN)/python tools/execute.py run --jobs $(JOBS)
	rm -rf _build/html _build/.doctrees
	$(BIN)/jupyter-book build book --config _config.yml --toc $(CURDIR)/_toc.yml --path-output . \
	  -W --keep-going --quiet
	@echo "The book is ready: open _build/html/index.html"
	$(BIN)/python tools/execute.py report

test: lint ## everything: lint, unit tests, doctests, notebooks, book, pages in a browser
	$(BIN)/python -m pytest -n $(JOBS) --cov --ignore tests/book/test_pages.py
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --nbval-lax --nbval-cell-timeout 600 book
	$(MAKE) --no-print-directory book
	$(BIN)/python -m pytest tests/book/test_pages.py

fast: lint ## what to run while working: lint and the unit tests that are not slow
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" --ignore tests/book/test_pages.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/notebooks.py --check

notebooks: $(READY) ## bring every notebook to its committed form, with fresh text outputs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/notebooks.py --jobs $(JOBS)

clean: ## remove what was built, keep .venv
	rm -rf _build .pytest_cache .ruff_cache .coverage
