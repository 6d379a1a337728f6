/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this directory share: reads as passthrough commands, a
 * number of the command line, the end when nothing can be measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <liburing.h>
#include <linux/nvme_ioctl.h>

#define LBA_SIZE	512
#define OP_READ		0x02

static inline void fail(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(err));
	exit(2);
}

static inline unsigned long number(const char *s, unsigned long max)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end || !v || v > max) {
		fprintf(stderr, "%s: '%s' is not in 1..%lu\n",
			program_invocation_short_name, s, max);
		exit(2);
	}
	return v;
}

static inline struct io_uring_sqe *next_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		fail("the ring is full", EIO);
	return sqe;
}

/* Of a ring with big SQEs. */
static inline void prepare_read(struct io_uring_sqe *sqe, int fd, int nsid,
				void *buf, unsigned int bytes, uint64_t lba)
{
	struct nvme_uring_cmd *cmd = (void *)sqe->cmd;

	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = NVME_URING_CMD_IO;
	cmd->opcode = OP_READ;
	cmd->nsid = nsid;
	cmd->addr = (uintptr_t)buf;
	cmd->data_len = bytes;
	cmd->cdw10 = lba;
	cmd->cdw12 = bytes / LBA_SIZE - 1;
}
