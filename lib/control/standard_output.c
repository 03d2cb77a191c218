/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program does about its standard output before its first line and after its last. */
#include "control/standard_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
xd_standard_reserve(void)
{
	int fd;

	/* The lowest number that is free is taken. */
	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
xd_standard_finish(const char *program)
{
	int code;

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	code = errno ? errno : EIO; /* what failed earlier has not kept its reason */
	fprintf(stderr, "%s: cannot write the output: %s\n", program, strerror(code));
	return -code;
}
