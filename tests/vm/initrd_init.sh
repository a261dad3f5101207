#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
#
# The initrd's /init: load what the disks need, go on in the real root.
# /dev/vda is Debian, /dev/vdb the bench: the checkout and the command.

busybox mount -t devtmpfs devtmpfs /dev
while read -r module; do
	busybox insmod "/modules/$module"
done </modules/order
busybox mount -t ext4 /dev/vda /tree
busybox mount -t ext4 /dev/vdb /tree/bench
busybox mount -o move /dev /tree/dev
exec busybox switch_root /tree /bench/opensnoop/tests/vm/guest_init.sh
