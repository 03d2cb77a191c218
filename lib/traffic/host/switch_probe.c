/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection to crossdockd's control socket, and what it answers. */
#include <errno.h>
#include <stdlib.h>

#include "control/client.h"
#include "traffic/host/switch_probe.h"

#define TIMEOUT_MS 2000

struct xd_switch_probe {
	struct xd_client *client;
};

struct xd_switch_probe *
xd_switch_probe_open(const char *socket, struct xd_error *err)
{
	struct xd_switch_probe *probe = calloc(1, sizeof(*probe));

	if (!probe) {
		xd_fail(err, -ENOMEM, "no memory to ask the switch");
		return NULL;
	}
	probe->client = xd_client_connect(socket, TIMEOUT_MS, err);
	if (!probe->client) {
		free(probe);
		return NULL;
	}
	return probe;
}

void
xd_switch_probe_close(struct xd_switch_probe *probe)
{
	if (!probe)
		return;
	xd_client_close(probe->client);
	free(probe);
}

/* 0 with *result, or the error. */
static int
call(struct xd_switch_probe *probe, const char *method, json_t **result, struct xd_error *err)
{
	struct xd_error why = {0};

	*result = xd_client_call(probe->client, method, NULL, NULL, &why);
	if (*result)
		return 0;
	if (err)
		*err = why;
	return why.code ? why.code : -EPROTO;
}

int
xd_switch_probe_sample(
	struct xd_switch_probe *probe, struct xd_probe_sample *sample, struct xd_error *err)
{
	json_t *result, *worker;
	int rc = call(probe, "worker.show", &result, err);
	size_t i;

	sample->nb_workers = 0;
	if (rc)
		return rc;
	json_array_foreach(json_object_get(result, "workers"), i, worker)
	{
		if (i == XD_PROBE_WORKERS)
			break;
		sample->workers[i].core = (int)json_integer_value(json_object_get(worker, "core"));
		sample->workers[i].busy_cycles =
			(uint64_t)json_integer_value(json_object_get(worker, "busy_cycles"));
		sample->workers[i].frames =
			(uint64_t)json_integer_value(json_object_get(worker, "frames"));
		sample->nb_workers = (unsigned)i + 1;
	}
	json_decref(result);
	return sample->nb_workers
		       ? 0
		       : xd_fail(err, -EPROTO, "the switch names no worker; is it crossdockd?");
}

int
xd_switch_probe_damped(struct xd_switch_probe *probe, uint64_t *damped, struct xd_error *err)
{
	json_t *result, *bridge;
	int rc = call(probe, "bridge.show", &result, err);
	size_t i;

	if (rc)
		return rc;
	*damped = 0;
	json_array_foreach(json_object_get(result, "bridges"), i, bridge)
	{
		*damped += (uint64_t)json_integer_value(json_object_get(bridge, "damped"));
	}
	json_decref(result);
	return 0;
}
