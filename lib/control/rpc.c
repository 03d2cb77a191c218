/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON-RPC 2.0: requests taken apart, answers put together. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "control/rpc.h"

#define MAX_METHODS 127 /* that a mistyped one is compared with */

/* ---- Answers ---- */

static json_t *
make_error(const json_t *id, int code, const char *message, json_t *data)
{
	json_t *error = json_pack("{s:i, s:s}", "code", code, "message", message);

	if (!error) /* the message is not UTF-8 */
		error = json_pack("{s:i, s:s}", "code", code, "message", "error");
	if (data)
		json_object_set_new(error, "data", data);
	return json_pack(
		"{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(), "error", error);
}

static json_t *
call_error(const json_t *id, const struct xd_rpc_call *call)
{
	const struct xd_error *err = &call->err;
	char message[sizeof(err->key) + sizeof(err->text) + 4];
	json_t *data;

	if (err->code == 0)
		return make_error(id, XD_RPC_INTERNAL_ERROR, "the answer could not be made", NULL);
	snprintf(message, sizeof(message), "%s%s%s", err->key, err->key[0] ? ": " : "", err->text);
	if (call->bad_params)
		return make_error(id, XD_RPC_INVALID_PARAMS, message, NULL);
	data = json_object();
	json_object_set_new(data, "key", err->key[0] ? json_string(err->key) : json_null());
	json_object_set_new(data, "line", call->line ? json_integer(call->line) : json_null());
	json_object_set_new(data, "text", json_string(err->text));
	return make_error(id, XD_RPC_REFUSED, message, data);
}

/* ---- Calls ---- */

static const struct xd_rpc_method *
find_method(const struct xd_rpc_method *methods, const char *name)
{
	for (; methods->name; methods++) {
		if (!strcmp(methods->name, name))
			return methods;
	}
	return NULL;
}

static json_t *
unknown_method(const json_t *id, const struct xd_rpc_method *methods, const char *name)
{
	const char *names[MAX_METHODS + 1] = {0};
	char message[256];
	const char *nearest;

	for (unsigned i = 0; methods[i].name && i < MAX_METHODS; i++)
		names[i] = methods[i].name;
	nearest = xd_suggest_nearest(name, names);
	snprintf(message, sizeof(message), "there is no method %.64s%s%s%s", name,
		nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return make_error(id, XD_RPC_METHOD_NOT_FOUND, message, NULL);
}

static int
check_params(const struct xd_rpc_method *method, struct xd_rpc_call *call)
{
	char hint[200];
	const char *name;
	json_t *value;

	if (method->params[0] && !strcmp(method->params[0], "*"))
		return 0;
	json_object_foreach((json_t *)call->params, name, value)
	{
		bool known = false;

		for (unsigned i = 0; method->params[i]; i++)
			known = known || !strcmp(method->params[i], name);
		if (known)
			continue;
		call->bad_params = true;
		return xd_fail(&call->err, -EINVAL, "%s takes no parameter \"%.60s\"%s",
			method->name, name,
			method->params[0]
				? xd_suggest_hint(name, method->params, hint, sizeof(hint))
				: "");
	}
	return 0;
}

/* Calls a method by its request; the answer, also for a notification. */
static json_t *
dispatch(const struct xd_rpc_method *methods, void *ctx, const json_t *id, const char *name,
	const json_t *params)
{
	const struct xd_rpc_method *method = find_method(methods, name);
	struct xd_rpc_call call = {.ctx = ctx};
	json_t *result = NULL, *none = NULL, *answer;

	if (!method)
		return unknown_method(id, methods, name);
	call.arg = method->arg;
	if (params && !json_is_object(params))
		return make_error(id, XD_RPC_INVALID_PARAMS,
			"params must be an object: parameters have names", NULL);
	if (!params)
		params = none = json_object();
	call.params = params;
	if (check_params(method, &call) == 0)
		result = method->call(&call);
	json_decref(none);
	if (!result)
		return call_error(id, &call);
	answer = json_pack(
		"{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(), "result", result);
	return answer;
}

/* One request of a text. Returns its answer, NULL when it wants none. */
static json_t *
answer_one(const struct xd_rpc_method *methods, void *ctx, const json_t *request)
{
	json_t *id = json_object_get(request, "id");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	const char *name = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");
	json_t *answer;

	if (!json_is_object(request))
		return make_error(NULL, XD_RPC_INVALID_REQUEST, "a request is an object", NULL);
	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		return make_error(NULL, XD_RPC_INVALID_REQUEST,
			"\"id\" must be a string, a number or null", NULL);
	if (!version || strcmp(version, "2.0"))
		return make_error(id, XD_RPC_INVALID_REQUEST, "\"jsonrpc\" must be \"2.0\"", NULL);
	if (!name)
		return make_error(id, XD_RPC_INVALID_REQUEST, "\"method\" must be a string", NULL);
	if (params && !json_is_object(params) && !json_is_array(params))
		return make_error(id, XD_RPC_INVALID_REQUEST, "\"params\" must be an object", NULL);
	answer = dispatch(methods, ctx, id, name, params);
	if (id)
		return answer;
	json_decref(answer);
	return NULL;
}

/* ---- Texts ---- */

/* What is sent for one text. */
struct reply {
	char *text;
	size_t len, size;
	size_t limit; /* of len */
	bool full;    /* an answer did not fit */
};

/* A json_dump_callback_t. */
static int
append(const char *text, size_t len, void *ctx)
{
	struct reply *reply = ctx;
	size_t want = reply->len + len + 1; /* with a NUL */
	char *larger;

	if (want > reply->limit)
		return -1;
	if (want > reply->size) {
		larger = realloc(reply->text, 2 * want);
		if (!larger)
			return -1;
		reply->text = larger;
		reply->size = 2 * want;
	}
	memcpy(reply->text + reply->len, text, len);
	reply->len += len;
	return 0;
}

/* Takes an answer and adds it, or an error when it does not fit. */
static void
append_answer(struct reply *reply, json_t *answer)
{
	size_t len = reply->len;
	json_t *error;

	reply->limit = XD_RPC_MAX_REPLY;
	if (json_dump_callback(answer, append, reply, JSON_COMPACT)) {
		error = make_error(json_object_get(answer, "id"), XD_RPC_INTERNAL_ERROR,
			"carried out, but the answer is too large: ask for less", NULL);
		/* Errors are short, and no more than the requests of a text. */
		reply->full = true;
		reply->limit = SIZE_MAX;
		reply->len = len;
		json_dump_callback(error, append, reply, JSON_COMPACT);
		json_decref(error);
	}
	json_decref(answer);
}

static void
append_text(struct reply *reply, const char *text)
{
	reply->limit = SIZE_MAX;
	append(text, strlen(text), reply);
}

/* The whole text, with a newline and a NUL; NULL: there is none. */
static char *
finish(struct reply *reply)
{
	if (reply->len == 0)
		return NULL;
	append_text(reply, "\n");
	reply->text[reply->len] = 0;
	return reply->text;
}

/* After an answer that did not fit, requests are not carried out. */
static json_t *
skip_one(const json_t *request)
{
	json_t *id = json_object_get(request, "id");

	return id ? make_error(id, XD_RPC_INTERNAL_ERROR,
			    "not carried out: the answers before it are too large together", NULL)
		  : NULL;
}

static void
answer_batch(
	const struct xd_rpc_method *methods, void *ctx, const json_t *batch, struct reply *reply)
{
	json_t *request;
	size_t i;

	if (json_array_size(batch) == 0 || json_array_size(batch) > XD_RPC_MAX_BATCH) {
		append_answer(
			reply, make_error(NULL, XD_RPC_INVALID_REQUEST,
				       json_array_size(batch)
					       ? "the batch has too many requests: at most 256"
					       : "the batch is empty",
				       NULL));
		return;
	}
	json_array_foreach(batch, i, request)
	{
		json_t *answer =
			reply->full ? skip_one(request) : answer_one(methods, ctx, request);

		if (!answer)
			continue;
		append_text(reply, reply->len ? "," : "[");
		append_answer(reply, answer);
	}
	if (reply->len)
		append_text(reply, "]");
}

char *
xd_rpc_error(int code, const char *message)
{
	struct reply reply = {0};

	append_answer(&reply, make_error(NULL, code, message, NULL));
	return finish(&reply);
}

char *
xd_rpc_answer(const struct xd_rpc_method *methods, void *ctx, const char *text, size_t len)
{
	struct reply reply = {0};
	char message[256];
	json_error_t error;
	json_t *request, *answer;

	request = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!request) {
		snprintf(message, sizeof(message), "not JSON: %s (column %d)", error.text,
			error.column);
		return xd_rpc_error(XD_RPC_PARSE_ERROR, message);
	}
	if (json_is_array(request)) {
		answer_batch(methods, ctx, request, &reply);
	} else {
		answer = answer_one(methods, ctx, request);
		if (answer)
			append_answer(&reply, answer);
	}
	json_decref(request);
	return finish(&reply);
}

/* ---- Parameters ---- */

int
xd_rpc_string(struct xd_rpc_call *call, const char *name, bool required, const char **value)
{
	json_t *param = json_object_get(call->params, name);

	*value = NULL;
	if ((!param || json_is_null(param)) && !required)
		return -ENOENT;
	if (json_is_string(param)) {
		*value = json_string_value(param);
		return 0;
	}
	call->bad_params = true;
	return xd_fail(&call->err, -EINVAL, "parameter \"%s\" %s", name,
		param ? "must be a string" : "is missing");
}

int
xd_rpc_bool(struct xd_rpc_call *call, const char *name, bool fallback, bool *value)
{
	json_t *param = json_object_get(call->params, name);

	*value = fallback;
	if (!param || json_is_null(param))
		return -ENOENT;
	*value = json_is_true(param);
	if (json_is_boolean(param))
		return 0;
	call->bad_params = true;
	return xd_fail(&call->err, -EINVAL, "parameter \"%s\" must be true or false", name);
}

int
xd_rpc_integer(struct xd_rpc_call *call, const char *name, json_int_t min, json_int_t max,
	json_int_t *value)
{
	json_t *param = json_object_get(call->params, name);

	if (!param || json_is_null(param))
		return -ENOENT;
	*value = json_integer_value(param);
	if (json_is_integer(param) && *value >= min && *value <= max)
		return 0;
	call->bad_params = true;
	return xd_fail(&call->err, -EINVAL,
		"parameter \"%s\" must be a number, %" JSON_INTEGER_FORMAT
		" to %" JSON_INTEGER_FORMAT,
		name, min, max);
}
