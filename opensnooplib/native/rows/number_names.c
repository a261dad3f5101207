// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* O_TMPFILE and others */
#include "rows/number_names.h"

#include <errno.h>
#include <fcntl.h>

#include "base/number.h"
#include "base/put_string.h"

#define SYMBOL(name)                                                           \
	{                                                                      \
		name, #name                                                    \
	}
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

const char *symbol_name(const struct symbol *symbols, uint32_t count,
			int64_t value)
{
	for (uint32_t i = 0; i < count; i++)
		if (symbols[i].value == value)
			return symbols[i].name;
	return NULL;
}

/* Two names can be one number: the first is shown. */
static const struct symbol errors[] = {
	SYMBOL(EPERM),
	SYMBOL(ENOENT),
	SYMBOL(ESRCH),
	SYMBOL(EINTR),
	SYMBOL(EIO),
	SYMBOL(ENXIO),
	SYMBOL(E2BIG),
	SYMBOL(ENOEXEC),
	SYMBOL(EBADF),
	SYMBOL(ECHILD),
	SYMBOL(EAGAIN),
	SYMBOL(ENOMEM),
	SYMBOL(EACCES),
	SYMBOL(EFAULT),
	SYMBOL(ENOTBLK),
	SYMBOL(EBUSY),
	SYMBOL(EEXIST),
	SYMBOL(EXDEV),
	SYMBOL(ENODEV),
	SYMBOL(ENOTDIR),
	SYMBOL(EISDIR),
	SYMBOL(EINVAL),
	SYMBOL(ENFILE),
	SYMBOL(EMFILE),
	SYMBOL(ENOTTY),
	SYMBOL(ETXTBSY),
	SYMBOL(EFBIG),
	SYMBOL(ENOSPC),
	SYMBOL(ESPIPE),
	SYMBOL(EROFS),
	SYMBOL(EMLINK),
	SYMBOL(EPIPE),
	SYMBOL(EDOM),
	SYMBOL(ERANGE),
	SYMBOL(EDEADLK),
	SYMBOL(ENAMETOOLONG),
	SYMBOL(ENOLCK),
	SYMBOL(ENOSYS),
	SYMBOL(ENOTEMPTY),
	SYMBOL(ELOOP),
	SYMBOL(ENOMSG),
	SYMBOL(EIDRM),
	SYMBOL(ECHRNG),
	SYMBOL(EL2NSYNC),
	SYMBOL(EL3HLT),
	SYMBOL(EL3RST),
	SYMBOL(ELNRNG),
	SYMBOL(EUNATCH),
	SYMBOL(ENOCSI),
	SYMBOL(EL2HLT),
	SYMBOL(EBADE),
	SYMBOL(EBADR),
	SYMBOL(EXFULL),
	SYMBOL(ENOANO),
	SYMBOL(EBADRQC),
	SYMBOL(EBADSLT),
	SYMBOL(EBFONT),
	SYMBOL(ENOSTR),
	SYMBOL(ENODATA),
	SYMBOL(ETIME),
	SYMBOL(ENOSR),
	SYMBOL(ENONET),
	SYMBOL(ENOPKG),
	SYMBOL(EREMOTE),
	SYMBOL(ENOLINK),
	SYMBOL(EADV),
	SYMBOL(ESRMNT),
	SYMBOL(ECOMM),
	SYMBOL(EPROTO),
	SYMBOL(EMULTIHOP),
	SYMBOL(EDOTDOT),
	SYMBOL(EBADMSG),
	SYMBOL(EOVERFLOW),
	SYMBOL(ENOTUNIQ),
	SYMBOL(EBADFD),
	SYMBOL(EREMCHG),
	SYMBOL(ELIBACC),
	SYMBOL(ELIBBAD),
	SYMBOL(ELIBSCN),
	SYMBOL(ELIBMAX),
	SYMBOL(ELIBEXEC),
	SYMBOL(EILSEQ),
	SYMBOL(ERESTART),
	SYMBOL(ESTRPIPE),
	SYMBOL(EUSERS),
	SYMBOL(ENOTSOCK),
	SYMBOL(EDESTADDRREQ),
	SYMBOL(EMSGSIZE),
	SYMBOL(EPROTOTYPE),
	SYMBOL(ENOPROTOOPT),
	SYMBOL(EPROTONOSUPPORT),
	SYMBOL(ESOCKTNOSUPPORT),
	SYMBOL(EOPNOTSUPP),
	SYMBOL(EPFNOSUPPORT),
	SYMBOL(EAFNOSUPPORT),
	SYMBOL(EADDRINUSE),
	SYMBOL(EADDRNOTAVAIL),
	SYMBOL(ENETDOWN),
	SYMBOL(ENETUNREACH),
	SYMBOL(ENETRESET),
	SYMBOL(ECONNABORTED),
	SYMBOL(ECONNRESET),
	SYMBOL(ENOBUFS),
	SYMBOL(EISCONN),
	SYMBOL(ENOTCONN),
	SYMBOL(ESHUTDOWN),
	SYMBOL(ETOOMANYREFS),
	SYMBOL(ETIMEDOUT),
	SYMBOL(ECONNREFUSED),
	SYMBOL(EHOSTDOWN),
	SYMBOL(EHOSTUNREACH),
	SYMBOL(EALREADY),
	SYMBOL(EINPROGRESS),
	SYMBOL(ESTALE),
	SYMBOL(EUCLEAN),
	SYMBOL(ENOTNAM),
	SYMBOL(ENAVAIL),
	SYMBOL(EISNAM),
	SYMBOL(EREMOTEIO),
	SYMBOL(EDQUOT),
	SYMBOL(ENOMEDIUM),
	SYMBOL(EMEDIUMTYPE),
	SYMBOL(ECANCELED),
	SYMBOL(ENOKEY),
	SYMBOL(EKEYEXPIRED),
	SYMBOL(EKEYREVOKED),
	SYMBOL(EKEYREJECTED),
	SYMBOL(EOWNERDEAD),
	SYMBOL(ENOTRECOVERABLE),
	SYMBOL(ERFKILL),
	/* Inside the kernel: include/linux/errno.h. */
	{512, "ERESTARTSYS"},
	{513, "ERESTARTNOINTR"},
	{514, "ERESTARTNOHAND"},
	{515, "ENOIOCTLCMD"},
	{516, "ERESTART_RESTARTBLOCK"},
	{517, "EPROBE_DEFER"},
	{518, "EOPENSTALE"},
	{524, "ENOTSUPP"},
};

const char *errno_name(int64_t number)
{
	return symbol_name(errors, COUNT_OF(errors), number);
}

/*
 * O_LARGEFILE as the kernel has it: asm-generic/fcntl.h, and asm/fcntl.h of
 * these architectures. It is 0 in libc where every file may be large.
 */
#if defined(__aarch64__) || defined(__arm__)
#define KERNEL_O_LARGEFILE 0400000
#elif defined(__powerpc__)
#define KERNEL_O_LARGEFILE 0200000
#else
#define KERNEL_O_LARGEFILE 0100000
#endif

/* Flags of open(2); those of several bits come before their parts. */
static const struct symbol flag_symbols[] = {
	SYMBOL(O_CREAT),
	SYMBOL(O_EXCL),
	SYMBOL(O_NOCTTY),
	SYMBOL(O_TRUNC),
	SYMBOL(O_APPEND),
	SYMBOL(O_NONBLOCK),
	SYMBOL(O_SYNC),
	SYMBOL(O_DSYNC),
	SYMBOL(O_ASYNC),
	SYMBOL(O_DIRECT),
	SYMBOL(O_TMPFILE),
	SYMBOL(O_DIRECTORY),
	SYMBOL(O_NOFOLLOW),
	SYMBOL(O_NOATIME),
	SYMBOL(O_CLOEXEC),
	SYMBOL(O_PATH),
	{KERNEL_O_LARGEFILE, "O_LARGEFILE"},
};

static const char *access_name(uint64_t flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "O_RDONLY";
	case O_WRONLY:
		return "O_WRONLY";
	case O_RDWR:
		return "O_RDWR";
	default:
		return "O_ACCMODE";
	}
}

char *put_flag_names(char *out, uint64_t flags)
{
	uint64_t left = flags & ~(uint64_t)O_ACCMODE;

	out = put_string(out, access_name(flags));
	for (size_t i = 0; i < COUNT_OF(flag_symbols); i++) {
		uint64_t bits = (uint64_t)flag_symbols[i].value;

		if (bits == 0 || (left & bits) != bits)
			continue;
		left &= ~bits;
		*out++ = '|';
		out = put_string(out, flag_symbols[i].name);
	}
	if (left > 0) {
		out = put_string(out, "|0x");
		out = put_number(out, left, 16, 1);
	}
	return out;
}
