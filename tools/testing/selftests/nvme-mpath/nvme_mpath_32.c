// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough commands of a 32-bit program, by ioctl or by an io_uring ring. The
 * kernel's nolibc builds it without a 32-bit libc.
 *
 * Each line on stdin starts a phase: in turns, all slots are written, or are read
 * and compared with the last data written. A line on stdout has the result. The
 * exit code at the end of stdin is 0 if all commands succeeded, 1 if some failed, 3
 * if an answer was missing, came twice, or had wrong data.
 */
#include <linux/io_uring.h>
#include "nolibc.h"
#include "nvme_mpath_sqe.h"

#define BYTES		4096
#define MAX_DEPTH	32

/* of a ring with IORING_SETUP_SQE128 and IORING_SETUP_CQE32 */
#define SQE_SIZE	128
#define CQE_SIZE	32

enum way { IO, IO64, SUBMIT, RING, VEC };

static const char *const ways[] = { "io", "io64", "submit", "ring", "vec" };

struct vec {
	void *base;
	unsigned long len;
};

static unsigned int data[MAX_DEPTH][BYTES / sizeof(int)];
static struct vec vecs[MAX_DEPTH][2];
static unsigned int answered[MAX_DEPTH];

static enum way way;
static unsigned int depth, first, generation;
static int fd, ring_fd;
static struct { unsigned int ok, failed, wrong; int error; } phase, total;

static struct {
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	char *sqes, *cqes;
} ring;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static unsigned int pattern(unsigned int slot, unsigned int word)
{
	unsigned int x = (first + slot) * 0x9e3779b9u ^ generation << 24 ^ word;

	x ^= x >> 15;
	return x * 0x85ebca6bu;
}

static void fill(unsigned int slot, int op)
{
	unsigned int i;

	for (i = 0; i < BYTES / sizeof(int); i++)
		data[slot][i] = op == OP_READ ? ~0u : pattern(slot, i);
}

static void answer(unsigned int slot, int op, int res)
{
	unsigned int i;

	if (slot >= depth || answered[slot]++) {
		phase.wrong++;
		return;
	}
	if (res) {
		phase.failed++;
		phase.error = res;
		return;
	}
	phase.ok++;
	if (op == OP_WRITE)
		return;
	for (i = 0; i < BYTES / sizeof(int); i++)
		if (data[slot][i] != pattern(slot, i))
			break;
	phase.wrong += i < BYTES / sizeof(int);
}

static unsigned int slot_lba(unsigned int slot)
{
	return first + slot * (BYTES / LBA_SIZE);
}

static int call(unsigned int slot, int op)
{
	struct nvme_passthru_cmd64 c64 = {
		.opcode = op, .nsid = 1, .addr = (unsigned long)data[slot],
		.data_len = BYTES, .cdw10 = slot_lba(slot),
		.cdw12 = BYTES / LBA_SIZE - 1,
	};
	struct nvme_passthru_cmd c32 = {
		.opcode = op, .nsid = 1, .addr = (unsigned long)data[slot],
		.data_len = BYTES, .cdw10 = slot_lba(slot),
		.cdw12 = BYTES / LBA_SIZE - 1,
	};
	struct nvme_user_io io = {
		.opcode = op, .addr = (unsigned long)data[slot],
		.slba = slot_lba(slot), .nblocks = BYTES / LBA_SIZE - 1,
	};
	int ret;

	if (way == IO)
		ret = ioctl(fd, NVME_IOCTL_IO_CMD, &c32);
	else if (way == IO64)
		ret = ioctl(fd, NVME_IOCTL_IO64_CMD, &c64);
	else
		ret = ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io);
	return ret < 0 ? -errno : ret;
}

static void *map(unsigned long size, unsigned long offset)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring_fd, offset);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

static void setup_ring(void)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	};
	char *rings;

	ring_fd = syscall(__NR_io_uring_setup, MAX_DEPTH, &p);
	if (ring_fd < 0)
		fail("io_uring_setup");
	/* every kernel that knows big SQEs has both rings in one mapping */
	rings = map(p.cq_off.cqes + p.cq_entries * CQE_SIZE + p.sq_off.array +
		    p.sq_entries * sizeof(int), IORING_OFF_SQ_RING);
	ring.sqes = map(p.sq_entries * SQE_SIZE, IORING_OFF_SQES);
	ring.sq_tail = (void *)(rings + p.sq_off.tail);
	ring.sq_mask = (void *)(rings + p.sq_off.ring_mask);
	ring.sq_array = (void *)(rings + p.sq_off.array);
	ring.cq_head = (void *)(rings + p.cq_off.head);
	ring.cq_tail = (void *)(rings + p.cq_off.tail);
	ring.cq_mask = (void *)(rings + p.cq_off.ring_mask);
	ring.cqes = rings + p.cq_off.cqes;
}

static void put(unsigned int slot, int op)
{
	unsigned int tail = *ring.sq_tail, index = tail & *ring.sq_mask;
	struct io_uring_sqe *sqe = (void *)(ring.sqes + index * SQE_SIZE);
	struct nvme_uring_cmd *cmd;

	cmd = prep_nvme_cmd(sqe, fd, way == VEC ? NVME_URING_CMD_IO_VEC :
			    NVME_URING_CMD_IO, op, 1);
	sqe->user_data = slot;
	set_nvme_data(cmd, data[slot], BYTES, slot_lba(slot));
	if (way == VEC) {
		vecs[slot][0] = (struct vec){ data[slot], BYTES / 2 };
		vecs[slot][1] = (struct vec){ data[slot] + BYTES / 2 / sizeof(int),
					      BYTES / 2 };
		set_nvme_iovecs(cmd, vecs[slot], 2);
	}
	ring.sq_array[index] = index;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static unsigned int reap(int op)
{
	unsigned int tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
	unsigned int head = *ring.cq_head, n = tail - head;
	struct io_uring_cqe *cqe;

	for (; head != tail; head++) {
		cqe = (void *)(ring.cqes + (head & *ring.cq_mask) * CQE_SIZE);
		answer(cqe->user_data, op, cqe->res);
	}
	__atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
	return n;
}

static void run_ring(int op)
{
	unsigned int slot, submit = depth, n;
	int ret;

	/* an answer after the last one is one too many */
	phase.wrong += reap(op);
	for (slot = 0; slot < depth; slot++) {
		answered[slot] = 0;
		put(slot, op);
	}
	for (n = 0; n < depth; n += reap(op)) {
		ret = syscall(__NR_io_uring_enter, ring_fd, submit, 1,
			      IORING_ENTER_GETEVENTS, NULL, 0);
		if (ret < 0 && errno != EINTR)
			fail("io_uring_enter");
		if (ret > 0)
			submit -= ret;
	}
}

static void run(int op)
{
	unsigned int slot;

	memset(&phase, 0, sizeof(phase));
	generation += op == OP_WRITE;
	for (slot = 0; slot < depth; slot++) {
		answered[slot] = 0;
		fill(slot, op);
	}
	if (way >= RING)
		run_ring(op);
	for (slot = 0; way < RING && slot < depth; slot++)
		answer(slot, op, call(slot, op));
	total.failed += phase.failed;
	total.wrong += phase.wrong;
	printf("%s ok=%d failed=%d wrong=%d error=%d\n",
	       op == OP_WRITE ? "write" : "read", phase.ok, phase.failed,
	       phase.wrong, phase.error);
}

int main(int argc, char **argv)
{
	int op = OP_WRITE;
	char c;

	while (argc == 5 && way <= VEC && strcmp(argv[2], ways[way]))
		way++;
	if (argc != 5 || way > VEC) {
		printf("usage: nvme_mpath_32 device io|io64|submit|ring|vec depth lba\n");
		return 2;
	}
	depth = atoi(argv[3]);
	first = atoi(argv[4]);
	if (depth < 1 || depth > MAX_DEPTH)
		return 2;
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		fail(argv[1]);
	if (way >= RING)
		setup_ring();
	printf("ready\n");
	while (read(0, &c, 1) == 1) {
		run(op);
		op ^= OP_WRITE ^ OP_READ;
	}
	return total.wrong ? 3 : !!total.failed;
}
