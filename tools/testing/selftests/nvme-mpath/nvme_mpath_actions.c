// SPDX-License-Identifier: GPL-2.0
/* What nvme_mpath_io does on SIGUSR2, and its child that watches the ring. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

static void ignore(unsigned int unused)
{
	(void)unused;
}

static void end(unsigned int unused)
{
	(void)unused;
	exit(0);
}

static void pause_forever(unsigned int unused)
{
	(void)unused;
	for (;;)
		pause();
}

static void close_all(unsigned int unused)
{
	close_rings();
	close(fd);
	say("closed");
	pause_forever(unused);
}

static void exec(unsigned int unused)
{
	(void)unused;
	execl("/proc/self/exe", "nvme_mpath_io", "--help", (char *)NULL);
	fail("exec", errno);
}

/* Older kernels wait in there for the commands that use the buffers. */
static void unregister_buffers(unsigned int unused)
{
	int ret;

	(void)unused;
	say("unregister");
	do
		ret = io_uring_unregister_buffers(ring);
	while (ret == -EINTR);
	if (ret)
		fail("io_uring_unregister_buffers", -ret);
	say("unregistered");
}

static void reuse(unsigned int unused)
{
	(void)unused;
	reuse_iovecs();
	say("reused");
}

static void unmap(unsigned int unused)
{
	(void)unused;
	drop_pages();
}

static void change_user(unsigned int root)
{
	if (root ? seteuid(0) : setgid(NOBODY) || setuid(NOBODY))
		fail("setuid", errno);
	/* only now look at a ring that runs no task work by itself */
	opt.mode &= ~SPIN;
	say("setuid");
}

static unsigned int fixed_flag(void)
{
	return opt.mode & FIXFILE ? IORING_ASYNC_CANCEL_FD_FIXED : 0;
}

static int cancel_fd(void)
{
	return opt.mode & FIXFILE ? 0 : fd;
}

/* By a request; with no flags it cancels the command in slot 0. */
static void cancel(unsigned int flags)
{
	struct io_uring_sqe *sqe;

	use_ring(slots);
	sqe = get_sqe();
	if (flags & IORING_ASYNC_CANCEL_FD)
		flags |= fixed_flag();
	io_uring_prep_cancel64(sqe, slots[0].seq * MAX_DEPTH, flags);
	if (flags & IORING_ASYNC_CANCEL_FD)
		sqe->fd = cancel_fd();
	if (opt.mode & ASYNC)
		sqe->flags |= IOSQE_ASYNC;
	sqe->user_data = OF_CANCEL;
	stats.cancelled = INT_MIN;
	submit();
}

/* By io_uring_register(), without a request. */
static void cancel_sync(unsigned int flags)
{
	struct io_uring_sync_cancel_reg reg = {
		.fd = cancel_fd(),
		.flags = flags | fixed_flag(),
		.timeout = { .tv_sec = -1, .tv_nsec = -1 },
	};

	stats.cancelled = io_uring_register_sync_cancel(ring, &reg);
}

#define ALL_OF_FD	(IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL)

static const struct action {
	const char *name;
	void (*run)(unsigned int arg);
	unsigned int arg;
	const char *help;
} actions[] = {
	{ "ignore", ignore, 0, "do nothing" },
	{ "exit", end, 0, "exit without reaping" },
	{ "exec", exec, 0, "execute another program without reaping" },
	{ "close", close_all, 0, "close ring and device without reaping, stay" },
	{ "pause", pause_forever, 0, "never reap again" },
	{ "unregister", unregister_buffers, 0, "take registered buffers back" },
	{ "reuse", reuse, 0, "point the iovecs to other memory" },
	{ "unmap", unmap, 0, "unmap the buffers, and map others in their places" },
	{ "setuid", change_user, 0, "become nobody" },
	{ "root", change_user, 1, "become root again, after --user" },
	{ "cancel", cancel, 0, "cancel the command in slot 0" },
	{ "cancel-fd", cancel, IORING_ASYNC_CANCEL_FD,
	  "cancel one command of the file" },
	{ "cancel-all", cancel, ALL_OF_FD, "cancel all commands of the file" },
	{ "cancel-any", cancel, IORING_ASYNC_CANCEL_ANY,
	  "cancel all commands of the ring" },
	{ "cancel-sync", cancel_sync, ALL_OF_FD,
	  "like cancel-all, by a system call of its own" },
};

static const struct action *find_action(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(name, actions[i].name))
			return &actions[i];
	return NULL;
}

bool known_action(const char *name)
{
	return find_action(name);
}

void print_actions(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		printf("  %-12s %s\n", actions[i].name, actions[i].help);
}

void at_usr2(void)
{
	const struct action *action = find_action(opt.at_usr2);

	want_usr2 = 0;
	action->run(action->arg);
}

static void *act(void *usr2)
{
	int sig;

	for (;;) {
		sigwait(usr2, &sig);
		at_usr2();
	}
	return NULL;
}

/* The main thread may be in a system call, and stays there. */
void start_actor(void)
{
	static sigset_t usr2;
	pthread_t thread;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &usr2, NULL);
	if (pthread_create(&thread, NULL, act, &usr2))
		fail("pthread_create", EAGAIN);
}

/* The child keeps the ring open, and only looks at it, or polls for the parent. */
static void watch(void)
{
	unsigned int n, answered = 0;

	while (opt.mode & IOPOLL) {
		io_uring_get_events(ring);
		sched_yield();
	}
	for (;;) {
		n = io_uring_cq_ready(ring);
		if (n != answered)
			printf("answered=%u\n", n);
		fflush(stdout);
		answered = n;
		usleep(50000);
	}
}

void fork_watcher(void)
{
	int pid = fork();

	if (pid < 0)
		fail("fork", errno);
	if (!pid)
		watch();
	printf("shared=%d\n", pid);
}
