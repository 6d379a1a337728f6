// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: which command may be sent again.
 *
 * The decision is nvme_passthru_may_resend(), a pure function. All the rest is
 * how administrators set what it goes by, and see what came of it: attributes,
 * counters, trace points, messages.
 */

#include <linux/blkdev.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include "nvme.h"
#include "trace.h"

/* not in enum nvme_opcode of all kernels */
#define NVME_PASSTHRU_IO_MGMT_RECV	0x12

static const char *const nvme_passthru_policies[] = {
	[NVME_PASSTHRU_NONE]		= "none",
	[NVME_PASSTHRU_IDEMPOTENT]	= "idempotent",
	[NVME_PASSTHRU_ALL]		= "all",
};

/**
 * nvme_passthru_in_doubt - may an attempt that met a path error have had effect?
 * @status: the path error, 0 if there is no NVMe status
 * @sent: the request had been started
 *
 * A controller that answers with an ANA state did nothing else. Of all other
 * path errors most are given by the host, which cannot know.
 *
 * Context: Any.
 * Return: false if the command was provably not executed.
 */
bool nvme_passthru_in_doubt(u16 status, bool sent)
{
	return sent && !nvme_is_ana_error(status);
}

/**
 * nvme_passthru_timed_out - has an attempt used up the time its caller gave it?
 * @started: when it began, in jiffies
 * @timeout: its time, in jiffies, or 0 if it was given none
 * @now: jiffies
 *
 * An attempt that the host aborted then is no path error. The expiry resets a
 * controller; sent again the command would do that to all of them, one after
 * the other, for ever.
 *
 * Context: Any.
 * Return: true if it has.
 */
bool nvme_passthru_timed_out(unsigned long started, unsigned long timeout,
			     unsigned long now)
{
	return timeout && time_after_eq(now, started + timeout);
}

/*
 * Safe to execute twice: the second time leaves what the first one left, and
 * answers alike. What is not named is not safe.
 */
static bool nvme_passthru_repeatable_nvm(u8 opcode)
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
	case NVME_PASSTHRU_IO_MGMT_RECV:
		return true;
	default:
		return false;
	}
}

/* No writes: repeated at a write pointer that has moved they fail. */
static bool nvme_passthru_repeatable_zns(u8 opcode)
{
	switch (opcode) {
	case nvme_cmd_flush:
	case nvme_cmd_read:
	case nvme_cmd_compare:
	case nvme_cmd_dsm:
	case nvme_cmd_verify:
	case nvme_cmd_resv_report:
	case NVME_PASSTHRU_IO_MGMT_RECV:
	case nvme_cmd_zone_mgmt_recv:
		return true;
	default:
		return false;
	}
}

static bool nvme_passthru_repeatable(u8 csi, u8 opcode)
{
	switch (csi) {
	case NVME_CSI_NVM:
		return nvme_passthru_repeatable_nvm(opcode);
	case NVME_CSI_ZNS:
		return nvme_passthru_repeatable_zns(opcode);
	default:
		return false;
	}
}

/**
 * nvme_passthru_may_resend - may a command be sent, or sent again?
 * @head_policy: the policy of its head, enum nvme_passthru_policy
 * @flags: NVME_URING_CMD_F_* of the command, a valid combination
 * @csi: command set of the namespace, enum nvme_csi
 * @opcode: of the command
 * @status: what the last attempt ended with, without phase bit; 0 if it ended
 *	without an NVMe status for its path's sake, or if there was none
 * @sent: the request of that attempt had been started
 *
 * Context: Any.
 * Return: true if it may, false if the application gets its last result.
 */
bool nvme_passthru_may_resend(u8 head_policy, u8 flags, u8 csi, u8 opcode,
			      u16 status, bool sent)
{
	if (status && (!nvme_is_path_error(status) ||
		       (status & NVME_STATUS_DNR)))
		return false;

	switch (nvme_passthru_policy_of(head_policy, flags)) {
	case NVME_PASSTHRU_ALL:
		return true;
	case NVME_PASSTHRU_IDEMPOTENT:
		return !nvme_passthru_in_doubt(status, sent) ||
			nvme_passthru_repeatable(csi, opcode);
	case NVME_PASSTHRU_NONE:
		break;
	}
	return false;
}

static u8 nvme_passthru_default = NVME_PASSTHRU_IDEMPOTENT;

static int nvme_passthru_policy_parse(const char *s, u8 *policy)
{
	int i = sysfs_match_string(nvme_passthru_policies, s);

	if (i < 0)
		return -EINVAL;
	WRITE_ONCE(*policy, i);
	return 0;
}

static int nvme_passthru_default_set(const char *val,
				     const struct kernel_param *kp)
{
	return val ? nvme_passthru_policy_parse(val, kp->arg) : -EINVAL;
}

static int nvme_passthru_default_get(char *buf, const struct kernel_param *kp)
{
	u8 policy = READ_ONCE(nvme_passthru_default);

	return sysfs_emit(buf, "%s\n", nvme_passthru_policy_name(policy));
}

static const struct kernel_param_ops nvme_passthru_default_ops = {
	.set = nvme_passthru_default_set,
	.get = nvme_passthru_default_get,
};

module_param_cb(passthru_failover, &nvme_passthru_default_ops,
		&nvme_passthru_default, 0644);
MODULE_PARM_DESC(passthru_failover,
		 "which passthrough commands new multipath heads send again after a path error: 'none', 'idempotent' (default) or 'all'");

/**
 * nvme_passthru_policy_name - the name of a policy, as administrators know it
 * @policy: enum nvme_passthru_policy
 *
 * Context: Any.
 * Return: a constant string.
 */
const char *nvme_passthru_policy_name(u8 policy)
{
	return nvme_passthru_policies[policy];
}

/**
 * nvme_passthru_default_policy - the policy of a new head
 *
 * Context: Any.
 * Return: the policy.
 */
u8 nvme_passthru_default_policy(void)
{
	return READ_ONCE(nvme_passthru_default);
}

static void nvme_passthru_count(struct nvme_ns_head *head,
				enum nvme_passthru_count count)
{
	atomic_long_inc(&head->passthru.counts[count]);
}

/**
 * nvme_passthru_count_parked - a command is about to wait for a path
 * @head: its head
 * @cmd: tells commands apart in a trace
 * @opcode: of the command
 *
 * Context: Any.
 */
void nvme_passthru_count_parked(struct nvme_ns_head *head, const void *cmd,
				u8 opcode)
{
	nvme_passthru_count(head, NVME_PASSTHRU_COUNT_PARKED);
	nvme_passthru_count(head, NVME_PASSTHRU_COUNT_PARKED_TOTAL);
	trace_nvme_passthru_park(head->disk, cmd, opcode, 0);
}

/**
 * nvme_passthru_count_unparked - it does not wait any more
 * @head: its head
 *
 * Context: Any.
 */
void nvme_passthru_count_unparked(struct nvme_ns_head *head)
{
	atomic_long_dec(&head->passthru.counts[NVME_PASSTHRU_COUNT_PARKED]);
}

/**
 * nvme_passthru_count_failover - a command will be sent again
 * @head: its head
 * @cmd: tells commands apart in a trace
 * @attempt: that failed
 *
 * Context: Any.
 */
void nvme_passthru_count_failover(struct nvme_ns_head *head, const void *cmd,
				  const struct nvme_passthru_attempt *attempt)
{
	nvme_passthru_count(head, NVME_PASSTHRU_COUNT_FAILED_OVER);
	trace_nvme_passthru_failover(head->disk, cmd, attempt->opcode,
				     attempt->status, attempt->sent,
				     attempt->ctrl_id);
}

/**
 * nvme_passthru_count_no_path - a command ends, as there is no path to wait for
 * @head: its head
 * @cmd: tells commands apart in a trace
 * @opcode: of the command
 *
 * Context: Any.
 */
void nvme_passthru_count_no_path(struct nvme_ns_head *head, const void *cmd,
				 u8 opcode)
{
	nvme_passthru_count(head, NVME_PASSTHRU_COUNT_NO_PATH);
	nvme_mpath_count_no_available_path(head);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, -EIO);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "no available path - failing passthrough command %#04x\n",
			     opcode);
}

/**
 * nvme_passthru_count_refused - a command ends, as the policy has it so
 * @head: its head
 * @cmd: tells commands apart in a trace
 * @opcode: of the command
 * @res: what the application gets
 *
 * Context: Any.
 */
void nvme_passthru_count_refused(struct nvme_ns_head *head, const void *cmd,
				 u8 opcode, int res)
{
	u8 policy = READ_ONCE(head->passthru.policy);

	nvme_passthru_count(head, NVME_PASSTHRU_COUNT_REFUSED);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, res);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "path error - failing passthrough command %#04x (passthru_failover is %s)\n",
			     opcode, nvme_passthru_policy_name(policy));
}

static struct nvme_ns_head *nvme_passthru_dev_to_head(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

static ssize_t passthru_failover_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct nvme_ns_head *head = nvme_passthru_dev_to_head(dev);
	u8 policy = READ_ONCE(head->passthru.policy);

	return sysfs_emit(buf, "%s\n", nvme_passthru_policy_name(policy));
}

/* What is parked is judged again at once: it may have to wait no longer. */
static ssize_t passthru_failover_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct nvme_ns_head *head = nvme_passthru_dev_to_head(dev);
	int ret;

	ret = nvme_passthru_policy_parse(buf, &head->passthru.policy);
	if (ret)
		return ret;
	kblockd_schedule_work(&head->requeue_work);
	return count;
}
static DEVICE_ATTR_RW(passthru_failover);

#define NVME_PASSTHRU_COUNT_ATTR(_name, _count)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct nvme_ns_head *head = nvme_passthru_dev_to_head(dev);	\
	atomic_long_t *count = &head->passthru.counts[_count];		\
									\
	return sysfs_emit(buf, "%ld\n", atomic_long_read(count));	\
}									\
static DEVICE_ATTR_RO(_name)

NVME_PASSTHRU_COUNT_ATTR(passthru_parked, NVME_PASSTHRU_COUNT_PARKED);
NVME_PASSTHRU_COUNT_ATTR(passthru_parked_total,
			 NVME_PASSTHRU_COUNT_PARKED_TOTAL);
NVME_PASSTHRU_COUNT_ATTR(passthru_failed_over, NVME_PASSTHRU_COUNT_FAILED_OVER);
NVME_PASSTHRU_COUNT_ATTR(passthru_no_path, NVME_PASSTHRU_COUNT_NO_PATH);
NVME_PASSTHRU_COUNT_ATTR(passthru_refused, NVME_PASSTHRU_COUNT_REFUSED);

static struct attribute *nvme_passthru_attrs[] = {
	&dev_attr_passthru_failover.attr,
	&dev_attr_passthru_parked.attr,
	&dev_attr_passthru_parked_total.attr,
	&dev_attr_passthru_failed_over.attr,
	&dev_attr_passthru_no_path.attr,
	&dev_attr_passthru_refused.attr,
	NULL,
};

static umode_t nvme_passthru_attrs_are_visible(struct kobject *kobj,
					       struct attribute *a, int n)
{
	struct gendisk *disk = dev_to_disk(kobj_to_dev(kobj));

	return nvme_disk_is_ns_head(disk) ? a->mode : 0;
}

const struct attribute_group nvme_passthru_attr_group = {
	.attrs		= nvme_passthru_attrs,
	.is_visible	= nvme_passthru_attrs_are_visible,
};
