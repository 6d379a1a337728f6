// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: which commands are sent again.
 *
 * Pure functions, without state. To add an opcode, add it to the switch of each
 * command set in which it is safe to execute twice, to safe_twice[] in
 * tests/mpath_passthru_kunit.c, and to the table in the admin guide.
 */

#include "nvme.h"

/* not in enum nvme_opcode of all kernels */
#define NVME_MPATH_PT_IO_MGMT_RECV	0x12

/**
 * nvme_mpath_pt_maybe_executed - may a failed attempt have been executed?
 * @status: its path error, 0 if it has no NVMe status
 * @sent: its request was started
 *
 * A controller that answers with an ANA state did not execute the command. Most
 * other path errors are set by the host, which cannot know.
 *
 * Context: Any.
 * Return: false if the attempt was provably not executed.
 */
bool nvme_mpath_pt_maybe_executed(u16 status, bool sent)
{
	return sent && !nvme_is_ana_error(status);
}

/**
 * nvme_mpath_pt_timed_out - has the caller's own timeout of an attempt expired?
 * @started: when the attempt began, in jiffies
 * @timeout: the timeout in jiffies, or 0 for none
 * @now: jiffies
 *
 * An attempt that the host aborted for that reason did not fail because of its
 * path. The expiry resets a controller; a retry would reset the next one, and
 * so on, without end.
 *
 * Context: Any.
 * Return: true if it has.
 */
bool nvme_mpath_pt_timed_out(unsigned long started, unsigned long timeout,
			     unsigned long now)
{
	return timeout && time_after_eq(now, started + timeout);
}

/*
 * An opcode is listed if a second execution leaves what the first one left, and
 * gives the same answer. An opcode that is not listed is not repeatable.
 */
static bool nvme_mpath_pt_repeatable_nvm(u8 opcode)
{
	switch (opcode) {
	case nvme_cmd_flush:
	case nvme_cmd_write:
	case nvme_cmd_read:
	case nvme_cmd_write_uncor:
	case nvme_cmd_compare:
	case nvme_cmd_write_zeroes:
	case nvme_cmd_dsm:
	case nvme_cmd_verify:
	case nvme_cmd_resv_report:
	case NVME_MPATH_PT_IO_MGMT_RECV:
		return true;
	default:
		return false;
	}
}

/* Zone writes fail when they are replayed after the write pointer has moved. */
static bool nvme_mpath_pt_repeatable_zns(u8 opcode)
{
	switch (opcode) {
	case nvme_cmd_flush:
	case nvme_cmd_read:
	case nvme_cmd_compare:
	case nvme_cmd_dsm:
	case nvme_cmd_verify:
	case nvme_cmd_resv_report:
	case NVME_MPATH_PT_IO_MGMT_RECV:
	case nvme_cmd_zone_mgmt_recv:
		return true;
	default:
		return false;
	}
}

static bool nvme_mpath_pt_repeatable(u8 csi, u8 opcode)
{
	switch (csi) {
	case NVME_CSI_NVM:
		return nvme_mpath_pt_repeatable_nvm(opcode);
	case NVME_CSI_ZNS:
		return nvme_mpath_pt_repeatable_zns(opcode);
	default:
		return false;
	}
}

/**
 * nvme_mpath_pt_may_resend - may a command be sent, or sent again?
 * @head_policy: policy of its head, enum nvme_mpath_pt_policy
 * @flags: NVME_URING_CMD_F_* of the command, a valid combination
 * @csi: command set of the namespace, enum nvme_csi
 * @opcode: of the command
 * @status: of its last attempt that may have been executed, without phase bit;
 *	0 if there was none, or it has no NVMe status
 * @sent: the request of that attempt was started
 *
 * Context: Any.
 * Return: true if it may; false if the application gets its last result.
 */
bool nvme_mpath_pt_may_resend(u8 head_policy, u8 flags, u8 csi, u8 opcode,
			      u16 status, bool sent)
{
	if (status && (!nvme_is_path_error(status) ||
		       (status & NVME_STATUS_DNR)))
		return false;

	switch (nvme_mpath_pt_effective_policy(head_policy, flags)) {
	case NVME_MPATH_PT_POLICY_ALL:
		return true;
	case NVME_MPATH_PT_POLICY_IDEMPOTENT:
		return !nvme_mpath_pt_maybe_executed(status, sent) ||
			nvme_mpath_pt_repeatable(csi, opcode);
	case NVME_MPATH_PT_POLICY_NONE:
		break;
	}
	return false;
}
