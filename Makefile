# wellmatch: `make run` serves the sample data, `make test` tests everything, `make help` lists the rest.
#
# Everything is built below $(BUILD): programs and libraries in it, objects in $(BUILD)/obj. Another flavour is the same
# Makefile with another BUILD, so objects never mix: make CC=clang OPT=-O0 BUILD=build/plain
# Yours to set: CC, OPT, CFLAGS, CPPFLAGS, LDFLAGS, BUILD, PREFIX, DESTDIR, TEST (name of one test), FUZZ_SECONDS,
# PORT and HTTP_PORT (of run).
# make --trace shows the commands.

OPT ?= -O3 -g
BUILD ?= build
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
# Of `make run`. From the command line only: many an environment has a PORT that means something else.
PORT = 7345
HTTP_PORT = 7346

VERSION := $(shell sed -n 's/^.define WM_VERSION "\(.*\)"/\1/p' include/wellmatch.h)
SONAME := libwellmatch.so.$(firstword $(subst ., ,$(VERSION)))
MAKEFLAGS += --no-print-directory

# ---- Flags. Those of LANGUAGE belong to the program's meaning: because of them all builds answer with the same bytes ----

LANGUAGE = -std=c11 -D_GNU_SOURCE -fno-fast-math -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC -pthread
# Constants are enumerators, also those that fractions are multiplied by, of which newer versions of clang warn.
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wstrict-prototypes \
    -Wmissing-prototypes -Wvla -Wformat=2 -Wcast-qual -Wno-enum-float-conversion
COMPILE = $(CC) $(OPT) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(LANGUAGE) $(SANITIZE)
LINK = $(CC) $(OPT) $(CFLAGS) $(LANGUAGE) $(SANITIZE) $(LDFLAGS)
ENGINE_LIBS = -lcsv -ljansson -lmd -lm
API_LIBS = -luv -lhiredis -lxxhash -lz $(LLHTTP_LIBS) $(ENGINE_LIBS)

# The parser of HTTP: a library where the compiler finds one (Debian 13), else compiled from the C sources that Debian 12 installs.
ifeq (,$(shell $(CC) $(CPPFLAGS) $(CFLAGS) -E -include llhttp.h -x c /dev/null >/dev/null 2>&1 || echo no))
LLHTTP_LIBS := -lllhttp
else
LLHTTP_SOURCES ?= /usr/share/llhttp
LLHTTP_CFLAGS := -isystem /usr/share/include/llhttp
LLHTTP := $(patsubst %,$(BUILD)/obj/llhttp/%.o,api http llhttp)
endif

# ---- Sources and what becomes of them ----

O := $(BUILD)/obj
WEB := build/web
objects = $(patsubst %.c,$(O)/%.o,$(1))

MAINS := api/wellmatchd.c api/wellmatch.c
LOAD_MAIN := bench/load/main.c
ENGINE := $(call objects,$(filter-out %.inc.c,$(wildcard engine/*.c)))
API := $(call objects,$(filter-out $(MAINS),$(wildcard api/*.c))) $(LLHTTP)
LOAD := $(call objects,$(filter-out $(LOAD_MAIN),$(wildcard bench/load/*.c)))
SUPPORT := $(call objects,$(wildcard tests/*.c))
SOURCES := $(wildcard include/*.h engine/*.[ch] api/*.[ch] tests/*.[ch] tests/*/*.[ch] bench/*.[ch] bench/load/*.[ch])

STATIC := $(BUILD)/libwellmatch.a
SHARED := $(BUILD)/libwellmatch.so.$(VERSION)
DAEMON_AND_CLIENT := $(patsubst api/%.c,$(BUILD)/%,$(wildcard $(MAINS)))
LOADER := $(BUILD)/wellmatch-bench
PROGRAMS := $(DAEMON_AND_CLIENT) $(LOADER)
TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/property/prop_*.c))
REPLAYS := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/tests/fuzz/replay_%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c)) $(BUILD)/tests/reproduce/answers

.PHONY: all deps run test tests web browser bench bench-serve bench-kernel bench-plan check strict asan ubsan tsan fuzz cover format format-check tidy layers \
    reproduce install install-check uninstall clean help force
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS) $(STATIC) $(SHARED) ## programs and libraries, in build/

deps: ## install what building and testing need (Debian; says first what)
	@sh .ci/deps build test

run: ## install what is missing, build, serve data/sample on 127.0.0.1:7345, build/wellmatch.sock and http://127.0.0.1:7346 (PORT=, HTTP_PORT=)
	@sh .ci/deps build
	@mkdir -p $(WEB)
	@! command -v npm >/dev/null || $(MAKE) $(WEB)/full/app.js NPM='--fetch-retries=0 --fetch-timeout=20000' 2>$(WEB)/log || \
	    echo "The full pages could not be built ($(WEB)/log says why), so plain ones are served; 'make web' tries again."
	@$(MAKE) all
	@exec $(BUILD)/wellmatchd --data data/sample --listen tcp://127.0.0.1:$(PORT) \
	    --listen unix:$(BUILD)/wellmatch.sock --http 127.0.0.1:$(HTTP_PORT)

test: ## install what is missing, build, run every test; TEST=name runs one
	@sh .ci/deps build test
	@$(MAKE) all tests || { echo "The build failed, so no test was run."; echo "0 passed, 1 failed"; exit 1; }
	@BUILD=$(BUILD) PYTHON=$(PYTHON) sh tests/run.sh $(TEST)

tests: $(TESTS) $(REPLAYS)

# Optional: npm is much to install, and without what it builds the pages are served in a plain version. `make run` builds
# it where npm is there, and does not wait long for a network that is not.
web: ## with npm: the full pages' stylesheet and script, compiled into the programs
	@sh .ci/deps build; command -v npm >/dev/null || sh .ci/deps web
	@$(MAKE) $(WEB)/full/app.js all

WEB_SOURCES := $(wildcard api/web/*.js api/web/*.css api/web/*.scss api/web/*.mjs api/web/package*.json)
$(WEB)/full/app.js: $(WEB_SOURCES)
	@echo "  npm api/web"
	@cd api/web && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error $(NPM) && node build.mjs $(CURDIR)/$(WEB)/full

browser: ## the full pages in Chromium, by mouse and by keys; pictures in build/screenshots (minutes)
	@sh .ci/deps build browser
	@$(MAKE) web
	@cd tests/browser && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@BUILD=$(BUILD) node --test --test-reporter=spec tests/browser/pages.test.mjs

bench: ## the numbers of bench/README.md but the planner's, on this machine (a quarter of an hour; QUICK=1: 5 minutes)
	@$(MAKE) bench-kernel SUITE=
	@$(MAKE) bench-serve SUITE=

bench-serve: $(PROGRAMS) $(TOOLS) ## the service beside a bare server and Redis, and under pressure; SUITE=name
	@sh .ci/deps bench || echo "Peers that are missing are left out."
	@BUILD=$(BUILD) $(PYTHON) bench/serve.py $(SUITE)

bench-plan: $(PROGRAMS) $(TOOLS) ## the planner beside its peers, and its goals (15 minutes; QUICK=1: 3); SUITE=name
	@sh .ci/deps bench || echo "Peers that are missing are left out."
	@BUILD=$(BUILD) $(PYTHON) bench/plan.py $(SUITE)

bench-kernel: $(PROGRAMS) $(TOOLS) ## the kernel beside FAISS and numpy, and how shortlists grow (QUICK=1: less); SUITE=name
	@sh .ci/deps bench || echo "Peers that are missing are left out."
	@$(BUILD)/bench/micro "$$(BUILD=$(BUILD) $(PYTHON) bench/kernel.py national)"
	@BUILD=$(BUILD) $(PYTHON) bench/kernel.py $(SUITE)

# ---- Compiling ----

# What the pages need beside their HTML is compiled in: what `make web` made of api/web, or a plain stylesheet.
$(O)/api/assets.o: DEFINES = -I$(WEB)
$(O)/api/assets.o: $(WEB)/embedded.h
$(WEB)/embedded.h: force
	@sh api/web/embed.sh $(WEB)

# One source a kernel, three instruction sets; on other processors two of these files compile to nothing.
ifneq (,$(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null)))
$(O)/engine/score_v3.o $(O)/engine/price_v3.o: KERNEL = -mavx2
$(O)/engine/score_v4.o $(O)/engine/price_v4.o: KERNEL = -mavx512f -mavx512bw -mavx512dq -mavx512vl
endif

$(O)/engine/%.o: INCLUDES = -Iinclude
$(O)/api/%.o: INCLUDES = -Iinclude $(LLHTTP_CFLAGS)
$(O)/tests/%.o $(O)/bench/%.o: INCLUDES = -Iinclude -Iengine -Iapi -Itests -Ibench/load

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	@echo "  $(CC) $<"
	@$(COMPILE) $(KERNEL) $(INCLUDES) $(DEFINES) -MMD -MP -c $< -o $@

# Generated code of others: none of our warnings, and the strict half of its checks, which is a macro there.
$(O)/llhttp/%.o: $(LLHTTP_SOURCES)/%.c $(O)/flags
	@mkdir -p $(@D)
	@echo "  $(CC) $<"
	@$(CC) $(OPT) -w $(CPPFLAGS) $(CFLAGS) $(LANGUAGE) $(SANITIZE) -DLLHTTP_STRICT_MODE=1 $(LLHTTP_CFLAGS) -c $< -o $@

# The client looks for the sample where it was installed, so another PREFIX compiles this one file anew.
$(O)/api/wellmatch.o: DEFINES = -DWELLMATCH_SHARE='"$(PREFIX)/share/wellmatch"'
$(O)/api/wellmatch.o: $(O)/prefix
$(O)/prefix: force
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

# Holds the command line, so that other flags build everything anew.
$(O)/flags: force
	@command -v $(firstword $(CC)) >/dev/null || \
	    { echo "There is no C compiler '$(CC)' here: 'make deps' installs gcc, or name yours with CC=..." >&2; exit 1; }
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' >$@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# ---- Linking ----

# One object whose only visible names are the public ones, so that the archive cannot clash with its user's names.
$(STATIC): $(ENGINE)
	@echo "  archive $@"
	@$(CC) -r -nostdlib -o $(O)/libwellmatch.o $^
	@objcopy --localize-hidden $(O)/libwellmatch.o
	@rm -f $@
	@ar rcs $@ $(O)/libwellmatch.o

$(SHARED): $(ENGINE)
	@echo "  link $@"
	@$(LINK) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(ENGINE_LIBS)
	@ln -sf $(@F) $(BUILD)/$(SONAME)
	@ln -sf $(@F) $(BUILD)/libwellmatch.so

$(DAEMON_AND_CLIENT): $(BUILD)/%: $(O)/api/%.o $(API) $(STATIC)
	@echo "  link $@"
	@$(LINK) -o $@ $^ $(API_LIBS)

$(LOADER): $(O)/$(LOAD_MAIN:.c=.o) $(LOAD) $(API) $(STATIC)
	@echo "  link $@"
	@$(LINK) -o $@ $^ $(API_LIBS)

# tests/fault.c stands in front of the allocator, so that tests can make any allocation fail.
WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(TESTS): $(BUILD)/%: $(O)/%.o $(SUPPORT) $(LOAD) $(API) $(ENGINE)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(LINK) $(WRAP) -o $@ $^ -lcmocka $(API_LIBS)

$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o $(API) $(ENGINE)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(LINK) -o $@ $^ $(API_LIBS)

$(FUZZERS): $(BUILD)/%: $(O)/%.o $(API) $(ENGINE)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(LINK) -fsanitize=fuzzer -o $@ $^ $(API_LIBS)

$(TOOLS): $(BUILD)/%: $(O)/%.o $(API) $(ENGINE)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(LINK) -o $@ $^ $(API_LIBS)

# ---- Looking harder: each flavour in a folder of its own ----

SLOW = TEST_SECONDS=900 OPT='-O1 -g -fno-omit-frame-pointer'

check: ## everything that must hold before a release (about twenty minutes)
	@sh .ci/deps build test check
	@$(MAKE) format-check
	@$(MAKE) strict
	@$(MAKE) layers
	@$(MAKE) test
	@$(MAKE) install-check
	@$(MAKE) reproduce
	@$(MAKE) asan
	@$(MAKE) ubsan
	@$(MAKE) tsan
	@$(MAKE) tidy
	@$(MAKE) browser
	@$(MAKE) fuzz FUZZ_SECONDS=20

strict: ## no warning from gcc or clang
	@$(MAKE) CC=gcc BUILD=build/strict-gcc CFLAGS=-Werror all tests build/strict-gcc/tests/reproduce/answers
	@$(MAKE) CC=clang BUILD=build/strict-clang CFLAGS=-Werror all tests build/strict-clang/tests/reproduce/answers

asan: ## every test under the address sanitizer
	@$(SLOW) $(MAKE) BUILD=build/asan SANITIZE=-fsanitize=address test

ubsan: ## every test under the undefined-behaviour sanitizer
	@$(SLOW) $(MAKE) BUILD=build/ubsan SANITIZE='-fsanitize=undefined -fno-sanitize-recover=all' test

tsan: ## every test under the thread sanitizer
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp $$TSAN_OPTIONS" \
	    $(SLOW) $(MAKE) BUILD=build/tsan SANITIZE=-fsanitize=thread test

fuzz: ## each fuzz target for FUZZ_SECONDS (60) with clang; keeps what it learns in tests/fuzz/corpus
	@sh .ci/deps build check
	@$(MAKE) CC=clang OPT='-O1 -g' BUILD=build/fuzz \
	    SANITIZE='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' $(FUZZERS:$(BUILD)/%=build/fuzz/%)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) BUILD=build/fuzz sh tests/fuzz/run.sh

cover: ## lines and branches of engine/ and api/ that the tests reach
	@sh .ci/deps build test check
	@find build/cover -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) BUILD=build/cover OPT='-O0 -g' SANITIZE=--coverage test; status=$$?; \
	    gcovr --root . --filter engine/ --filter api/ --sort-percentage build/cover; exit $$status

format: ## lay out all C files by .clang-format
	@clang-format -i $(SOURCES)

# Versions of clang-format differ in small things; what counts is Debian 12's.
format-check:
	@if clang-format --version | grep -q 'version 14\.'; then clang-format --dry-run --Werror $(SOURCES); \
	else echo "The layout is checked with clang-format 14 only, which is not here."; fi

# One file a run: clang-tidy 14 misjudges va_list from its second file on.
tidy: ## static analysis by .clang-tidy
	@printf '%s\n' $(filter-out %.inc.c,$(filter engine/%.c api/%.c bench/%.c bench/load/%.c,$(SOURCES))) | \
	    xargs -P 4 -I FILE clang-tidy --quiet FILE -- -std=c11 -D_GNU_SOURCE -Iinclude -Iengine -Iapi -Ibench/load -I$(WEB) 2>&1 | \
	    { ! grep -E -A 4 'error:|warning:'; }

layers: $(STATIC) $(SHARED) ## includes point one way; the library reaches for nothing outside itself
	@BUILD=$(BUILD) sh tests/layers.sh

reproduce: ## gcc -O3 and clang -O0, every kernel, one thread and many: the same bytes
	@sh .ci/deps build check
	@sh tests/reproduce.sh

# ---- Installing ----

BIN = $(DESTDIR)$(PREFIX)/bin
LIB = $(DESTDIR)$(PREFIX)/lib
INC = $(DESTDIR)$(PREFIX)/include
MAN = $(DESTDIR)$(PREFIX)/share/man/man1
SHARE = $(DESTDIR)$(PREFIX)/share/wellmatch
HEADERS := include/wellmatch.h include/wellmatch_plan.h
PAGES := $(wildcard api/man/*.1 bench/man/*.1)
SAMPLE := $(wildcard data/sample/*.csv data/sample/*.json)
# What the sample is and whose: its licence asks that the attribution goes with it.
TERMS := data/README.md LICENSE
GRAFANA := $(wildcard api/dashboards/grafana/*)
PROMETHEUS := $(wildcard api/dashboards/prometheus/*)

install: all ## programs, library, headers, man pages and sample data below DESTDIR and PREFIX
	@sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' engine/wellmatch.pc.in >$(BUILD)/wellmatch.pc
	install -d $(BIN) $(LIB)/pkgconfig $(INC) $(MAN) $(SHARE)/sample $(SHARE)/dashboards/grafana $(SHARE)/dashboards/prometheus
	install -m 755 $(PROGRAMS) $(BIN)
	install -m 644 $(STATIC) $(SHARED) $(LIB)
	ln -sf $(notdir $(SHARED)) $(LIB)/$(SONAME)
	ln -sf $(notdir $(SHARED)) $(LIB)/libwellmatch.so
	install -m 644 $(BUILD)/wellmatch.pc $(LIB)/pkgconfig
	install -m 644 $(HEADERS) $(INC)
	install -m 644 $(PAGES) $(MAN)
	install -m 644 $(SAMPLE) $(SHARE)/sample
	install -m 644 $(TERMS) $(SHARE)
	install -m 644 $(GRAFANA) $(SHARE)/dashboards/grafana
	install -m 644 $(PROMETHEUS) $(SHARE)/dashboards/prometheus
	sed -i 's|/usr/local/share|$(PREFIX)/share|' $(SHARE)/dashboards/grafana/dashboards.yml

uninstall: ## remove exactly what install put there
	rm -f $(addprefix $(BIN)/,$(notdir $(PROGRAMS))) $(addprefix $(MAN)/,$(notdir $(PAGES))) $(addprefix $(INC)/,$(notdir $(HEADERS)))
	rm -f $(LIB)/$(notdir $(STATIC)) $(LIB)/$(notdir $(SHARED)) $(LIB)/$(SONAME) $(LIB)/libwellmatch.so $(LIB)/pkgconfig/wellmatch.pc
	rm -f $(addprefix $(SHARE)/sample/,$(notdir $(SAMPLE))) $(addprefix $(SHARE)/,$(notdir $(TERMS)))
	rm -f $(addprefix $(SHARE)/dashboards/grafana/,$(notdir $(GRAFANA))) $(addprefix $(SHARE)/dashboards/prometheus/,$(notdir $(PROMETHEUS)))
	@rmdir $(SHARE)/dashboards/grafana $(SHARE)/dashboards/prometheus $(SHARE)/dashboards $(SHARE)/sample $(SHARE) 2>/dev/null || true

install-check: all
	@BUILD=$(BUILD) sh tests/install.sh

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf 'make %-12s %s\n' "$$target" "$$text"; done
