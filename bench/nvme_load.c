// SPDX-License-Identifier: GPL-2.0
/*
 * Read from an NVMe head, or write, by passthrough or as block I/O, and record the
 * time of each answer. For each fault, which SIGUSR1 marks, report the longest gap
 * and the time until the rate is back.
 *
 * With --retry it does the work of the kernel in the application: it sends a
 * command again that ended with an error, at once or after a uevent. With --ioctl
 * it does what virtual machines do on dm-multipath: on an error it lets dm probe the
 * paths, where the kernel can, and sends the command again. See help().
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/netlink.h>
#include "nvme_bench.h"

#define MAX_DEPTH	65536
#define MAX_ENTRIES	4096		/* of the submission queue */
#define MAX_MARKS	256
#define BUCKET		0.01		/* seconds */
#define WINDOW		20		/* buckets: shorter dips are gaps */
#define SECOND		100		/* buckets */

/* from linux/dm-ioctl.h of Linux 6.16 */
#ifndef DM_MPATH_PROBE_PATHS
#define DM_MPATH_PROBE_PATHS	_IO(0xfd, 18)
#endif

enum retry { NONE, AT_ONCE, UEVENT };

static struct options {
	const char *dev, *name;
	bool block, write, ioctl;
	enum retry retry;
	unsigned int depth, bytes, nsid;
	unsigned long commands;
	double seconds;
} opt = { .name = "load", .depth = 16, .bytes = 4096, .seconds = 60 };

static struct io_uring ring;
static int fd, nsid, uevents = -1;
static unsigned char *buffer;
static unsigned int *ready, nr_ready;	/* places of commands to be sent */
static unsigned int *failed, nr_failed;	/* of those that ended with an error */
static unsigned long sent, good, errors, lost;
static unsigned int pending, unsubmitted;

static double began, first_sent, last_good;
static uint32_t *buckets;
static unsigned int nr_buckets;
static struct mark { double at, gap; } marks[MAX_MARKS];
static unsigned int nr_marks;
static atomic_int want_mark, want_end;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		want_mark = 1;
	else
		want_end = 1;
}

/* No two are neighbours, which block I/O would merge. */
static uint64_t lba_of(unsigned int i)
{
	return (uint64_t)(i % 1024) * 2 * (opt.bytes / LBA_SIZE);
}

static void prepare(unsigned int i)
{
	struct io_uring_sqe *sqe = next_sqe(&ring);
	uint64_t lba = lba_of(i);
	void *buf = buffer + (size_t)(i % 1024) * opt.bytes;

	unsubmitted++;
	pending++;
	if (opt.block)
		io_uring_prep_read(sqe, fd, buf, opt.bytes, lba * LBA_SIZE);
	else
		prepare_cmd(sqe, fd, nsid, opt.write ? OP_WRITE : OP_READ, buf,
			    opt.bytes, lba);
	sqe->user_data = i;
}

static void submit(void)
{
	int ret;

	if (!unsubmitted)
		return;
	ret = io_uring_submit(&ring);
	if (ret < 0)
		fail("io_uring_submit", -ret);
	unsubmitted -= ret;
}

/* A gap belongs to the fault in which it ends, or is still open. */
static void note_gap(double t)
{
	if (nr_marks && t - last_good > marks[nr_marks - 1].gap)
		marks[nr_marks - 1].gap = t - last_good;
}

static void count_good(double t)
{
	unsigned int b = (t - began) / BUCKET;

	good++;
	if (b < nr_buckets)
		buckets[b]++;
	note_gap(t);
	last_good = t;
}

static void complete(const struct io_uring_cqe *cqe)
{
	pending--;
	if (cqe->res == (opt.block ? (int)opt.bytes : 0)) {
		count_good(now());
		if (!want_end && (!opt.commands || sent < opt.commands)) {
			ready[nr_ready++] = cqe->user_data;
			sent++;
		}
		return;
	}
	if (!errors++)
		fprintf(stderr, "%s: first error: %d\n", opt.name, cqe->res);
	if (opt.retry == NONE)
		lost++;
	if (opt.retry == UEVENT)
		failed[nr_failed++] = cqe->user_data;
	else
		ready[nr_ready++] = cqe->user_data;
}

/* True if any uevent came: each may mean that a path is back. */
static bool uevent(void)
{
	char text[4096];
	bool any = false;

	while (recv(uevents, text, sizeof(text), MSG_DONTWAIT) > 0)
		any = true;
	return any;
}

/* Failed commands wait for a uevent, but at most a second. */
static void send_failed(void)
{
	static double waiting;

	if (!nr_failed)
		return;
	if (!waiting) {
		waiting = now();
		uevent();
		return;
	}
	if (!uevent() && now() - waiting < 1)
		return;
	waiting = 0;
	while (nr_failed)
		ready[nr_ready++] = failed[--nr_failed];
}

static void send_ready(void)
{
	unsigned int i, n;

	send_failed();
	n = nr_ready < MAX_ENTRIES ? nr_ready : MAX_ENTRIES;
	for (i = 0; i < n; i++)
		prepare(ready[--nr_ready]);
	submit();
}

static void take_mark(void)
{
	if (!want_mark)
		return;
	want_mark = 0;
	note_gap(now());
	if (nr_marks < MAX_MARKS)
		marks[nr_marks++].at = now();
	printf("marked\n");
	fflush(stdout);
}

/* One command by ioctl. */
static void one_ioctl(void)
{
	const struct timespec a_moment = { .tv_nsec = 1000000 };

	if (!read_by_ioctl(fd, nsid, buffer, opt.bytes, lba_of(good))) {
		count_good(now());
	} else {
		errors++;
		/* fails on a kernel or device without it */
		ioctl(fd, DM_MPATH_PROBE_PATHS);
		nanosleep(&a_moment, NULL);
	}
	take_mark();
}

static void reap(void)
{
	struct __kernel_timespec ts = { .tv_nsec = 10000000 };
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;
	int ret;

	ret = io_uring_wait_cqe_timeout(&ring, &cqe, &ts);
	if (ret && ret != -ETIME && ret != -EINTR && ret != -EAGAIN)
		fail("io_uring_wait_cqe", -ret);
	io_uring_for_each_cqe(&ring, head, cqe) {
		complete(cqe);
		n++;
	}
	io_uring_cq_advance(&ring, n);
	take_mark();
}

static double rate(long from, long length)
{
	unsigned long n = 0;
	long i;

	for (i = from; i < from + length; i++)
		n += i >= 0 && i < nr_buckets ? buckets[i] : 0;
	return n / (length * BUCKET);
}

/*
 * The rate is back with the first window, after a dip, that has 90 % of the rate
 * before the fault, if the second that begins with it has them, too. 0: it never
 * dipped; negative: it did not come back before the next fault.
 */
static double recovered(unsigned int m, double end)
{
	long at = (marks[m].at - began) / BUCKET, i;
	long next = ((m + 1 < nr_marks ? marks[m + 1].at : end) - began) /
		    BUCKET;
	double before = rate(at - SECOND, SECOND);

	for (i = at; i + WINDOW <= next; i++)
		if (rate(i, WINDOW) < 0.9 * before)
			break;
	if (i + WINDOW > next)
		return 0;
	for (; i + SECOND <= next; i++)
		if (rate(i, WINDOW) >= 0.9 * before &&
		    rate(i, SECOND) >= 0.9 * before)
			return (i - at) * BUCKET;
	return -1;
}

/* "gap" and "rate" lines, comma separated: times in ms from the mark on */
static void report(double end)
{
	unsigned int m;
	long i, at;

	for (m = 0; m < nr_marks; m++)
		printf("# gap,%s,%u,%.0f,%.0f\n", opt.name, m,
		       marks[m].gap * 1000, recovered(m, end) * 1000);
	for (m = 0; m < nr_marks; m++) {
		at = (marks[m].at - began) / BUCKET;
		for (i = at < 100 ? 0 : at - 100; i < at + 500; i += 5)
			printf("# rate,%s,%u,%.0f,%.0f\n", opt.name, m,
			       (i - at) * BUCKET * 1000,
			       (double)(buckets[i] + buckets[i + 1] +
			       buckets[i + 2] + buckets[i + 3] + buckets[i + 4]) /
			       (5 * BUCKET));
	}
	printf("# sum,%s,%lu,%lu,%lu,%u,%.0f,%.0f\n", opt.name, good, errors,
	       lost, pending + nr_failed, first_sent * 1000, last_good * 1000);
	fflush(stdout);
}

static void help(int code)
{
	fprintf(code ? stderr : stdout,
		"usage: nvme_load [option]... /dev/ngXnY|/dev/nvmeXnY|/dev/dm-N\n"
"  -q, --depth n    commands outstanding, up to %d (16)\n"
"  -b, --bytes n    per command (4096)\n"
"      --write      do not read but write, by passthrough\n"
"  -n, --count n    send so many, not as many as the time allows\n"
"  -t, --seconds n  for so long (60); SIGTERM ends it, too\n"
"      --name word  in the output (load)\n"
"      --nsid n     do not ask the device, which needs a path to answer\n"
"      --retry at-once|uevent  send failed commands again, at once or after the\n"
"                   next uevent\n"
"      --ioctl      one command at a time, by ioctl; before it is sent again dm\n"
"                   probes the paths, if the device is one of dm\n"
"SIGUSR1 marks a fault.\n", MAX_DEPTH);
	exit(code);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "depth", required_argument, NULL, 'q' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "name", required_argument, NULL, 'i' },
		{ "nsid", required_argument, NULL, 's' },
		{ "retry", required_argument, NULL, 'r' },
		{ "ioctl", no_argument, NULL, 'c' },
		{ "write", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "q:b:n:t:h", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			opt.name = optarg;
			break;
		case 'q':
			opt.depth = number(optarg, MAX_DEPTH);
			break;
		case 'b':
			opt.bytes = number(optarg, 1 << 20);
			break;
		case 'n':
			opt.commands = number(optarg, 1ul << 40);
			break;
		case 's':
			opt.nsid = number(optarg, UINT32_MAX - 1);
			break;
		case 't':
			opt.seconds = number(optarg, 3600);
			break;
		case 'r':
			if (strcmp(optarg, "at-once") && strcmp(optarg, "uevent"))
				help(2);
			opt.retry = strcmp(optarg, "uevent") ? AT_ONCE : UEVENT;
			break;
		case 'c':
			opt.ioctl = true;
			break;
		case 'w':
			opt.write = true;
			break;
		default:
			help(c == 'h' ? 0 : 2);
		}
	}
	if (optind != argc - 1 || (opt.write && !strstr(argv[optind], "/ng")))
		help(2);
	opt.dev = argv[optind];
}

static void setup(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct io_uring_params p = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_CQSIZE |
			 IORING_SETUP_CLAMP | IORING_SETUP_DEFER_TASKRUN,
		.cq_entries = 2 * opt.depth,
	};
	int ret;

	opt.block = !opt.ioctl && !strstr(opt.dev, "/ng");
	fd = open(opt.dev, (opt.write ? O_RDWR : O_RDONLY) |
		  (opt.block ? O_DIRECT : 0));
	if (fd < 0)
		fail(opt.dev, errno);
	if (!opt.block) {
		p.flags |= IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
		nsid = opt.nsid ? (int)opt.nsid : ioctl(fd, NVME_IOCTL_ID);
		if (nsid < 0)
			fail("NVME_IOCTL_ID", errno);
	}
	ret = io_uring_queue_init_params(opt.depth < MAX_ENTRIES ? opt.depth :
					 MAX_ENTRIES, &ring, &p);
	if (ret)
		fail("io_uring_queue_init", -ret);
	if (opt.retry == UEVENT) {
		uevents = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
		if (uevents < 0 ||
		    bind(uevents, (struct sockaddr *)&addr, sizeof(addr)))
			fail("the uevents", errno);
	}
	/* the data does not matter, so commands share buffers */
	buffer = mmap(NULL, (size_t)1024 * opt.bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nr_buckets = (opt.seconds + 60) / BUCKET;
	buckets = calloc(nr_buckets, sizeof(*buckets));
	ready = calloc(opt.depth, sizeof(*ready));
	failed = calloc(opt.depth, sizeof(*failed));
	if (buffer == MAP_FAILED || !buckets || !ready || !failed)
		fail("memory", ENOMEM);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned int i;
	double end;

	parse(argc, argv);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	/* stock nvme-tcp sends it to a task that submits to a lost connection */
	signal(SIGPIPE, SIG_IGN);
	setup();

	began = now();
	last_good = began;
	for (i = 0; !opt.ioctl && i < opt.depth &&
	     (!opt.commands || sent < opt.commands); i++) {
		ready[nr_ready++] = i;
		sent++;
	}
	first_sent = now();
	while (nr_ready)
		send_ready();
	printf("ready\n");
	fflush(stdout);
	while (!want_end && now() - began < opt.seconds &&
	       (!opt.commands || good + lost < opt.commands)) {
		if (opt.ioctl) {
			one_ioctl();
			continue;
		}
		reap();
		send_ready();
	}
	end = now();
	note_gap(end);
	want_end = 1;
	while (pending && now() < end + 30)
		reap();
	report(end);
	return lost ? 1 : pending ? 3 : 0;
}
