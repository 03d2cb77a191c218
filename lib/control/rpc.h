/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC 2.0 (https://www.jsonrpc.org/specification): one text in, at most one text out. It
 * knows nothing of sockets and nothing of switches.
 */
#ifndef XD_CONTROL_RPC_H
#define XD_CONTROL_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define XD_RPC_PARSE_ERROR      -32700
#define XD_RPC_INVALID_REQUEST  -32600
#define XD_RPC_METHOD_NOT_FOUND -32601
#define XD_RPC_INVALID_PARAMS   -32602
#define XD_RPC_INTERNAL_ERROR   -32603
#define XD_RPC_REFUSED          -32000 /* ours; data: {"key", "line", "text"} */

#define XD_RPC_MAX_REQUEST (1u << 20) /* bytes of one text */
#define XD_RPC_MAX_BATCH   256        /* requests in one text */
#define XD_RPC_MAX_REPLY   (8u << 20) /* bytes of the answers to one text, errors apart */

/* One call. A method returns its result (a new reference), or NULL with err filled in. */
struct xd_rpc_call {
	void *ctx;
	const void *arg;      /* the method's */
	const json_t *params; /* an object; empty when the request has none */
	struct xd_error err;
	bool bad_params; /* the error is -32602 rather than -32000 */
	unsigned line;   /* of the error in a text that was passed in; 0: none */
};

struct xd_rpc_method {
	const char *name;
	json_t *(*call)(struct xd_rpc_call *call);
	const char *params[12]; /* names that are valid; ended by NULL; {"*"}: the method checks */
	const void *arg;        /* what a function that serves several methods needs to know */
};

/* Answers one text (a request or a batch). methods ends with a NULL name. The answer has a newline
 * at the end and is the caller's to free; NULL: there is nothing to answer (notifications), or no
 * memory. One thread at a time for one ctx. */
char *xd_rpc_answer(const struct xd_rpc_method *methods, void *ctx, const char *text, size_t len);
/* An error answer without a request, for texts that were not read. The caller frees. */
char *xd_rpc_error(int code, const char *message);

/* Parameters. Each returns 0 when *value was set, -ENOENT when there is none and it is not
 * required (*value is NULL or fallback then), else the error is filled in: -EINVAL. */
int xd_rpc_string(struct xd_rpc_call *call, const char *name, bool required, const char **value);
int xd_rpc_bool(struct xd_rpc_call *call, const char *name, bool fallback, bool *value);
int xd_rpc_integer(struct xd_rpc_call *call, const char *name, json_int_t min, json_int_t max,
	json_int_t *value);

#endif
