// SPDX-License-Identifier: GPL-2.0
/*
 * Ask a kernel which flags of struct nvme_uring_cmd it knows: an example for
 * applications that use the flags and have to run on older kernels, too. It is
 * complete by itself, so that it can be copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <liburing.h>
#include <linux/nvme_ioctl.h>

#ifndef NVME_URING_CMD_F_FAILFAST
#define NVME_URING_CMD_F_FAILFAST	0x4
#define NVME_URING_CMD_F_FAILOVER	0x8
#endif

#define NVME_OPCODE_FLUSH	0x00

/* The result of a flush with these flags: 0, an NVMe status, or -errno. */
static int flush(struct io_uring *ring, int fd, __u32 nsid, __u8 flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct nvme_uring_cmd *cmd;
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -EBUSY;
	cmd = (void *)sqe->cmd;
	/* twice the usual size, as the ring was made with SQE128 */
	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = NVME_URING_CMD_IO;
	cmd->opcode = NVME_OPCODE_FLUSH;
	cmd->nsid = nsid;
	cmd->flags = flags;

	ret = io_uring_submit(ring);
	if (ret < 0)
		return ret;
	ret = io_uring_wait_cqe(ring, &cqe);
	if (ret < 0)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/*
 * A kernel that does not know a flag answers -EINVAL. Older kernels also answer
 * -EINVAL when no path is usable, whatever the flags. In that case, and when the
 * node or the kernel takes no passthrough commands at all, the result is negative:
 * unknown. Any other result, even an error, means that the kernel took the flag.
 */
static int knows(struct io_uring *ring, int fd, __u32 nsid, __u8 flags)
{
	int res = flush(ring, fd, nsid, flags);

	if (res == -EOPNOTSUPP || res == -ENOTTY)
		return res;
	if (res != -EINVAL)
		return 1;
	res = flush(ring, fd, nsid, 0);
	return res < 0 ? res : 0;
}

static int ask(struct io_uring *ring, int fd, const char *name, __u8 flags)
{
	int ret, nsid = ioctl(fd, NVME_IOCTL_ID);

	ret = nsid < 0 ? -errno : knows(ring, fd, nsid, flags);
	if (ret < 0)
		printf("%s: cannot tell: %s\n", name, strerror(-ret));
	else
		printf("%s: %s\n", name, ret ? "yes" : "no");
	return ret < 0;
}

int main(int argc, char **argv)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	struct io_uring ring;
	int fd, i, ret;

	if (argc < 2) {
		fprintf(stderr, "usage: %s /dev/ngXnY [flags]...\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	ret = io_uring_queue_init_params(1, &ring, &p);
	if (ret < 0) {
		fprintf(stderr, "io_uring_setup: %s\n", strerror(-ret));
		return 2;
	}

	/* FAILFAST first: that one never waits for a path */
	ret = ask(&ring, fd, "FAILFAST", NVME_URING_CMD_F_FAILFAST);
	ret |= ask(&ring, fd, "FAILOVER", NVME_URING_CMD_F_FAILOVER);
	for (i = 2; i < argc; i++)
		ret |= ask(&ring, fd, argv[i], strtoul(argv[i], NULL, 0));
	return ret;
}
