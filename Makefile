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
else
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifdef COVER
OPT := -O0 -g --coverage
LDSAN := --coverage
endif
ifdef DEVELOPER
WARN += -Werror
endif

CPPFLAGS += -D_GNU_SOURCE -DSWARMSUP_VERSION='"$(VERSION)"' -I. -Ilib \
	$(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(HARDEN)
LDFLAGS += $(LDSAN) -pie -Wl,-z,relro,-z,now -Wl,--build-id=sha1
LDLIBS += $(shell pkg-config --libs $(LIBS) 2>/dev/null)
AR_FLAGS := rcs

room_objs = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/$(1)/*.c))
ROOM_LIBS := $(ROOMS:%=$(BUILD)/lib/lib%.a)
CMD_OBJS := $(patsubst %.c,$(BUILD)/%.o,swarmsup.c $(wildcard cmd/*.c))
UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))
SIM := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/sim/sim.c))
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/cmd/*.c))
WORKER := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))

.PHONY: all check check-programs demo sim asan fuzz bench lint format cover \
	install uninstall static help clean distclean unit
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
	@echo "make cover       line coverage of the unit tests"
	@echo "make static      one static binary, $(BUILD)/static/swarmsup"
	@echo "make install     DESTDIR= PREFIX=: static binary, manuals, completion"

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo 'CC $@'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define ROOM
$(BUILD)/lib/lib$(1).a: $(call room_objs,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar $(AR_FLAGS) $$@ $$^
endef
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
		$(BUILD)/lib/libbase.a -lyaml

# Stand-alone programs: test helpers, examples, benches.
$(BUILD)/tests/cmd/%: tests/cmd/%.c
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDSAN) -o $@ $<
$(BUILD)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O2 $(WARN) -static -o $@ $<
$(BUILD)/examples/%: examples/%.c
	@mkdir -p $(@D)
	@echo 'LD $@'
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDSAN) -pie -o $@ $< -ljansson

unit: $(UNIT)
check-programs: all $(UNIT) $(SIM) $(TOOLS)

check:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory check-programs
	@scripts/check $(BUILD)

asan:
	@scripts/install-deps check
	@$(MAKE) --no-print-directory SAN=1 BUILD=build/asan check-programs
	@scripts/check build/asan

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
	@$(MAKE) --no-print-directory CC=clang BUILD=build/fuzz HARDEN= LDSAN= \
		OPT='-g -O1 -fsanitize=fuzzer-no-link,address,undefined' \
		$(F:%=build/fuzz/%_fuzz)
	@for f in $(F); do echo "== $$f, $(T) s"; mkdir -p build/fuzz/corpus/$$f; \
		build/fuzz/$${f}_fuzz -max_total_time=$(T) -timeout=10 \
		-rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
		build/fuzz/corpus/$$f tests/fuzz/corpus/$$f || exit 1; done
build/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(ROOM_LIBS)
	@echo 'LD $@'
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $< $(GROUP) $(LDLIBS)

bench:
	@scripts/install-deps bench
	@$(MAKE) --no-print-directory all static $(BENCH)
	@tests/bench/run $(BUILD)

lint:
	@scripts/lint $(BUILD)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

cover:
	@$(MAKE) --no-print-directory COVER=1 BUILD=build/cover unit
	@for t in build/cover/tests/unit/*_test; do $$t >/dev/null || exit 1; done
	@find build/cover/lib -name '*.gcda' | xargs gcov -n 2>/dev/null | \
		awk '/^File .lib/ {f=$$2} /^Lines/ && f {print f, $$0; f=""}'

# Fully static, so that a host needs nothing but a kernel: static/stubs.c
# stands in for what libcurl.a names and we never call.
STATIC_LIBS := -levent_extra -levent_core -ljansson -lyaml -lsqlite3 -lcurl \
	-lnghttp2 -lidn2 -lunistring -lpsl -lssh2 -lssl -lcrypto -lzstd \
	-lbrotlidec -lbrotlicommon -lz -lm -ldl -lpthread
static:
	@scripts/install-deps static
	@$(MAKE) --no-print-directory BUILD=build/static HARDEN='-fstack-protector-strong -fno-pie' \
		build/static/swarmsup.static
	@mv build/static/swarmsup.static build/static/swarmsup
build/static/swarmsup.static: $(CMD_OBJS) $(ROOM_LIBS) $(BUILD)/static/stubs.o
	$(CC) -static -no-pie -Wl,--build-id=sha1 -Wl,-z,relro,-z,now -Wl,--gc-sections \
		-o $@ $(CMD_OBJS) $(BUILD)/static/stubs.o $(GROUP) $(STATIC_LIBS)
	strip $@

MAN := $(wildcard man/*.[1-8])
install: static
	install -d $(DESTDIR)$(PREFIX)/bin \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/doc/swarmsup/examples
	install -m 755 build/static/swarmsup $(DESTDIR)$(PREFIX)/bin/swarmsup
	for m in $(MAN); do install -D -m 644 $$m \
		$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	build/static/swarmsup completion bash \
		> $(DESTDIR)$(PREFIX)/share/bash-completion/completions/swarmsup
	build/static/swarmsup completion zsh \
		> $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_swarmsup
	install -m 644 README.md LICENSE CHANGELOG.md $(DESTDIR)$(PREFIX)/share/doc/swarmsup
	cp -R examples/. $(DESTDIR)$(PREFIX)/share/doc/swarmsup/examples

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/swarmsup \
		$(MAN:man/%=$(DESTDIR)$(PREFIX)/share/man/*/%) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/swarmsup \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_swarmsup
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/swarmsup

clean:
	rm -rf build
distclean: clean

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
