// SPDX-License-Identifier: GPL-2.0
/*
 * One command of nvme_mpath_io: its preparation, its way to the kernel as an SQE
 * or as an ioctl, and the account of its answer.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

/* New ones, instead of those at @where. */
static void *pages_at(void *where, size_t size)
{
	size_t page = getpagesize();
	void *p;

	size = (size + page - 1) / page * page;
	if (opt.mode & FORK)
		return shared_pages(size);
	p = mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);
	if (p == MAP_FAILED)
		fail("mmap", errno);
	return p;
}

static void *pages(size_t size)
{
	return pages_at(NULL, size);
}

/* Keeps an older buffer: the kernel may still read it. */
void new_buffer(struct slot *s)
{
	s->buf = (unsigned char *)pages(opt.bytes + opt.offset) + opt.offset;
	if (opt.vectored && !s->decoy)
		s->decoy = pages(opt.bytes);
	if (opt.meta && !s->meta)
		s->meta = pages(meta_bytes());
}

/*
 * Unmaps all buffers; new pages are in their places. A command in flight keeps the
 * old ones, and a retry finds the new ones, so nobody knows its data.
 */
void drop_pages(void)
{
	struct slot *s;

	for (s = slots; s < slots + opt.depth; s++) {
		pages_at(s->buf - opt.offset, opt.bytes + opt.offset);
		s->generation = 0;
		s->writing = 0;
	}
	stats.dropped = true;
}

/* Of odd slots the array has one entry, of the others two. */
static unsigned int nr_iovecs(const struct slot *s)
{
	return (s - slots) & 1 ? 1 : 2;
}

static void set_iovecs(struct slot *s, unsigned char *buf)
{
	unsigned int i, each = opt.bytes / nr_iovecs(s);

	for (i = 0; i < nr_iovecs(s); i++) {
		s->iov[i].iov_base = buf + i * each;
		s->iov[i].iov_len = each;
	}
}

/* Points the iovecs to other memory, which is valid, too. */
void reuse_iovecs(void)
{
	unsigned int i;

	for (i = 0; i < opt.depth; i++) {
		memset(slots[i].decoy, 0x5a, opt.bytes);
		set_iovecs(&slots[i], slots[i].decoy);
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
	}
	/* RW and APPEND read back */
	if (s->opcode != OP_READ && s->generation)
		return OP_READ;
	return opt.workload == APPEND ? OP_APPEND : OP_WRITE;
}

/* FDP: the type of the directive, and its value, the placement handle. */
static void set_placement(const struct slot *s, struct nvme_uring_cmd *cmd)
{
	cmd->cdw12 |= DIRECTIVE_PLACEMENT << 20;
	cmd->cdw13 = (opt.placement + (s - slots)) << 16;
}

static void set_data(struct slot *s, struct nvme_uring_cmd *cmd)
{
	uint64_t lba = s->opcode == OP_READ ? s->lba : slot_lba(s);

	if (opt.workload == COUNT) {
		lba = zone_lba();
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
	set_nvme_data(cmd, sender_address(s->buf), opt.bytes, lba);
	if (opt.placement && s->opcode == OP_WRITE)
		set_placement(s, cmd);
	if (opt.vectored) {
		set_iovecs(s, sender_address(s->buf));
		set_nvme_iovecs(cmd, s->iov, nr_iovecs(s));
	}
	if (opt.meta) {
		cmd->metadata = (uintptr_t)sender_address(s->meta);
		cmd->metadata_len = meta_bytes();
	}
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

	/* the three structures agree up to the timeout */
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

static void set_sqe_flags(struct io_uring_sqe *sqe, uint64_t seq, bool last)
{
	if (opt.mode & MIXED)
		sqe->opcode = OP_URING_CMD128;
	if (opt.mode & FIXFILE)
		sqe->flags |= IOSQE_FIXED_FILE;
	if (opt.mode & ASYNC)
		sqe->flags |= IOSQE_ASYNC;
	if ((opt.mode & LINK && !last) || opt.link_ms || opt.mode & SKIP)
		sqe->flags |= IOSQE_IO_LINK;
	if (opt.mode & HARDLINK && !last)
		sqe->flags |= IOSQE_IO_HARDLINK;
	if (opt.mode & SKIP)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	if (opt.mode & DRAIN && (opt.mode & FSYNC || seq % 4 == 0))
		sqe->flags |= IOSQE_IO_DRAIN;
	sqe->personality = personality();
}

/* Puts a command for the slot into the ring, or executes the ioctl. */
void prepare(struct slot *s, bool last)
{
	struct nvme_uring_cmd *cmd;
	struct io_uring_sqe *sqe;

	use_ring(s);
	if (opt.mode & FSYNC)
		linked_fsync();
	sqe = get_cmd_sqe();
	s->opcode = next_opcode(s);
	s->seq = ++stats.sent;
	s->last = last;
	note_sent(s);

	cmd = prep_nvme_cmd(sqe, opt.mode & FIXFILE ? 0 : fd, opt.vectored ?
			    NVME_URING_CMD_IO_VEC : NVME_URING_CMD_IO,
			    s->opcode, nsid);
	set_sqe_flags(sqe, s->seq, last);
	sqe->user_data = s->seq * MAX_DEPTH + (s - slots);
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
		linked_timeout();
	if (opt.mode & SKIP)
		linked_answer(sqe->user_data);
	if (opt.engine != RING)
		execute(cmd, sqe->user_data);
}

/* Leaves the marks of failfast reads in the requests of the ring. */
void warm_up(void)
{
	struct nvme_uring_cmd *cmd;
	struct io_uring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < opt.warm_up; i++) {
		sqe = get_cmd_sqe();
		cmd = prep_nvme_cmd(sqe, fd, NVME_URING_CMD_IO, OP_READ, nsid);
		if (opt.mode & MIXED)
			sqe->opcode = OP_URING_CMD128;
		sqe->user_data = OF_NOP;
		cmd->flags = NVME_URING_CMD_F_FAILFAST;
		set_nvme_data(cmd, slots[i % opt.depth].buf, opt.bytes, 0);
		stats.nops++;
	}
	/* all at once, so that each has a request of its own */
	submit();
	while (stats.nops)
		reap(0.1);
}

/* True if the CQE answers a timeout, a no-op or a cancellation. */
static bool complete_other(const struct io_uring_cqe *cqe)
{
	if (cqe->user_data == OF_TIMEOUT && stats.timeouts) {
		stats.timeouts--;
		stats.timed_out += cqe->res == -ETIME;
		return true;
	}
	if (cqe->user_data == OF_NOP && stats.nops) {
		/* the command was not linked or drained as the test wants */
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

static void note_failure(struct slot *s, const struct io_uring_cqe *cqe)
{
	int i;

	stats.failed++;
	for (i = 0; i < NR_ERRORS - 1; i++)
		if (stats.errors[i].res == cqe->res || !stats.errors[i].count)
			break;
	if (!stats.errors[i].count)
		print_history(s, "another error");
	stats.errors[i].res = cqe->res;
	stats.errors[i].count++;
	stats.res2 = cqe->big_cqe[0];
	/* a write that failed may have been executed */
	if (s->opcode != OP_READ)
		s->generation = 0;
	/* or may be executed later, with the then content of the buffer */
	if (opt.workload == COUNT)
		new_buffer(s);
}

static void mismatch(const struct slot *s, const char *what)
{
	if (!stats.mismatch++)
		print_history(s, what);
}

static void check_data(const struct slot *s)
{
	if (holds(s, s->generation))
		return;
	if (!opt.late || !holds_older(s))
		mismatch(s, "wrong data");
	else if (!stats.stale++)
		print_history(s, "old data");
}

static void note_success(struct slot *s, const struct io_uring_cqe *cqe)
{
	double t = now();

	stats.ok++;
	if (opt.mode & MIXED && !(cqe->flags & IORING_CQE_F_32))
		mismatch(s, "a small CQE");
	if (t - stats.last > stats.gap)
		stats.gap = t - stats.last;
	stats.last = t;

	if (opt.workload == COUNT) {
		note_append(cqe->user_data / MAX_DEPTH, cqe->big_cqe[0]);
	} else if (s->opcode == OP_APPEND) {
		/* res2 is the place that was written */
		s->lba = cqe->big_cqe[0];
		if (s->lba < slot_lba(s) || s->lba >= slot_lba(s) + opt.zone)
			mismatch(s, "appended elsewhere");
	}
	if (s->opcode == OP_WRITE || s->opcode == OP_APPEND)
		s->generation = s->writing;
	else if (s->opcode == OP_READ && s->generation)
		check_data(s);
}

/* As the driver judges it: see nvme_mpath_pt_is_path_error(). */
bool is_path_error(int res)
{
	return res > 0 && !(res & 0x4000) &&
		((res & 0x700) == 0x300 || (res & 0x7ff) == 0x8);
}

/* A chain must not go on behind a command that its path has lost. */
static void check_chain(const struct slot *s, uint64_t seq, int res)
{
	static uint64_t cancelled;

	if (!(opt.mode & LINK))
		return;
	if (seq == cancelled && res != -ECANCELED && !stats.went_on++)
		print_history(s, "behind a path error, and not cancelled");
	if (is_path_error(res) && !s->last)
		cancelled = seq + 1;
}

/* The slot of a command that has not been answered before, or NULL. */
static struct slot *take_slot(uint64_t user_data, int res)
{
	struct slot *s = &slots[user_data % MAX_DEPTH % opt.depth];

	note_answered(s, user_data / MAX_DEPTH, res);
	if (user_data % MAX_DEPTH >= opt.depth || !s->seq ||
	    s->seq != user_data / MAX_DEPTH) {
		if (!stats.stray++)
			print_history(s, "answered before, or never sent");
		return NULL;
	}
	check_chain(s, s->seq, res);
	s->seq = 0;
	stats.done++;
	return s;
}

/*
 * The no-op behind a command that says nothing when io_uring takes it for a success,
 * which an NVMe status is, but for most path errors: so its data is not known.
 */
static void complete_skipped(const struct io_uring_cqe *cqe)
{
	struct slot *s;

	/* the command has answered by itself */
	if (cqe->res == -ECANCELED)
		return;
	s = take_slot(cqe->user_data & ~OF_SKIPPED, cqe->res);
	if (!s)
		return;
	s->generation = 0;
	stats.ok++;
	stats.last = now();
}

void complete(const struct io_uring_cqe *cqe)
{
	struct slot *s;

	if (complete_other(cqe))
		return;
	if (opt.mode & SKIP && cqe->user_data & OF_SKIPPED) {
		complete_skipped(cqe);
		return;
	}
	s = take_slot(cqe->user_data, cqe->res);
	if (!s)
		return;
	if (cqe->res)
		note_failure(s, cqe);
	else
		note_success(s, cqe);
}
