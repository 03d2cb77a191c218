/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The back end of a vhost-user connection, and a front end that says whatever the input says. Each
 * message is
 *
 *     request, flags     a byte each
 *     size               two bytes
 *     descriptors        a byte: how many in bits 0 to 3 (15: sent in two parts, without), the
 * first one's place in the menu in bits 4 to 7 payload            size bytes
 *
 * Rings that come up are set up and read, as the port's driver would do it.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "fuzz.h"
#include "vhost_user/backend_internal.h"

#define MESSAGES_MAX  24
#define MENU          8
#define FDS_LOOKED_AT 128

struct rig {
	struct xd_loop *loop;
	struct xd_vu_backend *be;
	struct xd_vq *vqs;
	struct xd_drops drops;
	struct xd_batch *batch;
	bool live[XD_VU_MAX_VRINGS];
};

static void
pause_rings(void *ctx)
{
	struct rig *rig = ctx;

	for (unsigned i = 0; i < XD_VU_MAX_VRINGS; i++) {
		if (rig->live[i])
			xd_vu_backend_set_base(rig->be, i, rig->vqs[i].last_avail);
		rig->live[i] = false;
	}
}

static void
resume_rings(void *ctx)
{
	struct rig *rig = ctx;
	const struct xd_vu_state *state = xd_vu_backend_state(rig->be);

	for (unsigned i = 0; i < state->nb_vrings; i++) {
		const struct xd_vu_vring *v = &state->vrings[i];
		bool packed = state->features >> XD_VIRTIO_F_RING_PACKED & 1;
		struct xd_error err;
		struct xd_vq_setup setup = {
			.size = (uint16_t)v->size,
			.base = (uint16_t)v->base,
			.desc_addr = v->desc_addr,
			.avail_addr = v->avail_addr,
			.used_addr = v->used_addr,
			.packed = packed,
			.event_idx = true,
			.indirect = true,
			.mergeable = true,
			.call_fd = v->call_fd,
			.drops = &rig->drops,
			.record = xd_vu_vring_record(rig->be, i),
			.log = state->log.bits ? &state->log : NULL,
			.log_ring = v->log,
			.log_used_addr = v->log_addr,
		};

		if (!v->started || !v->enabled || !v->has_addr || !v->size || !state->memory.n ||
			xd_vq_setup(&rig->vqs[i], &state->memory, &setup, &err))
			continue;
		rig->live[i] = rig->vqs[i].live = true;
		if (i & 1) {
			xd_vq_dequeue(&rig->vqs[i], rig->batch);
			xd_vq_release(&rig->vqs[i], rig->batch);
		}
	}
}

static struct rig *
make_rig(void)
{
	static const struct xd_vu_backend_ops ops = {.pause = pause_rings, .resume = resume_rings};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct xd_vu_backend_opts opts = {
		.name = "fuzz",
		.path = "unused",
		.server = true,
		.features = UINT64_MAX,
		.protocol_features = UINT64_MAX,
		.nb_queue_pairs = 2,
		.mtu = 1500,
		.lost_fd = -1,
		.ops = &ops,
		.ctx = rig,
	};

	MUST(rig != NULL);
	rig->vqs = aligned_alloc(64, XD_VU_MAX_VRINGS * sizeof(*rig->vqs));
	rig->batch = aligned_alloc(64, sizeof(*rig->batch));
	rig->loop = opts.loop = xd_loop_create();
	opts.reapers = xd_reaper_pool_create(); /* for good, as is the rig */
	MUST(rig->vqs && rig->batch && rig->loop && opts.reapers);
	memset(rig->vqs, 0, XD_VU_MAX_VRINGS * sizeof(*rig->vqs));
	rig->be = xd_vu_backend_create(&opts, NULL);
	MUST(rig->be != NULL);
	return rig;
}

/* What a front end may send along: memory, a larger file, a shorter one, and what is no memory. */
static void
make_menu(int menu[MENU])
{
	static const off_t sizes[] = {65536, 1 << 20, 100};

	for (unsigned i = 0; i < 3; i++) {
		menu[i] = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(menu[i] >= 0 && ftruncate(menu[i], sizes[i]) == 0);
	}
	menu[3] = eventfd(0, EFD_NONBLOCK);
	menu[4] = eventfd(0, EFD_NONBLOCK);
	menu[5] = open("/dev/null", O_RDWR);
	menu[6] = open("/", O_RDONLY | O_DIRECTORY);
	menu[7] = socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
send_part(int sock, const void *bytes, size_t len, const int *fds, unsigned nb_fds)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nb_fds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nb_fds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nb_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nb_fds * sizeof(int));
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* hung up: what follows is not heard */
}

static void
send_message(struct rig *rig, int sock, struct input *in, const int menu[MENU])
{
	struct {
		uint32_t header[3];
		uint8_t payload[512];
	} m;
	uint8_t how;
	unsigned nb_fds;
	int fds[16];
	size_t len;

	m.header[0] = take_u8(in);
	m.header[1] = take_u8(in);
	m.header[2] = take_u16(in);
	how = take_u8(in);
	nb_fds = how & 15;
	len = sizeof(m.header) + (m.header[2] < 512 ? m.header[2] : 512);
	take(in, m.payload, len - sizeof(m.header));
	for (unsigned i = 0; i < nb_fds; i++)
		fds[i] = menu[((how >> 4) + i) % MENU];
	if (nb_fds == 15) {
		send_part(sock, &m, len / 2, NULL, 0);
		xd_loop_run_once(rig->loop, 0);
		send_part(sock, (uint8_t *)&m + len / 2, len - len / 2, NULL, 0);
	} else {
		send_part(sock, &m, len, fds, nb_fds);
	}
	xd_loop_run_once(rig->loop, 0);
}

/* How many descriptors are open, but for pipes: sanitizers talk to their symbolizer by those. */
static unsigned
count_open(void)
{
	struct stat st;
	unsigned n = 0;

	for (int fd = 0; fd < FDS_LOOKED_AT; fd++)
		n += fstat(fd, &st) == 0 && !S_ISFIFO(st.st_mode);
	return n;
}

/* What was handed over is closed by a thread. */
static void
wait_for_reaper(struct rig *rig)
{
	struct xd_reaper_waiting w;

	while (w = xd_reaper_waiting(rig->be->msg.reaper), w.fds || w.maps)
		sched_yield();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig *rig;
	struct input in = {data, size};
	int sockets[2], menu[MENU];
	uint8_t discard[4096];
	unsigned before;

	if (!rig)
		rig = make_rig();
	before = count_open();
	make_menu(menu);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0);
	xd_loop_lock(rig->loop);
	rig->be->busy_ns = 0; /* no input pays for the one before */
	xd_vu_backend_open(rig->be, sockets[0]);
	xd_loop_unlock(rig->loop);
	for (unsigned i = 0; i < MESSAGES_MAX && in.left; i++) {
		send_message(rig, sockets[1], &in, menu);
		while (recv(sockets[1], discard, sizeof(discard), MSG_DONTWAIT) > 0)
			;
	}
	close(sockets[1]);
	while (xd_vu_backend_state(rig->be)->connected)
		xd_loop_run_once(rig->loop, 0);
	wait_for_reaper(rig);
	MUST(xd_vu_backend_state(rig->be)->memory.n == 0);
	for (unsigned i = 0; i < MENU; i++)
		close(menu[i]);
	MUST(count_open() == before); /* nothing that was sent is kept */
	return 0;
}
