/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An NVMe passthrough command in a big SQE: what every program here, and those
 * in bench/, put into it. The caller includes liburing.h and string.h first, or
 * linux/io_uring.h and nolibc.h.
 */
#ifndef NVME_MPATH_SQE_H
#define NVME_MPATH_SQE_H

#include <linux/nvme_ioctl.h>

#define OP_FLUSH	0x00
#define OP_WRITE	0x01
#define OP_READ		0x02
#define OP_COMPARE	0x05
#define OP_APPEND	0x7d

#define DIRECTIVE_PLACEMENT	2

/* The headers of distributions lack these flags of struct nvme_uring_cmd. */
#ifndef NVME_URING_CMD_F_FAILFAST
#define NVME_URING_CMD_F_FAILFAST	0x4
#define NVME_URING_CMD_F_FAILOVER	0x8
#endif

#define LBA_SIZE	512
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Clears both halves of the SQE: the ring was made with IORING_SETUP_SQE128. */
static inline struct nvme_uring_cmd *
prep_nvme_cmd(struct io_uring_sqe *sqe, int fd, __u32 cmd_op, __u8 opcode,
	      __u32 nsid)
{
	struct nvme_uring_cmd *cmd = (void *)sqe->cmd;

	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd_op;
	cmd->opcode = opcode;
	cmd->nsid = nsid;
	return cmd;
}

/* The bytes at buf, to or from the blocks at lba. */
static inline void set_nvme_data(struct nvme_uring_cmd *cmd, const void *buf,
				 __u32 bytes, __u64 lba)
{
	cmd->addr = (unsigned long)buf;
	cmd->data_len = bytes;
	cmd->cdw10 = lba;
	cmd->cdw11 = lba >> 32;
	cmd->cdw12 = bytes / LBA_SIZE - 1;
}

/* The same data, described by an array of iovecs: for NVME_URING_CMD_IO_VEC. */
static inline void set_nvme_iovecs(struct nvme_uring_cmd *cmd,
				   const void *iovecs, __u32 n)
{
	cmd->addr = (unsigned long)iovecs;
	cmd->data_len = n;
}

#endif
