/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has an address: the question that a host puts to its link, and the answer (RFC 826; RFC 4861,
 * sections 4.3 and 4.4). Knows no ports and no clock. */
#ifndef XD_TRAFFIC_ENGINE_RESPOND_ASK_H
#define XD_TRAFFIC_ENGINE_RESPOND_ASK_H

#include "traffic/engine/respond/answer.h"

/* An address of the link. IPv4: the first four bytes, and zeroes. */
struct xd_respond_target {
	bool v6;
	uint8_t address[16];
};

/* "10.0.0.2", "fd00::2": one host. -EINVAL. */
int xd_respond_target_parse(
	const char *text, struct xd_respond_target *target, struct xd_error *err);

/* Writes the question at frame, which has room for XD_RESPOND_ROOM bytes; returns how many. It is
 * asked from the host's first address of the kind. */
uint32_t xd_respond_ask(
	const struct xd_respond_host *host, const struct xd_respond_target *target, uint8_t *frame);
/* Whether a frame, which others may change meanwhile, is the answer; mac is set then. */
bool xd_respond_is_answer(
	const struct xd_respond_target *target, const uint8_t *frame, uint32_t len, uint8_t *mac);

#endif
