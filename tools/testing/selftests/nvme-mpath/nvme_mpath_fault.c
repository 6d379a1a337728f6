// SPDX-License-Identifier: GPL-2.0
/*
 * Send one passthrough command whose data lies in a page that is missing. When
 * the kernel asks for the page, by userfaultfd, print "missing", and in which
 * thread. Provide it only on SIGUSR1. Then print "res=N" for the result, and
 * "data=" for the page. With "vec" it is the second entry of an array, with "one" as
 * well the only one. With "ioctl" it is sent by ioctl(). With "retry" the page is
 * there when the command is sent, and taken away by an earlier SIGUSR1: a retry will
 * miss it. So will the answer of a read that is "bounced", as its data is not aligned.
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
static bool write_data, vec, one, async, by_ioctl, retry, bounced;
static int uffd;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void missing_page(void)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_THREAD_ID,
	};
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

static void provide(void)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)given, .len = BYTES,
	};

	if (ioctl(uffd, UFFDIO_COPY, &copy) && errno != EEXIST)
		fail("UFFDIO_COPY");
}

/* The tests wait for such words. */
static void say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

static void wait_for_usr1(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &sig);
}

static void *give_page(void *unused)
{
	struct uffd_msg msg;

	(void)unused;
	if (retry) {
		wait_for_usr1();
		if (madvise(page, BYTES, MADV_DONTNEED))
			fail("madvise");
		say("taken");
	}
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		fail("userfaultfd");
	say(msg.arg.pagefault.feat.ptid == (unsigned int)getpid() ?
	    "missing: submitter" : "missing: another thread");
	wait_for_usr1();
	provide();
	return NULL;
}

/* get_iovecs: sets how many there are */
static struct iovec *get_iovecs(unsigned int *nr)
{
	static unsigned char there[BYTES / 2];
	static struct iovec iov[] = {
		{ .iov_base = there, .iov_len = sizeof(there) },
		{ .iov_len = BYTES - sizeof(there) },
	};

	iov[1].iov_base = page;
	*nr = 2;
	if (!one)
		return iov;
	iov[1].iov_len = BYTES;
	*nr = 1;
	return &iov[1];
}

static void *data(void)
{
	return page + bounced;
}

static unsigned int bytes(void)
{
	return bounced ? BYTES / 2 : BYTES;
}

static void prepare(struct io_uring_sqe *sqe, int fd)
{
	struct nvme_uring_cmd *cmd;
	struct iovec *iov;
	unsigned int nr;

	if (!sqe)
		exit(2);
	cmd = prep_nvme_cmd(sqe, fd, vec ? NVME_URING_CMD_IO_VEC :
			    NVME_URING_CMD_IO, write_data ? OP_WRITE : OP_READ, 1);
	sqe->flags = async ? IOSQE_ASYNC : 0;
	set_nvme_data(cmd, data(), bytes(), 0);
	if (vec) {
		iov = get_iovecs(&nr);
		set_nvme_iovecs(cmd, iov, nr);
	}
}

static int send_by_ioctl(int fd)
{
	struct nvme_passthru_cmd64 cmd = {
		.opcode = write_data ? OP_WRITE : OP_READ, .nsid = 1,
		.addr = (uintptr_t)data(), .data_len = bytes(),
	};
	int ret;

	if (vec)
		cmd.addr = (uintptr_t)get_iovecs(&cmd.vec_cnt);
	cmd.cdw12 = bytes() / LBA_SIZE - 1;
	/* a controller's node knows this one only, which takes the members above */
	ret = ioctl(fd, vec ? NVME_IOCTL_IO64_CMD_VEC : NVME_IOCTL_IO_CMD, &cmd);
	return ret < 0 ? -errno : ret;
}

static int send_by_ring(struct io_uring *ring, int fd)
{
	struct io_uring_cqe *cqe;
	int ret;

	prepare(io_uring_get_sqe(ring), fd);
	ret = io_uring_submit(ring);
	if (ret != 1)
		fail("io_uring_submit");
	do
		ret = io_uring_wait_cqe(ring, &cqe);
	while (ret == -EINTR);
	return ret ?: cqe->res;
}

static void parse(int argc, char **argv)
{
	int i;

	if (argc < 3) {
		fprintf(stderr,
			"usage: nvme_mpath_fault /dev/ngXnY read|write [vec] [one] [async] [ioctl] [retry] [bounced]\n");
		exit(2);
	}
	write_data = !strcmp(argv[2], "write");
	for (i = 3; i < argc; i++) {
		vec |= !strcmp(argv[i], "vec");
		one |= !strcmp(argv[i], "one");
		async |= !strcmp(argv[i], "async");
		by_ioctl |= !strcmp(argv[i], "ioctl");
		retry |= !strcmp(argv[i], "retry");
		bounced |= !strcmp(argv[i], "bounced");
	}
}

/* The main thread is the one that waits in the kernel for the page. */
int main(int argc, char **argv)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	struct io_uring ring;
	pthread_t thread;
	sigset_t set;
	int fd, ret;

	parse(argc, argv);
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
	/* a first attempt that is executed late writes the same data */
	if (retry)
		provide();
	if (pthread_create(&thread, NULL, give_page, NULL))
		fail("pthread_create");

	ret = by_ioctl ? send_by_ioctl(fd) : send_by_ring(&ring, fd);
	printf("res=%d\n", ret);
	/* a read finds the zeroes of an unwritten block, or earlier data */
	if (!ret)
		printf("data=%#x\n", page[BYTES - 1]);
	return 0;
}
