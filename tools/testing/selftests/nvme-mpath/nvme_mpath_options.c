// SPDX-License-Identifier: GPL-2.0
/* The command line of nvme_mpath_io: one table for getopt_long() and --help. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

struct options opt = {
	.depth = 16, .bytes = 4096, .patience = 30, .rings = 1,
	.at_usr2 = "ignore",
};

static const char *const workloads[] = {
	"read", "write", "rw", "flush", "append", "count", "fused", NULL };
static const char *const engines[] = {
	"ring", "io", "io64", "vec", "submit", NULL };
/* in the order of enum sender */
static const char *const senders[] = { "started", "root", "nobody", NULL };
static const char *const flag_names[] = {
	"none", "failfast", "failover", "both", NULL };
/* in the order of enum mode */
static const char *const mode_names[] = {
	"sqpoll", "iopoll", "defer", "coop", "flag", "async", "link", "drain",
	"file", "ring", "smallcq", "shared",
	"hybrid", "mixed", "fsync", "spin", "person", "batch", "hardlink",
	"skip", "thread", "fork", "resize", NULL };

static void help(int code);
static unsigned long number(const char *s, unsigned long min,
			    unsigned long max);
static unsigned int one_of(const char *s, const char *const *words);

static void set_opcode(char *arg)
{
	opt.workload = OPCODE;
	opt.opcode = number(arg, 0, 255);
}

static void set_flags(char *arg)
{
	static const uint8_t values[] = {
		0, NVME_URING_CMD_F_FAILFAST, NVME_URING_CMD_F_FAILOVER,
		NVME_URING_CMD_F_FAILFAST | NVME_URING_CMD_F_FAILOVER };

	opt.flags = *arg >= '0' && *arg <= '9' ? number(arg, 0, 255) :
		values[one_of(arg, flag_names)];
}

static void set_modes(char *arg)
{
	char *word;

	for (word = strtok(arg, ","); word; word = strtok(NULL, ","))
		opt.mode |= 1u << one_of(word, mode_names);
}

static void set_action(char *arg)
{
	if (!known_action(arg)) {
		fprintf(stderr, "nvme_mpath_io: unknown word '%s'\n", arg);
		help(2);
	}
	opt.at_usr2 = arg;
}

static void set_help(char *unused)
{
	(void)unused;
	help(0);
}

/* A heading of --help, or an option. */
static const struct option_desc {
	const char *name, *arg, *help;
	char letter;
	bool *flag;
	unsigned int *u32;
	uint64_t *u64;
	unsigned long min, max;
	unsigned int *word;
	const char *const *words;
	void (*set)(char *arg);
} options[] = {
	{ .help = "What to send" },
	{ "workload", "word", "read, write, flush; rw and append read back;\n"
	  "count: append to a zone, that of --first-lba with\n"
	  "--zone, else the first; count what it holds in the\n"
	  "end; fused: pairs of a compare and a write,\n"
	  "with the flags of a fused pair (read)", 'o',
	  .word = &opt.workload, .words = workloads },
	{ "opcode", "n", "this, without data; a running number in dword 10",
	  .set = set_opcode },
	{ "flags", "word", "of each command: failfast, failover, both, or a\n"
	  "number (none)", .set = set_flags },
	{ "placement", "n", "each write has the Data Placement directive; its\n"
	  "handle is n plus the number of the slot",
	  .u32 = &opt.placement, .min = 1, .max = 0x8000 },
	{ "timeout", "ms", "timeout_ms of each command", .u32 = &opt.timeout_ms,
	  .min = 1, .max = 3600000 },
	{ "link-timeout", "ms", "a timeout linked to each command",
	  .u32 = &opt.link_ms, .min = 1, .max = 3600000 },

	{ .help = "How much, and how long" },
	{ "depth", "n", "commands outstanding, up to 4096 (16)", 'q',
	  .u32 = &opt.depth, .min = 1, .max = MAX_DEPTH },
	{ "bytes", "n", "per command, a multiple of 1024 (4096)", 'b',
	  .u32 = &opt.bytes, .min = 1024, .max = 1 << 23 },
	{ "count", "n", "commands, however long they take", 'n',
	  .u64 = &opt.commands, .min = 1, .max = LONG_MAX },
	{ "seconds", "n", "send for so long, and no longer (5, no limit\n"
	  "with --count)", 't', .u32 = &opt.seconds, .min = 1, .max = 86400 },
	{ "patience", "n", "wait so many seconds for the last answers (30)",
	  .u32 = &opt.patience, .max = 86400 },

	{ .help = "Which blocks, which data" },
	{ "first-lba", "lba", "the first to use (0)", .u64 = &opt.first,
	  .max = LONG_MAX },
	{ "zone", "lbas", "the size of a zone, for append and count",
	  .u32 = &opt.zone, .min = 8, .max = 1 << 20 },
	{ "metadata", "n", "bytes of separate metadata for each LBA (0)",
	  .u32 = &opt.meta, .min = 8, .max = 64 },
	{ "seed", "n", "of the data that is written (0)", .u32 = &opt.seed,
	  .max = UINT16_MAX },
	{ "same-data", NULL, "write the same data to a place each time: a copy\n"
	  "of a command that is executed late, on a lost path,\n"
	  "does no harm then", .flag = &opt.same },
	{ "late-copies", NULL, "they may be executed late: count reads of what an\n"
	  "earlier write has left apart, as stale",
	  .flag = &opt.late },

	{ .help = "From which memory" },
	{ "vectored", NULL, "as an array of iovecs", .flag = &opt.vectored },
	{ "reuse-iovecs", NULL, "the same, and reuse the arrays as soon as the\n"
	  "submission has returned", .flag = &opt.reuse },
	{ "reuse-sqes", NULL, "overwrite the SQEs of chains as well when they are\n"
	  "submitted", .flag = &opt.reuse_sqes },
	{ "registered", NULL, "registered buffers", .flag = &opt.fixed },
	{ "cloned", NULL, "the same, cloned from another ring",
	  .flag = &opt.cloned },
	{ "buffer-offset", "n", "of the buffers in their pages; the kernel\n"
	  "bounces odd ones (0)", .u32 = &opt.offset, .max = 4095 },

	{ .help = "How the device is opened and asked" },
	{ "engine", "word", "ring: io_uring; io, io64, vec, submit: a synchronous\n"
	  "ioctl (ring)", .word = &opt.engine, .words = engines },
	{ "rings", "n", "so many, which take turns (1)", .u32 = &opt.rings,
	  .min = 1, .max = MAX_RINGS },
	{ "mode", "word,...", "of the ring: sqpoll iopoll hybrid defer coop flag;\n"
	  "mixed: small and big SQEs and CQEs; of the SQEs:\n"
	  "async link hardlink drain, fsync: each behind one,\n"
	  "linked or drained, skip: without an answer when it\n"
	  "succeeds, but a no-op behind it has one (its data\n"
	  "is not known then), person: by a personality;\n"
	  "registered: file ring; spin: no system call while\n"
	  "waiting; batch: sleep until all commands are\n"
	  "answered; smallcq: a ring that overflows; shared:\n"
	  "with a child that only looks, or polls with iopoll,\n"
	  "which its parent does not; thread: each batch by a\n"
	  "thread that ends before the answers; fork: each by a\n"
	  "child that lives until the next one; resize: with\n"
	  "defer, now and then the ring gets other memory (none)",
	  .set = set_modes },
	{ "nsid", "n", "do not ask the device, whose answer takes a usable path\n"
	  "on older kernels; 0: ask it (0)", .u32 = &opt.nsid,
	  .max = UINT_MAX - 1 },
	{ "read-only", NULL, "open it for reading only", .flag = &opt.readonly },
	{ "user", "uid", "as that user; its group has the same number",
	  .u32 = &opt.uid, .min = 1, .max = UINT_MAX - 1 },
	{ "send-as", "word", "started by root, which opens the device: root or\n"
	  "nobody sends, the other one waits (started)",
	  .word = &opt.sender, .words = senders },

	{ "history", NULL, "print what came before an error not seen yet, or wrong\n"
	  "data, or an answer too many or too few", .flag = &opt.history },

	{ .help = "When to do something else" },
	{ "warm-up", "n", "so many failfast reads before all else",
	  .u32 = &opt.warm_up, .min = 1, .max = 65536 },
	{ "wait-for-usr2", NULL, "send nothing else before SIGUSR2",
	  .flag = &opt.wait },
	{ "reap-at-usr2", NULL, "do not look for answers before SIGUSR2",
	  .flag = &opt.reap_late },
	{ "on-usr2", "action", "see below (ignore)", .set = set_action },
	{ "usr2-thread", NULL, "a thread does it, whatever the others do",
	  .flag = &opt.usr2_thread },
	{ "help", NULL, "print this", 'h', .set = set_help },
};

static void print_lines(const char *text)
{
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n')
			printf("%28s", "");
	}
	putchar('\n');
}

static void help(int code)
{
	unsigned int i;
	char name[32];

	if (code)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	printf("usage: nvme_mpath_io [option]... /dev/ngXnY\n");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option_desc *o = &options[i];

		if (!o->name) {
			printf("\n%s:\n", o->help);
			continue;
		}
		snprintf(name, sizeof(name), "--%s%s%s", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		printf(o->letter ? "  -%c, " : "      ", o->letter);
		printf("%-21s ", name);
		print_lines(o->help);
	}
	printf("\nActions of --on-usr2:\n");
	print_actions();
	printf("\nSIGUSR1 prints the account so far; so does the end.\n"
"exit: 0 all commands succeeded, 1 some were answered with an error,\n"
"      2 could not run, 3 an answer is missing, came twice, or data is wrong\n");
	exit(code);
}

static unsigned long number(const char *s, unsigned long min, unsigned long max)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 0);
	if (errno || !*s || *end || v < min || v > max) {
		fprintf(stderr, "nvme_mpath_io: '%s' is not in %lu..%lu\n",
			s, min, max);
		exit(2);
	}
	return v;
}

static unsigned int one_of(const char *s, const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(s, words[i]))
			return i;
	fprintf(stderr, "nvme_mpath_io: unknown word '%s'\n", s);
	help(2);
	return 0;
}

static void set(const struct option_desc *o, char *arg)
{
	if (o->flag)
		*o->flag = true;
	else if (o->u32)
		*o->u32 = number(arg, o->min, o->max);
	else if (o->u64)
		*o->u64 = number(arg, o->min, o->max);
	else if (o->words)
		*o->word = one_of(arg, o->words);
	else
		o->set(arg);
}

/* getopt_long() returns the index of the option, or its letter. */
static const struct option_desc *next_option(int argc, char **argv)
{
	static struct option longs[ARRAY_SIZE(options) + 1];
	static char letters[2 * ARRAY_SIZE(options) + 1];
	unsigned int i, n = 0;
	char *l = letters;
	int c;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option_desc *o = &options[i];
		int has_arg = o->arg ? required_argument : no_argument;

		if (!o->name)
			continue;
		longs[n++] = (struct option){ o->name, has_arg, NULL, 256 + i };
		if (o->letter)
			*l++ = o->letter;
		if (o->letter && o->arg)
			*l++ = ':';
	}
	c = getopt_long(argc, argv, letters, longs, NULL);
	if (c < 0)
		return NULL;
	if (c >= 256)
		return &options[c - 256];
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].letter == c)
			return &options[i];
	help(2);
	return NULL;
}

void parse(int argc, char **argv)
{
	const struct option_desc *o;

	while ((o = next_option(argc, argv)))
		set(o, optarg);
	if (optind != argc - 1)
		help(2);
	opt.dev = argv[optind];
	opt.bytes &= ~1023u;
	opt.meta &= ~7u;
	opt.vectored |= opt.reuse || opt.engine == IO64_CMD_VEC;
	opt.fixed |= opt.cloned;
	if (opt.rings > 1 && opt.mode & BATCH) {
		fprintf(stderr, "nvme_mpath_io: batch waits on one ring\n");
		help(2);
	}
	if (opt.mode & (THREAD | FORK) &&
	    opt.mode & (SQPOLL | DEFER | FIXRING)) {
		fprintf(stderr, "nvme_mpath_io: this ring has one submitter\n");
		help(2);
	}
	if (opt.mode & FORK && (opt.rings > 1 || opt.reuse ||
				opt.mode & (MIXED | SMALLCQ))) {
		fprintf(stderr, "nvme_mpath_io: a child sends a batch at once\n");
		help(2);
	}
	if (opt.fixed && !strcmp(opt.at_usr2, "unmap")) {
		fprintf(stderr, "nvme_mpath_io: registered pages stay\n");
		help(2);
	}
}
