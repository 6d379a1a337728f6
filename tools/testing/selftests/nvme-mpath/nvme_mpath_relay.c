// SPDX-License-Identifier: GPL-2.0
/*
 * A TCP relay on 127.0.0.1 in front of the port of a target: a wire that can be
 * cut. SIGUSR1 cuts it: the relay forwards nothing in either direction, and
 * accepts new connections without an answer. SIGUSR2 mends it.
 *
 * SIGHUP, while it is cut, closes the ends towards the host. What the host has
 * sent until then is kept, and the target learns nothing. When the wire is
 * mended the target receives it: commands of a host that has given them up.
 *
 * Lines on the standard input change what the target answers:
 *
 *   fail <status> <times> io|admin <skip>   so many commands, after so many others,
 *				end with that status; -1: all; "failed" says when
 *				these were all
 *   fail <status> <times> cns <n>   admin commands, from the first Identify with
 *				that CNS of a connection on
 *   cqt <ms>			the Command Quiesce Time that a controller reports
 *   connect <qid> <status>	from here on the Connect of that I/O queue is
 *				not answered; "held" says that there is one, and
 *				the other I/O queues' connections are reset. 0:
 *				of none. One that is held ends with that status
 *
 *   show <opcode>		print each such I/O command on its way to the target:
 *				what NVMe/TCP leaves as the host's driver was told
 */
#include <arpa/inet.h>
#include <endian.h>
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
#include "nvme_mpath_pdu.h"

#define MAX_WIRES	64

/* One connection: bytes from one end go to the other. */
struct wire {
	int end[2];		/* -1: not there (yet) */
	char *kept;		/* for the target, of a host that is gone */
	size_t nr_kept;
	bool held;		/* the target's answer to the Connect is */
	struct pdu_queue queue;
};

static struct wire wires[MAX_WIRES];
static int nr_wires, target_port;
static atomic_bool cut, hang_up;
static struct pdu_faults faults;
static int shown = -1;		/* opcode */
static unsigned int held_qid;	/* its Connect is held; 0: of none */

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
	w->held = false;
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
	w->held = false;
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

static bool send_all(int fd, const uint8_t *buf, size_t n)
{
	ssize_t m;

	for (; n; buf += m, n -= m) {
		m = send(fd, buf, n, MSG_NOSIGNAL);
		if (m < 0 && errno == EINTR)
			m = 0;
		else if (m <= 0)
			return false;
	}
	return true;
}

/* But for the identifier of the command and the place of its data. */
static void show(const uint8_t *sqe)
{
	uint32_t dw[16];
	int i;

	if (sqe[0] != shown)
		return;
	memcpy(dw, sqe, sizeof(dw));
	printf("command flags=0x%x nsid=%u", sqe[1], le32toh(dw[1]));
	for (i = 10; i < 16; i++)
		printf(" cdw%d=0x%x", i, le32toh(dw[i]));
	printf("\n");
	fflush(stdout);
}

/* By a RST: after a FIN the host's socket would take one more command. */
static void reset(struct wire *w)
{
	struct linger none = { .l_onoff = 1 };

	if (w->end[0] >= 0)
		setsockopt(w->end[0], SOL_SOCKET, SO_LINGER, &none,
			   sizeof(none));
	drop(w);
}

/* The host has sent the Connect: the queues before it are live there. */
static void hold_connect(struct wire *w)
{
	int i;

	for (i = 0; i < nr_wires; i++)
		if (&wires[i] != w && wires[i].queue.qid)
			reset(&wires[i]);
	w->held = true;
	printf("held\n");
	fflush(stdout);
}

static void hold_from_here(unsigned int qid, int status)
{
	int i;

	held_qid = qid;
	for (i = 0; i < nr_wires; i++) {
		if (!wires[i].held)
			continue;
		wires[i].held = false;
		wires[i].queue.refusal = status;
	}
}

/* Forwards the bytes received so far; false when either end is gone. */
static bool forward(struct wire *w, int side)
{
	static uint8_t buf[1 << 16], out[sizeof(buf) + PDU_MAX_HEADER];
	ssize_t n = recv(w->end[side], buf, sizeof(buf), MSG_DONTWAIT);
	long times = faults.times;
	size_t size;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	if (side == 0) {
		pdu_watch(&w->queue, buf, n, show);
		if (held_qid && w->queue.qid == held_qid &&
		    w->queue.connecting && !w->held)
			hold_connect(w);
		return send_all(w->end[1], buf, n);
	}
	size = pdu_rewrite(&w->queue, &faults, buf, n, out);
	if (times > 0 && !faults.times) {
		printf("failed\n");
		fflush(stdout);
	}
	return send_all(w->end[0], out, size);
}

static void fail_from_here(int status, long times, const char *queue, long which)
{
	faults = (struct pdu_faults){
		.status = status, .times = times, .cqt = faults.cqt,
		.io = !strcmp(queue, "io"),
	};
	if (strcmp(queue, "cns"))
		faults.skip = which;
	else
		faults.asked = 1u << (which % 32);
}

/* A line of the standard input. Returns false at its end. */
static bool obey(void)
{
	unsigned int cqt, qid;
	int status, opcode;
	char line[80], queue[6];
	long times, which;
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		return false;
	line[n] = 0;
	if (sscanf(line, "fail %i %ld %5s %ld", &status, &times, queue,
		   &which) == 4)
		fail_from_here(status, times, queue, which);
	else if (sscanf(line, "cqt %u", &cqt) == 1)
		faults.cqt = cqt;
	else if (sscanf(line, "connect %u %i", &qid, &status) == 2)
		hold_from_here(qid, status);
	else if (sscanf(line, "show %i", &opcode) == 1)
		shown = opcode;
	else
		fprintf(stderr, "what does it mean: %s\n", line);
	printf("done\n");
	fflush(stdout);
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
			    !forward(w, side))
				drop(w);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd fds[2 * MAX_WIRES + 2];
	int listener, i, n, input = STDIN_FILENO;

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
				.fd = cut || (i % 2 && wires[i / 2].held) ?
					-1 : wires[i / 2].end[i % 2],
				.events = POLLIN,
			};
		fds[2 * n] = (struct pollfd){ listener, POLLIN, 0 };
		fds[2 * n + 1] = (struct pollfd){ input, POLLIN, 0 };
		if (poll(fds, 2 * n + 2, 20) < 0)
			continue;
		if (fds[2 * n + 1].revents && !obey())
			input = -1;
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
