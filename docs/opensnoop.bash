# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of opensnoop's options and their values in bash. `make install`
# puts it where bash-completion finds it. In a checkout:
#
#	source docs/opensnoop.bash
#
# Options and columns come from the tool itself; tests/unit/test_completion.py
# checks that the tool accepts the other words.

_opensnoop_options() {
	"$1" --help 2>/dev/null | grep -oE '^  -[^ ].*' |
		grep -oE '(^|[ ,])--?[A-Za-z0-9][A-Za-z0-9_-]*' | tr -d ' ,'
}

_opensnoop_columns() {
	"$1" --columns help 2>/dev/null | sed -nE 's/^  ([a-z_]+) .*/\1/p'
}

_opensnoop_lessons() {
	"$1" --lesson 2>/dev/null | sed -nE 's/^ *([0-9]+) .*/\1/p'
}

_opensnoop_processes() {
	local directory
	for directory in /proc/[0-9]*; do
		echo "${directory#/proc/}"
	done
}

# The word after the last comma is completed; those before it are kept.
_opensnoop_list() {
	local word=$1 before=
	shift
	case $word in
	*,*) before=${word%,*}, ;;
	esac
	compgen -P "$before" -W "$*" -- "${word##*,}"
}

_opensnoop() {
	local command=$1 word=$2 last=$3 words i
	COMPREPLY=()

	# --exec is followed by another command, with its own words.
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == --exec ]]; then
			if ((i + 1 == COMP_CWORD)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$word")
			else
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
			fi
			return
		fi
	done

	case $last in
	-p | --pid | --mntns) words=$(_opensnoop_list "$word" "$(_opensnoop_processes)") ;;
	-t | --tid) words=$(compgen -W "$(_opensnoop_processes)" -- "$word") ;;
	--exec-user) words=$(compgen -u -- "$word") ;;
	-u | --uid) words=$(_opensnoop_list "$word" "$(compgen -u)") ;;
	-f | --flag_filter)
		words=$(_opensnoop_list "$word" write create O_RDONLY O_WRONLY O_RDWR \
			O_CREAT O_EXCL O_TRUNC O_APPEND O_CLOEXEC O_DIRECTORY \
			O_NOFOLLOW O_PATH O_SYNC O_TMPFILE)
		;;
	--errno)
		words=$(_opensnoop_list "$word" EACCES EBUSY EEXIST EFAULT EINTR \
			EINVAL EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT \
			ENOSPC ENOTDIR ENXIO EOVERFLOW EPERM EROFS ETXTBSY)
		;;
	--columns | --by)
		words=$(_opensnoop_list "$word" "$(_opensnoop_columns "$command")")
		;;
	--format) words=$(compgen -W "table json csv folded paths" -- "$word") ;;
	--color) words=$(compgen -W "auto always never" -- "$word") ;;
	--time)
		words=$(compgen -W "relative wall mono delta" -- "$word")
		;;
	--path-view) words=$(compgen -W "process host" -- "$word") ;;
	--attach)
		words=$(compgen -W "auto fentry syscall-exit syscall kprobe" -- "$word")
		;;
	-o | --cgroupmap | --mntnsmap | --source | --btf | --record | --replay | --cgroup | --check)
		words=$(compgen -f -- "$word")
		;;
	--progress) words=$(compgen -d -- "$word") ;;
	--lesson)
		words=$(compgen -W "$(_opensnoop_lessons "$command") \
			$(_opensnoop_options "$command")" -- "$word")
		;;
	-n | --name | --until | -d | --duration | --count | -b | --buffer-pages) return ;;
	--rows | --keep | --path | --unit | --container | --interval | --set) return ;;
	--slower | --hanging) return ;;
	*) words=$(compgen -W "$(_opensnoop_options "$command")" -- "$word") ;;
	esac
	case $last in
	# Another value may follow after a comma, so no space is added.
	-p | --pid | --mntns | -u | --uid | -f | --flag_filter | --errno | --columns | --by)
		compopt -o nospace 2>/dev/null
		;;
	esac
	if [[ $words ]]; then
		mapfile -t COMPREPLY <<<"$words"
	fi
}

complete -F _opensnoop opensnoop opensnoop.py
