// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: polling for completions, IORING_SETUP_IOPOLL.
 *
 * Only a first attempt is polled for. A retry completes by interrupt and then
 * by task work, and the poller of a ring stops for task work.
 */

#include <linux/io_uring/cmd.h>
#include "nvme.h"
#include "uring_cmd.h"

/**
 * nvme_ns_head_chr_uring_cmd_iopoll - ->uring_cmd_iopoll() of a head's device
 * @ioucmd: the command, on its ring's list until it completes
 * @iob: batch for requests that are found complete
 * @poll_flags: BLK_POLL_*
 *
 * Polls the hardware queue of the attempt, not its request, which may be freed
 * and reused at any time. The queue lives as long as its path: nvme_ns_remove()
 * waits for head->srcu when no request is left.
 *
 * A parked command is not waited for. But the end of a ring polls for its
 * commands, and not every kernel cancels those of IOPOLL rings: then the
 * command is completed here.
 *
 * Context: Holds the ring's lock.
 * Return: how many requests were found complete.
 */
int nvme_ns_head_chr_uring_cmd_iopoll(struct io_uring_cmd *ioucmd,
				      struct io_comp_batch *iob,
				      unsigned int poll_flags)
{
	struct nvme_uring_cmd_pdu *pdu = nvme_uring_cmd_pdu(ioucmd);
	struct nvme_ns_head *head = nvme_uring_cmd_head(ioucmd);
	int srcu_idx, ret;

	srcu_idx = srcu_read_lock(&head->srcu);
	ret = nvme_uring_cmd_poll(ioucmd, iob, poll_flags);
	srcu_read_unlock(&head->srcu, srcu_idx);

	if (unlikely(!ret && !READ_ONCE(pdu->hctx) &&
		     io_uring_cmd_is_dying(ioucmd)))
		nvme_mpath_pt_end_parked(head, ioucmd);
	return ret;
}
