/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nvme_mpath_io sends passthrough commands to an NVMe char device (/dev/ngXnY)
 * and accounts for each of them: sent once, answered once, with the data that
 * was written.
 *
 *   nvme_mpath_io.c		set-up, main loop, report
 *   nvme_mpath_options.c	the command line
 *   nvme_mpath_cmd.c		one command: prepared, sent, completed
 *   nvme_mpath_ring.c		the rings: set-up, SQEs, submission, reaping
 *   nvme_mpath_child.c		a child that sends
 *   nvme_mpath_verify.c	the data: patterns, and what a zone holds
 *   nvme_mpath_history.c	the last commands and answers, for what is wrong
 *   nvme_mpath_actions.c	what SIGUSR2 triggers, and the watching child
 */
#ifndef NVME_MPATH_IO_H
#define NVME_MPATH_IO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <liburing.h>
#include "nvme_mpath_sqe.h"
#include "nvme_mpath_util.h"

#define MAX_DEPTH	4096
#define MAX_RINGS	4
#define NR_ERRORS	16

/* Enum constants of newer headers: the preprocessor cannot look for them. */
#define OP_URING_CMD128			64
#define REGISTER_CLONE_BUFFERS		30
#define REGISTER_RESIZE_RINGS		33

#ifndef IORING_SETUP_HYBRID_IOPOLL
#define IORING_SETUP_HYBRID_IOPOLL	0x20000
#endif
#ifndef IORING_SETUP_SQE_MIXED
#define IORING_SETUP_CQE_MIXED		0x40000
#define IORING_SETUP_SQE_MIXED		0x80000
#define IORING_CQE_F_SKIP		0x20
#define IORING_CQE_F_32			0x8000
#endif

/* user_data of requests that are not commands */
#define OF_TIMEOUT	(UINT64_MAX - 1)
#define OF_CANCEL	(UINT64_MAX - 2)
#define OF_NOP		(UINT64_MAX - 3)
/* with that of a command: of the no-op that answers in its place */
#define OF_SKIPPED	0x8000000000000000ull

enum workload { READ, WRITE, RW, FLUSH, APPEND, COUNT, FUSED, OPCODE };
enum engine { RING, IO_CMD, IO64_CMD, IO64_CMD_VEC, SUBMIT_IO };

/* Who sends; with the last two the other one waits for the answers. */
enum sender { AS_STARTED, AS_ROOT, AS_NOBODY };

#define NOBODY		65534

/* How the ring is set up, how it takes commands, and which process has it. */
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
	BATCH	= 1 << 17,
	HARDLINK = 1 << 18,
	SKIP	= 1 << 19,
	THREAD	= 1 << 20,
	FORK	= 1 << 21,
	RESIZE	= 1 << 22,
};

/* The SQEs of a chain may have to stay as they are: see submit_ring(). */
#define CHAINED	(LINK | HARDLINK | DRAIN | FSYNC)

/* A slot has at most one command outstanding, on LBAs that no other slot uses. */
struct slot {
	uint64_t seq;		/* of the command outstanding, 0 if none */
	bool last;		/* of its chain */
	uint8_t opcode;
	uint64_t generation;	/* of the data on the LBAs, 0 if not known */
	uint64_t writing;	/* of the data if the current write succeeds */
	uint64_t lba;
	unsigned char *buf;
	unsigned char *meta;
	struct iovec iov[2];
	unsigned char *decoy;	/* the reused iovecs point there */
};

struct options {
	const char *dev;
	uint32_t nsid;
	unsigned int workload;	/* enum workload */
	unsigned int engine;	/* enum engine */
	uint8_t opcode;		/* of workload OPCODE */
	uint8_t flags;
	unsigned int uid;
	unsigned int sender;	/* enum sender */
	bool readonly;
	unsigned int depth;
	unsigned int bytes;
	unsigned int offset;	/* of the buffers in their page */
	uint64_t first;		/* LBA */
	uint64_t commands;	/* 0: until the time is up */
	unsigned int seconds;	/* 0: as long as the commands take */
	unsigned int patience;
	bool vectored;
	bool fixed;		/* registered buffers */
	bool cloned;		/* they were registered with another ring */
	unsigned int mode;	/* enum mode */
	unsigned int meta;	/* bytes of separate metadata for each LBA */
	unsigned int zone;	/* LBAs, a zone for each slot */
	unsigned int placement;	/* directive of each write: see set_placement() */
	unsigned int timeout_ms;
	unsigned int link_ms;	/* a timeout linked to each command */
	bool same;		/* data on every write to a place */
	bool late;		/* copies of writes may be executed late */
	unsigned int rings;
	bool reuse;		/* the arrays of iovecs, after submission */
	bool reuse_sqes;	/* also those of chains */
	unsigned int warm_up;	/* failfast reads before all else */
	bool wait;		/* for SIGUSR2 before the first command */
	bool reap_late;		/* for SIGUSR2 before the first look at answers */
	unsigned int seed;
	const char *at_usr2;
	bool usr2_thread;
	bool history;
};

struct stats {
	uint64_t sent, done, ok, failed, stray, mismatch;
	uint64_t went_on;	/* commands of a chain behind a path error */
	uint64_t stale;		/* reads of what a write before the last has left */
	bool dropped;		/* pages, so that a write may have written zeroes */
	uint64_t timeouts, timed_out, nops;
	uint64_t res2;		/* of the last command that failed */
	int cancelled;		/* the result of the last cancellation */
	double last, gap;	/* seconds; gap between two good answers */
	struct { int res; uint64_t count; } errors[NR_ERRORS];
};

/* nvme_mpath_io.c */
extern struct stats stats;
extern struct slot *slots;
extern int fd, file;
extern uint32_t nsid;
extern atomic_int want_report, want_end, want_usr2;

void say(const char *word);
void report(void);

/* nvme_mpath_options.c */
extern struct options opt;

void parse(int argc, char **argv);

/* nvme_mpath_cmd.c */
void new_buffer(struct slot *s);
void drop_pages(void);
void reuse_iovecs(void);
void prepare(struct slot *s, bool last);
void warm_up(void);
bool is_path_error(int res);
void complete(const struct io_uring_cqe *cqe);

/* nvme_mpath_ring.c */
extern struct io_uring *ring;	/* of the slot in hand */

void setup_rings(void);
void use_ring(const struct slot *s);
int personality(void);
void register_buffers(const struct iovec *bufs);
void close_rings(void);
struct io_uring_sqe *get_sqe(void);
struct io_uring_sqe *get_cmd_sqe(void);
void linked_fsync(void);
void linked_timeout(void);
void linked_answer(uint64_t user_data);
void submit(void);
void reap(double wait);

/* nvme_mpath_child.c */
void *shared_pages(size_t size);
void *sender_address(void *p);
int submit_by_child(void);

/* nvme_mpath_resize.c */
void resize_ring(void);

/* nvme_mpath_verify.c */
unsigned int meta_bytes(void);
uint64_t slot_lba(const struct slot *s);
uint64_t zone_lba(void);
void fill(struct slot *s, uint64_t generation);
bool holds(const struct slot *s, uint64_t generation);
bool holds_older(const struct slot *s);
void note_append(uint64_t seq, uint64_t lba);
void check_appends(void);

/* nvme_mpath_history.c */
void note_sent(const struct slot *s);
void note_answered(const struct slot *s, uint64_t seq, int res);
void print_history(const struct slot *s, const char *why);

/* nvme_mpath_actions.c */
bool known_action(const char *name);
void print_actions(void);
void at_usr2(void);
void start_actor(void);
void fork_watcher(void);

#endif
