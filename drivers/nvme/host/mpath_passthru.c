// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: io_uring passthrough on multipath heads
 *
 * The life of a command sent to /dev/ngXnY
 * ----------------------------------------
 * A command is one io_uring request, from its submission to its one completion.
 * An attempt is one block layer request, which carries the command down one
 * path::
 *
 *               first issue              path error, may retry
 *      SUBMIT ---------------> IN FLIGHT -------------------+
 *       | |                     |  ^                        v
 *       | |     completion, or  |  +--------------------- RETRY (task work)
 *       | |     may not retry   |                         | |  ^
 *       | |                     v                         | |  |
 *       | +------------------> DONE <---------------------+ |  |
 *       |   no path available        no path available,     |  |
 *       |                            may not retry, waited  |  |
 *       | no usable path,            too long, cancelled,   |  |
 *       v one available              task or ring dead      |  |
 *     PARKED <----------------------------------------------+  |
 *       |             no usable path, tag or memory            |
 *       |                                                      |
 *       +------------------------------------------------------+
 *              path back, or recheck: nvme_mpath_pt_requeue()
 *              task or ring dying: nvme_mpath_pt_cancel()
 *
 * mpath_passthru_policy.c decides whether a command may retry. A command that
 * no policy covers at its submission is sent down a path without any of this:
 * its state is UNCOVERED, and it ends as without failover. A command whose own
 * timeout has expired becomes UNCOVERED as well.
 *
 * In each part of its life a command has one owner, and only the owner may
 * touch it, with two exceptions: cancellation sets pdu->state, and pollers of
 * an IOPOLL ring read pdu->hctx. The state tells the parts apart where another
 * context has to know. head->requeue_lock protects it until the command leaves
 * the list; in RETRY the ring's lock keeps cancellation out.
 *
 * SUBMIT, state ACTIVE; CANCELLED if it is cancelled while it is being parked
 *	Owner: the issuing context, which is the task, its SQPOLL thread or an
 *	io-wq worker. Before the first attempt the SQE's payload and an iovec
 *	array are copied to memory of the io_uring request. All attempts read
 *	the copy.
 *
 * IN FLIGHT, state ACTIVE
 *	Owner: the request of the attempt. If it ends with a path error, the
 *	block layer completes and frees it at once, in the context of the
 *	completion, and with it the tag and the references to queue and path.
 *	Then task work is queued, which needs no memory and cannot fail. Reset
 *	and removal of a controller do not wait for the task work to run.
 *
 * RETRY, state ACTIVE or RESUMED; CANCELLED if it was cancelled meanwhile
 *	Owner: task work of the submitter, under the ring's lock. It unmaps the
 *	pages of the failed attempt, since only there their mm is at hand, and
 *	calls the function that the first submission called,
 *	nvme_ns_uring_cmd(). A retry that gets no tag, path or memory is parked,
 *	not failed.
 *
 * PARKED, state PARKED
 *	Owner: the head's list, under head->requeue_lock. The command has no
 *	request, no mapped pages and no reference to a path. io_uring can cancel
 *	it and tracks it before it is visible on the list, so that it ends with
 *	its task or its ring, whichever goes first. The context that takes it
 *	off the list owns it and makes it RESUMED: nvme_mpath_pt_requeue(),
 *	nvme_mpath_pt_cancel() and nvme_mpath_pt_end_parked() race for it under
 *	the lock.
 *
 * An old controller may execute a command that its host has aborted until it
 * notices that the host is gone. Where passthru_delayed_retry asks for it, a
 * command that changes data is PARKED on another list before it goes on, until
 * that cannot happen any more: it is held. mpath_passthru_fence.c says how long.
 *
 * DONE
 *	Owner: io_uring.
 *
 * The open file pins the head as long as one of its commands lives. head->srcu
 * protects the paths; it is never held while waiting for one. The first attempt
 * of a submitting task is made under head->srcu, as without failover. All other
 * attempts hold a reference to their path instead.
 */

#include <linux/cred.h>
#include <linux/io_uring/cmd.h>
#include <linux/nvme_ioctl.h>
#include <linux/sched/signal.h>
#include "nvme.h"
#include "uring_cmd.h"
#include "trace.h"

/* Returns NULL if the path is being removed. */
static struct nvme_ns *nvme_mpath_pt_hold_path(struct nvme_ns *ns)
{
	if (!try_module_get(ns->ctrl->ops->module))
		return NULL;
	if (nvme_get_ns(ns))
		return ns;
	module_put(ns->ctrl->ops->module);
	return NULL;
}

/**
 * nvme_mpath_pt_get_path - find a usable path, and hold it
 * @head: the head
 * @found: set to whether a path was found; it may be on its way out
 *
 * For callers that may sleep on the path, in page faults or in a frozen queue.
 * Unlike head->srcu the reference does not delay the removal or the return of
 * other paths. It also pins the transport module, which has to free the path.
 *
 * Context: Process context.
 * Return: a path for nvme_mpath_pt_put_path(), or NULL.
 */
struct nvme_ns *nvme_mpath_pt_get_path(struct nvme_ns_head *head, bool *found)
{
	struct nvme_ns *ns;
	int srcu_idx;

	srcu_idx = srcu_read_lock(&head->srcu);
	ns = nvme_find_path(head);
	*found = ns;
	if (ns)
		ns = nvme_mpath_pt_hold_path(ns);
	srcu_read_unlock(&head->srcu, srcu_idx);
	return ns;
}

/**
 * nvme_mpath_pt_put_path - drop the reference of nvme_mpath_pt_get_path()
 * @ns: the path
 *
 * Context: May sleep.
 */
void nvme_mpath_pt_put_path(struct nvme_ns *ns)
{
	struct module *transport = ns->ctrl->ops->module;

	nvme_put_ns(ns);
	module_put(transport);
}

/*
 * An attempt on @ns returned -EFAULT: a page is missing, the command has
 * metadata, or an address is bad. Wait for pages with only a reference to the
 * path, which may go and come back meanwhile; if they are evicted again, the
 * next attempt waits for them with a tag. Stay on this path: choosing again
 * would advance the iopolicy twice for one command.
 */
static int nvme_mpath_pt_send_faulting(struct nvme_ns *ns,
				       struct io_uring_cmd *ioucmd,
				       unsigned int issue_flags,
				       unsigned int flags)
{
	int ret;

	nvme_uring_fault_in(ns, ioucmd, issue_flags);
	ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags, flags);
	if (ret == -ENODEV)
		nvme_mpath_clear_current_path(ns);
	nvme_mpath_pt_put_path(ns);
	return ret;
}

/*
 * Attempts that may sleep, of io-wq workers and retries. Hold the path, not
 * head->srcu: faulting user pages may need I/O on this head.
 */
static int nvme_mpath_pt_send_held(struct nvme_ns_head *head,
				   struct io_uring_cmd *ioucmd,
				   unsigned int issue_flags,
				   unsigned int flags, bool *found)
{
	struct nvme_ns *ns;
	int ret;

	ns = nvme_mpath_pt_get_path(head, found);
	if (!ns)
		return -ENODEV;
	if (flags & NVME_URING_RETRY)
		trace_nvme_passthru_retry(head->disk, ioucmd,
					  nvme_uring_sqe(ioucmd)->opcode,
					  ns->ctrl->instance);
	ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags,
				flags | NVME_URING_NOFAULT);
	if (ret == -EFAULT)
		return nvme_mpath_pt_send_faulting(ns, ioucmd, issue_flags,
						   flags);
	if (ret == -ENODEV)
		nvme_mpath_clear_current_path(ns);
	nvme_mpath_pt_put_path(ns);
	return ret;
}

/* An attempt under head->srcu was not started: see nvme_mpath_pt_send(). */
static noinline int nvme_mpath_pt_send_failed(struct nvme_ns *ns, int ret,
					      struct nvme_ns **held)
{
	if (ret == -EFAULT) {
		*held = nvme_mpath_pt_hold_path(ns);
		if (!*held)
			ret = -ENODEV;
	}
	/* the queue died after the path had been chosen */
	if (ret == -ENODEV)
		nvme_mpath_clear_current_path(ns);
	return ret;
}

/*
 * An attempt on the submit path, under head->srcu. It must not wait for user
 * pages there: on -EFAULT it returns the path in @held, with a reference, for
 * nvme_mpath_pt_send_faulting().
 */
static __always_inline int nvme_mpath_pt_send(struct nvme_ns_head *head,
					      struct io_uring_cmd *ioucmd,
					      unsigned int issue_flags,
					      bool *found,
					      struct nvme_ns **held)
{
	int srcu_idx, ret = -ENODEV;
	struct nvme_ns *ns;

	srcu_idx = srcu_read_lock(&head->srcu);
	ns = nvme_find_path(head);
	*found = ns;
	if (likely(ns)) {
		ret = nvme_ns_uring_cmd(ns, ioucmd, issue_flags,
					NVME_URING_NOFAULT);
		if (unlikely(ret != -EIOCBQUEUED))
			ret = nvme_mpath_pt_send_failed(ns, ret, held);
	}
	srcu_read_unlock(&head->srcu, srcu_idx);
	return ret;
}

static unsigned long nvme_mpath_pt_recheck_delay(bool found)
{
	return found ? NVME_MPATH_PT_RECHECK_SHORT : NVME_MPATH_PT_RECHECK_LONG;
}

/* The first attempt was not started: park the command, or return its result. */
static noinline int nvme_mpath_pt_not_sent(struct nvme_ns_head *head,
					   struct io_uring_cmd *ioucmd,
					   unsigned int issue_flags, int ret,
					   bool found)
{
	if (ret == -ENODEV) {
		/* the task may have other rights when a path is back */
		io_uring_cmd_keep_creds(ioucmd);
		ret = nvme_mpath_pt_park(head, ioucmd, issue_flags,
					 nvme_mpath_pt_recheck_delay(found));
	}
	/* io_uring issues it again, from an io-wq worker */
	if (ret == -EAGAIN)
		ioucmd->flags |= IORING_URING_CMD_REISSUE;
	return ret;
}

/*
 * The first attempt. Returns -EIOCBQUEUED if the command has a new owner;
 * otherwise nothing was started, and the caller still owns it.
 */
static __always_inline int nvme_mpath_pt_issue(struct nvme_ns_head *head,
					       struct io_uring_cmd *ioucmd,
					       unsigned int issue_flags)
{
	struct nvme_ns *ns;
	bool found;
	int ret;

	ret = nvme_mpath_pt_send(head, ioucmd, issue_flags, &found, &ns);
	if (unlikely(ret == -EFAULT))
		ret = nvme_mpath_pt_send_faulting(ns, ioucmd, issue_flags, 0);
	if (unlikely(ret != -EIOCBQUEUED))
		ret = nvme_mpath_pt_not_sent(head, ioucmd, issue_flags, ret,
					     found);
	return ret;
}

/* The first attempt of an io-wq worker, which may wait for a tag and memory. */
static int nvme_mpath_pt_issue_iowq(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd,
				    unsigned int issue_flags)
{
	bool found;
	int ret;

	ret = nvme_mpath_pt_send_held(head, ioucmd, issue_flags, 0, &found);
	if (ret != -EIOCBQUEUED)
		ret = nvme_mpath_pt_not_sent(head, ioucmd, issue_flags, ret,
					     found);
	return ret;
}

/* The first attempt, off the hot path. */
static int nvme_mpath_pt_issue_slow(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd,
				    unsigned int issue_flags)
{
	if (issue_flags & IO_URING_F_IOWQ)
		return nvme_mpath_pt_issue_iowq(head, ioucmd, issue_flags);
	return nvme_mpath_pt_issue(head, ioucmd, issue_flags);
}

/* Later attempts. */
static int nvme_mpath_pt_issue_again(struct nvme_ns_head *head,
				     struct io_uring_cmd *ioucmd,
				     unsigned int issue_flags)
{
	bool found;
	int ret;

	ret = nvme_mpath_pt_send_held(head, ioucmd, issue_flags,
				      NVME_URING_RETRY, &found);
	if (ret == -ENODEV)
		ret = nvme_mpath_pt_park(head, ioucmd, issue_flags,
					 nvme_mpath_pt_recheck_delay(found));
	return ret;
}

/* Issue without failover. @no_path is the error if no path is usable. */
static __always_inline int
nvme_mpath_pt_issue_no_failover(struct nvme_ns_head *head,
				struct io_uring_cmd *ioucmd,
				unsigned int issue_flags, int no_path)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns *ns;
	bool found;
	int ret;

	pdu->state = NVME_MPATH_PT_STATE_UNCOVERED;
	pdu->status = no_path;
	if (issue_flags & IO_URING_F_IOWQ)
		ret = nvme_mpath_pt_send_held(head, ioucmd, issue_flags, 0,
					      &found);
	else
		ret = nvme_mpath_pt_send(head, ioucmd, issue_flags, &found,
					 &ns);
	if (likely(ret == -EIOCBQUEUED))
		return ret;
	if (ret == -EFAULT && !(issue_flags & IO_URING_F_IOWQ))
		ret = nvme_mpath_pt_send_faulting(ns, ioucmd, issue_flags, 0);
	/* with FAILFAST, a queue that died meanwhile counts as no path */
	if (ret == -ENODEV && (!found || no_path == -EIO))
		ret = no_path;
	if (ret == -EAGAIN)
		ioucmd->flags |= IORING_URING_CMD_REISSUE;
	return ret;
}

/*
 * Most arrays have one entry: keep that in the copy of the SQE, without memory for an
 * array. False where a command that is not vectored would be treated differently.
 */
static bool nvme_mpath_pt_keep_one_iovec(struct io_uring_cmd *ioucmd,
					 const struct iovec *iov)
{
	/* the copy, which belongs to the command since nvme_mpath_pt_cover() */
	struct nvme_uring_cmd *cmd = (void *)nvme_uring_sqe(ioucmd);

	if (ioucmd->flags & IORING_URING_CMD_FIXED || !iov->iov_base ||
	    !iov->iov_len)
		return false;
	cmd->addr = (uintptr_t)iov->iov_base;
	cmd->data_len = min_t(size_t, iov->iov_len, MAX_RW_COUNT);
	nvme_uring_cmd_pdu(ioucmd)->one_iovec = true;
	return true;
}

/*
 * The iovec array is part of the command: the application may reuse it when the
 * submission has returned.
 */
static noinline int nvme_mpath_pt_keep_iovec(struct io_uring_cmd *ioucmd,
					     unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u32 nr = cmd->data_len;
	struct iovec *iov, one;
	int ret;

	BUILD_BUG_ON(sizeof(struct nvme_uring_kept) > IO_URING_CMD_SCRATCH);

	nvme_uring_kept(ioucmd)->iov = NULL;
	if (!nr || !cmd->addr)
		return 0;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (nr == 1) {
		ret = nvme_uring_copy_iovec(&one, cmd->addr, 1, issue_flags);
		if (ret || nvme_mpath_pt_keep_one_iovec(ioucmd, &one))
			return ret;
	}
	iov = io_uring_cmd_extend(ioucmd, nr * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	nvme_uring_kept(ioucmd)->iov = iov;
	if (nr == 1) {
		*iov = one;
		return 0;
	}
	/* io_uring_cmd_extend() moved the copy */
	cmd = nvme_uring_sqe(ioucmd);
	return nvme_uring_copy_iovec(iov, cmd->addr, nr, issue_flags);
}

/* Let a policy cover a command: set all that later attempts read. */
static __always_inline int nvme_mpath_pt_cover(struct io_uring_cmd *ioucmd,
					       unsigned int issue_flags,
					       bool compat)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	io_uring_cmd_keep_sqe(ioucmd, sizeof(struct nvme_uring_cmd));
	pdu->status = 0;
	pdu->maybe_executed = 0;
	pdu->state = NVME_MPATH_PT_STATE_ACTIVE;
	pdu->failed_over = false;
	pdu->park_first = false;
	pdu->fenced = false;
	pdu->has_waited = false;
	pdu->compat = compat;
	pdu->one_iovec = false;
	if (unlikely(ioucmd->cmd_op == NVME_URING_CMD_IO_VEC))
		return nvme_mpath_pt_keep_iovec(ioucmd, issue_flags);
	return 0;
}

/* io_uring issues the command again since it got no tag. The pdu is set. */
static int nvme_mpath_pt_reissue(struct nvme_ns_head *head,
				 struct io_uring_cmd *ioucmd,
				 unsigned int issue_flags)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);

	if (pdu->state == NVME_MPATH_PT_STATE_UNCOVERED)
		return nvme_mpath_pt_issue_no_failover(head, ioucmd,
						       issue_flags,
						       pdu->status);
	return nvme_mpath_pt_issue_slow(head, ioucmd, issue_flags);
}

/* Slow path: cancel, io-wq, compat, command flags. */
static noinline int nvme_mpath_pt_submit_slow(struct nvme_ns_head *head,
					      struct io_uring_cmd *ioucmd,
					      unsigned int issue_flags)
{
	const struct nvme_uring_cmd *cmd = nvme_uring_sqe(ioucmd);
	u8 head_policy, policy, flags;
	int ret;

	if (issue_flags & IO_URING_F_CANCEL) {
		nvme_mpath_pt_cancel(head, ioucmd);
		return 0;
	}

	ret = nvme_uring_cmd_checks(issue_flags);
	if (ret)
		return ret;
	if (ioucmd->flags & IORING_URING_CMD_REISSUE)
		return nvme_mpath_pt_reissue(head, ioucmd, issue_flags);

	flags = READ_ONCE(cmd->flags);
	if (!nvme_mpath_pt_flags_valid(flags))
		return -EINVAL;
	head_policy = READ_ONCE(head->passthru.policy);
	/* io_uring may issue it again, and does not always keep the SQE */
	if (flags)
		io_uring_cmd_keep_sqe(ioucmd, sizeof(*cmd));
	policy = nvme_mpath_pt_effective_policy(head_policy, flags);
	if (policy == NVME_MPATH_PT_POLICY_NONE) {
		bool stock = !flags && head_policy == NVME_MPATH_PT_POLICY_NONE;

		return nvme_mpath_pt_issue_no_failover(head, ioucmd,
						       issue_flags,
						       stock ? -EINVAL : -EIO);
	}

	ret = nvme_mpath_pt_cover(ioucmd, issue_flags,
				  issue_flags & IO_URING_F_COMPAT);
	if (ret)
		return ret;
	return nvme_mpath_pt_issue_slow(head, ioucmd, issue_flags);
}

/**
 * nvme_ns_head_chr_uring_cmd - ->uring_cmd() of a multipath head's char device
 * @ioucmd: the command
 * @issue_flags: IO_URING_F_*
 *
 * Hot path: adds no function call but io_uring_cmd_keep_sqe().
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
	const unsigned int slow = IO_URING_F_CANCEL | IO_URING_F_IOWQ |
				  IO_URING_F_COMPAT;
	const unsigned int mask = slow | NVME_URING_CMD_BIG;
	struct nvme_ns_head *head = nvme_uring_cmd_head(ioucmd);
	int ret;

	nvme_uring_cmd_poison(ioucmd, issue_flags);
	if (unlikely((issue_flags & mask) != NVME_URING_CMD_BIG ||
		     READ_ONCE(nvme_uring_sqe(ioucmd)->flags)))
		return nvme_mpath_pt_submit_slow(head, ioucmd, issue_flags);
	if (READ_ONCE(head->passthru.policy) == NVME_MPATH_PT_POLICY_NONE)
		return nvme_mpath_pt_issue_no_failover(head, ioucmd,
						       issue_flags, -EINVAL);
	ret = nvme_mpath_pt_cover(ioucmd, issue_flags, false);
	if (unlikely(ret))
		return ret;
	return nvme_mpath_pt_issue(head, ioucmd, issue_flags);
}

/**
 * nvme_mpath_pt_begin_attempt - note the conditions at the start of an attempt
 * @attempt: filled in
 * @ctrl: its controller
 * @timeout: the caller's own timeout, in jiffies, or 0
 *
 * Context: Any.
 */
void nvme_mpath_pt_begin_attempt(struct nvme_mpath_pt_attempt *attempt,
				 struct nvme_ctrl *ctrl, unsigned int timeout)
{
	attempt->generation = READ_ONCE(ctrl->generation);
	attempt->started = jiffies;
	attempt->timeout = timeout;
}

/*
 * Some transports do not mark the requests that they cancel, and a controller
 * aborts those whose queue is deleted. Any other answer of it has another status,
 * however late it arrives, unless a target that passes commands on reports that of
 * its own host.
 */
static bool nvme_mpath_pt_host_aborted(struct request *req)
{
	u16 sc = nvme_req(req)->status & NVME_SCT_SC_MASK;

	return nvme_req(req)->flags & NVME_REQ_CANCELLED ||
		sc == NVME_SC_HOST_ABORTED_CMD || sc == NVME_SC_ABORT_QUEUE;
}

static void
nvme_mpath_pt_describe_attempt(struct nvme_mpath_pt_attempt *attempt,
			       struct request *req)
{
	attempt->made = true;
	attempt->opcode = nvme_req(req)->cmd->common.opcode;
	attempt->status = nvme_req(req)->status;
	attempt->ctrl_id = nvme_req(req)->ctrl->instance;
	/*
	 * Only blk_mq_start_request() starts the timer. With 32-bit jiffies a
	 * deadline may be 0, so it proves nothing there.
	 */
	attempt->sent = !(nvme_req(req)->flags & NVME_REQ_NOT_SENT) &&
		(BITS_PER_LONG == 32 || READ_ONCE(req->deadline));
}

/**
 * nvme_mpath_pt_judge_attempt - did an attempt fail because of its path?
 * @attempt: filled in, but for the members of nvme_mpath_pt_begin_attempt()
 * @req: its request, which has ended and is not freed yet
 *
 * A request without a status was rejected on its way to the device. Blame the
 * path if it is about to go or its controller was reset since the attempt
 * began, the request otherwise. Never blame the path if the caller's own
 * timeout expired.
 *
 * Context: Any, including hard interrupt.
 */
void nvme_mpath_pt_judge_attempt(struct nvme_mpath_pt_attempt *attempt,
				 struct request *req)
{
	struct nvme_ctrl *ctrl = nvme_req(req)->ctrl;
	u16 status = nvme_req(req)->status;

	nvme_mpath_pt_describe_attempt(attempt, req);
	attempt->timed_out = nvme_mpath_pt_host_aborted(req) &&
		nvme_mpath_pt_timed_out(attempt->started, attempt->timeout,
					jiffies);
	if (attempt->timed_out)
		attempt->path_error = false;
	else if (status)
		attempt->path_error = nvme_mpath_pt_is_path_error(status);
	else
		attempt->path_error = blk_queue_dying(req->q) ||
			nvme_ctrl_state(ctrl) != NVME_CTRL_LIVE ||
			READ_ONCE(ctrl->generation) != attempt->generation;
}

/**
 * nvme_mpath_pt_take_fence - note that a controller may execute a command later
 * @attempt: its failed attempt, described; @fence is set
 * @req: the request of the attempt, which is not freed yet
 *
 * Context: Any, including hard interrupt.
 */
void nvme_mpath_pt_take_fence(struct nvme_mpath_pt_attempt *attempt,
			      struct request *req)
{
	struct nvme_ns *ns = req->q->queuedata;
	u32 effects = nvme_ns_effects(ns, attempt->opcode);

	attempt->fence = NULL;
	if (nvme_mpath_pt_maybe_running(attempt->status, attempt->sent) &&
	    nvme_mpath_pt_class(ns->head->ids.csi, attempt->opcode, effects) !=
			NVME_MPATH_PT_CLASS_UNRESTRICTED)
		attempt->fence = nvme_mpath_pt_fence_get(nvme_req(req)->ctrl);
}

/* The fence of an earlier attempt was over before this one began. */
static void nvme_mpath_pt_keep_fence(struct io_uring_cmd *ioucmd,
				     struct nvme_mpath_pt_attempt *attempt,
				     struct request *req)
{
	nvme_mpath_pt_drop_fence(ioucmd);
	nvme_mpath_pt_take_fence(attempt, req);
	if (attempt->fence) {
		nvme_uring_kept(ioucmd)->fence = attempt->fence;
		nvme_uring_kept(ioucmd)->fenced_at = jiffies;
		nvme_uring_cmd_pdu(ioucmd)->fenced = true;
	}
}

/**
 * nvme_mpath_pt_end_attempt - fail over if an attempt failed for its path
 * @req: the attempt, in its ->end_io(), with an error
 *
 * Passthrough requests are failfast: the completion handler neither retries
 * them locally nor calls nvme_failover_req(), and may complete them in a batch
 * without reading their status. ->end_io() is the one place that sees all of
 * them.
 *
 * Context: Any, including hard interrupt.
 * Return: true if nvme_failover_req() took the command and freed @req. false if
 *	both still belong to the caller, as for all uncovered commands.
 */
bool nvme_mpath_pt_end_attempt(struct request *req)
{
	struct io_uring_cmd *ioucmd = req->end_io_data;
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_mpath_pt_attempt attempt;
	unsigned int timeout_ms;

	if (pdu->state == NVME_MPATH_PT_STATE_UNCOVERED)
		return false;

	timeout_ms = nvme_uring_sqe(ioucmd)->timeout_ms;
	/*
	 * A request that ends without a status does so at its dispatch, which a
	 * reset waits for: the generation is still that of the dispatch.
	 */
	attempt.generation = READ_ONCE(nvme_req(req)->ctrl->generation);
	attempt.timeout = msecs_to_jiffies(timeout_ms);
	attempt.started = timeout_ms ? nvme_uring_kept(ioucmd)->started : 0;
	nvme_mpath_pt_judge_attempt(&attempt, req);
	if (attempt.path_error)
		return nvme_failover_req(req);
	/* the result is that of a kernel without failover */
	if (attempt.timed_out)
		pdu->state = NVME_MPATH_PT_STATE_UNCOVERED;
	return false;
}

/**
 * nvme_mpath_pt_failover_req - the passthrough branch of nvme_failover_req()
 * @req: an attempt that failed because of its path
 *
 * Context: Any, including hard interrupt.
 * Return: true if the command went to RETRY and @req is freed. false if the
 *	caller has to complete it: the policy forbids a retry, or it is an
 *	ioctl, which retries in nvme_mpath_pt_ioctl().
 */
bool nvme_mpath_pt_failover_req(struct request *req)
{
	struct io_uring_cmd *ioucmd = req->end_io_data;
	struct nvme_mpath_pt_attempt attempt;
	struct nvme_uring_cmd_pdu *pdu;
	struct nvme_ns_head *head;
	bool may_retry;

	/* set by nvme_mpath_pt_ioctl_result() for the request of an ioctl */
	if (!req->end_io)
		return false;

	pdu = nvme_uring_cmd_pdu(ioucmd);
	head = nvme_uring_cmd_head(ioucmd);
	nvme_mpath_pt_describe_attempt(&attempt, req);
	pdu->status = attempt.status;
	if (nvme_mpath_pt_maybe_executed(attempt.status, attempt.sent))
		pdu->maybe_executed = attempt.status ?:
				      NVME_SC_HOST_ABORTED_CMD;
	nvme_mpath_pt_keep_fence(ioucmd, &attempt, req);
	may_retry = nvme_mpath_pt_may_retry(head, ioucmd);
	if (!may_retry && !nvme_mpath_pt_must_hold(head, ioucmd)) {
		nvme_mpath_pt_drop_fence(ioucmd);
		nvme_mpath_pt_note_refused(head, ioucmd, attempt.opcode,
					   attempt.status);
		return false;
	}

	if (may_retry) {
		nvme_mpath_count_failover(req->q->queuedata);
		nvme_mpath_pt_note_failover(head, ioucmd, &attempt);
	}
	pdu->park_first = pdu->failed_over;
	pdu->failed_over = true;
	nvme_uring_kept(ioucmd)->result = pdu->result;
	/* first: the retry needs a tag, and a reset must not wait for it */
	blk_mq_free_request(req);
	nvme_uring_cmd_retry_in_task(ioucmd);
	return true;
}

/* Complete a command that must not make another attempt. */
static bool nvme_mpath_pt_complete_if_final(struct nvme_ns_head *head,
					    struct io_uring_cmd *ioucmd,
					    unsigned int issue_flags,
					    bool cancelled)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	u8 opcode = nvme_uring_sqe(ioucmd)->opcode;
	int res;

	if (cancelled || io_uring_cmd_in_cancel(ioucmd)) {
		res = -ECANCELED;
		trace_nvme_passthru_cancel(head->disk, ioucmd, opcode, res);
	} else if (!nvme_mpath_pt_may_retry(head, ioucmd)) {
		res = pdu->status ?: -EIO;
		nvme_mpath_pt_note_refused(head, ioucmd, opcode, res);
	} else if (nvme_mpath_pt_hold_left(head, ioucmd) < 0) {
		res = pdu->status ?: -EIO;
		nvme_mpath_pt_note_unprovable(head, ioucmd, opcode, res);
	} else {
		return false;
	}
	nvme_mpath_pt_drop_fence(ioucmd);
	nvme_uring_cmd_done(ioucmd, res, nvme_mpath_pt_last_result(ioucmd),
			    issue_flags);
	return true;
}

/* Send a command that may retry, or park it. Returns its result if it ended. */
static int nvme_mpath_pt_send_again(struct nvme_ns_head *head,
				    struct io_uring_cmd *ioucmd,
				    unsigned int issue_flags)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	const struct cred *creds;
	int ret = -EAGAIN;

	nvme_mpath_pt_drop_fence(ioucmd);
	if (!pdu->park_first) {
		creds = io_uring_cmd_override_creds(ioucmd);
		ret = nvme_mpath_pt_issue_again(head, ioucmd, issue_flags |
						IO_URING_F_NONBLOCK);
		if (creds)
			revert_creds(creds);
	}
	/* an earlier attempt was mapped, so memory is only short for now */
	if (ret == -EAGAIN || (ret == -ENOMEM && pdu->failed_over))
		ret = nvme_mpath_pt_park(head, ioucmd, issue_flags,
					 NVME_MPATH_PT_RECHECK_SHORT);
	return ret;
}

/**
 * nvme_mpath_pt_retry - start the next attempt of a command
 * @ioucmd: the command, in RETRY
 * @issue_flags: flags that io_uring gave the task work
 * @dead: the submitting task or the ring is going away
 *
 * The retry after the first failover is sent at once, unless the command has to
 * be held. Before each later one the command is parked for a moment, so that a
 * path that fails every command cannot keep the task here.
 *
 * Context: Task work of the submitter, or the ring's fallback worker if @dead.
 *	Holds the ring's lock, so it must not wait for tags or paths.
 */
void nvme_mpath_pt_retry(struct io_uring_cmd *ioucmd, unsigned int issue_flags,
			 bool dead)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns_head *head = nvme_uring_cmd_head(ioucmd);
	int ret;

	if (pdu->compat)
		issue_flags |= IO_URING_F_COMPAT;

	/* issue nothing for a killed task, or it never reaches exit() */
	if (pdu->state == NVME_MPATH_PT_STATE_CANCELLED ||
	    fatal_signal_pending(current))
		dead = true;
	pdu->state = NVME_MPATH_PT_STATE_ACTIVE;
	io_uring_cmd_unmark_cancelable(ioucmd);
	io_uring_cmd_untrack(ioucmd);
	if (pdu->bio) {
		blk_rq_unmap_user(pdu->bio);
		pdu->bio = NULL;
	}

	if (!dead && nvme_mpath_pt_must_hold(head, ioucmd)) {
		ret = nvme_mpath_pt_hold(head, ioucmd, issue_flags);
	} else {
		if (nvme_mpath_pt_complete_if_final(head, ioucmd, issue_flags,
						    dead))
			return;
		ret = nvme_mpath_pt_send_again(head, ioucmd, issue_flags);
	}
	if (ret != -EIOCBQUEUED) {
		nvme_mpath_pt_drop_fence(ioucmd);
		nvme_uring_cmd_done(ioucmd, ret, 0, issue_flags);
	}
}
