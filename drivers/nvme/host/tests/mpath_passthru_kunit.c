// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of passthrough failover: which commands are sent again, and
 * when.
 *
 * The expected results are tables of the specification's numbers. They do not
 * use the names and helpers of the driver: an error that both shared would not
 * be found.
 */

#include <kunit/test.h>
#include <linux/sched.h>
#include "../nvme.h"

#define NVM		0x00
#define KV		0x01
#define ZNS		0x02

#define NONE		NVME_MPATH_PT_POLICY_NONE
#define IDEMPOTENT	NVME_MPATH_PT_POLICY_IDEMPOTENT
#define ALL		NVME_MPATH_PT_POLICY_ALL

#define FAILFAST	NVME_URING_CMD_F_FAILFAST
#define FAILOVER	NVME_URING_CMD_F_FAILOVER

#define CRD		0x1800
#define MORE		0x2000
#define DNR		0x4000

/*
 * The classes of an opcode. Bits 0-3 are for the NVM command set, 4-7 for zoned
 * namespaces; 0 is state-dependent.
 */
#define UNRESTRICTED	1
#define DELAYED		2

static const u8 classes[0x100] = {
	[0x00] = 0x11,		/* flush */
	[0x01] = 0x02,		/* write */
	[0x02] = 0x11,		/* read */
	[0x04] = 0x02,		/* write uncorrectable */
	[0x05] = 0x11,		/* compare */
	[0x08] = 0x02,		/* write zeroes */
	[0x09] = 0x22,		/* dataset management */
	[0x0c] = 0x11,		/* verify */
	[0x0d] = 0,		/* reservation register */
	[0x0e] = 0x11,		/* reservation report */
	[0x11] = 0,		/* reservation acquire */
	[0x12] = 0x11,		/* I/O management receive */
	[0x15] = 0,		/* reservation release */
	[0x18] = 0,		/* cancel */
	[0x19] = 0,		/* copy */
	[0x1d] = 0,		/* I/O management send */
	[0x79] = 0,		/* zone management send */
	[0x7a] = 0x10,		/* zone management receive */
	[0x7d] = 0,		/* zone append */
	[0x80 ... 0xff] = 0,	/* vendor specific */
};

/* What a status code, with its type, tells about the command. */
enum fate {
	ANSWERED,	/* not a path error: goes to the application */
	NOT_EXECUTED,	/* path error of a controller that did not execute it */
	MAYBE_EXECUTED,	/* any other path error */
};

static const u8 fates[0x800] = {
	[0x000 ... 0x007] = ANSWERED,
	[0x008 ... 0x008] = MAYBE_EXECUTED,	/* aborted with its queue */
	[0x009 ... 0x2ff] = ANSWERED,
	[0x300 ... 0x300] = MAYBE_EXECUTED,	/* internal path error */
	[0x301 ... 0x303] = NOT_EXECUTED,	/* ANA states */
	[0x304 ... 0x3ff] = MAYBE_EXECUTED,	/* 360h, 370h, 371h: others */
	[0x400 ... 0x7ff] = ANSWERED,
};

/* The policy that holds for a command. */
static const struct rule {
	const char *name;
	u8 head_policy;
	u8 flags;
	u8 policy;
} rules[] = {
	{ "none", NONE, 0, NONE },
	{ "none, FAILFAST", NONE, FAILFAST, NONE },
	{ "none, FAILOVER", NONE, FAILOVER, ALL },
	{ "idempotent", IDEMPOTENT, 0, IDEMPOTENT },
	{ "idempotent, FAILFAST", IDEMPOTENT, FAILFAST, NONE },
	{ "idempotent, FAILOVER", IDEMPOTENT, FAILOVER, ALL },
	{ "all", ALL, 0, ALL },
	{ "all, FAILFAST", ALL, FAILFAST, NONE },
	{ "all, FAILOVER", ALL, FAILOVER, ALL },
};

KUNIT_ARRAY_PARAM_DESC(rule, rules, name);

static enum fate fate_of(u16 status)
{
	/* rejected on its way to the device, or cancelled */
	if (!status)
		return MAYBE_EXECUTED;
	return status & DNR ? ANSWERED : fates[status & 0x7ff];
}

static u8 class_of(u8 csi, u8 opcode)
{
	switch (csi) {
	case NVM:
		return classes[opcode] & 0xf;
	case ZNS:
		return classes[opcode] >> 4;
	default:
		return 0;
	}
}

static bool is_safe(u8 csi, u8 opcode)
{
	return class_of(csi, opcode);
}

static bool is_right(u8 policy, bool safe, enum fate fate, bool sent)
{
	if (policy == NONE || fate == ANSWERED)
		return false;
	return policy == ALL || safe || !sent ||
		fate == NOT_EXECUTED;
}

static void check_opcode(struct kunit *test, u8 csi, u8 opcode, bool sent)
{
	const struct rule *r = test->param_value;
	bool safe = is_safe(csi, opcode);
	unsigned int status;
	bool got, right;

	/* every status without its phase bit */
	for (status = 0; status < 0x8000; status++) {
		got = nvme_mpath_pt_may_resend(r->head_policy, r->flags, csi,
					       opcode, status, sent);
		right = is_right(r->policy, safe, fate_of(status), sent);
		KUNIT_ASSERT_EQ_MSG(test, got, right,
				    "set %#x, opcode %#x, status %#x, %ssent",
				    csi, opcode, status, sent ? "" : "not ");
	}
}

static void check_command_set(struct kunit *test, u8 csi)
{
	unsigned int opcode;

	for (opcode = 0; opcode < 0x100; opcode++) {
		check_opcode(test, csi, opcode, false);
		check_opcode(test, csi, opcode, true);
		cond_resched();
	}
}

static void resend_nvm(struct kunit *test)
{
	check_command_set(test, NVM);
}

static void resend_zns(struct kunit *test)
{
	check_command_set(test, ZNS);
}

static void resend_others(struct kunit *test)
{
	check_command_set(test, KV);
	check_command_set(test, 0xff);
}

/* An opcode that is safe in a known command set is not safe in any other. */
static void resend_every_csi(struct kunit *test)
{
	unsigned int i;
	bool got;

	for (i = 0; i < 0x10000; i++) {
		got = nvme_mpath_pt_may_resend(IDEMPOTENT, 0, i >> 8, i & 0xff,
					       0x371, true);
		KUNIT_ASSERT_EQ_MSG(test, got, is_safe(i >> 8, i & 0xff),
				    "set %#x, opcode %#x", i >> 8, i & 0xff);
	}
}

static const struct example {
	const char *name;
	u8 head_policy;
	u8 flags;
	u8 csi;
	u8 opcode;
	u16 status;
	bool sent;
	bool resend;
} examples[] = {
	/* the head's policy */
	{ "none: a read that met an ANA state is not sent again",
	  NONE, 0, NVM, 0x02, 0x302, true, false },
	{ "none: a read that was never sent does not wait for a path",
	  NONE, 0, NVM, 0x02, 0, false, false },
	{ "idempotent: a lost write is sent again",
	  IDEMPOTENT, 0, NVM, 0x01, 0x371, true, true },
	{ "idempotent: a lost write to a zone is not sent again",
	  IDEMPOTENT, 0, ZNS, 0x01, 0x371, true, false },
	{ "idempotent: a lost zone append is not sent again",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x371, true, false },
	{ "idempotent: a zone append that met an ANA state is sent again",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x302, true, true },
	{ "idempotent: a zone append that was never sent is sent",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x370, false, true },
	{ "idempotent: a lost vendor command is not sent again",
	  IDEMPOTENT, 0, NVM, 0x80, 0x371, true, false },
	{ "idempotent: a vendor command is not sent again after 300h",
	  IDEMPOTENT, 0, NVM, 0x80, 0x300, true, false },
	{ "idempotent: a vendor command sent without a status is not sent again",
	  IDEMPOTENT, 0, NVM, 0x80, 0, true, false },
	{ "idempotent: a vendor command that waits is sent",
	  IDEMPOTENT, 0, NVM, 0x80, 0, false, true },
	{ "idempotent: a lost key value store is not sent again",
	  IDEMPOTENT, 0, KV, 0x01, 0x371, true, false },
	{ "all: a lost zone append is sent again",
	  ALL, 0, ZNS, 0x7d, 0x371, true, true },

	/* flags of the command override the policy both ways */
	{ "FAILFAST wins over all: ANA state",
	  ALL, FAILFAST, NVM, 0x02, 0x303, true, false },
	{ "FAILOVER wins over none: lost vendor command",
	  NONE, FAILOVER, NVM, 0x80, 0x371, true, true },
	{ "FAILOVER wins over idempotent: lost zone append",
	  IDEMPOTENT, FAILOVER, ZNS, 0x7d, 0x371, true, true },

	/* neither policy nor flags change this */
	{ "DNR ends a read that met an ANA state",
	  ALL, 0, NVM, 0x02, DNR | 0x302, true, false },
	{ "DNR ends a FAILOVER command that was never sent",
	  ALL, FAILOVER, NVM, 0x02, DNR | 0x370, false, false },
	{ "CRD and More change nothing",
	  IDEMPOTENT, 0, NVM, 0x02, CRD | MORE | 0x371, true, true },
	{ "idempotent: a write that was aborted with its queue is sent again",
	  IDEMPOTENT, 0, NVM, 0x01, 0x008, true, true },
	{ "idempotent: a zone append that was aborted with its queue is not",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x008, true, false },
	{ "a generic status is an answer: abort requested",
	  ALL, FAILOVER, NVM, 0x02, 0x007, true, false },
	{ "a generic status is an answer: namespace not ready",
	  ALL, FAILOVER, NVM, 0x02, 0x082, true, false },
	{ "a media error is an answer: unrecovered read error",
	  ALL, FAILOVER, NVM, 0x02, 0x281, true, false },
};

KUNIT_ARRAY_PARAM_DESC(example, examples, name);

static void resend_example(struct kunit *test)
{
	const struct example *e = test->param_value;

	KUNIT_EXPECT_EQ(test, e->resend,
			nvme_mpath_pt_may_resend(e->head_policy, e->flags,
						 e->csi, e->opcode, e->status,
						 e->sent));
}

static void effective_policy(struct kunit *test)
{
	const struct rule *rule = test->param_value;

	KUNIT_EXPECT_EQ(test, rule->policy,
			(u8)nvme_mpath_pt_effective_policy(rule->head_policy,
							   rule->flags));
}

static void policy_name(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, "none", nvme_mpath_pt_policy_name(NONE));
	KUNIT_EXPECT_STREQ(test, "idempotent",
			   nvme_mpath_pt_policy_name(IDEMPOTENT));
	KUNIT_EXPECT_STREQ(test, "all", nvme_mpath_pt_policy_name(ALL));
}

/*
 * No flag, FAILFAST, FAILOVER: the values are ABI. Not both, and no others:
 * bits 0 and 1 make a command one of a fused pair, 6 and 7 say what its data
 * pointer is.
 */
static void flags_valid(struct kunit *test)
{
	unsigned int flags;

	KUNIT_EXPECT_EQ(test, FAILFAST, 4);
	KUNIT_EXPECT_EQ(test, FAILOVER, 8);
	for (flags = 0; flags < 0x100; flags++)
		KUNIT_EXPECT_EQ_MSG(test, nvme_mpath_pt_flags_valid(flags),
				    !flags || flags == 4 || flags == 8,
				    "flags %#x", flags);
}

/* A timeout of 0 is none. Jiffies wrap around. */
static void timed_out(struct kunit *test)
{
	const unsigned long starts[] = { 0, 1, ULONG_MAX - 5, ULONG_MAX };
	unsigned long s;
	int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		s = starts[i];
		KUNIT_EXPECT_FALSE(test, nvme_mpath_pt_timed_out(s, 10, s));
		KUNIT_EXPECT_FALSE(test, nvme_mpath_pt_timed_out(s, 10, s + 9));
		KUNIT_EXPECT_TRUE(test, nvme_mpath_pt_timed_out(s, 10, s + 10));
		KUNIT_EXPECT_TRUE(test,
				  nvme_mpath_pt_timed_out(s, 10, s + 999));
		KUNIT_EXPECT_FALSE(test, nvme_mpath_pt_timed_out(s, 0, s));
		KUNIT_EXPECT_FALSE(test,
				   nvme_mpath_pt_timed_out(s, 0, s + 999));
	}
}

static void maybe_executed(struct kunit *test)
{
	unsigned int status;

	KUNIT_EXPECT_TRUE(test, nvme_mpath_pt_maybe_executed(0, true));
	KUNIT_EXPECT_FALSE(test, nvme_mpath_pt_maybe_executed(0, false));
	for (status = 0; status < 0x8000; status++) {
		/* not defined for other status codes */
		if (fates[status & 0x7ff] == ANSWERED)
			continue;
		KUNIT_ASSERT_EQ_MSG(test,
				    nvme_mpath_pt_maybe_executed(status, true),
				    fates[status & 0x7ff] == MAYBE_EXECUTED,
				    "status %#x", status);
		KUNIT_ASSERT_FALSE_MSG(test,
				       nvme_mpath_pt_maybe_executed(status,
								    false),
				       "status %#x", status);
	}
}

/* After an answer of the controller nothing is executed late. */
static void maybe_running(struct kunit *test)
{
	unsigned int status;
	bool right;

	KUNIT_EXPECT_TRUE(test, nvme_mpath_pt_maybe_running(0, true));
	KUNIT_EXPECT_FALSE(test, nvme_mpath_pt_maybe_running(0, false));
	for (status = 1; status < 0x8000; status++) {
		/* not defined for other status codes */
		if (fates[status & 0x7ff] == ANSWERED)
			continue;
		right = (status & 0x7ff) >= 0x370;
		KUNIT_ASSERT_EQ_MSG(test, right,
				    nvme_mpath_pt_maybe_running(status, true),
				    "status %#x", status);
		KUNIT_ASSERT_FALSE_MSG(test,
				       nvme_mpath_pt_maybe_running(status,
								   false),
				       "status %#x", status);
	}
}

/* CSUPP, LBCC, NCC, NIC, CCC and a bit that does not matter */
static void class_and_effects(struct kunit *test)
{
	static const u32 effects[] = {
		0, 0x1, 0x2, 0x3, 0x5, 0x9, 0x11, 0x1f, 0x80001,
	};
	const u8 sets[] = { NVM, ZNS, KV, 0xff };
	unsigned int i, opcode, e;
	u8 right, got;

	for (i = 0; i < 0x100 * ARRAY_SIZE(sets) * ARRAY_SIZE(effects); i++) {
		opcode = i & 0xff;
		e = effects[(i >> 8) % ARRAY_SIZE(effects)];
		right = class_of(sets[(i >> 8) / ARRAY_SIZE(effects)], opcode);
		/* a change makes a command delayed, never less restricted */
		if (right == UNRESTRICTED && (e & 0x1e))
			right = DELAYED;
		got = nvme_mpath_pt_class(sets[(i >> 8) / ARRAY_SIZE(effects)],
					  opcode, e);
		KUNIT_ASSERT_EQ_MSG(test, right,
				    got == NVME_MPATH_PT_CLASS_UNRESTRICTED ?
				    UNRESTRICTED :
				    got == NVME_MPATH_PT_CLASS_DELAYED ?
				    DELAYED : 0,
				    "set %#x, opcode %#x, effects %#x",
				    sets[(i >> 8) / ARRAY_SIZE(effects)],
				    opcode, e);
	}
}

/* setting, KATO in s, traffic based, CQT in ms, right time in ms, KAS in 100 ms */
static const struct quiesce {
	const char *name;
	int setting;
	unsigned int kato;
	bool tbkas;
	u16 cqt;
	s64 ms;
	u16 kas;
} quiesces[] = {
	{ "off: no KATO, no CQT", -2, 0, false, 0, 0 },
	{ "off: KATO, no CQT", -2, 5, false, 0, 0 },
	{ "off: no KATO, CQT", -2, 0, false, 700, 0 },
	{ "off: KATO, CQT", -2, 5, true, 700, 0 },
	{ "cqt: no KATO, no CQT", -1, 0, false, 0, 0 },
	{ "cqt: KATO, no CQT", -1, 5, false, 0, 0 },
	{ "cqt: traffic based KATO, no CQT", -1, 5, true, 0, 0 },
	{ "cqt: no KATO, CQT", -1, 0, false, 700, 700 },
	{ "cqt: KATO, CQT", -1, 5, false, 700, 10700 },
	{ "cqt: traffic based KATO, CQT", -1, 5, true, 700, 15700 },
	{ "cqt: largest CQT", -1, 1, false, 65535, 67535 },
	{ "0: no KATO, no CQT", 0, 0, false, 0, -1 },
	{ "0: KATO, no CQT", 0, 5, false, 0, 10000 },
	{ "0: traffic based KATO, no CQT", 0, 5, true, 0, 15000 },
	{ "0: no KATO, CQT", 0, 0, false, 700, 700 },
	{ "300: no KATO, no CQT", 300, 0, false, 0, -1 },
	{ "300: no KATO, traffic based, no CQT", 300, 0, true, 0, -1 },
	{ "300: KATO, no CQT", 300, 5, false, 0, 10300 },
	{ "300: traffic based KATO, no CQT", 300, 5, true, 0, 15300 },
	{ "300: no KATO, CQT", 300, 0, false, 700, 700 },
	{ "300: KATO, CQT", 300, 5, false, 700, 10700 },
	{ "300: traffic based KATO, CQT", 300, 5, true, 700, 15700 },
	{ "300: KATO, a timer of 10 s, no CQT", 300, 5, false, 0, 20300, 100 },
	{ "300: KATO, a timer of 1 s, no CQT", 300, 5, true, 0, 15300, 10 },
	{ "300: KATO, a timer of 4 s, no CQT", 300, 5, false, 0, 16300, 40 },
	{ "cqt: KATO, a timer of 10 s, CQT", -1, 11, true, 700, 60700, 100 },
	{ "largest values", 0x7fffffff, 0xffffffff, true, 0,
	  0xffffffffLL * 3000 + 0x7fffffff, 0 },
};

KUNIT_ARRAY_PARAM_DESC(quiesce, quiesces, name);

static void quiesce_ms(struct kunit *test)
{
	const struct quiesce *q = test->param_value;

	KUNIT_EXPECT_EQ(test, -2, NVME_MPATH_PT_DELAYED_OFF);
	KUNIT_EXPECT_EQ(test, -1, NVME_MPATH_PT_DELAYED_CQT);
	KUNIT_EXPECT_EQ(test, q->ms,
			nvme_mpath_pt_quiesce_ms(q->setting, q->kato, q->kas,
						 q->tbkas, q->cqt));
}

static long left_of(struct nvme_mpath_pt_fence *f, int setting)
{
	return nvme_mpath_pt_fence_left(f, setting, jiffies);
}

/* The same with a fence, whose clock runs only while the controller is down. */
static void fence_left(struct kunit *test)
{
	const struct quiesce *q = test->param_value;
	struct nvme_mpath_pt_fence f = {
		.kato = q->kato, .kas = q->kas, .tbkas = q->tbkas,
		.cqt = q->cqt,
		.state = NVME_MPATH_PT_FENCE_RUNNING,
	};
	long left, right = q->ms;

	KUNIT_EXPECT_EQ(test, 0, left_of(NULL, q->setting));
	/* not known before it is DOWN, and not waited for without end */
	KUNIT_EXPECT_EQ(test, right ? HZ : 0, left_of(&f, q->setting));
	left = nvme_mpath_pt_fence_left(&f, q->setting, jiffies - 301 * HZ);
	KUNIT_EXPECT_EQ(test, right ? -1 : 0, left);
	f.state = NVME_MPATH_PT_FENCE_PROVEN;
	KUNIT_EXPECT_EQ(test, 0, left_of(&f, q->setting));

	f.state = NVME_MPATH_PT_FENCE_DOWN;
	f.down_at = jiffies;
	left = left_of(&f, q->setting);
	if (right <= 0) {
		KUNIT_EXPECT_EQ(test, right, left);
		return;
	}
	if (right > 100000)
		return;
	/* never shorter; a second late is the time that a busy machine takes */
	KUNIT_EXPECT_LE(test, left, msecs_to_jiffies(right) + 1);
	KUNIT_EXPECT_GT(test, left + HZ, msecs_to_jiffies(right));
	f.down_at = jiffies - msecs_to_jiffies(right) - 1;
	KUNIT_EXPECT_EQ(test, 0, left_of(&f, q->setting));
}

/* The bound in seconds, the wait in jiffies. */
static void is_overdue(struct kunit *test)
{
	static const struct {
		unsigned int secs;
		unsigned long waited;
		bool right;
	} cases[] = {
		/* no bound */
		{ 0, 0, false }, { 0, 1, false }, { 0, ULONG_MAX, false },
		{ 1, 0, false }, { 1, 1, false }, { 1, HZ - 1, false },
		/* not earlier, although a jiffy may be short */
		{ 1, HZ, false }, { 1, HZ + 1, true }, { 1, ULONG_MAX, true },
		{ 60, 60 * HZ, false }, { 60, 60 * HZ + 1, true },
		/* more than jiffies can count on 32 bit: never */
		{ UINT_MAX, 0, false }, { UINT_MAX, UINT_MAX, false },
		{ UINT_MAX / HZ + 1, 1, false },
		{ UINT_MAX / HZ + 1, HZ, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].right,
				    nvme_mpath_pt_is_overdue(cases[i].secs,
							     cases[i].waited),
				    "%u s, %lu jiffies", cases[i].secs,
				    cases[i].waited);
}

static struct kunit_case nvme_mpath_pt_cases[] = {
	KUNIT_CASE_PARAM(resend_example, example_gen_params),
	KUNIT_CASE_PARAM(resend_nvm, rule_gen_params),
	KUNIT_CASE_PARAM(resend_zns, rule_gen_params),
	KUNIT_CASE_PARAM(resend_others, rule_gen_params),
	KUNIT_CASE(resend_every_csi),
	KUNIT_CASE_PARAM(effective_policy, rule_gen_params),
	KUNIT_CASE(policy_name),
	KUNIT_CASE(flags_valid),
	KUNIT_CASE(timed_out),
	KUNIT_CASE(maybe_executed),
	KUNIT_CASE(maybe_running),
	KUNIT_CASE(class_and_effects),
	KUNIT_CASE_PARAM(quiesce_ms, quiesce_gen_params),
	KUNIT_CASE_PARAM(fence_left, quiesce_gen_params),
	KUNIT_CASE(is_overdue),
	{}
};

static struct kunit_suite nvme_mpath_pt_suite = {
	.name = "nvme_passthru",
	.test_cases = nvme_mpath_pt_cases,
};

kunit_test_suite(nvme_mpath_pt_suite);
