/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods for tests to call; their ctx is an int. */
#ifndef TEST_RPC_METHODS_H
#define TEST_RPC_METHODS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/rpc.h"

static json_t *
echo(struct xd_rpc_call *call)
{
	const char *text;

	*(int *)call->ctx += 1;
	if (xd_rpc_string(call, "text", true, &text))
		return NULL;
	return json_pack("{s:s}", "text", text);
}

static json_t *
add(struct xd_rpc_call *call)
{
	json_int_t n = 1;

	if (xd_rpc_integer(call, "n", 0, 10, &n) == -EINVAL)
		return NULL;
	return json_integer(*(int *)call->ctx += n);
}

static json_t *
refuse(struct xd_rpc_call *call)
{
	call->line = 7;
	xd_fail_key(&call->err, -EINVAL, "ports.a.mtu", "is wrong");
	return NULL;
}

/* An answer that no socket buffer holds. */
static json_t *
large(struct xd_rpc_call *call)
{
	char *text = malloc(4 << 20);
	json_t *result;

	(void)call;
	memset(text, 'x', 4 << 20);
	result = json_stringn(text, 4 << 20);
	free(text);
	return result;
}

static const struct xd_rpc_method methods[] = {
	{"echo", echo, {"text"}, NULL},
	{"add", add, {"n"}, NULL},
	{"refuse", refuse, {NULL}, NULL},
	{"large", large, {NULL}, NULL},
	{0},
};

/* How answers begin. */
#define ERROR(id, code)   "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code
#define RESULT(id, value) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" value "}"

#endif
