#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build a Debian package of this checkout into dist/, for the suite that this
# runs on: `make deb` calls this.
#
# The top level has no debian/: the tree is staged with the one beside this.

set -eu
cd "$(dirname "$0")/../.."
checkout=$PWD
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir "$stage/opensnoop"
cp -r .ci LICENSE Makefile README.md bpf_src docs opensnoop.py opensnooplib \
	setup.py "$stage/opensnoop"
cd "$stage/opensnoop"
make --silent clean
cp -r docs/packaging/debian debian
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' opensnooplib/__init__.py)
cat >debian/changelog <<END
opensnoop ($version) unstable; urgency=medium

  * See the history of the checkout.

 -- The opensnoop authors <opensnoop@example.org>  $(date -R)
END
# -d: .ci/packages has installed what is needed, and build-essential is more.
dpkg-buildpackage -d -us -uc -b >"$stage/log" 2>&1 || {
	cat "$stage/log" >&2
	exit 1
}
if command -v lintian >/dev/null; then
	lintian --fail-on error,warning "$stage"/opensnoop_*.deb
fi
mkdir -p "$checkout/dist"
cp "$stage"/opensnoop_*.deb "$checkout/dist"
ls "$checkout"/dist/opensnoop_*.deb
