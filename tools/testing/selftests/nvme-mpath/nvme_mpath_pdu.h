/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NVMe/TCP PDUs of a connection that passes through the relay: which queue it
 * is, and changes to what the controller answers. Without digests only.
 */
#ifndef NVME_MPATH_PDU_H
#define NVME_MPATH_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDU_MAX_HEADER	128

/* One direction. A header may arrive in parts. */
struct pdu_stream {
	uint8_t header[PDU_MAX_HEADER];
	uint32_t nr_header;	/* bytes of it that are here */
	uint32_t body, nr_body;	/* bytes of the data, and how many are through */
};

struct pdu_queue {
	struct pdu_stream to_target, to_host;
	uint16_t qid;		/* 0: the admin queue */
	bool connecting;	/* its Connect is not answered yet */
	uint16_t refusal;	/* the status that it ends with, if not 0 */
	uint32_t asked;		/* the CNS of Identify commands so far, a bit each */
	/* Identify Controller: the command's identifier, and its data's place */
	bool identify, in_identify;
	uint16_t identify_id;
	/* the command that asks for events: its answer is not one of those that fail */
	bool event;
	uint16_t event_id;
	uint32_t place;
};

/* What answers are changed to, for all connections. */
struct pdu_faults {
	uint16_t status;	/* of commands that fail */
	bool io;		/* I/O commands do, or else admin commands */
	long times;		/* so many more do; < 0: all */
	long skip;		/* after so many that do not, */
	uint32_t asked;		/* or from the first Identify with that CNS on */
	uint16_t cqt;		/* the Command Quiesce Time, in ms; 0: as it is */
};

/*
 * Bytes that the host sent: they are passed on as they are. Calls @see, if not NULL,
 * with each submission queue entry of an I/O queue.
 */
void pdu_watch(struct pdu_queue *q, const uint8_t *buf, size_t n,
	       void (*see)(const uint8_t *sqe));

/*
 * Bytes that the target sent. Fills @out, of at least @n + PDU_MAX_HEADER bytes:
 * a header is passed on when it is complete. Returns how many bytes these are.
 */
size_t pdu_rewrite(struct pdu_queue *q, struct pdu_faults *f,
		   const uint8_t *buf, size_t n, uint8_t *out);

#endif
