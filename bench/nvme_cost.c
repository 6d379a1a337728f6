// SPDX-License-Identifier: GPL-2.0
/*
 * Measure the cost of a passthrough command for its submitter.
 *
 * Sends reads to an NVMe char device in batches and prints the CPU time of this
 * task per command. Under QEMU's icount a nanosecond of guest time is one
 * instruction, so the time is a number of instructions: those of the system call,
 * of the completion in task work, and of the few lines below, which are the same
 * for all kernels. Interrupts do not count, with CONFIG_IRQ_TIME_ACCOUNTING: how many
 * of them meet the task while it runs is a matter of the machine below. The median
 * of all batches counts: the cheapest are as rare as the dearest ones.
 *
 * A polling task would count the time in which it waits for the emulated drive,
 * which the load of the machine below decides. It polls when the drive is ready,
 * see let_drive_finish(). A batch that polled in vain in spite of that is dearer
 * than the cheapest and does not count. Without enough others there is no
 * result but the word "unsteady".
 *
 * Two conditions that the kernel does not control are kept constant. The CPU is
 * never idle: idle time depends on the machine below, and this task would pay for
 * the ticks missed meanwhile. And no two pages of a command are neighbours in
 * memory, where they could be one segment.
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
#define MAX_VEC		64

static struct io_uring ring;
static unsigned int depth = 32, bytes = 4096, flags;
static unsigned long batches = 50;
static unsigned int vec;		/* iovecs in each command, or 0 */
static bool fixed;
static int fd, nsid;
static unsigned char *buffer;
static struct iovec iovecs[MAX_DEPTH][MAX_VEC];

static void prepare(unsigned int i)
{
	struct io_uring_sqe *sqe = next_sqe(&ring);

	prepare_read(sqe, fd, nsid, buffer + (size_t)i * bytes, bytes,
		     i * (bytes / LBA_SIZE));
	if (vec) {
		sqe->cmd_op = NVME_URING_CMD_IO_VEC;
		set_nvme_iovecs((void *)sqe->cmd, iovecs[i], vec);
	}
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
 * Sleep until the drive has finished what was sent before. Guest time says nothing
 * about that, but the drive takes commands in their order: it has had the time when
 * it has answered others, by interrupt, that were sent later.
 */
static void let_drive_finish(void)
{
	static const struct timespec a_while = { .tv_nsec = 5000000 };
	int i;

	for (i = 0; i < 2; i++) {
		nanosleep(&a_while, NULL);
		if (read_by_ioctl(fd, nsid, buffer, bytes, 0))
			fail("NVME_IOCTL_IO_CMD", errno);
	}
}

/* Returns the CPU time of one batch, without that of let_drive_finish(). */
static uint64_t batch(void)
{
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
		let_drive_finish();
		asleep = cpu_time() - asleep;
	}
	while (n < depth) {
		unsigned int seen = 0;

		/* a polling task may get some of them first */
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

/* Runs when no other task does, and ends with its parent. */
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
 * The pages of one command; all commands share them, as all only read. The pages of
 * one command must differ: where two are the same, QEMU splits it under icount. It
 * takes every other page of a file, the last one first, so that none follows its
 * neighbour.
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

static void make_iovecs(void)
{
	unsigned int i, j;

	for (i = 0; i < depth; i++)
		for (j = 0; j < vec; j++)
			iovecs[i][j] = (struct iovec){
				buffer + (size_t)i * bytes + j * (bytes / vec),
				bytes / vec
			};
}

/*
 * The typical one of these times, or 0 if there is none. A wait for the drive is far
 * more than a hundredth of a batch.
 */
static uint64_t typical(uint64_t *spent)
{
	unsigned long n = batches;

	qsort(spent, n, sizeof(*spent), compare);
	if (flags & IORING_SETUP_IOPOLL) {
		while (spent[n - 1] > spent[0] + spent[0] / 100)
			n--;
		if (n < 2 || n < batches / 4)
			return 0;
	}
	return spent[n / 2];
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "depth", required_argument, NULL, 'q' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'n' },
		{ "vec", required_argument, NULL, 'v' },
		{ "registered", no_argument, NULL, 'B' },
		{ "iopoll", no_argument, NULL, 'p' },
		{ "defer", no_argument, NULL, 'd' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "q:b:n:", longs, NULL)) != -1) {
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
		case 'v':
			vec = number(optarg, MAX_VEC);
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
	if (optind == argc - 1 && (!vec || bytes % (vec * LBA_SIZE) == 0))
		return;
	fprintf(stderr,
		"usage: nvme_cost [option]... /dev/ngXnY\n"
"  -q, --depth n     commands in a batch (32)\n"
"  -b, --bytes n     per command (4096)\n"
"  -n, --count n     batches (50)\n"
"      --vec n       vectored commands, with n iovecs of equal length\n"
"      --registered  registered buffers\n"
"      --iopoll      a polled ring\n"
"      --defer       a DEFER_TASKRUN ring\n");
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t *spent, cost;
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
	make_iovecs();
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
	cost = typical(spent);
	if (cost)
		printf("%.1f\n", (double)cost / depth);
	else
		printf("unsteady\n");
	return 0;
}
