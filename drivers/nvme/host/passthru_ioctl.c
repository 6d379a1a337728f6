// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough ioctls on multipath heads: failover, and waiting for a path.
 *
 * The caller waits for its command anyway, so there is nothing to park: it goes
 * round and round in nvme_passthru_ioctl(), an attempt each time, on its own
 * stack. What decides whether it goes on is what decides for io_uring commands.
 */

#include <linux/nvme_ioctl.h>
#include <linux/sched/signal.h>
#include "nvme.h"
#include "trace.h"

/* What is known of the command between its attempts. */
struct nvme_passthru_call {
	struct nvme_passthru_attempt last;
	u16 doubt;		/* status of an attempt that may have had effect */
	bool again;		/* not the first time round */
	bool had_path;		/* this time */
	unsigned int failovers;
};

/* -ENODEV with no attempt made: there is no path, or it is about to go. */
static int nvme_passthru_try(struct nvme_ns_head *head, unsigned int cmd,
			     void __user *argp, unsigned int flags,
			     bool open_for_write,
			     struct nvme_passthru_call *call)
{
	struct nvme_ns *ns;
	int ret;

	call->last.made = false;
	ns = nvme_passthru_get_path(head, &call->had_path);
	if (!ns)
		return -ENODEV;

	if (call->again)
		trace_nvme_passthru_retry(head->disk, call, call->last.opcode,
					  ns->ctrl->instance);
	ret = nvme_ns_ioctl(ns, cmd, argp, flags, open_for_write, &call->last);
	/* the queue died after the path had been chosen */
	if (ret == -ENODEV && !call->last.made)
		nvme_mpath_clear_current_path(ns);
	nvme_passthru_put_path(ns);
	return ret;
}

/**
 * nvme_passthru_ioctl_result - look at how an attempt of an ioctl ended
 * @attempt: filled in, unless the command succeeded
 * @req: its request, which has ended and is not free yet
 * @ret: what nvme_execute_rq() says of it, not 0
 *
 * Context: Process context.
 * Return: what the request says of itself, cancelled or not.
 */
int nvme_passthru_ioctl_result(struct nvme_passthru_attempt *attempt,
			       struct request *req, int ret)
{
	/* completed after all, when the host had begun to cancel it */
	if (ret == -EINTR && !nvme_req(req)->status)
		return 0;

	nvme_passthru_attempt_ended(attempt, req);
	/* as without failover */
	if (attempt->timed_out)
		return ret;
	return attempt->status ?: ret;
}

static bool nvme_passthru_call_may_go_on(struct nvme_ns_head *head,
					 const struct nvme_passthru_call *call)
{
	return nvme_passthru_may_resend(READ_ONCE(head->passthru.policy), 0,
					head->ids.csi, call->last.opcode,
					call->doubt, call->doubt);
}

static bool nvme_passthru_call_waits(struct nvme_ns_head *head,
				     const struct nvme_passthru_call *call)
{
	bool over;
	int srcu_idx;

	srcu_idx = srcu_read_lock(&head->srcu);
	over = nvme_passthru_wait_is_over(head);
	srcu_read_unlock(&head->srcu, srcu_idx);
	if (over || !nvme_passthru_call_may_go_on(head, call))
		return false;

	/* called when on the wait queue, so that the look sees us there */
	nvme_passthru_look_in(head, NVME_PASSTHRU_LOOK_LATER);
	return true;
}

/*
 * @soon: not for a path, but for what no event tells of. Otherwise requeue_work
 * wakes us up, or the look that parked commands rely on as well.
 */
static int nvme_passthru_call_wait(struct nvme_ns_head *head,
				   const struct nvme_passthru_call *call,
				   bool soon)
{
	int ret = 0;

	nvme_passthru_count_parked(head, call, call->last.opcode);
	if (soon) {
		schedule_timeout_killable(NVME_PASSTHRU_LOOK_SOON);
	} else {
		nvme_mpath_count_no_usable_path(head);
		dev_warn_ratelimited(disk_to_dev(head->disk),
				     "no usable path - passthrough ioctl waits\n");
		ret = wait_event_state(head->passthru.wait,
				       !nvme_passthru_call_waits(head, call),
				       (TASK_KILLABLE | TASK_FREEZABLE));
	}
	nvme_passthru_count_unparked(head);
	if (ret || fatal_signal_pending(current)) {
		trace_nvme_passthru_cancel(head->disk, call,
					   call->last.opcode, -EINTR);
		return -EINTR;
	}
	return 0;
}

/* There was no attempt this time: 0 if there may be one after some waiting. */
static int nvme_passthru_call_no_attempt(struct nvme_ns_head *head,
					 struct nvme_passthru_call *call,
					 int ret)
{
	bool available;
	int srcu_idx;

	/* a shortage on the way to another path is not the caller's business */
	if (call->failovers && (ret == -ENOMEM || ret == -EAGAIN))
		return nvme_passthru_call_wait(head, call, true);
	if (ret != -ENODEV)
		return ret;

	srcu_idx = srcu_read_lock(&head->srcu);
	available = nvme_available_path(head);
	srcu_read_unlock(&head->srcu, srcu_idx);
	if (!available) {
		nvme_passthru_count_no_path(head, call, call->last.opcode);
		return -EIO;
	}
	return nvme_passthru_call_wait(head, call, call->had_path);
}

/* An attempt failed for its path: 0 if there may be another one. */
static int nvme_passthru_call_failed(struct nvme_ns_head *head,
				     struct nvme_passthru_call *call, int ret)
{
	const struct nvme_passthru_attempt *last = &call->last;

	if (nvme_passthru_in_doubt(last->status, last->sent))
		call->doubt = last->status ?: NVME_SC_HOST_ABORTED_CMD;
	if (!nvme_passthru_call_may_go_on(head, call)) {
		nvme_passthru_count_refused(head, call, last->opcode, ret);
		return ret;
	}

	nvme_passthru_count_failover(head, call, last);
	/* a path that fails whatever it is given must not keep a CPU busy */
	if (call->failovers++)
		return nvme_passthru_call_wait(head, call, true);
	return 0;
}

/**
 * nvme_passthru_ioctl - execute a passthrough ioctl on a multipath head
 * @head: the head, pinned by the open file or block device
 * @cmd: an ioctl that executes one I/O command
 * @argp: its argument, read again for each attempt, and checked again
 * @flags: of nvme_ns_ioctl()
 * @open_for_write: may the caller write?
 *
 * Context: Process context. Sleeps as long as the command takes, which no
 *	signal ends, and while no path is usable, which SIGKILL ends. Never
 *	holds head->srcu meanwhile.
 * Return: what nvme_ns_ioctl() says of the last attempt. -EIO if there is no
 *	path to wait for, or the policy has become not to wait; -EINTR for
 *	SIGKILL.
 */
int nvme_passthru_ioctl(struct nvme_ns_head *head, unsigned int cmd,
			void __user *argp, unsigned int flags,
			bool open_for_write)
{
	struct nvme_passthru_call call = { };
	int status = 0, ret;

	/* all of them begin with it; of use until there was an attempt */
	if (get_user(call.last.opcode, (u8 __user *)argp))
		return -EFAULT;

	for (;; call.again = true) {
		ret = nvme_passthru_try(head, cmd, argp, flags, open_for_write,
					&call);
		if (call.last.made && call.last.path_error && ret != -EFAULT) {
			status = ret;
			ret = nvme_passthru_call_failed(head, &call, ret);
		} else if (!call.last.made && ret < 0) {
			ret = nvme_passthru_call_no_attempt(head, &call, ret);
		} else {
			return ret;
		}
		if (ret)
			return ret;
		if (!nvme_passthru_call_may_go_on(head, &call)) {
			ret = status ?: -EIO;
			nvme_passthru_count_refused(head, &call,
						    call.last.opcode, ret);
			return ret;
		}
	}
}
