/* SPDX-License-Identifier: BSD-3-Clause */
/* The handler of SIGBUS and its table of mappings: see bus_error.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/bus_error.h"

#define CHUNK_ENTRIES 512
#define CHUNKS        128

/* No huge page fits into what is replaced at once. */
#define NEAR_BYTES ((size_t)256 << 10)
#define NEAR_MAX   64 /* then the whole region */

/*
 * An entry is written under the lock and read without: seq is odd while it is being written, and a
 * reader that saw it change looks again. The handler never waits for a writer, which it may have
 * interrupted: an entry being written is of a region that nobody accesses.
 */
struct entry {
	unsigned seq;
	bool busy; /* a thread replaces something */
	bool all_replaced;
	unsigned nb_near; /* pieces that were replaced, by their numbers */
	uint32_t near[NEAR_MAX];
	int fd;
	bool *lost;
	uintptr_t begin; /* 0: free */
	size_t bytes;
	size_t page_bytes;
};

struct chunk {
	struct entry entries[CHUNK_ENTRIES];
};

/* Chunks are added and never move or go. */
static struct chunk *chunks[CHUNKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static bool installed;

static void
set(struct entry *e, uintptr_t begin, size_t bytes, size_t page_bytes,
	const struct xd_bus_owner *owner)
{
	__atomic_store_n(&e->seq, e->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&e->bytes, bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&e->page_bytes, page_bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&e->lost, owner ? owner->lost : NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&e->fd, owner ? owner->fd : -1, __ATOMIC_RELAXED);
	e->all_replaced = false;
	e->nb_near = 0;
	__atomic_store_n(&e->busy, false, __ATOMIC_RELAXED);
	__atomic_store_n(&e->begin, begin, __ATOMIC_RELAXED);
	__atomic_store_n(&e->seq, e->seq + 1, __ATOMIC_RELEASE);
}

/* The entry whose mapping begins there (0: a free one), or NULL. With the lock held. */
static struct entry *
find(uintptr_t begin)
{
	for (unsigned c = 0; c < CHUNKS && chunks[c]; c++) {
		for (unsigned i = 0; i < CHUNK_ENTRIES; i++) {
			if (chunks[c]->entries[i].begin == begin)
				return &chunks[c]->entries[i];
		}
	}
	return NULL;
}

/* With the lock held. */
static struct entry *
grow(int *code)
{
	for (unsigned c = 0; c < CHUNKS; c++) {
		struct chunk *chunk;

		if (chunks[c])
			continue;
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk) {
			*code = -ENOMEM;
			return NULL;
		}
		__atomic_store_n(&chunks[c], chunk, __ATOMIC_RELEASE);
		return &chunk->entries[0];
	}
	*code = -ENOSPC;
	return NULL;
}

int
xd_bus_error_add(void *map, size_t bytes, size_t page_bytes, const struct xd_bus_owner *owner)
{
	struct entry *e;
	int ret = 0;

	pthread_mutex_lock(&lock);
	e = find(0);
	if (!e)
		e = grow(&ret);
	if (e)
		set(e, (uintptr_t)map, bytes, page_bytes, owner);
	pthread_mutex_unlock(&lock);
	return ret;
}

void
xd_bus_error_remove(void *map)
{
	struct entry *e;

	pthread_mutex_lock(&lock);
	e = map ? find((uintptr_t)map) : NULL;
	if (e)
		set(e, 0, 0, 0, NULL);
	pthread_mutex_unlock(&lock);
}

/* ---- In the handler ---- */

/* Whether the entry holds addr; *copy is then what it says. */
static bool
holds(const struct entry *e, uintptr_t addr, struct entry *copy)
{
	unsigned seq;

	do {
		seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);
		if (seq & 1)
			return false;
		copy->begin = __atomic_load_n(&e->begin, __ATOMIC_RELAXED);
		copy->bytes = __atomic_load_n(&e->bytes, __ATOMIC_RELAXED);
		copy->page_bytes = __atomic_load_n(&e->page_bytes, __ATOMIC_RELAXED);
		copy->lost = __atomic_load_n(&e->lost, __ATOMIC_RELAXED);
		copy->fd = __atomic_load_n(&e->fd, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&e->seq, __ATOMIC_RELAXED) != seq);
	return copy->begin && addr - copy->begin < copy->bytes;
}

static bool
map_zeroes(uintptr_t begin, size_t bytes)
{
	if (mmap((void *)begin, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return false;
	madvise((void *)begin, bytes, MADV_DONTDUMP);
	madvise((void *)begin, bytes, MADV_NOHUGEPAGE); /* no more than is touched */
	return true;
}

/* Piece number i of the region. */
static bool
map_piece(const struct entry *copy, size_t bytes, size_t i)
{
	size_t at = i * bytes;

	return map_zeroes(copy->begin + at, bytes < copy->bytes - at ? bytes : copy->bytes - at);
}

/* While e->busy is ours. */
static bool
replace(struct entry *e, const struct entry *copy, uintptr_t addr)
{
	size_t bytes = copy->page_bytes > NEAR_BYTES ? copy->page_bytes : NEAR_BYTES;
	size_t i = (addr - copy->begin) / bytes;

	/* What other threads have written since it was replaced must not go. */
	if (e->all_replaced)
		return true;
	for (unsigned k = 0; k < e->nb_near; k++) {
		if (e->near[k] == i)
			return true;
	}
	if (e->nb_near < NEAR_MAX && map_piece(copy, bytes, i)) {
		e->near[e->nb_near++] = (uint32_t)i;
		return true;
	}
	e->all_replaced = map_zeroes(copy->begin, copy->bytes);
	return e->all_replaced;
}

static bool
handle(struct entry *e, const struct entry *copy, uintptr_t addr)
{
	static const uint64_t one = 1;
	bool done;

	/* Another thread is at it: the access is done again, and again, until it works. */
	if (__atomic_exchange_n(&e->busy, true, __ATOMIC_ACQUIRE))
		return true;
	done = replace(e, copy, addr);
	__atomic_store_n(&e->busy, false, __ATOMIC_RELEASE);
	if (done && copy->lost && !__atomic_exchange_n(copy->lost, true, __ATOMIC_ACQ_REL) &&
		copy->fd >= 0 && write(copy->fd, &one, sizeof(one)) < 0)
		return true; /* it is readable already */
	return done;
}

bool
xd_bus_error(void *addr)
{
	int saved_errno = errno;
	bool done = false;

	for (unsigned c = 0; c < CHUNKS && !done; c++) {
		struct chunk *chunk = __atomic_load_n(&chunks[c], __ATOMIC_ACQUIRE);

		if (!chunk)
			break;
		for (unsigned i = 0; i < CHUNK_ENTRIES && !done; i++) {
			struct entry copy;

			if (holds(&chunk->entries[i], (uintptr_t)addr, &copy))
				done = handle(&chunk->entries[i], &copy, (uintptr_t)addr);
		}
	}
	errno = saved_errno;
	return done;
}

/* What would have happened without us. */
static void
pass_on(int sig, siginfo_t *info, void *context)
{
	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(sig, info, context);
		return;
	}
	if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(sig);
		return;
	}
	if (previous.sa_handler == SIG_IGN && info->si_code <= 0)
		return; /* sent by kill() */
	/* The access is done again, or the signal sent again, and ends the process as it should. */
	signal(sig, SIG_DFL);
	if (info->si_code <= 0)
		raise(sig);
}

static void
on_bus_error(int sig, siginfo_t *info, void *context)
{
	/* Of a signal that was sent, si_addr means nothing. A memory error that was found ahead of
	 * any access (AO) is no business of ours. */
	if (info->si_code > 0 && info->si_code != BUS_MCEERR_AO && xd_bus_error(info->si_addr))
		return;
	pass_on(sig, info, context);
}

int
xd_bus_error_install(void)
{
	struct sigaction action = {
		.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	int ret = 0;

	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&lock);
	/* `previous` must be there before the handler is. */
	if (!installed &&
		(sigaction(SIGBUS, NULL, &previous) < 0 || sigaction(SIGBUS, &action, NULL) < 0))
		ret = -errno;
	installed |= ret == 0;
	pthread_mutex_unlock(&lock);
	return ret;
}
