// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: which commands are sent again, and when.
 *
 * Pure functions, without state. To add an opcode, add it to the switch of each
 * command set in which it is safe to execute twice, to classes[] in
 * tests/mpath_passthru_kunit.c, and to the table in the admin guide.
 */

#include "nvme.h"

/* not in enum nvme_opcode of all kernels */
#define NVME_MPATH_PT_IO_MGMT_RECV	0x12

/**
 * nvme_mpath_pt_is_path_error - did an attempt fail because of its path?
 * @status: its status, without phase bit
 *
 * A PCIe host that resets a controller or takes it away deletes the queues
 * first: the controller aborts their commands and says so, with a generic
 * status.
 *
 * Context: Any.
 * Return: true if the command may succeed on another path, or on this one
 *	later; false for all others, also with Do Not Retry.
 */
bool nvme_mpath_pt_is_path_error(u16 status)
{
	return !(status & NVME_STATUS_DNR) && (nvme_is_path_error(status) ||
		(status & NVME_SCT_SC_MASK) == NVME_SC_ABORT_QUEUE);
}

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

/**
 * nvme_mpath_pt_maybe_running - may a failed attempt still be executed later?
 * @status: its path error, 0 if it has no NVMe status
 * @sent: its request was started
 *
 * A controller has ended a command that it answers, also with a path error. The
 * statuses from 370h on, and none, are a host's: the controller may have the
 * command. A target that passes commands on may report that of its own host.
 *
 * Context: Any.
 * Return: false if the controller can provably not execute it any more.
 */
bool nvme_mpath_pt_maybe_running(u16 status, bool sent)
{
	u16 sc = status & NVME_SCT_SC_MASK;

	return nvme_mpath_pt_maybe_executed(status, sent) &&
		(!sc || sc >= NVME_SC_HOST_PATH_ERROR);
}

/**
 * nvme_mpath_pt_is_overdue - has a command waited for too long?
 * @wait_secs: passthru_wait_secs of its head, or 0 for no bound
 * @waited: how long it has waited in all, in jiffies; the first and the last
 *	may have been short
 *
 * Context: Any.
 * Return: true if it has waited longer than that.
 */
bool nvme_mpath_pt_is_overdue(unsigned int wait_secs, unsigned long waited)
{
	/* wait_secs * HZ may overflow */
	return wait_secs && waited && (waited - 1) / HZ >= wait_secs;
}

/*
 * An opcode is not state-dependent if a second execution leaves what the first
 * one left, and gives the same answer. An opcode that is not listed is not
 * repeatable.
 */
static enum nvme_mpath_pt_class nvme_mpath_pt_class_nvm(u8 opcode)
{
	switch (opcode) {
	case nvme_cmd_flush:
	case nvme_cmd_read:
	case nvme_cmd_compare:
	case nvme_cmd_verify:
	case nvme_cmd_resv_report:
	case NVME_MPATH_PT_IO_MGMT_RECV:
		return NVME_MPATH_PT_CLASS_UNRESTRICTED;
	case nvme_cmd_write:
	case nvme_cmd_write_uncor:
	case nvme_cmd_write_zeroes:
	case nvme_cmd_dsm:
		return NVME_MPATH_PT_CLASS_DELAYED;
	default:
		return NVME_MPATH_PT_CLASS_STATE_DEPENDENT;
	}
}

/* Zone writes fail when they are replayed after the write pointer has moved. */
static enum nvme_mpath_pt_class nvme_mpath_pt_class_zns(u8 opcode)
{
	switch (opcode) {
	case nvme_cmd_flush:
	case nvme_cmd_read:
	case nvme_cmd_compare:
	case nvme_cmd_verify:
	case nvme_cmd_resv_report:
	case NVME_MPATH_PT_IO_MGMT_RECV:
	case nvme_cmd_zone_mgmt_recv:
		return NVME_MPATH_PT_CLASS_UNRESTRICTED;
	case nvme_cmd_dsm:
		return NVME_MPATH_PT_CLASS_DELAYED;
	default:
		return NVME_MPATH_PT_CLASS_STATE_DEPENDENT;
	}
}

/**
 * nvme_mpath_pt_class - when may a command be sent again?
 * @csi: command set of the namespace, enum nvme_csi
 * @opcode: of the command
 * @effects: its entry in the Commands Supported and Effects log, or 0
 *
 * The log may report a change that the tables do not know. It cannot make a
 * command less restricted: targets leave the change of a deallocation out.
 *
 * Context: Any.
 * Return: the class.
 */
enum nvme_mpath_pt_class nvme_mpath_pt_class(u8 csi, u8 opcode, u32 effects)
{
	const u32 changes = NVME_CMD_EFFECTS_CCC | NVME_CMD_EFFECTS_NIC |
			    NVME_CMD_EFFECTS_NCC | NVME_CMD_EFFECTS_LBCC;
	enum nvme_mpath_pt_class class = NVME_MPATH_PT_CLASS_STATE_DEPENDENT;

	if (csi == NVME_CSI_NVM)
		class = nvme_mpath_pt_class_nvm(opcode);
	else if (csi == NVME_CSI_ZNS)
		class = nvme_mpath_pt_class_zns(opcode);
	if (class == NVME_MPATH_PT_CLASS_UNRESTRICTED && (effects & changes))
		class = NVME_MPATH_PT_CLASS_DELAYED;
	return class;
}

/**
 * nvme_mpath_pt_quiesce_ms - how long may an old controller execute commands?
 * @setting: passthru_delayed_retry: NVME_MPATH_PT_DELAYED_*, or ms
 * @kato: its keep alive timeout in seconds, or 0 for none
 * @kas: the granularity of its timer, in 100 ms, or 0 if not reported; the
 *	controller rounds up
 * @tbkas: its keep alive is based on traffic
 * @cqt: its Command Quiesce Time in ms, or 0 if it reports none
 *
 * Context: Any.
 * Return: ms from the end of its association; 0 if commands are not held, -1 if
 *	nothing bounds the time.
 */
s64 nvme_mpath_pt_quiesce_ms(int setting, unsigned int kato, u16 kas,
			     bool tbkas, u16 cqt)
{
	u32 step = kas * 100 ?: 1;
	s64 keep_alive = DIV_ROUND_UP_ULL((u64)kato * MSEC_PER_SEC, step) *
			 step * (tbkas ? 3 : 2);

	if (setting == NVME_MPATH_PT_DELAYED_OFF)
		return 0;
	if (cqt)
		return keep_alive + cqt;
	if (setting == NVME_MPATH_PT_DELAYED_CQT)
		return 0;
	return kato ? keep_alive + setting : -1;
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
	if (status && !nvme_mpath_pt_is_path_error(status))
		return false;

	switch (nvme_mpath_pt_effective_policy(head_policy, flags)) {
	case NVME_MPATH_PT_POLICY_ALL:
		return true;
	case NVME_MPATH_PT_POLICY_IDEMPOTENT:
		return !nvme_mpath_pt_maybe_executed(status, sent) ||
			nvme_mpath_pt_class(csi, opcode, 0) !=
				NVME_MPATH_PT_CLASS_STATE_DEPENDENT;
	case NVME_MPATH_PT_POLICY_NONE:
		break;
	}
	return false;
}
