/* SPDX-License-Identifier: BSD-3-Clause */
/* NOUN.add, .set, .del, .rename: one entry of the configuration; NOUN.show, unless the noun has its
 * own. */
#include <errno.h>
#include <string.h>

#include "control/key_json.h"
#include "control/methods.h"

/* The noun that a method is about, and the entry's name. NULL: err says why. */
static const struct xd_noun *
begin(struct xd_rpc_call *call, const char **name)
{
	return xd_rpc_string(call, "name", true, name) ? NULL : call->arg;
}

/* A copy of what runs, to be edited and committed. */
static struct xd_daemon_config *
copy_running(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_daemon_config *next;

	if (xd_control_elsewhere(control, call->arg)) {
		xd_control_refuse(control, call->arg, &call->err);
		return NULL;
	}
	next = xd_daemon_config_copy(control->running);
	if (!next)
		xd_fail(&call->err, -ENOMEM, "no memory");
	return next;
}

/* ret: how editing went; errors are in the call. */
static json_t *
finish(struct xd_rpc_call *call, struct xd_daemon_config *next, int ret)
{
	if (ret == 0)
		return xd_method_commit(call, next);
	xd_daemon_config_destroy(next);
	return NULL;
}

json_t *
xd_method_entry_add(struct xd_rpc_call *call)
{
	const char *name;
	const struct xd_noun *noun = begin(call, &name);
	struct xd_daemon_config *next = noun ? copy_running(call) : NULL;
	void *entry;

	if (!next)
		return NULL;
	entry = xd_noun_add(noun, next->config, name, &call->err);
	return finish(call, next,
		entry ? xd_entry_from_json(noun, entry, call->params, XD_JSON_REQUEST, &call->err)
		      : call->err.code);
}

json_t *
xd_method_entry_set(struct xd_rpc_call *call)
{
	const char *name;
	const struct xd_noun *noun = begin(call, &name);
	struct xd_daemon_config *next = noun ? copy_running(call) : NULL;
	void *entry;

	if (!next)
		return NULL;
	entry = xd_noun_get(noun, next->config, name);
	return finish(call, next,
		entry ? xd_entry_from_json(noun, entry, call->params, XD_JSON_REQUEST, &call->err)
		      : xd_noun_missing(noun, next->config, name, &call->err));
}

json_t *
xd_method_entry_del(struct xd_rpc_call *call)
{
	const char *name;
	const struct xd_noun *noun = begin(call, &name);
	struct xd_daemon_config *next = noun ? copy_running(call) : NULL;
	int ret;

	if (!next)
		return NULL;
	ret = xd_noun_unused(noun, next->config, name, &call->err);
	if (ret == 0)
		ret = xd_noun_del(noun, next->config, name, &call->err);
	return finish(call, next, ret);
}

json_t *
xd_method_entry_rename(struct xd_rpc_call *call)
{
	const char *name, *to;
	const struct xd_noun *noun = begin(call, &name);
	struct xd_daemon_config *next;

	if (!noun || xd_rpc_string(call, "to", true, &to))
		return NULL;
	next = copy_running(call);
	return next ? finish(call, next, xd_noun_rename(noun, next->config, name, to, &call->err))
		    : NULL;
}

json_t *
xd_method_entry_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;
	const struct xd_noun *noun = call->arg;
	json_t *list, *object;
	const char *name;

	if (xd_rpc_string(call, "name", false, &name) == -EINVAL)
		return NULL;
	if (name && !xd_noun_get(noun, config, name)) {
		xd_noun_missing(noun, config, name, &call->err);
		return NULL;
	}
	list = json_array();
	for (unsigned i = 0; i < xd_noun_count(noun, config); i++) {
		const void *entry = xd_noun_entry(noun, config, i);

		if (name && strcmp(name, entry))
			continue;
		object = json_pack("{s:s}", "name", (const char *)entry);
		json_object_update_new(object, xd_entry_to_json(noun, entry));
		json_array_append_new(list, object);
	}
	return json_pack("{s:o}", noun->section, list);
}
