// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of nvme_mpath_fuzz, from threads of their own. Another thread
 * changes the arguments of some while they are executed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "nvme_mpath_fuzz.h"

#define STREAM_IOCTL	8
#define STREAM_CHANGE	7
#define MAX_IOCTLS	8
#define ADMIN_IDENTIFY	0x06
#define IDENTIFY_SIZE	4096
#define LENGTH_AT	offsetof(struct nvme_passthru_cmd64, data_len)
/* in both structures */
#define ADDRESSES_FROM	offsetof(struct nvme_user_io, metadata)
#define ADDRESSES_TO	offsetof(struct nvme_passthru_cmd64, metadata_len)

static struct caller {
	pthread_t thread;
	struct cmd cmd;
	struct nvme_passthru_cmd64 arg;
	atomic_bool racy;
} callers[MAX_IOCTLS];
static pthread_t changer;
static atomic_int want_ioctls_end;

static unsigned int choose_ioctl(struct rng *r)
{
	static const unsigned int numbers[] = {
		NVME_IOCTL_IO_CMD, NVME_IOCTL_IO64_CMD, NVME_IOCTL_IO64_CMD_VEC,
		NVME_IOCTL_SUBMIT_IO, NVME_IOCTL_ID, _IO('N', 0x4f),
		/* of an ordinary user only: root could do anything */
		NVME_IOCTL_ADMIN_CMD, NVME_IOCTL_ADMIN64_CMD };

	return numbers[below(r, ARRAY_SIZE(numbers) - (opt.uid ? 0 : 2))];
}

static bool is_admin(unsigned int number)
{
	return number == NVME_IOCTL_ADMIN_CMD ||
		number == NVME_IOCTL_ADMIN64_CMD;
}

/* Makes the argument in the form of the ioctl; notes what it may write to. */
static void make_argument(struct caller *me, unsigned int number)
{
	const struct nvme_uring_cmd *cmd = &me->cmd.image;
	struct nvme_user_io io = {
		.opcode = cmd->opcode, .flags = cmd->flags, .addr = cmd->addr,
		.slba = cmd->cdw10, .nblocks = cmd->cdw12 % 8,
		.control = cmd->cdw12 >> 16, .metadata = cmd->metadata,
		.rsvd = cmd->rsvd1,
	};

	memset(&me->arg, 0, sizeof(me->arg));
	note_ranges(&me->cmd, false);
	if (number == NVME_IOCTL_SUBMIT_IO) {
		forbid_all(&me->cmd.mem);
		if (!(cmd->opcode & 1))
			allow(me->cmd.mem.may_data, DATA_SIZE,
			      me->cmd.mem.data, io.addr,
			      (io.nblocks + 1) * LBA_SIZE);
		memcpy(&me->arg, &io, sizeof(io));
	} else {
		/* both structures agree up to the timeout */
		memcpy(&me->arg, cmd, offsetof(struct nvme_uring_cmd, rsvd2));
	}
}

static void one_ioctl(struct caller *me, struct rng *r)
{
	unsigned int number = choose_ioctl(r), i;
	struct cmd *c = &me->cmd;
	void *arg = &me->arg;
	bool admin = is_admin(number), racy;
	int ret;

	renew_mem(&c->mem);
	make_valid(c, r, number == NVME_IOCTL_IO64_CMD_VEC);
	if (admin && one_in(r, 2)) {
		c->image.opcode = ADMIN_IDENTIFY;
		c->image.cdw10 = below(r, 32);
		c->image.data_len = IDENTIFY_SIZE;
		c->image.addr = (uint64_t)c->mem.data + below(r, IDENTIFY_SIZE);
	}
	for (i = below(r, 3); i; i--)
		mutate_cmd(c, r);
	limit_bounced(c);
	make_argument(me, number);
	c->opcode = c->image.opcode;
	c->plain = false;
	if (one_in(r, 16))
		arg = one_in(r, 2) ? read_only : NULL;
	racy = one_in(r, 2);
	/* its address may become odd: see limit_bounced() */
	if (racy && number != NVME_IOCTL_SUBMIT_IO)
		me->arg.data_len &= 0xffff;
	me->racy = racy;
	ret = ioctl(fd, number, arg);
	ret = ret < 0 ? -errno : ret;
	me->racy = false;
	account.ioctls++;
	account.ioctls_ok += !ret && !admin;
	if (number == NVME_IOCTL_ID || arg != &me->arg)
		return;
	if (!admin)
		judge(c, ret, racy);
	else if (ret >= 0 && c->opcode != ADMIN_IDENTIFY && !racy)
		complain(&account.rights, c, ret, "admin command");
	else
		check_mem(c, ret, racy);
}

static void *call(void *data)
{
	struct caller *me = data;
	uint64_t n = 0;
	struct rng r;

	setup_mem(&me->cmd.mem);
	/* an ioctl has the rights of its caller, who stays what he is */
	if (opt.as_root_later)
		become(opt.uid);
	while (!want_ioctls_end) {
		rng_start(&r, STREAM_IOCTL + (me - callers), ++n);
		me->cmd.seq = n;
		one_ioctl(me, &r);
		usleep(1000);
	}
	return NULL;
}

/* What other threads of an application may do at any moment. */
static void *change(void *unused)
{
	struct rng r;

	rng_start(&r, STREAM_CHANGE, 0);
	while (!want_ioctls_end) {
		struct caller *c = &callers[below(&r, opt.ioctls)];
		unsigned int at = one_in(&r, 2) ? 0 :
					below(&r, sizeof(c->arg));

		/*
		 * Not the length: see limit_bounced(). Not an address: the command
		 * may change what is there, of another command as well.
		 */
		if (at / 4 == LENGTH_AT / 4 ||
		    (at >= ADDRESSES_FROM && at < ADDRESSES_TO))
			at = 0;
		if (c->racy && one_in(&r, 2))
			__atomic_store_n((unsigned char *)&c->arg + at,
					 at ? rng_next(&r) :
					      OP_READ - below(&r, 2),
					 __ATOMIC_RELAXED);
		else if (c->racy)
			change_iovecs(c->cmd.mem.iov, &r);
		usleep(200);
	}
	return unused;
}

void start_ioctls(void)
{
	unsigned int i;

	if (!opt.ioctls)
		return;
	for (i = 0; i < opt.ioctls; i++)
		if (pthread_create(&callers[i].thread, NULL, call, &callers[i]))
			fail("pthread_create", EAGAIN);
	if (pthread_create(&changer, NULL, change, NULL))
		fail("pthread_create", EAGAIN);
}

void end_ioctls(void)
{
	unsigned int i;

	want_ioctls_end = 1;
	for (i = 0; i < opt.ioctls; i++)
		pthread_join(callers[i].thread, NULL);
	if (opt.ioctls)
		pthread_join(changer, NULL);
}
