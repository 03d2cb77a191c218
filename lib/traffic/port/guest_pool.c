/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "traffic/port/guest_pool.h"

#define SEED 0x9e3779b97f4a7c15u

int
xd_guest_pool_init(struct xd_guest_pool *pool, uint32_t nb_pages, uint32_t page_bytes)
{
	uint32_t room = 1;

	while (room < nb_pages)
		room *= 2;
	*pool = (struct xd_guest_pool){
		.random = SEED,
		.page_bytes = page_bytes,
		.nb_pages = nb_pages,
		.mask = room - 1,
		.page = UINT32_MAX,
		.offset = page_bytes,
		.queue = calloc(room, sizeof(*pool->queue)),
		.uses = calloc(nb_pages, sizeof(*pool->uses)),
	};
	if (!pool->queue || !pool->uses) {
		xd_guest_pool_fini(pool);
		return -ENOMEM;
	}
	for (uint32_t page = 0; page < nb_pages; page++)
		xd_guest_pool_put(pool, page);
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
