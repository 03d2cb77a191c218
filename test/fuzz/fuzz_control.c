/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line that somebody sends to the control socket: JSON-RPC, and the settings of ports and bridges
 * in it. The methods are not the daemon's, which make sockets and files, but take the same
 * parameters through the same readers.
 */
#include <errno.h>

#include "control/key_json.h"
#include "control/rpc.h"
#include "control/yaml.h"
#include "fuzz.h"

/* Every parameter as a key of the entry; what is no key is refused. */
static json_t *
set_all(struct xd_rpc_call *call, const struct xd_noun *noun, void *entry)
{
	if (xd_entry_from_json(noun, entry, call->params, XD_JSON_REQUEST, &call->err))
		return NULL;
	return xd_entry_to_json(noun, entry);
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
	answer = set_all(call, &xd_port_noun, entry);
	xd_config_destroy(config);
	return answer;
}

static json_t *
bridge(struct xd_rpc_call *call)
{
	struct xd_bridge_config entry = {.name = "fuzz"};

	return set_all(call, &xd_bridge_noun, &entry);
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
	{"port.add", port, {"*"}, NULL},
	{"bridge.add", bridge, {"*"}, NULL},
	{"config.check", check, {"text"}, NULL},
	{"log.show", count, {"n"}, NULL},
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
