// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: the end of processing by an old controller
 *
 * A controller that has lost its host may execute the commands it already has
 * until it notices. A fence holds what the host knows about that, for the
 * commands of one association, or of one enablement of a PCIe controller:
 *
 * RUNNING
 *	The host still sends something to the controller.
 *
 * DOWN
 *	The host has stopped all queues. The controller receives no keep alive
 *	from then on, so it stops after two or three keep alive timeouts and its
 *	Command Quiesce Time.
 *
 * PROVEN
 *	The controller has reported that it is disabled, CSTS.RDY = 0, or that
 *	its shutdown is complete. A target behind a fabric may report that while
 *	its backend goes on, so there it is no proof.
 *
 * Each connect begins a new fence; commands that are held keep a reference to
 * the old one. A device that does not answer any more, as after a surprise
 * removal, proves nothing: it may be alive behind another port.
 */

#include <linux/slab.h>
#include "nvme.h"

static void nvme_mpath_pt_fence_free(struct kref *ref)
{
	struct nvme_mpath_pt_fence *fence =
		container_of(ref, struct nvme_mpath_pt_fence, ref);

	kfree_rcu(fence, rcu);
}

/**
 * nvme_mpath_pt_fence_put - drop a reference to a fence
 * @fence: the fence, or NULL
 *
 * Context: Any.
 */
void nvme_mpath_pt_fence_put(struct nvme_mpath_pt_fence *fence)
{
	if (fence)
		kref_put(&fence->ref, nvme_mpath_pt_fence_free);
}

/**
 * nvme_mpath_pt_fence_get - the fence of what a controller executes now
 * @ctrl: the controller
 *
 * Context: Any. For a request of @ctrl that has not been freed: it belongs to
 *	the present association, since the next one begins after all requests
 *	have been cancelled. An ioctl over FC may be late, and get the next.
 * Return: a fence for nvme_mpath_pt_fence_put(); NULL if @ctrl was never
 *	enabled.
 */
struct nvme_mpath_pt_fence *nvme_mpath_pt_fence_get(struct nvme_ctrl *ctrl)
{
	struct nvme_mpath_pt_fence *fence;

	rcu_read_lock();
	do {
		fence = rcu_dereference(ctrl->passthru_fence);
	} while (fence && !kref_get_unless_zero(&fence->ref));
	rcu_read_unlock();
	return fence;
}

/*
 * Returns true if the fence of @ctrl entered @state. States only grow: proof is
 * not taken back, and the clock of DOWN starts once.
 */
static bool nvme_mpath_pt_fence_enter(struct nvme_ctrl *ctrl,
				      enum nvme_mpath_pt_fence_state state)
{
	struct nvme_mpath_pt_fence *fence;
	bool entered = false;
	unsigned long flags;

	spin_lock_irqsave(&ctrl->lock, flags);
	fence = rcu_dereference_protected(ctrl->passthru_fence,
					  lockdep_is_held(&ctrl->lock));
	if (fence && fence->state < state) {
		if (fence->state == NVME_MPATH_PT_FENCE_RUNNING) {
			/* Set Features may have changed it */
			fence->kato = data_race(ctrl->kato);
			fence->down_at = jiffies;
		}
		/* pairs with nvme_mpath_pt_fence_left() */
		smp_store_release(&fence->state, state);
		entered = true;
	}
	spin_unlock_irqrestore(&ctrl->lock, flags);
	return entered;
}

static void nvme_mpath_pt_kick_heads(struct nvme_ctrl *ctrl)
{
	struct nvme_ns *ns;
	int srcu_idx;

	srcu_idx = srcu_read_lock(&ctrl->srcu);
	list_for_each_entry_srcu(ns, &ctrl->namespaces, list,
				 srcu_read_lock_held(&ctrl->srcu)) {
		if (ns->head->disk)
			nvme_mpath_pt_kick_held(ns->head);
	}
	srcu_read_unlock(&ctrl->srcu, srcu_idx);
}

/**
 * nvme_mpath_pt_fence_down - a controller receives nothing any more
 * @ctrl: the controller, all queues of which have been stopped
 *
 * May be called again; the first call since nvme_mpath_pt_fence_start() counts.
 * A head that has lost its path to @ctrl meanwhile looks by itself.
 *
 * Context: Any.
 */
void nvme_mpath_pt_fence_down(struct nvme_ctrl *ctrl)
{
	if (nvme_mpath_pt_fence_enter(ctrl, NVME_MPATH_PT_FENCE_DOWN))
		nvme_mpath_pt_kick_heads(ctrl);
}
EXPORT_SYMBOL_GPL(nvme_mpath_pt_fence_down);

/**
 * nvme_mpath_pt_fence_prove - a controller has stopped to execute commands
 * @ctrl: the controller, of which that is certain
 *
 * Context: Any.
 */
void nvme_mpath_pt_fence_prove(struct nvme_ctrl *ctrl)
{
	if (nvme_mpath_pt_fence_enter(ctrl, NVME_MPATH_PT_FENCE_PROVEN))
		nvme_mpath_pt_kick_heads(ctrl);
}

/* Returns the fence that was replaced. */
static struct nvme_mpath_pt_fence *
nvme_mpath_pt_fence_replace(struct nvme_ctrl *ctrl,
			    struct nvme_mpath_pt_fence *fence)
{
	unsigned long flags;

	spin_lock_irqsave(&ctrl->lock, flags);
	fence = rcu_replace_pointer(ctrl->passthru_fence, fence,
				    lockdep_is_held(&ctrl->lock));
	spin_unlock_irqrestore(&ctrl->lock, flags);
	return fence;
}

/**
 * nvme_mpath_pt_fence_start - a controller may execute commands from now on
 * @ctrl: the controller, identified and without I/O queues yet
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int nvme_mpath_pt_fence_start(struct nvme_ctrl *ctrl)
{
	struct nvme_mpath_pt_fence *fence = kzalloc(sizeof(*fence), GFP_NOIO);

	if (!fence)
		return -ENOMEM;
	kref_init(&fence->ref);
	/* read again when the fence is entered: Set Features may change it */
	fence->kato = data_race(ctrl->kato);
	fence->kas = ctrl->kas;
	fence->tbkas = ctrl->ctratt & NVME_CTRL_ATTR_TBKAS;
	fence->cqt = ctrl->cqt;

	/* a connect that failed half-way has not ended its fence */
	nvme_mpath_pt_fence_down(ctrl);
	nvme_mpath_pt_fence_put(nvme_mpath_pt_fence_replace(ctrl, fence));
	return 0;
}

/**
 * nvme_mpath_pt_fence_exit - undo nvme_mpath_pt_fence_start()
 * @ctrl: the controller, which is about to be freed
 *
 * Context: Any.
 */
void nvme_mpath_pt_fence_exit(struct nvme_ctrl *ctrl)
{
	nvme_mpath_pt_fence_down(ctrl);
	nvme_mpath_pt_fence_put(nvme_mpath_pt_fence_replace(ctrl, NULL));
}

static long nvme_mpath_pt_fence_running(struct nvme_mpath_pt_fence *fence,
					int setting, unsigned long since)
{
	if (setting == NVME_MPATH_PT_DELAYED_OFF ||
	    (setting == NVME_MPATH_PT_DELAYED_CQT && !fence->cqt))
		return 0;
	return time_before(jiffies, since + NVME_MPATH_PT_FENCE_PATIENCE) ?
		HZ : -1;
}

/**
 * nvme_mpath_pt_fence_left - how long commands have to be held for a fence
 * @fence: the fence, or NULL
 * @setting: passthru_delayed_retry of the head
 * @since: when the commands failed, in jiffies
 *
 * While the fence is RUNNING its end is not known: the caller has to ask again
 * after a second. A transport that aborts a command but does not stop the
 * controller must not hang the command for ever.
 *
 * Context: Any.
 * Return: jiffies, 0 if not at all or not any more, -1 if nothing will prove
 *	that the controller has stopped.
 */
long nvme_mpath_pt_fence_left(struct nvme_mpath_pt_fence *fence, int setting,
			      unsigned long since)
{
	enum nvme_mpath_pt_fence_state state;
	unsigned long passed, wait;
	s64 ms;

	if (!fence)
		return 0;
	/* pairs with nvme_mpath_pt_fence_enter() */
	state = smp_load_acquire(&fence->state);
	if (state == NVME_MPATH_PT_FENCE_PROVEN)
		return 0;
	if (state == NVME_MPATH_PT_FENCE_RUNNING)
		return nvme_mpath_pt_fence_running(fence, setting, since);
	ms = nvme_mpath_pt_quiesce_ms(setting, fence->kato, fence->kas,
				      fence->tbkas, fence->cqt);
	if (ms <= 0)
		return ms;
	passed = jiffies - fence->down_at;
	wait = min_t(u64, DIV_ROUND_UP_ULL((u64)ms * HZ, MSEC_PER_SEC) + 1,
		     MAX_JIFFY_OFFSET);
	return wait > passed ? wait - passed : 0;
}

/**
 * nvme_mpath_pt_arm_release - look at held commands after a time
 * @head: their head
 * @delay: in jiffies; an earlier look that is pending stays
 *
 * Context: Under head->requeue_lock.
 */
void nvme_mpath_pt_arm_release(struct nvme_ns_head *head, unsigned long delay)
{
	struct nvme_mpath_pt *pt = &head->passthru;
	unsigned long at = jiffies + delay;

	lockdep_assert_held(&head->requeue_lock);

	if (pt->release_armed && time_after_eq(at, pt->release_at))
		return;
	pt->release_armed = true;
	pt->release_at = at;
	mod_delayed_work(nvme_wq, &pt->release, delay);
}

/**
 * nvme_mpath_pt_kick_held - look at held commands now
 * @head: their head
 *
 * Context: Any.
 */
void nvme_mpath_pt_kick_held(struct nvme_ns_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&head->requeue_lock, flags);
	if (!list_empty(&head->passthru.held))
		nvme_mpath_pt_arm_release(head, 0);
	spin_unlock_irqrestore(&head->requeue_lock, flags);
	wake_up_all(&head->passthru.wait);
}
