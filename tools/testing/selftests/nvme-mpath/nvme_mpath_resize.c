// SPDX-License-Identifier: GPL-2.0
/*
 * Mode resize of nvme_mpath_io: now and then the ring gets other memory, for its
 * SQEs as well, while commands are in flight. What of this an older liburing does
 * not know is done here.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

static void *map_ring(size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring->ring_fd, what);

	if (p == MAP_FAILED)
		fail("mapping the ring", errno);
	return p;
}

static void point_into_sq(const struct io_sqring_offsets *off)
{
	struct io_uring_sq *sq = &ring->sq;
	char *base = sq->ring_ptr;
	unsigned int i;

	sq->khead = (unsigned int *)(base + off->head);
	sq->ktail = (unsigned int *)(base + off->tail);
	sq->kring_mask = (unsigned int *)(base + off->ring_mask);
	sq->kring_entries = (unsigned int *)(base + off->ring_entries);
	sq->kflags = (unsigned int *)(base + off->flags);
	sq->kdropped = (unsigned int *)(base + off->dropped);
	sq->array = (unsigned int *)(base + off->array);
	sq->ring_mask = *sq->kring_mask;
	sq->ring_entries = *sq->kring_entries;
	for (i = 0; i < sq->ring_entries; i++)
		sq->array[i] = i;
}

static void point_into_cq(const struct io_cqring_offsets *off)
{
	struct io_uring_cq *cq = &ring->cq;
	char *base = cq->ring_ptr;

	cq->khead = (unsigned int *)(base + off->head);
	cq->ktail = (unsigned int *)(base + off->tail);
	cq->kring_mask = (unsigned int *)(base + off->ring_mask);
	cq->kring_entries = (unsigned int *)(base + off->ring_entries);
	cq->kflags = (unsigned int *)(base + off->flags);
	cq->koverflow = (unsigned int *)(base + off->overflow);
	cq->cqes = (struct io_uring_cqe *)(base + off->cqes);
	cq->ring_mask = *cq->kring_mask;
	cq->ring_entries = *cq->kring_entries;
}

/*
 * The ring in hand becomes twice as large, or what it was. All that was prepared has
 * been submitted: what liburing counts of it stays true.
 */
void resize_ring(void)
{
	static unsigned int small;
	const size_t sqe_size = 2 * sizeof(struct io_uring_sqe);
	const size_t cqe_size = 2 * sizeof(struct io_uring_cqe);
	struct io_uring_params p = { .flags = IORING_SETUP_CQSIZE };
	size_t sq_end, cq_end;

	if (!small)
		small = ring->sq.ring_entries;
	p.sq_entries = ring->sq.ring_entries == small ? 2 * small : small;
	p.cq_entries = 2 * p.sq_entries;
	if (syscall(__NR_io_uring_register, ring->ring_fd, REGISTER_RESIZE_RINGS,
		    &p, 1))
		fail("resizing the ring", errno);

	munmap(ring->sq.sqes, ring->sq.ring_entries * sqe_size);
	munmap(ring->sq.ring_ptr, ring->sq.ring_sz);
	sq_end = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	cq_end = p.cq_off.cqes + p.cq_entries * cqe_size;
	ring->sq.ring_sz = sq_end > cq_end ? sq_end : cq_end;
	ring->sq.ring_ptr = map_ring(ring->sq.ring_sz, IORING_OFF_SQ_RING);
	ring->cq.ring_sz = ring->sq.ring_sz;
	ring->cq.ring_ptr = ring->sq.ring_ptr;
	ring->sq.sqes = map_ring(p.sq_entries * sqe_size, IORING_OFF_SQES);
	point_into_sq(&p.sq_off);
	point_into_cq(&p.cq_off);
}
