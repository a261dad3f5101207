/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants and macros of the kernel's own headers that BTF doesn't have, for
 * C that is compiled without these headers: numbers that are the same in every
 * kernel since 5.10, short names of fields, and small inline functions.
 */

/* include/uapi/linux/swab.h, include/linux/byteorder/generic.h */
#define ntohs(x)       __builtin_bswap16(x)
#define htons(x)       __builtin_bswap16(x)
#define ntohl(x)       __builtin_bswap32(x)
#define htonl(x)       __builtin_bswap32(x)
#define be16_to_cpu(x) __builtin_bswap16(x)
#define cpu_to_be16(x) __builtin_bswap16(x)
#define be32_to_cpu(x) __builtin_bswap32(x)
#define cpu_to_be32(x) __builtin_bswap32(x)
#define be64_to_cpu(x) __builtin_bswap64(x)
#define cpu_to_be64(x) __builtin_bswap64(x)

/* include/linux/math64.h */
#define div_u64(x, y)	((u64)(x) / (u32)(y))
#define div64_u64(x, y) ((u64)(x) / (u64)(y))

/* include/vdso/time64.h, include/asm-generic/param.h */
#define MSEC_PER_SEC  1000L
#define USEC_PER_MSEC 1000L
#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define USEC_PER_SEC  1000000L
#define NSEC_PER_SEC  1000000000L
#define HZ	      CONFIG_HZ

/* include/linux/sched.h */
#define TASK_RUNNING	     0x0
#define TASK_INTERRUPTIBLE   0x1
#define TASK_UNINTERRUPTIBLE 0x2
#define __TASK_STOPPED	     0x4
#define __TASK_TRACED	     0x8
#define EXIT_DEAD	     0x10
#define EXIT_ZOMBIE	     0x20
#define TASK_PARKED	     0x40
#define TASK_DEAD	     0x80
#define TASK_WAKEKILL	     0x100
#define TASK_NOLOAD	     0x400
#define TASK_NEW	     0x800
#define TASK_KILLABLE	     (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE	     (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define PF_IDLE		     0x2
#define PF_EXITING	     0x4
#define PF_WQ_WORKER	     0x20
#define PF_MEMALLOC	     0x800
#define PF_KTHREAD	     0x200000

/* include/linux/fs.h, include/uapi/linux/stat.h */
#define FMODE_READ     0x1
#define FMODE_WRITE    0x2
#define FMODE_LSEEK    0x4
#define FMODE_PREAD    0x8
#define FMODE_PWRITE   0x10
#define FMODE_EXEC     0x20
#define FMODE_CREATED  0x100000
#define READ	       0
#define WRITE	       1
#define S_IFMT	       0170000
#define S_IFSOCK       0140000
#define S_IFLNK	       0120000
#define S_IFREG	       0100000
#define S_IFBLK	       0060000
#define S_IFDIR	       0040000
#define S_IFCHR	       0020000
#define S_IFIFO	       0010000
#define S_ISSOCK(mode) (((mode)&S_IFMT) == S_IFSOCK)
#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode)&S_IFMT) == S_IFREG)
#define S_ISBLK(mode)  (((mode)&S_IFMT) == S_IFBLK)
#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISCHR(mode)  (((mode)&S_IFMT) == S_IFCHR)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)

/* include/linux/dcache.h: at least; it was 32 once */
#define DNAME_INLINE_LEN 40

/* include/linux/mm.h */
#define folio_page(folio, n) (&(folio)->page + (n))

/* include/linux/kdev_t.h */
#define MINORBITS	    20
#define MINORMASK	    ((1U << MINORBITS) - 1)
#define MAJOR(dev)	    ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev)	    ((unsigned int)((dev)&MINORMASK))
#define MKDEV(major, minor) (((major) << MINORBITS) | (minor))

/* include/linux/blkdev.h, include/linux/blk_types.h */
#define DISK_NAME_LEN  32
#define SECTOR_SHIFT   9
#define REQ_OP_BITS    8
#define REQ_OP_MASK    ((1 << REQ_OP_BITS) - 1)
#define REQ_SYNC       (1ULL << __REQ_SYNC)
#define REQ_META       (1ULL << __REQ_META)
#define REQ_FUA	       (1ULL << __REQ_FUA)
#define REQ_PREFLUSH   (1ULL << __REQ_PREFLUSH)
#define REQ_RAHEAD     (1ULL << __REQ_RAHEAD)
#define REQ_BACKGROUND (1ULL << __REQ_BACKGROUND)
#define RQF_STARTED    (1 << 1)

/* include/linux/scatterlist.h */
#define SG_CHAIN	0x01UL
#define SG_END		0x02UL
#define sg_is_chain(sg) ((sg)->page_link & SG_CHAIN)
#define sg_is_last(sg)	((sg)->page_link & SG_END)
#define sg_chain_ptr(sg)                                                       \
	((struct scatterlist *)((sg)->page_link & ~(SG_CHAIN | SG_END)))

/* include/linux/skbuff.h */
#define skb_rx_queue_recorded(skb) ((skb)->queue_mapping != 0)
#define skb_get_rx_queue(skb)	   ((skb)->queue_mapping - 1)
#define skb_get_queue_mapping(skb) ((skb)->queue_mapping)

/* include/linux/socket.h, include/linux/net.h */
#define AF_UNSPEC  0
#define AF_UNIX	   1
#define AF_INET	   2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define SCM_RIGHTS 1
#define SOL_SOCKET 1

/* arch/x86/include/asm/page_64_types.h, arch/arm64/include/asm/memory.h */
#if defined(__x86_64__)
#define __PAGE_OFFSET_BASE_L5 0xff11000000000000UL
#define __PAGE_OFFSET_BASE_L4 0xffff888000000000UL
#define PAGE_OFFSET	      __PAGE_OFFSET_BASE_L4
#elif defined(__aarch64__)
#define PAGE_OFFSET 0xffff000000000000UL
#endif
