# SPDX-License-Identifier: GPL-2.0
# `make help` tells what there is.

BASE ?= 6.12
KERNEL ?= plain
SERIES ?= 1
T ?=
DEPS ?= 1

export BASE KERNEL KVER SERIES KSRC OUT JOBS VMS ACCEL SIGNOFF

# what only check-bisect needs
cross_packages = gcc-aarch64-linux-gnu clang-19 lld-19 llvm-19

# what only bench needs
bench_packages = gnuplot-nox dmsetup

# what only deb-test needs
deb_packages = debootstrap debian-archive-keyring

name = $(if $(filter 0,$(SERIES)),stock,$(if $(filter 1,$(SERIES)),series,SERIES=$(SERIES)))

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: Passthrough failover for NVMe multipath heads: a Linux kernel patch series.
#:
#:   make demo    the same fio load without and with the series, while paths are
#:                reset, pulled and brought back: a table. On the distribution's
#:                kernel where the base allows that; KERNEL=plain builds two
#:   make test    all tests, each in a VM of its own;  T=delay_01 one of them,
#:                T=delay a group, T="delay park_01" several
#:   make torture MINUTES=3  random loads and faults, and whether each command was
#:                answered once, with right data, and nothing is left; SEED=n
#:                repeats a run, SEED=known all that failed once;  FAULTS=reset,ana
#:                only these;  LANES=n loads at a time;  KEEP=1 keeps the report
#:   make new-test G=park  a new test of that group, made from the template
#:   make blktests BLKTESTS=/path  the case of contrib/blktests, by a copy of that
#:                checkout of blktests;  TIMEOUT=n seconds of load
#:   make mutants  plants mistakes in the modules for Debian's own kernel, one by
#:                one, and sees that a test catches each;  T="retry-dropped ..."
#:                only these;  CLEAN=0 without a run of the tests before that;
#:                SEEDS="1 2" by torture with these seeds, for MINUTES=3 each,
#:                instead of the tests
#:   make coverage  which lines of failover the last run with KERNEL=debug, of
#:                test or torture, has reached;  T=/path  another one
#:   make kunit   the unit tests, under User Mode Linux
#:   make vm      a shell in the guest, two multipath heads up
#:   make tree    unpack the base kernel, assemble the series on it
#:   make kernel  and build it
#:   make check   checkpatch, sparse, W=1, kernel-doc, shellcheck, htmldocs
#:   make check-bisect  build each prefix of the series, in seven configurations,
#:                without multipath, io_uring or modules, and for i386, arm64 and
#:                clang among them;  T=i386 only one
#:   make modules  NVMe modules with the series for Debian's own kernel;  KVER=x
#:                names one
#:   make deb     a DKMS package that does this on each kernel update
#:   make deb-test SUITE=trixie  installs it in a Debian of its own, and boots that
#:                in a VM, its root on NVMe: before and after a kernel update, and
#:                after removal
#:   make bench   what it costs, and what it buys;  T=cost|failover|growth;  KEEP=1
#:                keeps tables and pictures in bench/results
#:   make htmldocs  the documentation, by the kernel's own build
#:   make series  the series as mails with cover letters, in out/$BASE/mail;
#:                SIGNOFF=1 signs them off as you
#:   make apply KDIR=/path  apply them to a kernel tree of yours;
#:                UPTO=fixes  only up to that series
#:   make export  write amended commits of out/$BASE/series back to patches/
#:   make port FROM=7.3 BASE=x  start the series on a new base, by merges
#:   make deps    install the Debian packages all this needs
#:   make clean   remove out/$BASE;  make distclean: all of out/
#:
#:   BASE=6.12           the base kernel, a file of bases/
#:   KERNEL=plain|debug|kcsan|single|distro  debug has KASAN, lockdep, kmemleak: slow;
#:                       kcsan reports data races; single has no NVMe multipath;
#:                       distro is the image of the distribution with make
#:                       modules: for demo, test, torture, blktests, vm
#:   SERIES=0            the stock kernel; with test: most tests fail there.
#:                       EXPECT_STOCK=1: to fail as announced is to pass
#:   KSRC=/path          take the base from a source tree, not from a package
#:   ACCEL=kvm|tcg       QEMU's accelerator; KVM is taken where it works
#:   JOBS=n  VMS=n       parallel build jobs; VMs at a time (1)
#:   OUT=/path           where trees, builds and results go
#:   DEPS=0              do not look for missing packages

deps:
ifeq ($(DEPS),1)
	@scripts/deps.sh
endif

tree: deps
	@scripts/tree.sh '$(BASE)' '$(name)'

# the names come first: a wrong one must not cost the unpacking of a tree
kernel: deps
	@scripts/kernel.sh -n '$(BASE)' '$(name)' '$(KERNEL)'
	@scripts/tree.sh '$(BASE)' '$(name)'
	@scripts/kernel.sh '$(BASE)' '$(name)' '$(KERNEL)'

modules: deps
	@scripts/modules.sh '$(BASE)' '$(KVER)'

deb: deps
	@scripts/deb.sh '$(BASE)'

deb-test: deps
	@[ '$(DEPS)' = 0 ] || scripts/deps.sh $(deb_packages)
	@scripts/deb-test.sh '$(BASE)' '$(SUITE)'

demo: deps
	@scripts/demo.sh '$(BASE)' '$(if $(filter file,$(origin KERNEL)),,$(KERNEL))'

test: deps
	@scripts/test.sh '$(BASE)' '$(name)' '$(KERNEL)' $(T)

torture: deps
	@SEED='$(SEED)' MINUTES='$(MINUTES)' FAULTS='$(FAULTS)' LANES='$(LANES)' \
		scripts/torture.sh '$(BASE)' \
		'$(if $(filter file,$(origin KERNEL)),,$(KERNEL))'

blktests: deps
	@NVMET_TRTYPES='$(NVMET_TRTYPES)' TIMEOUT='$(TIMEOUT)' \
		scripts/blktests.sh '$(BASE)' '$(name)' '$(KERNEL)' '$(BLKTESTS)'

new-test:
	@scripts/new-test.sh '$(G)'

mutants: deps
	@scripts/mutants.sh '$(BASE)' $(T)

coverage: deps
	@scripts/coverage.sh '$(BASE)' $(T)

kunit: deps
	@scripts/kunit.sh '$(BASE)'

vm: deps
	@scripts/vm.sh '$(BASE)' '$(name)' '$(KERNEL)'

check: deps
	@scripts/check.sh '$(BASE)'

check-bisect: deps
	@[ '$(DEPS)' = 0 ] || scripts/deps.sh $(cross_packages)
	@scripts/bisect.sh '$(BASE)' $(T)

bench: deps
	@[ '$(DEPS)' = 0 ] || scripts/deps.sh $(bench_packages)
	@bench/bench.sh '$(BASE)' $(T)

htmldocs: deps
	@scripts/htmldocs.sh '$(BASE)'

series: deps
	@scripts/series.sh '$(BASE)'

apply: deps
	@scripts/apply.sh '$(KDIR)' '$(UPTO)'

export:
	@scripts/export.sh '$(BASE)'

port: deps
	@scripts/port.sh '$(FROM)' '$(BASE)'

clean:
	rm -rf '$(or $(OUT),out)/$(BASE)'

distclean:
	rm -rf '$(or $(OUT),out)'

.PHONY: help deps tree kernel modules deb deb-test demo test torture blktests new-test mutants coverage \
	kunit vm check check-bisect bench htmldocs series apply export port clean distclean
