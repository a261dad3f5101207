#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The first process in the machine: mount what a host has, build the native
# library, run the command, report its exit status, end the machine. machine.py
# makes /bench/command, and names the virtio ports that carry the output.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 TERM=${TERM:-linux}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -s /proc/self/fd /dev/fd
hostname opensnoop-vm

# Hide the kernel's headers, as on a host where they were never installed.
if [ ! -e /bench/show-headers ]; then
	mount -t tmpfs tmpfs /usr/src
fi

port_named() {
	local name
	for name in /sys/class/virtio-ports/*/name; do
		if [ "$(cat "$name")" = "$1" ]; then
			basename "$(dirname "$name")"
		fi
	done
}

# Open files for a person who watches: nothing else runs here.
if [ -e /bench/not-alone ]; then
	while sleep 1; do cat /etc/hostname; done </dev/null >/dev/null 2>&1 &
fi

ln -s /bench/opensnoop/opensnoop.py /usr/local/bin/opensnoop
if [ -d /bench/shared ]; then
	modprobe -q virtiofs
	mount -t virtiofs shared /bench/shared
fi

cd /bench/opensnoop || exit
if [ -e /bench/command ]; then
	make -s </dev/null >"/dev/$(port_named stderr)" 2>&1
	bash /bench/command </dev/null \
		>"/dev/$(port_named stdout)" 2>"/dev/$(port_named stderr)"
else
	make -s </dev/null >/dev/hvc0 2>&1
	if [ -d /bench/shared ]; then
		cd /bench/shared || exit
	fi
	setsid --ctty --wait bash -i </dev/hvc0 >/dev/hvc0 2>&1
fi
echo $? >"/dev/$(port_named status)"
echo b >/proc/sysrq-trigger
