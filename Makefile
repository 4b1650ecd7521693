# `make demo` and `make test` work on a fresh machine with make and Python 3.10, 3.11 or 3.12.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
WANTED := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for python in python3.12 python3.11 python3.10 python3; do \
	$$python -c '$(WANTED)' 2>/dev/null && echo $$python && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check format bench soak chaos image-check observability-check \
	constraints clean

demo: $(VENV)/run.stamp  ## generate an export, upload it to a local sandbox, show the summary
	@$(BIN)/avstar demo

test: $(VENV)/dev.stamp check  ## the suite, after lint and types
	$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist worksteal

check: $(VENV)/dev.stamp  ## lint and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/dev.stamp  ## rewrite the code in the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/dev.stamp  ## a table of ratios, three quarters of an hour; PARTS='validation upload' for these
	$(BIN)/python -m benchmarks $(PARTS)

soak: $(VENV)/dev.stamp  ## 100,000 spots under all faults at once, some minutes
	$(BIN)/python benchmarks/faults.py

chaos: $(VENV)/dev.stamp  ## an upload killed 25 times at random moments, two minutes
	$(BIN)/python benchmarks/chaos.py $(if $(SEED),--seed $(SEED))

image-check: $(VENV)/dev.stamp  ## the image built and run as the manifests do, some minutes
	$(BIN)/python -m tests.k8s.image

observability-check: $(VENV)/dev.stamp build/phoenix/ready  ## a run told to Arize Phoenix, every spot read back
	$(BIN)/python -m tests.external.phoenix build/phoenix build/trace.png

constraints: $(VENV)/dev.stamp  ## pin what is newest now
	$(INSTALL) uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras --upgrade \
		--no-annotate --no-header --no-emit-index-url pyproject.toml -o constraints.txt

clean:  ## remove the environment and what the tools left
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "avstar needs Python 3.10, 3.11 or 3.12 (Bytewax has no \
	wheels for others); install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@$(PYTHON) -c '$(WANTED)' || { echo "$(PYTHON) is not Python 3.10, 3.11 or 3.12 (Bytewax has \
	no wheels for others); name one: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml constraints.txt
	@$(INSTALL) -e '.[all]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/python.stamp pyproject.toml constraints.txt
	@$(INSTALL) -e '.[all,dev]'
	@touch $@ $(VENV)/run.stamp

build/peers/pathway/ready: $(VENV)/python.stamp  # 1.6 GB, so in no other target
	$(BIN)/python -m venv build/peers/pathway
	build/peers/pathway/bin/python -m pip install --quiet --disable-pip-version-check 'pathway==0.33.0'
	@touch $@

build/phoenix/ready: $(VENV)/python.stamp  # 900 MB, so in no other target
	$(BIN)/python -m venv build/phoenix
	build/phoenix/bin/python -m pip install --quiet --disable-pip-version-check \
		'arize-phoenix>=20' 'playwright>=1.40'
	@touch $@
