/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share: taking an input apart, and failing. Whoever reads past the end of
 * the input gets zeroes, so that every input means something.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

/* A rule that the code under test has to keep, whatever comes. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline void
take(struct input *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memcpy(to, in->data, have);
	memset((uint8_t *)to + have, 0, n - have);
	in->data += have;
	in->left -= have;
}

static inline uint8_t
take_u8(struct input *in)
{
	uint8_t v;

	take(in, &v, sizeof(v));
	return v;
}

static inline uint16_t
take_u16(struct input *in)
{
	uint16_t v;

	take(in, &v, sizeof(v));
	return v;
}

#endif
