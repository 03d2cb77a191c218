/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Structs that a caller fills and that begin with their size in bytes, a uint32_t: a program that
 * was compiled with an older header has a shorter one, and what it lacks reads as zeroes.
 */
#ifndef XD_BASE_SIZED_H
#define XD_BASE_SIZED_H

#include <stdint.h>

#include "base/error.h"

/* Copies the struct at `given` into the one at `whole`, of `bytes`. what: "a hook", for people;
 * least: bytes that the first version had. -EINVAL: it says of itself that it is shorter, or
 * longer than `bytes`. Any thread. */
int xd_sized_take(void *whole, uint32_t bytes, const void *given, uint32_t least, const char *what,
	struct xd_error *err);

#endif
