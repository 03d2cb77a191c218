/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.show: what mirrors copy, and how much they did. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/key_json.h"
#include "control/methods.h"
#include "mirror.h"

static json_t *
show_mirror(const struct xd_mirror_info *info)
{
	json_t *mirror = json_pack("{s:s}", "name", info->config.name);

	json_object_update_new(mirror, xd_entry_to_json(&xd_mirror_noun, &info->config));
	json_object_set_new(mirror, "tx_frames", json_integer((json_int_t)info->tx_frames));
	json_object_set_new(mirror, "tx_bytes", json_integer((json_int_t)info->tx_bytes));
	json_object_set_new(mirror, "dropped", json_integer((json_int_t)info->dropped));
	return mirror;
}

json_t *
xd_method_mirror_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_mirror_info *info;
	json_t *list;
	const char *name;
	unsigned n;

	if (xd_rpc_string(call, "name", false, &name) == -EINVAL)
		return NULL;
	info = calloc(XD_MAX_MIRRORS, sizeof(*info));
	if (!info) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	n = xd_switch_mirrors(control->sw, info, XD_MAX_MIRRORS);
	list = json_array();
	for (unsigned i = 0; i < n; i++) {
		if (!name || !strcmp(name, info[i].config.name))
			json_array_append_new(list, show_mirror(&info[i]));
	}
	free(info);
	if (name && json_array_size(list) == 0) {
		json_decref(list);
		xd_noun_missing(&xd_mirror_noun, control->running->config, name, &call->err);
		return NULL;
	}
	return json_pack("{s:o}", "mirrors", list);
}
