# One file, top to bottom: what is built from what, then the commands. `make help` lists them.

VERSION := 0.9.0
CC      ?= cc
OBJCOPY ?= $(if $(filter %-gcc,$(CC)),$(CC:%-gcc=%-objcopy),objcopy)
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
B       := build
export B CONFORM
RUNTIME ?= $(B)/libmiou.so
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Werror
FLAGS   := -std=c11 -D_GNU_SOURCE $(WARN) -fPIC -fvisibility=hidden -pthread -Ispec -MMD -MP
# A line a file; V=1 shows the commands themselves.
Q        = $(if $(V),,@echo '  $@' && )
LINK     = $(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(if $(WHOLE),-fno-lto) -pthread -o $@

.DELETE_ON_ERROR:
.SECONDARY:

all: lib $(B)/conform ## build everything
	@:

lib: $(B)/libmiou.a $(B)/libmiou.so $(B)/miou-echo ## build the library and the echo server alone, without libcmark and cmocka
	@:

# ---- ref: the reference runtime

REF     := $(filter-out ref/test_% ref/echo%,$(wildcard ref/*.c))
REF_OBJ := $(REF:%.c=$(B)/%.o)
CONTEXT := -l:libboost_context.a

# The library is optimised as one piece where gcc builds it, unless CFLAGS say how it is to be done.
# LTO= omits that step, which takes longer than all others.
WHOLE   := $(if $(filter file,$(origin CFLAGS)),$(shell $(CC) -v 2>&1 | grep -q '^gcc version' && echo yes))
LTO     := $(WHOLE)

# A shadow stack is not switched, so no object may say that it can do with one.
BRANCH  := $(shell $(CC) $(CFLAGS) -dM -E -x c /dev/null 2>/dev/null | grep -q '__CET__ [23]' && \
    echo -fcf-protection=branch)

# What is global stays visible until objcopy has picked the headers' names.
$(REF_OBJ): FLAGS += $(BRANCH) -fvisibility=default -fno-semantic-interposition $(if $(WHOLE),-flto -ffat-lto-objects)

# One object that shows only the headers' names, with the context switch inside.
$(B)/miou.o: $(REF_OBJ) $(B)/exports
	$(Q)$(CC) $(if $(LTO),$(CFLAGS) -flto=auto -flinker-output=nolto-rel,$(if $(WHOLE),-fno-lto)) \
	    -r -nostdlib -o $@ $(REF_OBJ) $(CONTEXT)
	@$(OBJCOPY) --keep-global-symbols=$(B)/exports $@

$(B)/libmiou.a: $(B)/miou.o
	$(Q)rm -f $@ && ar rcs $@ $<

# The first number of the version changes with what a program that is linked with the library relies on.
$(B)/libmiou.so: $(B)/miou.o
	$(LINK) -shared -Wl,-z,noexecstack -Wl,-soname,libmiou.so.$(firstword $(subst ., ,$(VERSION))) $<

# The names that the headers declare.
$(B)/exports: $(wildcard spec/miou*.h)
	@mkdir -p $(@D)
	@cat $^ | grep -oE '\bmiou_[a-z0-9_]+\(' | tr -d '(' | sort -u > $@

$(B)/miou-echo: $(B)/ref/echo.o $(B)/ref/echo_main.o $(B)/libmiou.a
	$(LINK) $^

# Servers as examples; ci/test-servers attacks them. One is made with OpenSSL, where that is installed.
EXAMPLES := $(B)/examples/chat $(B)/examples/http \
            $(if $(wildcard /usr/include/openssl/ssl.h),$(B)/examples/tls)

$(B)/examples/tls: EXTRA := -lssl -lcrypto
$(B)/examples/%: $(B)/ref/examples/%.o $(B)/ref/examples/serve.o $(B)/libmiou.a
	@mkdir -p $(@D)
	$(LINK) $^ $(EXTRA)

$(B)/bench: $(patsubst %.c,$(B)/%.o,$(wildcard ref/bench/*.c)) $(B)/libmiou.a
	$(LINK) $^ $(CONTEXT)

# Other runtimes to compare it with, as far as they are installed.
has         = $(if $(wildcard /usr/include/$1),$(B)/bench-peers/$2)
BENCH_PEERS = $(call has,uv.h,libuv) $(call has,st.h,libst) $(if $(wildcard /usr/lib*/*/libboost_fiber.so),$(B)/bench-peers/boost-fiber) \
              $(if $(shell command -v go),$(B)/bench-peers/go)

$(B)/bench-peers/libuv $(B)/bench-peers/libst: $(B)/bench-peers/%: ref/bench/peers/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -M%,$(FLAGS)) $(CFLAGS) -o $@ $< $(if $(filter %uv,$@),-luv,-lst)

$(B)/bench-peers/boost-fiber: ref/bench/peers/boost-fiber.cc
	@mkdir -p $(@D)
	$(Q)$(CXX) $(CFLAGS) -o $@ $< -lboost_fiber -lboost_context -pthread

$(B)/bench-peers/go: ref/bench/peers/go.go
	@mkdir -p $(@D)
	$(Q)GOCACHE=$(abspath $(B))/go-cache go build -o $@ $<

# ---- conformance: the suite. It never links ref.

# The sources of rooms, without their tests.
room      = $(foreach r,$1,$(foreach f,$(wildcard $r/*.c),$(if $(filter test_%,$(notdir $f)),,$f)))

LOADER   := $(patsubst %,$(B)/conformance/driver/%.o,interface trampolines keep_counters)
PARSER   := $(filter-out %/reader.c %/markdown.c,$(call room,conformance/scenario))
COMMAND  := conformance/conform.c conformance/options.c
SUITE    := conformance/driver/parts.c \
            $(call room,$(addprefix conformance/,machine scenario model judge suite report))
DRIVER   := $(filter-out $(LOADER:$(B)/%.o=%.c),$(call room,conformance/driver)) conformance/machine/strays.c \
            conformance/machine/threads.c $(PARSER)
CHECKS   := $(call room,conformance/checks)
SABOTEUR := $(filter-out conformance/saboteur/list.c,$(wildcard conformance/saboteur/*.c))

# What the reports need, and the chapters.
JSON     = $(shell pkg-config --libs jansson)
LIBS     = -lcmark $(JSON) -lm

$(B)/conform: $(patsubst %.c,$(B)/%.o,$(COMMAND) $(SUITE)) | $(B)/driver $(B)/checks
	$(LINK) $^ $(LIBS)

$(B)/conformance/conform.o: FLAGS += -DVERSION='"$(VERSION)"'
$(B)/conformance/conform.o: Makefile

# What stands in each page of a report, as lines of C.
$(B)/%.inc: conformance/report/%
	@mkdir -p $(@D)
	@sed 's/[\\"]/\\&/g; s/.*/"&\\n",/' $< > $@

$(B)/conformance/report/html.o: $(B)/page.css.inc $(B)/page.js.inc
$(B)/conformance/report/html.o: FLAGS += -I$(B)

# The model as a driver, which takes any branch that the rules leave open.
$(B)/model-driver: $(patsubst %.c,$(B)/%.o,$(call room,conformance/walker conformance/model) $(PARSER))
	$(LINK) $^

all: $(B)/model-driver

# The specification as a page of HTML.
$(B)/specification: $(B)/conformance/specification.o $(patsubst %.c,$(B)/%.o,$(call room,conformance/scenario))
	$(LINK) $^ -lcmark $(JSON)

# The library under test finds our _exit, see keep_counters.
$(B)/driver $(B)/checks: LINK += -Wl,--export-dynamic-symbol=_exit,--export-dynamic-symbol=_Exit

$(B)/driver: $(DRIVER:%.c=$(B)/%.o) $(LOADER)
	$(LINK) $^ -ldl

$(B)/checks: $(CHECKS:%.c=$(B)/%.o) $(patsubst %,$(B)/conformance/machine/%.o,activity machine strays threads) $(LOADER)
	$(LINK) $^ -lcmocka -ldl

# A runtime that breaks one rule of a true one, and the list of its mutants.
$(B)/saboteur.so: $(SABOTEUR:%.c=$(B)/%.o) $(B)/conformance/driver/interface.o
	$(LINK) -shared $^ -ldl

$(B)/mutants: $(SABOTEUR:%.c=$(B)/%.o) $(B)/conformance/saboteur/list.o $(B)/conformance/driver/interface.o
	$(LINK) $^ -ldl

# Runtimes that are worthless, each in its own way.
LIARS := $(patsubst conformance/liars/%.c,$(B)/liars/%.so,$(call room,conformance/liars))

$(B)/liars/%.so: $(B)/conformance/liars/%.o $(B)/conformance/liars/says_ok.o
	@mkdir -p $(@D)
	$(LINK) -shared $^

$(B)/liars/lacks_functions.so: $(B)/conformance/liars/lacks_functions.o
	@mkdir -p $(@D)
	$(LINK) -shared $^

$(B)/liars/leaves_out.so: $(patsubst %,$(B)/conformance/%.o,liars/leaves_out driver/interface driver/parts)
	@mkdir -p $(@D)
	$(LINK) -shared $^ -ldl

# A runtime of another design, which must pass as well.
PEERS := $(B)/peers/threads.so $(B)/peers/delays.so $(B)/peers/epoll.so $(B)/peers/at_load.so

$(B)/peers/threads.so: $(patsubst %.c,$(B)/%.o,$(wildcard conformance/peers/threads/*.c))
	@mkdir -p $(@D)
	$(LINK) -shared $^

# Delays the calls of another runtime, for ci/soak; lets another runtime wait with epoll; has a thread from its loading on.
$(B)/peers/delays.so $(B)/peers/epoll.so $(B)/peers/at_load.so: $(B)/peers/%.so: $(B)/conformance/peers/%.o $(B)/conformance/driver/interface.o
	@mkdir -p $(@D)
	$(LINK) -shared $^ -ldl

# ---- tests of the parts: every test_*.c is a cmocka program beside what it tests

TESTS := $(patsubst %.c,$(B)/%,$(wildcard conformance/test_*.c conformance/*/test_*.c ref/test_*.c))

$(filter $(B)/conformance/%,$(TESTS)): %: %.o $(SUITE:%.c=$(B)/%.o)
	$(LINK) $^ $(LIBS) -lcmocka

$(B)/conformance/walker/test_walk: $(B)/conformance/walker/walk.o $(B)/conformance/walker/telling.o

$(B)/ref/test_monitor: LINK += -Wl,--wrap=sys_epoll_wait

$(B)/ref/test_%: $(B)/ref/test_%.o $(REF_OBJ)
	$(LINK) $^ $(CONTEXT) -lcmocka

# What a C++ program sees.
TESTS += $(B)/ref/test_cxx

$(B)/ref/test_cxx: ref/test_cxx.cc $(B)/libmiou.a spec/miou.h
	$(Q)$(CXX) $(CFLAGS) -std=c++17 -Wall -Wextra -Werror -Ispec -pthread $(LDFLAGS) -o $@ $(filter-out %.h,$^)

# ---- fuzz: the attack on any echo server, and servers to try it on. See fuzz/README.md.

$(B)/attack: $(patsubst %.c,$(B)/%.o,$(call room,fuzz/attack)) \
             $(patsubst %,$(B)/conformance/%.o,machine/activity machine/chance machine/clock machine/machine report/legible report/members scenario/memory)
	$(LINK) $^ $(JSON) -lm

$(B)/fuzz/servers/%: $(B)/fuzz/servers/%.o
	$(LINK) $^

all: $(B)/attack
TESTS += $(B)/fuzz/attack/test_attack

$(B)/fuzz/attack/test_attack: $(B)/fuzz/attack/test_attack.o $(B)/fuzz/attack/script.o \
                       | $(B)/attack $(B)/fuzz/servers/bad $(B)/miou-echo
	$(LINK) $^ -lcmocka

# What conform says of those servers.
TESTS += $(B)/fuzz/servers/test_servers

$(B)/fuzz/servers/test_servers: $(B)/fuzz/servers/test_servers.o \
                       | $(B)/attack $(B)/conform $(B)/fuzz/servers/bad $(B)/miou-echo
	$(LINK) $^ -lcmocka

# ---- fuzz: the reference runtime on a simulated system, and fuzz targets with a main function in
# place of an engine

SIM     := $(patsubst %.c,$(B)/%.o,$(call room,fuzz/sim))
SIM_REF := $(filter-out %/system_posix.o,$(REF_OBJ))
ENGINE  ?= $(B)/fuzz/targets/standalone.o

$(B)/conformance/%.o: FLAGS += -Iconformance
$(B)/fuzz/%.o: FLAGS += -Ifuzz -Iconformance -Iref

TRAFFIC := $(patsubst %.c,$(B)/%.o,$(wildcard fuzz/targets/traffic*.c)) $(B)/fuzz/targets/fuzz_echo.o

$(B)/fuzz_echo: $(TRAFFIC) $(B)/fuzz/echo.o $(SIM) $(SIM_REF) $(ENGINE)
	$(LINK) $^ $(CONTEXT)

# The server also calls the system itself.
$(B)/fuzz/echo.o: $(B)/ref/echo.o
	@mkdir -p $(@D)
	@objcopy $(foreach f,getsockname setsockopt getrlimit,--redefine-sym $f=sim_$f) $< $@

$(B)/fuzz/sim/test_sim: $(B)/fuzz/sim/test_sim.o $(SIM)
	$(LINK) $^ -lcmocka

TESTS += $(B)/fuzz/sim/test_sim $(B)/fuzz_echo

# ---- fuzz: random programs, executed by the driver's code on the simulated system, and judged

PROGRAM := $(PARSER:%.c=$(B)/%.o)
JUDGED  := $(patsubst %,$(B)/conformance/driver/%.o,operations instances names callbacks descriptors says) \
           $(patsubst %.c,$(B)/%.o,$(call room,conformance/judge conformance/model))

$(B)/fuzz_program: $(patsubst %,$(B)/fuzz/targets/%.o,fuzz_program programs) $(PROGRAM) $(JUDGED) \
                   $(SIM) $(SIM_REF) $(ENGINE)
	$(LINK) $^ $(CONTEXT)

TESTS += $(B)/fuzz_program

# Prints the same programs as scenarios for any runtime, see fuzz/runtime.
$(B)/random-programs: $(patsubst %,$(B)/fuzz/targets/%.o,random_programs programs) $(PROGRAM)
	$(LINK) $^

all: $(B)/random-programs

# ---- fuzz: whatever the suite reads

$(B)/fuzz_reader: $(patsubst %,$(B)/%.o,fuzz/targets/fuzz_reader $(patsubst %.c,%,$(filter-out \
                  conformance/report/%,$(SUITE)))) $(ENGINE)
	$(LINK) $^ -l:libcmark.a

TESTS += $(B)/fuzz_reader

# ---- fuzz: all targets. ci/fuzz builds them with an engine's flags and main function.

# These files read no text, so that an engine learns nothing from tracing their comparisons, which
# would take most of its time.
$(REF_OBJ) $(SIM) $(B)/ref/echo.o $(TRAFFIC) \
$(patsubst %.c,$(B)/%.o,conformance/driver/operations.c $(wildcard conformance/judge/invariants*.c) \
$(patsubst %,conformance/judge/%.c,facts follow promises variables)): FLAGS += $(UNTRACED)

# The simulated system and the clients are not what is tested.
$(TRAFFIC) $(B)/fuzz/sim/sim.o $(B)/fuzz/sim/stream.o: override CFLAGS += $(UNTESTED)

fuzz-targets: $(patsubst fuzz/targets/%.c,$(B)/%,$(wildcard fuzz/targets/fuzz_*.c))
	@:

# ---- fuzz: faults, injected between the runtime and the simulated system

FAULTS := map map_now guard thread_create bell_create select signal_handle socket bind listen \
          accept connect send receive socket_type unblock read write close

$(B)/faults: $(patsubst %.c,$(B)/%.o,$(call room,fuzz/faults)) $(B)/fuzz/echo.o $(SIM) $(SIM_REF)
	$(LINK) $(FAULTS:%=-Wl,--wrap=sys_%) $^ $(CONTEXT)

TESTS += $(B)/faults

# ---- manual pages, from the comments of the headers and from what the programs say of themselves

MANUAL := $(addprefix $(B)/man/,miou.3 conform.1 attack.1 miou-echo.1 conform-compare.1 conform-matrix.1 conform-random.1)

manual: $(MANUAL) ## the manual pages, in build/man
	@:

$(B)/man/miou.3: ci/manual Makefile $(wildcard spec/miou*.h spec/*.md)
	$(Q)VERSION=$(VERSION) ci/manual functions $(@D)

$(B)/man/conform.1: conformance/conform.1 $(B)/conform
$(B)/man/attack.1: fuzz/attack/attack.1 $(B)/attack
$(B)/man/miou-echo.1: ref/miou-echo.1 $(B)/miou-echo
$(B)/man/conform-compare.1: ci/conform-compare.1 ci/compare
$(B)/man/conform-matrix.1: ci/conform-matrix.1 ci/matrix
$(B)/man/conform-random.1: fuzz/conform-random.1 fuzz/runtime
$(B)/man/%.1: ci/manual Makefile
	@mkdir -p $(@D)
	$(Q)VERSION=$(VERSION) ci/manual command $(filter %.1,$^) $(lastword $^) >$@

# ---- objects

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(CFLAGS) -c -o $@ $<

-include $(shell find $(B) -name patched -prune -o -name '*.d' -print 2>/dev/null)

# ---- commands. Those that build do so in a second make, on all processors, once ci/setup is done.

# So a command named beside other goals, as in `make -j2 all conformance`, waits until they are made.
COMMANDS = $(filter-out all lib tests manual $(B)/%,$(MAKECMDGOALS))
ifneq ($(and $(filter 0,$(MAKELEVEL)),$(COMMANDS),$(word 2,$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

BUILD = @+$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

conformance: ## check a runtime against the rules: RUNTIME=/path/lib.so, or the reference runtime
	@ci/setup
	$(BUILD) all
	@$(B)/conform --runtime "$(RUNTIME)"

test: ## run all tests of the project
	@ci/setup
	$(BUILD) all tests
	@ci/test $(TESTS)

tests: $(TESTS) $(EXAMPLES) $(LIARS) $(PEERS) $(B)/specification $(B)/saboteur.so $(B)/mutants manual
	@:

explore: ## every scenario on all its schedules, up to a bound, and beyond it on random ones; REPORT=FILE.json
	@ci/setup
	$(BUILD) all
	@$(B)/conform --runtime "$(RUNTIME)" --explore $(if $(REPORT),--format json --output "$(REPORT)")

explore-both: ## leave out no schedule either, and compare: nothing that it leads to may be missed
	@ci/setup
	$(BUILD) all
	@$(B)/conform --runtime "$(RUNTIME)" --explore-both

model: ## prove the answers of all scenarios: the model tries all behaviours that the rules allow
	@ci/setup
	$(BUILD) all
	@ci/model

litmus: ## small programs by the thousand, judged by the model: RUNTIME=/path/lib.so or DRIVER="COMMAND"; LITMUS=N or NAME
	@ci/setup
	$(BUILD) all $(if $(DRIVER),,$(filter $(PEERS),$(RUNTIME)))
	@fuzz/runtime $(if $(DRIVER),--driver '$(DRIVER)',--runtime "$(RUNTIME)") --litmus$(if $(LITMUS),=$(LITMUS))

spec: ## the specification as a page, build/spec/index.html; REPORT=FILE adds the verdicts of a report as JSON or TAP
	@ci/setup
	$(BUILD) $(B)/specification
	@mkdir -p $(B)/spec
	@$(B)/specification $(if $(REPORT),--report "$(REPORT)") $(B)/spec/index.html && echo $(B)/spec/index.html

peers: ## check a runtime of another design in all its variants: VARIANTS="NAME ..."
	@ci/setup
	$(BUILD) all $(PEERS)
	@ci/peers $(VARIANTS)

drivers: ## check runtimes in other languages, and print what they keep: DRIVERS="NAME ..."
	@ci/setup drivers
	$(BUILD) all
	@ci/drivers $(DRIVERS)

poor: ## the reference runtime on machines that lack something, such as IPv6, descriptors or memory
	@ci/setup
	$(BUILD) all $(PEERS)
	@ALL=1 ci/poor

soak: ## the suite RUNS=100 times, with delays and beside busy loops: RUNTIME=/path/lib.so; what was not the same each time
	@ci/setup
	$(BUILD) all $(B)/peers/delays.so
	@RUNTIME="$(RUNTIME)" RUNS="$(RUNS)" ci/soak

mutants: ## break each rule in turn and demand that its tests notice: RUNTIME= as above, REPORT=FILE.json
	@ci/setup
	$(BUILD) all $(B)/saboteur.so $(B)/mutants $(filter $(PEERS),$(RUNTIME))
	@ci/mutants $(if $(REPORT),--json "$(REPORT)")

mutation: ## change ref/ in one place at a time and count what the tests notice: SEED=1, COUNT=150, MUTANTS="NAME ..."
	@ci/setup
	$(BUILD) all $(B)/faults $(B)/peers/epoll.so $(filter $(B)/ref/test_%,$(TESTS))
	@ci/mutation $(MUTANTS)

coverage: ## what each rule reaches in ref/, or in RUNTIME=/path/lib.so that was compiled with --coverage: build/coverage/index.html
	@ci/setup coverage
	$(BUILD) all
	@RUNTIME="$(RUNTIME)" ci/coverage

valgrind: ## the conformance run under memcheck, and its domains under helgrind
	@ci/valgrind

sanitize: ## all tests with the address, undefined-behaviour and thread sanitizers
	@ci/sanitize

fuzz: ## fuzz all targets with libFuzzer, on all processors, for TIME=60 seconds in all
	@ci/fuzz libfuzzer

fuzz-afl: ## the same with AFL++
	@ci/fuzz afl

fuzz-runtime: ## random programs on a runtime for TIME=60 seconds: RUNTIME=/path/lib.so, or the reference runtime
	@ci/setup
	$(BUILD) all
	@fuzz/runtime --runtime "$(RUNTIME)" --seconds $(or $(TIME),60)

fuzz-proof: ## which mutants the fuzz targets and the attack find, TIME=1 second each: MUTANTS="NAME ...", or all
	@ci/setup
	@ci/fuzz-proof $(MUTANTS)

arm64: ## compile the runtime for arm64, and check it under qemu
	@ci/arm64

riscv64: ## the same for riscv64
	@ci/riscv64

musl: ## compile the runtime with musl, and check it
	@ci/musl

bench: ## what things cost, each beside its limit
	@ci/setup
	$(BUILD) $(B)/bench $(B)/miou-echo $(BENCH_PEERS)
	@$(B)/bench $(ROWS)

bench-plots: ## how these costs grow with the number of tasks or connections, as pictures in build/bench-plots
	@ci/setup plots
	$(BUILD) $(B)/bench $(B)/miou-echo $(BENCH_PEERS)
	@ref/bench/plots $(ROWS)

format: ## check the layout of the C files
	clang-format --dry-run -Werror $(wildcard spec/*.h */*.[ch] conformance/*/*.[ch] fuzz/*/*.[ch])

# What `make install` puts where, see ci/install.
INSTALLER = B="$(B)" VERSION="$(VERSION)" PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" DESTDIR="$(DESTDIR)" ci/install

install: $(if $(filter tools,$(or $(PARTS),tools)),all manual,lib $(B)/man/miou.3) ## install all below PREFIX=/usr/local, in a tree below DESTDIR; PARTS="lib", "dev" or "tools" installs less
	@$(INSTALLER) $(PARTS)

uninstall: ## remove what `make install` with the same PREFIX and DESTDIR has installed
	@$(INSTALLER) --remove

deb: ## Debian packages in build/deb: libmiou0, libmiou-dev and miou-tools
	@ci/setup package
	@VERSION="$(VERSION)" ci/deb

clean: ## remove everything built
	rm -rf $(B)

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 14

.PHONY: all arm64 riscv64 musl conformance test tests explore model spec peers drivers poor soak mutants mutation coverage valgrind sanitize bench bench-plots explore-both litmus \
        format install uninstall deb lib manual clean help fuzz fuzz-afl fuzz-runtime fuzz-proof fuzz-targets
