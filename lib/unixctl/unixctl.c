/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket of ovs-appctl: its life, and a request and its answer. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/server.h"
#include "unixctl/commands.h"
#include "unixctl/pid_file.h"

#define MODE 0600 /* as Open vSwitch makes its own */

struct xd_unixctl {
	struct xd_unixctl_opts opts;
	struct xd_pid_file pid_file;
	struct xd_server *server;
	struct xd_unixctl_cleared cleared;
};

/* ---- A request and its answer ---- */

/* The arguments, borrowed from the request. False: they are not strings, or too many. */
static bool
take_arguments(struct xd_unixctl_call *call, const json_t *params)
{
	const json_t *value;
	size_t i;

	if (json_array_size(params) > XD_UNIXCTL_ARGS)
		return false;
	json_array_foreach(params, i, value)
	{
		call->args[i] = json_string_value(value);
		if (!call->args[i])
			return false;
	}
	call->nb_args = json_array_size(params);
	return true;
}

/* Takes text. NULL: no memory. */
static char *
reply(const json_t *id, bool ok, char *text)
{
	json_t *message = json_pack("{s:O, s:s?, s:s?}", "id", id, "result", ok ? text : NULL,
		"error", ok ? NULL : text);
	char *json = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	free(text);
	return json;
}

static char *
run(struct xd_unixctl *unixctl, const json_t *id, const char *method, const json_t *params)
{
	struct xd_unixctl_call call = {
		.opts = &unixctl->opts,
		.cleared = &unixctl->cleared,
		.sw = unixctl->opts.control->sw,
		.name = method,
	};
	char *text = NULL;
	size_t size;
	bool ok;

	call.out = open_memstream(&text, &size);
	if (!call.out)
		return NULL;
	ok = take_arguments(&call, params)
		     ? xd_unixctl_run(&call)
		     : xd_unixctl_refuse(
			       &call, "arguments are strings, %d at most", XD_UNIXCTL_ARGS);
	/* An error is printed as it is, before the client's own line. */
	if (!ok)
		fputc('\n', call.out);
	if (fclose(call.out)) {
		free(text);
		return NULL;
	}
	return reply(id, ok, text);
}

/* One text: {"id": 0, "method": "fdb/show", "params": ["br0"]}. What is no request of JSON-RPC 1.0
 * ends the connection, as with Open vSwitch. */
static char *
answer(void *ctx, const char *text, size_t len)
{
	json_t *request = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *id = json_object_get(request, "id");
	const json_t *params = json_object_get(request, "params");
	const char *method = json_string_value(json_object_get(request, "method"));
	char *said = NULL;

	if (method && id && !json_is_null(id) && json_is_array(params))
		said = run(ctx, id, method, params);
	json_decref(request);
	return said;
}

/* ---- Its life ---- */

static int
listen_there(struct xd_unixctl *unixctl, struct xd_error *err)
{
	struct xd_server_opts opts = {.group = "",
		.mode = MODE,
		.answer = answer,
		.framing = XD_FRAMING_OBJECTS,
		.ctx = unixctl,
		.loop = unixctl->opts.loop,
		.log = unixctl->opts.log};
	char path[XD_PATH_MAX + 40];
	int ret;

	snprintf(path, sizeof(path), "%s/ovs-vswitchd.pid", unixctl->opts.run_dir);
	ret = xd_pid_file_create(&unixctl->pid_file, path, err);
	if (ret)
		return ret;
	snprintf(
		path, sizeof(path), "%s/ovs-vswitchd.%d.ctl", unixctl->opts.run_dir, (int)getpid());
	opts.path = path;
	unixctl->server = xd_server_create(&opts, err);
	return unixctl->server ? 0 : err->code;
}

struct xd_unixctl *
xd_unixctl_create(const struct xd_unixctl_opts *opts, struct xd_error *err)
{
	struct xd_unixctl *unixctl = calloc(1, sizeof(*unixctl));

	if (!unixctl) {
		xd_fail(err, -ENOMEM, "no memory");
		return NULL;
	}
	unixctl->opts = *opts;
	unixctl->pid_file.fd = -1;
	if (listen_there(unixctl, err)) {
		xd_unixctl_destroy(unixctl);
		return NULL;
	}
	return unixctl;
}

void
xd_unixctl_destroy(struct xd_unixctl *unixctl)
{
	if (!unixctl)
		return;
	xd_server_destroy(unixctl->server);
	xd_pid_file_remove(&unixctl->pid_file);
	free(unixctl->cleared.workers);
	free(unixctl);
}
