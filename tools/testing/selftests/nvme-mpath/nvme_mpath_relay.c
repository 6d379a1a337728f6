// SPDX-License-Identifier: GPL-2.0
/*
 * A TCP relay on 127.0.0.1 in front of the port of a target: a wire that can be
 * cut. SIGUSR1 cuts it: the relay forwards nothing in either direction, and
 * accepts new connections without an answer. SIGUSR2 mends it.
 *
 * SIGHUP, while it is cut, closes the ends towards the host. What the host has
 * sent until then is kept, and the target learns nothing. When the wire is
 * mended the target receives it: commands of a host that has given them up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_WIRES	64

/* One connection: bytes from one end go to the other. */
struct wire {
	int end[2];		/* -1: not there (yet) */
	char *kept;		/* for the target, of a host that is gone */
	size_t nr_kept;
};

static struct wire wires[MAX_WIRES];
static int nr_wires, target_port;
static atomic_bool cut, hang_up;

static void on_signal(int sig)
{
	if (sig == SIGHUP)
		hang_up = true;
	else
		cut = sig == SIGUSR1;
}

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listen_on(int port)
{
	struct sockaddr_in addr = local(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, much = 1 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* inherited: what is kept has to fit */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &much, sizeof(much));
	if (bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, MAX_WIRES))
		fail("listen");
	return fd;
}

static void drop(struct wire *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (w->end[i] >= 0)
			close(w->end[i]);
		w->end[i] = -1;
	}
	free(w->kept);
	w->kept = NULL;
	w->nr_kept = 0;
}

/* Takes what the host has sent, and closes its end. */
static void keep(struct wire *w)
{
	const size_t room = 1 << 20;
	ssize_t n;

	if (w->end[1] < 0) {
		drop(w);
		return;
	}
	w->kept = malloc(room);
	while (w->kept && w->nr_kept < room) {
		n = recv(w->end[0], w->kept + w->nr_kept, room - w->nr_kept,
			 MSG_DONTWAIT);
		if (n <= 0)
			break;
		w->nr_kept += n;
	}
	close(w->end[0]);
	w->end[0] = -1;
}

static void keep_all(void)
{
	size_t sum = 0;
	int i;

	for (i = 0; i < nr_wires; i++) {
		if (wires[i].end[0] < 0)
			continue;
		keep(&wires[i]);
		sum += wires[i].nr_kept;
	}
	printf("kept %zu\n", sum);
	fflush(stdout);
}

/* Sends what was kept. The target closes its end when it has had enough. */
static void deliver(struct wire *w)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < w->nr_kept; done += n) {
		n = send(w->end[1], w->kept + done, w->nr_kept - done,
			 MSG_NOSIGNAL);
		if (n <= 0)
			break;
	}
	printf("delivered %zu of %zu\n", done, w->nr_kept);
	fflush(stdout);
	free(w->kept);
	w->kept = NULL;
	w->nr_kept = 0;
}

/* The host's end is closed: the target's answers are for nobody. */
static void serve_target(struct wire *w, bool readable)
{
	static char buf[1 << 16];

	if (w->kept)
		deliver(w);
	errno = 0;
	if (readable && recv(w->end[1], buf, sizeof(buf), MSG_DONTWAIT) <= 0 &&
	    errno != EAGAIN)
		drop(w);
}

/* Connects to the target only while the wire is whole. */
static bool call_target(struct wire *w)
{
	struct sockaddr_in addr = local(target_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (void *)&addr, sizeof(addr))) {
		if (fd >= 0)
			close(fd);
		drop(w);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	w->end[1] = fd;
	return true;
}

static void answer(int listener)
{
	int fd = accept(listener, NULL, NULL), one = 1, i;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (i = 0; i < nr_wires; i++)
		if (wires[i].end[0] < 0 && wires[i].end[1] < 0)
			break;
	if (i == MAX_WIRES) {
		close(fd);
		return;
	}
	if (i == nr_wires)
		nr_wires++;
	wires[i] = (struct wire){ .end = { fd, -1 } };
}

/* Forwards the bytes received so far; false when either end is gone. */
static bool forward(int from, int to)
{
	static char buf[1 << 16];
	ssize_t n = recv(from, buf, sizeof(buf), MSG_DONTWAIT), m, done;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	for (done = 0; done < n; done += m) {
		m = send(to, buf + done, n - done, MSG_NOSIGNAL);
		if (m < 0 && errno == EINTR)
			m = 0;
		else if (m <= 0)
			return false;
	}
	return true;
}

static void serve(const struct pollfd *fds)
{
	int i, side;

	for (i = 0; i < nr_wires; i++) {
		struct wire *w = &wires[i];

		if (w->end[0] < 0 && w->end[1] >= 0)
			serve_target(w, fds[2 * i + 1].revents);
		if (w->end[0] < 0 || (w->end[1] < 0 && !call_target(w)))
			continue;
		for (side = 0; side < 2; side++)
			if (fds[2 * i + side].revents && w->end[0] >= 0 &&
			    !forward(w->end[side], w->end[!side]))
				drop(w);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd fds[2 * MAX_WIRES + 1];
	int listener, i, n;

	if (argc != 3) {
		fprintf(stderr, "usage: nvme_mpath_relay port target-port\n");
		return 2;
	}
	listener = listen_on(atoi(argv[1]));
	target_port = atoi(argv[2]);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	printf("ready\n");
	fflush(stdout);

	for (;;) {
		n = nr_wires;
		/* poll() ignores a negative descriptor */
		for (i = 0; i < 2 * n; i++)
			fds[i] = (struct pollfd){
				.fd = cut ? -1 : wires[i / 2].end[i % 2],
				.events = POLLIN,
			};
		fds[2 * n] = (struct pollfd){ listener, POLLIN, 0 };
		if (poll(fds, 2 * n + 1, 20) < 0)
			continue;
		if (hang_up) {
			hang_up = false;
			keep_all();
		} else if (!cut) {
			serve(fds);
		}
		if (fds[2 * n].revents)
			answer(listener);
	}
}
