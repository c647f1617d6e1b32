# `make demo` and `make test` need make, Python 3.11 or later and the package registries. Each
# target makes the environment it needs, in folders of its own: a .venv of yours is left alone.
#
#   make test PYTHON=python3.13     another Python, in an environment of its own
#   make test ARGS="-k redirect"    arguments to pytest

.DEFAULT_GOAL := help
.PHONY: bench check clean constraints coverage demo endure fidelity format help servers test test-versions

PYTHON ?=
export PYTHON
ARGS ?=

version := $(if $(PYTHON),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
dev := .venv-dev$(version)
demo := .venv-demo$(version)

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(demo)/complete ## Record a checkout that fails, and replay it with everything switched off
	@$(demo)/bin/timetracer demo

test: $(dev)/complete servers ## Run the tests, with servers of their own
	@$(dev)/bin/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

check: $(dev)/complete ## Lint, formatting, types and the rules of who imports whom
	$(dev)/bin/ruff check
	$(dev)/bin/ruff format --check
	$(dev)/bin/mypy
	$(dev)/bin/pyright --pythonpath $(dev)/bin/python
	$(dev)/bin/lint-imports

format: $(dev)/complete ## Format the code and mend what can be mended
	$(dev)/bin/ruff check --fix
	$(dev)/bin/ruff format

coverage: $(dev)/complete servers ## Run the tests and show the lines they never reach
	$(dev)/bin/coverage erase
	$(dev)/bin/coverage run -m pytest $(ARGS)
	$(dev)/bin/coverage combine --quiet
	$(dev)/bin/coverage report

fidelity: $(dev)/complete servers ## Compare every case of every client, and write docs/fidelity.md
	$(dev)/bin/python -m pytest --fidelity -p no:randomly tests/*/test_conformance.py $(ARGS)

test-versions: $(dev)/complete servers ## Test older versions of the libraries, and write docs/versions.md
	@$(dev)/bin/python -m tests.versions $(ARGS)

bench: $(dev)/complete ## Measure what recording and replay cost
	@$(dev)/bin/python -m benchmarks $(ARGS)

endure: $(dev)/complete ## Record for 30 minutes at saturation: memory, and an account of each request
	@$(dev)/bin/python -m benchmarks.endurance --minutes 30 --set max_disk_mb=64 $(ARGS)

clean: ## Remove environments, caches and build results
	rm -rf .venv-dev* .venv-demo* .cache build dist *.egg-info
	rm -rf .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: $(dev)/complete ## Take the newest versions of everything
	$(dev)/bin/uv pip compile --quiet --universal --upgrade --no-header --no-annotate \
		--python-version 3.11 --all-extras --group dev --group compiled --output-file .ci/constraints.txt \
		pyproject.toml

servers: $(dev)/complete
	@.ci/apt $$($(dev)/bin/python -m tests.servers) || echo "Tests that need them are skipped."
	@$(dev)/bin/uv pip install --quiet --python $(dev)/bin/python --constraint .ci/constraints.txt \
		--group compiled || echo "mysqlclient cannot be compiled here: its tests are skipped."

$(dev)/complete: pyproject.toml .ci/constraints.txt
	@.ci/environment $(dev) --editable '.[all]' --group dev

$(demo)/complete: pyproject.toml .ci/constraints.txt
	@.ci/environment $(demo) --editable '.[fastapi,httpx,sqlalchemy,uvicorn]'
