/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least that can join two interfaces from user space: what is read from one is written to the
 * other, a packet a system call (test/perf/fabrics).
 *
 *   forward tap:NAME tap:NAME     makes them, where it runs; they can be moved then
 *   forward tun:NAME tun:NAME     the same, without Ethernet headers
 *   forward tap:NAME file:PATH    a macvtap's character device
 *
 * Says "ready" when they are there. Ends with stdin.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PACKET 65536
#define TURN   64 /* packets of one side, then the other's */

static int
open_device(const char *what)
{
	struct ifreq request = {.ifr_flags = IFF_NO_PI | IFF_TAP};
	const char *path = "/dev/net/tun", *name = strchr(what, ':');
	int fd;

	if (!name)
		return -1;
	name++;
	if (!strncmp(what, "tun:", 4))
		request.ifr_flags = IFF_NO_PI | IFF_TUN;
	if (!strncmp(what, "file:", 5))
		path = name;
	else
		snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	fd = open(path, O_RDWR | O_NONBLOCK);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
move(int from, int to)
{
	static uint8_t packet[PACKET];

	for (unsigned i = 0; i < TURN; i++) {
		const ssize_t n = read(from, packet, sizeof(packet));

		if (n <= 0)
			return;
		/* What the other side has no room for is lost, as on a wire. */
		if (write(to, packet, (size_t)n) < 0 && errno == EBADFD)
			return;
	}
}

int
main(int argc, char **argv)
{
	struct pollfd fds[3] = {{.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN}};

	if (argc != 3) {
		fprintf(stderr, "Usage: forward tap:NAME|tun:NAME|file:PATH twice\n");
		return 2;
	}
	for (int i = 0; i < 2; i++) {
		fds[i].fd = open_device(argv[1 + i]);
		if (fds[i].fd < 0) {
			fprintf(stderr, "forward: %s: %s\n", argv[1 + i], strerror(errno));
			return EXIT_FAILURE;
		}
	}
	printf("ready\n");
	fflush(stdout);
	while (poll(fds, 3, -1) >= 0 && !fds[2].revents) {
		if (fds[0].revents)
			move(fds[0].fd, fds[1].fd);
		if (fds[1].revents)
			move(fds[1].fd, fds[0].fd);
	}
	return EXIT_SUCCESS;
}
