/* SPDX-License-Identifier: BSD-3-Clause */
/* The device side of a packed ring: fuzz_ring.h. */
#include "fuzz_ring.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_ring(data, size, true);
}
