// SPDX-License-Identifier: GPL-2.0
/*
 * Send random passthrough commands to an NVMe char device, and see that each is
 * answered once, that it changes no memory but its own, that it shows no memory
 * of the kernel, and that none is executed without the right to it.
 * nvme_mpath_fuzz.h says where to find what; --help lists the options.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "nvme_mpath_fuzz.h"

#define NR_RESULTS	32
#define MAX_REPORTS	20
#define EXIT_WRONG	3

struct options opt = { .seconds = 5, .patience = 30, .nsid = 1 };
struct account account;
atomic_int want_end;
int fd;

static atomic_int want_report, reports;
static struct { int res; unsigned long count; } results[NR_RESULTS];

static const struct option_desc {
	const char *name, *help;
	unsigned int *number;
	bool *flag;
} options[] = {
	{ .name = "seed",
	  .help = "makes the same choices again (from the clock)" },
	{ "seconds", "send for so long, but at least one round (5)",
	  .number = &opt.seconds },
	{ "patience", "wait so many seconds for answers (30)",
	  .number = &opt.patience },
	{ "nsid", "of the namespace (1)", .number = &opt.nsid },
	{ "metadata", "bytes of separate metadata for each LBA (0)",
	  .number = &opt.meta },
	{ "ioctls", "threads that send commands by ioctl, up to 8 (0)",
	  .number = &opt.ioctls },
	{ "user", "as that user", .number = &opt.uid },
	{ "read-only", "open the device for reading only",
	  .flag = &opt.readonly },
	{ "root-later", "open it as root, submit as --user, and be root while\n"
	  "commands are executed", .flag = &opt.as_root_later },
	{ "match", "keep to the lengths of buffers: without SGLs a device is\n"
	  "not told them", .flag = &opt.match },
	{ "timeouts", "short ones, too: these reset controllers",
	  .flag = &opt.timeouts },
	{ .name = "help", .help = "print this" },
};

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		want_report = 1;
	else
		want_end = 1;
}

/* For this thread only. */
void become(unsigned int uid)
{
	if (syscall(SYS_setresuid, -1, uid, -1))
		fail("setresuid", errno);
}

/* Counts the answers of rings, of which there is one at a time. */
void result(int res)
{
	unsigned int i;

	for (i = 0; i < NR_RESULTS - 1; i++)
		if (!results[i].count || results[i].res == res)
			break;
	results[i].res = res;
	results[i].count++;
}

/* @c may already be another one if an answer is a stray one */
void complain(atomic_ulong *kind, const struct cmd *c, int res,
	      const char *format, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const unsigned char *p = (const void *)&c->image;
	va_list args;
	unsigned int i;

	++*kind;
	if (reports++ >= MAX_REPORTS)
		return;
	pthread_mutex_lock(&lock);
	printf("violation: command %#llx op=%#x flags=%#x res=%d data=%p ",
	       (unsigned long long)c->seq, c->cmd_op, c->sqe_flags, res,
	       (void *)c->mem.data);
	for (i = 0; i < sizeof(c->image); i++)
		printf("%s%02x", i % 8 ? "" : " ", p[i]);
	printf(": ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	pthread_mutex_unlock(&lock);
}

static unsigned long violations(void)
{
	return account.lost + account.stray + account.touched +
		account.disclosed + account.rights + account.plain_failed;
}

static void report(void)
{
	unsigned int i;

	printf("sent=%lu answered=%lu unanswered=%lu ok=%lu plain=%lu ",
	       account.sent, account.answered, account.unanswered, account.ok,
	       account.plain);
	printf("ioctls=%lu ioctls_ok=%lu lost=%lu stray=%lu touched=%lu ",
	       account.ioctls, account.ioctls_ok, account.lost, account.stray,
	       account.touched);
	printf("disclosed=%lu rights=%lu plain_failed=%lu results=",
	       account.disclosed, account.rights, account.plain_failed);
	for (i = 0; i < NR_RESULTS && results[i].count; i++)
		printf("%s%d:%lu", i ? "," : "", results[i].res,
		       results[i].count);
	printf("\n");
	fflush(stdout);
}

static void help(int code)
{
	const char *p;
	unsigned int i;

	if (code)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	printf("usage: nvme_mpath_fuzz [option]... /dev/ngXnY\n\n");
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		printf("  --%-14s", options[i].name);
		for (p = options[i].help; *p; p++)
			if (*p == '\n')
				printf("\n%18s", "");
			else
				putchar(*p);
		printf("\n");
	}
	printf("\nSIGUSR1 prints the account so far; SIGTERM ends after a round.\n"
"exit: 0 no violation, 2 could not run, 3 violations\n");
	exit(code);
}

static unsigned long long number(const char *s, unsigned long long max)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || !*s || *end || v > max)
		help(2);
	return v;
}

static void parse(int argc, char **argv)
{
	struct option longs[ARRAY_SIZE(options) + 1] = { };
	unsigned int i;
	int c;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		longs[i].name = options[i].name;
		longs[i].has_arg = options[i].number || !i ? 1 : 0;
		longs[i].val = 256 + i;
	}
	opt.seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		i = c - 256;
		if (c < 256 || i == ARRAY_SIZE(options) - 1)
			help(c < 256 ? 2 : 0);
		else if (!i)
			opt.seed = number(optarg, ULLONG_MAX);
		else if (options[i].flag)
			*options[i].flag = true;
		else
			*options[i].number = number(optarg, UINT_MAX);
	}
	if (optind != argc - 1 || opt.ioctls > 8 || opt.meta > 64)
		help(2);
	opt.dev = argv[optind];
}

static void set_up(void)
{
	/* rights count at open(), and at each command */
	if (opt.uid && !opt.as_root_later &&
	    (setgid(opt.uid) || setuid(opt.uid)))
		fail("setuid", errno);
	fd = open(opt.dev, opt.readonly ? O_RDONLY : O_RDWR);
	if (fd < 0)
		fail(opt.dev, errno);
	setup_common_mem();
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	uint64_t n = 0;
	double end;

	parse(argc, argv);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	set_up();
	printf("seed=%llu\nready\n", (unsigned long long)opt.seed);
	fflush(stdout);
	end = now() + opt.seconds;
	start_ioctls();
	do {
		run_round(n++);
		if (want_report) {
			want_report = 0;
			report();
		}
	} while (!want_end && now() < end);
	end_ioctls();
	report();
	return violations() ? EXIT_WRONG : 0;
}
