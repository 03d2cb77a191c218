/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS over a connection that never waits, as its client: both ends show certificates, and the
 * server's has to be signed by an authority that is trusted. As Open vSwitch does it, no name in it
 * is looked at: the authority is for these servers alone.
 *
 * One thread.
 */
#ifndef XD_OVSDB_TLS_H
#define XD_OVSDB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Paths of files in PEM: its own private key and certificate, and the authorities'. Borrowed. */
struct xd_ovsdb_tls_files {
	const char *key, *cert, *ca;
};

struct xd_ovsdb_tls;

/* Reads the files anew, so that a renewed certificate is used from the next connection on. NULL:
 * -EINVAL: the text says which file is wrong; -ENOMEM. The descriptor stays the caller's. */
struct xd_ovsdb_tls *xd_ovsdb_tls_create(
	int fd, const struct xd_ovsdb_tls_files *files, struct xd_error *err);
void xd_ovsdb_tls_destroy(struct xd_ovsdb_tls *tls); /* NULL is fine */

/* 1: both are sure of each other; 0: not yet; -EPROTO: they are not. */
int xd_ovsdb_tls_connect(struct xd_ovsdb_tls *tls, struct xd_error *err);
/* As xd_ovsdb_stream_read and _write. */
ssize_t xd_ovsdb_tls_read(struct xd_ovsdb_tls *tls, void *bytes, size_t size, struct xd_error *err);
ssize_t xd_ovsdb_tls_write(
	struct xd_ovsdb_tls *tls, const void *bytes, size_t len, struct xd_error *err);
/* Whether the last call waits for room in the socket; and whether bytes are there that the socket
 * no longer has. */
bool xd_ovsdb_tls_wants_room(const struct xd_ovsdb_tls *tls);
bool xd_ovsdb_tls_pending(const struct xd_ovsdb_tls *tls);

#endif
