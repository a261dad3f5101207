// SPDX-License-Identifier: Apache-2.0
/*
 * A 32-bit program without a C library, so that `cc -m32 -nostdlib -static
 * -ffreestanding` is all that it needs. Makes each call that opens a file by
 * name once; none of the files exists. One name is relative.
 */
struct open_how {
	unsigned long long flags, mode, resolve;
};

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
	SYS_EXIT = 1,
	SYS_OPEN = 5,
	SYS_CREAT = 8,
	SYS_OPENAT = 295,
	SYS_OPENAT2 = 437,
};

#define AT_FDCWD -100
#define O_RDWR	 2

static long call(long number, long first, long second, long third, long fourth)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(first), "c"(second), "d"(third),
			   "S"(fourth)
			 : "memory");
	return ret;
}

void _start(void)
{
	struct open_how how = {.flags = O_RDWR};

	call(SYS_OPEN, (long)"/no/where/open", 0, 0, 0);
	call(SYS_CREAT, (long)"/no/where/creat", 0600, 0, 0);
	call(SYS_OPENAT, AT_FDCWD, (long)"nowhere/openat", 0, 0);
	call(SYS_OPENAT2, AT_FDCWD, (long)"/no/where/openat2", (long)&how,
	     sizeof(how));
	call(SYS_EXIT, 0, 0, 0, 0);
}
