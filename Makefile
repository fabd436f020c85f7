# SPDX-License-Identifier: MIT
# swarmsup. `make help` lists the targets.

ifeq ($(origin CC),default)
CC := gcc
endif
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
BUILD ?= build
PREFIX ?= /usr/local
VERSION := 0.1.0

ROOMS := base spec core net warden agent client
LIBS := libevent_core libevent_extra jansson yaml-0.1 sqlite3 libcurl

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wno-missing-field-initializers
OPT ?= -O2 -g
HARDEN := -fstack-protector-strong -fPIE
ifdef SAN
OPT := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined
LDSAN := -fsanitize=address,undefined
else ifndef COVER
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifdef COVER
OPT := -O0 -g --coverage
LDSAN := --coverage -Wl,--wrap=_exit
COVER_OBJ := $(BUILD)/tests/cover.o
# Its child shares the warden's memory until it execs: counters written there
# would count as the warden's last.
$(BUILD)/lib/warden/spawn.o: OPT := -O0 -g
endif
ifdef DEVELOPER
WARN += -Werror
endif

CPPFLAGS += -D_GNU_SOURCE -DSWARMSUP_VERSION='"$(VERSION)"' -I. -Ilib \
	$(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(HARDEN)
LDFLAGS += $(LDSAN) -pie -Wl,-z,relro,-z,now -Wl,--build-id=sha1
LDLIBS += $(shell pkg-config --libs $(LIBS) 2>/dev/null)

# Objects are made again when what they were made with changes.
FLAGS := $(strip $(CC) $(CPPFLAGS) $(CFLAGS))
ifneq ($(strip $(file <$(BUILD)/flags)),$(FLAGS))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS))
endif

room_objs = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/$(1)/*.c))
ROOM_LIBS := $(ROOMS:%=$(BUILD)/lib/lib%.a) $(COVER_OBJ)
CMD_OBJS := $(patsubst %.c,$(BUILD)/%.o,swarmsup.c $(wildcard cmd/*.c))
UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
SIM := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/sim/sim.c))
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/cmd/*.c))
WORKER := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))

.PHONY: all check check-programs demo sim asan fuzz bench lint format cover \
	install uninstall static help clean distclean unit fuzz-programs
.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BUILD)/swarmsup $(WORKER)

help:
	@echo "make             build $(BUILD)/swarmsup"
	@echo "make demo        install what is missing, build, run examples/demo.sh"
	@echo "make check       all tests, as CI runs them (DEVELOPER=1: -Werror)"
	@echo "make asan        the same tests under ASan and UBSan"
	@echo "make sim         SEED=n RUNS=n TRACE=1: random inputs into the core"
	@echo "make fuzz        F=name T=seconds: libFuzzer (all, 60 s each)"
	@echo "make bench       the figures, beside the floor and the peers"
	@echo "make lint        rooms, core's symbols, manuals, scripts, sizes"
	@echo "make format      clang-format over the tree"
	@echo "make cover       line coverage of all tests"
	@echo "make static      one static binary, $(BUILD)/static/swarmsup"
	@echo "make install     DESTDIR= PREFIX=: static binary, manuals, completion"
	@echo "make uninstall   takes them away again"
	@echo "make clean       removes build/"

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo 'CC $@'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define ROOM
$(BUILD)/lib/lib$(1).a: $(call room_objs,$(1)) $(wildcard lib/$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$(filter %.o,$$^)
endef
# The folder is asked for, so that a deleted file leaves its library.
$(foreach r,$(ROOMS),$(eval $(call ROOM,$(r))))

GROUP := -Wl,--start-group $(ROOM_LIBS) -Wl,--end-group

$(BUILD)/swarmsup: $(CMD_OBJS) $(ROOM_LIBS)
	@echo 'LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(CMD_OBJS) $(GROUP) $(LDLIBS)

$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(ROOM_LIBS)
	@echo 'LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(GROUP) $(LDLIBS)

$(BUILD)/tests/sim/sim: $(BUILD)/tests/sim/sim.o $(ROOM_LIBS)
	@echo 'LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(BUILD)/lib/libcore.a $(BUILD)/lib/libspec.a \
		$(BUILD)/lib/libbase.a $(COVER_OBJ) -lyaml

# Stand-alone programs: test helpers, examples, benches.
$(BUILD)/tests/cmd/%: tests/cmd/%.c $(COVER_OBJ)
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDSAN) -o $@ $< $(COVER_OBJ)
$(BUILD)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O2 $(WARN) -static -o $@ $<
$(BUILD)/examples/%: examples/%.c $(COVER_OBJ)
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDSAN) -pie -o $@ $< $(COVER_OBJ) -ljansson

unit: $(UNIT)
check-programs: all $(UNIT) $(SIM) $(TOOLS)
	@:
fuzz-programs: $(FUZZ:%=$(BUILD)/tests/fuzz/%_fuzz)
	@:

SAN_MAKE = $(MAKE) --no-print-directory SAN=1 BUILD=build/asan
FUZZ_MAKE = $(MAKE) --no-print-directory CC=clang BUILD=build/fuzz HARDEN= \
	OPT='-g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined'

check:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory check-programs
	@$(SAN_MAKE) check-programs
	@$(FUZZ_MAKE) fuzz-programs
	@scripts/check $(BUILD) build/asan build/fuzz

asan:
	@scripts/install-deps check
	@$(SAN_MAKE) check-programs
	@$(FUZZ_MAKE) fuzz-programs
	@scripts/check build/asan build/fuzz

demo:
	@scripts/install-deps build
	@$(MAKE) --no-print-directory -s all
	@SWARMSUP=$(CURDIR)/$(BUILD)/swarmsup examples/demo.sh

SEED ?= 1
RUNS ?= 1000
sim: $(SIM)
	$(BUILD)/tests/sim/sim --seed $(SEED) --runs $(RUNS) $(if $(TRACE),--trace)

T ?= 60
F ?= $(FUZZ)
fuzz:
	@scripts/install-deps check
	@$(FUZZ_MAKE) FUZZ='$(F)' fuzz-programs
	@scripts/fuzz $(T) $(F)
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(ROOM_LIBS)
	@echo 'LD $@'
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $< $(GROUP) $(LDLIBS)

bench:
	@scripts/install-deps bench
	@$(MAKE) --no-print-directory all static $(BENCH)
	@tests/bench/run $(BUILD)

lint:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory $(ROOM_LIBS)
	@scripts/lint $(BUILD)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

cover:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory COVER=1 BUILD=build/cover check-programs
	@find build/cover -name '*.gcda' -delete
	@scripts/check build/cover >build/cover/check.log || \
		tail -n 1 build/cover/check.log
	@scripts/cover build/cover

# Fully static, so that a host needs nothing but a kernel, and not PIE: no
# relocation at the start, which is a third of what `where` would take.
# static/stubs.c stands in for what libcurl.a names and we never call; -w
# silences what the linker says of getaddrinfo and getpwnam.
STATIC_LIBS := -levent_extra -levent_core -ljansson -lyaml -lsqlite3 -lcurl \
	-lnghttp2 -lpsl -lidn2 -lunistring -lssh2 -lssl -lcrypto -lzstd \
	-lbrotlidec -lbrotlicommon -lz -lm
static:
	@scripts/install-deps static
	@$(MAKE) --no-print-directory BUILD=build/static \
		HARDEN='-fstack-protector-strong -fno-pie -U_FORTIFY_SOURCE \
		-D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections' \
		build/static/swarmsup.full build/static/swarmsup.stripped
	@ln -f build/static/swarmsup.stripped build/static/swarmsup
$(BUILD)/swarmsup.full: $(CMD_OBJS) $(ROOM_LIBS) $(BUILD)/static/stubs.o
	@echo 'LD $@'
	$(Q)$(CC) -static -no-pie -Wl,--build-id=sha1,-z,relro,--gc-sections,-w \
		-o $@ $(CMD_OBJS) $(BUILD)/static/stubs.o $(GROUP) $(STATIC_LIBS)
$(BUILD)/swarmsup.stripped: $(BUILD)/swarmsup.full
	@strip -o $@ $<

MAN := $(wildcard man/*.[1-8])
TO = $(DESTDIR)$(PREFIX)
BASH_DIR = $(TO)/share/bash-completion/completions
ZSH_DIR = $(TO)/share/zsh/site-functions
DOC_DIR = $(TO)/share/doc/swarmsup
install: static
	@install -d $(TO)/bin $(BASH_DIR) $(ZSH_DIR) $(DOC_DIR)/examples
	@install -m 755 build/static/swarmsup $(TO)/bin/swarmsup
	@for m in $(MAN); do install -D -m 644 $$m \
		$(TO)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
	@build/static/swarmsup completion bash >$(BASH_DIR)/swarmsup
	@build/static/swarmsup completion zsh >$(ZSH_DIR)/_swarmsup
	@install -m 644 $(wildcard README.md LICENSE CHANGELOG.md) $(DOC_DIR)
	@cp -R examples/. $(DOC_DIR)/examples
	@echo 'installed $(TO)/bin/swarmsup'

uninstall:
	@rm -f $(TO)/bin/swarmsup $(BASH_DIR)/swarmsup $(ZSH_DIR)/_swarmsup \
		$(foreach m,$(MAN),$(TO)/share/man/man$(subst .,,$(suffix $m))/$(notdir $m))
	@rm -rf $(DOC_DIR)

clean:
	rm -rf build
distclean: clean

-include $(wildcard $(BUILD)/*.d $(BUILD)/cmd/*.d $(BUILD)/lib/*/*.d \
	$(BUILD)/tests/*/*.d)
