/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool's memory: pages in a ring, all of them free. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/port/guest_pool.h"

#define SEED 0x9e3779b97f4a7c15u

void
xd_guest_pool_lay_out(struct xd_guest_pool *pool, uint32_t page_bytes)
{
	pool->page_bytes = page_bytes;
	pool->page_shift = (uint32_t)__builtin_ctz(page_bytes);
	pool->head = pool->tail = 0;
	for (uint32_t i = 0; i < pool->nb_pages; i++) {
		uint32_t page = (uint32_t)((uint64_t)i * page_bytes / XD_LINE);

		xd_guest_pool_put(pool, &page, 1);
	}
}

int
xd_guest_pool_init(struct xd_guest_pool *pool, uint32_t nb_pages, uint32_t page_bytes)
{
	uint32_t room = 1;

	while (room < nb_pages)
		room *= 2;
	*pool = (struct xd_guest_pool){
		.random = SEED,
		.nb_pages = nb_pages,
		.mask = room - 1,
		.offset = page_bytes,
		.queue = calloc(room, sizeof(*pool->queue)),
		.uses = calloc(nb_pages, sizeof(*pool->uses)),
	};
	if (!pool->queue || !pool->uses) {
		xd_guest_pool_fini(pool);
		return -ENOMEM;
	}
	xd_guest_pool_lay_out(pool, page_bytes);
	return 0;
}

void
xd_guest_pool_fini(struct xd_guest_pool *pool)
{
	free(pool->queue);
	free(pool->uses);
	pool->queue = NULL;
	pool->uses = NULL;
}
