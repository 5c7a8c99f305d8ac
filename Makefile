# One word per wish. `make help` lists them.
PYTHON ?= python3
DEV    := .local/venv/dev/bin
SHELL  := /bin/bash
.DEFAULT_GOAL := help
# The browser comes last: its driver keeps an event loop in the process, which others may not have.
TESTS  ?= tests/unit tests/template tests/sandbox tests/functional tests/n8n tests/engine tests/console
.PHONY: help up down status clean distclean demo demo-cx test test-unit test-functional test-template test-engine check build bench bench-learning chaos chaos-audits chaos-cx chaos-enrichment e2e screenshots locks check-chatwoot check-n8n setup-dev setup-local

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

up: ## start the whole stack on this machine (DETACH=1: in the background)
	@$(PYTHON) -m local.engine up $(if $(DETACH),--detach)

down: ## stop it; data stays
	@$(PYTHON) -m local.engine down

status: ## what runs, and what to do about what does not
	@$(PYTHON) -m local.engine status

clean: ## stop it and forget its data
	@$(PYTHON) -m local.engine clean

distclean: clean ## clean, and forget the downloaded packages too
	@rm -rf .local .sidedesk .aws-sam

setup-dev: ## environment for tests and linters
	@$(PYTHON) -m local.bootstrap dev

setup-local: ## environment for the local stack
	@$(PYTHON) -m local.bootstrap local runtime layer

locks: ## compile requirements*.in to hash-pinned locks (needs uv)
	@local/compile-locks.sh

demo: ## fill the first tenant and audit a month of chats (starts the stack if need be)
	@$(PYTHON) -m local.demo

demo-cx: ## customers write, drafts appear, a person decides, one reply goes out each time
	@$(PYTHON) -m local.demo_cx

test: ## every test that needs no cloud (sets itself up)
	@$(PYTHON) -m local.bootstrap dev build local runtime layer
	@tests/e2e/setup.sh || echo "no browser: the console's tests in one will be skipped"
	@$(DEV)/python -m pytest -q --no-header --durations=5 $(TESTS)

test-%: ## one kind of test: unit, functional, template, sandbox, console, engine
	@$(PYTHON) -m local.bootstrap dev build local runtime layer
	@$(DEV)/python -m pytest -q --no-header tests/$*

check: ## linters, types, structure, template, pins, secrets
	@$(PYTHON) -m local.checks

build: ## package everything for the cloud, with sizes against their budgets (needs python3.13)
	@$(PYTHON) -m local.build

deploy: ## build, migrate, ship to a stage: STAGE=dev|staging|prod
	@$(PYTHON) -m local.deploy $(STAGE)

e2e: ## the browser against the running stack
	@$(PYTHON) -m local.bootstrap dev
	@tests/e2e/run.sh e2e

screenshots: ## pictures of every page of the running stack, in .local/screenshots
	@$(PYTHON) -m local.bootstrap dev
	@tests/e2e/run.sh screenshots

bench: ## ratios that must hold, in about four minutes (ONLY=import, database, edge, sender, runs, callbacks, webhook, writers, closing or retrieval)
	@$(PYTHON) -m local.bootstrap dev runtime layer
	@PYTHONPATH=shared $(DEV)/python -m bench $(ONLY)

bench-learning: ## how much less people change drafts with learning on, over a fixed set of threads (two minutes and more; LIGHT=1 adds another rule of learning)
	@$(PYTHON) -m local.bootstrap dev runtime layer
	@PYTHONPATH=shared $(DEV)/python -m bench.learning $(if $(LIGHT),--light)

bench-%: ## one section of it
	@$(MAKE) --no-print-directory bench ONLY=$*

chaos: ## kill -9 of every part while runs are accepted, on a stack of its own (about five minutes)
	@$(PYTHON) -m local.bootstrap dev local runtime layer
	@$(DEV)/python -m pytest -q --no-header -s tests/chaos

chaos-audits: ## audit runs of 500 agents and 10 000 results while parts are killed (about seven minutes; ONLY=triggers, endings or callbacks)
	@$(PYTHON) -m local.bootstrap dev local runtime layer
	@$(DEV)/python -m tests.chaos.audits $(ONLY)

chaos-cx: ## customers' messages, approvals and lost webhooks while parts are killed (about fifteen minutes; ONLY=webhooks, sender, gap, off or interleavings)
	@$(PYTHON) -m local.bootstrap dev local runtime layer
	@PYTHONPATH=shared $(DEV)/python -m tests.chaos.cx $(ONLY)

check-chatwoot: ## how the Chatwoot of the running stack is, or of CHATWOOT_BASE_URL, CHATWOOT_API_KEY and CHATWOOT_ACCOUNT_ID
	@$(PYTHON) -m local.bootstrap dev
	@PYTHONPATH=shared $(DEV)/python -m local.check_chatwoot

chaos-enrichment: ## a hundred conversations with a failing model and killed workers, and how much personal data is found (five to ten minutes; ONLY=pii, runs or memory)
	@$(PYTHON) -m local.bootstrap dev local runtime layer
	@PYTHONPATH=shared $(DEV)/python -m tests.chaos.enrichment $(ONLY)

check-n8n: ## hold the n8n workflow against n8n's own node descriptions (needs npm; not part of check)
	@$(PYTHON) -m local.n8n_workflow
	@$(PYTHON) -m local.check_n8n
