// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough on multipath heads: module parameter, attributes, counters, trace
 * points and messages.
 */

#include <linux/blkdev.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include "nvme.h"
#include "trace.h"

static const char *const nvme_mpath_pt_policies[] = {
	[NVME_MPATH_PT_POLICY_NONE]		= "none",
	[NVME_MPATH_PT_POLICY_IDEMPOTENT]	= "idempotent",
	[NVME_MPATH_PT_POLICY_ALL]		= "all",
};

/**
 * nvme_mpath_pt_policy_name - name of a policy in attributes and messages
 * @policy: enum nvme_mpath_pt_policy
 *
 * Context: Any.
 * Return: a constant string.
 */
const char *nvme_mpath_pt_policy_name(u8 policy)
{
	return nvme_mpath_pt_policies[policy];
}

static u8 nvme_mpath_pt_default = NVME_MPATH_PT_POLICY_IDEMPOTENT;

static int nvme_mpath_pt_policy_parse(const char *s, u8 *policy)
{
	int i = sysfs_match_string(nvme_mpath_pt_policies, s);

	if (i < 0)
		return -EINVAL;
	WRITE_ONCE(*policy, i);
	return 0;
}

static int nvme_mpath_pt_default_set(const char *val,
				     const struct kernel_param *kp)
{
	return val ? nvme_mpath_pt_policy_parse(val, kp->arg) : -EINVAL;
}

static int nvme_mpath_pt_default_get(char *buf, const struct kernel_param *kp)
{
	u8 policy = READ_ONCE(nvme_mpath_pt_default);

	return sysfs_emit(buf, "%s\n", nvme_mpath_pt_policy_name(policy));
}

static const struct kernel_param_ops nvme_mpath_pt_default_ops = {
	.set = nvme_mpath_pt_default_set,
	.get = nvme_mpath_pt_default_get,
};

module_param_cb(passthru_failover, &nvme_mpath_pt_default_ops,
		&nvme_mpath_pt_default, 0644);
MODULE_PARM_DESC(passthru_failover,
		 "which passthrough commands new multipath heads send again after a path error: 'none', 'idempotent' (default) or 'all'");

/**
 * nvme_mpath_pt_default_policy - the policy of a new head
 *
 * Context: Any.
 * Return: the policy.
 */
u8 nvme_mpath_pt_default_policy(void)
{
	return READ_ONCE(nvme_mpath_pt_default);
}

static void nvme_mpath_pt_count(struct nvme_ns_head *head,
				enum nvme_mpath_pt_count count)
{
	atomic_long_inc(&head->passthru.counts[count]);
}

/**
 * nvme_mpath_pt_note_parked - count a command that begins to wait for a path
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_parked(struct nvme_ns_head *head, const void *cmd,
			       u8 opcode)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_PARKED);
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_PARKED_TOTAL);
	trace_nvme_passthru_park(head->disk, cmd, opcode, 0);
}

/**
 * nvme_mpath_pt_note_unparked - count a command that stops waiting
 * @head: its head
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_unparked(struct nvme_ns_head *head)
{
	atomic_long_dec(&head->passthru.counts[NVME_MPATH_PT_COUNT_PARKED]);
}

/**
 * nvme_mpath_pt_note_failover - count a command that will be sent again
 * @head: its head
 * @cmd: identifies the command in a trace
 * @attempt: the attempt that failed
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_failover(struct nvme_ns_head *head, const void *cmd,
				 const struct nvme_mpath_pt_attempt *attempt)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_FAILED_OVER);
	trace_nvme_passthru_failover(head->disk, cmd, attempt->opcode,
				     attempt->status, attempt->sent,
				     attempt->ctrl_id);
}

/**
 * nvme_mpath_pt_note_no_path - count and report a command that fails because
 *	no path is available
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_no_path(struct nvme_ns_head *head, const void *cmd,
				u8 opcode)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_NO_PATH);
	nvme_mpath_count_no_available_path(head);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, -EIO);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "no available path - failing passthrough command %#04x\n",
			     opcode);
}

/**
 * nvme_mpath_pt_note_expired - count and report a command that fails because
 *	it has waited for longer than passthru_wait_secs
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_expired(struct nvme_ns_head *head, const void *cmd,
				u8 opcode)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_EXPIRED);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, -ETIME);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "waited too long - failing passthrough command %#04x (passthru_wait_secs is %u)\n",
			     opcode, READ_ONCE(head->passthru.wait_secs));
}

/**
 * nvme_mpath_pt_note_refused - count and report a command that fails because
 *	its policy forbids to send it again
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 * @res: its result
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_refused(struct nvme_ns_head *head, const void *cmd,
				u8 opcode, int res)
{
	u8 policy = READ_ONCE(head->passthru.policy);

	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_REFUSED);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, res);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "path error - failing passthrough command %#04x (passthru_failover is %s)\n",
			     opcode, nvme_mpath_pt_policy_name(policy));
}

/**
 * nvme_mpath_pt_note_unprovable - count and report a command that fails because
 *	nothing proves that its old controller does not execute it later
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 * @res: its result
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_unprovable(struct nvme_ns_head *head, const void *cmd,
				   u8 opcode, int res)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_REFUSED);
	trace_nvme_passthru_give_up(head->disk, cmd, opcode, res);
	dev_warn_ratelimited(disk_to_dev(head->disk),
			     "path error - failing passthrough command %#04x (passthru_delayed_retry, but the controller has neither KATO nor CQT)\n",
			     opcode);
}

/**
 * nvme_mpath_pt_note_held - count a command that waits for its old controller
 * @head: its head
 * @cmd: identifies the command in a trace
 * @opcode: of the command
 * @left: how long, in jiffies
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_held(struct nvme_ns_head *head, const void *cmd,
			     u8 opcode, long left)
{
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_HELD);
	nvme_mpath_pt_count(head, NVME_MPATH_PT_COUNT_HELD_TOTAL);
	trace_nvme_passthru_hold(head->disk, cmd, opcode,
				 jiffies_to_msecs(left));
}

/**
 * nvme_mpath_pt_note_unheld - count a command that is not held any more
 * @head: its head
 * @since: when that began, in jiffies
 *
 * Context: Any.
 */
void nvme_mpath_pt_note_unheld(struct nvme_ns_head *head, unsigned long since)
{
	atomic_long_t *counts = head->passthru.counts;
	long ms = jiffies_to_msecs(jiffies - since);
	long max = atomic_long_read(&counts[NVME_MPATH_PT_COUNT_HELD_MAX_MS]);

	atomic_long_dec(&counts[NVME_MPATH_PT_COUNT_HELD]);
	while (ms > max &&
	       !atomic_long_try_cmpxchg(&counts[NVME_MPATH_PT_COUNT_HELD_MAX_MS],
					&max, ms))
		;
}

static struct nvme_ns_head *nvme_mpath_pt_dev_to_head(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

static ssize_t passthru_failover_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);
	u8 policy = READ_ONCE(head->passthru.policy);

	return sysfs_emit(buf, "%s\n", nvme_mpath_pt_policy_name(policy));
}

/* The new policy may end the wait of commands: judge them now. */
static ssize_t passthru_failover_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);
	int ret;

	ret = nvme_mpath_pt_policy_parse(buf, &head->passthru.policy);
	if (ret)
		return ret;
	kblockd_schedule_work(&head->requeue_work);
	nvme_mpath_pt_kick_held(head);
	return count;
}
static DEVICE_ATTR_RW(passthru_failover);

static ssize_t passthru_delayed_retry_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);
	int setting = READ_ONCE(head->passthru.delayed_retry);

	switch (setting) {
	case NVME_MPATH_PT_DELAYED_OFF:
		return sysfs_emit(buf, "off\n");
	case NVME_MPATH_PT_DELAYED_CQT:
		return sysfs_emit(buf, "cqt\n");
	default:
		return sysfs_emit(buf, "%d\n", setting);
	}
}

static int nvme_mpath_pt_delayed_parse(const char *s, int *setting)
{
	if (sysfs_streq(s, "off"))
		*setting = NVME_MPATH_PT_DELAYED_OFF;
	else if (sysfs_streq(s, "cqt"))
		*setting = NVME_MPATH_PT_DELAYED_CQT;
	else if (kstrtoint(s, 10, setting) || *setting < 0)
		return -EINVAL;
	return 0;
}

static ssize_t passthru_delayed_retry_store(struct device *dev,
					    struct device_attribute *attr,
					    const char *buf, size_t count)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);
	int setting, ret;

	ret = nvme_mpath_pt_delayed_parse(buf, &setting);
	if (ret)
		return ret;
	WRITE_ONCE(head->passthru.delayed_retry, setting);
	nvme_mpath_pt_kick_held(head);
	return count;
}
static DEVICE_ATTR_RW(passthru_delayed_retry);

static ssize_t passthru_wait_secs_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(head->passthru.wait_secs));
}

static ssize_t passthru_wait_secs_store(struct device *dev,
					struct device_attribute *attr,
					const char *buf, size_t count)
{
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);
	unsigned int secs;

	if (kstrtouint(buf, 10, &secs))
		return -EINVAL;
	WRITE_ONCE(head->passthru.wait_secs, secs);
	/* the wait of commands may be over now */
	mod_delayed_work(nvme_wq, &head->passthru.recheck, 0);
	return count;
}
static DEVICE_ATTR_RW(passthru_wait_secs);

#define NVME_MPATH_PT_COUNT_ATTR(_name, _count)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct nvme_ns_head *head = nvme_mpath_pt_dev_to_head(dev);	\
	atomic_long_t *count = &head->passthru.counts[_count];		\
									\
	return sysfs_emit(buf, "%ld\n", atomic_long_read(count));	\
}									\
static DEVICE_ATTR_RO(_name)

NVME_MPATH_PT_COUNT_ATTR(passthru_parked, NVME_MPATH_PT_COUNT_PARKED);
NVME_MPATH_PT_COUNT_ATTR(passthru_parked_total,
			 NVME_MPATH_PT_COUNT_PARKED_TOTAL);
NVME_MPATH_PT_COUNT_ATTR(passthru_failed_over, NVME_MPATH_PT_COUNT_FAILED_OVER);
NVME_MPATH_PT_COUNT_ATTR(passthru_no_path, NVME_MPATH_PT_COUNT_NO_PATH);
NVME_MPATH_PT_COUNT_ATTR(passthru_refused, NVME_MPATH_PT_COUNT_REFUSED);
NVME_MPATH_PT_COUNT_ATTR(passthru_expired, NVME_MPATH_PT_COUNT_EXPIRED);
NVME_MPATH_PT_COUNT_ATTR(passthru_held, NVME_MPATH_PT_COUNT_HELD);
NVME_MPATH_PT_COUNT_ATTR(passthru_held_total, NVME_MPATH_PT_COUNT_HELD_TOTAL);
NVME_MPATH_PT_COUNT_ATTR(passthru_held_max_ms, NVME_MPATH_PT_COUNT_HELD_MAX_MS);

static struct attribute *nvme_mpath_pt_attrs[] = {
	&dev_attr_passthru_failover.attr,
	&dev_attr_passthru_parked.attr,
	&dev_attr_passthru_parked_total.attr,
	&dev_attr_passthru_failed_over.attr,
	&dev_attr_passthru_no_path.attr,
	&dev_attr_passthru_refused.attr,
	&dev_attr_passthru_wait_secs.attr,
	&dev_attr_passthru_expired.attr,
	&dev_attr_passthru_delayed_retry.attr,
	&dev_attr_passthru_held.attr,
	&dev_attr_passthru_held_total.attr,
	&dev_attr_passthru_held_max_ms.attr,
	NULL,
};

static umode_t nvme_mpath_pt_attrs_are_visible(struct kobject *kobj,
					       struct attribute *a, int n)
{
	struct gendisk *disk = dev_to_disk(kobj_to_dev(kobj));

	return nvme_disk_is_ns_head(disk) ? a->mode : 0;
}

const struct attribute_group nvme_mpath_pt_attr_group = {
	.attrs		= nvme_mpath_pt_attrs,
	.is_visible	= nvme_mpath_pt_attrs_are_visible,
};
