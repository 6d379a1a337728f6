// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <string.h>
#include "nvme_mpath_pdu.h"

/* the parts of NVMe/TCP that matter here */
enum { CAPSULE_CMD = 4, CAPSULE_RESP = 5, C2H_DATA = 7 };
enum { SQE = 8, CQE_ID = 8 + 12, CQE_STATUS = 8 + 14, DATA_ID = 8, DATA_OFFSET = 12 };
enum { IDENTIFY = 0x06, ASYNC_EVENT = 0x0c, FABRICS = 0x7f, CNS_CTRL = 1, CONNECT = 1 };
enum { COMMON_HEADER = 8, IDENTIFY_CQT = 386 };

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* Takes bytes of a header; returns how many, and whether it is complete. */
static size_t take_header(struct pdu_stream *s, const uint8_t *buf, size_t n,
			  bool *complete)
{
	size_t want, taken = 0;

	*complete = false;
	for (;;) {
		want = COMMON_HEADER;
		if (s->nr_header >= COMMON_HEADER)
			want = s->header[2];
		if (want > PDU_MAX_HEADER)
			want = PDU_MAX_HEADER;
		if (s->nr_header >= COMMON_HEADER && s->nr_header >= want)
			break;
		if (taken == n)
			return taken;
		s->header[s->nr_header++] = buf[taken++];
	}
	s->body = get32(s->header + 4) - s->nr_header;
	s->nr_body = 0;
	*complete = true;
	return taken;
}

static size_t take_body(struct pdu_stream *s, size_t n)
{
	size_t left = s->body - s->nr_body;

	if (n > left)
		n = left;
	s->nr_body += n;
	return n;
}

static bool in_body(const struct pdu_stream *s)
{
	return s->nr_body < s->body;
}

static void see_command(struct pdu_queue *q, void (*see)(const uint8_t *sqe))
{
	const uint8_t *sqe = q->to_target.header + SQE;

	if (q->to_target.header[0] != CAPSULE_CMD)
		return;
	if (sqe[0] == FABRICS && sqe[4] == CONNECT) {
		q->qid = get16(sqe + 42);
		q->connecting = true;
	}
	if (q->qid) {
		if (see && sqe[0] != FABRICS)
			see(sqe);
		return;
	}
	if (sqe[0] == ASYNC_EVENT) {
		q->event = true;
		q->event_id = get16(sqe + 2);
	} else if (sqe[0] == IDENTIFY) {
		q->asked |= 1u << (sqe[40] % 32);
		if (sqe[40] != CNS_CTRL)
			return;
		q->identify = true;
		q->identify_id = get16(sqe + 2);
	}
}

void pdu_watch(struct pdu_queue *q, const uint8_t *buf, size_t n,
	       void (*see)(const uint8_t *sqe))
{
	struct pdu_stream *s = &q->to_target;
	bool complete;
	size_t taken;

	for (; n; buf += taken, n -= taken) {
		if (in_body(s)) {
			taken = take_body(s, n);
			continue;
		}
		taken = take_header(s, buf, n, &complete);
		if (!complete)
			return;
		see_command(q, see);
		s->nr_header = 0;
	}
}

static void set_status(uint8_t *cqe_status, uint16_t status)
{
	uint16_t phase = get16(cqe_status) & 1;
	uint16_t v = htole16(status << 1 | phase);

	memcpy(cqe_status, &v, sizeof(v));
}

static void fail_command(const struct pdu_queue *q, struct pdu_faults *f,
			 uint8_t *cqe_status)
{
	if (!f->times || f->io != !!q->qid || (q->asked & f->asked) != f->asked)
		return;
	if (f->skip) {
		f->skip--;
		return;
	}
	if (f->times > 0)
		f->times--;
	set_status(cqe_status, f->status);
}

/* Connect is the first command of a queue. */
static void answer_connect(struct pdu_queue *q, uint8_t *cqe_status)
{
	if (q->connecting && q->refusal)
		set_status(cqe_status, q->refusal);
	q->connecting = false;
}

static void see_answer(struct pdu_queue *q, struct pdu_faults *f)
{
	uint8_t *header = q->to_host.header;

	q->in_identify = false;
	if (header[0] == CAPSULE_RESP &&
	    !(q->event && get16(header + CQE_ID) == q->event_id))
		fail_command(q, f, header + CQE_STATUS);
	if (header[0] == CAPSULE_RESP)
		answer_connect(q, header + CQE_STATUS);
	if (header[0] != C2H_DATA || !q->identify ||
	    get16(header + DATA_ID) != q->identify_id)
		return;
	q->in_identify = true;
	q->place = get32(header + DATA_OFFSET);
}

/* Byte @place of Identify Controller. */
static uint8_t identify_byte(const struct pdu_faults *f, uint32_t place,
			     uint8_t byte)
{
	if (f->cqt && place == IDENTIFY_CQT)
		return f->cqt & 0xff;
	if (f->cqt && place == IDENTIFY_CQT + 1)
		return f->cqt >> 8;
	return byte;
}

size_t pdu_rewrite(struct pdu_queue *q, struct pdu_faults *f,
		   const uint8_t *buf, size_t n, uint8_t *out)
{
	struct pdu_stream *s = &q->to_host;
	size_t done = 0, taken, i;
	bool complete;

	for (; n; buf += taken, n -= taken) {
		if (in_body(s)) {
			uint32_t place = q->place + s->nr_body;

			taken = take_body(s, n);
			memcpy(out + done, buf, taken);
			for (i = 0; q->in_identify && i < taken; i++)
				out[done + i] = identify_byte(f, place + i,
							      buf[i]);
			done += taken;
			continue;
		}
		taken = take_header(s, buf, n, &complete);
		if (!complete)
			break;
		see_answer(q, f);
		memcpy(out + done, s->header, s->nr_header);
		done += s->nr_header;
		s->nr_header = 0;
	}
	return done;
}
