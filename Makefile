# GAN Tutor. `make` lists the targets; `make book` and `make test` need nothing but Python and make.

PYTHON ?= python3
CONSTRAINTS ?= -c constraints.txt
# Notebooks and tests run two at a time with one thread each: on two cores that is faster than
# one at a time with two threads, and one thread gives the same bits each time on one kind of
# processor.
JOBS ?= 2

BIN := .venv/bin
READY := .venv/.ready
# Tests of what the book is made into; they need it there.
MADE := tests/book/test_pages.py tests/book/test_edition.py tests/book/test_slides.py

# The pages are always written anew: an incremental build would not repeat the warnings of pages
# that it does not read again, and would end green on the second try.
define PAGES
rm -rf _build/html _build/.doctrees _build/screenshots
$(BIN)/jupyter-book build book --config _config.yml --toc "$(CURDIR)/_toc.yml" --path-output . \
  -W --keep-going --quiet
@echo "The book is ready: open _build/html/index.html"
$(BIN)/python tools/execute.py report
endef

export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export TF_NUM_INTRAOP_THREADS := 1
export TF_NUM_INTEROP_THREADS := 1
export TF_CPP_MIN_LOG_LEVEL := 2
export KERAS_BACKEND := tensorflow
export TQDM_DISABLE := 1

.PHONY: help setup book colab test fast lint notebooks rounding rounding-avx2 rounding-sse chapter wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv and install everything that book and tests need

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -e '.[torch,keras,applications,practice,book,dev]' $(CONSTRAINTS)
	touch $@

book: $(READY) ## execute what changed, write the HTML, show each notebook's time
	$(BIN)/python tools/execute.py run --jobs $(JOBS)
	$(PAGES)

colab: $(READY) ## after make book: the chapters for Colab and GitHub, in _build/colab
	$(BIN)/python tools/colab.py

# nbval runs what the cache does not hold and compares all of it with the committed outputs; the
# pages are made from the same run.
test: lint ## everything: lint, unit tests, doctests, notebooks, book, pages in a browser
	$(BIN)/python -m pytest -n $(JOBS) --cov $(MADE:%=--ignore %)
	$(BIN)/python tools/execute.py run --jobs $(JOBS) --compare
	$(PAGES)
	$(BIN)/python tools/colab.py
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(MADE)

fast: lint ## what to run while working: lint and the unit tests that are not slow
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" $(MADE:%=--ignore %)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/notebooks.py --check

notebooks: $(READY) ## bring every notebook to its committed form, with fresh text outputs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/notebooks.py --jobs $(JOBS)

chapter: $(READY) ## start a chapter: make chapter part=applications name=latent-space
	$(BIN)/python tools/chapter.py '$(part)' '$(name)'

# Most libraries choose their loops by the processor, and sum in another order on another one. A
# check that fails here holds by luck where it was written. With `make -k` one failure does not keep
# the other run back.
rounding: rounding-avx2 rounding-sse ## run the notebooks as older processors round

rounding-avx2: export ATEN_CPU_CAPABILITY := avx2
rounding-avx2: export ONEDNN_MAX_CPU_ISA := AVX2
rounding-avx2: export OPENBLAS_CORETYPE := Haswell
rounding-avx2: export MKL_ENABLE_INSTRUCTIONS := AVX2
rounding-sse: export ATEN_CPU_CAPABILITY := default
rounding-sse: export ONEDNN_MAX_CPU_ISA := SSE41
rounding-sse: export OPENBLAS_CORETYPE := Nehalem
rounding-sse: export MKL_ENABLE_INSTRUCTIONS := SSE4_2
rounding-avx2 rounding-sse: rounding-%: $(READY)
	rm -rf _build/rounding/$*
	GANTUTOR_CACHE=rounding/$* $(BIN)/python tools/execute.py run --jobs $(JOBS) --compare

# The suite runs in a folder without the package, so that nothing but the wheel can be imported.
wheel: ## build the wheel, check it, run the tests from it in an environment of its own
	rm -rf _build/wheel && mkdir -p _build/wheel/suite
	$(PYTHON) -m venv _build/wheel/builder
	_build/wheel/builder/bin/python -m pip install --quiet build twine
	_build/wheel/builder/bin/python -m build --outdir _build/wheel/dist .
	_build/wheel/builder/bin/python -m twine check --strict _build/wheel/dist/*
	$(PYTHON) -m venv _build/wheel/venv
	_build/wheel/venv/bin/python -m pip install --quiet $(CONSTRAINTS) \
	  "$$(echo _build/wheel/dist/*.whl)[torch,keras,applications,practice,book,dev]"
	cp -r tests tools benchmarks pyproject.toml _build/wheel/suite
	cd _build/wheel/suite && ../venv/bin/python -m pytest -n $(JOBS) tests \
	  --ignore tests/book --ignore tests/test_environment.py

clean: ## remove what was built, keep .venv
	rm -rf _build build .mypy_cache .pytest_cache .ruff_cache .coverage
