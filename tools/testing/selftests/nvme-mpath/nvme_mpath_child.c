// SPDX-License-Identifier: GPL-2.0
/*
 * Mode fork of nvme_mpath_io: each batch of commands is sent by a child, which
 * lives until the next one. What fails over is sent again by it, from its memory:
 * at the addresses of the commands the parent has no memory. It sees the same
 * pages elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

#define ARENA	(256ul << 20)

/* As the parent sees it; in the child it is also behind that. */
static unsigned char *arena;
static size_t used;
static int memory;

static void setup_arena(void)
{
	memory = memfd_create("nvme_mpath_io", 0);
	if (memory < 0 || ftruncate(memory, ARENA))
		fail("memfd_create", errno);
	arena = mmap(NULL, 2 * ARENA, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED ||
	    mmap(arena, ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 memory, 0) == MAP_FAILED)
		fail("mmap", errno);
}

/* Pages for data, for the parent to use; @size is a multiple of them. */
void *shared_pages(size_t size)
{
	void *p;

	if (!arena)
		setup_arena();
	if (size > ARENA - used)
		fail("memory for data", ENOMEM);
	p = arena + used;
	used += size;
	return p;
}

/* What the command is told, where the parent has the data at @p. */
void *sender_address(void *p)
{
	/* registered memory is that of the parent */
	return opt.mode & FORK && !opt.fixed ? (unsigned char *)p + ARENA : p;
}

static void submit_and_stay(int result, pid_t parent)
{
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_SUCCESS);
	if (mmap(arena + ARENA, ARENA, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, memory, 0) == MAP_FAILED)
		_exit(EXIT_FAILURE);
	ret = io_uring_submit(ring);
	if (write(result, &ret, sizeof(ret)) != sizeof(ret))
		_exit(EXIT_FAILURE);
	for (;;)
		pause();
}

/* Returns what io_uring_submit() has said to the child. */
int submit_by_child(void)
{
	static pid_t child;
	pid_t self = getpid();
	int result[2], ret;
	ssize_t n;

	if (child) {
		kill(child, SIGKILL);
		TEMP_FAILURE_RETRY(waitpid(child, NULL, 0));
	}
	if (pipe(result))
		fail("pipe", errno);
	child = fork();
	if (child < 0)
		fail("fork", errno);
	if (!child)
		submit_and_stay(result[1], self);
	close(result[1]);
	n = TEMP_FAILURE_RETRY(read(result[0], &ret, sizeof(ret)));
	if (n != sizeof(ret))
		fail("the child that submits", ECHILD);
	close(result[0]);
	/* the rest of a ring is memory that both share */
	ring->sq.sqe_head = ring->sq.sqe_tail;
	return ret;
}
