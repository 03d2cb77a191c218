/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_file.h: the file, and the notes in it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vhost_user/ring_file.h"

#define PATH_BYTES 512
#define MAGIC      0x3173676e69726478ull /* "xdrings1": the layout below */

/* In whole cache lines: rings are different workers'. */
struct record {
	uint64_t valid; /* 1: the rest of it counts */
	uint64_t desc_addr;
	uint64_t start_time;
	uint32_t pid;
	uint32_t size;
	uint64_t padding[4];
	struct xd_ring_note note;
	uint64_t padding_behind[7];
};

static_assert(sizeof(struct record) % 64 == 0, "whole cache lines");
static_assert(offsetof(struct record, note) == 64, "a cache line of its own");

struct layout {
	uint64_t magic;
	uint64_t nb_vrings;
	uint64_t record_bytes;
	uint64_t padding[5];
	struct record records[];
};

struct xd_ring_file {
	struct layout *map;
	size_t bytes;
	unsigned nb_vrings;
};

static int
open_file(const char *path, size_t bytes, struct xd_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;
	int ret;

	if (fd < 0)
		return xd_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		st.st_nlink != 1) {
		ret = xd_fail(err, -EEXIST, "%s is not a file of ours: remove it", path);
		goto err_close;
	}
	/* Also what another process truncated, or an older version made. */
	if (fchmod(fd, 0600) < 0 ||
		((size_t)st.st_size != bytes && ftruncate(fd, (off_t)bytes) < 0)) {
		ret = xd_fail(err, -errno, "cannot make %s: %s", path, strerror(errno));
		goto err_close;
	}
	/* So that a full file system is an error now, and no SIGBUS later. */
	ret = posix_fallocate(fd, 0, (off_t)bytes);
	if (ret && ret != EOPNOTSUPP) {
		ret = xd_fail(err, -ret, "no room for %s: %s", path, strerror(ret));
		goto err_close;
	}
	return fd;

err_close:
	close(fd);
	return ret;
}

static int
make_path(char path[PATH_BYTES], const char *dir, const char *name, struct xd_error *err)
{
	if (!strchr(name, '/') && snprintf(path, PATH_BYTES, "%s/%s.rings", dir, name) < PATH_BYTES)
		return 0;
	return xd_fail(err, -EINVAL, "%s/%s.rings cannot be the name of a file", dir, name);
}

struct xd_ring_file *
xd_ring_file_open(const char *dir, const char *name, unsigned nb_vrings, struct xd_error *err)
{
	size_t bytes = sizeof(struct layout) + nb_vrings * sizeof(struct record);
	struct xd_ring_file *rf = calloc(1, sizeof(*rf));
	char path[PATH_BYTES];
	int fd;

	if (!rf) {
		xd_fail(err, -ENOMEM, "no memory for a file of ring positions");
		return NULL;
	}
	if (make_path(path, dir, name, err) < 0)
		goto err_free;
	fd = open_file(path, bytes, err);
	if (fd < 0)
		goto err_free;
	rf->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (rf->map == MAP_FAILED) {
		xd_fail(err, -errno, "cannot map %s: %s", path, strerror(errno));
		goto err_free;
	}
	rf->bytes = bytes;
	rf->nb_vrings = nb_vrings;
	if (rf->map->magic != MAGIC || rf->map->nb_vrings != nb_vrings ||
		rf->map->record_bytes != sizeof(struct record)) {
		memset(rf->map, 0, bytes);
		rf->map->nb_vrings = nb_vrings;
		rf->map->record_bytes = sizeof(struct record);
		rf->map->magic = MAGIC;
	}
	return rf;

err_free:
	free(rf);
	return NULL;
}

int
xd_ring_file_move(const char *dir, const char *name, const char *to, struct xd_error *err)
{
	char from_path[PATH_BYTES], to_path[PATH_BYTES];
	int ret = make_path(from_path, dir, name, err);

	if (ret == 0)
		ret = make_path(to_path, dir, to, err);
	if (ret == 0 && rename(from_path, to_path) < 0)
		ret = xd_fail(err, -errno, "cannot rename %s to %s: %s", from_path, to_path,
			strerror(errno));
	return ret;
}

void
xd_ring_file_close(struct xd_ring_file *rf)
{
	if (!rf)
		return;
	munmap(rf->map, rf->bytes);
	free(rf);
}

/* Field 22 of /proc/PID/stat; the name in field 2 may hold anything but ends with the last ')'. */
static uint64_t
start_time(pid_t pid)
{
	char path[64], text[1024], *at;
	uint64_t value = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (unsigned field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		value = strtoull(at, NULL, 10);
	return value;
}

struct xd_vu_peer
xd_vu_peer(int sock)
{
	struct xd_vu_peer peer = {0};
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0)
		return peer;
	peer.start_time = start_time(cred.pid);
	if (peer.start_time)
		peer.pid = cred.pid;
	return peer;
}

const struct xd_ring_note *
xd_ring_file_find(const struct xd_ring_file *rf, unsigned vring, const struct xd_vu_peer *peer,
	uint32_t size, uint64_t desc_addr)
{
	const struct record *r;

	if (!rf || vring >= rf->nb_vrings || peer->pid == 0)
		return NULL;
	r = &rf->map->records[vring];
	if (!__atomic_load_n(&r->valid, __ATOMIC_ACQUIRE) || r->pid != (uint32_t)peer->pid ||
		r->start_time != peer->start_time || r->size != size || r->desc_addr != desc_addr)
		return NULL;
	return &r->note;
}

void
xd_ring_file_begin(struct xd_ring_file *rf, unsigned vring, const struct xd_vu_peer *peer,
	uint32_t size, uint64_t desc_addr, uint16_t position)
{
	uint16_t idx = position & 0x7fff;
	uint8_t wrap = position >> 15;
	struct record *r;

	if (!rf || vring >= rf->nb_vrings)
		return;
	xd_ring_file_end(rf, vring);
	r = &rf->map->records[vring];
	r->desc_addr = desc_addr;
	r->start_time = peer->start_time;
	r->pid = (uint32_t)peer->pid;
	r->size = size;
	r->note.at = (struct xd_packed_position){idx, idx, wrap, wrap, 0};
	r->note.intent.slots[0] = 0;
	__atomic_store_n(&r->valid, 1, __ATOMIC_RELEASE);
}

struct xd_ring_note *
xd_ring_file_note(struct xd_ring_file *rf, unsigned vring)
{
	return rf && vring < rf->nb_vrings ? &rf->map->records[vring].note : NULL;
}

void
xd_ring_file_end(struct xd_ring_file *rf, unsigned vring)
{
	if (!rf || vring >= rf->nb_vrings)
		return;
	__atomic_store_n(&rf->map->records[vring].valid, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
