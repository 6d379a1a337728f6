// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of passthrough failover: which command may be sent again.
 *
 * What is right is stated here once more, as tables of the numbers that the
 * specification has, and on purpose not by the names and helpers of the driver:
 * what both had in common could not be found wrong.
 */

#include <kunit/test.h>
#include <linux/sched.h>
#include "../nvme.h"

#define NVM		0x00
#define KV		0x01
#define ZNS		0x02

#define NONE		NVME_PASSTHRU_NONE
#define IDEMPOTENT	NVME_PASSTHRU_IDEMPOTENT
#define ALL		NVME_PASSTHRU_ALL

#define FAILFAST	NVME_URING_CMD_F_FAILFAST
#define FAILOVER	NVME_URING_CMD_F_FAILOVER

#define CRD		0x1800
#define MORE		0x2000
#define DNR		0x4000

/* Of the opcodes: in which command sets is it safe to execute it twice? */
#define IN_NVM		BIT(0)
#define IN_ZNS		BIT(1)

static const u8 safe_twice[0x100] = {
	[0x00] = IN_NVM | IN_ZNS,	/* flush */
	[0x01] = IN_NVM,		/* write */
	[0x02] = IN_NVM | IN_ZNS,	/* read */
	[0x04] = IN_NVM,		/* write uncorrectable */
	[0x05] = IN_NVM | IN_ZNS,	/* compare */
	[0x08] = IN_NVM,		/* write zeroes */
	[0x09] = IN_NVM | IN_ZNS,	/* dataset management */
	[0x0c] = IN_NVM | IN_ZNS,	/* verify */
	[0x0d] = 0,			/* reservation register */
	[0x0e] = IN_NVM | IN_ZNS,	/* reservation report */
	[0x11] = 0,			/* reservation acquire */
	[0x12] = IN_NVM | IN_ZNS,	/* I/O management receive */
	[0x15] = 0,			/* reservation release */
	[0x18] = 0,			/* cancel */
	[0x19] = 0,			/* copy */
	[0x1d] = 0,			/* I/O management send */
	[0x79] = 0,			/* zone management send */
	[0x7a] = IN_ZNS,		/* zone management receive */
	[0x7d] = 0,			/* zone append */
	[0x80 ... 0xff] = 0,		/* vendor specific */
};

/* Of the status codes, with their type: what became of the command? */
enum fate {
	ANSWERED,	/* this is not about the path: for the application */
	NOT_EXECUTED,	/* lost, and the controller says it did nothing */
	IN_DOUBT,	/* lost, and nobody knows */
};

static const u8 fates[0x800] = {
	[0x000 ... 0x2ff] = ANSWERED,
	[0x300 ... 0x300] = IN_DOUBT,		/* internal path error */
	[0x301 ... 0x303] = NOT_EXECUTED,	/* ANA states */
	[0x304 ... 0x3ff] = IN_DOUBT,		/* 360h, 370h, 371h: others */
	[0x400 ... 0x7ff] = ANSWERED,
};

/* Which policy holds for a command? */
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
	/* it never got a status: thrown out on its way, or cancelled */
	if (!status)
		return IN_DOUBT;
	return status & DNR ? ANSWERED : fates[status & 0x7ff];
}

static bool is_safe(u8 csi, u8 opcode)
{
	switch (csi) {
	case NVM:
		return safe_twice[opcode] & IN_NVM;
	case ZNS:
		return safe_twice[opcode] & IN_ZNS;
	default:
		return false;
	}
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

	/* all that fits into a status without its phase bit */
	for (status = 0; status < 0x8000; status++) {
		got = nvme_passthru_may_resend(r->head_policy, r->flags, csi,
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

/* What is safe in a set that is known says nothing about any other. */
static void resend_every_csi(struct kunit *test)
{
	unsigned int i;
	bool got;

	for (i = 0; i < 0x10000; i++) {
		got = nvme_passthru_may_resend(IDEMPOTENT, 0, i >> 8, i & 0xff,
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
	{ "none: a read that was never sent does not wait",
	  NONE, 0, NVM, 0x02, 0, false, false },
	{ "idempotent: a lost write is sent again",
	  IDEMPOTENT, 0, NVM, 0x01, 0x371, true, true },
	{ "idempotent: a lost write to a zone is not",
	  IDEMPOTENT, 0, ZNS, 0x01, 0x371, true, false },
	{ "idempotent: a lost zone append is not",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x371, true, false },
	{ "idempotent: a zone append that met an ANA state is",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x302, true, true },
	{ "idempotent: a zone append that was never sent is",
	  IDEMPOTENT, 0, ZNS, 0x7d, 0x370, false, true },
	{ "idempotent: a lost vendor command is not",
	  IDEMPOTENT, 0, NVM, 0x80, 0x371, true, false },
	{ "idempotent: nor is it after an internal path error",
	  IDEMPOTENT, 0, NVM, 0x80, 0x300, true, false },
	{ "idempotent: nor if it was sent and has no status",
	  IDEMPOTENT, 0, NVM, 0x80, 0, true, false },
	{ "idempotent: a vendor command that waits is sent",
	  IDEMPOTENT, 0, NVM, 0x80, 0, false, true },
	{ "idempotent: a lost key value store is not sent again",
	  IDEMPOTENT, 0, KV, 0x01, 0x371, true, false },
	{ "all: a lost zone append is sent again",
	  ALL, 0, ZNS, 0x7d, 0x371, true, true },

	/* the flags win over it, both ways */
	{ "FAILFAST wins over all: ANA state",
	  ALL, FAILFAST, NVM, 0x02, 0x303, true, false },
	{ "FAILOVER wins over none: lost vendor command",
	  NONE, FAILOVER, NVM, 0x80, 0x371, true, true },
	{ "FAILOVER wins over idempotent: lost zone append",
	  IDEMPOTENT, FAILOVER, ZNS, 0x7d, 0x371, true, true },

	/* what neither changes */
	{ "DNR ends a read that met an ANA state",
	  ALL, 0, NVM, 0x02, DNR | 0x302, true, false },
	{ "DNR ends a FAILOVER command that was never sent",
	  ALL, FAILOVER, NVM, 0x02, DNR | 0x370, false, false },
	{ "CRD and More change nothing",
	  IDEMPOTENT, 0, NVM, 0x02, CRD | MORE | 0x371, true, true },
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
			nvme_passthru_may_resend(e->head_policy, e->flags,
						 e->csi, e->opcode, e->status,
						 e->sent));
}

static void policy_of(struct kunit *test)
{
	const struct rule *rule = test->param_value;

	KUNIT_EXPECT_EQ(test, rule->policy,
			(u8)nvme_passthru_policy_of(rule->head_policy,
						    rule->flags));
}

static void policy_name(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, "none", nvme_passthru_policy_name(NONE));
	KUNIT_EXPECT_STREQ(test, "idempotent",
			   nvme_passthru_policy_name(IDEMPOTENT));
	KUNIT_EXPECT_STREQ(test, "all", nvme_passthru_policy_name(ALL));
}

/*
 * No flag, FAILFAST, FAILOVER: the values are ABI. Not both, and no others: bits
 * 0 and 1 make a command one of a fused pair, 6 and 7 say what its data pointer is.
 */
static void flags_valid(struct kunit *test)
{
	unsigned int flags;

	KUNIT_EXPECT_EQ(test, FAILFAST, 4);
	KUNIT_EXPECT_EQ(test, FAILOVER, 8);
	for (flags = 0; flags < 0x100; flags++)
		KUNIT_EXPECT_EQ_MSG(test, nvme_passthru_flags_valid(flags),
				    !flags || flags == 4 || flags == 8,
				    "flags %#x", flags);
}

/* The time that a caller gives its command; 0 is none. Jiffies wrap around. */
static void timed_out(struct kunit *test)
{
	const unsigned long starts[] = { 0, 1, ULONG_MAX - 5, ULONG_MAX };
	unsigned long s;
	int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		s = starts[i];
		KUNIT_EXPECT_FALSE(test, nvme_passthru_timed_out(s, 10, s));
		KUNIT_EXPECT_FALSE(test, nvme_passthru_timed_out(s, 10, s + 9));
		KUNIT_EXPECT_TRUE(test, nvme_passthru_timed_out(s, 10, s + 10));
		KUNIT_EXPECT_TRUE(test, nvme_passthru_timed_out(s, 10, s + 999));
		KUNIT_EXPECT_FALSE(test, nvme_passthru_timed_out(s, 0, s));
		KUNIT_EXPECT_FALSE(test, nvme_passthru_timed_out(s, 0, s + 999));
	}
}

static void in_doubt(struct kunit *test)
{
	unsigned int status;

	KUNIT_EXPECT_TRUE(test, nvme_passthru_in_doubt(0, true));
	KUNIT_EXPECT_FALSE(test, nvme_passthru_in_doubt(0, false));
	for (status = 0; status < 0x8000; status++) {
		/* of others it is not asked */
		if (fates[status & 0x7ff] == ANSWERED)
			continue;
		KUNIT_ASSERT_EQ_MSG(test, nvme_passthru_in_doubt(status, true),
				    fates[status & 0x7ff] == IN_DOUBT,
				    "status %#x", status);
		KUNIT_ASSERT_FALSE_MSG(test,
				       nvme_passthru_in_doubt(status, false),
				       "status %#x", status);
	}
}

static struct kunit_case nvme_passthru_cases[] = {
	KUNIT_CASE_PARAM(resend_example, example_gen_params),
	KUNIT_CASE_PARAM(resend_nvm, rule_gen_params),
	KUNIT_CASE_PARAM(resend_zns, rule_gen_params),
	KUNIT_CASE_PARAM(resend_others, rule_gen_params),
	KUNIT_CASE(resend_every_csi),
	KUNIT_CASE_PARAM(policy_of, rule_gen_params),
	KUNIT_CASE(policy_name),
	KUNIT_CASE(flags_valid),
	KUNIT_CASE(timed_out),
	KUNIT_CASE(in_doubt),
	{}
};

static struct kunit_suite nvme_passthru_suite = {
	.name = "nvme_passthru",
	.test_cases = nvme_passthru_cases,
};

kunit_test_suite(nvme_passthru_suite);
