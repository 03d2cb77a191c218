/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that are not what they should be. Whoever asks them something, or closes them, waits
 * for this program. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"
#include "vhost_user/socket.h"

#define LINGER_S 3600
#define SCM_MOST 253 /* descriptors that one message can carry */

/* Requests that bring a descriptor, but for memory tables. */
static const uint32_t requests[] = {XD_VU_SET_VRING_KICK, XD_VU_SET_VRING_CALL, XD_VU_SET_VRING_ERR,
	XD_VU_SET_LOG_FD, XD_VU_SET_LOG_BASE, XD_VU_ADD_MEM_REG, XD_VU_REM_MEM_REG,
	XD_VU_SET_INFLIGHT_FD, XD_VU_SET_MEM_TABLE};

#define REQUESTS   (sizeof(requests) / sizeof(requests[0]))
#define FOR_EVENTS 4 /* the first of them take eventfds */

/* Says the request with this descriptor, and else as it should be. */
static void
hand_over(struct hostile *h, uint32_t request, int fd)
{
	union xd_vu_payload payload;
	int usual;
	uint32_t size = good_payload(h, request, &payload, &usual);

	if (request == XD_VU_SET_LOG_BASE)
		payload.log.size = 4096;
	if (request == XD_VU_SET_INFLIGHT_FD)
		payload.inflight = (struct xd_vu_inflight_desc){
			.size = 65536, .nb_queues = 1, .queue_size = 256};
	say(h, request, &payload, size, fd);
}

static void
refused_everywhere(struct hostile *h, int fd, const char *what, unsigned first, unsigned last)
{
	for (unsigned i = first; i < last; i++) {
		hostile_reconnect(h, CONNECTED);
		hand_over(h, requests[i], fd);
		expect_refused(h, what);
	}
}

static void
no_eventfd(struct hostile *h)
{
	int sockets[2], pipes[2];
	struct {
		const char *what;
		int fd;
	} fds[10];
	unsigned n = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pipe(pipes))
		die("%s", strerror(errno));
	fds[n].what = "a socket", fds[n++].fd = sockets[0];
	fds[n].what = "a pipe", fds[n++].fd = pipes[1];
	fds[n].what = "the other end of it", fds[n++].fd = pipes[0];
	fds[n].what = "an epoll set", fds[n++].fd = epoll_create1(0);
	fds[n].what = "a timer", fds[n++].fd = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[n].what = "watched files", fds[n++].fd = inotify_init();
	fds[n].what = "memory", fds[n++].fd = memory_file(4096);
	fds[n].what = "/dev/null", fds[n++].fd = open("/dev/null", O_RDWR);
	for (unsigned i = 0; i < n; i++) {
		if (fds[i].fd < 0)
			die("%s: %s", fds[i].what, strerror(errno));
		refused_everywhere(h, fds[i].fd, fds[i].what, 0, FOR_EVENTS);
	}
}

/* A file that is called like an eventfd, and an eventfd opened as a path, which cannot be written
 * to. */
static void
forged_eventfd(struct hostile *h)
{
	char path[64];
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), fd = eventfd(0, 0);
	int forged = openat(dir, "anon_inode:[eventfd]", O_RDWR | O_CREAT, 0600);

	if (dir < 0 || fd < 0 || forged < 0)
		die("%s", strerror(errno));
	unlinkat(dir, "anon_inode:[eventfd]", 0);
	refused_everywhere(h, forged, "a forged name", 0, FOR_EVENTS);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_PATH);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	refused_everywhere(h, fd, "a path to an eventfd", 1, 2);
}

static void
stalls_everywhere(struct hostile *h)
{
	int fd = stalling_file();

	refused_everywhere(h, fd, "a file that nobody can close", 0, REQUESTS);
	close(fd);
}

/* More and more of them: what waits to be closed is bounded, and so is what is taken meanwhile. */
static void
stalls_pile_up(struct hostile *h)
{
	int fd = stalling_file();

	for (unsigned i = 0; i < 1000; i++) {
		struct pollfd p;

		hostile_hang_up(h);
		h->sock = xd_vu_connect(h->path);
		if (h->sock < 0)
			break; /* the queue of the socket is full */
		raw(h, XD_VU_SET_VRING_KICK, XD_VU_VERSION, 8, &(uint64_t){0}, 8, &fd, 1);
		p = (struct pollfd){.fd = h->sock, .events = POLLIN};
		if (poll(&p, 1, 1000) == 0)
			break; /* not accepted */
	}
	close(fd);
}

/* A TCP connection that waits on close for somebody to read what was sent. */
static int
lingering_socket(const struct sockaddr_in *to)
{
	struct linger linger = {.l_onoff = 1, .l_linger = LINGER_S};
	uint8_t bytes[4096] = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) ||
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		die("a socket that lingers: %s", strerror(errno));
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return fd;
}

/* Has `give` send such a socket, of which then the switch has the only descriptor: a process that
 * ends does not wait for its own. */
static void
linger(struct hostile *h, void (*give)(struct hostile *h, int fd))
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
	socklen_t len = sizeof(addr);
	pid_t child;

	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&addr, &len))
		die("a TCP socket: %s", strerror(errno));
	child = fork();
	if (child == 0) {
		give(h, lingering_socket(&addr));
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		die("a child to send a socket: %s", strerror(errno));
	expect_refused(h, "a socket that lingers");
}

static void
give_kick(struct hostile *h, int fd)
{
	hand_over(h, XD_VU_SET_VRING_KICK, fd);
}

/* As many as one message can carry: most find no room in a message of this protocol. */
static void
give_surplus(struct hostile *h, int fd)
{
	int fds[SCM_MOST];

	for (unsigned i = 0; i < SCM_MOST; i++)
		fds[i] = fd;
	raw(h, XD_VU_GET_FEATURES, XD_VU_VERSION, 0, NULL, 0, fds, SCM_MOST);
}

/* Left in the socket, whose end closes them. */
static void
give_unread(struct hostile *h, int fd)
{
	say(h, 4711, NULL, 0, -1);
	for (unsigned i = 0; i < 8; i++)
		hand_over(h, XD_VU_SET_VRING_KICK, fd);
}

static void
lingers(struct hostile *h)
{
	linger(h, give_kick);
}

static void
surplus(struct hostile *h)
{
	linger(h, give_surplus);
}

static void
unread(struct hostile *h)
{
	linger(h, give_unread);
}

/* Half a message, with the switch's own end of hanging up in it: it alone keeps this end of the
 * connection open. */
static void
own_socket(struct hostile *h)
{
	raw(h, XD_VU_SET_VRING_KICK, XD_VU_VERSION, 8, &(uint32_t){0}, 4, &h->sock, 1);
	hostile_hang_up(h);
}

const struct attack attacks_handover[] = {
	{"no-eventfd", CONNECTED, 0, REFUSED, no_eventfd},
	{"forged-eventfd", CONNECTED, 0, REFUSED, forged_eventfd},
	{"stalls-everywhere", CONNECTED, 0, REFUSED, stalls_everywhere},
	{"stalls-pile-up", CONNECTED, 0, EITHER, stalls_pile_up},
	{"lingers", CONNECTED, 0, REFUSED, lingers},
	{"surplus", CONNECTED, 0, REFUSED, surplus},
	{"unread", CONNECTED, 0, REFUSED, unread},
	{"own-socket", RINGS_ANY, 0, HARMLESS, own_socket},
	{0},
};
