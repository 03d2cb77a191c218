/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks a running crossdockd. Blocking, with a time limit; one thread per client. */
#ifndef XD_CONTROL_CLIENT_H
#define XD_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct xd_client;

/* -ECONNREFUSED: nobody answers on path; or the errno of the call that failed. */
struct xd_client *xd_client_connect(const char *path, unsigned timeout_ms, struct xd_error *err);
void xd_client_close(struct xd_client *client); /* NULL is fine */

/* Calls a method. params (taken; NULL: none) is an object. Returns the result, the caller's; NULL
 * when it failed:
 *   -EREMOTEIO   crossdockd refused: err has its text, and its key when there is one; *line (may
 *                be NULL) is the line in the YAML that was passed, or 0
 *   others       no answer: -ETIMEDOUT, -ECONNRESET, -EBADMSG; the client is of no use any more */
json_t *xd_client_call(struct xd_client *client, const char *method, json_t *params, unsigned *line,
	struct xd_error *err);

#endif
