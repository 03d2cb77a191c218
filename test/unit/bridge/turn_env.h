/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for turns, batches and plans that a test makes by hand. */
#ifndef TEST_TURN_ENV_H
#define TEST_TURN_ENV_H

#include <stdlib.h>
#include <string.h>

/* Of zeroes, aligned as batches and their frames have to be. */
static inline void *
make(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(p);
	memset(p, 0, size);
	return p;
}

#endif
