/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of the daemon, and what a failed one is told by. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/one_line.h"
#include "ctl.h"

#define TIMEOUT_MS 30000

void
ctl_disconnect(struct ctl *ctl)
{
	xd_client_close(ctl->client);
	ctl->client = NULL;
}

/* One call, on a connection that is made when there is none. */
static json_t *
call(struct ctl *ctl, const char *method, json_t *params, unsigned *line, struct xd_error *err)
{
	json_t *result;

	*line = 0;
	if (!ctl->client)
		ctl->client = xd_client_connect(ctl->socket, TIMEOUT_MS, err);
	if (!ctl->client) {
		size_t used = strlen(err->text);

		if (err->code == -ENOENT || err->code == -ECONNREFUSED)
			snprintf(err->text + used, sizeof(err->text) - used,
				" (--control SOCKET names another)");
		json_decref(params);
		return NULL;
	}
	result = xd_client_call(ctl->client, method, params, line, err);
	/* After anything but a refusal the connection is of no use: the shell makes another. */
	if (!result && err->code != -EREMOTEIO)
		ctl_disconnect(ctl);
	return result;
}

json_t *
ctl_call(struct ctl *ctl, const char *method, json_t *params)
{
	char where[32] = "";
	struct xd_error err = {0};
	unsigned line;
	json_t *result = call(ctl, method, params, &line, &err);

	if (result) {
		ctl->status = CTL_DONE;
		return result;
	}
	ctl->status = err.code == -EREMOTEIO ? CTL_REFUSED : CTL_USAGE;
	if (line)
		snprintf(where, sizeof(where), ":%u", line);
	fprintf(stderr, "crossdockctl: %s%s%s%s%s%s\n", ctl->file ? ctl->file : "",
		ctl->file ? where : "", ctl->file ? ": " : "", err.key, err.key[0] ? ": " : "",
		err.text);
	return NULL;
}

json_t *
ctl_ask(struct ctl *ctl, const char *method)
{
	struct xd_error err;
	unsigned line;

	return call(ctl, method, NULL, &line, &err);
}

int
ctl_usage(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	xd_one_line(text);
	fprintf(stderr, "crossdockctl: %s\n", text);
	return CTL_USAGE;
}

const char *
ctl_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t
ctl_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

char *
ctl_bytes(json_int_t bytes, char text[16])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 16, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}
