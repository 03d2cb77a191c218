/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames as a person describes them: headers from outside to inside, fields that are constant or
 * run through a range.
 *
 *   eth/vlan(id=10,pcp=3)/ipv4(src=10.0.0.1..10.0.0.250,dst=10.1.0.1)/udp(sport=1000..1999,dport=53)
 *
 * Headers, from outside to inside: eth, at most two tags, layer 3, layer 4.
 *
 *   eth    src dst (MAC addresses), type (of what follows the tags; without ipv4 and ipv6)
 *   vlan   id pcp dei (802.1Q)
 *   svlan  the same of a service tag (802.1ad), outside of vlan
 *   ipv4   src dst tos ttl id, proto (without layer 4)
 *   ipv6   src dst tc hop flow, proto (without layer 4)
 *   udp    sport dport
 *   tcp    sport dport seq ack flags window
 *   icmp   type code id seq (behind ipv6: ICMPv6)
 *
 * A value is a number (0x allowed), an address, names of TCP flags ("syn+ack"), or a range "a..b"
 * or "a..b+step", through which flow f takes element f modulo its length. What is not given is the
 * generator's own: addresses of its ports as stream.h has them, fd58::pp:0:h for IPv6, where pp is
 * the port and h what 10.pp.x.y ends with.
 */
#ifndef XD_TRAFFIC_FRAMES_TEMPLATE_H
#define XD_TRAFFIC_FRAMES_TEMPLATE_H

#include "base/error.h"
#include "traffic/frames/frame_list.h"
#include "traffic/frames/stream.h"
#include "traffic/frames/sizes.h"

struct xd_template;

/* NULL with -EINVAL naming the word and the nearest valid one, or -ENOMEM. Control. */
struct xd_template *xd_template_parse(const char *text, struct xd_error *err);
/* The same from a YAML file: a list "headers:" of single-key maps ({ipv4: {src: ...}}) or names, or
 * a text "template:". Errors name the file and the line; errno of a file that cannot be read. */
struct xd_template *xd_template_load(const char *path, struct xd_error *err);
void xd_template_destroy(struct xd_template *t); /* NULL is fine */

/* How the text says it; the shortest that parses to the same. Valid until t is destroyed. */
const char *xd_template_text(const struct xd_template *t);

struct xd_template_build {
	const struct xd_size_mix *mix;
	uint32_t flows;
	enum xd_flow_kind flow_kind; /* of the generator's own addresses */
	bool broadcast;
	uint8_t from;   /* port */
	unsigned nb_to; /* ports that frames go to, in turn */
	const uint8_t *to;
	uint32_t first_flow; /* flows are numbered from here */
};

/* Appends flows x sizes x destinations to a tagged list: flow f to destination d is flow number
 * first_flow + f * nb_to + d, and flows follow each other in that order. t NULL: eth/ipv4/udp. With
 * a mix, sizes are spread over the round, and each flow gets all of them. More flows than one vary
 * by the ranges of t; without a range by flow_kind, as stream.h has it.
 *
 * -EINVAL when a size has no room for headers and tag, or more than layer 3 can say: tells how many
 * bytes it takes; or when t fixes all that flows could differ in: tells which fields. -E2BIG,
 * -ENOMEM. After an error the list has part of the frames. Control. */
int xd_template_build(const struct xd_template *t, const struct xd_template_build *build,
	struct xd_frame_list *list, struct xd_error *err);

/* Bytes of the shortest tagged frame that t (or NULL) can be: headers and tag, at least 60. */
uint32_t xd_template_min(const struct xd_template *t);

/* Flows that it takes to go once through t's longest range; 1 when there is none. */
uint32_t xd_template_flows(const struct xd_template *t);

#endif
