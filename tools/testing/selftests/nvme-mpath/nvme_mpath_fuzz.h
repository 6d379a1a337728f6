/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvme_mpath_fuzz, in pieces:
 *
 *  nvme_mpath_fuzz.c		options, rounds, the account
 *  nvme_mpath_fuzz_ring.c	a ring of a random mode: submission, answers
 *  nvme_mpath_fuzz_cmd.c	random commands, from valid ones
 *  nvme_mpath_fuzz_mem.c	memory that shows each byte written to it
 *  nvme_mpath_fuzz_ioctl.c	the same commands by ioctl, from threads
 */
#ifndef NVME_MPATH_FUZZ_H
#define NVME_MPATH_FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <liburing.h>
#include "nvme_mpath_sqe.h"
#include "nvme_mpath_util.h"

#define SLOTS		32
#define DATA_SIZE	8192
#define META_SIZE	4096
#define NR_IOVECS	8
/* blocks that valid commands use, from 0 on */
#define NR_BLOCKS	16384

struct options {
	const char *dev;
	uint64_t seed;
	unsigned int seconds, uid, nsid, patience, meta, ioctls;
	bool readonly, as_root_later, match, timeouts;
};

/* A sequence of choices; the same seed and number make the same ones. */
struct rng {
	uint64_t x;
};

/* Memory of one command, with pages that nobody may touch around each part. */
struct mem {
	unsigned char *data, *meta;
	/* the command may change these */
	bool may_data[DATA_SIZE], may_meta[META_SIZE];
	/* the device chooses the content of these */
	bool theirs[META_SIZE];
	struct iovec *iov;
};

struct cmd {
	uint64_t seq;		/* 0: the slot is free */
	uint8_t opcode;
	bool plain;		/* valid in all: it has to succeed */
	bool quiet;		/* need not be answered if it succeeds */
	bool chained;		/* the kernel may read its SQE late */
	bool unmap;		/* its memory goes away when it is submitted */
	struct nvme_uring_cmd image;
	uint32_t cmd_op;
	uint8_t sqe_flags;
	struct io_uring_sqe *sqe;
	struct mem mem;
};

/*
 * What the commands of a round may have. Not all at once: 6.12 itself starts a drained
 * command when it has seen a number of answers, and never if it has missed that
 * number, because SQEs were refused meanwhile. Chains that have a quiet command may
 * end without an answer.
 */
struct round {
	bool links, drains, quiet, iopoll, sqpoll;
	bool scribble;
};

static inline bool has_chains(const struct round *round)
{
	return round->links || round->drains;
}

struct account {
	atomic_ulong sent, answered, unanswered, ok, ioctls, ioctls_ok, plain;
	atomic_ulong lost, stray, touched, disclosed, rights, plain_failed;
};

/* nvme_mpath_fuzz.c */
extern struct options opt;
extern struct account account;
extern atomic_int want_end;
extern int fd;

void become(unsigned int uid);
void result(int res);
void complain(atomic_ulong *kind, const struct cmd *c, int res,
	      const char *format, ...);

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline void rng_start(struct rng *r, uint64_t stream, uint64_t n)
{
	r->x = opt.seed ^ stream << 56;
	r->x = rng_next(r) ^ n;
	rng_next(r);
}

static inline uint32_t below(struct rng *r, uint32_t n)
{
	return rng_next(r) % n;
}

static inline bool one_in(struct rng *r, uint32_t n)
{
	return !below(r, n);
}

/* nvme_mpath_fuzz_mem.c */
extern unsigned char *decoy, *read_only;

void setup_common_mem(void);
void setup_mem(struct mem *m);
void renew_mem(struct mem *m);
void lose_mem(struct mem *m, bool forbid);
void allow(bool *may, unsigned int size, const unsigned char *base,
	   uint64_t addr, uint64_t len);
void forbid_all(struct mem *m);
void check_mem(const struct cmd *c, int res, bool racy);
uint64_t any_address(struct rng *r, const unsigned char *base,
		     unsigned int size);

/* nvme_mpath_fuzz_cmd.c */
void make_valid(struct cmd *c, struct rng *r, bool vec);
void mutate_cmd(struct cmd *c, struct rng *r);
void limit_bounced(struct cmd *c);
void make_command(struct cmd *c, struct io_uring_sqe *sqe, struct rng *r,
		  const struct round *round, unsigned int slot);
void note_ranges(struct cmd *c, bool fixed);
void change_iovecs(struct iovec *iov, struct rng *r);
void judge(const struct cmd *c, int res, bool racy);

/* nvme_mpath_fuzz_ring.c */
void run_round(uint64_t n);

/* nvme_mpath_fuzz_ioctl.c */
void start_ioctls(void);
void end_ioctls(void);

#endif
