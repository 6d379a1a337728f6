// SPDX-License-Identifier: GPL-2.0
/* Random commands of nvme_mpath_fuzz, made of valid ones, and their results. */
#include "nvme_mpath_fuzz.h"

#define OP_WRITE_ZEROES	0x08
#define OP_DSM		0x09
#define OP_VERIFY	0x0c
#define OP_RESV_REPORT	0x0e
#define OP_FABRICS	0x7f

#define BIT_OF(r)	(1u << below(r, 32))

static const uint8_t reading[] = { OP_READ, OP_READ, OP_READ, OP_FLUSH };
static const uint8_t writing[] = {
	OP_READ, OP_WRITE, OP_WRITE, OP_FLUSH, OP_COMPARE, OP_WRITE_ZEROES };

static bool has_data(uint8_t opcode)
{
	return opcode == OP_READ || opcode == OP_WRITE || opcode == OP_COMPARE;
}

/* Pieces of the slot's memory, with gaps between them. */
static void make_iovecs(struct cmd *c, struct rng *r, unsigned int bytes)
{
	unsigned int at = below(r, 64) * 4, n, len, left = bytes;

	memset(c->mem.iov, 0, NR_IOVECS * sizeof(*c->mem.iov));
	for (n = 0; left; n++) {
		len = n == NR_IOVECS - 1 ? left : 4 * (1 + below(r, left / 4));
		c->mem.iov[n].iov_base = c->mem.data + at;
		c->mem.iov[n].iov_len = len;
		at += len + below(r, 32) * 4;
		left -= len;
	}
	set_nvme_iovecs(&c->image, c->mem.iov, n);
}

/* A command that has to succeed. */
void make_valid(struct cmd *c, struct rng *r, bool vec)
{
	unsigned int bytes = (1 + below(r, 8)) * LBA_SIZE;
	unsigned int room = DATA_SIZE - bytes, at;
	struct nvme_uring_cmd *cmd = &c->image;

	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = opt.readonly ? reading[below(r, ARRAY_SIZE(reading))] :
				     writing[below(r, ARRAY_SIZE(writing))];
	cmd->nsid = opt.nsid;
	c->cmd_op = NVME_URING_CMD_IO;
	c->plain = cmd->opcode != OP_COMPARE;
	/* QEMU says that a flush changes data */
	if (cmd->opcode == OP_FLUSH) {
		c->plain = !opt.match;
		return;
	}
	/* aligned to pages, to words, or not at all */
	at = one_in(r, 3) ? 0 : one_in(r, 2) ? below(r, room / 4) * 4 :
						below(r, room);
	set_nvme_data(cmd, c->mem.data + at, bytes,
		      below(r, NR_BLOCKS - bytes / LBA_SIZE));
	if (!has_data(cmd->opcode)) {
		cmd->addr = 0;
		cmd->data_len = 0;
	} else if (vec) {
		c->cmd_op = NVME_URING_CMD_IO_VEC;
		make_iovecs(c, r, bytes);
	}
	if (opt.meta && has_data(cmd->opcode)) {
		cmd->metadata = (uint64_t)c->mem.meta + below(r, 512);
		cmd->metadata_len = bytes / LBA_SIZE * opt.meta;
		/* its protection information is not computed */
		c->plain &= cmd->opcode == OP_READ;
	}
}

static uint32_t any_length(struct rng *r, uint32_t valid)
{
	static const uint32_t odd[] = {
		0, 1, 3, 511, 512, 4096, 0x10000, 0x7fffffff, 0x80000000,
		0xfffff000, UINT32_MAX };

	/* a device that is not told it writes what a command asks for */
	if (opt.match)
		return valid + below(r, 512);
	switch (below(r, 3)) {
	case 0:
		return odd[below(r, ARRAY_SIZE(odd))];
	case 1:
		return valid + below(r, 1024) - 512;
	}
	return below(r, 2 * DATA_SIZE);
}

static uint8_t any_opcode(struct rng *r)
{
	uint8_t opcode = rng_next(r);

	/* those return data of a length that is in no known place */
	return opt.match && opcode & 2 ? OP_READ : opcode;
}

static void mutate_dword(struct nvme_uring_cmd *cmd, struct rng *r)
{
	__u32 *dwords[] = { &cmd->cdw2, &cmd->cdw3, &cmd->cdw10, &cmd->cdw11,
			    &cmd->cdw12, &cmd->cdw13, &cmd->cdw14,
			    &cmd->cdw15 };
	__u32 *d = dwords[below(r, ARRAY_SIZE(dwords))], old = *d;

	*d = one_in(r, 2) ? *d ^ BIT_OF(r) : rng_next(r);
	if (opt.match && d == &cmd->cdw12)
		*d = (*d & 0xffff0000) | (old & 0xffff);
}

static uint32_t any_timeout(struct rng *r)
{
	if (opt.timeouts && one_in(r, 4))
		return 1 + below(r, 3000);
	return one_in(r, 2) ? UINT32_MAX : 1000000 + below(r, 1u << 31);
}

/* Changes one member of a command, as struct nvme_uring_cmd has them. */
void mutate_cmd(struct cmd *c, struct rng *r)
{
	struct nvme_uring_cmd *cmd = &c->image;
	static const uint32_t nsids[] = { 0, 1, 2, 3, UINT32_MAX };

	c->plain = false;
	switch (below(r, 11)) {
	case 0:
		cmd->opcode = any_opcode(r);
		break;
	case 1:
		cmd->flags = one_in(r, 2) ? BIT_OF(r) >> 24 : rng_next(r);
		break;
	case 2:
		cmd->flags = one_in(r, 2) ? NVME_URING_CMD_F_FAILFAST :
					    NVME_URING_CMD_F_FAILOVER;
		break;
	case 3:
		cmd->rsvd1 = rng_next(r);
		cmd->rsvd2 = rng_next(r);
		break;
	case 4:
		/* the kernel logs each of these */
		if (one_in(r, 4))
			cmd->nsid = nsids[below(r, ARRAY_SIZE(nsids))];
		break;
	case 5:
		cmd->addr = any_address(r, c->mem.data, DATA_SIZE);
		break;
	case 6:
		cmd->data_len = any_length(r, cmd->data_len);
		break;
	case 7:
		cmd->metadata = any_address(r, c->mem.meta, META_SIZE);
		/* a device that is not told it must not be sent less */
		cmd->metadata_len = opt.match ?
			cmd->metadata_len + below(r, 64) :
			any_length(r, cmd->metadata_len);
		break;
	case 8:
		cmd->timeout_ms = any_timeout(r);
		break;
	default:
		mutate_dword(cmd, r);
		break;
	}
}

/*
 * Data that is not aligned is bounced. For a read the kernel allocates all of
 * it, whatever is at the address, and so does the target: up to 256 MiB a
 * command, or as much as the controller says.
 */
void limit_bounced(struct cmd *c)
{
	if (c->image.addr & 3)
		c->image.data_len &= 0xffff;
}

static void mutate_cmd_op(struct cmd *c, struct rng *r)
{
	static const uint32_t ops[] = {
		NVME_URING_CMD_IO, NVME_URING_CMD_IO_VEC, NVME_URING_CMD_ADMIN,
		NVME_URING_CMD_ADMIN_VEC };

	/* a vector has few entries, and would be too short as data */
	if (opt.match)
		return;
	c->cmd_op = one_in(r, 4) ? rng_next(r) :
				   ops[below(r, ARRAY_SIZE(ops))];
}

static void mutate_sqe_flags(struct cmd *c, struct io_uring_sqe *sqe,
			     struct rng *r, const struct round *round)
{
	if (round->drains) {
		sqe->flags |= IOSQE_IO_DRAIN;
		return;
	}
	switch (below(r, 4)) {
	case 0:
		if (round->links)
			sqe->flags |= one_in(r, 2) ? IOSQE_IO_LINK :
						     IOSQE_IO_HARDLINK;
		break;
	case 1:
		if (round->quiet)
			sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		break;
	case 2:
		sqe->flags |= one_in(r, 2) ? IOSQE_BUFFER_SELECT : 1 << 7;
		break;
	default:
		sqe->flags |= IOSQE_FIXED_FILE;
		sqe->fd = below(r, 3);
		break;
	}
	c->quiet = sqe->flags & IOSQE_CQE_SKIP_SUCCESS;
}

/* Changes one member of the SQE before the payload. */
static void mutate_sqe(struct cmd *c, struct io_uring_sqe *sqe, struct rng *r,
		       const struct round *round)
{
	c->plain = false;
	/* no SQE that is refused at once if there are drained ones */
	switch (below(r, round->drains ? 3 : 9)) {
	case 0:
		mutate_sqe_flags(c, sqe, r, round);
		break;
	case 1:
		mutate_cmd_op(c, r);
		break;
	case 2:
		sqe->fd = one_in(r, 2) ? -1 : (int)rng_next(r);
		break;
	case 3:
		sqe->uring_cmd_flags ^= one_in(r, 2) ? BIT_OF(r) : rng_next(r);
		break;
	case 4:
		sqe->buf_index = rng_next(r);
		break;
	case 5:
		sqe->personality = below(r, 4);
		break;
	case 6:
		sqe->addr = rng_next(r);
		sqe->__pad1 = one_in(r, 2);
		break;
	case 7:
		sqe->file_index = rng_next(r);
		break;
	default:
		sqe->ioprio = rng_next(r);
		break;
	}
}

/* Marks what the command may write to, if the device sends data. */
void note_ranges(struct cmd *c, bool fixed)
{
	const struct nvme_uring_cmd *cmd = &c->image;
	struct mem *m = &c->mem;
	unsigned int i;

	forbid_all(m);
	if (cmd->opcode & 1 && cmd->opcode != OP_FABRICS)
		return;
	if (c->cmd_op != NVME_URING_CMD_IO_VEC || fixed)
		allow(m->may_data, DATA_SIZE, m->data, cmd->addr,
		      cmd->data_len);
	for (i = 0; c->cmd_op == NVME_URING_CMD_IO_VEC && i < NR_IOVECS; i++)
		allow(m->may_data, DATA_SIZE, m->data,
		      (uint64_t)m->iov[i].iov_base, m->iov[i].iov_len);
	allow(m->may_meta, META_SIZE, m->meta, cmd->metadata,
	      cmd->metadata_len);
	/* protection information that the device has made */
	allow(m->theirs, META_SIZE, m->meta, cmd->metadata,
	      ((cmd->cdw12 & 0xffff) + 1) * opt.meta);
}

void make_command(struct cmd *c, struct io_uring_sqe *sqe, struct rng *r,
		  const struct round *round, unsigned int slot)
{
	unsigned int mutations = one_in(r, 3) ? 0 : 1 + below(r, 3);
	bool vec = one_in(r, 4);

	renew_mem(&c->mem);
	make_valid(c, r, vec);
	prep_nvme_cmd(sqe, fd, c->cmd_op, c->image.opcode, opt.nsid);
	if (one_in(r, 4) && !round->iopoll)
		sqe->flags |= IOSQE_ASYNC;
	if (!vec && c->image.data_len && one_in(r, 4)) {
		sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
		sqe->buf_index = slot;
	}
	c->quiet = false;
	while (mutations--) {
		if (one_in(r, 3))
			mutate_sqe(c, sqe, r, round);
		else
			mutate_cmd(c, r);
	}
	limit_bounced(c);
	c->unmap = !has_chains(round) && one_in(r, 8);
	c->chained = has_chains(round);
	/* a worker may read the iovecs when others are there already */
	if (c->cmd_op == NVME_URING_CMD_IO_VEC && sqe->flags & IOSQE_ASYNC)
		c->plain = false;
	c->plain &= !c->unmap && !c->chained;
	note_ranges(c, sqe->uring_cmd_flags & IORING_URING_CMD_FIXED);
	sqe->cmd_op = c->cmd_op;
	memcpy(sqe->cmd, &c->image, sizeof(c->image));
	c->opcode = c->image.opcode;
	c->sqe_flags = sqe->flags;
	c->sqe = sqe;
}

/* Into other memory of this program, or nowhere. */
void change_iovecs(struct iovec *iov, struct rng *r)
{
	unsigned int i;

	for (i = 0; i < NR_IOVECS; i++) {
		iov[i].iov_base = one_in(r, 2) ? decoy + below(r, 4096) :
						 (void *)-4096l;
		iov[i].iov_len = 1 + below(r, 4096);
	}
}

/* May a file that is open for reading do this, without privileges? */
static bool is_harmless(uint8_t opcode)
{
	return opcode == OP_READ || opcode == OP_FLUSH ||
		opcode == OP_VERIFY || opcode == OP_RESV_REPORT;
}

/* @racy: somebody has changed the command, and it may have been another one */
void judge(const struct cmd *c, int res, bool racy)
{
	/* a status has come from the device, whatever it is */
	if (!racy && !c->chained && res >= 0 && opt.readonly && opt.uid &&
	    !is_harmless(c->opcode))
		complain(&account.rights, c, res, "it was executed");
	if (c->plain && res)
		complain(&account.plain_failed, c, res, "it is valid");
	check_mem(c, res, racy);
}
