# One file, top to bottom: what is built from what, then the commands. `make help` lists them.

CC      ?= cc
CFLAGS  ?= -O2 -g
B       := build
MODE    ?=
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Werror
FLAGS   := -std=c11 -D_GNU_SOURCE $(WARN) -fPIC -fvisibility=hidden -pthread -Ispec -MMD -MP
RUNTIME ?= $(B)/libmiou.so

.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/libmiou.a $(B)/libmiou.so $(B)/miou-echo $(B)/conform

# ---- ref: the reference runtime

REF     := $(filter-out ref/test_% ref/echo.c ref/bench%,$(wildcard ref/*.c))
REF_OBJ := $(REF:%.c=$(B)/%.o)
CONTEXT := -l:libboost_context.a

# One object that shows only the headers' names, with the context switch inside.
$(B)/miou.o: $(REF_OBJ) $(B)/exports
	$(CC) -r -nostdlib -o $@ $(REF_OBJ) $(CONTEXT)
	objcopy --keep-global-symbols=$(B)/exports $@

$(B)/libmiou.a: $(B)/miou.o
	rm -f $@ && ar rcs $@ $<

$(B)/libmiou.so: $(B)/miou.o
	$(CC) $(CFLAGS) -shared -pthread -Wl,-z,noexecstack -o $@ $<

# The names that the headers declare.
$(B)/exports: spec/miou.h spec/miou_unix.h
	@mkdir -p $(@D)
	cat $^ | grep -oE '\bmiou_[a-z0-9_]+\(' | tr -d '(' | sort -u > $@

$(B)/miou-echo: $(B)/ref/echo.o $(B)/libmiou.a
	$(CC) $(CFLAGS) -pthread -o $@ $^

# ---- conformance: the suite. It never links ref.

CONFORM := $(filter-out conformance/test_% conformance/driver.c conformance/interface.c,$(wildcard conformance/*.c))
CHECKS  := $(wildcard conformance/checks/*.c)

$(B)/conform: $(CONFORM:%.c=$(B)/%.o) | $(B)/driver $(B)/checks
	$(CC) $(CFLAGS) -pthread -o $@ $^ -lcmark -lcmocka

$(B)/driver: $(B)/conformance/driver.o $(B)/conformance/program.o $(B)/conformance/interface.o
	$(CC) $(CFLAGS) -pthread -o $@ $^ -ldl

$(B)/checks: $(CHECKS:%.c=$(B)/%.o) $(B)/conformance/interface.o
	$(CC) $(CFLAGS) -pthread -o $@ $^ -lcmocka -ldl

# ---- objects

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS) -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(B)

.PHONY: all clean
