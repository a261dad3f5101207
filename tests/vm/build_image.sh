#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Build what QEMU needs to boot one Debian suite, from packages alone:
# rootfs.ext4, vmlinuz, initrd and release (the kernel's name) in FOLDER.
#
# usage: build_image.sh SUITE FOLDER      (as root; images.py calls it)

set -euo pipefail

suite=$1
folder=$2
here=$(dirname "$(realpath "$0")")

# In a mount namespace of its own: no mount outlives the build.
if [ -z "${OPENSNOOP_VM_UNSHARED:-}" ]; then
	export OPENSNOOP_VM_UNSHARED=1
	exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

tree=$folder/tree
unpacked=$folder/kernel

# The mirror may be an older copy of Debian's, with an expired date.
apt() {
	DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$tree" \
		apt-get -q -y -o Acquire::Check-Valid-Until=false \
		-o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

names_of() { # the packages in FILE that the suite has, optional ones too
	local name optional
	while read -r name optional; do
		case $name in '' | '#'*) continue ;; esac
		if [ "$optional" != optional ] ||
			chroot "$tree" apt-cache show "$name" >/dev/null 2>&1; then
			echo "$name"
		fi
	done <"$1"
}

install_packages() {
	local mirror
	for mirror in http://deb.debian.org/debian http://archive.debian.org/debian; do
		rm -rf "$tree"
		if debootstrap --variant=minbase "$suite" "$tree" "$mirror"; then
			break
		fi
	done
	mount -t proc proc "$tree/proc"
	# No service starts in the tree, no initrd is made: we make our own.
	printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
	chmod +x "$tree/usr/sbin/policy-rc.d"
	apt update
	# shellcheck disable=SC2046 # one word for each package
	apt install $(names_of "$here/packages")
}

# Unpacked, not installed: its install scripts want to make an initrd.
unpack_kernel() {
	local package modules
	apt install --download-only linux-image-cloud-amd64
	for package in "$tree"/var/cache/apt/archives/linux-{image,binary,modules}-[0-9]*.deb; do
		if [ -e "$package" ]; then
			dpkg-deb -x "$package" "$unpacked"
		fi
	done
	modules=$(find "$unpacked" -type d -path '*/lib/modules/*/kernel' -prune)
	release=$(basename "$(dirname "$modules")")
	find "$unpacked" -type f -name 'vmlinuz*' -exec cp {} "$folder/vmlinuz" ';'
	mkdir -p "$tree/usr/lib/modules"
	cp -r "$(dirname "$modules")" "$tree/usr/lib/modules/"
	chroot "$tree" depmod "$release"
	echo "$release" >"$folder/release"
}

# Ours is a busybox that loads what the disks need, and goes on in the tree.
make_initrd() {
	local root=$folder/initrd-tree name path
	mkdir -p "$root"/{bin,dev,modules,proc,tree}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/initrd_init.sh" "$root/init"
	chmod +x "$root/init"
	for name in crc32c_generic ext4 virtio_pci virtio_blk virtio_console; do
		chroot "$tree" modprobe --set-version "$release" \
			--show-depends "$name" 2>/dev/null || true
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r path; do
			name=$(basename "$path")
			case $path in
			*.xz) xz -dc "$tree$path" >"$root/modules/${name%.xz}" ;;
			*.zst) zstd -qdc "$tree$path" >"$root/modules/${name%.zst}" ;;
			*) cp "$tree$path" "$root/modules/" ;;
			esac
			echo "${name%.[xz]*}" >>"$root/modules/order"
		done
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$folder/initrd"
}

make_image() {
	local megabytes
	umount "$tree/proc"
	rm -rf "$tree"/var/cache/apt "$tree"/var/lib/apt/lists/* \
		"$tree"/usr/share/{doc,man,locale,info}
	mkdir -p "$tree/bench"
	megabytes=$(du -sm "$tree" | cut -f1)
	mke2fs -q -t ext4 -O ^has_journal -d "$tree" \
		"$folder/rootfs.ext4" "$((megabytes + 1024))M"
}

rm -rf "$folder"
mkdir -p "$folder"
install_packages
unpack_kernel
make_initrd
make_image
rm -rf "$tree" "$unpacked" "$folder/initrd-tree"
