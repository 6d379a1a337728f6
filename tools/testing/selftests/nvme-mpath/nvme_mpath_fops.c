// SPDX-License-Identifier: GPL-2.0
/*
 * Keep an NVMe char device open and, for each line on stdin, try every operation
 * on the open file: by then the namespace may be gone, and its driver too. Prints
 * a line each time: the names of the operations that succeeded, and the number of
 * those that were tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <liburing.h>
#include "nvme_mpath_sqe.h"

static char data[4096];
static struct io_uring ring;
static int tried;

static void result(const char *name, long ret)
{
	tried++;
	if (ret >= 0)
		printf(" %s", name);
}

static void try_ioctls(int fd)
{
	static const struct { const char *name; unsigned int cmd; } cmds[] = {
		{ "io", NVME_IOCTL_IO_CMD }, { "io64", NVME_IOCTL_IO64_CMD },
		{ "vec", NVME_IOCTL_IO64_CMD_VEC },
		{ "admin", NVME_IOCTL_ADMIN_CMD },
		{ "admin64", NVME_IOCTL_ADMIN64_CMD },
		{ "reset", NVME_IOCTL_RESET }, { "rescan", NVME_IOCTL_RESCAN },
		{ "unknown", _IO('N', 0xff) },
	};
	struct nvme_user_io io = { .opcode = OP_READ, .addr = (__u64)data };
	struct nvme_passthru_cmd64 cmd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		memset(&cmd, 0, sizeof(cmd));
		cmd.opcode = OP_READ;
		cmd.nsid = 1;
		cmd.addr = (__u64)data;
		cmd.data_len = 512;
		result(cmds[i].name, ioctl(fd, cmds[i].cmd, &cmd));
	}
	result("submit", ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io));
	result("id", ioctl(fd, NVME_IOCTL_ID));
}

static void try_uring(int fd, const char *name, __u32 op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	struct io_uring_cqe *cqe;

	if (!sqe)
		exit(2);
	set_nvme_data(prep_nvme_cmd(sqe, fd, op, OP_READ, 1), data, LBA_SIZE, 0);
	io_uring_submit(&ring);
	if (io_uring_wait_cqe(&ring, &cqe)) {
		result(name, 0);
		return;
	}
	/* a positive NVMe status counts as an answer, too */
	result(name, cqe->res);
	io_uring_cqe_seen(&ring, cqe);
}

static void try_all(int fd)
{
	void *p;

	tried = 0;
	printf("succeeded:");
	try_ioctls(fd);
	try_uring(fd, "uring-io", NVME_URING_CMD_IO);
	try_uring(fd, "uring-vec", NVME_URING_CMD_IO_VEC);
	try_uring(fd, "uring-admin", NVME_URING_CMD_ADMIN);
	result("read", read(fd, data, sizeof(data)));
	result("write", write(fd, data, sizeof(data)));
	result("fsync", fsync(fd));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	result("mmap", p == MAP_FAILED ? -1 : 0);
	printf(" tried: %d\n", tried);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[16];
	int fd, ret;

	if (argc != 2) {
		fprintf(stderr, "usage: nvme_mpath_fops /dev/ngXnY\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	ret = io_uring_queue_init(4, &ring,
				  IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
	if (ret) {
		fprintf(stderr, "io_uring_setup: %s\n", strerror(-ret));
		return 2;
	}
	printf("open\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		try_all(fd);
	return 0;
}
