# The two commands a newcomer needs are `make demo` and `make test`. Both make the environment they need in .venv/.
# Everything else is for those who change the code: see CONTRIBUTING.md.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
BIN := .venv/bin
ARGS ?=
# What a module makes once is made in one worker: see tests/conftest.py.
TEST := .venv/bin/pytest -n 2 --dist loadgroup
# What every change is tested by in minutes; `make test-rest` is what `.ci/run` adds, `make test-full` is all there is.
EACH_CHANGE := "not slow and not ci"
export PYTHONUTF8 := 1
# A run of the tests starts many processes: what Python has translated for one is kept for the next, also where the
# environment says not to, as images of Python do.
unexport PYTHONDONTWRITEBYTECODE
# Chinese texts, as the program reads them.
TEXTS := src/lodeline/locale/zh_Hans/LC_MESSAGES/lodeline.mo
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test browser quick touched test-rest test-full mutate check fresh audit api-fuzz faults bench spark test-spark pictures clients test-clients catalogue pseudo lock clean

demo: .venv/run.stamp $(TEXTS)
	$(BIN)/lodeline demo $(ARGS)

test: .venv/dev.stamp $(TEXTS) browser
	@$(call CHECKED,$(TEST) -m $(EACH_CHANGE) $(ARGS))

# Kills, older backups, both databases for what hardly differs, every page in every role: what `make test` leaves out and
# `.ci/run` has time for.
test-rest: .venv/dev.stamp $(TEXTS) browser
	$(TEST) -m "ci and not slow" $(ARGS)

# What is found by reading comes first, and the tests are run all the same. After a checkout Python and pytest translate
# every module once, for both workers: meanwhile types are checked.
CHECKED = $(BIN)/pytest --collect-only >/dev/null 2>&1 & $(MAKE) --no-print-directory check; checked=$$?; wait; $(1); \
	tested=$$?; [ $$checked = 0 ] || { echo "make check found something: see above the tests"; exit 1; }; exit $$tested

# What opens no store: the pure rooms, what is drawn and what is written.
quick: .venv/dev.stamp $(TEXTS)
	$(TEST) -m "not slow and not ci and not medium" tests/unit tests/properties tests/world tests/web/drawing tests/docs $(ARGS)

# The tests of what was changed since main, by names (tests/touched.py); BASE names another beginning.
touched: .venv/dev.stamp $(TEXTS)
	@tests=$$($(BIN)/python -m tests.touched $(BASE)) || exit 1; \
	if [ -z "$$tests" ]; then echo "no test belongs to what was changed"; else $(TEST) -m $(EACH_CHANGE) $$tests $(ARGS); fi

# In the browser that people have; without LODELINE_BROWSER it is the one that has no windows, where there is one.
test-full: .venv/dev.stamp $(TEXTS) .venv/clients.stamp browser
	@$(call CHECKED,LODELINE_EXAMPLES=new LODELINE_BROWSER=chromium $(TEST) $(ARGS))

# Changes 60 places of the program, drawn by SEED, one by one, and states which of them the tests notice: an hour or more.
mutate: .venv/dev.stamp $(TEXTS) browser
	$(BIN)/python -m tests.mutate --seed $(or $(SEED),1) $(ARGS)

# The pages are tested in a real browser. Where it is missing and nobody may install it, those tests are skipped and say so.
browser:
	@command -v chromium >/dev/null 2>&1 || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo "Fetching chromium, in which the pages are tested"; \
			{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium fonts-noto-cjk; } >/dev/null 2>&1 || echo "chromium could not be fetched"; \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium-headless-shell >/dev/null 2>&1 || true; \
		else \
			echo "The pages are tested in chromium, which is not here. As root: apt-get install chromium fonts-noto-cjk"; \
		fi; }

check: .venv/dev.stamp
	$(BIN)/ruff format --check --quiet src tests benchmarks
	$(BIN)/ruff check --quiet src tests benchmarks
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

# The parts of the analysis as tasks of Spark on this machine; what they need is fetched once, 430 MB.
test-spark: spark
	$(BIN)/pytest tests/spark $(ARGS)

spark:
	@command -v java >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			openjdk-17-jre-headless; } >/dev/null 2>&1; } || { \
		echo "Spark needs Java 17, which is not here. As root: apt-get install openjdk-17-jre-headless"; exit 1; }
	@$(MAKE) --no-print-directory .venv/spark.stamp

# Asks the API everything that its schema allows; EXAMPLES of each operation in each role.
api-fuzz: .venv/dev.stamp $(TEXTS)
	LODELINE_FUZZ=$(or $(EXAMPLES),50) $(BIN)/pytest -n 2 tests/api/test_schema.py $(ARGS)

# A disk that fails and a server that is killed under every command that writes; minutes. ARGS names commands.
faults: .venv/dev.stamp $(TEXTS)
	PYTHONPATH=. $(BIN)/python -m tests.faults.drill $(ARGS)

# README's two commands on a new Debian, as an ordinary user: SUITE=bookworm; ARGS=--short leaves out most tests.
fresh:
	@tests/fresh/run $(or $(SUITE),trixie) $(ARGS)

# Lists what runs in var/sbom.json, and asks for published weaknesses of all that is locked.
audit: .venv/dev.stamp
	@$(BIN)/python -m tests.audit

# BENCH=name runs one of benchmarks/*.py, without it all of them one after the other.
bench: .venv/dev.stamp $(TEXTS)
	@for b in $(or $(BENCH),$(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))); do \
		echo "== $$b"; $(BIN)/python benchmarks/$$b.py $(ARGS) || exit 1; done

# Clients of the API in var/clients/, as two usual generators make them of its schema.
clients: .venv/run.stamp $(TEXTS) .venv/clients.stamp
	@$(BIN)/python -m tests.client.generated var/clients

# They are imported, and ask a server.
test-clients: .venv/dev.stamp $(TEXTS) .venv/clients.stamp
	$(BIN)/pytest tests/client/test_generated.py $(ARGS)

# The pictures of the documents: the README's from a demo that runs (start `make demo` first; ARGS names another address
# than its own), the tutorials' by the journeys that they tell.
pictures: .venv/dev.stamp $(TEXTS) browser
	$(BIN)/python docs/pictures.py $(ARGS)
	LODELINE_PICTURES=docs/pictures $(BIN)/pytest tests/browser/test_journeys.py

# Newest versions that fit pyproject.toml, with hashes and without addresses.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock"
COMPILE := $(LOCK) pyproject.toml requirements/build.in

lock: .venv/dev.stamp
	$(BIN)/$(COMPILE) $(LOCK_ARGS) -o requirements/run.lock
	$(BIN)/$(COMPILE) $(LOCK_ARGS) --group dev -c requirements/run.lock -o requirements/dev.lock
	$(BIN)/$(COMPILE) $(LOCK_ARGS) --extra spark -c requirements/run.lock -o requirements/spark.lock
	$(BIN)/$(COMPILE) $(LOCK_ARGS) --extra large -c requirements/run.lock -o requirements/large.lock
	$(BIN)/$(LOCK) $(LOCK_ARGS) requirements/clients.in -o requirements/clients.lock

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Lodeline needs Python 3.11 or newer. As root: apt-get install python3 python3-venv python3-pip"; exit 1; fi
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python cannot make environments here. As root: apt-get install python3-venv python3-pip"; exit 1; }

.venv/run.stamp: requirements/run.lock pyproject.toml | .venv/bin/python
	@echo "Fetching the packages that Lodeline needs: 220 MB, 850 MB on the disk; a minute or more"
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@echo "Compiling what is computed often (lot graph, balances, networks), once: one to three minutes"
	@$(BIN)/python -m lodeline.flow && $(BIN)/python -m lodeline.accountancy && $(BIN)/python -m lodeline.strategy
	@touch $@

# The installation compiles them as well (hatch_build.py); this is for a catalogue that was changed since.
$(TEXTS): $(TEXTS:.mo=.po) | .venv/run.stamp
	$(BIN)/python -m tests.catalogue --compile

# Brings the catalogue in line with the texts in the code: new ones come without Chinese, for a person to write.
catalogue: .venv/dev.stamp
	$(BIN)/python -m tests.catalogue

# Every Chinese text becomes the English one in brackets: what a page in Chinese shows without them is not marked.
pseudo: .venv/dev.stamp
	$(BIN)/python -m tests.catalogue --pseudo

.venv/dev.stamp: requirements/dev.lock .venv/run.stamp
	@echo "Fetching what the tests need: 170 MB, 600 MB on the disk; a minute or more"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

.venv/clients.stamp: requirements/clients.lock | .venv/bin/python
	@echo "Fetching what generates clients of the API: 130 MB on the disk; half a minute"
	@$(PYTHON) -m venv .venv/clients
	@.venv/clients/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

.venv/spark.stamp: requirements/spark.lock .venv/dev.stamp
	@echo "Fetching Spark: 430 MB; a minute or more"
	@$(PIP) install --require-hashes -r requirements/spark.lock
	@touch $@

clean:
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
