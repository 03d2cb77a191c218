/* SPDX-License-Identifier: BSD-3-Clause */
/* What results know of the udp engine. */
#include <string.h>

#include "traffic/engine/udp/udp.h"

static struct xd_udp_figures
figures_of(const struct xd_row *row)
{
	struct xd_udp_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

/* What one end alone does not know. */
static bool
has_sent(const struct xd_row *row)
{
	return figures_of(row).sent_messages > 0;
}

static bool
has_loss(const struct xd_row *row)
{
	return has_sent(row) && !strcmp(figures_of(row).counted, "receiver");
}

static bool
has_jitter(const struct xd_row *row)
{
	return figures_of(row).has_jitter;
}

static bool
has_order(const struct xd_row *row)
{
	return figures_of(row).has_order;
}

#define FIGURE(name, kind_, ...)                                                                   \
	{                                                                                          \
		.key = #name, .kind = kind_,                                                       \
		.offset = offsetof(struct xd_row, own) + offsetof(struct xd_udp_figures, name),    \
		.size = sizeof(((struct xd_udp_figures *)0)->name), __VA_ARGS__                    \
	}
#define COUNT(name, ...) FIGURE(name, XD_FIGURE_COUNT, __VA_ARGS__)
#define HEAD             .head

static const struct xd_figure figures[] = {
	XD_MESSAGE_FIGURES,
	FIGURE(datagrams, XD_FIGURE_UNSIGNED, HEAD = "datagrams"),
	FIGURE(counted, XD_FIGURE_TEXT),
	COUNT(sent_messages, .has = has_sent),
	FIGURE(sent_bps, XD_FIGURE_REAL, HEAD = "sent", .unit = "Gbit/s", .scale = 1e9,
		.has = has_sent),
	COUNT(lost_messages, HEAD = "lost", .unit = "messages", .has = has_loss),
	FIGURE(loss_ratio, XD_FIGURE_REAL, HEAD = "loss", .unit = "%", .scale = 0.01,
		.has = has_loss),
	FIGURE(jitter_ns, XD_FIGURE_REAL, HEAD = "jitter", .unit = "us", .scale = 1000,
		.has = has_jitter),
	COUNT(all_sent, .or_null = true),
	COUNT(all_received, .or_null = true),
	COUNT(reordered, .has = has_order),
	COUNT(duplicated, .has = has_order),
	COUNT(late),
	COUNT(fragments, HEAD = "fragments", .unit = "frames"),
	COUNT(not_reassembled),
	COUNT(strange),
	COUNT(wrong_frames),
	COUNT(impaired_lost),
	COUNT(impaired_dup),
	COUNT(impaired_reordered),
	{.key = NULL},
};

static bool
get_lost_messages(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).lost_messages;
	return has_loss(row);
}

static bool
get_jitter(const struct xd_row *row, double *value)
{
	*value = figures_of(row).jitter_ns / 1000;
	return has_jitter(row);
}

static const struct xd_condition_figure conditions[] = {
	{"message_gbps", xd_message_gbps},
	{"messages_s", xd_message_rate},
	{"lost_messages", get_lost_messages},
	{"jitter_us", get_jitter},
	{"wrong_bytes", xd_message_wrong_bytes},
	{NULL, NULL},
};

const struct xd_engine xd_udp_engine = {
	.name = "udp",
	.section = "udp",
	.figures = figures,
	.conditions = conditions,
};

_Static_assert(sizeof(struct xd_udp_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");
