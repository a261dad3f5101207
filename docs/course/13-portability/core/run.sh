#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Show opens as lines of JSON, by one of three programs:
#
#     run.sh headers      bcc.c, compiled here with the kernel's own headers
#     run.sh btf          bcc.c, compiled here with types of the kernel's BTF
#     run.sh core [FILE [FOLDER]]
#                         FILE with CO-RE C, built in FOLDER
set -e
here=$(realpath "$(dirname "$0")")

case $1 in
headers)
	exec "$here/../../../../opensnoop.py" --source "$here/bcc.c" \
		--format json --columns pid,ppid,comm,ret,path
	;;
btf)
	# The headers are somewhere below /lib/modules, if they are installed.
	# shellcheck disable=SC2016 # the inner shell expands $0
	exec unshare --mount sh -c '
		[ ! -d /lib/modules ] || mount -t tmpfs none /lib/modules
		exec sh "$0" headers' "$0"
	;;
core)
	file=$(realpath "${2:-13-portability.c}")
	mkdir -p "${3:-opensnoop-core}"
	cd "${3:-opensnoop-core}"
	make -s -f "$here/Makefile" "SOURCE=$file" >&2
	exec ./opensnoop
	;;
*)
	echo "usage: sh run.sh headers|btf|core [FILE [FOLDER]]" >&2
	exit 2
	;;
esac
