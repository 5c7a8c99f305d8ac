# One word per wish. `make help` lists them.
PYTHON ?= python3
DEV    := .local/venv/dev/bin
SHELL  := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up down status clean distclean demo test test-unit test-functional test-template test-engine check build bench e2e screenshots locks setup-dev setup-local

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
