/* SPDX-License-Identifier: BSD-3-Clause */
/* A pause between trials that ends early when the run is cancelled. */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "traffic/engine/search/wait.h"

#define SLICE_S 0.05 /* between looks at whether to go on */

int
xd_search_wait(const struct xd_gen *gen, double seconds)
{
	while (seconds > 0) {
		struct timespec t = {.tv_nsec = (long)(fmin(seconds, SLICE_S) * 1e9)};

		if (xd_gen_cancelled(gen))
			return -EINTR;
		nanosleep(&t, NULL);
		seconds -= SLICE_S;
	}
	return xd_gen_cancelled(gen) ? -EINTR : 0;
}
