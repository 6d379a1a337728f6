// SPDX-License-Identifier: GPL-2.0
/*
 * Write blocks of an NVMe namespace and read them back, with passthrough
 * commands that survive the loss of a path: an example for applications. It is
 * complete by itself, so that it can be copied. It overwrites 64 KiB of the
 * namespace.
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

#define OPCODE_WRITE	0x01
#define OPCODE_READ	0x02

#define DEPTH		16
#define BYTES		4096
#define OF_TIMEOUT	DEPTH	/* user_data of no command */

static struct io_uring ring;
static int fd;
static __u32 nsid, lba_size;
static __u64 first_lba;
static struct __kernel_timespec limit;
static unsigned char (*bufs)[BYTES];
static int results[DEPTH];

static void fail(const char *what, int err)
{
	fprintf(stderr, "%s: %s\n", what, strerror(err));
	exit(2);
}

/*
 * With failover a path error is rare: the command must not be executed twice.
 * If a command with a negative result was in flight before, it may have been
 * executed, or may still be executed.
 */
static const char *meaning(int res)
{
	switch (res) {
	case 0:
		return "success";
	case -EINVAL:
		return "the kernel has no such flag, or no failover and no usable path";
	case -EIO:
		return "no path is left, or none is usable and the command must not wait";
	case -ETIME:
		return "no path was usable for passthru_wait_secs";
	case -ECANCELED:
		return "no path was usable until the linked timeout expired";
	case -EINTR:
		return "the path was lost, or timeout_ms expired; it was not sent again";
	}
	if (res > 0 && (res & 0x700) == 0x300)
		return "a path error, and the command was not sent again";
	if (res > 0)
		return "an error of the command or the drive, on whichever path";
	return strerror(-res);
}

static struct io_uring_sqe *next_sqe(__u64 user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		fail("io_uring_get_sqe", EBUSY);
	/* twice the usual size, as the ring was made with SQE128 */
	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->user_data = user_data;
	return sqe;
}

/*
 * A command for buffer i. The timeout linked to it bounds the wait for a path.
 * It does not end a command in flight, as the controller may use the buffer.
 */
static void prepare(unsigned int i, __u8 opcode, __u8 flags)
{
	struct io_uring_sqe *sqe = next_sqe(i);
	struct nvme_uring_cmd *cmd = (void *)sqe->cmd;
	__u32 blocks = BYTES / lba_size;
	__u64 lba = first_lba + (__u64)i * blocks;

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = NVME_URING_CMD_IO;
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = i;
	sqe->flags = IOSQE_IO_LINK;
	cmd->opcode = opcode;
	cmd->flags = flags;
	cmd->nsid = nsid;
	cmd->addr = (unsigned long)bufs[i];
	cmd->data_len = BYTES;
	cmd->cdw10 = lba;
	cmd->cdw11 = lba >> 32;
	cmd->cdw12 = blocks - 1;

	sqe = next_sqe(OF_TIMEOUT);
	io_uring_prep_link_timeout(sqe, &limit, 0);
}

/* Sends n commands, and waits for their results; returns how many failed. */
static int run(const char *what, unsigned int n, __u8 opcode, __u8 flags)
{
	struct io_uring_cqe *cqe;
	unsigned int i, failed = 0;
	int ret;

	for (i = 0; i < n; i++)
		prepare(i, opcode, flags);
	ret = io_uring_submit(&ring);
	if (ret != (int)(2 * n))
		fail("io_uring_submit", ret < 0 ? -ret : EIO);
	/* each command and each timeout has one result */
	for (i = 0; i < 2 * n; i++) {
		ret = io_uring_wait_cqe(&ring, &cqe);
		if (ret < 0)
			fail("io_uring_wait_cqe", -ret);
		if (cqe->user_data != OF_TIMEOUT)
			results[cqe->user_data] = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	for (i = 0; i < n; i++) {
		failed += results[i] != 0;
		printf("%s %u: %d (0x%x): %s\n", what, i, results[i],
		       results[i], meaning(results[i]));
	}
	fflush(stdout);
	return failed;
}

/* The head knows these even if no path is usable. */
static void open_head(const char *dev)
{
	const char *name = strstr(dev, "/ng");
	char path[80];
	FILE *f;
	int ret;

	fd = open(dev, O_RDWR);
	if (fd < 0)
		fail(dev, errno);
	ret = ioctl(fd, NVME_IOCTL_ID);
	if (ret < 0)
		fail("NVME_IOCTL_ID", errno);
	nsid = ret;
	snprintf(path, sizeof(path), "/sys/block/nvme%s/queue/logical_block_size",
		 name ? name + strlen("/ng") : "");
	f = fopen(path, "r");
	if (!f || fscanf(f, "%u", &lba_size) != 1 || BYTES % lba_size)
		fail(path, f ? EINVAL : errno);
	fclose(f);
}

/* Registered buffers are pinned once, and are there for each attempt. */
static void set_up_ring(void)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32 |
			 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct iovec iov[DEPTH];
	unsigned int i;
	int ret;

	bufs = aligned_alloc(BYTES, DEPTH * BYTES);
	if (!bufs)
		fail("aligned_alloc", ENOMEM);
	memset(bufs, 0, DEPTH * BYTES);
	ret = io_uring_queue_init_params(2 * DEPTH, &ring, &p);
	if (ret < 0)
		fail("io_uring_setup", -ret);
	for (i = 0; i < DEPTH; i++)
		iov[i] = (struct iovec){ bufs[i], BYTES };
	ret = io_uring_register_buffers(&ring, iov, DEPTH);
	if (ret < 0)
		fail("io_uring_register_buffers", -ret);
}

int main(int argc, char **argv)
{
	/* To write the same data twice does no harm. */
	__u8 flags = NVME_URING_CMD_F_FAILOVER;
	unsigned int i, failed;

	if (argc != 4) {
		fprintf(stderr, "usage: %s /dev/ngXnY first-lba seconds\n", argv[0]);
		return 2;
	}
	first_lba = strtoull(argv[2], NULL, 0);
	limit.tv_sec = strtoul(argv[3], NULL, 0);
	open_head(argv[1]);
	set_up_ring();

	/* Is a path usable now? Such a command does not wait to tell. */
	run("failfast read", 1, OPCODE_READ, NVME_URING_CMD_F_FAILFAST);
	if (results[0] == -EINVAL) {
		printf("without failover: a lost path ends commands\n");
		flags = 0;
	}

	for (i = 0; i < DEPTH; i++)
		memset(bufs[i], 'a' + i, BYTES);
	failed = run("write", DEPTH, OPCODE_WRITE, flags);
	memset(bufs, 0, DEPTH * BYTES);
	failed += run("read", DEPTH, OPCODE_READ, flags);
	for (i = 0; i < DEPTH && !failed; i++)
		if (bufs[i][0] != 'a' + i ||
		    memcmp(bufs[i], bufs[i] + 1, BYTES - 1))
			fail("wrong data", EIO);
	printf("%u of %u commands failed\n", failed, 2 * DEPTH);
	return failed != 0;
}
