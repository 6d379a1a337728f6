// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of nvme_mpath_fuzz that shows each byte written to it.
 *
 * All data in this program and in the namespace consists of a few values of
 * bytes only, and zeroes. Any other byte has come from elsewhere:
 * from the memory of the kernel.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "nvme_mpath_fuzz.h"

#define PAGE		4096
#define CANARY		0xc5

unsigned char *decoy, *read_only;

static bool is_ours(unsigned char b)
{
	return !b || (b & 0xf0) == 0xc0;
}

static unsigned char *fresh(void *at, size_t size)
{
	void *p = mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED)
		fail("mmap", errno);
	return p;
}

/* Memory between two pages that nobody may touch. */
static unsigned char *guarded(size_t size)
{
	unsigned char *p = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE |
				MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap", errno);
	fresh(p + PAGE, size);
	memset(p + PAGE, CANARY, size);
	return p + PAGE;
}

void setup_common_mem(void)
{
	decoy = guarded(DATA_SIZE);
	read_only = guarded(PAGE);
	mprotect(read_only, PAGE, PROT_READ);
}

void setup_mem(struct mem *m)
{
	m->data = guarded(DATA_SIZE);
	m->meta = guarded(META_SIZE);
	m->iov = (void *)guarded(PAGE);
}

/* As it was, for the next command. */
void renew_mem(struct mem *m)
{
	mprotect(m->data, DATA_SIZE, PROT_READ | PROT_WRITE);
	mprotect(m->meta, META_SIZE, PROT_READ | PROT_WRITE);
	memset(m->data, CANARY, DATA_SIZE);
	memset(m->meta, CANARY, META_SIZE);
}

/* The next attempt finds other pages there, or none that it may write. */
void lose_mem(struct mem *m, bool forbid)
{
	if (forbid) {
		mprotect(m->data, DATA_SIZE, PROT_READ);
		mprotect(m->meta, META_SIZE, PROT_READ);
		return;
	}
	fresh(m->data, DATA_SIZE);
	fresh(m->meta, META_SIZE);
	memset(m->data, CANARY, DATA_SIZE);
	memset(m->meta, CANARY, META_SIZE);
}

void forbid_all(struct mem *m)
{
	memset(m->may_data, 0, sizeof(m->may_data));
	memset(m->may_meta, 0, sizeof(m->may_meta));
	memset(m->theirs, 0, sizeof(m->theirs));
}

/* Marks the part of a range that is in this memory. */
void allow(bool *may, unsigned int size, const unsigned char *base,
	   uint64_t addr, uint64_t len)
{
	uint64_t from = (uint64_t)base, to = from + size;
	uint64_t end = addr + len < addr ? UINT64_MAX : addr + len;

	if (addr < from)
		addr = from;
	if (end > to)
		end = to;
	if (addr < end)
		memset(may + (addr - from), true, end - addr);
}

static void check_part(const struct cmd *c, int res, const char *what,
		       const unsigned char *p, const bool *may,
		       const bool *theirs, unsigned int size)
{
	/*
	 * Other commands return what the device says, not what is stored. Root
	 * can make a PCIe drive store any memory, as PRPs have no length.
	 */
	bool stored = res || (c->opcode == OP_READ && (opt.uid || !opt.match));
	unsigned int i;

	for (i = 0; i < size; i++) {
		if (p[i] == CANARY)
			continue;
		if (may && !may[i]) {
			complain(&account.touched, c, res,
				 "%s: byte %u became %#x", what, i, p[i]);
			return;
		}
		if (stored && !is_ours(p[i]) && !(theirs && theirs[i])) {
			complain(&account.disclosed, c, res,
				 "%s: byte %u is %#x", what, i, p[i]);
			return;
		}
	}
}

/* @racy: somebody has changed the command, so nobody knows its ranges */
void check_mem(const struct cmd *c, int res, bool racy)
{
	/* -EFAULT: perhaps the device has sent it, and data was not copied */
	bool sent = res >= 0 || res == -EFAULT;
	static const bool none[PAGE];
	const struct mem *m = &c->mem;

	if (!racy) {
		check_part(c, res, "data", m->data, m->may_data, NULL,
			   DATA_SIZE);
		check_part(c, res, "metadata", m->meta, m->may_meta,
			   sent ? m->theirs : NULL, META_SIZE);
	}
	if (account.answered % 16)
		return;
	check_part(c, -1, "read-only page", read_only, none, NULL, PAGE);
	check_part(c, -1, "decoy", decoy, NULL, NULL, DATA_SIZE);
}

/* A good or bad address; never in other memory of this program. */
uint64_t any_address(struct rng *r, const unsigned char *base,
		     unsigned int size)
{
	static const uint64_t bad[] = {
		1, PAGE, 0x7ffffffff000, 0x7fffffffe001, 0x800000000000,
		0xffff800000000000, 0xffff888000001000, 0xffffffff81000000,
		0xffffffffff600000, UINT64_MAX, UINT64_MAX - 511,
	};

	switch (below(r, 6)) {
	case 0:
		return opt.match ? 1 : 0;
	case 1:
		return (uint64_t)base + below(r, size);
	case 2:
		/* into the page after it, or before */
		return (uint64_t)base + size - below(r, 1024);
	case 3:
		return (uint64_t)base - 1 - below(r, 1024);
	case 4:
		return (uint64_t)read_only + below(r, PAGE);
	}
	return bad[below(r, ARRAY_SIZE(bad))];
}
