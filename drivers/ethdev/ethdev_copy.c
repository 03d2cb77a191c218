/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies a frame into mbufs: head first, then what lies in a guest's memory or in other mbufs. */
#include <rte_branch_prediction.h>
#include <rte_memcpy.h>

#include "drivers/ethdev/ethdev.h"

/* Where a copy has come to. */
struct cursor {
	struct rte_mbuf *first;
	struct rte_mbuf *last;
	struct rte_mempool *pool;
};

/* Appends bytes, in further buffers when one is full; false: the pool is empty. */
static bool
append(struct cursor *to, const uint8_t *data, uint32_t len)
{
	while (len != 0) {
		uint32_t take = RTE_MIN(len, (uint32_t)rte_pktmbuf_tailroom(to->last));
		uint8_t *at;

		if (take == 0) {
			struct rte_mbuf *next = rte_pktmbuf_alloc(to->pool);

			if (next == NULL)
				return false;
			to->last->next = next;
			to->last = next;
			to->first->nb_segs++;
			continue;
		}
		at = rte_pktmbuf_mtod_offset(to->last, uint8_t *, to->last->data_len);
		rte_memcpy(at, data, take);
		to->last->data_len += (uint16_t)take;
		to->first->pkt_len += take;
		data += take;
		len -= take;
	}
	return true;
}

struct rte_mbuf *
xd_ethdev_copy(struct rte_mempool *pool, struct xd_frame *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct cursor to = {m, m, pool};
	bool ok;

	if (unlikely(m == NULL))
		return NULL;
	ok = append(&to, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; ok && i < f->nb_segs; i++)
		ok = append(&to, f->segs[i].addr, f->segs[i].len);
	if (unlikely(!ok)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}
