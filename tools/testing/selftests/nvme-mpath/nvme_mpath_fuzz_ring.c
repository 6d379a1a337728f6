// SPDX-License-Identifier: GPL-2.0
/*
 * A round of nvme_mpath_fuzz: a ring of a random mode, random commands in it,
 * and the account of their answers.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include "nvme_mpath_fuzz.h"

#define STREAM_ROUND	1
#define STREAM_CMD	2
#define STREAM_CHANGE	3
#define BARRIER		UINT64_MAX
#define PER_ROUND	96

static struct cmd cmds[SLOTS];
static struct io_uring ring;
static struct round round_now;
static struct rng changes;
static uint64_t next_seq = 1;
static bool barrier;
static double last_answer;

static unsigned int choose_flags(struct rng *r)
{
	static const unsigned int flags[] = {
		0, IORING_SETUP_COOP_TASKRUN,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SQPOLL, IORING_SETUP_IOPOLL,
		IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL,
	};

	return flags[below(r, ARRAY_SIZE(flags))] |
		(one_in(r, 2) ? IORING_SETUP_SUBMIT_ALL : 0);
}

static void choose_round(struct rng *r, unsigned int flags)
{
	unsigned int kind = below(r, 8);

	memset(&round_now, 0, sizeof(round_now));
	round_now.iopoll = flags & IORING_SETUP_IOPOLL;
	round_now.sqpoll = flags & IORING_SETUP_SQPOLL;
	round_now.scribble = !one_in(r, 4);
	if (round_now.iopoll)
		return;
	/* a chained command may be issued later, with the rights of then */
	round_now.links = kind == 0 && !opt.as_root_later;
	round_now.drains = kind == 1 && !opt.as_root_later;
	round_now.quiet = kind == 2 || kind == 3;
}

static void set_up_ring(struct rng *r)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32 |
			 IORING_SETUP_CQSIZE | choose_flags(r),
		.cq_entries = 8 * SLOTS,
		.sq_thread_idle = 100,
	};
	struct iovec bufs[SLOTS];
	unsigned int i;
	int ret;

	choose_round(r, p.flags);
	ret = io_uring_queue_init_params(2 * SLOTS, &ring, &p);
	if (ret)
		fail("io_uring_setup", -ret);
	for (i = 0; i < SLOTS; i++) {
		if (!cmds[i].mem.data)
			setup_mem(&cmds[i].mem);
		renew_mem(&cmds[i].mem);
		bufs[i].iov_base = cmds[i].mem.data;
		bufs[i].iov_len = DATA_SIZE;
	}
	ret = io_uring_register_buffers(&ring, bufs, SLOTS);
	if (!ret)
		ret = io_uring_register_files(&ring, &fd, 1);
	if (ret)
		fail("io_uring_register", -ret);
	io_uring_register_personality(&ring);
}

static void take_answer(const struct io_uring_cqe *cqe)
{
	struct cmd *c = &cmds[cqe->user_data % SLOTS];

	last_answer = now();
	if (cqe->user_data == BARRIER && barrier) {
		barrier = false;
		return;
	}
	if (!c->seq || c->seq != cqe->user_data / SLOTS) {
		complain(&account.stray, c, cqe->res, "answer to %#llx",
			 cqe->user_data);
		return;
	}
	account.answered++;
	account.ok += !cqe->res;
	account.plain += c->plain;
	result(cqe->res);
	judge(c, cqe->res, false);
	c->seq = 0;
}

static void reap(void)
{
	struct __kernel_timespec ts = { .tv_nsec = 50000000 };
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	if (round_now.iopoll && !round_now.sqpoll) {
		io_uring_get_events(&ring);
		sched_yield();
	} else {
		io_uring_wait_cqe_timeout(&ring, &cqe, &ts);
	}
	io_uring_for_each_cqe(&ring, head, cqe) {
		take_answer(cqe);
		n++;
	}
	io_uring_cq_advance(&ring, n);
}

/* Changes all that the kernel must not read any more. */
static void scribble(const bool *fresh)
{
	struct nvme_uring_cmd *cmd;
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct cmd *c = &cmds[i];

		if (!fresh[i])
			continue;
		if (round_now.scribble) {
			/* another command for the same memory */
			cmd = (void *)c->sqe->cmd;
			cmd->opcode ^= OP_READ ^ OP_WRITE;
			cmd->cdw10 = rng_next(&changes);
			cmd->addr = (uint64_t)decoy;
			cmd->flags = NVME_URING_CMD_F_FAILOVER;
			change_iovecs(c->mem.iov, &changes);
		}
		if (c->unmap)
			lose_mem(&c->mem, one_in(&changes, 2));
	}
	if (round_now.scribble && one_in(&changes, 2))
		memset(ring.sq.sqes, rng_next(&changes),
		       *ring.sq.kring_entries * 2 * sizeof(*ring.sq.sqes));
}

/* A ring without SUBMIT_ALL stops at each SQE that it refuses. */
static void submit(const bool *fresh)
{
	int ret;

	if (opt.as_root_later)
		become(opt.uid);
	while (io_uring_sq_ready(&ring)) {
		ret = io_uring_submit(&ring);
		if (ret == -EAGAIN || ret == -EBUSY || ret == -EINTR)
			reap();
		else if (ret < 0)
			fail("io_uring_submit", -ret);
		if (round_now.sqpoll)
			sched_yield();
	}
	if (opt.as_root_later)
		become(0);
	if (fresh && !has_chains(&round_now))
		scribble(fresh);
}

static unsigned int send_some(unsigned int left)
{
	bool fresh[SLOTS] = { };
	unsigned int i, n = 0;
	struct rng r;

	for (i = 0; i < SLOTS && n < left; i++) {
		struct cmd *c = &cmds[i];
		struct io_uring_sqe *sqe;

		if (c->seq)
			continue;
		sqe = io_uring_get_sqe(&ring);
		if (!sqe)
			break;
		c->seq = next_seq++;
		rng_start(&r, STREAM_CMD, c->seq);
		make_command(c, sqe, &r, &round_now, i);
		sqe->user_data = c->seq * SLOTS + i;
		fresh[i] = true;
		n++;
	}
	account.sent += n;
	if (n)
		submit(fresh);
	return n;
}

static unsigned int unanswered(bool quiet_too)
{
	unsigned int i, n = 0;

	for (i = 0; i < SLOTS; i++)
		n += cmds[i].seq && (quiet_too || !cmds[i].quiet);
	return n;
}

/* Everything sent before it is done when it is answered. */
static void send_barrier(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	memset(sqe, 0, 2 * sizeof(*sqe));
	io_uring_prep_nop(sqe);
	sqe->flags = IOSQE_IO_DRAIN;
	sqe->user_data = BARRIER;
	barrier = true;
	submit(NULL);
}

static void wait_for_all(void)
{
	unsigned int i;

	if (round_now.quiet)
		send_barrier();
	last_answer = now();
	while ((unanswered(false) || barrier) &&
	       now() < last_answer + opt.patience)
		reap();
	/* an answer after the last one is one too many */
	reap();
	for (i = 0; i < SLOTS; i++) {
		if (!cmds[i].seq)
			continue;
		if (!cmds[i].quiet || barrier)
			complain(&account.lost, &cmds[i], 0, "no answer");
		else
			account.unanswered++;
		if (!barrier)
			judge(&cmds[i], 0, false);
		cmds[i].seq = 0;
	}
	barrier = false;
}

void run_round(uint64_t n)
{
	unsigned int left = PER_ROUND, sent;
	struct rng r;

	rng_start(&r, STREAM_ROUND, n);
	rng_start(&changes, STREAM_CHANGE, n);
	/* the same commands, whatever other rounds did */
	next_seq = n * PER_ROUND + 1;
	if (opt.as_root_later)
		become(opt.uid);
	set_up_ring(&r);
	if (opt.as_root_later)
		become(0);
	last_answer = now();
	while (left && !want_end && now() < last_answer + opt.patience) {
		sent = send_some(left);
		left -= sent;
		/* quiet ones may be done, and nobody knows */
		if (!sent && !unanswered(false))
			break;
		reap();
	}
	wait_for_all();
	io_uring_queue_exit(&ring);
}
