// SPDX-License-Identifier: GPL-2.0
/*
 * With --history: the last commands and answers of nvme_mpath_io, printed when
 * something is wrong with one, or it ends with an error not seen before.
 */
#include "nvme_mpath_io.h"

#define KEPT		1024
#define OF_SLOT		8
#define OF_RING		24

static struct event {
	double at;
	uint64_t seq;
	unsigned int slot;
	int res;
	uint8_t opcode;
	bool answer;
	bool shown;
} events[KEPT];
static uint64_t nr_events;

static void note(const struct slot *s, uint64_t seq, bool answer, int res)
{
	if (!opt.history)
		return;
	events[nr_events++ % KEPT] = (struct event){
		.at = now(), .seq = seq, .slot = s - slots, .res = res,
		.opcode = s->opcode, .answer = answer };
}

void note_sent(const struct slot *s)
{
	note(s, s->seq, false, 0);
}

void note_answered(const struct slot *s, uint64_t seq, int res)
{
	note(s, seq, true, res);
}

static void print_event(const struct event *e, unsigned int slot)
{
	if (e->answer)
		printf("history: %.6f%s slot %u, %#x number %ju: res %d (%#x)\n",
		       e->at, e->slot == slot ? " *" : "  ", e->slot, e->opcode,
		       e->seq, e->res, e->res);
	else
		printf("history: %.6f%s slot %u, %#x number %ju: sent\n",
		       e->at, e->slot == slot ? " *" : "  ", e->slot, e->opcode,
		       e->seq);
}

/* The last events of the slot, and those of its ring, in order. */
void print_history(const struct slot *s, const char *why)
{
	uint64_t i, first = nr_events > KEPT ? nr_events - KEPT : 0;
	unsigned int slot = s - slots, of_slot = 0, of_ring = 0;
	struct event *e;

	if (!opt.history)
		return;
	printf("history of slot %u and its ring: %s\n", slot, why);
	for (i = nr_events; i-- > first;) {
		e = &events[i % KEPT];
		e->shown = e->slot == slot && of_slot++ < OF_SLOT;
		if (e->slot % opt.rings == slot % opt.rings)
			e->shown |= of_ring++ < OF_RING;
	}
	for (i = first; i < nr_events; i++)
		if (events[i % KEPT].shown)
			print_event(&events[i % KEPT], slot);
	fflush(stdout);
}
