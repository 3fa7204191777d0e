# SPDX-License-Identifier: GPL-2.0
# What one does with this repository; the work is in tools/sctp/*.sh. The module
# itself is described in Kbuild and net/sctp/Kbuild.

# For every recipe's scripts. FLAVOUR is the guest: x86 in QEMU, um for User Mode
# Linux; DEBUG=1 takes its kernel with everything on that finds mistakes, debug and
# um-debug. MODULE=c takes the kernel's own module for comparison.
export KDIR KSRC ACCEL JOBS MODULE FLAVOUR TESTS VERBOSE FULL SECS KEEP N SEED MESSAGES MINUTES SCENARIOS WORKLOADS PROFILE ENGINES ROUNDS
T := tools/sctp

ifneq ($(DEBUG),)
debug := -debug
override FLAVOUR := $(patsubst x86-debug,debug,$(or $(FLAVOUR:%-debug=%),x86)-debug)
endif

.DEFAULT_GOAL := module
.NOTPARALLEL:

module: deps ## build rust_sctp.ko (this is what "make" does)
	@$T/build-module.sh $(if $(KDIR),,$(or $(FLAVOUR),x86))

demo: deps ## boot a guest, load the module, let programs talk over it, unload
	@$T/demo.sh

test: deps ## everything that can fail; ends with "N passed, N failed"
	@$T/test.sh

check: deps ## format, lints, rules of the house, documentation
	@$T/check.sh

twin: deps ## the engine's tests in user space, no kernel involved
	@$T/twin.sh

fuzz: deps ## fuzz the engine in user space, SECS= seconds for each target
	@$T/fuzz.sh $(TARGETS)

sim: deps ## N= random scenarios from SEED= on, two hosts and a bad network
	@$T/sim.sh

sim-sweep: deps ## every allocation fails, in N= scenarios from SEED= on
	@$T/sim.sh sweep

goodput: deps ## what gets through a link that loses packets, next to models of it
	@$T/sim.sh goodput

coverage: deps ## which lines of the engine its tests in user space run
	@$T/coverage.sh

kselftest: deps ## socket tests in a QEMU guest (DEBUG=1: on its debug kernel)
	@$T/run-tests.sh

uml: deps ## the same tests in User Mode Linux
	@FLAVOUR=um$(debug) $T/run-tests.sh

soak: deps ## MINUTES= of all that breaks modules, from SEED=, on the debug kernel
	@$T/soak.sh

func-tests: deps ## the functional tests of lksctp-tools in a guest
	@$T/func-tests.sh

programs: deps ## programs of Debian over SCTP, in User Mode Linux
	@$T/programs.sh

bench: deps ## speed next to the C module, TCP and UDP; PROFILE=1: by function
	@$T/bench.sh

interop: deps ## against the C module in a second guest
	@$T/interop.sh

shell: deps ## an interactive guest with the module loaded
	@$T/guest.sh -i -n shell

install-tree: ## add the module to the kernel tree KSRC= as net/rust_sctp
	@$T/install-tree.sh

rust-analyzer: deps ## write rust-project.json
	@$T/rust-analyzer.sh

clean: ## remove what was built in the checkout (kernels stay in the cache)
	@$T/clean.sh

deps:
	@$T/install-deps.sh

help: ## this text
	@echo 'usage: make [VERB] [VARIABLE=value]'
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1 \2/p' $(firstword $(MAKEFILE_LIST)) | \
		while read -r verb text; do printf '  %-14s %s\n' "$$verb" "$$text"; done
	@echo
	@echo 'Variables:'
	@echo '  KDIR=dir       kernel build tree the module is built for; one with'
	@echo '                 CONFIG_RUST=y. Default: a kernel made here, in the cache'
	@echo '  KSRC=dir       kernel source tree the guest kernels are made of. Default:'
	@echo '                 the newest linux-source package of the supported series'
	@echo '  FLAVOUR=name   guest: x86, um, debug or um-debug. Default: x86'
	@echo '  DEBUG=1        its kernel with KASAN, kmemleak, ... (debug or um-debug)'
	@echo '  ACCEL=name     QEMU accelerator: kvm or tcg. Default: kvm if a trial boot works'
	@echo '  JOBS=n         parallel jobs. Default: number of processors'
	@echo '  MODULE=name    module the guests load: rust, or c for the kernel'"'"'s own'
	@echo '  TESTS=names    socket or functional tests to run. Default: all'
	@echo '  FULL=1         long socket tests in full in an emulated guest, too'
	@echo '  SECS=n         seconds for each fuzz target. Default: 60; for each scenario of a soak'
	@echo '  TARGETS=names  fuzz targets to run. Default: all'
	@echo '  MINUTES=n      how long to soak. Default: 10'
	@echo '  SCENARIOS=...  scenarios of the soak. Default: all'
	@echo '  WORKLOADS=...  what to measure; SECS= the seconds of each. Default: see bench.sh; 1'
	@echo '  ENGINES=...    where: qemu, qemu2, um1, um2; ROUNDS= times. Default: all; 3, qemu once'
	@echo '  PROFILE=1      say where the instructions of each workload go'
	@echo '  N=n            random scenarios. Default: 100000; for the sweep 20'
	@echo '  SEED=n         number of the first one. Default: 1'
	@echo '  MESSAGES=n     only the first n messages of each. Default: all'
	@echo
	@echo 'Kernels, fetched source and bindgen are kept in $$RUST_SCTP_CACHE, by default'
	@echo '~/.cache/rust_sctp; everything else goes to build/.'

.PHONY: module demo test check twin fuzz coverage sim sim-sweep goodput kselftest uml soak func-tests programs interop \
	bench shell install-tree rust-analyzer clean deps help
