// SPDX-License-Identifier: GPL-2.0
/*
 * Send reservation commands to a block device, one for each argument. Prints a
 * line each time: the command, and the result of the ioctl or a negative error;
 * instead of the latter "keys" prints the keys that are registered, and "holder" the
 * key and type of the reservation.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/pr.h>

/* not in the headers of older systems */
struct read_keys {
	uint32_t generation;
	uint32_t num_keys;
	uint64_t keys_ptr;
};

struct read_reservation {
	uint64_t key;
	uint32_t generation;
	uint32_t type;
};

#define READ_KEYS	_IOWR('p', 206, struct read_keys)
#define READ_RESERVATION _IOR('p', 207, struct read_reservation)

#define KEY	0x1234
#define OTHER_KEY 0x4321
#define MAX_KEYS 16

static uint64_t keys[MAX_KEYS];
static unsigned int num_keys;
static struct read_reservation holder;

static int do_register(int fd)
{
	struct pr_registration reg = {
		.new_key = KEY, .flags = PR_FL_IGNORE_KEY,
	};

	return ioctl(fd, IOC_PR_REGISTER, &reg);
}

/* These succeed only if the target knows the old key. */
static int change_key(int fd, uint64_t old_key, uint64_t new_key)
{
	struct pr_registration reg = {
		.old_key = old_key, .new_key = new_key,
	};

	return ioctl(fd, IOC_PR_REGISTER, &reg);
}

static int do_replace(int fd)
{
	return change_key(fd, KEY, OTHER_KEY);
}

static int do_replace_back(int fd)
{
	return change_key(fd, OTHER_KEY, KEY);
}

static int do_reserve(int fd)
{
	struct pr_reservation resv = {
		.key = KEY, .type = PR_WRITE_EXCLUSIVE,
	};

	return ioctl(fd, IOC_PR_RESERVE, &resv);
}

static int do_release(int fd)
{
	struct pr_reservation resv = {
		.key = KEY, .type = PR_WRITE_EXCLUSIVE,
	};

	return ioctl(fd, IOC_PR_RELEASE, &resv);
}

static int do_clear(int fd)
{
	struct pr_clear clear = { .key = KEY };

	return ioctl(fd, IOC_PR_CLEAR, &clear);
}

static int do_report(int fd)
{
	struct read_keys r = {
		.keys_ptr = (uintptr_t)keys, .num_keys = MAX_KEYS,
	};
	int ret = ioctl(fd, READ_KEYS, &r);

	num_keys = r.num_keys < MAX_KEYS ? r.num_keys : MAX_KEYS;
	return ret;
}

static int do_holder(int fd)
{
	return ioctl(fd, READ_RESERVATION, &holder);
}

static void print_keys(void)
{
	unsigned int i;

	if (!num_keys)
		printf(" none");
	for (i = 0; i < num_keys; i++)
		printf(" 0x%llx", (unsigned long long)keys[i]);
}

static void print_holder(void)
{
	printf(" 0x%llx %u", (unsigned long long)holder.key, holder.type);
}

static const struct {
	const char *name;
	int (*send)(int fd);
	void (*print)(void);
} commands[] = {
	{ "register", do_register, NULL },
	{ "replace", do_replace, NULL },
	{ "replace-back", do_replace_back, NULL },
	{ "reserve", do_reserve, NULL },
	{ "release", do_release, NULL },
	{ "clear", do_clear, NULL },
	{ "report", do_report, NULL },
	{ "keys", do_report, print_keys },
	{ "holder", do_holder, print_holder },
	{ }
};

static int send_one(int fd, const char *name)
{
	unsigned int i;
	int ret;

	for (i = 0; commands[i].name; i++) {
		if (strcmp(name, commands[i].name))
			continue;
		ret = commands[i].send(fd);
		printf("%s", name);
		if (ret || !commands[i].print)
			printf(" %d", ret < 0 ? -errno : ret);
		else
			commands[i].print();
		printf("\n");
		fflush(stdout);
		return 0;
	}
	fprintf(stderr, "nvme_mpath_pr: unknown command '%s'\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	int fd, i;

	if (argc < 3) {
		fprintf(stderr,
			"usage: nvme_mpath_pr /dev/nvmeXnY command...\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 2;
	}
	for (i = 2; i < argc; i++) {
		if (send_one(fd, argv[i]))
			return 2;
	}
	return 0;
}
