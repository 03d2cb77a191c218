/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line that somebody sends to the control socket: JSON-RPC, and the settings of ports and bridges
 * in it. The methods are not the daemon's, which make sockets and files, but take the same
 * parameters through the same readers.
 */
#include <errno.h>

#include "control/rpc.h"
#include "control/settings.h"
#include "control/yaml.h"
#include "fuzz.h"

/* Every parameter as a setting of the entry; what is no setting is refused. */
static json_t *
set_all(struct xd_rpc_call *call, const struct xd_setting *table, const char *type, void *entry)
{
	char text[XD_SETTING_TEXT];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)call->params, key, value)
	{
		if (xd_setting_from_json(value, text)) {
			xd_fail_key(&call->err, -EINVAL, key, "not a value");
			return NULL;
		}
		if (xd_setting_set(table, type, "fuzz", entry, key, text, &call->err))
			return NULL;
	}
	return xd_settings_to_json(table, type, entry);
}

static json_t *
port(struct xd_rpc_call *call)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config *entry;
	json_t *answer;

	MUST(config != NULL);
	entry = xd_config_add_port(config, "fuzz", "vhost-user", "br0", NULL);
	MUST(entry != NULL);
	answer = set_all(call, xd_port_settings, "vhost-user", entry);
	xd_config_destroy(config);
	return answer;
}

static json_t *
bridge(struct xd_rpc_call *call)
{
	struct xd_bridge_config entry = {.name = "fuzz"};

	return set_all(call, xd_bridge_settings, NULL, &entry);
}

static json_t *
check(struct xd_rpc_call *call)
{
	struct xd_daemon_config *config;
	const char *text;

	if (xd_rpc_string(call, "text", true, &text))
		return NULL;
	config = xd_yaml_read_config(text, strlen(text), 0, NULL, &call->err);
	if (!config)
		return NULL;
	xd_daemon_config_destroy(config);
	return json_true();
}

static json_t *
count(struct xd_rpc_call *call)
{
	json_int_t n = 1;

	if (xd_rpc_integer(call, "n", 0, 1000, &n) == -EINVAL)
		return NULL;
	return json_integer(n);
}

static const struct xd_rpc_method methods[] = {
	{"port.add", port, {"*"}},
	{"bridge.add", bridge, {"*"}},
	{"config.check", check, {"text"}},
	{"log.show", count, {"n"}},
	{0},
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *answer = xd_rpc_answer(methods, NULL, (const char *)data, size);

	if (answer) {
		size_t len = strlen(answer);

		MUST(len > 0 && len <= XD_RPC_MAX_REPLY && answer[len - 1] == '\n');
		/* One line, whatever was in the request. */
		MUST(strchr(answer, '\n') == answer + len - 1);
	}
	free(answer);
	return 0;
}
