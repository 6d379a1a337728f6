// SPDX-License-Identifier: GPL-2.0
/*
 * The data of the commands: a pattern that depends on the place and on the time
 * of the write, and the account of a zone that was appended to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "nvme_mpath_io.h"

static uint64_t pattern(uint64_t lba, uint64_t generation, unsigned int word)
{
	uint64_t x = (lba + ((uint64_t)opt.seed << 40)) * 0x9e3779b97f4a7c15ull ^
		generation << 20 ^ word;

	x ^= x >> 31;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 29;
}

/* The first LBA of a slot; the pattern depends on it. */
uint64_t slot_lba(const struct slot *s)
{
	/* both commands of a fused pair use one place */
	return opt.first + (opt.workload == FUSED ? 0 : (uint64_t)(s - slots)) *
		(opt.zone ? opt.zone : opt.bytes / LBA_SIZE);
}

/* The zone of COUNT: that of --first-lba if its size is known, or the first. */
uint64_t zone_lba(void)
{
	return opt.zone ? opt.first / opt.zone * opt.zone : 0;
}

unsigned int meta_bytes(void)
{
	return opt.bytes / LBA_SIZE * opt.meta;
}

/* Data and metadata are one sequence of words. */
static unsigned char *word_at(const struct slot *s, unsigned int i)
{
	if (i < opt.bytes / 8)
		return s->buf + i * 8;
	return s->meta + i * 8 - opt.bytes;
}

void fill(struct slot *s, uint64_t generation)
{
	unsigned int i, n = (opt.bytes + meta_bytes()) / 8;
	uint64_t word;

	for (i = 0; i < n; i++) {
		word = pattern(slot_lba(s), generation, i);
		memcpy(word_at(s, i), &word, 8);
	}
}

static bool words_hold(const struct slot *s, uint64_t generation,
		       unsigned int first, unsigned int n)
{
	uint64_t word;
	unsigned int i;

	for (i = first; i < first + n; i++) {
		word = pattern(slot_lba(s), generation, i);
		if (memcmp(word_at(s, i), &word, 8))
			return false;
	}
	return true;
}

bool holds(const struct slot *s, uint64_t generation)
{
	return words_hold(s, generation, 0, (opt.bytes + meta_bytes()) / 8);
}

static bool block_is_zero(const struct slot *s, unsigned int block)
{
	const unsigned char *p = s->buf + block * LBA_SIZE;

	return !*p && !memcmp(p, p + 1, LBA_SIZE - 1);
}

/* Does each block hold what this process has once written there? */
bool holds_older(const struct slot *s)
{
	unsigned int block, each = LBA_SIZE / 8;
	uint64_t g;

	if (opt.meta)
		return false;
	for (block = 0; block < opt.bytes / LBA_SIZE; block++) {
		for (g = s->generation; g; g--)
			if (words_hold(s, g, block * each, each))
				break;
		if (!g && !(stats.dropped && block_is_zero(s, block)))
			return false;
	}
	return true;
}

/* The place that the answer to an append has named; checked at the end. */
static struct appended { uint64_t seq, lba; } *appended;
static uint64_t nr_appended;

void note_append(uint64_t seq, uint64_t lba)
{
	if (!(nr_appended & (nr_appended - 1)))
		appended = realloc(appended, (nr_appended ? nr_appended * 2 : 1)
					     * sizeof(*appended));
	if (!appended)
		fail("realloc", ENOMEM);
	appended[nr_appended++] = (struct appended){ seq, lba };
}

#define CHUNK	(128 << 10)

/* The policy may be none, and no path usable at this moment. */
static bool path_trouble(int ret)
{
	if (ret < 0)
		return errno == EINTR || errno == EAGAIN || errno == EINVAL ||
			errno == ENODEV || errno == EIO;
	/* also with Do Not Retry */
	return is_path_error(ret & ~0x4000);
}

static void read_chunk(unsigned char *buf, uint64_t lba)
{
	double end = now() + opt.patience;
	int ret;

	for (;;) {
		struct nvme_passthru_cmd64 cmd = {
			.opcode = OP_READ, .nsid = nsid,
			.addr = (uintptr_t)buf, .data_len = CHUNK,
			.cdw10 = lba, .cdw11 = lba >> 32,
			.cdw12 = CHUNK / LBA_SIZE - 1,
		};

		ret = ioctl(fd, NVME_IOCTL_IO64_CMD, &cmd);
		if (!ret)
			return;
		if (!path_trouble(ret) || now() >= end)
			fail("reading the zone", ret < 0 ? errno : EIO);
		usleep(50000);
	}
}

/*
 * Stores the sequence number of the command that wrote each position of the
 * zone, and returns the number of positions written.
 */
static uint64_t read_zone(uint64_t *at, uint64_t max)
{
	unsigned char *buf = aligned_alloc(4096, CHUNK);
	uint64_t n = 0, i, seq;

	if (!buf)
		fail("aligned_alloc", ENOMEM);
	for (;;) {
		read_chunk(buf, zone_lba() + n * opt.bytes / LBA_SIZE);
		for (i = 0; i < CHUNK; i += opt.bytes, n++) {
			memcpy(&seq, buf + i, sizeof(seq));
			/* an unwritten position reads as 0, or all ones */
			if (!seq || seq == UINT64_MAX)
				return n;
			if (seq > stats.sent || n == max)
				fail("reading the zone", EILSEQ);
			at[n] = seq;
		}
	}
}

/* twice: written by one command; lost: not at the place that was answered */
void check_appends(void)
{
	uint64_t max = 4 * stats.sent, *at = calloc(max, sizeof(*at));
	bool *seen = calloc(stats.sent + 1, sizeof(*seen));
	uint64_t n, i, twice = 0, lost = 0, where;

	if (!at || !seen)
		fail("calloc", ENOMEM);
	n = read_zone(at, max);
	for (i = 0; i < n; i++) {
		twice += seen[at[i]];
		seen[at[i]] = true;
	}
	for (i = 0; i < nr_appended; i++) {
		where = (appended[i].lba - zone_lba()) * LBA_SIZE / opt.bytes;
		lost += where >= n || at[where] != appended[i].seq;
	}
	printf("positions=%ju twice=%ju lost=%ju\n", n, twice, lost);
	stats.mismatch += lost;
}
