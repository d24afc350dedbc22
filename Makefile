# Waypost's tasks. `make` prints them. Every task uses .venv, which is made at first use.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/waypost-demo
DEMO := WAYPOST_HOME=$(DEMO_HOME) WAYPOST_CONFIG=data/sample/waypost.yaml ANTHROPIC_API_KEY= $(BIN)/waypost
INSTALL := set -o pipefail; $(BIN)/pip install --disable-pip-version-check -c constraints.txt
# What pip does, a line for each package: without it, nothing would be seen for minutes.
STEPS := awk '/^Collecting /{print "  finding " $$2} /^ *Downloading .*\(/{print "  fetching " $$2, $$3, $$4} \
	/^Building wheel/{print "  building " $$4} /^Installing collected packages/{print "  installing " NF - 3 " packages: this takes longest"} {fflush()}'

.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## print these tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || command -v python3 >/dev/null || { echo "Python 3.11 or newer is needed"; exit 1; }
	@PY=$$(command -v $(PYTHON) || command -v python3); \
	$$PY -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $$PY is older"; exit 1; }; \
	$$PY -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) (the first time takes some minutes)"
	@$(INSTALL) -e . | $(STEPS)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing what tests need into $(VENV)"
	@$(INSTALL) -e '.[dev]' | $(STEPS)
	@touch $@

install: $(VENV)/.installed ## make .venv and install Waypost into it

demo: $(VENV)/.installed ## sync the sample organisation and ask it questions
	@echo "== waypost sync: the sample organisation in data/sample =="
	@$(DEMO) sync
	@for question in \
	    "$$(sed -n 1p data/sample/demo.txt)" "$$(sed -n 2p data/sample/demo.txt)" \
	    "$$(sed -n 3p data/sample/demo.txt)" "$$(sed -n 4p data/sample/demo.txt)"; do \
	    echo; echo "== waypost ask \"$$question\" =="; $(DEMO) ask "$$question" || exit 1; done
	@echo
	@echo "That was the sample. For your own documents:"
	@echo "  source $(BIN)/activate"
	@echo "  waypost init PATH-OR-URL…     # folders and git repositories; writes waypost.yaml"
	@echo "  waypost sync && waypost ask \"…\""
	@echo "  waypost serve                 # HTTP on http://127.0.0.1:8765, API at /docs"
	@echo "With ANTHROPIC_API_KEY set, Claude writes the answers. The demo's index is in $(DEMO_HOME); make clean removes it."

# Tests wait for the disk more than for anything else: they write into memory where there are 4 GB for it. Each core has a
# process of tests, so that torch's threads would only wait for one another.
IN_MEMORY = $(shell test -w /dev/shm && ! grep -q ' /dev/shm .*noexec' /proc/mounts && df -Pk /dev/shm | awk 'END {if ($$4 > 4e6) print $$6}')

test: $(VENV)/.installed-dev ## run the tests
	@OMP_NUM_THREADS=1 PYTEST_DEBUG_TEMPROOT=$(IN_MEMORY) $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

lint: $(VENV)/.installed-dev ## ruff and import-linter
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-cache

types: $(VENV)/.installed-dev ## mypy, strict
	@$(BIN)/mypy

check: lint types test ## all that CI asks for

serve: $(VENV)/.installed ## serve what waypost.yaml names
	@$(BIN)/waypost serve

eval: $(VENV)/.installed ## measure retrieval and answers on the sample's golden questions
	@$(DEMO) sync && $(DEMO) eval questions data/sample/questions.jsonl --answers

eval-claude: $(VENV)/.installed ## the same with Claude: needs ANTHROPIC_API_KEY and costs money (75 questions)
	@test -n "$$ANTHROPIC_API_KEY" || { echo "make eval-claude asks Claude 75 questions: set ANTHROPIC_API_KEY first (it costs money)"; exit 2; }
	@$(DEMO) sync && WAYPOST_HOME=$(DEMO_HOME) WAYPOST_CONFIG=data/sample/waypost.yaml $(BIN)/waypost eval questions data/sample/questions.jsonl --answers

bench-ranking: $(VENV)/.installed-dev ## what each part of the ranking adds; ARGS="HOME=QUESTIONS.jsonl …" of synced data folders
	@$(BIN)/python -m tests.bench.ranking $(ARGS)

bench-judgement: $(VENV)/.installed-dev ## fit and check when answers are refused; ARGS="HOME=QUESTIONS.jsonl HOME=QUESTIONS.jsonl"
	@$(BIN)/python -m tests.bench.judgement $(ARGS)

bench-followups: $(VENV)/.installed-dev ## follow-ups made to stand alone, over 84 threads; ARGS=-v tells which of the known half fail
	@$(BIN)/python -m tests.bench.followups $(ARGS)

bench-near-misses: $(VENV)/.installed-dev ## names that nothing is about, and plain talk; ARGS="moj=HOME sample=HOME -v"
	@$(BIN)/python -m tests.bench.near_misses $(ARGS)

bench-alerts: $(VENV)/.installed-dev ## alerts and the runbooks that others paired them with; ARGS="HOME CONFIG PAIRS.json --search"
	@$(BIN)/python -m tests.bench.alerts $(ARGS)

bench-identifiers: $(VENV)/.installed-dev ## sixty identifiers; ARGS="sample=HOME moj=HOME"
	@$(BIN)/python -m tests.bench.identifiers $(ARGS)

bench: $(VENV)/.installed-dev ## print every figure of retrieval side by side (a quarter of an hour; SCALE=1: more)
	@$(BIN)/python -m tests.bench.all

bench-secrets: $(VENV)/.installed-dev ## 2,000 planted secrets and 498 lines that must survive; ARGS="--misses 20" or "--outside FOLDER"
	@$(BIN)/python -m tests.bench.secrets $(ARGS)

bench-secrets-stored: $(VENV)/.installed-dev ## whether any of them is left in what is stored, printed or backed up (minutes)
	@$(BIN)/python -m tests.bench.secrets.stored

bench-sync: $(VENV)/.installed-dev ## time a full sync against plain encode; CORPUS=waypost.yaml of a corpus
	@$(BIN)/python -m tests.bench.sync $(or $(CORPUS),data/sample/waypost.yaml)

bench-sandbox: $(VENV)/.installed-dev ## what reading in processes of their own costs; CORPUS=waypost.yaml of a corpus
	@$(BIN)/python -m tests.bench.sandbox $(or $(CORPUS),data/sample/waypost.yaml)

bench-embedding: $(VENV)/.installed-dev ## time the built-in model against sentence-transformers; CORPUS=waypost.yaml of a corpus
	@$(BIN)/python -m tests.bench.embedding $(or $(CORPUS),data/sample/waypost.yaml)

.venv-peer/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -m venv .venv-peer
	@.venv-peer/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[peer]'
	@touch $@

bench-peer: .venv-peer/.installed ## beside stock llama-index; CORPUS=waypost.yaml QUESTIONS=questions.jsonl ARGS="--runs 3"
	@.venv-peer/bin/python -m tests.bench.peer $(or $(CORPUS),data/sample/waypost.yaml) $(or $(QUESTIONS),data/sample/questions.jsonl) $(ARGS)

bench-serve: $(VENV)/.installed-dev ## load on serve with 100,000 passages; ARGS="SYNCED_HOME NEW_HOME FOLDER"
	@$(BIN)/python -m tests.bench.serve $(ARGS)

bench-terraform: $(VENV)/.installed-dev ## how well Terraform is read; CORPORA=folder laid out by ../shared/eval/corpora.py
	@$(BIN)/python -m tests.bench.terraform $(or $(CORPORA),../corpora)

test-rights: $(VENV)/.installed-dev ## 10,000 random requests against a model of who may see what, over every route, page and tool
	@for seed in 1 2 3 4 5 6 7 8 9 10; do WAYPOST_TEST_CASES=1000 WAYPOST_TEST_SEED=$$seed $(BIN)/python -m pytest -q tests/api/test_rights.py || exit 1; done

test-model: $(VENV)/.installed-dev ## sync against a model, 200 histories of edits, crashes and bad listings
	@WAYPOST_TEST_EXAMPLES=200 $(BIN)/python -m pytest -q tests/integration/test_sync_model.py

test-listing: $(VENV)/.installed-dev ## a git host that fails in 28 ways, 20 rounds each
	@WAYPOST_TEST_ROUNDS=20 $(BIN)/python -m pytest -q tests/integration/test_listing_failures.py

test-faults: $(VENV)/.installed-dev ## Claude's API in 30 kinds of trouble, 30 times each (clocks 1:20), then one of each in real time (half an hour)
	@WAYPOST_TEST_ROUNDS=30 $(BIN)/python -m pytest -q tests/integration/test_claude_faults.py
	@WAYPOST_TEST_REAL_TIME=1 $(BIN)/python -m pytest -q tests/integration/test_claude_faults.py

test-hostile: $(VENV)/.installed-dev ## every hostile git repository; 394 hostile files of 1 MB read, of 100 kB synced (a quarter of an hour)
	@$(BIN)/python -m tests.ingest.hostile_files 1000000
	@WAYPOST_TEST_HOSTILE=1 $(BIN)/python -m pytest tests/integration/test_hostile_repositories.py tests/integration/test_hostile_files.py

test-crash: $(VENV)/.installed-dev ## kill syncs of 100,000 vectors at random and at named steps (about an hour)
	@$(BIN)/python -m tests.crash.run $(ARGS)

test-injection: $(VENV)/.installed-dev ## our 100 attacks and those of BIPIA in documents, and a model that obeys; ARGS=FOLDER of microsoft/BIPIA
	@$(BIN)/python -m tests.integration.test_injection $(ARGS)

test-api: $(VENV)/.installed-dev ## 20,000 requests of any kind, and 1,000 pairs of hidden and missing things timed; CASES=20000
	@WAYPOST_TEST_CASES=$(or $(CASES),20000) $(BIN)/python -m pytest -s tests/api/v1/test_any_request.py tests/api/v1/test_hidden_and_missing.py

test-switch: $(VENV)/.installed-dev ## kill switches of the embedder under load (about ten minutes)
	@$(BIN)/python -m tests.crash.switch $(ARGS)

test-backup: $(VENV)/.installed-dev ## back up under load, restore, compare, twenty times (about six minutes); ARGS=rounds
	@$(BIN)/python -m tests.crash.backup $(ARGS)

test-wikis: $(VENV)/.installed-dev ## a real MediaWiki and a real DokuWiki: edits, moves, restrictions, kills; WIKIS, ARGS (Debian 12, root, apt; half an hour)
	@for wiki in $(or $(WIKIS),mediawiki dokuwiki); do $(BIN)/python -m tests.wikis.$$wiki $(ARGS) || exit 1; done

AXE := .axe/package/axe.min.js
$(AXE):
	@mkdir -p .axe && cd .axe && { npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-4.14.1.tgz; } || echo "no axe-core (it needs npm): accessibility is not tested"

test-browser: $(VENV)/.installed-dev $(AXE) ## the web page in headless Chromium (apt-get install chromium; some minutes)
	@$(INSTALL) -q -e '.[browser]'
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { echo "no Chromium: apt-get install chromium"; exit 1; }
	@WAYPOST_TEST_AXE=$$(test -f $(AXE) && echo $(CURDIR)/$(AXE)) $(BIN)/python -m pytest -q tests/browser

CANAILLE := canaille[front,oidc,server,sqlite]==0.3.6
PANVA := oidc-provider@9.13.3
APACHE := apache2-bin libapache2-mod-auth-openidc libapr1 libaprutil1 libcjose0 libhiredis0.14 liblua5.3-0
.openid/.fetched: Makefile tests/openid/constraints.txt
	@mkdir -p .openid/debs && $(PYTHON) -m venv .openid/venv
	@.openid/venv/bin/pip install -q --disable-pip-version-check -c tests/openid/constraints.txt '$(CANAILLE)' || echo "no Canaille"
	@npm install --silent --prefix .openid $(PANVA) || echo "no oidc-provider (it needs node and npm)"
	@cd .openid/debs && { apt-get download -qq $(APACHE) && for deb in *.deb; do dpkg -x $$deb ../apache; done; } || echo "no Apache (it needs Debian's apt)"
	@touch $@

test-oidc: $(VENV)/.installed-dev .openid/.fetched ## OIDC against real providers, and a sign-in through a real proxy (Node, apt; some minutes)
	@WAYPOST_TEST_OPENID=$(CURDIR)/.openid $(BIN)/python -m pytest -q -rs tests/openid

clean: ## remove .venv and the demo's index
	@rm -rf $(VENV) .venv-peer .axe .openid $(DEMO_HOME)
