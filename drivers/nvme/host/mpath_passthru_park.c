// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: io_uring commands that wait for a path, or
 * until their old controller cannot execute them any more.
 *
 * mpath_passthru.c describes all states of a command. This file parks commands,
 * resumes and cancels them. The context that takes a command off its list,
 * head->passthru.parked or .held, under head->requeue_lock, owns it.
 */

#include <linux/io_uring/cmd.h>
#include "nvme.h"
#include "uring_cmd.h"
#include "trace.h"

/**
 * nvme_mpath_pt_schedule_recheck - check later whether commands have to wait on
 * @head: the head that they wait on
 * @delay: NVME_MPATH_PT_RECHECK_SHORT or NVME_MPATH_PT_RECHECK_LONG
 *
 * A short-delay request postpones the recheck, by at most the long delay, so
 * that commands already resumed run first. A long-delay request never moves it.
 *
 * Context: Any.
 */
void nvme_mpath_pt_schedule_recheck(struct nvme_ns_head *head,
				    unsigned long delay)
{
	struct nvme_mpath_pt *pt = &head->passthru;
	unsigned long since;

	if (delay == NVME_MPATH_PT_RECHECK_LONG) {
		queue_delayed_work(nvme_wq, &pt->recheck, delay);
		return;
	}
	since = READ_ONCE(pt->short_since);
	if (!since)
		WRITE_ONCE(pt->short_since, jiffies ?: 1);
	else if (time_after_eq(jiffies, since + NVME_MPATH_PT_RECHECK_LONG))
		return;
	mod_delayed_work(nvme_wq, &pt->recheck, delay);
}

/**
 * nvme_mpath_pt_can_progress - can a command without a path go on?
 * @head: its head
 *
 * Context: Under head->srcu.
 * Return: false if it has to. true if a path is usable, or none can become so.
 */
bool nvme_mpath_pt_can_progress(struct nvme_ns_head *head)
{
	lockdep_assert(srcu_read_lock_held(&head->srcu));

	return nvme_find_path(head) || !nvme_available_path(head);
}

/**
 * nvme_mpath_pt_last_result - second result of a command that ends by itself
 * @ioucmd: the command, which makes no further attempt
 *
 * Context: Owner of @ioucmd.
 * Return: the result of its last attempt, 0 if none was made.
 */
u64 nvme_mpath_pt_last_result(struct io_uring_cmd *ioucmd)
{
	return nvme_uring_cmd_pdu(ioucmd)->failed_over ?
		nvme_uring_kept(ioucmd)->result : 0;
}

/*
 * Reject now what every path would reject; validate the rest at issue, with the
 * submitter's credentials.
 */
static int nvme_mpath_pt_check_parkable(struct nvme_ns_head *head,
					struct io_uring_cmd *ioucmd,
					unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);

	if (ioucmd->cmd_op != NVME_URING_CMD_IO &&
	    ioucmd->cmd_op != NVME_URING_CMD_IO_VEC)
		return -ENOTTY;
	if (cmd->nsid != head->ns_id)
		return -EINVAL;
	if (!cmd->data_len)
		return 0;
	return io_uring_cmd_keep_buffer(ioucmd, issue_flags);
}

/*
 * Complete a parked command, or one that could not be parked. Untrack first: an
 * exiting task waits for tracked requests without reaping, and on an IOPOLL
 * ring a completed request lives until it is reaped.
 */
static void nvme_mpath_pt_end_tracked(struct io_uring_cmd *ioucmd, int res,
				      unsigned int issue_flags)
{
	io_uring_cmd_untrack(ioucmd);
	nvme_mpath_pt_drop_fence(ioucmd);
	nvme_uring_cmd_done(ioucmd, res, nvme_mpath_pt_last_result(ioucmd),
			    issue_flags);
}

/**
 * nvme_mpath_pt_drop_fence - no longer hold a command
 * @ioucmd: the command
 *
 * Context: Owner of @ioucmd.
 */
void nvme_mpath_pt_drop_fence(struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	if (pdu->fenced)
		nvme_mpath_pt_fence_put(nvme_uring_kept(ioucmd)->fence);
	pdu->fenced = false;
}

/**
 * nvme_mpath_pt_hold_left - how long has a command to be held?
 * @head: its head
 * @ioucmd: the command
 *
 * Context: Owner of @ioucmd.
 * Return: as nvme_mpath_pt_fence_left().
 */
long nvme_mpath_pt_hold_left(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd)
{
	if (!nvme_uring_cmd_pdu(ioucmd)->fenced)
		return 0;
	return nvme_mpath_pt_fence_left(nvme_uring_kept(ioucmd)->fence,
					READ_ONCE(head->passthru.delayed_retry),
					nvme_uring_kept(ioucmd)->fenced_at);
}

/**
 * nvme_mpath_pt_may_retry - may a command be sent again?
 * @head: its head
 * @ioucmd: the command
 *
 * Called when an attempt has failed, and before the next one, with the policy of
 * that moment. An attempt that may have been executed decides for good, whatever
 * later attempts end with.
 *
 * Context: Owner of @ioucmd; any, including hard interrupt.
 * Return: true if it may.
 */
bool nvme_mpath_pt_may_retry(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u16 status = nvme_uring_cmd_pdu(ioucmd)->maybe_executed;

	return nvme_mpath_pt_may_resend(READ_ONCE(head->passthru.policy),
					cmd->flags, head->ids.csi, cmd->opcode,
					status, status);
}

/**
 * nvme_mpath_pt_must_hold - how long must a command be held before anything else?
 * @head: its head
 * @ioucmd: the command, which is not cancelled
 *
 * The error of a command that may not be sent again is held only if
 * passthru_delayed_retry is a number: the command may still be executed after
 * the application was told that it failed.
 *
 * Context: Owner of @ioucmd; any, including hard interrupt.
 * Return: jiffies, or 0.
 */
long nvme_mpath_pt_must_hold(struct nvme_ns_head *head,
			     struct io_uring_cmd *ioucmd)
{
	long left = nvme_mpath_pt_hold_left(head, ioucmd);

	if (left <= 0 || (READ_ONCE(head->passthru.delayed_retry) < 0 &&
			  !nvme_mpath_pt_may_retry(head, ioucmd)))
		return 0;
	return left;
}

static void nvme_mpath_pt_begin_wait(struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_uring_kept *kept = nvme_uring_kept(ioucmd);

	kept->waits_since = jiffies - (pdu->has_waited ? kept->waited : 0);
	pdu->has_waited = true;
}

static void nvme_mpath_pt_end_wait(struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_kept *kept = nvme_uring_kept(ioucmd);

	kept->waited = jiffies - kept->waits_since;
}

/* May a command, which is on no list, not wait any more? */
static bool nvme_mpath_pt_has_expired(struct nvme_ns_head *head,
				      struct io_uring_cmd *ioucmd)
{
	return nvme_uring_cmd_pdu(ioucmd)->has_waited &&
		nvme_mpath_pt_is_overdue(READ_ONCE(head->passthru.wait_secs),
					 nvme_uring_kept(ioucmd)->waited);
}

static void nvme_mpath_pt_list_parked(struct nvme_ns_head *head,
				      struct io_uring_cmd *ioucmd, u8 opcode)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	nvme_mpath_pt_note_parked(head, ioucmd, opcode);
	nvme_mpath_pt_begin_wait(ioucmd);
	pdu->held = false;
	list_add_tail(&pdu->node, &head->passthru.parked);
}

/* A fence that changes after this finds the command on the list. */
static void nvme_mpath_pt_list_held(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd, u8 opcode)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	long left = max(nvme_mpath_pt_hold_left(head, ioucmd), 0L);

	nvme_mpath_pt_note_held(head, ioucmd, opcode, left);
	nvme_mpath_pt_begin_wait(ioucmd);
	pdu->held = true;
	list_add_tail(&pdu->node, &head->passthru.held);
	nvme_mpath_pt_arm_release(head, left);
}

/*
 * Returns -ECANCELED if the command was cancelled since it was marked
 * cancelable, or if its task is already cancelling: an io-wq worker may park
 * that late.
 */
static int nvme_mpath_pt_add_parked(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd, u8 opcode,
				    bool hold)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	bool cancelled;

	spin_lock_irq(&head->requeue_lock);
	cancelled = pdu->state == NVME_MPATH_PT_STATE_CANCELLED ||
		io_uring_cmd_in_cancel(ioucmd);
	if (!cancelled) {
		pdu->state = NVME_MPATH_PT_STATE_PARKED;
		pdu->park_first = false;
		if (hold)
			nvme_mpath_pt_list_held(head, ioucmd, opcode);
		else
			nvme_mpath_pt_list_parked(head, ioucmd, opcode);
	}
	spin_unlock_irq(&head->requeue_lock);
	return cancelled ? -ECANCELED : 0;
}

/*
 * The check for an available path and list_add_tail() are one SRCU section: the
 * removal of a head waits for SRCU readers before it drains the list for the
 * last time. Other events do not wait for readers. The second check, with the
 * command on the list, covers them: it sees what the event changed, or
 * requeue_work of the event sees the command.
 */
static int nvme_mpath_pt_enqueue(struct nvme_ns_head *head,
				 struct io_uring_cmd *ioucmd, u8 opcode,
				 unsigned long delay)
{
	int srcu_idx, ret;

	srcu_idx = srcu_read_lock(&head->srcu);
	if (!nvme_available_path(head))
		ret = -EIO;
	else if (nvme_mpath_pt_has_expired(head, ioucmd))
		ret = -ETIME;
	else
		ret = nvme_mpath_pt_add_parked(head, ioucmd, opcode, false);
	if (!ret) {
		/*
		 * Pairs with the barrier in nvme_mpath_pt_recheck_work() and
		 * with those of everything that schedules requeue_work.
		 */
		smp_mb();
		nvme_mpath_pt_schedule_recheck(head, delay);
		if (delay == NVME_MPATH_PT_RECHECK_LONG &&
		    nvme_mpath_pt_can_progress(head))
			kblockd_schedule_work(&head->requeue_work);
	}
	srcu_read_unlock(&head->srcu, srcu_idx);
	return ret;
}

/* @ioucmd belongs to another context now, unless @ret is an error. */
static void nvme_mpath_pt_report_park(struct nvme_ns_head *head,
				      struct io_uring_cmd *ioucmd, u8 opcode,
				      unsigned int issue_flags,
				      unsigned long delay, int ret)
{
	switch (ret) {
	case 0:
		if (delay != NVME_MPATH_PT_RECHECK_LONG)
			return;
		nvme_mpath_count_no_usable_path(head);
		dev_warn_ratelimited(disk_to_dev(head->disk),
				     "no usable path - requeuing passthrough command %#04x\n",
				     opcode);
		return;
	case -ECANCELED:
		trace_nvme_passthru_cancel(head->disk, ioucmd, opcode, ret);
		break;
	case -ETIME:
		nvme_mpath_pt_note_expired(head, ioucmd, opcode);
		break;
	default:
		nvme_mpath_pt_note_no_path(head, ioucmd, opcode);
		break;
	}
	nvme_mpath_pt_end_tracked(ioucmd, ret, issue_flags);
}

/* Prepare a command to be on a list. Returns its result if it cannot be. */
static int nvme_mpath_pt_prepare(struct nvme_ns_head *head,
				 struct io_uring_cmd *ioucmd,
				 unsigned int issue_flags)
{
	int ret;

	ret = nvme_mpath_pt_check_parkable(head, ioucmd, issue_flags);
	if (ret)
		return ret;

	/* ->uring_cmd_iopoll() reads it at any time */
	WRITE_ONCE(nvme_uring_cmd_pdu(ioucmd)->hctx, NULL);
	nvme_uring_cmd_set_cancelable(ioucmd, issue_flags);
	return 0;
}

/**
 * nvme_mpath_pt_park - let a command wait for a path
 * @head: its head
 * @ioucmd: the command, which has no request and no mapped pages
 * @issue_flags: IO_URING_F_*
 * @delay: NVME_MPATH_PT_RECHECK_LONG if no path is usable,
 *	NVME_MPATH_PT_RECHECK_SHORT if it lacks a tag, memory or a moment
 *
 * Context: Process context of the submitter, or its task work.
 * Return: -EIOCBQUEUED when the command is parked, or was completed because no
 *	path is available, it may not wait any longer or it is cancelled.
 *	Another negative value as its result: every path would reject it.
 */
int nvme_mpath_pt_park(struct nvme_ns_head *head, struct io_uring_cmd *ioucmd,
		       unsigned int issue_flags, unsigned long delay)
{
	u8 opcode = nvme_uring_sqe(ioucmd)->opcode;
	int ret;

	ret = nvme_mpath_pt_prepare(head, ioucmd, issue_flags);
	if (ret)
		return ret;
	ret = nvme_mpath_pt_enqueue(head, ioucmd, opcode, delay);
	nvme_mpath_pt_report_park(head, ioucmd, opcode, issue_flags, delay,
				  ret);
	return -EIOCBQUEUED;
}

/**
 * nvme_mpath_pt_hold - let a command wait until its fence is over
 * @head: its head
 * @ioucmd: the command, which has no request and no mapped pages
 * @issue_flags: IO_URING_F_*
 *
 * Unlike a parked command, it stays when the head loses its last path: its
 * error must not be reported earlier either.
 *
 * Context: Task work of the submitter.
 * Return: -EIOCBQUEUED when the command is held, or was completed because it is
 *	cancelled. Another negative value as its result.
 */
int nvme_mpath_pt_hold(struct nvme_ns_head *head, struct io_uring_cmd *ioucmd,
		       unsigned int issue_flags)
{
	u8 opcode = nvme_uring_sqe(ioucmd)->opcode;
	int ret;

	ret = nvme_mpath_pt_prepare(head, ioucmd, issue_flags);
	if (ret)
		return ret;
	ret = nvme_mpath_pt_add_parked(head, ioucmd, opcode, true);
	if (ret) {
		trace_nvme_passthru_cancel(head->disk, ioucmd, opcode, ret);
		nvme_mpath_pt_end_tracked(ioucmd, ret, issue_flags);
	}
	return -EIOCBQUEUED;
}

static void nvme_mpath_pt_unpark(struct nvme_ns_head *head,
				 struct nvme_uring_cmd_pdu *pdu)
{
	struct io_uring_cmd *ioucmd = nvme_uring_cmd_of(pdu);

	lockdep_assert_held(&head->requeue_lock);

	list_del(&pdu->node);
	if (pdu->held)
		nvme_mpath_pt_note_unheld(head,
					  nvme_uring_kept(ioucmd)->fenced_at);
	else
		nvme_mpath_pt_note_unparked(head);
	nvme_mpath_pt_end_wait(ioucmd);
	pdu->state = NVME_MPATH_PT_STATE_RESUMED;
	/* node overlays it, and the next owner unmaps it */
	pdu->bio = NULL;
}

/**
 * nvme_mpath_pt_cancel - cancel a command
 * @head: its head
 * @ioucmd: the command, which is marked cancelable
 *
 * Task work completes a parked command: a ring that is closed while its task
 * lives on must not be posted to from here. A command that is not on the list
 * yet, or not any more, is only marked. One in flight is not cancelable.
 *
 * Context: ->uring_cmd() with IO_URING_F_CANCEL; holds the ring's lock.
 */
void nvme_mpath_pt_cancel(struct nvme_ns_head *head,
			  struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	enum nvme_mpath_pt_state state;

	spin_lock_irq(&head->requeue_lock);
	state = pdu->state;
	if (state == NVME_MPATH_PT_STATE_PARKED)
		nvme_mpath_pt_unpark(head, pdu);
	pdu->state = NVME_MPATH_PT_STATE_CANCELLED;
	spin_unlock_irq(&head->requeue_lock);

	/* not on the list yet: nvme_mpath_pt_park() still uses it */
	if (state == NVME_MPATH_PT_STATE_ACTIVE ||
	    state == NVME_MPATH_PT_STATE_CANCELLED)
		return;
	io_uring_cmd_unmark_cancelable(ioucmd);
	if (state == NVME_MPATH_PT_STATE_PARKED)
		nvme_uring_cmd_retry_in_task(ioucmd);
}

/**
 * nvme_mpath_pt_end_parked - complete a parked command at once
 * @head: its head
 * @ioucmd: the command, parked or not, of a ring with IORING_SETUP_IOPOLL
 *
 * On such a ring a completion is only noted here; the poller of the ring posts
 * it.
 *
 * Context: Holds the ring's lock.
 */
void nvme_mpath_pt_end_parked(struct nvme_ns_head *head,
			      struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	bool parked;

	spin_lock_irq(&head->requeue_lock);
	parked = pdu->state == NVME_MPATH_PT_STATE_PARKED;
	if (parked)
		nvme_mpath_pt_unpark(head, pdu);
	spin_unlock_irq(&head->requeue_lock);

	if (!parked)
		return;
	trace_nvme_passthru_cancel(head->disk, ioucmd,
				   nvme_uring_sqe(ioucmd)->opcode, -ECANCELED);
	nvme_mpath_pt_end_tracked(ioucmd, -ECANCELED, 0);
}

/*
 * Resume a command, or put it on @keep_on. Drops and takes head->requeue_lock: it
 * is not held while task work is queued.
 */
static void nvme_mpath_pt_keep_or_resume(struct nvme_ns_head *head,
					 struct nvme_uring_cmd_pdu *pdu,
					 struct list_head *keep_on)
	__must_hold(&head->requeue_lock)
{
	if (keep_on)
		list_move_tail(&pdu->node, keep_on);
	else
		nvme_mpath_pt_unpark(head, pdu);
	spin_unlock_irq(&head->requeue_lock);

	if (!keep_on)
		nvme_uring_cmd_retry_in_task(nvme_uring_cmd_of(pdu));
	cond_resched();

	spin_lock_irq(&head->requeue_lock);
}

/**
 * nvme_mpath_pt_requeue - resume the parked commands of a head
 * @head: the head
 *
 * Resumes only commands that were parked on entry; a command that is parked
 * again waits for the next event.
 *
 * Context: Process context; may reschedule.
 */
void nvme_mpath_pt_requeue(struct nvme_ns_head *head)
{
	struct nvme_uring_cmd_pdu *pdu;
	LIST_HEAD(batch);

	spin_lock_irq(&head->requeue_lock);
	list_splice_init(&head->passthru.parked, &batch);
	while (!list_empty(&batch)) {
		pdu = list_first_entry(&batch, struct nvme_uring_cmd_pdu, node);
		nvme_mpath_pt_keep_or_resume(head, pdu, NULL);
	}
	spin_unlock_irq(&head->requeue_lock);

	wake_up_all(&head->passthru.wait);
}

/*
 * Resume parked commands that have waited for too long. Their retry makes one
 * more attempt if a path is usable, and ends them where they would be parked
 * again. So do ioctls.
 *
 * The others go to the end of the list, but never off it: an event that comes
 * while the lock is dropped must find them. The count has waiting ioctls as well,
 * and both change meanwhile: some commands may be looked at twice, or next time.
 */
static void nvme_mpath_pt_resume_overdue(struct nvme_ns_head *head)
{
	unsigned int wait_secs = READ_ONCE(head->passthru.wait_secs);
	struct list_head *parked = &head->passthru.parked;
	struct nvme_uring_cmd_pdu *pdu;
	unsigned long waited;
	long left;

	if (!wait_secs)
		return;

	left = atomic_long_read(&head->passthru.counts[NVME_MPATH_PT_COUNT_PARKED]);
	spin_lock_irq(&head->requeue_lock);
	for (; left > 0 && !list_empty(parked); left--) {
		pdu = list_first_entry(parked, struct nvme_uring_cmd_pdu, node);
		waited = jiffies -
			nvme_uring_kept(nvme_uring_cmd_of(pdu))->waits_since;
		nvme_mpath_pt_keep_or_resume(head, pdu,
					     nvme_mpath_pt_is_overdue(wait_secs,
								      waited) ?
					     NULL : parked);
	}
	spin_unlock_irq(&head->requeue_lock);

	wake_up_all(&head->passthru.wait);
}

static void nvme_mpath_pt_recheck_work(struct work_struct *work)
{
	struct nvme_ns_head *head = container_of(to_delayed_work(work),
						 struct nvme_ns_head,
						 passthru.recheck);
	bool can_progress;
	int srcu_idx;

	WRITE_ONCE(head->passthru.short_since, 0);
	nvme_mpath_pt_resume_overdue(head);
	/*
	 * Pairs with nvme_mpath_pt_enqueue(): a command whose short-delay
	 * request saw short_since set is on the list.
	 */
	smp_mb();
	srcu_idx = srcu_read_lock(&head->srcu);
	can_progress = nvme_mpath_pt_can_progress(head);
	srcu_read_unlock(&head->srcu, srcu_idx);

	if (can_progress)
		nvme_mpath_pt_requeue(head);
	if (!list_empty(&head->passthru.parked) ||
	    wq_has_sleeper(&head->passthru.wait))
		nvme_mpath_pt_schedule_recheck(head,
					       NVME_MPATH_PT_RECHECK_LONG);
}

/*
 * Let a held command stay, or resume it: its time is over, nothing can prove
 * that it is, or a new setting or policy does not ask for it.
 */
static void nvme_mpath_pt_release_one(struct nvme_ns_head *head,
				      struct nvme_uring_cmd_pdu *pdu)
	__must_hold(&head->requeue_lock)
{
	long left = nvme_mpath_pt_must_hold(head, nvme_uring_cmd_of(pdu));

	if (left)
		nvme_mpath_pt_arm_release(head, left);
	nvme_mpath_pt_keep_or_resume(head, pdu,
				     left ? &head->passthru.held : NULL);
}

static void nvme_mpath_pt_release_work(struct work_struct *work)
{
	struct nvme_ns_head *head = container_of(to_delayed_work(work),
						 struct nvme_ns_head,
						 passthru.release);
	struct nvme_uring_cmd_pdu *pdu;
	LIST_HEAD(batch);

	spin_lock_irq(&head->requeue_lock);
	head->passthru.release_armed = false;
	list_splice_init(&head->passthru.held, &batch);
	while (!list_empty(&batch)) {
		pdu = list_first_entry(&batch, struct nvme_uring_cmd_pdu, node);
		nvme_mpath_pt_release_one(head, pdu);
	}
	spin_unlock_irq(&head->requeue_lock);
}

/**
 * nvme_mpath_pt_init_head - prepare a head for passthrough
 * @head: the head, not visible yet
 */
void nvme_mpath_pt_init_head(struct nvme_ns_head *head)
{
	INIT_LIST_HEAD(&head->passthru.parked);
	INIT_LIST_HEAD(&head->passthru.held);
	init_waitqueue_head(&head->passthru.wait);
	INIT_DELAYED_WORK(&head->passthru.recheck, nvme_mpath_pt_recheck_work);
	INIT_DELAYED_WORK(&head->passthru.release, nvme_mpath_pt_release_work);
	head->passthru.policy = nvme_mpath_pt_default_policy();
	head->passthru.delayed_retry = NVME_MPATH_PT_DELAYED_CQT;
}

/**
 * nvme_mpath_pt_exit_head - undo nvme_mpath_pt_init_head()
 * @head: the head, which no open file pins any more
 *
 * Context: May sleep.
 */
void nvme_mpath_pt_exit_head(struct nvme_ns_head *head)
{
	WARN_ON_ONCE(!list_empty(&head->passthru.parked));
	WARN_ON_ONCE(!list_empty(&head->passthru.held));
	cancel_delayed_work_sync(&head->passthru.recheck);
	cancel_delayed_work_sync(&head->passthru.release);
}
