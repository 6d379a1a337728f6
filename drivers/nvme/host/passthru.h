/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passthrough on multipath heads: what the rest of the driver knows of it.
 */
#ifndef _NVME_PASSTHRU_H
#define _NVME_PASSTHRU_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/nvme_ioctl.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct attribute_group;
struct iovec;
struct nvme_ctrl;
struct nvme_ns;
struct nvme_ns_head;
struct request;

/*
 * When to look again if nobody says so. No event tells that a path has a tag to
 * spare, or that memory has been freed: that is looked for soon. And not
 * everything that leaves a head without an available path schedules requeue_work;
 * as no command shall wait for what will never come, that is looked for now and
 * then.
 */
#define NVME_PASSTHRU_LOOK_SOON		DIV_ROUND_UP(HZ, 100)
#define NVME_PASSTHRU_LOOK_LATER	HZ

/* Which command that met a path error is sent again; see passthru_policy.c. */
enum nvme_passthru_policy {
	NVME_PASSTHRU_NONE,
	NVME_PASSTHRU_IDEMPOTENT,
	NVME_PASSTHRU_ALL,
};

/* What administrators can count, in the order of the attributes. */
enum nvme_passthru_count {
	NVME_PASSTHRU_COUNT_PARKED,		/* now */
	NVME_PASSTHRU_COUNT_PARKED_TOTAL,
	NVME_PASSTHRU_COUNT_FAILED_OVER,
	NVME_PASSTHRU_COUNT_NO_PATH,
	NVME_PASSTHRU_COUNT_REFUSED,
	NVME_PASSTHRU_NR_COUNTS,
};

/**
 * struct nvme_passthru - what a head has for passthrough
 * @parked: the commands that wait for a path; protected by head->requeue_lock
 * @wait: the ioctls that do
 * @look: looks whether waiting still makes sense, if nobody says so
 * @soon_since: when a look was first asked for soon that has not come yet, in
 *	jiffies; 0 if none was
 * @policy: of enum nvme_passthru_policy; READ_ONCE(), it may change any time
 * @counts: see enum nvme_passthru_count
 */
struct nvme_passthru {
	struct list_head	parked;
	wait_queue_head_t	wait;
	struct delayed_work	look;
	unsigned long		soon_since;
	u8			policy;
	atomic_long_t		counts[NVME_PASSTHRU_NR_COUNTS];
};

/**
 * struct nvme_passthru_kept - what a covered command keeps beside its pdu
 * @iov: its array of iovecs, if it is vectored; NULL if that is empty
 * @result: of its last attempt, if there was one that failed over
 * @started: when that attempt was, in jiffies; set if it has a timeout_ms
 *
 * In the memory of io_uring_cmd_scratch(), so that a command that meets no fault
 * pays for none of it. Belongs to the owner of the command.
 */
struct nvme_passthru_kept {
	struct iovec	*iov;
	u64		result;
	unsigned long	started;
};

/**
 * struct nvme_passthru_attempt - how an attempt to execute a command ended
 * @generation: of its controller when it began, see nvme_ns_is_stale()
 * @started: when it began, in jiffies
 * @timeout: the time its caller gave it, in jiffies, or 0
 * @made: there was a request; if not, all the rest is not set
 * @path_error: it failed for its path
 * @timed_out: it was aborted by the host when its own time was used up
 * @sent: it had been started, so that the controller may have executed it
 * @opcode: of the command
 * @status: its NVMe status, 0 if there is none
 * @ctrl_id: instance of the controller
 */
struct nvme_passthru_attempt {
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

static inline bool nvme_passthru_flags_valid(u8 flags)
{
	return !flags || flags == NVME_URING_CMD_F_FAILFAST ||
		flags == NVME_URING_CMD_F_FAILOVER;
}

/* The policy of the head speaks for commands that say nothing. */
static inline enum nvme_passthru_policy
nvme_passthru_policy_of(u8 head_policy, u8 flags)
{
	if (likely(!flags))
		return head_policy;
	return flags & NVME_URING_CMD_F_FAILFAST ? NVME_PASSTHRU_NONE :
						   NVME_PASSTHRU_ALL;
}

/* passthru_policy.c */
extern const struct attribute_group nvme_passthru_attr_group;

const char *nvme_passthru_policy_name(u8 policy);
u8 nvme_passthru_default_policy(void);
bool nvme_passthru_in_doubt(u16 status, bool sent);
bool nvme_passthru_timed_out(unsigned long started, unsigned long timeout,
			     unsigned long now);
bool nvme_passthru_may_resend(u8 head_policy, u8 flags, u8 csi, u8 opcode,
			      u16 status, bool sent);
void nvme_passthru_count_parked(struct nvme_ns_head *head, const void *cmd,
				u8 opcode);
void nvme_passthru_count_unparked(struct nvme_ns_head *head);
void nvme_passthru_count_failover(struct nvme_ns_head *head, const void *cmd,
				  const struct nvme_passthru_attempt *attempt);
void nvme_passthru_count_no_path(struct nvme_ns_head *head, const void *cmd,
				 u8 opcode);
void nvme_passthru_count_refused(struct nvme_ns_head *head, const void *cmd,
				 u8 opcode, int res);

/* passthru.c */
void nvme_passthru_init_head(struct nvme_ns_head *head);
void nvme_passthru_exit_head(struct nvme_ns_head *head);
void nvme_passthru_requeue(struct nvme_ns_head *head);
void nvme_passthru_look_in(struct nvme_ns_head *head, unsigned long delay);
struct nvme_ns *nvme_passthru_get_path(struct nvme_ns_head *head, bool *found);
void nvme_passthru_put_path(struct nvme_ns *ns);
void nvme_passthru_attempt_ended(struct nvme_passthru_attempt *attempt,
				 struct request *req);

#endif /* _NVME_PASSTHRU_H */
