/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passthrough on multipath heads; its functions have the prefix nvme_mpath_pt_.
 *
 * mpath_passthru.c describes the life of a command.
 */
#ifndef _NVME_MPATH_PASSTHRU_H
#define _NVME_MPATH_PASSTHRU_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/nvme_ioctl.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct attribute_group;
struct nvme_ctrl;
struct nvme_ns;
struct nvme_ns_head;
struct request;

/*
 * Delays of the recheck, in jiffies. No event reports a free tag or free
 * memory: commands that lack those are checked again after the short one. Some
 * events that take the last available path do not schedule requeue_work: as
 * long as commands wait for a path, they are checked again after the long one.
 */
#define NVME_MPATH_PT_RECHECK_SHORT	DIV_ROUND_UP(HZ, 100)
#define NVME_MPATH_PT_RECHECK_LONG	HZ

/* Which commands are sent again after a path error. */
enum nvme_mpath_pt_policy {
	NVME_MPATH_PT_POLICY_NONE,
	NVME_MPATH_PT_POLICY_IDEMPOTENT,
	NVME_MPATH_PT_POLICY_ALL,
};

/* The counters of a head, in the order of their attributes. */
enum nvme_mpath_pt_count {
	NVME_MPATH_PT_COUNT_PARKED,		/* now */
	NVME_MPATH_PT_COUNT_PARKED_TOTAL,
	NVME_MPATH_PT_COUNT_FAILED_OVER,
	NVME_MPATH_PT_COUNT_NO_PATH,
	NVME_MPATH_PT_COUNT_REFUSED,
	NVME_MPATH_PT_NR_COUNTS,
};

/**
 * struct nvme_mpath_pt - passthrough state of a head
 * @parked: io_uring commands that wait for a path; by head->requeue_lock
 * @wait: ioctls that wait for a path
 * @recheck: checks whether parked commands still have to wait
 * @short_since: when the pending recheck was first requested with the short
 *	delay, in jiffies, or 0; READ_ONCE() and WRITE_ONCE()
 * @policy: enum nvme_mpath_pt_policy; READ_ONCE(), it may change at any time
 * @counts: by enum nvme_mpath_pt_count
 */
struct nvme_mpath_pt {
	struct list_head	parked;
	wait_queue_head_t	wait;
	struct delayed_work	recheck;
	unsigned long		short_since;
	u8			policy;
	atomic_long_t		counts[NVME_MPATH_PT_NR_COUNTS];
};

/**
 * struct nvme_mpath_pt_attempt - how an attempt to execute a command ended
 * @generation: of its controller when it began, see nvme_ns_is_stale()
 * @started: when it began, in jiffies
 * @timeout: the caller's own timeout, in jiffies, or 0
 * @made: a request failed, and the members below describe how
 * @path_error: it failed because of its path
 * @timed_out: the host aborted it when the caller's own timeout expired
 * @sent: the request was started, so the controller may have executed it
 * @opcode: of the command
 * @status: its NVMe status, 0 if it has none
 * @ctrl_id: instance of the controller
 */
struct nvme_mpath_pt_attempt {
	u32	generation;
	unsigned long	started;
	unsigned long	timeout;
	bool	made;
	bool	path_error;
	bool	timed_out;
	bool	sent;
	u8	opcode;
	u16	status;
	int	ctrl_id;
};

static inline bool nvme_mpath_pt_flags_valid(u8 flags)
{
	return !flags || flags == NVME_URING_CMD_F_FAILFAST ||
		flags == NVME_URING_CMD_F_FAILOVER;
}

/* A flag of the command overrides the policy of the head. */
static inline enum nvme_mpath_pt_policy
nvme_mpath_pt_effective_policy(u8 head_policy, u8 flags)
{
	if (likely(!flags))
		return head_policy;
	return flags & NVME_URING_CMD_F_FAILFAST ? NVME_MPATH_PT_POLICY_NONE :
						   NVME_MPATH_PT_POLICY_ALL;
}

/* mpath_passthru_policy.c */
bool nvme_mpath_pt_maybe_executed(u16 status, bool sent);
bool nvme_mpath_pt_timed_out(unsigned long started, unsigned long timeout,
			     unsigned long now);
bool nvme_mpath_pt_may_resend(u8 head_policy, u8 flags, u8 csi, u8 opcode,
			      u16 status, bool sent);

/* mpath_passthru_sysfs.c */
extern const struct attribute_group nvme_mpath_pt_attr_group;

const char *nvme_mpath_pt_policy_name(u8 policy);
u8 nvme_mpath_pt_default_policy(void);
void nvme_mpath_pt_note_parked(struct nvme_ns_head *head, const void *cmd,
			       u8 opcode);
void nvme_mpath_pt_note_unparked(struct nvme_ns_head *head);
void nvme_mpath_pt_note_failover(struct nvme_ns_head *head, const void *cmd,
				 const struct nvme_mpath_pt_attempt *attempt);
void nvme_mpath_pt_note_no_path(struct nvme_ns_head *head, const void *cmd,
				u8 opcode);
void nvme_mpath_pt_note_refused(struct nvme_ns_head *head, const void *cmd,
				u8 opcode, int res);

/* mpath_passthru_park.c */
void nvme_mpath_pt_init_head(struct nvme_ns_head *head);
void nvme_mpath_pt_exit_head(struct nvme_ns_head *head);
void nvme_mpath_pt_requeue(struct nvme_ns_head *head);
void nvme_mpath_pt_schedule_recheck(struct nvme_ns_head *head,
				    unsigned long delay);
bool nvme_mpath_pt_can_progress(struct nvme_ns_head *head);

/* mpath_passthru.c */
struct nvme_ns *nvme_mpath_pt_get_path(struct nvme_ns_head *head, bool *found);
void nvme_mpath_pt_put_path(struct nvme_ns *ns);
void nvme_mpath_pt_judge_attempt(struct nvme_mpath_pt_attempt *attempt,
				 struct request *req);
bool nvme_mpath_pt_failover_req(struct request *req);

/* mpath_passthru_ioctl.c */
int nvme_mpath_pt_ioctl(struct nvme_ns_head *head, unsigned int cmd,
			void __user *argp, unsigned int flags,
			bool open_for_write);

#ifdef CONFIG_NVME_MULTIPATH
void nvme_mpath_pt_begin_attempt(struct nvme_mpath_pt_attempt *attempt,
				 struct nvme_ctrl *ctrl, unsigned int timeout);
int nvme_mpath_pt_ioctl_result(struct nvme_mpath_pt_attempt *attempt,
			       struct request *req, int ret);
#else
static inline void
nvme_mpath_pt_begin_attempt(struct nvme_mpath_pt_attempt *attempt,
			    struct nvme_ctrl *ctrl, unsigned int timeout)
{
}

static inline int
nvme_mpath_pt_ioctl_result(struct nvme_mpath_pt_attempt *attempt,
			   struct request *req, int ret)
{
	return ret;
}
#endif

#endif /* _NVME_MPATH_PASSTHRU_H */
