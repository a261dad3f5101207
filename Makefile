# SPDX-License-Identifier: Apache-2.0
#
# Everything that is done with this project, by name: see `make help`.

# The Python that BCC is packaged for; another one may come first in PATH.
PYTHON = /usr/bin/python3
PREFIX = /usr/local
DESTDIR =

# Only tracing and installing need root. -B: what root runs writes no byte code
# into a user's files.
SUDO = $(if $(filter-out 0,$(shell id -u)),sudo)
AS_ROOT = $(SUDO) $(PYTHON) -B

LIBRARY = opensnooplib/native/libopensnoop.so
NATIVE_SOURCES = $(wildcard opensnooplib/native/*.c)
NATIVE_HEADERS = $(wildcard opensnooplib/native/*.h)
NATIVE_FLAGS = -std=c11 -Wall -Wextra -Werror -O2 -fPIC -shared \
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now,-z,defs

C_FILES = $(shell find bpf_src opensnooplib tests -name '*.[ch]')
PYTHON_FILES = $(shell find *.py opensnooplib tests -name '*.py')
SHELL_FILES = $(shell grep -rlE '^\#!.*\b(ba)?sh$$' .ci tests)

# Prerequisites are done one after the other: first packages, then the build.
.NOTPARALLEL:
.PHONY: all run test bench lint deps install clean help

all: $(LIBRARY) ## build the native library (what make alone does)

# Written beside and moved: a running trace keeps the old one.
$(LIBRARY): $(NATIVE_SOURCES) $(NATIVE_HEADERS) Makefile
	@echo "Building $@" >&2
	@$(CC) $(NATIVE_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@.new $(NATIVE_SOURCES)
	@mv $@.new $@

run: deps $(LIBRARY) ## show opens until Ctrl-C; make run ARGS='-T -x' for options
	@exec $(AS_ROOT) opensnoop.py $(ARGS)

test: ## run all tests
	@.ci/packages test
	@$(MAKE) --no-print-directory $(LIBRARY)
	$(PYTHON) -m pytest $(ARGS) tests/unit tests/fuzz
	$(AS_ROOT) -m pytest -p no:cacheprovider $(ARGS) tests/kernel

bench: ## measure what tracing costs, beside other tools
	@.ci/packages bench
	@$(MAKE) --no-print-directory $(LIBRARY)
	@exec $(AS_ROOT) tests/bench/bench.py $(ARGS)

lint: ## check format, mistakes and types in all files
	@.ci/packages lint
	clang-format --dry-run -Werror $(C_FILES)
	clang-tidy --quiet $(NATIVE_SOURCES) -- $(NATIVE_FLAGS)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 opensnooplib/native
	black --check --quiet --diff --line-length 79 $(PYTHON_FILES)
	flake8 $(PYTHON_FILES)
	mypy $(PYTHON_FILES)
	shellcheck $(SHELL_FILES)

deps: ## install what make run needs and isn't there
	@.ci/packages run

install: ## install the command for good; PREFIX=/usr/local DESTDIR=
	@.ci/packages install
	@$(MAKE) --no-print-directory $(LIBRARY)

clean: ## remove all that was built
	rm -rf $(LIBRARY) build dist *.egg-info .mypy_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

help: ## show this
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1	\2/p' $(MAKEFILE_LIST)
