/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of text, read as a whole or not at all. Any thread. */
#ifndef XD_CONTROL_READ_FILE_H
#define XD_CONTROL_READ_FILE_H

#include <stddef.h>

#include "base/error.h"

#define XD_FILE_MAX_BYTES (1u << 20)

/* What may be read beside a regular file: a pipe or FIFO to its end, "-" for standard input, and
 * how long its writer may take. */
#define XD_READ_REGULAR 0  /* nothing: what is no regular file is refused, as is "-" */
#define XD_READ_WAIT    -1 /* as long as it takes */

/* The bytes of a file, ended by a NUL that *len does not count; the caller frees. wait_ms: see
 * above; greater than 0: milliseconds. NULL, err says why in a line: -ENOENT and others of open and
 * read; -EISDIR; -EINVAL: of no kind that may be read here; -EFBIG: more than XD_FILE_MAX_BYTES;
 * -ETIMEDOUT; -ENODATA: a pipe without anything in it, whose writer is taken to have failed;
 * -EAGAIN: a file that was changed while it was read. */
char *xd_read_file(const char *path, int wait_ms, size_t *len, struct xd_error *err);

#endif
