// SPDX-License-Identifier: GPL-2.0
/*
 * Send one passthrough command whose data lies in a page that is missing. When
 * the kernel asks for the page, by userfaultfd, print "missing", and provide it
 * only on SIGUSR1. Then print "res=N" for the result, and "data=" for the page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <liburing.h>
#include <linux/userfaultfd.h>
#include "nvme_mpath_sqe.h"

#define BYTES	4096
#define PATTERN	0x6d

static unsigned char *page, *given;
static int uffd;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	page = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	given = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || given == MAP_FAILED)
		fail("mmap");
	memset(given, PATTERN, BYTES);
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		fail("userfaultfd");
	reg.range.start = (uintptr_t)page;
	reg.range.len = BYTES;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		fail("UFFDIO_REGISTER");
}

static void *give_page(void *unused)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)given, .len = BYTES,
	};
	struct uffd_msg msg;
	sigset_t set;
	int sig;

	(void)unused;
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		fail("userfaultfd");
	printf("missing\n");
	fflush(stdout);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
	if (ioctl(uffd, UFFDIO_COPY, &copy) && errno != EEXIST)
		fail("UFFDIO_COPY");
	return NULL;
}

static void prepare(struct io_uring_sqe *sqe, int fd, bool write, bool vec,
		    bool async)
{
	static struct iovec iov = { .iov_len = BYTES };
	struct nvme_uring_cmd *cmd;

	if (!sqe)
		exit(2);
	cmd = prep_nvme_cmd(sqe, fd, vec ? NVME_URING_CMD_IO_VEC :
			    NVME_URING_CMD_IO, write ? OP_WRITE : OP_READ, 1);
	sqe->flags = async ? IOSQE_ASYNC : 0;
	set_nvme_data(cmd, page, BYTES, 0);
	iov.iov_base = page;
	if (vec)
		set_nvme_iovecs(cmd, &iov, 1);
}

/* The main thread is the one that waits in the kernel for the page. */
int main(int argc, char **argv)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	bool write, vec, async;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	pthread_t thread;
	sigset_t set;
	int fd, ret;

	if (argc < 3) {
		fprintf(stderr,
			"usage: nvme_mpath_fault /dev/ngXnY read|write [vec] [async]\n");
		return 2;
	}
	write = !strcmp(argv[2], "write");
	vec = argc > 3 && !strcmp(argv[3], "vec");
	async = argc > 3 && !strcmp(argv[argc - 1], "async");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		fail(argv[1]);
	ret = io_uring_queue_init_params(1, &ring, &p);
	if (ret < 0) {
		errno = -ret;
		fail("io_uring_setup");
	}
	missing_page();
	if (pthread_create(&thread, NULL, give_page, NULL))
		fail("pthread_create");

	prepare(io_uring_get_sqe(&ring), fd, write, vec, async);
	ret = io_uring_submit(&ring);
	if (ret != 1)
		fail("io_uring_submit");
	do
		ret = io_uring_wait_cqe(&ring, &cqe);
	while (ret == -EINTR);
	pthread_join(thread, NULL);
	printf("res=%d\n", ret < 0 ? ret : cqe->res);
	/* a read finds the zeroes of an unwritten block, or earlier data */
	printf("data=%#x\n", page[BYTES - 1]);
	return 0;
}
