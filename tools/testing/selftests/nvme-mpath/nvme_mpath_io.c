// SPDX-License-Identifier: GPL-2.0
/*
 * Drive an NVMe char device with passthrough commands and account for each of
 * them. nvme_mpath_io.h says where to find what; --help lists the options.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

enum exit_code {
	EXIT_ALL_OK	= 0,
	EXIT_SOME_FAILED = 1,	/* the device or kernel answered with errors */
	EXIT_WRONG	= 3,	/* an answer too many, too few, or wrong data */
};

int fd, file;
uint32_t nsid;
struct slot *slots;
struct stats stats = { .cancelled = INT_MIN };
atomic_int want_report, want_end, want_usr2;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		want_report = 1;
	else if (sig == SIGUSR2)
		want_usr2 = 1;
	else
		want_end = 1;
}

/* The tests wait for such words. */
void say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

void report(void)
{
	int i;

	printf("sent=%ju done=%ju ok=%ju failed=%ju pending=%ju ",
	       stats.sent, stats.done, stats.ok, stats.failed,
	       stats.sent - stats.done + stats.timeouts + stats.nops);
	printf("stray=%ju mismatch=%ju stale=%ju gap_ms=%.0f timed_out=%ju ",
	       stats.stray, stats.mismatch, stats.stale, stats.gap * 1000,
	       stats.timed_out);
	printf("went_on=%ju cancel=%d ", stats.went_on, stats.cancelled);
	printf("res2=%ju ", stats.res2);
	printf("errors=");
	for (i = 0; i < NR_ERRORS && stats.errors[i].count; i++)
		printf(stats.errors[i].res < 0 ? "%s%d:%ju" : "%s0x%x:%ju",
		       i ? "," : "", stats.errors[i].res,
		       stats.errors[i].count);
	say("");
}

/* With --send-as another user waits for the commands than has sent them. */
static void change_side(bool sends)
{
	bool root_sends = opt.sender == AS_ROOT;

	if (opt.sender == AS_STARTED)
		return;
	if (seteuid(sends == root_sends ? 0 : NOBODY))
		fail("seteuid", errno);
}

/* Sends commands from all free slots, up to the number of --count. */
static void prepare_all(void)
{
	unsigned int i;

	if (opt.mode & (CHAINED | BATCH) && stats.done != stats.sent)
		return;
	change_side(true);
	for (i = 0; i < opt.depth; i++) {
		if (slots[i].seq)
			continue;
		if (opt.commands && stats.sent >= opt.commands)
			break;
		prepare(&slots[i], i == opt.depth - 1 ||
			(opt.commands && stats.sent + 1 == opt.commands));
	}
	submit();
	change_side(false);
	/* what nobody may not send is answered at once */
	if (opt.sender == AS_NOBODY)
		usleep(20000);
}

static void wait_for_usr2(void)
{
	while (!want_usr2 && !want_end)
		usleep(1000);
	want_usr2 = 0;
}

static void run(void)
{
	double start = now(), end;
	unsigned int i;

	if (!opt.seconds)
		opt.seconds = opt.commands ? 86400 : 5;
	end = start + opt.seconds;
	stats.last = start;
	while (!want_end && now() < end &&
	       (!opt.commands || stats.sent < opt.commands)) {
		prepare_all();
		if (opt.reap_late)
			wait_for_usr2();
		opt.reap_late = false;
		reap(0.1);
	}

	end = now() + opt.patience;
	while ((stats.done < stats.sent || stats.timeouts || stats.nops) &&
	       now() < end)
		reap(0.1);
	/* an answer after the last one is one too many */
	reap(0.1);
	for (i = 0; i < opt.depth; i++) {
		if (slots[i].seq) {
			print_history(&slots[i], "not answered");
			break;
		}
	}
}

static void setup_slots(void)
{
	struct iovec *bufs = calloc(opt.depth, sizeof(*bufs));
	unsigned int i;

	slots = calloc(opt.depth, sizeof(*slots));
	if (!slots || !bufs)
		fail("calloc", ENOMEM);
	for (i = 0; i < opt.depth; i++) {
		slots[i].lba = slot_lba(&slots[i]);
		new_buffer(&slots[i]);
		bufs[i].iov_base = slots[i].buf;
		bufs[i].iov_len = opt.bytes;
	}
	if (opt.fixed)
		register_buffers(bufs);
	free(bufs);
}

static void open_device(void)
{
	int ret;

	/* the kernel checks rights at open() and at each command */
	if (opt.uid && !strcmp(opt.at_usr2, "root")) {
		if (seteuid(opt.uid))
			fail("seteuid", errno);
	} else if (opt.uid && (setgid(opt.uid) || setuid(opt.uid))) {
		fail("setuid", errno);
	}
	fd = open(opt.dev, opt.readonly ? O_RDONLY : O_RDWR);
	if (fd < 0)
		fail(opt.dev, errno);
	nsid = opt.nsid;
	if (!nsid) {
		ret = ioctl(fd, NVME_IOCTL_ID);
		if (ret < 0)
			fail("NVME_IOCTL_ID", errno);
		nsid = ret;
	}
}

static void setup(void)
{
	open_device();
	if (opt.mode & FSYNC) {
		file = memfd_create("nvme_mpath_io", 0);
		if (file < 0)
			fail("memfd_create", errno);
	}
	setup_rings();
	setup_slots();
	warm_up();
	if (opt.mode & SHARED)
		fork_watcher();
	if (opt.usr2_thread)
		start_actor();
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };

	parse(argc, argv);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	setup();
	say("ready");
	if (opt.wait)
		wait_for_usr2();
	run();
	if (opt.workload == COUNT)
		check_appends();
	report();

	if (stats.stray || stats.mismatch || stats.done != stats.sent ||
	    stats.timeouts || stats.nops)
		return EXIT_WRONG;
	return stats.failed ? EXIT_SOME_FAILED : EXIT_ALL_OK;
}
