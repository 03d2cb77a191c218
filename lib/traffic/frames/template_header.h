/* SPDX-License-Identifier: BSD-3-Clause */
/* What template*.c know of headers: their fields as a table, and the values that a template gives
 * them. Shared by those files alone. */
#ifndef XD_TRAFFIC_FRAMES_TEMPLATE_HEADER_H
#define XD_TRAFFIC_FRAMES_TEMPLATE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/frames/template.h"

#define XD_TEMPLATE_HEADERS_MAX 5   /* Ethernet, two tags, layers 3 and 4 */
#define XD_TEMPLATE_FIELDS_MAX  8   /* of one header */
#define XD_TEMPLATE_BYTES_MAX   82  /* Ethernet, two tags, IPv6 and TCP */
#define XD_TEMPLATE_VALUE_TEXT  128 /* bytes of a value: a range of IPv6 addresses with its step */
/* Bytes of a header with all of its fields. */
#define XD_TEMPLATE_HEADER_TEXT (XD_TEMPLATE_FIELDS_MAX * (XD_TEMPLATE_VALUE_TEXT + 8) + 16)

typedef unsigned __int128 xd_field_number;

enum xd_header_kind {
	XD_HEADER_ETH,
	XD_HEADER_VLAN,
	XD_HEADER_SVLAN,
	XD_HEADER_IPV4,
	XD_HEADER_IPV6,
	XD_HEADER_UDP,
	XD_HEADER_TCP,
	XD_HEADER_ICMP,
};

/* How a value is typed. */
enum xd_field_kind {
	XD_FIELD_NUMBER,
	XD_FIELD_HEX, /* a number that is written as 0x... */
	XD_FIELD_MAC,
	XD_FIELD_IPV4,
	XD_FIELD_IPV6,
	XD_FIELD_TCP_FLAGS, /* a number or "syn+ack" */
};

/* What a field has when the template does not give it. */
enum xd_field_own {
	XD_OWN_PRESET, /* the same in each frame */
	XD_OWN_NEXT,   /* what the next header says, else the preset */
	XD_OWN_SOURCE, /* the generator's address */
	XD_OWN_DESTINATION,
	XD_OWN_SOURCE_PORT,
};

struct xd_field_def {
	const char *name; /* NULL ends a header's fields */
	enum xd_field_kind kind;
	enum xd_field_own own;
	uint16_t bit;  /* of the header, the first one sent is 0 */
	uint16_t bits; /* at most 128 */
	uint32_t preset;
};

struct xd_header_def {
	const char *name;
	enum xd_header_kind kind;
	uint8_t layer; /* 1: Ethernet, 2: tags, 3, 4 */
	uint8_t bytes; /* tags and Ethernet without the type that follows them */
	struct xd_field_def fields[XD_TEMPLATE_FIELDS_MAX + 1];
};

/* All that can be, in the order of enum xd_header_kind. */
extern const struct xd_header_def xd_header_defs[];
#define XD_HEADER_KINDS (XD_HEADER_ICMP + 1)

/* A constant is a range of one. */
struct xd_template_value {
	bool given;
	uint64_t count;
	xd_field_number first, step;
};

struct xd_template_header {
	const struct xd_header_def *def;
	struct xd_template_value values[XD_TEMPLATE_FIELDS_MAX]; /* in the order of def->fields */
};

struct xd_template {
	unsigned n;
	struct xd_template_header headers[XD_TEMPLATE_HEADERS_MAX];
	char *text;
};

/* Eth, IPv4, UDP with nothing given: what NULL stands for. */
extern const struct xd_template xd_template_default;

/* The header of that layer, or NULL. */
const struct xd_template_header *xd_template_layer(const struct xd_template *t, unsigned layer);

/* Appends a header, or gives the one appended last a value. name and text end after so many bytes.
 * -EINVAL: unknown, twice, out of place, or out of its bounds. */
int xd_template_add(struct xd_template *t, const char *name, size_t name_len, struct xd_error *err);
int xd_template_set(struct xd_template *t, const char *name, size_t name_len, const char *text,
	size_t text_len, struct xd_error *err);
/* After the last header: what only the whole can tell, and t->text. -EINVAL, -ENOMEM. */
int xd_template_finish(struct xd_template *t, struct xd_error *err);

/* A value as it is typed: "5", "10.0.0.1..10.0.0.9+2". header is named in errors. -EINVAL. */
int xd_template_value_parse(const char *header, const struct xd_field_def *def, const char *text,
	size_t len, struct xd_template_value *value, struct xd_error *err);
/* As it would be typed, in the shortest way; at most XD_TEMPLATE_VALUE_TEXT bytes. */
void xd_template_value_print(
	const struct xd_field_def *def, const struct xd_template_value *value, char *text);

#endif
