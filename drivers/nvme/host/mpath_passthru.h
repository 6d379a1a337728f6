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
#include <linux/kref.h>
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

/*
 * How long a controller may take to stop after a command was aborted: longer
 * than the timeouts of the commands that disable it.
 */
#define NVME_MPATH_PT_FENCE_PATIENCE	(300 * HZ)

/* Which commands are sent again after a path error. */
enum nvme_mpath_pt_policy {
	NVME_MPATH_PT_POLICY_NONE,
	NVME_MPATH_PT_POLICY_IDEMPOTENT,
	NVME_MPATH_PT_POLICY_ALL,
};

/*
 * When a command may be sent again, in the words of the specification. The order
 * is that of caution.
 */
enum nvme_mpath_pt_class {
	/* idempotent, changes nothing: at once */
	NVME_MPATH_PT_CLASS_UNRESTRICTED,
	/* idempotent, changes data: when its first copy cannot run any more */
	NVME_MPATH_PT_CLASS_DELAYED,
	/* a second execution differs from the first */
	NVME_MPATH_PT_CLASS_STATE_DEPENDENT,
};

/*
 * Settings of passthru_delayed_retry. Any other value is the time in ms that
 * stands in for a Command Quiesce Time of 0.
 */
#define NVME_MPATH_PT_DELAYED_OFF	(-2)
#define NVME_MPATH_PT_DELAYED_CQT	(-1)

/* mpath_passthru_fence.c says what they mean. A fence only enters later ones. */
enum nvme_mpath_pt_fence_state {
	NVME_MPATH_PT_FENCE_RUNNING,
	NVME_MPATH_PT_FENCE_DOWN,
	NVME_MPATH_PT_FENCE_PROVEN,
};

/**
 * struct nvme_mpath_pt_fence - when an old controller has stopped
 * @ref: of the controller, and of commands that are held
 * @rcu: to free it
 * @state: enum nvme_mpath_pt_fence_state; written under ctrl->lock
 * @down_at: when it became DOWN, in jiffies
 * @kato: keep alive timeout in seconds, or 0; constant when not RUNNING
 * @kas: granularity of the controller's keep alive timer, in 100 ms, or 0
 * @tbkas: keep alive is based on traffic
 * @cqt: Command Quiesce Time in ms
 */
struct nvme_mpath_pt_fence {
	struct kref	ref;
	struct rcu_head	rcu;
	enum nvme_mpath_pt_fence_state	state;
	unsigned long	down_at;
	unsigned int	kato;
	u16		kas;
	bool		tbkas;
	u16		cqt;
};

/* The counters of a head, in the order of their attributes. */
enum nvme_mpath_pt_count {
	NVME_MPATH_PT_COUNT_PARKED,		/* now */
	NVME_MPATH_PT_COUNT_PARKED_TOTAL,
	NVME_MPATH_PT_COUNT_FAILED_OVER,
	NVME_MPATH_PT_COUNT_NO_PATH,
	NVME_MPATH_PT_COUNT_REFUSED,
	NVME_MPATH_PT_COUNT_EXPIRED,
	NVME_MPATH_PT_COUNT_HELD,		/* now */
	NVME_MPATH_PT_COUNT_HELD_TOTAL,
	NVME_MPATH_PT_COUNT_HELD_MAX_MS,
	NVME_MPATH_PT_NR_COUNTS,
};

/**
 * struct nvme_mpath_pt - passthrough state of a head
 * @parked: io_uring commands that wait for a path; by head->requeue_lock
 * @held: io_uring commands that wait until an old controller cannot execute them
 *	any more; by head->requeue_lock
 * @wait: ioctls that wait for either
 * @recheck: checks whether parked commands still have to wait
 * @short_since: when the pending recheck was first requested with the short
 *	delay, in jiffies, or 0; READ_ONCE() and WRITE_ONCE()
 * @release: looks at held commands when the first of them may go on
 * @release_at: when @release runs, in jiffies; by head->requeue_lock
 * @release_armed: @release is pending; by head->requeue_lock
 * @policy: enum nvme_mpath_pt_policy; READ_ONCE(), it may change at any time
 * @delayed_retry: NVME_MPATH_PT_DELAYED_* or ms; READ_ONCE()
 * @wait_secs: how long a command may wait in all, 0 for no bound; READ_ONCE()
 * @counts: by enum nvme_mpath_pt_count
 */
struct nvme_mpath_pt {
	struct list_head	parked;
	struct list_head	held;
	wait_queue_head_t	wait;
	struct delayed_work	recheck;
	unsigned long		short_since;
	struct delayed_work	release;
	unsigned long		release_at;
	bool			release_armed;
	u8			policy;
	int			delayed_retry;
	unsigned int		wait_secs;
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
 * @fence: of the controller, if it may still execute the command; for
 *	nvme_mpath_pt_fence_put(), or NULL
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
	struct nvme_mpath_pt_fence *fence;
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
bool nvme_mpath_pt_maybe_running(u16 status, bool sent);
bool nvme_mpath_pt_is_overdue(unsigned int wait_secs, unsigned long waited);
enum nvme_mpath_pt_class nvme_mpath_pt_class(u8 csi, u8 opcode, u32 effects);
bool nvme_mpath_pt_may_resend(u8 head_policy, u8 flags, u8 csi, u8 opcode,
			      u16 status, bool sent);
s64 nvme_mpath_pt_quiesce_ms(int setting, unsigned int kato, u16 kas,
			     bool tbkas, u16 cqt);

/* mpath_passthru_fence.c */
struct nvme_mpath_pt_fence *nvme_mpath_pt_fence_get(struct nvme_ctrl *ctrl);
void nvme_mpath_pt_fence_put(struct nvme_mpath_pt_fence *fence);
long nvme_mpath_pt_fence_left(struct nvme_mpath_pt_fence *fence, int setting,
			      unsigned long since);
void nvme_mpath_pt_arm_release(struct nvme_ns_head *head, unsigned long delay);
void nvme_mpath_pt_kick_held(struct nvme_ns_head *head);

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
void nvme_mpath_pt_note_expired(struct nvme_ns_head *head, const void *cmd,
				u8 opcode);
void nvme_mpath_pt_note_refused(struct nvme_ns_head *head, const void *cmd,
				u8 opcode, int res);
void nvme_mpath_pt_note_unprovable(struct nvme_ns_head *head, const void *cmd,
				   u8 opcode, int res);
void nvme_mpath_pt_note_held(struct nvme_ns_head *head, const void *cmd,
			     u8 opcode, long left);
void nvme_mpath_pt_note_unheld(struct nvme_ns_head *head, unsigned long since);

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
void nvme_mpath_pt_take_fence(struct nvme_mpath_pt_attempt *attempt,
			      struct request *req);
bool nvme_mpath_pt_failover_req(struct request *req);

/* mpath_passthru_ioctl.c */
typedef int (nvme_mpath_pt_send_fn)(struct nvme_ns *ns, void *data,
				    struct nvme_mpath_pt_attempt *attempt);

int nvme_mpath_pt_ioctl(struct nvme_ns_head *head, unsigned int cmd,
			void __user *argp, unsigned int flags,
			bool open_for_write);

#ifdef CONFIG_NVME_MULTIPATH
void nvme_mpath_pt_begin_attempt(struct nvme_mpath_pt_attempt *attempt,
				 struct nvme_ctrl *ctrl, unsigned int timeout);
int nvme_mpath_pt_ioctl_result(struct nvme_mpath_pt_attempt *attempt,
			       struct request *req, int ret);
bool nvme_mpath_pt_is_on(const struct nvme_ns_head *head);
bool nvme_mpath_pt_is_path_error(u16 status);
int nvme_mpath_pt_sync(struct nvme_ns_head *head, u8 opcode,
		       nvme_mpath_pt_send_fn *send, void *data);
int nvme_mpath_pt_fence_start(struct nvme_ctrl *ctrl);
void nvme_mpath_pt_fence_down(struct nvme_ctrl *ctrl);
void nvme_mpath_pt_fence_prove(struct nvme_ctrl *ctrl);
void nvme_mpath_pt_fence_exit(struct nvme_ctrl *ctrl);
#else
static inline bool nvme_mpath_pt_is_on(const struct nvme_ns_head *head)
{
	return false;
}

static inline bool nvme_mpath_pt_is_path_error(u16 status)
{
	return false;
}

static inline int nvme_mpath_pt_sync(struct nvme_ns_head *head, u8 opcode,
				     nvme_mpath_pt_send_fn *send, void *data)
{
	return -EOPNOTSUPP;
}

static inline int nvme_mpath_pt_fence_start(struct nvme_ctrl *ctrl)
{
	return 0;
}

static inline void nvme_mpath_pt_fence_down(struct nvme_ctrl *ctrl)
{
}

static inline void nvme_mpath_pt_fence_prove(struct nvme_ctrl *ctrl)
{
}

static inline void nvme_mpath_pt_fence_exit(struct nvme_ctrl *ctrl)
{
}

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
