# Each target is a line or two; what takes more stands in scripts/ or in a Python module.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup lint format unit test demo demo-release demo-cloud bench clean distclean lock

python := .venv/bin/python
# Python may keep what it compiled of the project's own files: hundreds of processes of one run read them.
unexport PYTHONDONTWRITEBYTECODE
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' --upgrade

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready ## The Python environment in .venv, as requirements.lock pins it

demo: setup ## A bare server in a sandbox, and the sample application live on it, verified
	@$(python) -m scripts.demo

demo-release: setup ## A new release of the sample application, under load, without a failed request
	@$(python) -m scripts.demo release

demo-cloud: setup ## A server on each of three clouds (a stand-in), one application on them, and all given back
	@$(python) -m scripts.demo cloud

test: setup .venv-benchmark/ready ## All tests, from lint to crashes in the sandbox; PARTS="lint unit" runs these alone
	@$(python) -m scripts.run_tests $(PARTS)

lint: setup ## ruff, yamllint, ansible-lint, and what the project asks of its own files
	@$(python) -m pytest tests/lint

format: setup ## Python files as ruff formats them
	@.venv/bin/ruff format && .venv/bin/ruff check --fix

unit: setup ## The logic, without Docker and network: seconds
	@$(python) -m pytest tests/unit tests/applications

bench: setup .venv-benchmark/ready ## The measurements that docs/benchmarks.md reports
	@$(python) -m tests.bench

clean: ## Away with all that the sandbox made: containers, network, volumes, images, keys; with nothing else
	-@if [ -x $(python) ]; then $(python) -m sandbox down --images; fi
	@rm -rf .sandbox inventory/sandbox/ssh inventory/sandbox/known_hosts
	@rm -f inventory/sandbox/group_vars/all/{vault,generated}.yml inventory/sandbox/apps/*.vault.yml

distclean: clean ## The same, and the Python environments
	@rm -rf .venv .venv-benchmark

lock: setup ## New pins of all Python packages (requirements*.lock)
	@$(UV_COMPILE) --extra development --output-file requirements.lock pyproject.toml
	@$(UV_COMPILE) --group benchmark --output-file requirements-benchmark.lock
	@$(UV_COMPILE) --output-file requirements-pip.lock - <<< pip

.venv/ready: requirements.lock requirements-pip.lock scripts/environment.sh
	@scripts/environment.sh .venv requirements.lock

.venv-benchmark/ready: requirements-benchmark.lock requirements-pip.lock scripts/environment.sh
	@scripts/environment.sh .venv-benchmark requirements-benchmark.lock
