/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers that are an indirect table: short ones are read ahead, all others walked, and nothing but
 * the time that it takes may tell which. On split and packed rings. */
#include <stdio.h>

#include "frame/offload.h"
#include "ring_env.h"

#define ROUNDS   3000
#define TABLE_AT 1024 /* in a buffer, behind whose frame the table lies */

static const struct kind kinds[] = {{"split", false, false}, {"packed", true, false}};

/* xorshift: the same numbers in each run. */
static uint32_t
number(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static struct xd_vring_desc *
table_of(struct ring *r, unsigned b)
{
	return (struct xd_vring_desc *)(void *)(buf(r, b) + TABLE_AT);
}

/* The pieces as one chain, or as an indirect table in buffer b. */
static void
add(struct ring *r, unsigned b, const struct xd_split_piece *pieces, unsigned n, bool indirect)
{
	if (indirect)
		assert_int_equal(xd_vq_driver_add_indirect(&r->driver, pieces, n, table_of(r, b),
					 buf_addr(b) + TABLE_AT, (void *)(uintptr_t)b),
			0);
	else
		assert_int_equal(xd_vq_driver_add(&r->driver, pieces, n, (void *)(uintptr_t)b), 0);
}

/* n pieces that header and frame of buffer b are cut into. */
static void
cut(unsigned b, uint32_t bytes, unsigned n, struct xd_split_piece *pieces, uint32_t *state)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		const uint32_t left = bytes - at, most = left - (n - 1 - i);
		uint32_t len = i == n - 1 ? left : 1 + number(state, most);

		/* Where Linux cuts, now and then. */
		if (i == 0 && n > 1 && number(state, 2))
			len = RTE_MIN(most, number(state, 2) ? HDR : HDR + 54u);
		pieces[i] = (struct xd_split_piece){buf_addr(b) + at, len, false};
		at += len;
	}
}

/* What one frame came to be, or that it came to nothing. */
static void
assert_alike(struct ring *a, struct ring *b)
{
	static uint8_t one[XD_FRAME_MAX], other[XD_FRAME_MAX];

	assert_int_equal(a->batch.n, b->batch.n);
	assert_int_equal(a->batch.nb_done, b->batch.nb_done);
	assert_int_equal(a->batch.nb_segs, b->batch.nb_segs);
	assert_int_equal(a->batch.bytes, b->batch.bytes);
	assert_int_equal(a->batch.no_frame, b->batch.no_frame);
	for (unsigned i = 0; i < a->batch.n; i++) {
		struct xd_frame *f = &a->batch.frames[i], *g = &b->batch.frames[i];

		assert_int_equal(f->shape, g->shape);
		assert_int_equal(f->offload.word, g->offload.word);
		for (unsigned k = 0; k < f->nb_segs; k++)
			assert_int_equal(f->segs[k].len, g->segs[k].len);
		xd_frame_gather(f, one);
		xd_frame_gather(g, other);
		assert_memory_equal(one, other, f->len);
	}
	assert_memory_equal(&a->drops, &b->drops, sizeof(a->drops));
}

/* Turns of buffers of every kind and with every kind of header, once with tables and once with
 * chains in their place, which are all walked: the frames are the same. */
static void
a_table_is_read_as_the_chain_that_it_holds(void **unused)
{
	static const struct variant variant = {128, false, true};
	uint32_t state = 1;
	unsigned ahead = 0;

	(void)unused;
	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		struct ring *tables = make_ring(&kinds[k], &variant);
		struct ring *chains = make_ring(&kinds[k], &variant);

		tables->vq.offloads = chains->vq.offloads = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4;
		for (unsigned round = 0; round < ROUNDS; round++) {
			const unsigned nb = 1 + number(&state, XD_BATCH / 2);

			for (unsigned b = 0; b < nb; b++) {
				const uint32_t bytes = 1 + HDR + number(&state, 300);
				const unsigned n = 1 + number(&state, 6);
				const bool indirect = number(&state, 4);
				struct xd_split_piece pieces[6];

				fill(tables, b, bytes, round + b);
				buf(tables, b)[0] = number(&state, 3) == 0;       /* flags */
				buf(tables, b)[6] = (uint8_t)number(&state, 128); /* start */
				buf(tables, b)[8] = (uint8_t)number(&state, 32);  /* offset */
				memcpy(buf(chains, b), buf(tables, b), HDR + bytes);
				cut(b, bytes, n, pieces, &state);
				add(tables, b, pieces, n, indirect);
				add(chains, b, pieces, n, false);
			}
			xd_vq_driver_publish(&tables->driver);
			xd_vq_driver_publish(&chains->driver);
			for (unsigned done = 0; done < nb; done += tables->batch.nb_done) {
				xd_vq_release(&tables->vq, &tables->batch);
				xd_vq_release(&chains->vq, &chains->batch);
				xd_vq_dequeue(&tables->vq, &tables->batch);
				xd_vq_dequeue(&chains->vq, &chains->batch);
				assert_alike(tables, chains);
				assert_true(tables->batch.nb_done > 0);
			}
			assert_int_equal(chains->vq.fault, XD_VQ_OK);
			assert_int_equal(tables->vq.fault, XD_VQ_OK);
			for (unsigned b = 0; b < nb; b++)
				ahead += tables->vq.tables[b].nb_pieces > 0;
			xd_vq_release(&tables->vq, &tables->batch);
			xd_vq_release(&chains->vq, &chains->batch);
			for (unsigned b = 0; b < nb; b++) {
				expect_returned(tables, b);
				expect_returned(chains, b);
			}
		}
		free_ring(tables);
		free_ring(chains);
	}
	assert_true(ahead > ROUNDS);
}

/* ---- Which tables are read ahead ---- */

/* What a table of two pieces may be made into. */
struct table {
	const char *what;
	bool ahead;             /* and it brings the frame; */
	enum xd_vq_fault fault; /* else this, or it is walked and brings the frame */
	bool (*make)(struct ring *r, struct xd_split_piece *pieces); /* false: not on this ring */
	void (*change)(struct ring *r, struct xd_vring_desc *table);
};

static bool
as_it_is(struct ring *r, struct xd_split_piece *pieces)
{
	(void)r;
	(void)pieces;
	return true;
}

static void
unchanged(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	(void)table;
}

/* The second piece lies on both sides of the border of two regions. */
static bool
across_regions(struct ring *r, struct xd_split_piece *pieces)
{
	const uint32_t at = MEM_BYTES / 2 - 20;

	memcpy(r->mem + at, buf(r, 0) + HDR + 54, 46);
	pieces[1].addr = GUEST_BASE + at;
	return true;
}

/* It lies in the other one, as a whole. */
static bool
in_two_regions(struct ring *r, struct xd_split_piece *pieces)
{
	const uint32_t at = MEM_BYTES / 2 + 4096;

	memcpy(r->mem + at, buf(r, 0) + HDR + 54, 46);
	pieces[1].addr = GUEST_BASE + at;
	return true;
}

static bool
header_cut(struct ring *r, struct xd_split_piece *pieces)
{
	(void)r;
	pieces[0].len = 5;
	pieces[1] = (struct xd_split_piece){buf_addr(0) + 5, HDR + 100 - 5, false};
	return true;
}

static bool
header_apart(struct ring *r, struct xd_split_piece *pieces)
{
	(void)r;
	pieces[0].len = HDR;
	pieces[1] = (struct xd_split_piece){buf_addr(0) + HDR, 100, false};
	return true;
}

static void
a_piece_to_write(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	((struct xd_packed_desc *)(void *)&table[1])->flags |=
		r->kind->packed ? XD_VRING_DESC_F_WRITE : 0;
	table[1].flags |= r->kind->packed ? 0 : XD_VRING_DESC_F_WRITE;
}

static void
an_empty_piece(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	table[1].len = 0;
}

static void
a_piece_outside(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	table[1].addr = GUEST_BASE + MEM_BYTES - 20;
}

static void
a_piece_that_wraps(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	table[1].addr = UINT64_MAX - 20;
}

static void
a_piece_that_is_endless(struct ring *r, struct xd_vring_desc *table)
{
	(void)r;
	table[1].len = UINT32_MAX;
}

static void
another_table(struct ring *r, struct xd_vring_desc *table)
{
	if (r->kind->packed)
		((struct xd_packed_desc *)(void *)&table[1])->flags |= XD_VRING_DESC_F_INDIRECT;
	else
		table[1].flags |= XD_VRING_DESC_F_INDIRECT;
}

static const struct table tables[] = {
	{"as Linux has it", true, XD_VQ_OK, as_it_is, unchanged},
	{"the header apart", true, XD_VQ_OK, header_apart, unchanged},
	{"in two regions", true, XD_VQ_OK, in_two_regions, unchanged},
	{"across two regions", false, XD_VQ_OK, across_regions, unchanged},
	{"the header cut", false, XD_VQ_OK, header_cut, unchanged},
	{"a piece to write", false, XD_VQ_BAD_DIRECTION, as_it_is, a_piece_to_write},
	{"an empty piece", false, XD_VQ_EMPTY_DESC, as_it_is, an_empty_piece},
	{"a piece outside", false, XD_VQ_BAD_ADDRESS, as_it_is, a_piece_outside},
	{"a piece that wraps", false, XD_VQ_BAD_ADDRESS, as_it_is, a_piece_that_wraps},
	/* As long as the memory lasts it is a frame that is too long. */
	{"an endless piece", false, XD_VQ_FAULTS, as_it_is, a_piece_that_is_endless},
	{"another table", false, XD_VQ_BAD_INDIRECT, as_it_is, another_table},
};

static void
check_table(const struct kind *kind, const struct table *t)
{
	struct ring *r = make_ring(kind, &(struct variant){64, true, true});
	struct xd_split_piece pieces[2] = {
		{buf_addr(0), HDR + 54, false}, {buf_addr(0) + HDR + 54, 46, false}};

	fill(r, 0, 100, 7);
	if (!t->make(r, pieces))
		return free_ring(r);
	add(r, 0, pieces, 2, true);
	t->change(r, table_of(r, 0));
	xd_vq_driver_publish(&r->driver);
	xd_vq_dequeue(&r->vq, &r->batch);
	if ((r->vq.tables[0].nb_pieces > 0) != t->ahead)
		fail_msg("%s, %s: %d pieces", kind->name, t->what, r->vq.tables[0].nb_pieces);
	if (t->fault == XD_VQ_FAULTS) {
		assert_int_equal(r->batch.n, 0);
		assert_int_equal(r->batch.reasons[0], XD_DROP_TOO_LONG);
	} else if (r->vq.fault != t->fault) {
		fail_msg("%s, %s: fault %s", kind->name, t->what, xd_vq_fault_text(r->vq.fault));
	} else if (t->fault == XD_VQ_OK) {
		assert_int_equal(r->batch.n, 1);
		assert_frame(&r->batch.frames[0], 100, 7);
	}
	free_ring(r);
}

static void
what_is_unusual_is_walked(void **unused)
{
	(void)unused;
	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		for (unsigned i = 0; i < RTE_DIM(tables); i++)
			check_table(&kinds[k], &tables[i]);
	}
}

/* A split ring's table is a chain, in any order. */
static void
a_table_in_another_order_is_walked(void **unused)
{
	struct ring *r = make_ring(&kinds[0], &(struct variant){64, true, true});
	struct xd_vring_desc *t = table_of(r, 0), second;
	struct xd_split_piece pieces[4] = {{buf_addr(0), HDR + 20, false},
		{buf_addr(0) + HDR + 20, 40, false}, {buf_addr(0) + HDR + 60, 30, false},
		{buf_addr(0) + HDR + 90, 10, false}};

	(void)unused;
	fill(r, 0, 100, 3);
	add(r, 0, pieces, 4, true);
	second = t[1];
	t[1] = t[2];
	t[2] = second;
	t[0].next = 2;
	t[2].next = 1;
	t[1].next = 3;
	xd_vq_driver_publish(&r->driver);
	assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
	assert_frame(&r->batch.frames[0], 100, 3);
	assert_int_equal(r->vq.tables[0].nb_pieces, 0);
	free_ring(r);
}

/* A guest rewrites a table that was read ahead, and its descriptor: the frame is the one that it
 * made available. */
static void
a_table_is_read_once(void **unused)
{
	(void)unused;
	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		struct ring *r = make_ring(&kinds[k], &(struct variant){64, true, true});
		struct xd_split_piece whole = {buf_addr(0), HDR + 60, false};
		struct xd_split_piece pieces[2] = {
			{buf_addr(1), HDR + 54, false}, {buf_addr(1) + HDR + 54, 46, false}};

		fill(r, 0, 60, 1);
		fill(r, 1, 100, 2);
		for (unsigned i = 0; i < XD_BATCH; i++)
			add(r, 0, &whole, 1, false);
		add(r, 1, pieces, 2, true);
		xd_vq_driver_publish(&r->driver);
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), XD_BATCH);
		xd_vq_release(&r->vq, &r->batch);
		memset(table_of(r, 1), 0xff, 2 * sizeof(struct xd_vring_desc));
		assert_int_equal(xd_vq_dequeue(&r->vq, &r->batch), 1);
		assert_frame(&r->batch.frames[0], 100, 2);
		assert_int_equal(r->vq.fault, XD_VQ_OK);
		free_ring(r);
	}
}

/* Frames of four long pieces each end a turn by bytes, and nothing is lost where it ends. */
static void
a_turn_of_tables_is_bounded_in_bytes(void **unused)
{
	(void)unused;
	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		struct ring *r = make_ring(&kinds[k], &(struct variant){64, true, true});
		struct xd_split_piece pieces[4];
		unsigned total = 0;

		for (unsigned i = 0; i < 4; i++)
			pieces[i] = (struct xd_split_piece){buf_addr(16), 16000, false};
		for (unsigned b = 0; b < 8; b++)
			add(r, b, pieces, 4, true);
		xd_vq_driver_publish(&r->driver);
		while (xd_vq_dequeue(&r->vq, &r->batch)) {
			assert_true(r->batch.n <= 3);
			for (unsigned i = 0; i < r->batch.n; i++)
				assert_int_equal(r->batch.frames[i].len, 64000 - HDR);
			/* Half of it comes again. */
			if (r->batch.n == 3)
				xd_vq_rewind(&r->vq, &r->batch, 2);
			total += r->batch.n;
			xd_vq_release(&r->vq, &r->batch);
		}
		assert_int_equal(total, 8);
		assert_int_equal(r->vq.fault, XD_VQ_OK);
		free_ring(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_read_as_the_chain_that_it_holds),
		cmocka_unit_test(what_is_unusual_is_walked),
		cmocka_unit_test(a_table_in_another_order_is_walked),
		cmocka_unit_test(a_table_is_read_once),
		cmocka_unit_test(a_turn_of_tables_is_bounded_in_bytes),
	};

	return cmocka_run_group_tests_name("indirect tables", tests, NULL, NULL);
}
