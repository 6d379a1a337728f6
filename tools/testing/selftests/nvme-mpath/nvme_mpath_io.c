// SPDX-License-Identifier: GPL-2.0
/*
 * Drive an NVMe char device (/dev/ngXnY) with io_uring passthrough commands
 * and account for every one of them: sent once, answered once, with the data
 * that was written. See help() for what it can be asked to do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <liburing.h>
#include <linux/nvme_ioctl.h>

#define OP_FLUSH	0x00
#define OP_WRITE	0x01
#define OP_READ		0x02
#define OP_COMPARE	0x05
#define OP_APPEND	0x7d

/* NVME_URING_CMD_F_*, which no distribution's headers have yet */
#define FAILFAST	0x4
#define FAILOVER	0x8

#define LBA_SIZE	512
#define MAX_DEPTH	4096
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NR_ERRORS	16
#define NOBODY		65534

#ifndef IORING_SETUP_HYBRID_IOPOLL
#define IORING_SETUP_HYBRID_IOPOLL	0x20000
#endif
#ifndef IORING_SETUP_SQE_MIXED
#define IORING_SETUP_CQE_MIXED		0x40000
#define IORING_SETUP_SQE_MIXED		0x80000
#define IORING_CQE_F_SKIP		0x20
#define IORING_CQE_F_32			0x8000
#endif
/* an enum constant of newer headers: the preprocessor cannot look for it */
#define OP_URING_CMD128			64

/* user_data of what is no command */
#define OF_TIMEOUT	(UINT64_MAX - 1)
#define OF_CANCEL	(UINT64_MAX - 2)
#define OF_NOP		(UINT64_MAX - 3)

enum workload { READ, WRITE, RW, FLUSH, APPEND, COUNT, FUSED, OPCODE };
enum engine { RING, IO_CMD, IO64_CMD, IO64_CMD_VEC, SUBMIT_IO };

/* How the ring is set up, how commands are put into it, and who has it. */
enum mode {
	SQPOLL	= 1 << 0,
	IOPOLL	= 1 << 1,
	DEFER	= 1 << 2,
	COOP	= 1 << 3,
	FLAG	= 1 << 4,
	ASYNC	= 1 << 5,
	LINK	= 1 << 6,
	DRAIN	= 1 << 7,
	FIXFILE	= 1 << 8,
	FIXRING	= 1 << 9,
	SMALLCQ	= 1 << 10,
	SHARED	= 1 << 11,
	HYBRID	= 1 << 12,
	MIXED	= 1 << 13,
	FSYNC	= 1 << 14,
	SPIN	= 1 << 15,
	PERSON	= 1 << 16,
};

/* The SQEs of a chain must stay as they are to its end, see submit(). */
#define CHAINED	(LINK | DRAIN | FSYNC)

static const char *const mode_names[] = {
	"sqpoll", "iopoll", "defer", "coop", "flag", "async", "link", "drain",
	"file", "ring", "smallcq", "shared",
	"hybrid", "mixed", "fsync", "spin", "person", NULL };

enum exit_code {
	EXIT_ALL_OK	= 0,
	EXIT_SOME_FAILED = 1,	/* the device or kernel answered with errors */
	EXIT_WRONG	= 3,	/* an answer too many, too few, or wrong data */
};

/* A slot has one command outstanding at most, on LBAs that no other uses. */
struct slot {
	uint64_t seq;		/* of the command outstanding, 0 if none */
	uint8_t opcode;
	uint64_t generation;	/* what the LBAs hold, 0 if not known */
	uint64_t writing;	/* what they hold if this write succeeds */
	uint64_t lba;
	unsigned char *buf;
	unsigned char *meta;
	struct iovec iov[2];
	unsigned char *decoy;	/* what the array points to when it is reused */
};

static struct options {
	const char *dev;
	uint32_t nsid;
	enum workload workload;
	enum engine engine;
	uint8_t opcode;		/* of workload OPCODE */
	uint8_t flags;
	unsigned int uid;
	bool readonly;
	unsigned int depth;
	unsigned int bytes;
	unsigned int offset;	/* of the buffers in their page */
	uint64_t first;		/* LBA */
	uint64_t commands;	/* 0: until the time is up */
	double seconds;		/* 0: as the commands need */
	double patience;
	bool vectored;
	bool fixed;		/* registered buffers */
	unsigned int mode;	/* enum mode */
	unsigned int meta;	/* bytes of separate metadata for each LBA */
	unsigned int zone;	/* LBAs, a zone for each slot */
	unsigned int timeout_ms;
	unsigned int link_ms;	/* a timeout linked to each command */
	bool same;		/* data on every write to a place */
	bool reuse;		/* the arrays of iovecs, when they are submitted */
	unsigned int warm_up;	/* failfast reads before all else */
	bool wait;		/* for SIGUSR2 before the first of them */
	uint64_t seed;
	const char *at_usr2;
} opt = {
	.depth = 16, .bytes = 4096, .patience = 30,
	.at_usr2 = "ignore",
};

static struct io_uring ring;
static int fd, file, personality;
static uint32_t nsid;
static struct slot *slots;

static struct {
	uint64_t sent, done, ok, failed, stray, mismatch;
	uint64_t timeouts, timed_out, nops;
	uint64_t res2;		/* of the last command that failed */
	int cancelled;		/* what the last cancellation returned */
	double last, gap;	/* seconds; gap between two good answers */
	struct { int res; uint64_t count; } errors[NR_ERRORS];
} stats = { .cancelled = INT_MIN };

static atomic_int want_report, want_end, want_usr2;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		want_report = 1;
	else if (sig == SIGUSR2)
		want_usr2 = 1;
	else
		want_end = 1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "nvme_mpath_io: %s: %s\n", what, strerror(err));
	exit(2);
}

static void report(void)
{
	int i;

	printf("sent=%ju done=%ju ok=%ju failed=%ju pending=%ju ",
	       stats.sent, stats.done, stats.ok, stats.failed,
	       stats.sent - stats.done);
	printf("stray=%ju mismatch=%ju gap_ms=%.0f timed_out=%ju cancel=%d ",
	       stats.stray, stats.mismatch, stats.gap * 1000, stats.timed_out,
	       stats.cancelled);
	printf("res2=%ju ", stats.res2);
	printf("errors=");
	for (i = 0; i < NR_ERRORS && stats.errors[i].count; i++)
		printf(stats.errors[i].res < 0 ? "%s%d:%ju" : "%s0x%x:%ju",
		       i ? "," : "", stats.errors[i].res,
		       stats.errors[i].count);
	printf("\n");
	fflush(stdout);
}

/* The data depend on the place and on when it was written. */
static uint64_t pattern(uint64_t lba, uint64_t generation, unsigned int word)
{
	uint64_t x = (lba + (opt.seed << 40)) * 0x9e3779b97f4a7c15ull ^
		generation << 20 ^ word;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 29;
}

/* The first LBA of a slot, which the pattern depends on. */
static uint64_t slot_lba(const struct slot *s)
{
	/* a fused pair has one place */
	return opt.first + (opt.workload == FUSED ? 0 : (uint64_t)(s - slots)) *
		(opt.zone ? opt.zone : opt.bytes / LBA_SIZE);
}

static unsigned int meta_bytes(void)
{
	return opt.bytes / LBA_SIZE * opt.meta;
}

/* Data and metadata are one sequence of words. */
static unsigned char *word_at(const struct slot *s, unsigned int i)
{
	if (i < opt.bytes / 8)
		return s->buf + i * 8;
	return s->meta + i * 8 - opt.bytes;
}

static void fill(struct slot *s, uint64_t generation)
{
	unsigned int i, n = (opt.bytes + meta_bytes()) / 8;
	uint64_t word;

	for (i = 0; i < n; i++) {
		word = pattern(slot_lba(s), generation, i);
		memcpy(word_at(s, i), &word, 8);
	}
}

static bool holds(const struct slot *s, uint64_t generation)
{
	unsigned int i, n = (opt.bytes + meta_bytes()) / 8;
	uint64_t word;

	for (i = 0; i < n; i++) {
		word = pattern(slot_lba(s), generation, i);
		if (memcmp(word_at(s, i), &word, 8))
			return false;
	}
	return true;
}

static void *pages(size_t size)
{
	size_t page = getpagesize();
	void *p;

	size = (size + page - 1) / page * page;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("mmap", errno);
	return p;
}

/* The old one, if any, may still be read from: it stays. */
static void new_buffer(struct slot *s)
{
	s->buf = (unsigned char *)pages(opt.bytes + opt.offset) + opt.offset;
	if (opt.vectored && !s->decoy)
		s->decoy = pages(opt.bytes);
}

static void set_iov(struct slot *s, unsigned char *buf)
{
	s->iov[0].iov_base = buf;
	s->iov[0].iov_len = opt.bytes / 2;
	s->iov[1].iov_base = buf + opt.bytes / 2;
	s->iov[1].iov_len = opt.bytes / 2;
}

/* The application uses the arrays for something else: other memory, valid too. */
static void reuse_iovs(void)
{
	unsigned int i;

	for (i = 0; i < opt.depth; i++) {
		memset(slots[i].decoy, 0x5a, opt.bytes);
		set_iov(&slots[i], slots[i].decoy);
	}
}

static uint8_t next_opcode(const struct slot *s)
{
	switch (opt.workload) {
	case READ:
		return OP_READ;
	case WRITE:
		return OP_WRITE;
	case FLUSH:
		return OP_FLUSH;
	case COUNT:
		return OP_APPEND;
	case FUSED:
		return stats.sent % 2 ? OP_WRITE : OP_COMPARE;
	case OPCODE:
		return opt.opcode;
	case RW:
	case APPEND:
		break;
	}
	if (s->opcode != OP_READ && s->generation)
		return OP_READ;
	return opt.workload == APPEND ? OP_APPEND : OP_WRITE;
}

static void set_data(struct slot *s, struct nvme_uring_cmd *cmd)
{
	uint64_t lba = s->opcode == OP_READ ? s->lba : slot_lba(s);

	if (opt.workload == COUNT) {
		lba = 0;
		memset(s->buf, 0, opt.bytes);
		memcpy(s->buf, &s->seq, sizeof(s->seq));
	} else if (s->opcode == OP_READ) {
		memset(s->buf, 0xa5, opt.bytes);
		if (opt.meta)
			memset(s->meta, 0xa5, meta_bytes());
	} else {
		s->writing = opt.same ? 1 : s->seq;
		fill(s, s->writing);
	}
	cmd->cdw10 = lba;
	cmd->cdw11 = lba >> 32;
	cmd->cdw12 = opt.bytes / LBA_SIZE - 1;
	cmd->addr = (uintptr_t)s->buf;
	cmd->data_len = opt.bytes;
	if (opt.vectored) {
		set_iov(s, s->buf);
		cmd->addr = (uintptr_t)s->iov;
		cmd->data_len = 2;
	}
	if (opt.meta) {
		cmd->metadata = (uintptr_t)s->meta;
		cmd->metadata_len = meta_bytes();
	}
}

/*
 * What is in the ring after the submission is nobody's business any more: make
 * sure that a kernel that looks there again finds rubbish. 6.12 does look there
 * again when a linked or drained command is issued for the first time.
 */
static void submit(void)
{
	unsigned int n;
	int ret;

	if (opt.engine != RING)
		return;
	n = io_uring_sq_ready(&ring);
	if (!n)
		return;
	ret = io_uring_submit(&ring);
	if (ret != (int)n)
		fail("io_uring_submit", ret < 0 ? -ret : EIO);
	while (opt.mode & SQPOLL && io_uring_sq_ready(&ring))
		sched_yield();
	if (opt.reuse)
		reuse_iovs();
	if (!(opt.mode & CHAINED))
		memset(ring.sq.sqes, 0xff, *ring.sq.kring_entries *
		       (opt.mode & MIXED ? 1 : 2) * sizeof(struct io_uring_sqe));
}

/* A small one; in a ring of big ones that is half of it. */
static struct io_uring_sqe *get_sqe(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe) {
		submit();
		sqe = io_uring_get_sqe(&ring);
	}
	memset(sqe, 0, (opt.mode & MIXED ? 1 : 2) * sizeof(*sqe));
	return sqe;
}

static void nop(void)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_nop(sqe);
	sqe->user_data = OF_NOP;
	stats.nops++;
}

/*
 * Before a command that is linked to it: io-wq starts both, one after the other.
 * One that is drained waits for it as well.
 */
static void linked_fsync(void)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fsync(sqe, file, 0);
	if (!(opt.mode & DRAIN))
		sqe->flags |= IOSQE_IO_LINK;
	sqe->user_data = OF_NOP;
	stats.nops++;
}

/* A big one: in a mixed ring that is two in a row, and not around its end. */
static struct io_uring_sqe *get_cmd_sqe(void)
{
	static uint8_t no_ring[2 * sizeof(struct io_uring_sqe)];
	struct io_uring_sqe *sqe;

	if (opt.engine != RING)
		return memset(no_ring, 0, sizeof(no_ring));
	if (!(opt.mode & MIXED))
		return get_sqe();
	/* some that are small, so that all alignments are seen */
	if (stats.sent % 4 == 0)
		nop();
	if (io_uring_sq_space_left(&ring) < 4)
		submit();
	if ((ring.sq.sqe_tail & *ring.sq.kring_mask) == *ring.sq.kring_mask)
		nop();
	sqe = get_sqe();
	get_sqe();
	return sqe;
}

static void link_timeout(void)
{
	static struct __kernel_timespec ts;
	struct io_uring_sqe *sqe = get_sqe();

	ts.tv_sec = opt.link_ms / 1000;
	ts.tv_nsec = opt.link_ms % 1000 * 1000000;
	io_uring_prep_link_timeout(sqe, &ts, 0);
	sqe->user_data = OF_TIMEOUT;
	stats.timeouts++;
}

/* Where an append said it went; checked when all is over. */
static struct appended { uint64_t seq, lba; } *appended;
static uint64_t nr_appended;

static void append_ok(uint64_t seq, uint64_t lba)
{
	if (!(nr_appended & (nr_appended - 1)))
		appended = realloc(appended, (nr_appended ? nr_appended * 2 : 1)
					     * sizeof(*appended));
	if (!appended)
		fail("realloc", ENOMEM);
	appended[nr_appended++] = (struct appended){ seq, lba };
}

static void count_error(int res)
{
	int i;

	stats.failed++;
	for (i = 0; i < NR_ERRORS - 1; i++)
		if (stats.errors[i].res == res || !stats.errors[i].count)
			break;
	stats.errors[i].res = res;
	stats.errors[i].count++;
}

/* The answer to something that goes with the commands: true if it was that. */
static bool complete_other(const struct io_uring_cqe *cqe)
{
	if (cqe->user_data == OF_TIMEOUT && stats.timeouts) {
		stats.timeouts--;
		stats.timed_out += cqe->res == -ETIME;
		return true;
	}
	if (cqe->user_data == OF_NOP && stats.nops) {
		/* whatever it prepares is not there */
		if (cqe->res)
			fail("before a command", cqe->res < 0 ? -cqe->res : EIO);
		stats.nops--;
		return true;
	}
	if (cqe->user_data == OF_CANCEL) {
		stats.cancelled = cqe->res;
		return true;
	}
	return false;
}

static void complete(const struct io_uring_cqe *cqe)
{
	struct slot *s = &slots[cqe->user_data % MAX_DEPTH];
	double t = now();

	if (complete_other(cqe))
		return;
	if (cqe->user_data % MAX_DEPTH >= opt.depth || !s->seq ||
	    s->seq != cqe->user_data / MAX_DEPTH) {
		stats.stray++;
		return;
	}
	s->seq = 0;
	stats.done++;

	if (cqe->res) {
		count_error(cqe->res);
		stats.res2 = cqe->big_cqe[0];
		/* a write that failed may have happened */
		if (s->opcode != OP_READ)
			s->generation = 0;
		/* or happen yet, with what is in the buffer then */
		if (opt.workload == COUNT)
			new_buffer(s);
		return;
	}
	stats.ok++;
	if (opt.mode & MIXED && !(cqe->flags & IORING_CQE_F_32))
		stats.mismatch++;
	if (t - stats.last > stats.gap)
		stats.gap = t - stats.last;
	stats.last = t;

	if (opt.workload == COUNT) {
		append_ok(cqe->user_data / MAX_DEPTH, cqe->big_cqe[0]);
	} else if (s->opcode == OP_APPEND) {
		/* res2 says where it went */
		s->lba = cqe->big_cqe[0];
		if (s->lba < slot_lba(s) || s->lba >= slot_lba(s) + opt.zone)
			stats.mismatch++;
	}
	if (s->opcode == OP_WRITE || s->opcode == OP_APPEND)
		s->generation = s->writing;
	else if (s->opcode == OP_READ && s->generation &&
		 !holds(s, s->generation))
		stats.mismatch++;
}

/* The same command as a synchronous ioctl. */
static int call(const struct nvme_uring_cmd *cmd)
{
	struct nvme_passthru_cmd64 c64 = { };
	struct nvme_passthru_cmd c32 = { };
	struct nvme_user_io io = {
		.opcode = cmd->opcode, .addr = cmd->addr, .slba = cmd->cdw10,
		.nblocks = cmd->cdw12,
	};

	/* they are alike up to the timeout */
	memcpy(&c64, cmd, offsetof(struct nvme_uring_cmd, rsvd2));
	memcpy(&c32, cmd, offsetof(struct nvme_uring_cmd, rsvd2));
	switch (opt.engine) {
	case IO_CMD:
		return ioctl(fd, NVME_IOCTL_IO_CMD, &c32);
	case IO64_CMD:
		return ioctl(fd, NVME_IOCTL_IO64_CMD, &c64);
	case IO64_CMD_VEC:
		return ioctl(fd, NVME_IOCTL_IO64_CMD_VEC, &c64);
	default:
		return ioctl(fd, NVME_IOCTL_SUBMIT_IO, &io);
	}
}

static void execute(const struct nvme_uring_cmd *cmd, uint64_t user_data)
{
	union {
		struct io_uring_cqe cqe;
		uint64_t big[4];
	} u = { };
	int ret = call(cmd);

	u.cqe.user_data = user_data;
	u.cqe.res = ret < 0 ? -errno : ret;
	complete(&u.cqe);
}

static void prepare(struct slot *s, bool last)
{
	struct nvme_uring_cmd *cmd;
	struct io_uring_sqe *sqe;

	if (opt.mode & FSYNC)
		linked_fsync();
	sqe = get_cmd_sqe();
	cmd = (void *)sqe->cmd;
	s->opcode = next_opcode(s);
	s->seq = ++stats.sent;

	sqe->opcode = opt.mode & MIXED ? OP_URING_CMD128 : IORING_OP_URING_CMD;
	sqe->fd = opt.mode & FIXFILE ? 0 : fd;
	if (opt.mode & FIXFILE)
		sqe->flags |= IOSQE_FIXED_FILE;
	if (opt.mode & ASYNC)
		sqe->flags |= IOSQE_ASYNC;
	if ((opt.mode & LINK && !last) || opt.link_ms)
		sqe->flags |= IOSQE_IO_LINK;
	if (opt.mode & DRAIN && (opt.mode & FSYNC || s->seq % 4 == 0))
		sqe->flags |= IOSQE_IO_DRAIN;
	sqe->personality = personality;
	sqe->cmd_op = opt.vectored ? NVME_URING_CMD_IO_VEC : NVME_URING_CMD_IO;
	sqe->user_data = s->seq * MAX_DEPTH + (s - slots);
	cmd->opcode = s->opcode;
	cmd->nsid = nsid;
	cmd->flags = opt.flags;
	if (opt.workload == FUSED)
		cmd->flags = s->opcode == OP_COMPARE ? 1 : 2;
	cmd->timeout_ms = opt.timeout_ms;
	if (opt.workload == OPCODE)
		cmd->cdw10 = s->seq;
	else if (s->opcode != OP_FLUSH)
		set_data(s, cmd);
	if (opt.fixed && s->opcode != OP_FLUSH) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = s - slots;
	}
	if (opt.link_ms)
		link_timeout();
	if (opt.engine != RING)
		execute(cmd, sqe->user_data);
}

/*
 * "cancel": the command in slot 0; others as IORING_ASYNC_CANCEL_* are called.
 * "cancel-sync" is for all, but without a request.
 */
static void cancel(const char *how)
{
	unsigned int flags = 0, fixed = opt.mode & FIXFILE ?
				IORING_ASYNC_CANCEL_FD_FIXED : 0;
	int target = fixed ? 0 : fd;
	struct io_uring_sqe *sqe;

	if (!strcmp(how, "-fd"))
		flags = IORING_ASYNC_CANCEL_FD | fixed;
	else if (!strcmp(how, "-all"))
		flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL | fixed;
	else if (!strcmp(how, "-any"))
		flags = IORING_ASYNC_CANCEL_ANY;
	if (!strcmp(how, "-sync")) {
		struct io_uring_sync_cancel_reg reg = {
			.fd = target,
			.flags = IORING_ASYNC_CANCEL_FD |
				 IORING_ASYNC_CANCEL_ALL | fixed,
			.timeout = { .tv_sec = -1, .tv_nsec = -1 },
		};

		stats.cancelled = io_uring_register_sync_cancel(&ring, &reg);
		return;
	}
	sqe = get_sqe();
	io_uring_prep_cancel64(sqe, slots[0].seq * MAX_DEPTH, flags);
	if (flags & IORING_ASYNC_CANCEL_FD)
		sqe->fd = target;
	if (opt.mode & ASYNC)
		sqe->flags |= IOSQE_ASYNC;
	sqe->user_data = OF_CANCEL;
	stats.cancelled = INT_MIN;
	submit();
}

/* Older kernels wait in there for the commands that use them. */
static void unregister_buffers(void)
{
	int ret;

	printf("unregister\n");
	fflush(stdout);
	do
		ret = io_uring_unregister_buffers(&ring);
	while (ret == -EINTR);
	if (ret)
		fail("io_uring_unregister_buffers", -ret);
	printf("unregistered\n");
	fflush(stdout);
}

static void at_usr2(void)
{
	want_usr2 = 0;
	if (!strncmp(opt.at_usr2, "cancel", 6))
		cancel(opt.at_usr2 + 6);
	if (!strcmp(opt.at_usr2, "exit"))
		exit(0);
	if (!strcmp(opt.at_usr2, "exec")) {
		execl("/proc/self/exe", "nvme_mpath_io", "-h", (char *)NULL);
		fail("exec", errno);
	}
	if (!strcmp(opt.at_usr2, "unregister"))
		unregister_buffers();
	if (!strcmp(opt.at_usr2, "reuse")) {
		reuse_iovs();
		printf("reused\n");
		fflush(stdout);
	}
	if (!strcmp(opt.at_usr2, "root") || !strcmp(opt.at_usr2, "setuid")) {
		if (*opt.at_usr2 == 'r' ? seteuid(0) :
					  setgid(NOBODY) || setuid(NOBODY))
			fail("setuid", errno);
		/* and only now look at a ring that runs no task work by itself */
		opt.mode &= ~SPIN;
		printf("setuid\n");
		fflush(stdout);
	}
	if (!strcmp(opt.at_usr2, "close")) {
		io_uring_queue_exit(&ring);
		close(fd);
		printf("closed\n");
		fflush(stdout);
	}
	if (!strcmp(opt.at_usr2, "close") || !strcmp(opt.at_usr2, "pause"))
		for (;;)
			pause();
}

/* Who polls for completions does not sleep in the kernel, however long. */
static int poll_cqe(double wait, struct io_uring_cqe **cqe)
{
	double end = now() + wait;
	int ret;

	do {
		ret = io_uring_get_events(&ring);
		if (ret < 0)
			return ret;
		ret = io_uring_peek_cqe(&ring, cqe);
		if (!ret || want_report || want_usr2 || want_end)
			return ret;
		sched_yield();
	} while (now() < end);
	return -ETIME;
}

/*
 * No system call, and so no task work, but on return from an interrupt. Not even
 * the time is asked for: that is a system call where the clock is slow to read.
 */
static int spin_cqe(void)
{
	unsigned int i;

	for (i = 0; i < 20000000; i++) {
		if (io_uring_cq_ready(&ring))
			return 0;
		if (want_report || want_usr2 || want_end)
			break;
	}
	return -ETIME;
}

#define CHUNK	(128 << 10)

static void read_chunk(unsigned char *buf, uint64_t lba)
{
	struct nvme_passthru_cmd64 cmd = {
		.opcode = OP_READ, .nsid = nsid, .addr = (uintptr_t)buf,
		.data_len = CHUNK, .cdw10 = lba, .cdw12 = CHUNK / LBA_SIZE - 1,
	};
	int ret = ioctl(fd, NVME_IOCTL_IO64_CMD, &cmd);

	if (ret)
		fail("reading the zone", ret < 0 ? errno : EIO);
}

/* Who wrote what the zone holds? Returns the number of positions written. */
static uint64_t read_zone(uint64_t *at, uint64_t max)
{
	unsigned char *buf = aligned_alloc(4096, CHUNK);
	uint64_t n = 0, i, seq;

	if (!buf)
		fail("aligned_alloc", ENOMEM);
	for (;;) {
		read_chunk(buf, n * opt.bytes / LBA_SIZE);
		for (i = 0; i < CHUNK; i += opt.bytes, n++) {
			memcpy(&seq, buf + i, sizeof(seq));
			/* what is not written reads as 0, or all ones */
			if (!seq || seq == UINT64_MAX)
				return n;
			if (seq > stats.sent || n == max)
				fail("reading the zone", EILSEQ);
			at[n] = seq;
		}
	}
}

/* twice: written by one command; lost: not where the answer said it would be */
static void check_appends(void)
{
	uint64_t max = 4 * stats.sent, *at = calloc(max, sizeof(*at));
	bool *seen = calloc(stats.sent + 1, sizeof(*seen));
	uint64_t n, i, twice = 0, lost = 0, where;

	if (!at || !seen)
		fail("calloc", ENOMEM);
	n = read_zone(at, max);
	for (i = 0; i < n; i++) {
		twice += seen[at[i]];
		seen[at[i]] = true;
	}
	for (i = 0; i < nr_appended; i++) {
		where = appended[i].lba * LBA_SIZE / opt.bytes;
		lost += where >= n || at[where] != appended[i].seq;
	}
	printf("positions=%ju twice=%ju lost=%ju\n", n, twice, lost);
	stats.mismatch += lost;
}

static void reap(double wait)
{
	struct __kernel_timespec ts = {
		.tv_sec = wait, .tv_nsec = (wait - (long)wait) * 1e9,
	};
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;
	int ret;

	if (opt.engine != RING)
		goto signals;
	/* long enough for more answers than the ring has room for */
	if (opt.mode & SMALLCQ)
		usleep(50000);
	if (opt.mode & SPIN)
		ret = spin_cqe();
	else if (opt.mode & (IOPOLL | HYBRID) && !(opt.mode & SQPOLL))
		ret = poll_cqe(wait, &cqe);
	else
		ret = io_uring_wait_cqe_timeout(&ring, &cqe, &ts);
	if (ret && ret != -ETIME && ret != -EINTR && ret != -EAGAIN)
		fail("io_uring_wait_cqe", -ret);
	io_uring_for_each_cqe(&ring, head, cqe) {
		n++;
		if (opt.mode & MIXED && cqe->flags & IORING_CQE_F_SKIP)
			continue;
		complete(cqe);
		/* a big one is two in a row there */
		if (opt.mode & MIXED && cqe->flags & IORING_CQE_F_32) {
			head++;
			n++;
		}
	}
	io_uring_cq_advance(&ring, n);

signals:
	if (want_report) {
		want_report = 0;
		report();
	}
	if (want_usr2)
		at_usr2();
}

/* Commands for all free slots, if there are to be more. */
static void prepare_all(void)
{
	unsigned int i;

	if (opt.mode & CHAINED && stats.done != stats.sent)
		return;
	for (i = 0; i < opt.depth; i++) {
		if (slots[i].seq)
			continue;
		if (opt.commands && stats.sent >= opt.commands)
			break;
		prepare(&slots[i], i == opt.depth - 1 ||
			(opt.commands && stats.sent + 1 == opt.commands));
	}
	submit();
}

static void run(void)
{
	double start = now(), end;

	if (!opt.seconds)
		opt.seconds = opt.commands ? 86400 : 5;
	end = start + opt.seconds;
	stats.last = start;
	while (!want_end && now() < end &&
	       (!opt.commands || stats.sent < opt.commands)) {
		prepare_all();
		reap(0.1);
	}

	end = now() + opt.patience;
	while ((stats.done < stats.sent || stats.timeouts || stats.nops) &&
	       now() < end)
		reap(0.1);
	/* whatever comes after the last answer is one too many */
	reap(0.1);
}

/* Leave behind in the requests of the ring what failfast reads leave there. */
static void warm_up(void)
{
	struct io_uring_sqe *sqe;
	struct nvme_uring_cmd *cmd;
	unsigned int i;

	for (i = 0; i < opt.warm_up; i++) {
		sqe = get_cmd_sqe();
		cmd = (void *)sqe->cmd;
		sqe->opcode = opt.mode & MIXED ? OP_URING_CMD128 :
						 IORING_OP_URING_CMD;
		sqe->fd = fd;
		sqe->cmd_op = NVME_URING_CMD_IO;
		sqe->user_data = OF_NOP;
		cmd->opcode = OP_READ;
		cmd->nsid = nsid;
		cmd->flags = FAILFAST;
		cmd->addr = (uintptr_t)slots[i % opt.depth].buf;
		cmd->data_len = opt.bytes;
		cmd->cdw12 = opt.bytes / LBA_SIZE - 1;
		stats.nops++;
	}
	/* all at once, so that each has a request of its own */
	submit();
	while (stats.nops)
		reap(0.1);
}

static void setup_ring(void)
{
	static const unsigned int flags[] = {
		IORING_SETUP_SQPOLL, IORING_SETUP_IOPOLL,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_COOP_TASKRUN, IORING_SETUP_TASKRUN_FLAG };
	unsigned int i, entries = opt.depth *
		(opt.link_ms || opt.mode & FSYNC ? 2 : 1);
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE,
		.sq_thread_idle = 100,
	};
	int ret;

	if (opt.mode & MIXED) {
		p.flags |= IORING_SETUP_SQE_MIXED | IORING_SETUP_CQE_MIXED;
		/* two for each command, and the small ones between them */
		entries = 3 * entries + 1;
	} else {
		p.flags |= IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
	}
	p.cq_entries = 2 * entries;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (opt.mode & 1 << i)
			p.flags |= flags[i];
	if (opt.mode & HYBRID)
		p.flags |= IORING_SETUP_IOPOLL | IORING_SETUP_HYBRID_IOPOLL;
	if (opt.mode & SMALLCQ) {
		entries = (opt.depth + 3) / 4;
		p.cq_entries = entries;
	}
	ret = io_uring_queue_init_params(entries, &ring, &p);
	if (ret)
		fail("io_uring_setup", -ret);
	if (opt.mode & PERSON) {
		personality = io_uring_register_personality(&ring);
		if (personality < 0)
			fail("io_uring_register_personality", -personality);
	}
	if (opt.mode & FIXFILE) {
		ret = io_uring_register_files(&ring, &fd, 1);
		if (ret)
			fail("io_uring_register_files", -ret);
	}
	if (opt.mode & FIXRING) {
		ret = io_uring_register_ring_fd(&ring);
		if (ret != 1)
			fail("io_uring_register_ring_fd", -ret);
	}
}

static void setup_slots(void)
{
	struct iovec *bufs = calloc(opt.depth, sizeof(*bufs));
	unsigned int i;
	int ret;

	slots = calloc(opt.depth, sizeof(*slots));
	if (!slots || !bufs)
		fail("calloc", ENOMEM);
	for (i = 0; i < opt.depth; i++) {
		struct slot *s = &slots[i];

		s->lba = slot_lba(s);
		new_buffer(s);
		if (opt.meta)
			s->meta = pages(meta_bytes());
		bufs[i].iov_base = s->buf;
		bufs[i].iov_len = opt.bytes;
	}
	if (opt.fixed) {
		ret = io_uring_register_buffers(&ring, bufs, opt.depth);
		if (ret)
			fail("io_uring_register_buffers", -ret);
	}
	free(bufs);
}

/* Someone else who keeps the ring open, and only looks at it. */
static void watch(void)
{
	unsigned int n, answered = 0;

	for (;;) {
		n = io_uring_cq_ready(&ring);
		if (n != answered)
			printf("answered=%u\n", n);
		fflush(stdout);
		answered = n;
		usleep(50000);
	}
}

static void setup(void)
{
	int ret;

	/* rights are looked at when the device is opened, and at each command */
	if (opt.uid && !strcmp(opt.at_usr2, "root")) {
		if (seteuid(opt.uid))
			fail("seteuid", errno);
	} else if (opt.uid && (setgid(opt.uid) || setuid(opt.uid))) {
		fail("setuid", errno);
	}
	fd = open(opt.dev, opt.readonly ? O_RDONLY : O_RDWR);
	if (fd < 0)
		fail(opt.dev, errno);
	nsid = opt.nsid;
	if (!nsid) {
		ret = ioctl(fd, NVME_IOCTL_ID);
		if (ret < 0)
			fail("NVME_IOCTL_ID", errno);
		nsid = ret;
	}
	if (opt.mode & FSYNC) {
		file = memfd_create("nvme_mpath_io", 0);
		if (file < 0)
			fail("memfd_create", errno);
	}
	setup_ring();
	setup_slots();
	warm_up();

	if (opt.mode & SHARED) {
		ret = fork();
		if (ret < 0)
			fail("fork", errno);
		if (!ret)
			watch();
		printf("shared=%d\n", ret);
	}
}

static void help(int code)
{
	fprintf(code ? stderr : stdout,
		"usage: nvme_mpath_io [option]... /dev/ngXnY\n"
" -o read|write|rw|flush|append  what to send; rw and append read back (read)\n"
" -o count    append to the first zone, and count what it holds in the end\n"
" -o fused    pairs of a compare and a write, with the flags of a fused pair\n"
" -O opcode   send this, without data, and a running number in dword 10\n"
" -F failfast|failover|both|number  the flags of each command (none)\n"
" -e ring|io|io64|vec|submit  by io_uring, or by which synchronous ioctl (ring)\n"
" -u uid      be that user; its group has the same number\n"
" -r          open the device read-only\n"
" -q depth    commands outstanding, up to %d (16)\n"
" -b bytes    per command, a multiple of 1024 (4096)\n"
" -a offset   of the buffers in their pages; odd ones are bounced (0)\n"
" -f lba      the first to use (0)\n"
" -N nsid     do not ask the device, which takes a usable path\n"
" -n count    send so many commands, however long that takes\n"
" -t seconds  send for so long, and no longer (5, no limit with -n)\n"
" -p seconds  wait so long for the answers after that (30)\n"
" -v          vectored\n"
" -R          the same, and the arrays are used for something else as soon as the\n"
"             submission has returned\n"
" -S seed     of the data that is written (0)\n"
" -W count    so many failfast reads before all else\n"
" -G          send nothing else before SIGUSR2\n"
" -B          registered buffers\n"
" -M bytes    of separate metadata for each LBA (0)\n"
" -Z lbas     in a zone, for append\n"
" -T ms       timeout_ms of each command\n"
" -L ms       a timeout linked to each command\n"
" -m mode[,mode]...  of the ring: sqpoll iopoll hybrid defer coop flag; mixed: of\n"
"             small and big SQEs and CQEs; of the SQEs: async link drain\n"
"             fsync (each linked behind one, or drained); spin: no system call while\n"
"             waiting; person: by a personality, that of now;\n"
"             registered: file ring; smallcq: one that overflows; shared:\n"
"             with a child that does nothing (none)\n"
" -d          a DEFER_TASKRUN ring\n"
" -s          write the same data to a place each time: a copy of a command that\n"
"             is executed late on a lost path does no harm then\n"
" -2 ignore|exit|close|exec|pause  what SIGUSR2 makes it do, without reaping (ignore)\n"
" -2 unregister  or to take its registered buffers back\n"
" -2 setuid|root  or to be nobody, or, after -u, root again\n"
" -2 reuse    or to use the arrays of iovecs for something else, as -R does\n"
" -2 cancel|cancel-fd|cancel-all|cancel-any|cancel-sync  or what to cancel\n"
"SIGUSR1 prints the account so far; so does the end.\n"
"exit: 0 all commands succeeded, 1 some were answered with an error,\n"
"      2 could not run, 3 an answer is missing, came twice, or data is wrong\n",
		MAX_DEPTH);
	exit(code);
}

static unsigned long number(const char *s, unsigned long min, unsigned long max)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 0);
	if (errno || !*s || *end || v < min || v > max) {
		fprintf(stderr, "nvme_mpath_io: '%s' is not in %lu..%lu\n",
			s, min, max);
		exit(2);
	}
	return v;
}

static unsigned int one_of(const char *s, const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(s, words[i]))
			return i;
	fprintf(stderr, "nvme_mpath_io: unknown word '%s'\n", s);
	help(2);
	return 0;
}

static unsigned int modes_of(char *s)
{
	unsigned int modes = 0;
	char *word;

	for (word = strtok(s, ","); word; word = strtok(NULL, ","))
		modes |= 1u << one_of(word, mode_names);
	return modes;
}

static void parse(int argc, char **argv)
{
	static const char *const workloads[] = {
		"read", "write", "rw", "flush", "append", "count", "fused",
		NULL };
	static const char *const engines[] = {
		"ring", "io", "io64", "vec", "submit", NULL };
	static const char *const flags[] = {
		"none", "failfast", "failover", "both", NULL };
	static const uint8_t flag_values[] = {
		0, FAILFAST, FAILOVER, FAILFAST | FAILOVER };
	static const char *const actions[] = {
		"ignore", "exit", "close", "exec", "pause", "unregister",
		"setuid", "root", "reuse", "cancel", "cancel-fd", "cancel-all",
		"cancel-any", "cancel-sync", NULL };
	int c;

	while ((c = getopt(argc, argv,
			   "o:O:F:e:u:rq:b:a:f:N:n:t:p:vRBM:Z:T:L:m:dsS:W:G2:h")) != -1) {
		switch (c) {
		case 'o':
			opt.workload = one_of(optarg, workloads);
			break;
		case 'O':
			opt.workload = OPCODE;
			opt.opcode = number(optarg, 0, 255);
			break;
		case 'F':
			opt.flags = *optarg >= '0' && *optarg <= '9' ?
				number(optarg, 0, 255) :
				flag_values[one_of(optarg, flags)];
			break;
		case 'e':
			opt.engine = one_of(optarg, engines);
			opt.vectored = opt.engine == IO64_CMD_VEC;
			break;
		case 'u':
			opt.uid = number(optarg, 1, UINT_MAX - 1);
			break;
		case 'r':
			opt.readonly = true;
			break;
		case 'q':
			opt.depth = number(optarg, 1, MAX_DEPTH);
			break;
		case 'b':
			opt.bytes = number(optarg, 1024, 1 << 23) & ~1023u;
			break;
		case 'a':
			opt.offset = number(optarg, 0, 4095);
			break;
		case 'f':
			opt.first = number(optarg, 0, LONG_MAX);
			break;
		case 'N':
			opt.nsid = number(optarg, 1, UINT_MAX - 1);
			break;
		case 'n':
			opt.commands = number(optarg, 1, LONG_MAX);
			break;
		case 't':
			opt.seconds = number(optarg, 1, 86400);
			break;
		case 'p':
			opt.patience = number(optarg, 0, 86400);
			break;
		case 'v':
			opt.vectored = true;
			break;
		case 'd':
			opt.mode |= DEFER;
			break;
		case 'm':
			opt.mode |= modes_of(optarg);
			break;
		case 'R':
			opt.vectored = true;
			opt.reuse = true;
			break;
		case 'S':
			opt.seed = number(optarg, 0, UINT16_MAX);
			break;
		case 'G':
			opt.wait = true;
			break;
		case 'W':
			opt.warm_up = number(optarg, 1, 65536);
			break;
		case 'B':
			opt.fixed = true;
			break;
		case 'M':
			opt.meta = number(optarg, 8, 64) & ~7u;
			break;
		case 'Z':
			opt.zone = number(optarg, 8, 1 << 20);
			break;
		case 'T':
			opt.timeout_ms = number(optarg, 1, 3600000);
			break;
		case 'L':
			opt.link_ms = number(optarg, 1, 3600000);
			break;
		case 's':
			opt.same = true;
			break;
		case '2':
			opt.at_usr2 = actions[one_of(optarg, actions)];
			break;
		case 'h':
			help(0);
			break;
		default:
			help(2);
		}
	}
	if (optind != argc - 1)
		help(2);
	opt.dev = argv[optind];
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };

	parse(argc, argv);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	setup();
	printf("ready\n");
	fflush(stdout);
	while (opt.wait && !want_usr2 && !want_end)
		usleep(1000);
	if (opt.wait)
		want_usr2 = 0;
	run();
	if (opt.workload == COUNT)
		check_appends();
	report();

	if (stats.stray || stats.mismatch || stats.done != stats.sent ||
	    stats.timeouts || stats.nops)
		return EXIT_WRONG;
	return stats.failed ? EXIT_SOME_FAILED : EXIT_ALL_OK;
}
