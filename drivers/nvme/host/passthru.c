// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: io_uring passthrough on multipath heads
 *
 * The life of a command sent to /dev/ngXnY
 * ----------------------------------------
 * A command is one io_uring request from its submission to its one completion.
 * An attempt is one block layer request that carries it down one path::
 *
 *               first issue              path error, may go on
 *     SUBMITTER -------------> IN FLIGHT -------------------+
 *       | |                     |  ^                        v
 *       | |     completion, or  |  +--------------------- RETRY (task work)
 *       | |     may not go on   |                         | |  ^
 *       | |                     v                         | |  |
 *       | +------------------> DONE <---------------------+ |  |
 *       |   no path available        no path available,     |  |
 *       |                            may not go on,         |  |
 *       | no usable path,            cancelled, task or     |  |
 *       v one available              ring dead              |  |
 *     PARKED <----------------------------------------------+  |
 *       |             no usable path, or no room on it now     |
 *       |                                                      |
 *       +------------------------------------------------------+
 *              path back, some time later: nvme_passthru_requeue()
 *              task or ring dying: nvme_passthru_cancel()
 *
 * Whether a command may go on is for passthru_policy.c to say. What the policy
 * does not cover when it is submitted does not enter here: it is sent down a
 * path and left to its fate, as if there were none of all this.
 *
 * Each state has one owner, who alone may touch the command:
 *
 * SUBMITTER
 *	The issuing context: the task, its SQPOLL thread or io-wq worker.
 *	Before the first attempt the SQE's payload is copied to memory that the
 *	io_uring request already owns. All attempts read these bytes.
 *
 * IN FLIGHT
 *	The attempt's request. When it ends in a path error the block layer
 *	completes and frees it at once, in whatever context that happens, and
 *	with it go the tag and the references to queue and path. All that is
 *	left to do is to queue task work. That needs no memory and cannot fail,
 *	and neither reset nor removal of a controller waits for it to run.
 *
 * RETRY
 *	Task work in the submitter, under the ring's lock. It unmaps the pages
 *	of the failed attempt, as only there their mm is at hand, and then calls
 *	the function that the first submission called: nvme_ns_uring_cmd().
 *	Whoever ran out of tags or paths, or of memory that an attempt before
 *	had, is parked rather than told so.
 *
 * PARKED
 *	The head's list, under head->requeue_lock. Such a command has no
 *	request, no mapped pages and no reference to a path. It is cancelable
 *	and tracked by io_uring before it becomes visible on the list, so that
 *	it ends when the application cancels it, and with its task or ring,
 *	whichever goes first. To take it off the list is to own it:
 *	nvme_passthru_requeue() and nvme_passthru_cancel() race for that under
 *	the lock, and so does nvme_ns_head_chr_uring_cmd_iopoll(), as the end
 *	of an IOPOLL ring polls for its commands, and need not cancel them.
 *
 * DONE
 *	io_uring.
 *
 * The open file pins the head for as long as a command of it lives. The paths
 * are only looked at under head->srcu, which is never held while waiting for one.
 * The first attempt is made under it, as on a kernel without failover; whoever
 * makes another one holds its path instead.
 */

#include <linux/cred.h>
#include <linux/io_uring/cmd.h>
#include <linux/module.h>
#include <linux/nvme_ioctl.h>
#include <linux/sched/signal.h>
#include "nvme.h"
#include "trace.h"

static struct nvme_ns_head *nvme_passthru_head(struct io_uring_cmd *ioucmd)
{
	struct cdev *cdev = file_inode(ioucmd->file)->i_cdev;

	return container_of(cdev, struct nvme_ns_head, cdev);
}

/* Only for commands that have a copy of their SQE. */
static u8 nvme_passthru_opcode(struct io_uring_cmd *ioucmd)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);

	return cmd->opcode;
}

/**
 * nvme_passthru_look_in - see later whether parked commands have to wait on
 * @head: their head
 * @delay: NVME_PASSTHRU_LOOK_SOON or NVME_PASSTHRU_LOOK_LATER
 *
 * More who ask for a look soon put it off, though not beyond the later one: so
 * who was sent by the last look has had its turn before the next look sends more,
 * and the task can do something else between them. One for later puts off none.
 *
 * Context: Any.
 */
void nvme_passthru_look_in(struct nvme_ns_head *head, unsigned long delay)
{
	struct nvme_passthru *passthru = &head->passthru;
	unsigned long since;

	if (delay == NVME_PASSTHRU_LOOK_LATER) {
		queue_delayed_work(nvme_wq, &passthru->look, delay);
		return;
	}
	since = READ_ONCE(passthru->soon_since);
	if (!since)
		WRITE_ONCE(passthru->soon_since, jiffies ?: 1);
	else if (time_after_eq(jiffies, since + NVME_PASSTHRU_LOOK_LATER))
		return;
	mod_delayed_work(nvme_wq, &passthru->look, delay);
}

/**
 * nvme_passthru_wait_is_over - is there anything else to do than to wait?
 * @head: the head of a command that has no path
 *
 * Context: Any that may look at paths: under head->srcu.
 * Return: true if there is a usable path, or none that may become one.
 */
bool nvme_passthru_wait_is_over(struct nvme_ns_head *head)
{
	lockdep_assert(srcu_read_lock_held(&head->srcu));

	return nvme_find_path(head) || !nvme_available_path(head);
}

static struct nvme_passthru_kept *nvme_passthru_kept(struct io_uring_cmd *ioucmd)
{
	return io_uring_cmd_scratch(ioucmd);
}

/* The second result of a command that ends without another attempt. */
static u64 nvme_passthru_last_result(struct io_uring_cmd *ioucmd)
{
	return nvme_uring_cmd_pdu(ioucmd)->failovers ?
		nvme_passthru_kept(ioucmd)->result : 0;
}

/*
 * What a path would refuse whatever its state is not kept waiting for one. All
 * else is checked when there is one, on behalf of whoever has submitted it.
 */
static int nvme_passthru_check_parkable(struct nvme_ns_head *head,
					struct io_uring_cmd *ioucmd,
					unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);

	if (ioucmd->cmd_op != NVME_URING_CMD_IO &&
	    ioucmd->cmd_op != NVME_URING_CMD_IO_VEC)
		return -ENOTTY;
	if (cmd->nsid != head->ns_id)
		return -EINVAL;
	return cmd->data_len ? io_uring_cmd_keep_buffer(ioucmd, issue_flags) : 0;
}

/*
 * DONE from PARKED or from the way there. On an IOPOLL ring the request lives on
 * until somebody reaps it, and nobody would while its task waits in exit() for
 * what is tracked.
 */
static void nvme_passthru_end_tracked(struct io_uring_cmd *ioucmd, int res,
				      unsigned int issue_flags)
{
	io_uring_cmd_untrack(ioucmd);
	nvme_uring_cmd_done(ioucmd, res, nvme_passthru_last_result(ioucmd),
			    issue_flags);
}

/*
 * false: cancelled between io_uring_cmd_mark_cancelable() and now, or it came
 * too late for that, as an io-wq worker may.
 */
static bool nvme_passthru_add_parked(struct nvme_ns_head *head,
				     struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	bool cancelled;

	spin_lock_irq(&head->requeue_lock);
	cancelled = pdu->state == NVME_PASSTHRU_CANCELLED ||
		io_uring_cmd_in_cancel(ioucmd);
	if (!cancelled) {
		pdu->state = NVME_PASSTHRU_PARKED;
		pdu->failovers = !!pdu->failovers;
		list_add_tail(&pdu->node, &head->passthru.parked);
	}
	spin_unlock_irq(&head->requeue_lock);
	return !cancelled;
}

/*
 * Ends in PARKED, or in DONE with -EIO if no path is left to wait for.
 *
 * The check for an available path and the list_add are one SRCU section: the
 * removal of a head waits for those before it drains the list for the last time.
 * Other events do not wait. Hence the second look, when the command is on the
 * list: either it sees what the event has changed, or the event's requeue_work
 * sees the command.
 */
static int nvme_passthru_park(struct nvme_ns_head *head,
			      struct io_uring_cmd *ioucmd,
			      unsigned int issue_flags, unsigned long delay)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	u8 opcode = nvme_passthru_opcode(ioucmd);
	bool available;
	int srcu_idx, ret;

	ret = nvme_passthru_check_parkable(head, ioucmd, issue_flags);
	if (ret)
		return ret;

	/* what ->uring_cmd_iopoll() will see */
	WRITE_ONCE(pdu->hctx, NULL);
	io_uring_cmd_allow_app_cancel(ioucmd);
	io_uring_cmd_mark_cancelable(ioucmd, issue_flags);
	io_uring_cmd_track(ioucmd);

	srcu_idx = srcu_read_lock(&head->srcu);
	available = nvme_available_path(head);
	if (available)
		nvme_passthru_count_parked(head, ioucmd, opcode);
	if (available && !nvme_passthru_add_parked(head, ioucmd)) {
		ret = -ECANCELED;
		nvme_passthru_count_unparked(head);
		trace_nvme_passthru_cancel(head->disk, ioucmd, opcode, ret);
	} else if (available) {
		/*
		 * Pairs with the barriers of those who schedule requeue_work,
		 * and of the look: it sees the command, or we that it is over.
		 */
		smp_mb();
		nvme_passthru_look_in(head, delay);
		if (delay == NVME_PASSTHRU_LOOK_LATER &&
		    nvme_passthru_wait_is_over(head))
			kblockd_schedule_work(&head->requeue_work);
	}
	srcu_read_unlock(&head->srcu, srcu_idx);

	if (!available) {
		nvme_passthru_count_no_path(head, ioucmd, opcode);
		ret = -EIO;
	}
	if (ret) {
		nvme_passthru_end_tracked(ioucmd, ret, issue_flags);
	} else if (delay == NVME_PASSTHRU_LOOK_LATER) {
		nvme_mpath_count_no_usable_path(head);
		dev_warn_ratelimited(disk_to_dev(head->disk),
				     "no usable path - requeuing passthrough command %#04x\n",
				     opcode);
	}
	return -EIOCBQUEUED;
}

/* Hold a path beyond the SRCU section that it was found in, if it is not going. */
static struct nvme_ns *nvme_passthru_hold_path(struct nvme_ns *ns)
{
	if (!try_module_get(ns->ctrl->ops->module))
		return NULL;
	if (nvme_get_ns(ns))
		return ns;
	module_put(ns->ctrl->ops->module);
	return NULL;
}

/**
 * nvme_passthru_get_path - find a usable path, and hold it
 * @head: the head
 * @found: set to whether there was one, which may have been about to go
 *
 * For whoever may sleep on that path, in faults on memory of user space or in a
 * frozen queue: it keeps no other path from coming and going, as head->srcu
 * would. Nor is its transport unloaded meanwhile, which is needed to free it.
 *
 * Context: Process context.
 * Return: a path for nvme_passthru_put_path(), or NULL.
 */
struct nvme_ns *nvme_passthru_get_path(struct nvme_ns_head *head, bool *found)
{
	struct nvme_ns *ns;
	int srcu_idx;

	srcu_idx = srcu_read_lock(&head->srcu);
	ns = nvme_find_path(head);
	*found = ns;
	if (ns)
		ns = nvme_passthru_hold_path(ns);
	srcu_read_unlock(&head->srcu, srcu_idx);
	return ns;
}

/**
 * nvme_passthru_put_path - let a path go
 * @ns: what nvme_passthru_get_path() returned
 *
 * Context: May sleep.
 */
void nvme_passthru_put_path(struct nvme_ns *ns)
{
	struct module *transport = ns->ctrl->ops->module;

	nvme_put_ns(ns);
	module_put(transport);
}

/*
 * An attempt on @ns has found pages of user memory missing. They are waited for
 * with no more than that path held, which keeps no path from going or coming
 * back, not even this one. Only if they are gone again after that does the next
 * attempt wait for them with a tag. It takes the same path: another look would
 * make two steps of an iopolicy for one command.
 */
static int nvme_passthru_send_faulting(struct nvme_ns *ns,
				       struct io_uring_cmd *ioucmd,
				       unsigned int issue_flags,
				       unsigned int flags)
{
	int ret;

	nvme_uring_fault_in(ioucmd, issue_flags);
	ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags, flags);
	if (ret == -ENODEV)
		nvme_mpath_clear_current_path(ns);
	nvme_passthru_put_path(ns);
	return ret;
}

/*
 * An attempt that may sleep: that of an io-wq worker, or a retry. It holds its
 * path, not head->srcu: other paths come and go meanwhile, and what is waited
 * for may have to come from this head.
 */
static int nvme_passthru_send_held(struct nvme_ns_head *head,
				   struct io_uring_cmd *ioucmd,
				   unsigned int issue_flags,
				   unsigned int flags, bool *found)
{
	struct nvme_ns *ns;
	int ret;

	ns = nvme_passthru_get_path(head, found);
	if (!ns)
		return -ENODEV;
	if (flags & NVME_URING_RETRY)
		trace_nvme_passthru_retry(head->disk, ioucmd,
					  nvme_passthru_opcode(ioucmd),
					  ns->ctrl->instance);
	ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags,
				flags | NVME_URING_NOFAULT);
	if (ret == -EFAULT)
		return nvme_passthru_send_faulting(ns, ioucmd, issue_flags,
						   flags);
	if (ret == -ENODEV)
		nvme_mpath_clear_current_path(ns);
	nvme_passthru_put_path(ns);
	return ret;
}

/*
 * An attempt on the submit path. It is made under head->srcu, as on a kernel
 * without failover, and so must not wait for user memory: with -EFAULT the path
 * is handed on, held, to nvme_passthru_send_faulting().
 */
static __always_inline int nvme_passthru_send(struct nvme_ns_head *head,
					      struct io_uring_cmd *ioucmd,
					      unsigned int issue_flags,
					      bool *found, struct nvme_ns **held)
{
	int srcu_idx, ret = -ENODEV;
	struct nvme_ns *ns;

	srcu_idx = srcu_read_lock(&head->srcu);
	ns = nvme_find_path(head);
	*found = ns;
	if (likely(ns)) {
		ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags,
					NVME_URING_NOFAULT);
		if (unlikely(ret == -EFAULT)) {
			*held = nvme_passthru_hold_path(ns);
			if (!*held)
				ret = -ENODEV;
		}
		/* the queue died after the path had been chosen */
		if (unlikely(ret == -ENODEV))
			nvme_mpath_clear_current_path(ns);
	}
	srcu_read_unlock(&head->srcu, srcu_idx);
	return ret;
}

/* The first attempt was not made. Finds out what comes of the command. */
static noinline int nvme_passthru_not_sent(struct nvme_ns_head *head,
					   struct io_uring_cmd *ioucmd,
					   unsigned int issue_flags, int ret,
					   bool found)
{
	if (ret == -ENODEV) {
		/* with the rights of now, whatever the task may have then */
		io_uring_cmd_keep_creds(ioucmd);
		ret = nvme_passthru_park(head, ioucmd, issue_flags,
					 found ? NVME_PASSTHRU_LOOK_SOON :
						 NVME_PASSTHRU_LOOK_LATER);
	}
	/* io_uring issues it again, from an io-wq worker */
	if (ret == -EAGAIN)
		ioucmd->flags |= IORING_URING_CMD_REISSUE;
	return ret;
}

/*
 * The first attempt. -EIOCBQUEUED: the command has a new owner. Anything else:
 * it still has the old one, as nothing was started.
 */
static __always_inline int nvme_passthru_issue(struct nvme_ns_head *head,
					       struct io_uring_cmd *ioucmd,
					       unsigned int issue_flags)
{
	struct nvme_ns *ns;
	bool found;
	int ret;

	ret = nvme_passthru_send(head, ioucmd, issue_flags, &found, &ns);
	if (unlikely(ret == -EFAULT))
		ret = nvme_passthru_send_faulting(ns, ioucmd, issue_flags, 0);
	if (unlikely(ret != -EIOCBQUEUED))
		ret = nvme_passthru_not_sent(head, ioucmd, issue_flags, ret,
					     found);
	return ret;
}

/* The first attempt of an io-wq worker, which may wait for a tag and for memory. */
static int nvme_passthru_issue_iowq(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd,
				    unsigned int issue_flags)
{
	bool found;
	int ret;

	ret = nvme_passthru_send_held(head, ioucmd, issue_flags, 0, &found);
	if (ret != -EIOCBQUEUED)
		ret = nvme_passthru_not_sent(head, ioucmd, issue_flags, ret,
					     found);
	return ret;
}

/* Any other. */
static int nvme_passthru_issue_again(struct nvme_ns_head *head,
				     struct io_uring_cmd *ioucmd,
				     unsigned int issue_flags)
{
	bool found;
	int ret;

	ret = nvme_passthru_send_held(head, ioucmd, issue_flags,
				      NVME_URING_RETRY, &found);
	if (ret == -ENODEV)
		ret = nvme_passthru_park(head, ioucmd, issue_flags,
					 found ? NVME_PASSTHRU_LOOK_SOON :
						 NVME_PASSTHRU_LOOK_LATER);
	return ret;
}

/* Issue without failover: @no_path is the error if there is no usable path. */
static __always_inline int
nvme_passthru_issue_once(struct nvme_ns_head *head, struct io_uring_cmd *ioucmd,
			 unsigned int issue_flags, int no_path)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns *ns;
	bool found;
	int ret;

	pdu->state = NVME_PASSTHRU_NOT_COVERED;
	pdu->status = no_path;
	if (issue_flags & IO_URING_F_IOWQ)
		ret = nvme_passthru_send_held(head, ioucmd, issue_flags, 0,
					      &found);
	else
		ret = nvme_passthru_send(head, ioucmd, issue_flags, &found,
					 &ns);
	if (likely(ret == -EIOCBQUEUED))
		return ret;
	if (ret == -EFAULT && !(issue_flags & IO_URING_F_IOWQ))
		ret = nvme_passthru_send_faulting(ns, ioucmd, issue_flags, 0);
	/* a queue that died after its path had been chosen is as good as none */
	if (ret == -ENODEV && (!found || no_path == -EIO))
		ret = no_path;
	if (ret == -EAGAIN)
		ioucmd->flags |= IORING_URING_CMD_REISSUE;
	return ret;
}

static void nvme_passthru_unpark(struct nvme_ns_head *head,
				 struct nvme_uring_cmd_pdu *pdu)
{
	lockdep_assert_held(&head->requeue_lock);

	list_del(&pdu->node);
	nvme_passthru_count_unparked(head);
	pdu->state = NVME_PASSTHRU_LEAVING;
	/* the node lay where the next owner looks for pages to unmap */
	pdu->bio = NULL;
}

/*
 * From PARKED to RETRY and from there to DONE: a ring that is closed while its
 * task lives on may not be posted to from here. What has left the list already,
 * or is not there yet, has only to be told. What is in flight is not marked
 * cancelable.
 */
static void nvme_passthru_cancel(struct nvme_ns_head *head,
				 struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	enum nvme_passthru_state state;

	spin_lock_irq(&head->requeue_lock);
	state = pdu->state;
	if (state == NVME_PASSTHRU_PARKED)
		nvme_passthru_unpark(head, pdu);
	pdu->state = NVME_PASSTHRU_CANCELLED;
	spin_unlock_irq(&head->requeue_lock);

	/* on its way to the list: belongs to nvme_passthru_park(), even if told */
	if (state == NVME_PASSTHRU_NOT_PARKED ||
	    state == NVME_PASSTHRU_CANCELLED)
		return;
	io_uring_cmd_unmark_cancelable(ioucmd);
	if (state == NVME_PASSTHRU_PARKED)
		nvme_uring_cmd_retry_in_task(ioucmd);
}

/*
 * The application may reuse the array when its submission has returned. It is
 * as much of the command as the SQE is, so a copy of it is kept, too.
 */
static noinline int nvme_passthru_keep_iovec(struct io_uring_cmd *ioucmd,
					     unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u32 nr = cmd->data_len;
	struct iovec *iov;

	BUILD_BUG_ON(sizeof(struct nvme_passthru_kept) > IO_URING_CMD_SCRATCH);

	nvme_passthru_kept(ioucmd)->iov = NULL;
	if (!nr || !cmd->addr)
		return 0;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	iov = io_uring_cmd_extend(ioucmd, nr * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	nvme_passthru_kept(ioucmd)->iov = iov;
	/* the copy has moved */
	cmd = nvme_uring_sqe(ioucmd);
	return nvme_uring_copy_iovec(iov, cmd->addr, nr, issue_flags);
}

/* Start a command that the policy covers: nothing of it is read before here. */
static __always_inline int nvme_passthru_cover(struct io_uring_cmd *ioucmd,
					       unsigned int issue_flags,
					       bool compat)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	io_uring_cmd_keep_sqe(ioucmd, sizeof(struct nvme_uring_cmd));
	pdu->status = 0;
	pdu->doubt = 0;
	pdu->state = NVME_PASSTHRU_NOT_PARKED;
	pdu->failovers = 0;
	pdu->compat = compat;
	if (unlikely(ioucmd->cmd_op == NVME_URING_CMD_IO_VEC))
		return nvme_passthru_keep_iovec(ioucmd, issue_flags);
	return 0;
}

/* io_uring issues it again, as it got no tag at first: what covers it is known. */
static int nvme_passthru_reissue(struct nvme_ns_head *head,
				 struct io_uring_cmd *ioucmd,
				 unsigned int issue_flags)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	if (pdu->state == NVME_PASSTHRU_NOT_COVERED)
		return nvme_passthru_issue_once(head, ioucmd, issue_flags,
						pdu->status);
	if (issue_flags & IO_URING_F_IOWQ)
		return nvme_passthru_issue_iowq(head, ioucmd, issue_flags);
	return nvme_passthru_issue(head, ioucmd, issue_flags);
}

/* Whatever needs more thought than the policy of the head. */
static noinline int nvme_passthru_submit_odd(struct nvme_ns_head *head,
					     struct io_uring_cmd *ioucmd,
					     unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u8 head_policy, flags;
	int ret;

	if (issue_flags & IO_URING_F_CANCEL) {
		nvme_passthru_cancel(head, ioucmd);
		return 0;
	}

	ret = nvme_uring_cmd_checks(issue_flags);
	if (ret)
		return ret;
	if (ioucmd->flags & IORING_URING_CMD_REISSUE)
		return nvme_passthru_reissue(head, ioucmd, issue_flags);

	flags = READ_ONCE(cmd->flags);
	if (!nvme_passthru_flags_valid(flags))
		return -EINVAL;
	head_policy = READ_ONCE(head->passthru.policy);
	/* io_uring itself may issue it again, and not always keeps the SQE */
	if (flags)
		io_uring_cmd_keep_sqe(ioucmd, sizeof(*cmd));
	if (nvme_passthru_policy_of(head_policy, flags) == NVME_PASSTHRU_NONE)
		return nvme_passthru_issue_once(head, ioucmd, issue_flags,
				flags || head_policy != NVME_PASSTHRU_NONE ?
					-EIO : -EINVAL);

	ret = nvme_passthru_cover(ioucmd, issue_flags,
				  issue_flags & IO_URING_F_COMPAT);
	if (ret)
		return ret;
	if (issue_flags & IO_URING_F_IOWQ)
		return nvme_passthru_issue_iowq(head, ioucmd, issue_flags);
	return nvme_passthru_issue(head, ioucmd, issue_flags);
}

/**
 * nvme_ns_head_chr_uring_cmd - ->uring_cmd() of a multipath head's char device
 * @ioucmd: the command
 * @issue_flags: IO_URING_F_*
 *
 * Every command comes through here. So nothing is called but what a kernel
 * without failover would call, too.
 *
 * Context: Process context. Sleeps for a tag only without IO_URING_F_NONBLOCK,
 *	and never for a path. With IO_URING_F_CANCEL the ring's lock is held.
 * Return: -EIOCBQUEUED when the command will be completed later, -EAGAIN when
 *	it has to be issued from a context that may sleep, another negative
 *	value as its result.
 */
int nvme_ns_head_chr_uring_cmd(struct io_uring_cmd *ioucmd,
			       unsigned int issue_flags)
{
	const unsigned int odd = IO_URING_F_CANCEL | IO_URING_F_IOWQ |
				 IO_URING_F_COMPAT;
	const unsigned int all = odd | NVME_URING_CMD_BIG;
	struct nvme_ns_head *head = nvme_passthru_head(ioucmd);
	int ret;

	nvme_uring_cmd_poison(ioucmd, issue_flags);
	if (unlikely((issue_flags & all) != NVME_URING_CMD_BIG ||
		     READ_ONCE(nvme_uring_sqe(ioucmd)->flags)))
		return nvme_passthru_submit_odd(head, ioucmd, issue_flags);
	if (READ_ONCE(head->passthru.policy) == NVME_PASSTHRU_NONE)
		return nvme_passthru_issue_once(head, ioucmd, issue_flags,
						-EINVAL);
	ret = nvme_passthru_cover(ioucmd, issue_flags, false);
	if (unlikely(ret))
		return ret;
	return nvme_passthru_issue(head, ioucmd, issue_flags);
}

/*
 * For IOPOLL rings from PARKED to DONE: their completions are only noted here,
 * and posted by who polls the ring.
 */
static void nvme_passthru_end_parked(struct nvme_ns_head *head,
				     struct io_uring_cmd *ioucmd)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	bool parked;

	spin_lock_irq(&head->requeue_lock);
	parked = pdu->state == NVME_PASSTHRU_PARKED;
	if (parked)
		nvme_passthru_unpark(head, pdu);
	spin_unlock_irq(&head->requeue_lock);

	if (!parked)
		return;
	trace_nvme_passthru_cancel(head->disk, ioucmd,
				   nvme_passthru_opcode(ioucmd), -ECANCELED);
	nvme_passthru_end_tracked(ioucmd, -ECANCELED, 0);
}

/**
 * nvme_ns_head_chr_uring_cmd_iopoll - ->uring_cmd_iopoll() of a head's device
 * @ioucmd: the command, on its ring's list until it is DONE
 * @iob: batch for what is found complete
 * @poll_flags: BLK_POLL_*
 *
 * Only a first attempt is polled for. A retry completes by interrupt, and so by
 * task work, for which whoever polls the ring stops. Nor is a parked command
 * waited for in here; but the end of a ring polls for its commands, and not all
 * kernels cancel those of IOPOLL rings: so here they have to give up.
 *
 * The hardware queue that is polled lives as long as the queue of its path, whose
 * removal waits for head->srcu when no request is left. The request is not looked
 * at: it may be free, and in use for something else, at any moment.
 *
 * Context: Holds the ring's lock.
 * Return: how many were found complete, 0 if there is nothing to poll for.
 */
int nvme_ns_head_chr_uring_cmd_iopoll(struct io_uring_cmd *ioucmd,
				      struct io_comp_batch *iob,
				      unsigned int poll_flags)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns_head *head = nvme_passthru_head(ioucmd);
	int srcu_idx, ret;

	srcu_idx = srcu_read_lock(&head->srcu);
	ret = nvme_uring_cmd_poll(ioucmd, iob, poll_flags);
	srcu_read_unlock(&head->srcu, srcu_idx);

	if (unlikely(!ret && !READ_ONCE(pdu->hctx) &&
		     io_uring_cmd_is_dying(ioucmd)))
		nvme_passthru_end_parked(head, ioucmd);
	return ret;
}

/**
 * nvme_passthru_attempt_begins - note what an attempt is judged by when it ends
 * @attempt: filled in
 * @ctrl: its controller
 * @timeout: the time its caller gives it, in jiffies, or 0
 *
 * Context: Any.
 */
void nvme_passthru_attempt_begins(struct nvme_passthru_attempt *attempt,
				  struct nvme_ctrl *ctrl, unsigned int timeout)
{
	attempt->generation = READ_ONCE(ctrl->generation);
	attempt->started = jiffies;
	attempt->timeout = timeout;
}

/*
 * Not every transport marks what it cancels. What a controller answers has
 * another status, however late it comes.
 */
static bool nvme_passthru_host_aborted(struct request *req)
{
	return nvme_req(req)->flags & NVME_REQ_CANCELLED ||
		(nvme_req(req)->status & NVME_SCT_SC_MASK) ==
			NVME_SC_HOST_ABORTED_CMD;
}

/**
 * nvme_passthru_attempt_ended - find out whether an attempt failed for its path
 * @attempt: filled in, but for what nvme_passthru_attempt_begins() has set
 * @req: its request, which has ended and is not free yet
 *
 * If it did so, the multipath code is told. A request that ended without a
 * status was thrown out before it got anywhere: the fault of the path if that is
 * about to go, or its controller was reset since the attempt began, a fault of
 * the request otherwise. An attempt that has used up a time of its own is not
 * the fault of the path.
 *
 * Context: Any, including hard interrupt.
 */
void nvme_passthru_attempt_ended(struct nvme_passthru_attempt *attempt,
				 struct request *req)
{
	struct nvme_ctrl *ctrl = nvme_req(req)->ctrl;
	u16 status = nvme_req(req)->status;

	attempt->made = true;
	attempt->opcode = nvme_req(req)->cmd->common.opcode;
	attempt->status = status;
	attempt->ctrl_id = ctrl->instance;
	/*
	 * blk_mq_start_request() starts the timer, and nothing else does. Where
	 * jiffies are short a deadline may be 0: do not trust it there.
	 */
	attempt->sent = BITS_PER_LONG == 32 || READ_ONCE(req->deadline);

	attempt->timed_out = nvme_passthru_host_aborted(req) &&
		nvme_passthru_timed_out(attempt->started, attempt->timeout,
					jiffies);
	if (attempt->timed_out)
		attempt->path_error = false;
	else if (status)
		attempt->path_error = nvme_is_path_error(status) &&
			!(status & NVME_STATUS_DNR);
	else
		attempt->path_error = blk_queue_dying(req->q) ||
			nvme_ctrl_state(ctrl) != NVME_CTRL_LIVE ||
			READ_ONCE(ctrl->generation) != attempt->generation;
	if (attempt->path_error)
		nvme_mpath_path_error(req->q->queuedata, status);
}

/*
 * Asked twice for each failover: when the attempt has failed, and by the policy
 * of that moment, before the next one is made. An attempt that is in doubt
 * decides for good, whatever becomes of later ones.
 */
static bool nvme_passthru_may_go_on(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u16 doubt = nvme_uring_cmd_pdu(ioucmd)->doubt;

	return nvme_passthru_may_resend(READ_ONCE(head->passthru.policy),
					cmd->flags, head->ids.csi, cmd->opcode,
					doubt, doubt);
}

/**
 * nvme_passthru_failover - take a command from its failed attempt
 * @req: the attempt, in its ->end_io(), with an error
 *
 * Passthrough requests are failfast, so the completion handler never retries
 * them locally; and it may complete them in a batch, without a look at their
 * status. Here is the one place that all of them come through.
 *
 * Context: Any, including hard interrupt.
 * Return: true if the command went to RETRY, and @req is free. false if both
 *	are still the caller's, as they always are of commands not covered.
 */
bool nvme_passthru_failover(struct request *req)
{
	struct io_uring_cmd *ioucmd = req->end_io_data;
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_passthru_attempt attempt;
	struct nvme_passthru_kept *kept;
	struct nvme_ns_head *head;
	unsigned int timeout_ms;

	if (pdu->state == NVME_PASSTHRU_NOT_COVERED)
		return false;

	head = nvme_passthru_head(ioucmd);
	kept = nvme_passthru_kept(ioucmd);
	timeout_ms = nvme_uring_sqe(ioucmd)->timeout_ms;
	/*
	 * A request that ends without a status does so where it is dispatched,
	 * which a reset waits for: the state of its controller is that of then.
	 */
	attempt.generation = READ_ONCE(nvme_req(req)->ctrl->generation);
	attempt.timeout = msecs_to_jiffies(timeout_ms);
	attempt.started = timeout_ms ? kept->started : 0;
	nvme_passthru_attempt_ended(&attempt, req);
	if (!attempt.path_error) {
		/* it ends as without failover; see nvme_uring_cmd_end_io() */
		if (attempt.timed_out)
			pdu->state = NVME_PASSTHRU_NOT_COVERED;
		return false;
	}

	pdu->status = attempt.status;
	if (nvme_passthru_in_doubt(attempt.status, attempt.sent))
		pdu->doubt = attempt.status ?: NVME_SC_HOST_ABORTED_CMD;
	if (!nvme_passthru_may_go_on(head, ioucmd)) {
		nvme_passthru_count_refused(head, ioucmd, attempt.opcode,
					    attempt.status);
		return false;
	}

	nvme_mpath_count_failover(req->q->queuedata);
	nvme_passthru_count_failover(head, ioucmd, &attempt);
	pdu->failovers = pdu->failovers ? 2 : 1;
	kept->result = pdu->result;
	/* first, so that the retry finds a tag, and nothing waits for it */
	blk_mq_free_request(req);
	nvme_uring_cmd_retry_in_task(ioucmd);
	return true;
}

/* DONE without another attempt, if there has to be an end to it. */
static bool nvme_passthru_ends(struct nvme_ns_head *head,
			       struct io_uring_cmd *ioucmd,
			       unsigned int issue_flags, bool cancelled)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	u8 opcode = nvme_passthru_opcode(ioucmd);
	int res;

	if (cancelled || io_uring_cmd_in_cancel(ioucmd)) {
		res = -ECANCELED;
		trace_nvme_passthru_cancel(head->disk, ioucmd, opcode, res);
	} else if (!nvme_passthru_may_go_on(head, ioucmd)) {
		res = pdu->status ?: -EIO;
		nvme_passthru_count_refused(head, ioucmd, opcode, res);
	} else {
		return false;
	}
	nvme_uring_cmd_done(ioucmd, res, nvme_passthru_last_result(ioucmd),
			    issue_flags);
	return true;
}

/**
 * nvme_passthru_retry - start the next attempt of a command
 * @ioucmd: the command, in state RETRY
 * @issue_flags: what io_uring gave the task work
 * @dead: the submitting task or the ring is going away
 *
 * The first failover goes out at once. From the second one on a command is
 * parked for a moment first, so that a path that fails whatever it is given
 * cannot keep the task in here for ever.
 *
 * Context: Task work of the submitter, or the ring's fallback worker if @dead.
 *	Holds the ring's lock, so it must not wait for tags or paths.
 */
void nvme_passthru_retry(struct io_uring_cmd *ioucmd, unsigned int issue_flags,
			 bool dead)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns_head *head = nvme_passthru_head(ioucmd);
	const struct cred *creds;
	int ret = -EAGAIN;

	if (pdu->compat)
		issue_flags |= IO_URING_F_COMPAT;

	/* with more and more to be sent, a task that was killed never got to die */
	if (pdu->state == NVME_PASSTHRU_CANCELLED ||
	    fatal_signal_pending(current))
		dead = true;
	pdu->state = NVME_PASSTHRU_NOT_PARKED;
	io_uring_cmd_unmark_cancelable(ioucmd);
	io_uring_cmd_untrack(ioucmd);
	if (pdu->bio) {
		blk_rq_unmap_user(pdu->bio);
		pdu->bio = NULL;
	}

	if (nvme_passthru_ends(head, ioucmd, issue_flags, dead))
		return;

	if (pdu->failovers < 2) {
		creds = io_uring_cmd_override_creds(ioucmd);
		ret = nvme_passthru_issue_again(head, ioucmd, issue_flags |
						IO_URING_F_NONBLOCK);
		if (creds)
			revert_creds(creds);
	}
	/* an attempt was mapped before: this is for want of memory just now */
	if (ret == -EAGAIN || (ret == -ENOMEM && pdu->failovers))
		ret = nvme_passthru_park(head, ioucmd, issue_flags,
					 NVME_PASSTHRU_LOOK_SOON);
	if (ret != -EIOCBQUEUED)
		nvme_uring_cmd_done(ioucmd, ret, 0, issue_flags);
}

/**
 * nvme_passthru_requeue - send the parked commands of a head to RETRY
 * @head: the head
 *
 * Goes once through what is on the list now: what is parked again meanwhile
 * waits for the next event. Only the state is changed under the lock; a
 * command taken off the list belongs to us until its task work is queued.
 *
 * Context: Process context; may sleep, though it does not wait.
 */
void nvme_passthru_requeue(struct nvme_ns_head *head)
{
	struct nvme_uring_cmd_pdu *pdu;
	struct io_uring_cmd *ioucmd;
	LIST_HEAD(batch);

	spin_lock_irq(&head->requeue_lock);
	list_splice_init(&head->passthru.parked, &batch);
	while (!list_empty(&batch)) {
		pdu = list_first_entry(&batch, struct nvme_uring_cmd_pdu, node);
		nvme_passthru_unpark(head, pdu);
		spin_unlock_irq(&head->requeue_lock);

		ioucmd = container_of((void *)pdu, struct io_uring_cmd, pdu);
		nvme_uring_cmd_retry_in_task(ioucmd);
		cond_resched();

		spin_lock_irq(&head->requeue_lock);
	}
	spin_unlock_irq(&head->requeue_lock);

	wake_up_all(&head->passthru.wait);
}

static void nvme_passthru_look_work(struct work_struct *work)
{
	struct nvme_ns_head *head = container_of(to_delayed_work(work),
					struct nvme_ns_head, passthru.look);
	bool over;
	int srcu_idx;

	WRITE_ONCE(head->passthru.soon_since, 0);
	/* pairs with nvme_passthru_park(): who did not find 0 is on the list */
	smp_mb();
	srcu_idx = srcu_read_lock(&head->srcu);
	over = nvme_passthru_wait_is_over(head);
	srcu_read_unlock(&head->srcu, srcu_idx);

	if (over)
		nvme_passthru_requeue(head);
	if (!list_empty(&head->passthru.parked) ||
	    wq_has_sleeper(&head->passthru.wait))
		nvme_passthru_look_in(head, NVME_PASSTHRU_LOOK_LATER);
}

/**
 * nvme_passthru_init_head - before the first command
 * @head: the head, not visible yet
 */
void nvme_passthru_init_head(struct nvme_ns_head *head)
{
	INIT_LIST_HEAD(&head->passthru.parked);
	init_waitqueue_head(&head->passthru.wait);
	INIT_DELAYED_WORK(&head->passthru.look, nvme_passthru_look_work);
	head->passthru.policy = nvme_passthru_default_policy();
}

/**
 * nvme_passthru_exit_head - after the last command
 * @head: the head, which no open file pins any more
 *
 * Context: May sleep.
 */
void nvme_passthru_exit_head(struct nvme_ns_head *head)
{
	WARN_ON_ONCE(!list_empty(&head->passthru.parked));
	cancel_delayed_work_sync(&head->passthru.look);
}
