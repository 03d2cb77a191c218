/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection to a database server that never waits: "unix:PATH", "tcp:ADDRESS[:PORT]" or
 * "ssl:ADDRESS[:PORT]", as ovsdb(7) writes them. Addresses are numbers: a name would have to be
 * looked up, which takes as long as others like.
 *
 * One thread.
 */
#ifndef XD_OVSDB_STREAM_H
#define XD_OVSDB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ovsdb/tls.h"

#define XD_OVSDB_PORT 6640 /* of TCP and TLS, where a remote names none (IANA) */

struct xd_ovsdb_stream;

/* -EINVAL, -ENAMETOOLONG: not a remote; or it is ssl, and a file is not named. */
int xd_ovsdb_remote_check(
	const char *remote, const struct xd_ovsdb_tls_files *files, struct xd_error *err);
/* Whether there is a network in between that can go away without a word. */
bool xd_ovsdb_remote_is_far(const char *remote);

/* Begins to connect. NULL: why, at once. */
struct xd_ovsdb_stream *xd_ovsdb_stream_open(
	const char *remote, const struct xd_ovsdb_tls_files *files, struct xd_error *err);
void xd_ovsdb_stream_close(struct xd_ovsdb_stream *stream); /* NULL is fine */
int xd_ovsdb_stream_fd(const struct xd_ovsdb_stream *stream);
/* EPOLLIN or EPOLLOUT or both: what the next step waits for, where there is something to write. */
uint32_t xd_ovsdb_stream_events(const struct xd_ovsdb_stream *stream, bool writes);

/* Goes on with connecting, when its descriptor is ready. 1: it is connected; 0: not yet; -errno. */
int xd_ovsdb_stream_connect(struct xd_ovsdb_stream *stream, struct xd_error *err);
/* Whether bytes were received that the descriptor does not tell of any more. */
bool xd_ovsdb_stream_pending(const struct xd_ovsdb_stream *stream);
/* Bytes read or written, at least 1; -EAGAIN: none for now; -EPIPE: the server has ended it; else
 * what failed, with err filled in. */
ssize_t xd_ovsdb_stream_read(
	struct xd_ovsdb_stream *stream, void *bytes, size_t size, struct xd_error *err);
ssize_t xd_ovsdb_stream_write(
	struct xd_ovsdb_stream *stream, const void *bytes, size_t len, struct xd_error *err);

#endif
