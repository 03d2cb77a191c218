/* SPDX-License-Identifier: BSD-3-Clause */
/* A back end on a loop in a thread of its own, and what the tests of it look at. */
#ifndef XD_TEST_VHOST_USER_ENV_H
#define XD_TEST_VHOST_USER_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "vhost_user/backend_internal.h"
#include "vhost_user/frontend.h"
#include "vhost_user/message.h"
#include "vhost_user/socket.h"
#include "../entries.h"

#define FEATURES ((1ull << 32) | (1ull << 15) | (1ull << 5)) /* VERSION_1, MRG_RXBUF, MAC */
#define PROTOCOL_FEATURES                                                                          \
	(XD_VU_PF_BIT(XD_VU_PF_MQ) | XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK) |                            \
		XD_VU_PF_BIT(XD_VU_PF_NET_MTU) | XD_VU_PF_BIT(XD_VU_PF_CONFIGURE_MEM_SLOTS) |      \
		XD_VU_PF_BIT(XD_VU_PF_STATUS) | XD_VU_PF_BIT(XD_VU_PF_RARP) |                      \
		XD_VU_PF_BIT(XD_VU_PF_CONFIG) | XD_VU_PF_BIT(XD_VU_PF_RESET_DEVICE) |              \
		XD_VU_PF_BIT(XD_VU_PF_LOG_SHMFD) | XD_VU_PF_BIT(XD_VU_PF_INFLIGHT_SHMFD))
#define PACKED      (1ull << 34)
#define IN_ORDER    (1ull << 35)
#define PATIENCE_NS (20 * XD_NS_PER_S) /* only a broken program needs so long */

struct env {
	char dir[64];
	char path[100];
	struct xd_loop *loop;
	struct xd_reaper_pool *reapers;
	struct xd_path_watches *paths;
	struct xd_log log;
	pthread_t thread;
	bool stop;
	struct xd_vu_backend *be;
	uint64_t features;   /* offered */
	const char *run_dir; /* of the back end; or NULL */
	int lost_fd;
	/* Below: guarded by the loop's lock. */
	unsigned pauses;
	unsigned resumes;
	bool paused;
	bool nested;                /* pause within pause, or resume without */
	bool changed;               /* something that workers see changed without a pause */
	struct xd_vu_state resumed; /* what workers saw last */
	int64_t base[4];            /* what pause says of each ring; -1: nothing */
	int full_fd;                /* an eventfd; -1: none */
	bool full_at_pause;         /* it was full when pause was called */
	uint8_t rarp[6];
	unsigned rarps;
	bool quiet;          /* workers notify nobody */
	bool drop_on_resume; /* disconnect from within the next resume */
	unsigned warnings;
	char last_warning[512];
};

static inline void
env_log(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	struct env *e = ctx;

	assert_int_equal(component, XD_LOG_VHOST);
	if (level <= XD_LOG_WARN) {
		e->warnings++;
		snprintf(e->last_warning, sizeof(e->last_warning), "%s", line);
	}
}

static inline bool
env_differs(const struct xd_vu_state *a, const struct xd_vu_state *b)
{
	return a->connected != b->connected || a->features != b->features ||
	       a->memory.n != b->memory.n ||
	       memcmp(a->memory.regions, b->memory.regions,
		       a->memory.n * sizeof(a->memory.regions[0])) ||
	       memcmp(a->vrings, b->vrings, sizeof(a->vrings));
}

static inline void
env_pause(void *ctx)
{
	struct env *e = ctx;

	if (e->full_fd >= 0) {
		struct pollfd p = {.fd = e->full_fd, .events = POLLOUT};

		e->full_at_pause |= poll(&p, 1, 0) == 0;
	}
	e->pauses++;
	e->nested |= e->paused;
	e->paused = true;
	if (e->pauses > 1)
		e->changed |= env_differs(&e->resumed, xd_vu_backend_state(e->be));
	for (unsigned i = 0; i < 4; i++) {
		if (e->base[i] >= 0)
			xd_vu_backend_set_base(e->be, i, (uint32_t)e->base[i]);
	}
}

static inline void
env_resume(void *ctx)
{
	struct env *e = ctx;

	e->resumes++;
	e->nested |= !e->paused;
	if (e->drop_on_resume) {
		e->drop_on_resume = false;
		xd_vu_backend_disconnect(e->be);
	}
	e->resumed = *xd_vu_backend_state(e->be);
	e->paused = false;
}

static inline void
env_rarp(void *ctx, const uint8_t mac[6])
{
	struct env *e = ctx;

	memcpy(e->rarp, mac, 6);
	e->rarps++;
}

static inline bool
env_notified(void *ctx)
{
	struct env *e = ctx;

	return !e->quiet;
}

static inline void *
env_thread(void *ctx)
{
	struct env *e = ctx;

	while (!__atomic_load_n(&e->stop, __ATOMIC_ACQUIRE))
		xd_loop_run_once(e->loop, -1);
	return NULL;
}

static inline struct xd_vu_backend *
env_backend(struct env *e, bool server)
{
	static const struct xd_vu_backend_ops ops = {.pause = env_pause,
		.resume = env_resume,
		.rarp = env_rarp,
		.notified = env_notified};
	struct xd_vu_backend_opts opts = {
		.name = "vm1",
		.path = e->path,
		.server = server,
		.features = e->features,
		.protocol_features = PROTOCOL_FEATURES,
		.nb_queue_pairs = 2,
		.mtu = 9000,
		.access = {.uid = (uid_t)-1, .gid = (gid_t)-1},
		.lost_fd = e->lost_fd,
		.run_dir = e->run_dir,
		.reapers = e->reapers,
		.paths = e->paths,
		.loop = e->loop,
		.log = &e->log,
		.ops = &ops,
		.ctx = e,
	};
	struct xd_vu_backend *be = xd_vu_backend_create(&opts, NULL);

	assert_non_null(be);
	return be;
}

static inline int
env_create_with(void **state, bool server, bool start, uint64_t features)
{
	struct env *e = calloc(1, sizeof(*e));
	struct xd_error err;

	assert_non_null(e);
	for (unsigned i = 0; i < 4; i++)
		e->base[i] = -1;
	e->features = features;
	e->full_fd = -1;
	e->lost_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	snprintf(e->dir, sizeof(e->dir), "/tmp/crossdock-test-XXXXXX");
	assert_non_null(mkdtemp(e->dir));
	snprintf(e->path, sizeof(e->path), "%s/vm1.sock", e->dir);
	xd_log_init(&e->log, env_log, e, XD_LOG_DEBUG);
	e->loop = xd_loop_create();
	assert_non_null(e->loop);
	e->reapers = xd_reaper_pool_create();
	assert_non_null(e->reapers);
	e->paths = xd_path_watches_create(e->loop);
	assert_non_null(e->paths);
	e->be = env_backend(e, server);
	if (start)
		assert_int_equal(xd_vu_backend_start(e->be, &err), 0);
	assert_int_equal(pthread_create(&e->thread, NULL, env_thread, e), 0);
	*state = e;
	return 0;
}

static inline int
env_create(void **state, bool server, bool start)
{
	return env_create_with(state, server, start, FEATURES);
}

static inline int
env_server(void **state)
{
	return env_create(state, true, true);
}

static inline int
env_client(void **state)
{
	return env_create(state, false, true);
}

static inline int
env_stopped(void **state)
{
	return env_create(state, true, false);
}

/* Waits until nothing is left to be closed and unmapped; without the loop's lock. */
static inline void
env_reaped(struct env *e)
{
	uint64_t until_ns = xd_clock_ns() + PATIENCE_NS;
	struct xd_reaper_waiting waiting;

	/* What a callback is at is done. */
	xd_loop_lock(e->loop);
	xd_loop_unlock(e->loop);
	while (e->be &&
		(waiting = xd_reaper_waiting(e->be->msg.reaper), waiting.fds + waiting.maps)) {
		assert_true(xd_clock_ns() < until_ns);
		usleep(100);
	}
}

static inline void
env_stop(struct env *e)
{
	xd_loop_lock(e->loop);
	xd_vu_backend_stop(e->be);
	xd_loop_unlock(e->loop);
	env_reaped(e);
}

static inline int
env_destroy(void **state)
{
	struct env *e = *state;

	env_stop(e);
	xd_loop_lock(e->loop);
	xd_vu_backend_destroy(e->be);
	assert_int_equal(e->pauses, e->resumes);
	assert_false(e->nested);
	assert_false(e->changed);
	xd_loop_unlock(e->loop);
	__atomic_store_n(&e->stop, true, __ATOMIC_RELEASE);
	xd_loop_wake(e->loop);
	pthread_join(e->thread, NULL);
	xd_path_watches_destroy(e->paths);
	xd_loop_destroy(e->loop);
	xd_reaper_pool_destroy(e->reapers);
	close(e->lost_fd);
	assert_int_equal(access(e->path, F_OK), -1); /* its file is gone */
	assert_int_equal(rmdir(e->dir), 0);
	free(e);
	return 0;
}

/* Waits for cond, which is looked at with the loop's lock held. */
#define WAIT_FOR(e, cond)                                                                          \
	do {                                                                                       \
		uint64_t until_ns_ = xd_clock_ns() + PATIENCE_NS;                                  \
		bool met_;                                                                         \
                                                                                                   \
		for (;;) {                                                                         \
			xd_loop_lock((e)->loop);                                                   \
			met_ = (cond);                                                             \
			xd_loop_unlock((e)->loop);                                                 \
			if (met_ || xd_clock_ns() > until_ns_)                                     \
				break;                                                             \
			usleep(200);                                                               \
		}                                                                                  \
		assert_true(met_);                                                                 \
	} while (0)

/* Another back end on the same path, as when the process was killed and began anew: what the old
 * one does at its end is nothing that the front end or a file would notice. */
static inline void
env_restart(struct env *e)
{
	env_stop(e);
	xd_loop_lock(e->loop);
	xd_vu_backend_destroy(e->be);
	e->pauses = e->resumes = 0;
	e->be = env_backend(e, true);
	assert_int_equal(xd_vu_backend_start(e->be, NULL), 0);
	xd_loop_unlock(e->loop);
}

/* The state at one moment. The pointers in it are not to be followed. */
static inline struct xd_vu_state
env_state(struct env *e)
{
	struct xd_vu_state s;

	xd_loop_lock(e->loop);
	s = *xd_vu_backend_state(e->be);
	xd_loop_unlock(e->loop);
	return s;
}

static inline struct xd_vu_frontend *
env_open_with(struct env *e, bool server, uint64_t features, uint64_t protocol_features)
{
	struct xd_vu_frontend_opts opts = {
		.path = e->path,
		.server = server,
		.features = features,
		.protocol_features = protocol_features,
		.timeout_ms = 20000,
	};
	struct xd_error err = {0};
	struct xd_vu_frontend *fe = xd_vu_frontend_open(&opts, &err);

	if (!fe)
		print_message("%s\n", err.text);
	assert_non_null(fe);
	return fe;
}

static inline struct xd_vu_frontend *
env_open(struct env *e)
{
	return env_open_with(e, false, FEATURES, PROTOCOL_FEATURES);
}

/* Closes, and waits until the back end knows. */
static inline void
env_close(struct env *e, struct xd_vu_frontend *fe)
{
	xd_vu_frontend_close(fe);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
}

/* As if no line of the log had been written for long. */
static inline void
env_log_anew(struct env *e)
{
	xd_loop_lock(e->loop);
	memset(e->be->lines, 0, sizeof(e->be->lines));
	xd_loop_unlock(e->loop);
}

static inline unsigned
open_fds(struct env *e)
{
	env_reaped(e);
	return nb_entries("/proc/self/fd");
}

/* How many mappings of files of that name there are. */
static inline unsigned
mappings(struct env *e, const char *name)
{
	char line[512];
	unsigned n = 0;
	FILE *f;

	env_reaped(e);
	f = fopen("/proc/self/maps", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, name) != NULL;
	fclose(f);
	return n;
}

static inline unsigned
guest_mappings(struct env *e)
{
	return mappings(e, "memfd:guest");
}

/* A memory file of size bytes whose byte n is n/256 mod 251. */
static inline int
memory_file(size_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	uint8_t *p;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(p != MAP_FAILED);
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i / 256 % 251);
	munmap(p, size);
	return fd;
}

/* Any message: what a front end of good or bad will sends. */
static inline void
send_raw(int sock, const void *header, const void *payload, size_t size, const int *fds,
	unsigned nb_fds)
{
	uint8_t control[CMSG_SPACE(16 * sizeof(int))] = {0};
	struct iovec iov[2] = {
		{.iov_base = (void *)(uintptr_t)header, .iov_len = 12},
		{.iov_base = (void *)(uintptr_t)payload, .iov_len = size},
	};
	struct msghdr hdr = {.msg_iov = iov, .msg_iovlen = 2};

	if (nb_fds) {
		struct cmsghdr *c;

		hdr.msg_control = control;
		hdr.msg_controllen = CMSG_SPACE(nb_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nb_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nb_fds * sizeof(int));
	}
	(void)!sendmsg(sock, &hdr, MSG_NOSIGNAL);
}

static inline void
send_request(int sock, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct xd_vu_header h = {.request = request, .flags = 1, .size = size};

	send_raw(sock, &h, payload, size, &fd, fd >= 0);
}

static inline void
wait_readable(int sock)
{
	struct timeval tv = {.tv_sec = PATIENCE_NS / XD_NS_PER_S};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(sock, &set);
	assert_int_equal(select(sock + 1, &set, NULL, NULL, &tv), 1);
}

/* The u64 answer to the request sent last; fails the test if there is none. */
static inline uint64_t
receive_u64(int sock, uint32_t request)
{
	struct xd_vu_message m = {0};
	uint64_t value;

	while (m.have < 20) {
		wait_readable(sock);
		assert_true(xd_vu_receive(&m, sock, 20, NULL) >= 0);
	}
	assert_int_equal(m.header.request, request);
	assert_int_equal(m.header.flags, 5);
	assert_int_equal(m.header.size, 8);
	value = m.payload.u64;
	xd_vu_message_reset(&m);
	return value;
}

/* Sends with need_reply and returns the acknowledgement. */
static inline uint64_t
ask_ack(int sock, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct xd_vu_header h = {.request = request, .flags = 1 | 8, .size = size};

	send_raw(sock, &h, payload, size, &fd, fd >= 0);
	return receive_u64(sock, request);
}

static inline bool
hung_up(int sock)
{
	char byte;

	wait_readable(sock);
	return recv(sock, &byte, 1, MSG_DONTWAIT) <= 0;
}

#endif
