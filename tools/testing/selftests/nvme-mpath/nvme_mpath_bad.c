// SPDX-License-Identifier: GPL-2.0
/*
 * Send commands that a driver has to reject, and see that it leaves the memory of
 * the application alone. Prints a line for each: its result, and how many bytes or
 * pages of memory were changed that the device did not write.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <liburing.h>
#include "nvme_mpath_sqe.h"

#define META_SIZE	0x100000
#define HUGE_SIZE	0x7ffff000UL
#define PATTERN		0xa5

static struct io_uring ring;
static int fd, nsid;

static struct nvme_uring_cmd *new_read(unsigned int op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		exit(2);
	return prep_nvme_cmd(sqe, fd, op, OP_READ, nsid);
}

static int result(void)
{
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_submit(&ring) != 1 || io_uring_wait_cqe(&ring, &cqe))
		exit(2);
	res = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return res;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	return p;
}

/* A vectored command whose array has no address. */
static void no_array(void)
{
	struct nvme_uring_cmd *cmd = new_read(NVME_URING_CMD_IO_VEC);

	cmd->data_len = 1;
	/* some kernels send it without data: then the device rejects it */
	cmd->cdw10 = -1;
	cmd->cdw11 = -1;
	printf("no-array res=%d changed=0\n", result());
}

/* A vectored command of one entry, which has no address, or no length. */
static void no_entry(const char *what, void *base, size_t length)
{
	struct nvme_uring_cmd *cmd = new_read(NVME_URING_CMD_IO_VEC);
	struct iovec iov = { .iov_base = base, .iov_len = length };

	set_nvme_iovecs(cmd, &iov, 1);
	/* sent without data, it would get a status of the device */
	cmd->cdw10 = -1;
	cmd->cdw11 = -1;
	printf("%s res=%d changed=0\n", what, result());
}

/* Metadata for a namespace that has none. */
static void no_metadata(void)
{
	struct nvme_uring_cmd *cmd = new_read(NVME_URING_CMD_IO);
	unsigned char *meta = map(META_SIZE);
	int changed = 0, res;
	size_t i;

	memset(meta, PATTERN, META_SIZE);
	set_nvme_data(cmd, map(LBA_SIZE), LBA_SIZE, 0);
	cmd->metadata = (__u64)meta;
	cmd->metadata_len = META_SIZE;
	res = result();
	for (i = 0; i < META_SIZE; i++)
		changed += meta[i] != PATTERN;
	printf("no-metadata res=%d changed=%d\n", res, changed);
}

/* More data than a command can have, in memory that was never touched. */
static void too_large(void)
{
	static unsigned char in_core[HUGE_SIZE / 4096 + 1];
	struct nvme_uring_cmd *cmd = new_read(NVME_URING_CMD_IO);
	void *data = map(HUGE_SIZE);
	int pages = 0, res;
	size_t i;

	cmd->addr = (__u64)data;
	cmd->data_len = HUGE_SIZE;
	res = result();
	if (mincore(data, HUGE_SIZE, in_core))
		exit(2);
	for (i = 0; i < sizeof(in_core); i++)
		pages += in_core[i] & 1;
	/* the limit of a command is far below this */
	printf("too-large res=%d changed=%d\n", res, pages > 32768 ? pages : 0);
}

static int changed(const unsigned char *p, unsigned char was)
{
	int i, n = 0;

	for (i = 0; i < 4096; i++)
		n += p[i] != was;
	return n;
}

/*
 * Metadata in memory that may only be read, and in memory that was never touched:
 * that is one page of zeroes for all processes. A namespace without metadata refuses
 * these.
 */
static void one_metadata(const char *what, int opcode, unsigned char *meta,
			 const unsigned char *seen, unsigned char was)
{
	struct nvme_uring_cmd *cmd = new_read(NVME_URING_CMD_IO);
	int res;

	cmd->opcode = opcode;
	set_nvme_data(cmd, map(LBA_SIZE), LBA_SIZE, 0);
	cmd->metadata = (__u64)meta;
	cmd->metadata_len = 8;
	res = result();
	printf("%s res=%d changed=%d\n", what, res, changed(seen, was));
}

static void protected_metadata(void)
{
	unsigned char *meta = map(4096);

	memset(meta, PATTERN, 4096);
	if (mprotect(meta, 4096, PROT_READ))
		exit(2);
	one_metadata("write-read-only", OP_WRITE, meta, meta, PATTERN);
	one_metadata("read-read-only", OP_READ, meta, meta, PATTERN);
	one_metadata("read-read-only-bounced", OP_READ, meta + 1, meta,
		     PATTERN);
	one_metadata("read-untouched", OP_READ, map(4096), map(4096), 0);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: nvme_mpath_bad /dev/ngXnY\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	nsid = ioctl(fd, NVME_IOCTL_ID);
	if (nsid < 0 || io_uring_queue_init(4, &ring, IORING_SETUP_SQE128 |
					    IORING_SETUP_CQE32)) {
		perror("ring or namespace");
		return 2;
	}
	setlinebuf(stdout);
	no_array();
	no_entry("no-base", NULL, LBA_SIZE);
	no_entry("no-length", map(LBA_SIZE), 0);
	no_metadata();
	too_large();
	protected_metadata();
	return 0;
}
