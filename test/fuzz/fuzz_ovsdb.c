/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a database's server sends, and rows of somebody who may write to it: texts out of a stream,
 * updates of rows, and Interfaces, Ports and Bridges as ports and bridges of the switch.
 *
 *     byte 0     the stream comes in pieces of so many bytes, or all at once for 0
 *     the rest   the stream: objects {TABLE: {UUID: {"new": ROW}}}
 */
#include "fuzz.h"
#include "ovsdb/message.h"
#include "ovsdb/rows.h"
#include "ovsdb/tables.h"
#include "ovsdb/value.h"

/* Every pair of one row of each kind. */
static void
translate(const struct xd_ovsdb_replica *rows)
{
	const json_t *interfaces = xd_ovsdb_replica_table(rows, "Interface");
	struct xd_error err = {0}, remark = {0};
	struct xd_ovsdb_place place = {
		.bridge = xd_ovsdb_replica_row(rows, "Bridge", "b"),
		.bridge_mac = (const uint8_t[6]){2},
		.port = xd_ovsdb_replica_row(rows, "Port", "p"),
		.qos = xd_ovsdb_replica_row(rows, "QoS", "q"),
		.queue = xd_ovsdb_replica_row(rows, "Queue", "u"),
		.vhost_dir = "/nonexistent",
		.remark = &remark,
	};
	const char *const members[] = {"one", "two"};
	struct xd_bridge_config bridge;
	struct xd_port_config config;
	const char *uuid;
	json_t *row;

	json_object_foreach((json_t *)(uintptr_t)interfaces, uuid, row)
	{
		if (xd_ovsdb_interface(&place, row, &config, &err) < 0)
			MUST(err.text[0] && strlen(err.text) < sizeof(err.text));
		else
			MUST(memchr(config.name, 0, sizeof(config.name)) && config.queues >= 1 &&
				config.queues <= XD_PORT_QUEUES);
	}
	if (xd_ovsdb_bond(&place, members, 2, 1500, &config, &err) == 0)
		MUST(config.vlan == XD_VLAN_NONE || config.vlan <= XD_VLAN_MAX);
	MUST(memchr(remark.text, 0, sizeof(remark.text)) && !remark.code == !remark.text[0]);
	if (xd_ovsdb_bridge_config(place.bridge, &bridge, &err) == 0)
		MUST(bridge.name[0] && bridge.mac_limit > 0);
}

static void
take_messages(struct xd_ovsdb_reader *reader, struct xd_ovsdb_replica *rows, bool *ended)
{
	struct xd_error err;
	json_t *message;
	int ret;

	while ((ret = xd_ovsdb_reader_next(reader, &message, &err)) > 0) {
		MUST(json_is_object(message));
		if (xd_ovsdb_replica_update(rows, message, &err) >= 0)
			translate(rows);
		json_decref(message);
	}
	*ended = ret < 0;
	MUST(ret == 0 || err.text[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct xd_ovsdb_reader reader = {0};
	size_t piece = take_u8(&in), room;
	struct xd_ovsdb_replica rows;
	struct xd_error err;
	bool ended = false;

	MUST(xd_ovsdb_replica_init(&rows, xd_ovsdb_tables, &err) == 0);
	while (in.left > 0 && !ended) {
		char *at = xd_ovsdb_reader_room(&reader, &room, &err);
		size_t n = piece && piece < in.left ? piece : in.left;

		MUST(at != NULL && room > 0);
		n = n < room ? n : room;
		take(&in, at, n);
		xd_ovsdb_reader_put(&reader, n);
		take_messages(&reader, &rows, &ended);
	}
	xd_ovsdb_reader_reset(&reader);
	xd_ovsdb_replica_free(&rows);
	return 0;
}
