// SPDX-License-Identifier: GPL-2.0
/*
 * What a passthrough command costs its submitter.
 *
 * Sends reads to an NVMe char device in batches and prints the CPU time of this
 * task per command. Under QEMU's icount a nanosecond of guest time is one
 * instruction, so the time is a number of instructions: those of the system call,
 * of the completion in task work, and of the few lines below, which are the same
 * for all kernels. What runs in an interrupt while the task sleeps is not in it;
 * what interrupts the task is. The median of all batches counts: the cheapest are
 * as rare as the dearest ones.
 *
 * Two things are kept the same, as they are not of the kernel's making. The CPU is
 * never idle: how long it would be depends on the machine below, and the tick that
 * it has missed meanwhile would be made up for in this task's time. And no two
 * pages of a command are neighbours in memory, where they could be one segment.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdbool.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include "nvme_bench.h"

#define MAX_DEPTH	256

static struct io_uring ring;
static unsigned int depth = 32, bytes = 4096, flags;
static unsigned long batches = 50;
static bool fixed;
static int fd, nsid;
static unsigned char *buffer;

static void prepare(unsigned int i)
{
	struct io_uring_sqe *sqe = next_sqe(&ring);

	prepare_read(sqe, fd, nsid, buffer + (size_t)i * bytes, bytes,
		     i * (bytes / LBA_SIZE));
	if (fixed) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = 0;
	}
}

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * Returns what it has cost. Who polls spins until the device is ready,
 * which takes the emulated one as long as it takes: sleep, and look then. What it
 * costs to sleep is not counted.
 */
static uint64_t batch(void)
{
	static const struct timespec a_while = { .tv_nsec = 5000000 };
	const bool nap = flags & IORING_SETUP_IOPOLL;
	uint64_t start = cpu_time(), asleep = 0;
	struct io_uring_cqe *cqe;
	unsigned int i, head, n = 0;
	int ret;

	for (i = 0; i < depth; i++)
		prepare(i);
	ret = nap ? io_uring_submit(&ring) :
		io_uring_submit_and_wait(&ring, depth);
	if (ret != (int)depth)
		fail("io_uring_submit", ret < 0 ? -ret : EIO);
	if (nap) {
		asleep = cpu_time();
		nanosleep(&a_while, NULL);
		asleep = cpu_time() - asleep;
	}
	while (n < depth) {
		unsigned int seen = 0;

		/* who polls may be given some of them first */
		ret = io_uring_wait_cqe_nr(&ring, &cqe, depth - n);
		if (ret)
			fail("io_uring_wait_cqe_nr", -ret);
		io_uring_for_each_cqe(&ring, head, cqe) {
			if (cqe->res)
				fail("a read", cqe->res < 0 ? -cqe->res : EIO);
			seen++;
		}
		io_uring_cq_advance(&ring, seen);
		n += seen;
	}
	return cpu_time() - start - asleep;
}

/* Runs when nobody else does, and ends with us. */
static void keep_busy(void)
{
	struct sched_param param = { 0 };
	pid_t parent = getpid();

	switch (fork()) {
	case -1:
		fail("fork", errno);
		break;
	case 0:
		if (sched_setscheduler(0, SCHED_IDLE, &param) ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL))
			_exit(2);
		while (getppid() == parent)
			;
		_exit(0);
	}
}

/*
 * The pages of one command, which all commands share, as they are only read into.
 * A command needs pages of its own for all of its data: where two are the same,
 * QEMU splits it under icount. Every other page of a file is taken, and the last
 * one first, so that none follows its neighbour.
 */
static unsigned char *map_buffer(size_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const size_t pages = (bytes + page - 1) / page;
	int mem = memfd_create("buffer", 0);
	unsigned char *start;
	size_t i, offset;

	start = mmap(NULL, size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (mem < 0 || start == MAP_FAILED ||
	    ftruncate(mem, 2 * pages * page) ||
	    mmap(NULL, 2 * pages * page, PROT_READ, MAP_SHARED | MAP_POPULATE,
		 mem, 0) == MAP_FAILED)
		fail("memory", errno);
	for (i = 0; i * page < size; i++) {
		offset = 2 * (pages - 1 - i % pages) * page;
		if (mmap(start + i * page, page, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, mem, offset) ==
		    MAP_FAILED)
			fail("mmap", errno);
	}
	return start;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "q:b:n:Bpd")) != -1) {
		switch (c) {
		case 'q':
			depth = number(optarg, MAX_DEPTH);
			break;
		case 'b':
			bytes = number(optarg, 1 << 20);
			break;
		case 'n':
			batches = number(optarg, 1ul << 40);
			break;
		case 'B':
			fixed = true;
			break;
		case 'p':
			flags |= IORING_SETUP_IOPOLL;
			break;
		case 'd':
			flags |= IORING_SETUP_SINGLE_ISSUER |
				 IORING_SETUP_DEFER_TASKRUN;
			break;
		default:
			optind = argc;
		}
	}
	if (optind == argc - 1)
		return;
	fprintf(stderr,
		"usage: nvme_cost [-q depth] [-b bytes] [-n batches] [-B] [-p] [-d] /dev/ngXnY\n"
		" -B  registered buffers\n -p  IOPOLL\n -d  DEFER_TASKRUN\n");
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t *spent;
	unsigned long i;
	int ret;

	parse(argc, argv);
	fd = open(argv[optind], O_RDONLY);
	if (fd < 0)
		fail(argv[optind], errno);
	nsid = ioctl(fd, NVME_IOCTL_ID);
	if (nsid < 0)
		fail("NVME_IOCTL_ID", errno);
	ret = io_uring_queue_init(depth, &ring, flags | IORING_SETUP_SQE128 |
				  IORING_SETUP_CQE32);
	if (ret)
		fail("io_uring_queue_init", -ret);
	buffer = map_buffer((size_t)depth * bytes);
	if (fixed) {
		struct iovec iov = { buffer, (size_t)depth * bytes };

		ret = io_uring_register_buffers(&ring, &iov, 1);
		if (ret)
			fail("io_uring_register_buffers", -ret);
	}

	spent = calloc(batches, sizeof(*spent));
	if (!spent)
		fail("memory", ENOMEM);
	keep_busy();
	for (i = 0; i < batches; i++)
		spent[i] = batch();
	qsort(spent, batches, sizeof(*spent), compare);
	printf("%.1f\n", (double)spent[batches / 2] / depth);
	return 0;
}
