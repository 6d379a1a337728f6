/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring commands: the interface between ioctl.c, which sends a command down
 * a path, and mpath_passthru*.c, which choose the path.
 */
#ifndef _NVME_URING_CMD_H
#define _NVME_URING_CMD_H

#include <linux/io_uring/cmd.h>
#include <linux/nvme_ioctl.h>
#include <linux/poison.h>
#include "nvme.h"

/* mpath_passthru.c says which state a command has in which part of its life. */
enum nvme_mpath_pt_state {
	NVME_MPATH_PT_STATE_ACTIVE,
	NVME_MPATH_PT_STATE_UNCOVERED,
	NVME_MPATH_PT_STATE_PARKED,
	NVME_MPATH_PT_STATE_RESUMED,
	NVME_MPATH_PT_STATE_CANCELLED,
};

/*
 * This overlays struct io_uring_cmd pdu.
 * Expect build errors if this grows larger than that.
 *
 * The memory holds leftovers of its last user. Each member is written by the
 * issue that later reads it, in nvme_uring_cmd_io() or its callers.
 * IORING_URING_CMD_REISSUE tells a second issue from a first one.
 */
struct nvme_uring_cmd_pdu {
	struct blk_mq_hw_ctx *hctx;	/* to poll, or NULL */
	union {
		struct {
			struct bio *bio;
			u64 result;
		};
		/* while parked; does not overlay hctx, which IOPOLL reads */
		struct list_head node;
	};
	int status;		/* of the last attempt; before that, the result
				 * if no path is usable
				 */
	u16 maybe_executed;	/* status of an attempt that may have been
				 * executed, or 0
				 */
	u8 state;		/* enum nvme_mpath_pt_state */
	u8 failed_over:1;	/* an attempt before this one failed over */
	u8 park_first:1;	/* wait a moment before the next attempt */
	u8 compat:1;		/* 32-bit pointers */
	u8 one_iovec:1;		/* vectored, but kept without an array */
	u8 fenced:1;		/* an old controller may still execute it */
	u8 held:1;		/* it is on the list of held commands */
	u8 has_waited:1;	/* it was on a list, or is on one */
};

/**
 * struct nvme_uring_kept - what a covered command keeps beside its pdu
 * @iov: copy of the iovec array of a vectored command; NULL if that is empty, or
 *	if pdu->one_iovec
 * @result: of the last attempt that failed over
 * @started: when the current attempt began, in jiffies; set if the command has
 *	a timeout_ms
 * @fence: of the old controller; if pdu->fenced
 * @fenced_at: when its attempt failed, in jiffies; if pdu->fenced
 * @waited: how long it has waited in all, in jiffies; if pdu->has_waited and it
 *	is not on a list
 * @waits_since: when its wait would have begun if it had been one, in jiffies;
 *	while it is on a list
 *
 * Lies in the memory of io_uring_cmd_scratch(). Belongs to the owner of the
 * command.
 */
struct nvme_uring_kept {
	struct iovec	*iov;
	u64		result;
	unsigned long	started;
	struct nvme_mpath_pt_fence *fence;
	unsigned long	fenced_at;
	union {
		unsigned long	waited;
		unsigned long	waits_since;
	};
};

/* How nvme_uring_cmd_io() sends a command. */
enum {
	NVME_URING_VEC		= 1 << 0,	/* the data is an iovec array */
	NVME_URING_NOFAULT	= 1 << 1,	/* do not wait for user pages */
	NVME_URING_RETRY	= 1 << 2,	/* not a submission */
};

/* NVMe passthrough requires big SQE/CQE support */
#define NVME_URING_CMD_BIG	(IO_URING_F_SQE128 | IO_URING_F_CQE32)

static inline int nvme_uring_cmd_checks(unsigned int issue_flags)
{
	return (issue_flags & NVME_URING_CMD_BIG) == NVME_URING_CMD_BIG ?
		0 : -EOPNOTSUPP;
}

static inline struct nvme_uring_cmd_pdu *
nvme_uring_cmd_pdu(struct io_uring_cmd *ioucmd)
{
	return io_uring_cmd_to_pdu(ioucmd, struct nvme_uring_cmd_pdu);
}

static inline struct io_uring_cmd *
nvme_uring_cmd_of(struct nvme_uring_cmd_pdu *pdu)
{
	return container_of((void *)pdu, struct io_uring_cmd, pdu);
}

/* Valid during an issue; at any time for covered commands, which own a copy. */
static inline const struct nvme_uring_cmd *
nvme_uring_sqe(const struct io_uring_cmd *ioucmd)
{
	return (const struct nvme_uring_cmd *)ioucmd->sqe->cmd;
}

/* For covered commands only. */
static inline struct nvme_uring_kept *
nvme_uring_kept(struct io_uring_cmd *ioucmd)
{
	return io_uring_cmd_scratch(ioucmd);
}

/* A covered command may fail over by its policy, and owns a copy of its SQE. */
static inline bool nvme_uring_is_covered(struct io_uring_cmd *ioucmd)
{
	return nvme_uring_cmd_pdu(ioucmd)->state !=
		NVME_MPATH_PT_STATE_UNCOVERED;
}

/*
 * Is the data described by an array? Not that of a covered command with an array of
 * one entry: its copy describes the data itself.
 */
static inline bool nvme_uring_is_vec(struct io_uring_cmd *ioucmd)
{
	return ioucmd->cmd_op == NVME_URING_CMD_IO_VEC &&
		!(nvme_uring_is_covered(ioucmd) &&
		  nvme_uring_cmd_pdu(ioucmd)->one_iovec);
}

/* With KASAN, poison the pdu so that a read of a member not yet set shows. */
static inline void nvme_uring_cmd_poison(struct io_uring_cmd *ioucmd,
					 unsigned int issue_flags)
{
	if (IS_ENABLED(CONFIG_KASAN) &&
	    !(issue_flags & IO_URING_F_CANCEL) &&
	    !(ioucmd->flags & IORING_URING_CMD_REISSUE))
		memset(nvme_uring_cmd_pdu(ioucmd), POISON_INUSE,
		       sizeof(struct nvme_uring_cmd_pdu));
}

/* ioctl.c */
int nvme_uring_cmd_io_head(struct nvme_ns *ns, struct io_uring_cmd *ioucmd,
			   unsigned int issue_flags, unsigned int flags);
int nvme_uring_copy_iovec(struct iovec *iov, u64 uvec, u32 nr,
			  unsigned int issue_flags);
void nvme_uring_fault_in(struct nvme_ns *ns, struct io_uring_cmd *ioucmd,
			 unsigned int issue_flags);
int nvme_uring_cmd_poll(struct io_uring_cmd *ioucmd, struct io_comp_batch *iob,
			unsigned int poll_flags);
void nvme_uring_cmd_set_cancelable(struct io_uring_cmd *ioucmd,
				   unsigned int issue_flags);
void nvme_uring_cmd_retry_in_task(struct io_uring_cmd *ioucmd);
void nvme_uring_cmd_done(struct io_uring_cmd *ioucmd, int res, u64 res2,
			 unsigned int issue_flags);

/**
 * nvme_ns_uring_cmd - send an io_uring command of a head down a path
 * @ns: the path
 * @ioucmd: the command, which has passed nvme_uring_cmd_checks(); its state
 *	tells whether it is covered
 * @issue_flags: IO_URING_F_*
 * @flags: NVME_URING_*
 *
 * Context: Process context with the mm of the submitter. Sleeps for a tag or
 *	in a frozen queue only without IO_URING_F_NONBLOCK, and for pages of
 *	user space only without NVME_URING_NOFAULT. The caller keeps @ns from
 *	going away.
 * Return: -EIOCBQUEUED when the command was started, else why it was not:
 *	-ENODEV if @ns cannot be used any more; -EFAULT also if pages were
 *	missing and NVME_URING_NOFAULT forbids to wait for them.
 */
static inline int nvme_ns_uring_cmd(struct nvme_ns *ns,
				    struct io_uring_cmd *ioucmd,
				    unsigned int issue_flags,
				    unsigned int flags)
{
	switch (ioucmd->cmd_op) {
	case NVME_URING_CMD_IO:
		return nvme_uring_cmd_io_head(ns, ioucmd, issue_flags, flags);
	case NVME_URING_CMD_IO_VEC:
		if (nvme_uring_is_vec(ioucmd))
			flags |= NVME_URING_VEC;
		return nvme_uring_cmd_io_head(ns, ioucmd, issue_flags, flags);
	default:
		return -ENOTTY;
	}
}

/* mpath_passthru_park.c */
int nvme_mpath_pt_park(struct nvme_ns_head *head, struct io_uring_cmd *ioucmd,
		       unsigned int issue_flags, unsigned long delay);
int nvme_mpath_pt_hold(struct nvme_ns_head *head, struct io_uring_cmd *ioucmd,
		       unsigned int issue_flags);
long nvme_mpath_pt_hold_left(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd);
void nvme_mpath_pt_drop_fence(struct io_uring_cmd *ioucmd);
bool nvme_mpath_pt_may_retry(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd);
long nvme_mpath_pt_must_hold(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd);
void nvme_mpath_pt_cancel(struct nvme_ns_head *head,
			  struct io_uring_cmd *ioucmd);
void nvme_mpath_pt_end_parked(struct nvme_ns_head *head,
			      struct io_uring_cmd *ioucmd);
u64 nvme_mpath_pt_last_result(struct io_uring_cmd *ioucmd);

/* mpath_passthru.c */
void nvme_mpath_pt_retry(struct io_uring_cmd *ioucmd, unsigned int issue_flags,
			 bool dead);

#ifdef CONFIG_NVME_MULTIPATH
bool nvme_mpath_pt_end_attempt(struct request *req);

static inline struct nvme_ns_head *
nvme_uring_cmd_head(struct io_uring_cmd *ioucmd)
{
	struct cdev *cdev = file_inode(ioucmd->file)->i_cdev;

	return container_of(cdev, struct nvme_ns_head, cdev);
}
#else
static inline bool nvme_mpath_pt_end_attempt(struct request *req)
{
	return false;
}
#endif

#endif /* _NVME_URING_CMD_H */
