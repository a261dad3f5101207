# SPDX-License-Identifier: Apache-2.0
#
# The commands for working on this project: see `make help`.

# The Python that BCC is packaged for; another one may come first in PATH.
PYTHON = /usr/bin/python3
PREFIX = /usr/local
DESTDIR =

# An installed copy is laid out like a checkout, so that any Python can run it.
INSTALLED = $(DESTDIR)$(PREFIX)/lib/opensnoop

# Only what traces, makes images or installs packages runs as root. With -B,
# Python leaves no byte code owned by root among a user's files.
AS_ROOT = $(if $(filter 0,$(shell id -u)),$(PYTHON),sudo $(PYTHON) -B)

LIBRARY = opensnooplib/native/libopensnoop.so
NATIVE_SOURCES = $(wildcard opensnooplib/native/*/*.c)
NATIVE_HEADERS = $(wildcard opensnooplib/native/*/*.h)
NATIVE_FLAGS = -std=c11 -Iopensnooplib/native -Wall -Wextra -Werror -O2 -fPIC \
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
NATIVE_LINKING = -shared -Wl,-z,relro,-z,now,-z,defs

C_FILES = $(shell find bpf_src docs opensnooplib tests -name '*.[ch]')
PYTHON_FILES = $(shell find *.py opensnooplib tests -name '*.py')
CHECKS = $(wildcard docs/course/*/check.py)
COMPLETION = docs/opensnoop.bash
SHELL_FILES = $(shell grep -rlIE '^\#!.*\b(ba)?sh$$' .ci docs tests) $(COMPLETION)

export KERNEL
# As it was given: what has a $ in it is for the shell in the machine.
export VM_COMMAND := $(value CMD)
unexport CMD

# Prerequisites are made one after the other: first packages, then the build.
.NOTPARALLEL:
.PHONY: all byte-code run test test-all vm test-kernels bench bench-kernels \
	coverage bcc-tools lint lint-c lint-layers lint-python lint-shell course \
	deps install deb clean help

all: $(LIBRARY) byte-code ## build the native library (the default)

# The library is built under another name and then renamed, so that a running
# trace keeps the old one.
$(LIBRARY): $(NATIVE_SOURCES) $(NATIVE_HEADERS) Makefile
	@echo "Building $@" >&2
	@$(CC) $(NATIVE_FLAGS) $(CFLAGS) $(NATIVE_LINKING) $(LDFLAGS) \
		-o $(@:.so=.new.so) $(NATIVE_SOURCES) -ldl
	@mv $(@:.so=.new.so) $@

# A user's: the tool, as root, writes none among a user's files.
byte-code:
	@test ! -O . || $(PYTHON) -IS -m compileall -q opensnooplib

run: packages-run $(LIBRARY) byte-code ## show opens until Ctrl-C; make run ARGS='-T -x' for options
	@exec $(AS_ROOT) -IS opensnoop.py $(ARGS)

# A host that others use can stand still for a second at any moment: a test that
# failed is run once more, and named as RERUN at the end.
PYTEST := -I -m pytest -p no:cacheprovider --reruns 1 -r fER

# Two processes run the tests that need root, file by file. The others need
# little of the host: they run beside them, and what they say comes at the end.
test: packages-test $(LIBRARY) ## run the tests; make test ARGS='-k live' for some
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	{ $(PYTHON) $(PYTEST) $(ARGS) tests/unit tests/fuzz >"$$log" 2>&1 & } && \
	unit=$$! && \
	{ $(AS_ROOT) $(PYTEST) -n 2 --dist loadfile $(ARGS) tests/kernel \
		tests/attack; \
	kernel=$$?; wait $$unit; unit=$$?; cat "$$log"; \
	exit $$((kernel ? kernel : unit)); }

test-all: packages-test packages-vm $(LIBRARY) ## run all tests here, and in QEMU all that depend on the kernel; write docs/test-all.md and docs/bcc-tools.md: takes 3 hours
	@$(AS_ROOT) tests/vm/vm.py test-all $(ARGS)
	@$(AS_ROOT) tests/vm/vm.py bcc-tools $(ARGS)

vm: packages-vm ## run CMD on another kernel: make vm KERNEL=6.1 CMD='...'; without CMD a shell; SHARE=FOLDER is in /bench/shared
	@$(AS_ROOT) tests/vm/vm.py run --kernel "$${KERNEL:-6.1}" \
		--share "$(SHARE)" \
		$${VM_COMMAND:+-- "$$VM_COMMAND"}

test-kernels: packages-vm ## run what depends on the kernel on four others, in QEMU
	@$(AS_ROOT) tests/vm/vm.py test $(ARGS)

bench-kernels: packages-vm ## measure opensnoop and its peers on four other kernels, in QEMU
	@$(AS_ROOT) tests/vm/vm.py bench $(ARGS)

coverage: packages-vm $(LIBRARY) ## write docs/coverage.md: which ways to open a file are seen on which kernel
	@tests/vm/vm.py coverage $(ARGS)

bcc-tools: packages-vm ## write docs/bcc-tools.md: which of BCC's own tools run with --source, by kernel: takes 80 minutes
	@$(AS_ROOT) tests/vm/vm.py bcc-tools $(ARGS)

bench: packages-bench $(LIBRARY) byte-code ## measure what tracing costs, compared with other tools
	@exec $(AS_ROOT) tests/bench/bench.py $(ARGS)

lint: packages-lint lint-c lint-layers lint-python lint-shell ## check format, common errors and types

lint-c:
	@echo "clang-format, clang-tidy, cppcheck"
	@clang-format --dry-run -Werror $(C_FILES)
	@clang-tidy --quiet $(NATIVE_SOURCES) -- $(NATIVE_FLAGS)
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 \
		-Iopensnooplib/native opensnooplib/native

lint-python:
	@echo "black, flake8, mypy"
	@black --check --quiet --diff --line-length 79 $(PYTHON_FILES) $(CHECKS)
	@flake8 $(PYTHON_FILES) $(CHECKS)
	@mypy $(PYTHON_FILES)
	@for check in $(CHECKS); do \
		mypy "$$check" >/dev/null || mypy "$$check" || exit; done

# Upper rooms (folders) use lower ones only, and files don't use each other.
lint-layers:
	@echo "layers"
	@$(PYTHON) tests/layers.py

lint-shell:
	@echo "shellcheck"
	@shellcheck $(SHELL_FILES)

course: packages-course $(LIBRARY) byte-code ## prepare this machine for the course: a table of its lessons, ready or why not
	@exec $(AS_ROOT) -IS opensnoop.py --lesson --doctor

deps: packages-run ## install packages that make run needs and that are missing

packages-%:
	@.ci/packages $*

install: packages-install $(LIBRARY) ## install the command; PREFIX=/usr/local DESTDIR=
	@stage=$$(mktemp -d) && trap 'rm -rf "$$stage"' EXIT && \
	$(PYTHON) -I -W ignore setup.py --quiet build --build-base="$$stage" \
		install_lib --install-dir="$(INSTALLED)" \
		install_data --install-dir="$(DESTDIR)$(PREFIX)"
	@chmod 755 "$(INSTALLED)/opensnoop.py"
	@mkdir -p "$(DESTDIR)$(PREFIX)/bin"
	@ln -sf ../lib/opensnoop/opensnoop.py "$(DESTDIR)$(PREFIX)/bin/opensnoop"
	@echo "Installed $(PREFIX)/bin/opensnoop"

deb: packages-install packages-deb ## build a Debian package of this checkout into dist/
	@docs/packaging/build_deb.sh

clean: ## remove everything that was built
	rm -rf $(LIBRARY) build tests/fuzz/build dist *.egg-info \
		.mypy_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

help: ## show this help
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1	\2/p' $(MAKEFILE_LIST)
