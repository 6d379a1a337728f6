/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the programs of this directory: reads as passthrough commands,
 * or by ioctl, and numbers of the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <liburing.h>
#include "../tools/testing/selftests/nvme-mpath/nvme_mpath_sqe.h"
#include "../tools/testing/selftests/nvme-mpath/nvme_mpath_util.h"

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

static inline void prepare_cmd(struct io_uring_sqe *sqe, int fd, int nsid,
			       int opcode, void *buf, unsigned int bytes,
			       uint64_t lba)
{
	set_nvme_data(prep_nvme_cmd(sqe, fd, NVME_URING_CMD_IO, opcode, nsid),
		      buf, bytes, lba);
}

static inline void prepare_read(struct io_uring_sqe *sqe, int fd, int nsid,
				void *buf, unsigned int bytes, uint64_t lba)
{
	prepare_cmd(sqe, fd, nsid, OP_READ, buf, bytes, lba);
}

/* Returns 0, an NVMe status, or -1 with errno. */
static inline int read_by_ioctl(int fd, int nsid, void *buf, unsigned int bytes,
				uint64_t lba)
{
	struct nvme_passthru_cmd cmd = {
		.opcode = OP_READ,
		.nsid = nsid,
		.addr = (unsigned long)buf,
		.data_len = bytes,
		.cdw10 = lba,
		.cdw11 = lba >> 32,
		.cdw12 = bytes / LBA_SIZE - 1,
	};

	return ioctl(fd, NVME_IOCTL_IO_CMD, &cmd);
}
