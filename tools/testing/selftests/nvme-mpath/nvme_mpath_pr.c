// SPDX-License-Identifier: GPL-2.0
/*
 * Send reservation commands to a block device, one for each argument. Prints a
 * line each time: the command, and the result of the ioctl or a negative error.
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

#define READ_KEYS	_IOWR('p', 206, struct read_keys)

#define KEY	0x1234

static int do_register(int fd)
{
	struct pr_registration reg = {
		.new_key = KEY, .flags = PR_FL_IGNORE_KEY,
	};

	return ioctl(fd, IOC_PR_REGISTER, &reg);
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
	uint64_t keys[16];
	struct read_keys r = {
		.keys_ptr = (uintptr_t)keys, .num_keys = 16,
	};

	return ioctl(fd, READ_KEYS, &r);
}

static const struct {
	const char *name;
	int (*send)(int fd);
} commands[] = {
	{ "register", do_register }, { "reserve", do_reserve },
	{ "release", do_release }, { "clear", do_clear },
	{ "report", do_report },
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
		printf("%s %d\n", name, ret < 0 ? -errno : ret);
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
			"usage: nvme_mpath_pr /dev/nvmeXnY register|reserve|release|clear|report...\n");
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
