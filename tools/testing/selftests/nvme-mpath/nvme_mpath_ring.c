// SPDX-License-Identifier: GPL-2.0
/* The rings of nvme_mpath_io: set-up, SQEs, submission and reaping. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

static struct io_uring rings[MAX_RINGS];
static int personalities[MAX_RINGS];
struct io_uring *ring = rings;

static struct io_uring *end_of_rings(void)
{
	return rings + opt.rings;
}

/* The slots take turns. */
void use_ring(const struct slot *s)
{
	ring = &rings[(s - slots) % opt.rings];
}

int personality(void)
{
	return personalities[ring - rings];
}

static void set_sizes(struct io_uring_params *p, unsigned int *entries)
{
	*entries = opt.depth * (opt.link_ms || opt.mode & (FSYNC | SKIP) ? 2 : 1);
	if (opt.mode & MIXED) {
		p->flags |= IORING_SETUP_SQE_MIXED | IORING_SETUP_CQE_MIXED;
		/* two for each command, and the small ones between them */
		*entries = 3 * *entries + 1;
	} else {
		p->flags |= IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
	}
	p->cq_entries = 2 * *entries;
	if (opt.mode & SMALLCQ) {
		*entries = (opt.depth + 3) / 4;
		p->cq_entries = *entries;
	}
}

static void register_all(void)
{
	int ret;

	if (opt.mode & PERSON) {
		ret = io_uring_register_personality(ring);
		if (ret < 0)
			fail("io_uring_register_personality", -ret);
		personalities[ring - rings] = ret;
	}
	if (opt.mode & FIXFILE) {
		ret = io_uring_register_files(ring, &fd, 1);
		if (ret)
			fail("io_uring_register_files", -ret);
	}
	if (opt.mode & FIXRING) {
		ret = io_uring_register_ring_fd(ring);
		if (ret != 1)
			fail("io_uring_register_ring_fd", -ret);
	}
}

static void setup_ring(void)
{
	/* in the order of enum mode */
	static const unsigned int flags[] = {
		IORING_SETUP_SQPOLL, IORING_SETUP_IOPOLL,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_COOP_TASKRUN, IORING_SETUP_TASKRUN_FLAG };
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE,
		.sq_thread_idle = 100,
	};
	unsigned int i, entries;
	int ret;

	set_sizes(&p, &entries);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (opt.mode & 1 << i)
			p.flags |= flags[i];
	if (opt.mode & HYBRID)
		p.flags |= IORING_SETUP_IOPOLL | IORING_SETUP_HYBRID_IOPOLL;
	ret = io_uring_queue_init_params(entries, ring, &p);
	if (ret)
		fail("io_uring_setup", -ret);
	register_all();
}

void setup_rings(void)
{
	for (ring = rings; ring < end_of_rings(); ring++)
		setup_ring();
	ring = rings;
}

/* With a ring of its own, that goes. */
static int clone_buffers(const struct iovec *bufs)
{
	struct io_uring from;
	struct { uint32_t fd, flags, from, to, nr, pad[3]; } clone = { };
	int ret;

	ret = io_uring_queue_init(1, &from, 0);
	if (ret)
		return ret;
	ret = io_uring_register_buffers(&from, bufs, opt.depth);
	clone.fd = from.ring_fd;
	if (!ret && syscall(__NR_io_uring_register, ring->ring_fd,
			    REGISTER_CLONE_BUFFERS, &clone, 1))
		ret = -errno;
	io_uring_queue_exit(&from);
	return ret;
}

/* The buffers of all slots, with all rings. */
void register_buffers(const struct iovec *bufs)
{
	int ret;

	for (ring = rings; ring < end_of_rings(); ring++) {
		ret = opt.cloned ? clone_buffers(bufs) :
			io_uring_register_buffers(ring, bufs, opt.depth);
		if (ret)
			fail("registering buffers", -ret);
	}
	ring = rings;
}

void close_rings(void)
{
	for (ring = rings; ring < end_of_rings(); ring++)
		io_uring_queue_exit(ring);
}

/* The size of an SQE of this ring; a mixed ring has small ones. */
static size_t sqe_size(void)
{
	return (opt.mode & MIXED ? 1 : 2) * sizeof(struct io_uring_sqe);
}

static void *submit_and_end(void *ret)
{
	*(int *)ret = io_uring_submit(ring);
	return NULL;
}

/* It has ended when this returns, so the task work of its commands finds no task. */
static int submit_by_thread(void)
{
	pthread_t thread;
	int ret;

	if (pthread_create(&thread, NULL, submit_and_end, &ret) ||
	    pthread_join(thread, NULL))
		fail("pthread_create", EAGAIN);
	return ret;
}

/* io_uring_submit() looks for answers as well, if it knows that the ring polls. */
static int submit_only(void)
{
	const unsigned int polls = ring->flags & IORING_SETUP_IOPOLL;
	int ret;

	ring->flags &= ~polls;
	ret = io_uring_submit(ring);
	ring->flags |= polls;
	return ret;
}

static int submit_somehow(void)
{
	if (opt.reap_late)
		return submit_only();
	if (opt.mode & THREAD)
		return submit_by_thread();
	if (opt.mode & FORK)
		return submit_by_child();
	return io_uring_submit(ring);
}

/*
 * Overwrites the SQEs once they are submitted: a kernel that reads one again
 * finds rubbish. Without a fix 6.12 reads the SQE of a linked command again when
 * it issues that for the first time: leave those alone, unless --reuse-sqes.
 */
static void submit_ring(void)
{
	static unsigned int nr;
	unsigned int n;
	int ret;

	n = io_uring_sq_ready(ring);
	if (!n)
		return;
	ret = submit_somehow();
	if (ret != (int)n)
		fail("io_uring_submit", ret < 0 ? -ret : EIO);
	while (opt.mode & SQPOLL && io_uring_sq_ready(ring))
		sched_yield();
	if (!(opt.mode & CHAINED) || opt.reuse_sqes)
		memset(ring->sq.sqes, 0xff,
		       *ring->sq.kring_entries * sqe_size());
	if (opt.mode & RESIZE && nr++ % 16 == 0)
		resize_ring();
}

/* What all rings have; the slot in hand stays in hand. */
void submit(void)
{
	struct io_uring *in_hand = ring;

	if (opt.engine != RING)
		return;
	for (ring = rings; ring < end_of_rings(); ring++)
		submit_ring();
	ring = in_hand;
	if (opt.reuse)
		reuse_iovecs();
}

/* A small SQE; in a ring of big ones that is half of one. */
struct io_uring_sqe *get_sqe(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe) {
		submit();
		sqe = io_uring_get_sqe(ring);
	}
	memset(sqe, 0, sqe_size());
	return sqe;
}

static void nop(void)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_nop(sqe);
	sqe->user_data = OF_NOP;
	stats.nops++;
}

/* A big SQE: in a mixed ring two in a row, and not around the ring's end. */
struct io_uring_sqe *get_cmd_sqe(void)
{
	static uint8_t no_ring[2 * sizeof(struct io_uring_sqe)];
	struct io_uring_sqe *sqe;

	if (opt.engine != RING)
		return (void *)no_ring;
	if (!(opt.mode & MIXED))
		return get_sqe();
	/* a small one now and then, so that commands have all alignments */
	if (stats.sent % 4 == 0)
		nop();
	if (io_uring_sq_space_left(ring) < 4)
		submit();
	if ((ring->sq.sqe_tail & *ring->sq.kring_mask) == *ring->sq.kring_mask)
		nop();
	sqe = get_sqe();
	get_sqe();
	return sqe;
}

/*
 * Goes before a command that is linked to it: io-wq starts both, one after the
 * other. A drained command waits for it as well.
 */
void linked_fsync(void)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_fsync(sqe, file, 0);
	if (!(opt.mode & DRAIN))
		sqe->flags |= IOSQE_IO_LINK;
	sqe->user_data = OF_NOP;
	stats.nops++;
}

void linked_timeout(void)
{
	static struct __kernel_timespec ts;
	struct io_uring_sqe *sqe = get_sqe();

	ts.tv_sec = opt.link_ms / 1000;
	ts.tv_nsec = opt.link_ms % 1000 * 1000000;
	io_uring_prep_link_timeout(sqe, &ts, 0);
	sqe->user_data = OF_TIMEOUT;
	stats.timeouts++;
}

/* The no-op succeeds if the command before it did, which says nothing then. */
void linked_answer(uint64_t user_data)
{
	struct io_uring_sqe *sqe = get_sqe();

	io_uring_prep_nop(sqe);
	sqe->user_data = user_data | OF_SKIPPED;
}

static bool interrupted(void)
{
	return want_report || want_usr2 || want_end;
}

/* Polls for completions: never sleeps in the kernel, however long that takes. */
static int poll_cqe(double wait, struct io_uring_cqe **cqe)
{
	double end = now() + wait;
	int ret;

	do {
		ret = io_uring_get_events(ring);
		if (ret < 0)
			return ret;
		ret = io_uring_peek_cqe(ring, cqe);
		if (!ret || interrupted())
			return ret;
		sched_yield();
	} while (now() < end);
	return -ETIME;
}

/*
 * Makes no system call, so that task work runs on return from an interrupt only.
 * This includes the clock: where it is slow to read it takes a system call.
 */
static int spin_cqe(void)
{
	unsigned int i;

	for (i = 0; i < 20000000; i++) {
		if (io_uring_cq_ready(ring))
			return 0;
		if (interrupted())
			break;
	}
	return -ETIME;
}

static void wait_cqe(double wait)
{
	struct __kernel_timespec ts = {
		.tv_sec = wait, .tv_nsec = (wait - (long)wait) * 1e9,
	};
	struct io_uring_cqe *cqe;
	int ret;

	/* long enough for more answers than the ring has room for */
	if (opt.mode & SMALLCQ)
		usleep(50000);
	if (opt.mode & SPIN || (opt.mode & SHARED && opt.mode & IOPOLL))
		ret = spin_cqe();
	else if (opt.mode & BATCH && stats.done < stats.sent)
		ret = io_uring_submit_and_wait(ring, stats.sent - stats.done);
	else if (opt.mode & (IOPOLL | HYBRID) && !(opt.mode & SQPOLL))
		ret = poll_cqe(wait, &cqe);
	else
		ret = io_uring_wait_cqe_timeout(ring, &cqe, &ts);
	if (ret && ret != -ETIME && ret != -EINTR && ret != -EAGAIN)
		fail("io_uring_wait_cqe", -ret);
}

static void complete_all(void)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		n++;
		if (opt.mode & MIXED && cqe->flags & IORING_CQE_F_SKIP)
			continue;
		complete(cqe);
		/* a big CQE of a mixed ring is two in a row */
		if (opt.mode & MIXED && cqe->flags & IORING_CQE_F_32) {
			head++;
			n++;
		}
	}
	io_uring_cq_advance(ring, n);
}

/* Waits for answers, and acts on signals that came meanwhile. */
void reap(double wait)
{
	for (ring = rings; opt.engine == RING && ring < end_of_rings(); ring++) {
		wait_cqe(wait / opt.rings);
		complete_all();
	}
	ring = rings;
	if (want_report) {
		want_report = 0;
		report();
	}
	if (want_usr2)
		at_usr2();
}
