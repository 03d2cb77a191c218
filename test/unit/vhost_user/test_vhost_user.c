/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocol between a back end and a front end over a real socket: features, memory, rings. */
#include <fcntl.h>

#include "vhost_user_env.h"

#define MIB (1024 * 1024ull)

static void
negotiates_what_both_want(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe;

	/* More than is offered is wanted. */
	fe = env_open_with(e, false, FEATURES | (1ull << 34), PROTOCOL_FEATURES | (1ull << 5));
	assert_true(xd_vu_frontend_features(fe) == (FEATURES | XD_VU_F_PROTOCOL_FEATURES));
	assert_true(xd_vu_frontend_protocol_features(fe) == PROTOCOL_FEATURES);
	assert_int_equal(xd_vu_frontend_max_queue_pairs(fe), 2);
	assert_int_equal(xd_vu_frontend_mtu(fe), 9000);
	assert_true(env_state(e).features == (FEATURES | XD_VU_F_PROTOCOL_FEATURES));
	assert_true(env_state(e).protocol_features == PROTOCOL_FEATURES);
	assert_true(env_state(e).connected);
	assert_true(env_state(e).connected_at_ns <= xd_clock_ns());
	assert_int_equal(env_state(e).nb_vrings, 4);
	assert_true(xd_vu_frontend_alive(fe));
	env_close(e, fe);

	/* And less. */
	fe = env_open_with(e, false, 1ull << 32, 0);
	assert_true(xd_vu_frontend_features(fe) == ((1ull << 32) | XD_VU_F_PROTOCOL_FEATURES));
	assert_true(xd_vu_frontend_protocol_features(fe) == 0);
	assert_int_equal(xd_vu_frontend_max_queue_pairs(fe), 1);
	assert_int_equal(xd_vu_frontend_mtu(fe), 0);
	assert_true(env_state(e).features == ((1ull << 32) | XD_VU_F_PROTOCOL_FEATURES));
	env_close(e, fe);
	assert_int_equal(env_state(e).nb_connects, 2);
	assert_int_equal(env_state(e).nb_bad_messages, 0);
}

static void
memory_is_mapped_where_it_should_be(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int fd = memory_file(4 * MIB);
	/* The second begins within a page, and the third ends at the end of the file. */
	struct xd_vu_frontend_region r[] = {
		{.fd = fd, .addr = (void *)0x10000000, .guest_addr = 0, .size = MIB},
		{.fd = fd,
			.fd_offset = MIB + 768,
			.addr = (void *)0x20000000,
			.guest_addr = 0x100000000,
			.size = 2 * MIB - 768},
		{.fd = fd,
			.fd_offset = 3 * MIB,
			.addr = (void *)0x30000000,
			.guest_addr = UINT64_MAX - MIB,
			.size = MIB},
	};
	const struct xd_guest_memory *mem;
	uint64_t contiguous = 0;
	uint8_t *p;

	assert_int_equal(xd_vu_frontend_set_memory(fe, r, 3, NULL), 0);
	xd_loop_lock(e->loop);
	mem = &xd_vu_backend_state(e->be)->memory;
	assert_int_equal(mem->n, 3);
	p = xd_guest_ptr(mem, 0x100000000 + 1000, &contiguous);
	assert_non_null(p);
	assert_int_equal(contiguous, 2 * MIB - 768 - 1000);
	for (uint64_t i = 0; i < contiguous; i++)
		assert_int_equal(p[i], (MIB + 768 + 1000 + i) / 256 % 251);
	p = xd_guest_user_ptr(mem, 0x30000000, MIB);
	assert_non_null(p);
	assert_int_equal(p[MIB - 1], (4 * MIB - 1) / 256 % 251);
	assert_null(xd_guest_ptr(mem, MIB, &contiguous));
	xd_loop_unlock(e->loop);

	/* A new table replaces the old one. */
	assert_int_equal(xd_vu_frontend_set_memory(fe, &r[1], 1, NULL), 0);
	assert_int_equal(env_state(e).memory.n, 1);
	assert_true(env_state(e).memory.regions[0].guest_addr == 0x100000000);
	env_close(e, fe);
	assert_int_equal(env_state(e).memory.n, 0);
	close(fd);
}

/* Any address finds its region, however many there are. */
static void
regions_are_found(void **state)
{
	static struct xd_guest_memory mem;
	uint64_t contiguous;

	(void)state;
	for (unsigned n = 0; n <= XD_GUEST_REGIONS_MAX; n = n < 5 ? n + 1 : n * 2 + 1) {
		mem.n = RTE_MIN(n, (unsigned)XD_GUEST_REGIONS_MAX);
		for (unsigned i = 0; i < mem.n; i++)
			mem.regions[i] = (struct xd_guest_region){.guest_addr = (i + 1) * 0x10000,
				.size = 0x8000,
				.host = (uint8_t *)(uintptr_t)((i + 1) << 24)};
		assert_null(xd_guest_region(&mem, 0));
		assert_null(xd_guest_region(&mem, 0xffff));
		assert_null(xd_guest_region(&mem, UINT64_MAX));
		for (unsigned i = 0; i < mem.n; i++) {
			const struct xd_guest_region *r = &mem.regions[i];

			assert_ptr_equal(xd_guest_region(&mem, r->guest_addr), r);
			assert_ptr_equal(xd_guest_ptr(&mem, r->guest_addr + 0x7fff, &contiguous),
				r->host + 0x7fff);
			assert_int_equal(contiguous, 1);
			assert_null(xd_guest_region(&mem, r->guest_addr + 0x8000));
		}
	}
}

/* They are kept in order, whatever order they come and go in. */
static void
regions_are_sorted(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int fd = memory_file(4 * MIB);
	struct xd_vu_frontend_region r[4];

	for (unsigned i = 0; i < 4; i++)
		r[i] = (struct xd_vu_frontend_region){.fd = fd,
			.fd_offset = i * MIB,
			.addr = (void *)(0x10000000 + i * MIB),
			.guest_addr = (i * 3 + 2) % 4 * MIB,
			.size = MIB};
	assert_int_equal(xd_vu_frontend_set_memory(fe, r, 4, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_true(env_state(e).memory.regions[i].guest_addr == i * MIB);
	env_close(e, fe);
	close(fd);
}

/* Memory that is refused: an answer in words, the connection closed, nothing left behind. */
static void
expect_refused(struct env *e, const struct xd_vu_frontend_region *r, unsigned n, const char *why)
{
	uint64_t bad = env_state(e).nb_bad_messages;
	unsigned before = open_fds(e);
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_error err = {0};

	assert_int_equal(xd_vu_frontend_set_memory(fe, r, n, &err), -EINVAL);
	assert_non_null(strstr(err.text, "refused SET_MEM_TABLE"));
	assert_true(hung_up(xd_vu_frontend_fd(fe)));
	assert_false(xd_vu_frontend_alive(fe));
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	assert_int_equal(env_state(e).nb_bad_messages, bad + 1);
	assert_int_equal(env_state(e).memory.n, 0);
	xd_loop_lock(e->loop);
	if (!strstr(e->last_warning, why))
		print_message("%s\n", e->last_warning);
	assert_non_null(strstr(e->last_warning, why));
	assert_non_null(strstr(e->last_warning, "vm1: "));
	assert_non_null(strstr(e->last_warning, ", connection closed"));
	xd_loop_unlock(e->loop);
	xd_vu_frontend_close(fe);
	assert_int_equal(open_fds(e), before);
}

static void
memory_beyond_its_file_is_refused(void **state)
{
	int fd = memory_file(MIB);
	struct xd_vu_frontend_region r = {
		.fd = fd, .addr = (void *)0x10000000, .guest_addr = 0, .size = MIB + 1};

	expect_refused(*state, &r, 1, "beyond its file");
	r.size = MIB;
	r.fd_offset = 1;
	expect_refused(*state, &r, 1, "beyond its file");
	r.fd_offset = UINT64_MAX - MIB + 1; /* offset and size wrap to 0 */
	expect_refused(*state, &r, 1, "beyond its file");
	r.fd_offset = 1ull << 63;
	expect_refused(*state, &r, 1, "beyond its file");
	r.fd_offset = 0;
	r.size = 0;
	expect_refused(*state, &r, 1, "size 0");
	close(fd);
}

static void
memory_that_wraps_or_overlaps_is_refused(void **state)
{
	int fd = memory_file(2 * MIB);
	struct xd_vu_frontend_region r[2] = {
		{.fd = fd,
			.addr = (void *)0x10000000,
			.guest_addr = UINT64_MAX - MIB + 1,
			.size = MIB},
		{.fd = fd, .addr = (void *)0x20000000, .guest_addr = 0, .size = MIB},
	};

	expect_refused(*state, r, 2, "wraps");
	r[0].guest_addr = 0x40000000;
	r[0].addr = (void *)(UINTPTR_MAX - MIB + 1);
	expect_refused(*state, r, 2, "wraps");
	r[0].addr = (void *)0x10000000;
	r[1].guest_addr = r[0].guest_addr;
	expect_refused(*state, r, 2, "overlap");
	r[1].guest_addr = r[0].guest_addr + MIB - 1;
	expect_refused(*state, r, 2, "overlap");
	r[1].guest_addr = r[0].guest_addr - MIB + 1;
	expect_refused(*state, r, 2, "overlap");
	r[1].guest_addr = r[0].guest_addr + 4096;
	r[1].size = 4096; /* wholly inside */
	expect_refused(*state, r, 2, "overlap");
	close(fd);
}

static void
memory_that_is_no_file_is_refused(void **state)
{
	struct xd_vu_frontend_region r = {.addr = (void *)0x10000000, .size = 4096};
	int efd = eventfd(0, 0);
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	r.fd = fds[0];
	expect_refused(*state, &r, 1, "not shared memory");
	r.fd = efd;
	expect_refused(*state, &r, 1, "anon_inode:[eventfd], not shared memory");
	close(fds[0]);
	close(fds[1]);
	close(efd);
}

/* Nobody but who serves it knows when a page of a file on a disk comes. */
static void
memory_on_disk_is_for_trusted_front_ends(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend_region r = {.addr = (void *)0x10000000, .size = 4096};
	struct xd_vu_frontend *fe;
	int pipes[2];

	r.fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r.fd < 0 || fcntl(r.fd, F_GET_SEALS) >= 0)
		skip();
	assert_int_equal(ftruncate(r.fd, 4096), 0);
	expect_refused(e, &r, 1, "set memory=any");
	xd_loop_lock(e->loop);
	e->be->opts.any_memory = true;
	xd_loop_unlock(e->loop);
	fe = env_open(e);
	assert_int_equal(xd_vu_frontend_set_memory(fe, &r, 1, NULL), 0);
	assert_int_equal(env_state(e).memory.n, 1);
	env_close(e, fe);
	/* A file it has to be. */
	close(r.fd);
	assert_int_equal(pipe(pipes), 0);
	r.fd = pipes[0];
	expect_refused(e, &r, 1, "not backed by a file");
	close(pipes[0]);
	close(pipes[1]);
}

/* A table that fails half way leaves the regions that were good unmapped, too. */
static void
memory_is_taken_wholly_or_not_at_all(void **state)
{
	int fd = memory_file(MIB);
	struct xd_vu_frontend_region r[] = {
		{.fd = fd, .addr = (void *)0x10000000, .guest_addr = 0, .size = MIB},
		{.fd = fd, .addr = (void *)0x20000000, .guest_addr = MIB, .size = MIB},
		{.fd = fd, .addr = (void *)0x30000000, .guest_addr = 2 * MIB, .size = 2 * MIB},
	};

	expect_refused(*state, r, 3, "beyond its file");
	close(fd);
}

static void
memory_slots_are_added_and_removed(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_vu_frontend_region r[XD_GUEST_REGIONS_MAX];
	struct xd_vu_mem_one one = {0};
	unsigned before = open_fds(e);
	int fd = memory_file(4096);
	int sock = xd_vu_frontend_fd(fe);

	for (unsigned i = 0; i < XD_GUEST_REGIONS_MAX; i++)
		r[i] = (struct xd_vu_frontend_region){.fd = fd,
			.addr = (void *)(uintptr_t)(0x10000000 + 4096 * i),
			.guest_addr = 4096 * i,
			.size = 4096};
	assert_int_equal(xd_vu_frontend_set_memory(fe, r, XD_GUEST_REGIONS_MAX, NULL), 0);
	assert_int_equal(env_state(e).memory.n, XD_GUEST_REGIONS_MAX);
	send_request(sock, XD_VU_GET_MAX_MEM_SLOTS, NULL, 0, -1);
	assert_int_equal(receive_u64(sock, XD_VU_GET_MAX_MEM_SLOTS), XD_GUEST_REGIONS_MAX);

	/* Removing: exact addresses only; with a needless descriptor, as QEMU sends it, or none. */
	one.region = (struct xd_vu_mem_region){
		.guest_addr = 4096 * 7, .user_addr = 0x10000000 + 4096 * 7, .size = 4096};
	assert_int_equal(ask_ack(sock, XD_VU_REM_MEM_REG, &one, sizeof(one), fd), 0);
	one.region.guest_addr = 4096 * 9;
	one.region.user_addr = 0x10000000 + 4096 * 9;
	assert_int_equal(ask_ack(sock, XD_VU_REM_MEM_REG, &one, sizeof(one), -1), 0);
	assert_int_equal(env_state(e).memory.n, XD_GUEST_REGIONS_MAX - 2);
	assert_int_equal(open_fds(e), before + 1); /* regions are mapped, not open */

	assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 0);
	one.region.guest_addr = 4096 * 7;
	one.region.user_addr = 0x10000000 + 4096 * 7;
	assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 0);
	/* One too many. */
	one.region.guest_addr = 1ull << 40;
	assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 1);
	assert_true(hung_up(sock));
	env_close(e, fe);
	close(fd);
	assert_int_equal(open_fds(e), before - 2); /* the two ends of the connection */
}

static void
memory_slot_that_is_not_there_cannot_be_removed(void **state)
{
	struct env *e = *state;
	int fd = memory_file(8192);
	struct xd_vu_mem_one one = {
		.region = {.guest_addr = 0, .user_addr = 0x10000000, .size = 4096}};

	for (unsigned i = 0; i < 3; i++) {
		struct xd_vu_frontend *fe = env_open(e);
		struct xd_vu_mem_one other = one;
		int sock = xd_vu_frontend_fd(fe);

		assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 0);
		other.region.guest_addr += i == 0 ? 4096 : 0;
		other.region.user_addr += i == 1 ? 4096 : 0;
		other.region.size += i == 2 ? 4096 : 0;
		assert_int_equal(ask_ack(sock, XD_VU_REM_MEM_REG, &other, sizeof(other), -1), 1);
		assert_true(hung_up(sock));
		env_close(e, fe);
	}
	close(fd);
}

/* As QEMU does it: each region once for each queue pair. */
static void
memory_slot_is_added_and_removed_again(void **state)
{
	struct env *e = *state;
	int fd = memory_file(8192), other_fd = memory_file(8192);
	struct xd_vu_mem_one one = {
		.region = {.guest_addr = 0, .user_addr = 0x10000000, .size = 4096}};
	struct xd_vu_frontend *fe = env_open(e);
	int sock = xd_vu_frontend_fd(fe);
	unsigned before = open_fds(e);

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 0);
		assert_int_equal(env_state(e).memory.n, 1);
		assert_int_equal(open_fds(e), before);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask_ack(sock, XD_VU_REM_MEM_REG, &one, sizeof(one), -1), 0);
		assert_int_equal(env_state(e).memory.n, 0);
	}
	assert_int_equal(open_fds(e), before);
	assert_int_equal(ask_ack(sock, XD_VU_REM_MEM_REG, &one, sizeof(one), -1), 1);
	assert_true(hung_up(sock));
	env_close(e, fe);

	/* The same place in another file is another region, and in the way. */
	fe = env_open(e);
	sock = xd_vu_frontend_fd(fe);
	assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), fd), 0);
	assert_int_equal(ask_ack(sock, XD_VU_ADD_MEM_REG, &one, sizeof(one), other_fd), 1);
	assert_true(hung_up(sock));
	env_close(e, fe);
	close(other_fd);
	close(fd);
}

static struct xd_vu_frontend_ring
sample_ring(int kick_fd, int call_fd)
{
	return (struct xd_vu_frontend_ring){
		.size = 256,
		.base = 65535,
		.desc = (void *)0x10000000,
		.avail = (void *)0x10001000,
		.used = (void *)0x10002000,
		.kick_fd = kick_fd,
		.call_fd = call_fd,
	};
}

static void
ring_is_set_enabled_and_stopped(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int kick = eventfd(0, 0), call = eventfd(0, 0);
	struct xd_vu_frontend_ring ring = sample_ring(kick, call);
	struct xd_vu_vring vr;
	uint64_t one = 1, count = 0;

	assert_int_equal(xd_vu_frontend_set_ring(fe, 3, &ring, NULL), 0);
	vr = env_state(e).vrings[3];
	assert_int_equal(vr.size, 256);
	assert_int_equal(vr.base, 65535);
	assert_true(vr.has_addr);
	assert_true(vr.desc_addr == 0x10000000);
	assert_true(vr.avail_addr == 0x10001000);
	assert_true(vr.used_addr == 0x10002000);
	assert_true(vr.started);
	assert_false(vr.enabled); /* protocol features: not before SET_VRING_ENABLE */
	/* The descriptors are ours, and a worker's write never blocks. */
	assert_int_equal(write(vr.call_fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(read(call, &count, sizeof(count)), sizeof(count));
	one = UINT64_MAX - 1;
	assert_int_equal(write(vr.call_fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(write(vr.call_fd, &one, sizeof(one)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(read(call, &count, sizeof(count)), sizeof(count));
	assert_false(env_state(e).vrings[2].started);

	assert_int_equal(xd_vu_frontend_enable(fe, 3, true, NULL), 0);
	assert_true(env_state(e).vrings[3].enabled);
	assert_int_equal(xd_vu_frontend_enable(fe, 3, false, NULL), 0);
	assert_false(env_state(e).vrings[3].enabled);

	/* Pausing tells where the worker stopped, and that is the answer. */
	xd_loop_lock(e->loop);
	e->base[3] = 4711;
	xd_loop_unlock(e->loop);
	assert_int_equal(xd_vu_frontend_stop_ring(fe, 3, NULL), 4711);
	vr = env_state(e).vrings[3];
	assert_false(vr.started);
	assert_int_equal(vr.kick_fd, -1);
	assert_int_equal(xd_vu_frontend_stop_ring(fe, 0, NULL), 0);
	env_close(e, fe);
	assert_int_equal(env_state(e).vrings[3].call_fd, -1);
	assert_false(env_state(e).vrings[3].has_addr);
	close(kick);
	close(call);
}

static void
ring_without_descriptors_is_polled(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_vu_frontend_ring ring = sample_ring(-1, -1);

	assert_int_equal(xd_vu_frontend_set_ring(fe, 0, &ring, NULL), 0);
	assert_true(env_state(e).vrings[0].started);
	assert_int_equal(env_state(e).vrings[0].kick_fd, -1);
	assert_int_equal(env_state(e).vrings[0].call_fd, -1);
	env_close(e, fe);
}

static void
ring_starts_enabled_without_protocol_features(void **state)
{
	struct env *e = *state;
	int sock = xd_vu_connect(e->path);
	uint64_t features = 1ull << 32;
	uint64_t index = 0 | 0x100;

	assert_true(sock >= 0);
	send_request(sock, XD_VU_SET_FEATURES, &features, 8, -1);
	send_request(sock, XD_VU_SET_VRING_KICK, &index, 8, -1);
	WAIT_FOR(e, xd_vu_backend_state(e->be)->vrings[0].started);
	assert_true(env_state(e).vrings[0].enabled);
	close(sock);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	assert_false(env_state(e).vrings[0].enabled);
}

/* QEMU enables rings before it sends SET_FEATURES again. */
static void
features_again_leave_enabled_rings_alone(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	uint64_t features = xd_vu_frontend_features(fe);
	int sock = xd_vu_frontend_fd(fe);

	assert_int_equal(xd_vu_frontend_enable(fe, 1, true, NULL), 0);
	assert_int_equal(ask_ack(sock, XD_VU_SET_FEATURES, &features, 8, -1), 0);
	assert_true(env_state(e).vrings[1].enabled);
	assert_false(env_state(e).vrings[0].enabled);
	env_close(e, fe);
}

/* Without acknowledgements the calls still do not return before the switch has understood. */
static void
works_without_reply_ack(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open_with(e, false, FEATURES, XD_VU_PF_BIT(XD_VU_PF_MQ));
	int fd = memory_file(4096);
	struct xd_vu_frontend_region r = {.fd = fd, .addr = (void *)0x10000000, .size = 4096};
	struct xd_vu_frontend_ring ring = sample_ring(-1, -1);
	struct xd_error err = {0};

	assert_int_equal(xd_vu_frontend_set_memory(fe, &r, 1, NULL), 0);
	assert_int_equal(env_state(e).memory.n, 1);
	assert_int_equal(xd_vu_frontend_set_ring(fe, 0, &ring, NULL), 0);
	assert_true(env_state(e).vrings[0].started);
	assert_int_equal(xd_vu_frontend_enable(fe, 0, true, NULL), 0);
	assert_true(env_state(e).vrings[0].enabled);
	r.size = 8192;
	assert_true(xd_vu_frontend_set_memory(fe, &r, 1, &err) < 0);
	assert_non_null(strstr(err.text, "closed the connection"));
	xd_vu_frontend_close(fe);
	WAIT_FOR(e, !xd_vu_backend_state(e->be)->connected);
	close(fd);
}

/* Only what changes something that workers see pauses them, and exactly once. */
static void
mutating_requests_pause(void **state)
{
	static const struct {
		uint32_t request, size;
		uint64_t payload[5];
		bool mutates;
	} cases[] = {
		{XD_VU_SET_OWNER, 0, {0}, false},
		{XD_VU_SET_PROTOCOL_FEATURES, 8, {PROTOCOL_FEATURES}, false},
		{XD_VU_SEND_RARP, 8, {0x010203040506}, false},
		{XD_VU_NET_SET_MTU, 8, {1500}, false},
		{XD_VU_SET_FEATURES, 8, {FEATURES | XD_VU_F_PROTOCOL_FEATURES}, true},
		{XD_VU_SET_VRING_NUM, 8, {1ull << 32 | 1}, true},
		{XD_VU_SET_VRING_BASE, 8, {7ull << 32 | 1}, true},
		{XD_VU_SET_VRING_ADDR, 40, {1, 2, 3, 4, 0}, true},
		{XD_VU_SET_VRING_KICK, 8, {0x101}, true},
		{XD_VU_SET_VRING_CALL, 8, {0x101}, true},
		{XD_VU_SET_VRING_ERR, 8, {0x101}, true},
		{XD_VU_SET_VRING_ENABLE, 8, {1ull << 32}, true},
		{XD_VU_SET_STATUS, 8, {1}, true},
		{XD_VU_RESET_OWNER, 0, {0}, true},
		{XD_VU_RESET_DEVICE, 0, {0}, true},
	};
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int sock = xd_vu_frontend_fd(fe);
	unsigned before;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		before = e->pauses;
		assert_int_equal(
			ask_ack(sock, cases[i].request, cases[i].payload, cases[i].size, -1), 0);
		xd_loop_lock(e->loop);
		assert_int_equal(e->pauses, before + cases[i].mutates);
		assert_int_equal(e->resumes, e->pauses);
		xd_loop_unlock(e->loop);
	}
	before = e->pauses;
	send_request(sock, XD_VU_GET_FEATURES, NULL, 0, -1);
	receive_u64(sock, XD_VU_GET_FEATURES);
	send_request(sock, XD_VU_GET_STATUS, NULL, 0, -1);
	receive_u64(sock, XD_VU_GET_STATUS);
	send_request(sock, XD_VU_GET_QUEUE_NUM, NULL, 0, -1);
	assert_int_equal(receive_u64(sock, XD_VU_GET_QUEUE_NUM), 2);
	assert_int_equal(e->pauses, before);
	assert_int_equal(xd_vu_frontend_stop_ring(fe, 0, NULL), 0);
	assert_int_equal(e->pauses, before + 1);
	env_close(e, fe);
	assert_int_equal(e->pauses, before + 2); /* dropping everything pauses as well */
}

static void
status_and_resets(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	struct xd_vu_frontend_ring ring = sample_ring(-1, -1);
	int sock = xd_vu_frontend_fd(fe);
	uint64_t status = 0x0f;

	assert_int_equal(ask_ack(sock, XD_VU_SET_STATUS, &status, 8, -1), 0);
	send_request(sock, XD_VU_GET_STATUS, NULL, 0, -1);
	assert_int_equal(receive_u64(sock, XD_VU_GET_STATUS), 0x0f);
	assert_int_equal(xd_vu_frontend_set_ring(fe, 0, &ring, NULL), 0);
	assert_int_equal(xd_vu_frontend_enable(fe, 0, true, NULL), 0);
	status = 0;
	assert_int_equal(ask_ack(sock, XD_VU_SET_STATUS, &status, 8, -1), 0);
	assert_false(env_state(e).vrings[0].started);

	assert_int_equal(xd_vu_frontend_set_ring(fe, 0, &ring, NULL), 0);
	assert_true(env_state(e).vrings[0].enabled);
	assert_int_equal(ask_ack(sock, XD_VU_RESET_OWNER, NULL, 0, -1), 0);
	assert_false(env_state(e).vrings[0].enabled);
	assert_int_equal(ask_ack(sock, XD_VU_RESET_DEVICE, NULL, 0, -1), 0);
	assert_false(env_state(e).vrings[0].started);
	assert_false(env_state(e).vrings[0].has_addr);
	assert_true(env_state(e).features == 0);
	assert_true(env_state(e).protocol_features == PROTOCOL_FEATURES);
	env_close(e, fe);
}

static void
mtu_beyond_the_port_is_refused_and_the_connection_stays(void **state)
{
	struct env *e = *state;
	struct xd_vu_frontend *fe = env_open(e);
	int sock = xd_vu_frontend_fd(fe);
	const uint64_t good[] = {68, 1500, 9000}, bad[] = {0, 67, 9001, 65536, UINT64_MAX};

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ask_ack(sock, XD_VU_NET_SET_MTU, &good[i], 8, -1), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(ask_ack(sock, XD_VU_NET_SET_MTU, &bad[i], 8, -1), 1);
	assert_int_equal(e->warnings, 5);
	assert_int_equal(env_state(e).nb_bad_messages, 0);
	assert_true(xd_vu_frontend_alive(fe));
	env_close(e, fe);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, env_server, env_destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(negotiates_what_both_want),
		TEST(memory_is_mapped_where_it_should_be),
		TEST(regions_are_found),
		TEST(regions_are_sorted),
		TEST(memory_beyond_its_file_is_refused),
		TEST(memory_that_wraps_or_overlaps_is_refused),
		TEST(memory_that_is_no_file_is_refused),
		TEST(memory_on_disk_is_for_trusted_front_ends),
		TEST(memory_is_taken_wholly_or_not_at_all),
		TEST(memory_slots_are_added_and_removed),
		TEST(memory_slot_that_is_not_there_cannot_be_removed),
		TEST(memory_slot_is_added_and_removed_again),
		TEST(ring_is_set_enabled_and_stopped),
		TEST(ring_without_descriptors_is_polled),
		TEST(ring_starts_enabled_without_protocol_features),
		TEST(features_again_leave_enabled_rings_alone),
		TEST(works_without_reply_ack),
		TEST(mutating_requests_pause),
		TEST(status_and_resets),
		TEST(mtu_beyond_the_port_is_refused_and_the_connection_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
