// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: ioctls, and other callers that wait for their
 * command.
 *
 * The caller sleeps until its command is done, so nothing has to be parked:
 * nvme_mpath_pt_sync() makes one attempt after the other, with its state on
 * the stack. The policy is that of io_uring commands.
 */

#include <linux/nvme_ioctl.h>
#include <linux/sched/signal.h>
#include "nvme.h"
#include "trace.h"

/* An ioctl, or another call, and its state between its attempts. */
struct nvme_mpath_pt_call {
	nvme_mpath_pt_send_fn *send;	/* makes an attempt */
	void *data;			/* for it */
	struct nvme_mpath_pt_attempt last;
	u16 maybe_executed;	/* status of an attempt that may have been
				 * executed, or 0
				 */
	bool again;		/* not the first round */
	bool had_path;		/* in this round */
	unsigned long failed_at;	/* the last attempt, in jiffies */
	unsigned int failovers;
	unsigned long waited;		/* in all, in jiffies */
	unsigned long waits_since;	/* begin of the current wait */
};

/* The arguments of nvme_ns_ioctl(). */
struct nvme_mpath_pt_ioctl_args {
	unsigned int cmd;
	void __user *argp;
	unsigned int flags;
	bool open_for_write;
};

/* -ENODEV without an attempt: no path, or one that is being removed. */
static int nvme_mpath_pt_call_attempt(struct nvme_ns_head *head,
				      struct nvme_mpath_pt_call *call)
{
	struct nvme_ns *ns;
	int ret;

	nvme_mpath_pt_fence_put(call->last.fence);
	call->last.fence = NULL;
	call->last.made = false;
	ns = nvme_mpath_pt_get_path(head, &call->had_path);
	if (!ns)
		return -ENODEV;

	if (call->again)
		trace_nvme_passthru_retry(head->disk, call, call->last.opcode,
					  ns->ctrl->instance);
	ret = call->send(ns, call->data, &call->last);
	/* the queue died after the path had been chosen */
	if (ret == -ENODEV && !call->last.made)
		nvme_mpath_clear_current_path(ns);
	nvme_mpath_pt_put_path(ns);
	return ret;
}

/**
 * nvme_mpath_pt_ioctl_result - evaluate how an attempt of an ioctl ended
 * @attempt: filled in, unless the command succeeded
 * @req: its request, which has ended and is not freed yet
 * @ret: return value of nvme_execute_rq(), not 0
 *
 * Context: Process context.
 * Return: the status of the request, also if the host cancelled it.
 */
int nvme_mpath_pt_ioctl_result(struct nvme_mpath_pt_attempt *attempt,
			       struct request *req, int ret)
{
	/* completed by the controller after the host had begun to cancel it */
	if (ret == -EINTR && !nvme_req(req)->status)
		return 0;

	nvme_mpath_pt_judge_attempt(attempt, req);
	if (attempt->path_error) {
		nvme_mpath_pt_take_fence(attempt, req);
		/* marks the request of an ioctl; ->end_io() has run */
		req->end_io = NULL;
		nvme_failover_req(req);
	}
	/* the result is that of a kernel without failover */
	if (attempt->timed_out)
		return ret;
	return attempt->status ?: ret;
}

static bool nvme_mpath_pt_call_may_retry(struct nvme_ns_head *head,
					 const struct nvme_mpath_pt_call *call)
{
	return nvme_mpath_pt_may_resend(READ_ONCE(head->passthru.policy), 0,
					head->ids.csi, call->last.opcode,
					call->maybe_executed,
					call->maybe_executed);
}

static bool nvme_mpath_pt_call_is_overdue(struct nvme_ns_head *head,
					  unsigned long waited)
{
	return nvme_mpath_pt_is_overdue(READ_ONCE(head->passthru.wait_secs),
					waited);
}

static bool nvme_mpath_pt_call_must_wait(struct nvme_ns_head *head,
					 const struct nvme_mpath_pt_call *call)
{
	unsigned long waited = call->waited + (jiffies - call->waits_since);
	bool can_progress;
	int srcu_idx;

	srcu_idx = srcu_read_lock(&head->srcu);
	can_progress = nvme_mpath_pt_can_progress(head);
	srcu_read_unlock(&head->srcu, srcu_idx);
	if (can_progress || !nvme_mpath_pt_call_may_retry(head, call) ||
	    nvme_mpath_pt_call_is_overdue(head, waited))
		return false;

	/* the caller is on the wait queue already, so the recheck sees it */
	nvme_mpath_pt_schedule_recheck(head, NVME_MPATH_PT_RECHECK_LONG);
	return true;
}

/*
 * @briefly: wait for a tag, memory or a moment of time, which no event reports.
 * Otherwise requeue_work or the recheck wakes the caller.
 */
static int nvme_mpath_pt_call_wait(struct nvme_ns_head *head,
				   struct nvme_mpath_pt_call *call,
				   bool briefly)
{
	int ret = 0;

	if (nvme_mpath_pt_call_is_overdue(head, call->waited)) {
		nvme_mpath_pt_note_expired(head, call, call->last.opcode);
		return -ETIME;
	}

	call->waits_since = jiffies;
	nvme_mpath_pt_note_parked(head, call, call->last.opcode);
	if (briefly) {
		schedule_timeout_killable(NVME_MPATH_PT_RECHECK_SHORT);
	} else {
		nvme_mpath_count_no_usable_path(head);
		dev_warn_ratelimited(disk_to_dev(head->disk),
				     "no usable path - passthrough ioctl waits\n");
		ret = wait_event_state(head->passthru.wait,
				       !nvme_mpath_pt_call_must_wait(head,
								     call),
				       (TASK_KILLABLE | TASK_FREEZABLE));
	}
	nvme_mpath_pt_note_unparked(head);
	call->waited += jiffies - call->waits_since;
	if (ret || fatal_signal_pending(current)) {
		trace_nvme_passthru_cancel(head->disk, call,
					   call->last.opcode, -EINTR);
		return -EINTR;
	}
	return 0;
}

static long nvme_mpath_pt_call_fence_left(struct nvme_ns_head *head,
					  const struct nvme_mpath_pt_call *call)
{
	return nvme_mpath_pt_fence_left(call->last.fence,
					READ_ONCE(head->passthru.delayed_retry),
					call->failed_at);
}

/* An error is held only if the setting is a number. */
static long nvme_mpath_pt_call_hold_left(struct nvme_ns_head *head,
					 const struct nvme_mpath_pt_call *call)
{
	if (!nvme_mpath_pt_call_may_retry(head, call) &&
	    READ_ONCE(head->passthru.delayed_retry) < 0)
		return 0;
	return nvme_mpath_pt_call_fence_left(head, call);
}

/* Wait until the old controller cannot execute the command any more. */
static int nvme_mpath_pt_call_hold(struct nvme_ns_head *head,
				   struct nvme_mpath_pt_call *call)
{
	DEFINE_WAIT(wait);
	long left;

	left = nvme_mpath_pt_call_hold_left(head, call);
	if (left <= 0)
		return 0;

	call->waits_since = jiffies;
	nvme_mpath_pt_note_held(head, call, call->last.opcode, left);
	while (left > 0 && !fatal_signal_pending(current)) {
		/* nvme_mpath_pt_kick_held() wakes it if the fence changes */
		prepare_to_wait(&head->passthru.wait, &wait,
				TASK_KILLABLE | TASK_FREEZABLE);
		left = nvme_mpath_pt_call_hold_left(head, call);
		if (left > 0)
			schedule_timeout(min_t(long, left, HZ));
	}
	finish_wait(&head->passthru.wait, &wait);
	nvme_mpath_pt_note_unheld(head, call->failed_at);
	call->waited += jiffies - call->waits_since;
	if (!fatal_signal_pending(current))
		return 0;
	trace_nvme_passthru_cancel(head->disk, call, call->last.opcode, -EINTR);
	return -EINTR;
}

/* No attempt was made in this round. Returns 0 after the wait for the next. */
static int nvme_mpath_pt_call_no_attempt(struct nvme_ns_head *head,
					 struct nvme_mpath_pt_call *call,
					 int ret)
{
	bool available;
	int srcu_idx;

	/* a shortage during failover is not reported to the caller */
	if (call->failovers && (ret == -ENOMEM || ret == -EAGAIN))
		return nvme_mpath_pt_call_wait(head, call, true);
	if (ret != -ENODEV)
		return ret;

	srcu_idx = srcu_read_lock(&head->srcu);
	available = nvme_available_path(head);
	srcu_read_unlock(&head->srcu, srcu_idx);
	if (!available) {
		nvme_mpath_pt_note_no_path(head, call, call->last.opcode);
		return -EIO;
	}
	return nvme_mpath_pt_call_wait(head, call, call->had_path);
}

/* An attempt failed because of its path. Returns 0 if another may follow. */
static int nvme_mpath_pt_call_failed(struct nvme_ns_head *head,
				     struct nvme_mpath_pt_call *call, int ret)
{
	const struct nvme_mpath_pt_attempt *last = &call->last;

	call->failed_at = jiffies;
	if (nvme_mpath_pt_maybe_executed(last->status, last->sent))
		call->maybe_executed = last->status ?: NVME_SC_HOST_ABORTED_CMD;
	if (nvme_mpath_pt_call_may_retry(head, call))
		nvme_mpath_pt_note_failover(head, call, last);
	if (nvme_mpath_pt_call_hold(head, call))
		return -EINTR;
	if (!nvme_mpath_pt_call_may_retry(head, call)) {
		nvme_mpath_pt_note_refused(head, call, last->opcode, ret);
		return ret;
	}
	if (nvme_mpath_pt_call_fence_left(head, call) < 0) {
		nvme_mpath_pt_note_unprovable(head, call, last->opcode, ret);
		return ret;
	}

	/* a path that fails every command must not keep a CPU busy */
	if (call->failovers++)
		return nvme_mpath_pt_call_wait(head, call, true);
	return 0;
}

static int nvme_mpath_pt_call_run(struct nvme_ns_head *head,
				  struct nvme_mpath_pt_call *call)
{
	int status = 0, ret;

	for (;; call->again = true) {
		ret = nvme_mpath_pt_call_attempt(head, call);
		if (call->last.made && call->last.path_error &&
		    ret != -EFAULT) {
			status = ret;
			ret = nvme_mpath_pt_call_failed(head, call, ret);
		} else if (!call->last.made && ret < 0) {
			ret = nvme_mpath_pt_call_no_attempt(head, call, ret);
		} else {
			return ret;
		}
		if (ret)
			return ret;
		if (!nvme_mpath_pt_call_may_retry(head, call)) {
			ret = status ?: -EIO;
			nvme_mpath_pt_note_refused(head, call,
						   call->last.opcode, ret);
			return ret;
		}
	}
}

/**
 * nvme_mpath_pt_is_on - may commands of a head be sent again?
 * @head: the head
 *
 * Context: Any.
 * Return: true if nvme_mpath_pt_sync() is for its commands. false if a command
 *	gets one attempt, as without failover.
 */
bool nvme_mpath_pt_is_on(const struct nvme_ns_head *head)
{
	return READ_ONCE(head->passthru.policy) != NVME_MPATH_PT_POLICY_NONE;
}

/**
 * nvme_mpath_pt_sync - execute a passthrough command, and wait for its end
 * @head: the head, pinned by the open file or block device
 * @opcode: of the command, as far as it is known before the first attempt
 * @send: makes an attempt on a path, which it may sleep on; fills the attempt in
 *	if it failed, with nvme_mpath_pt_begin_attempt() before and
 *	nvme_mpath_pt_ioctl_result() after the request was executed; returns
 *	the status, or a negative error
 * @data: for @send
 *
 * Context: Process context. Sleeps as long as the command takes, which no
 *	signal ends, and while no path is usable or the command is held, which
 *	SIGKILL ends. Does not hold head->srcu meanwhile.
 * Return: the result of @send for the last attempt; -EIO if no path is
 *	available; the status of the last path error, or -EIO without one, if
 *	the policy was changed to forbid a retry; -ETIME if it would have to
 *	wait longer than passthru_wait_secs; -EINTR for SIGKILL.
 */
int nvme_mpath_pt_sync(struct nvme_ns_head *head, u8 opcode,
		       nvme_mpath_pt_send_fn *send, void *data)
{
	struct nvme_mpath_pt_call call = {
		.send = send, .data = data, .last.opcode = opcode,
	};
	int ret;

	ret = nvme_mpath_pt_call_run(head, &call);
	nvme_mpath_pt_fence_put(call.last.fence);
	return ret;
}

static int nvme_mpath_pt_send_ioctl(struct nvme_ns *ns, void *data,
				    struct nvme_mpath_pt_attempt *attempt)
{
	const struct nvme_mpath_pt_ioctl_args *args = data;

	return nvme_ns_ioctl(ns, args->cmd, args->argp, args->flags,
			     args->open_for_write, attempt);
}

/**
 * nvme_mpath_pt_ioctl - execute a passthrough ioctl on a multipath head
 * @head: the head, pinned by the open file or block device
 * @cmd: an ioctl that executes one I/O command
 * @argp: its argument, read and checked again for each attempt
 * @flags: of nvme_ns_ioctl()
 * @open_for_write: may the caller write?
 *
 * Context: As nvme_mpath_pt_sync().
 * Return: as nvme_mpath_pt_sync(), for the results of nvme_ns_ioctl().
 */
int nvme_mpath_pt_ioctl(struct nvme_ns_head *head, unsigned int cmd,
			void __user *argp, unsigned int flags,
			bool open_for_write)
{
	struct nvme_mpath_pt_ioctl_args args = {
		.cmd = cmd, .argp = argp, .flags = flags,
		.open_for_write = open_for_write,
	};
	u8 opcode;

	/* every argument begins with it; used until there was an attempt */
	if (get_user(opcode, (u8 __user *)argp))
		return -EFAULT;
	return nvme_mpath_pt_sync(head, opcode, nvme_mpath_pt_send_ioctl,
				  &args);
}
