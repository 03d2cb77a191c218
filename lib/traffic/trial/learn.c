/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base/clock.h"
#include "traffic/trial/learn.h"

#define WINDOW     128                   /* frames on their way at once */
#define ANSWER_NS  (50 * 1000 * 1000ull) /* a frame that has not come by then is lost */
#define FIRST_NS   (3 * XD_NS_PER_S)     /* for a switch to make its ports ready */
#define AT_MOST_NS (60 * XD_NS_PER_S)    /* a switch that learns slowly is not waited for */
#define REPORT     65536                 /* turns */

/* Frames that came where they shall. */
static uint64_t
arrived(const struct xd_gen *gen, const struct xd_learn *learn)
{
	uint64_t frames = 0;

	if (learn->to != XD_LEARN_ANYWHERE)
		return gen->ports[learn->to]->received.frames;
	for (unsigned i = 0; i < gen->nb_ports; i++)
		if (i != learn->from)
			frames += gen->ports[i]->received.frames;
	return frames;
}

/* One turn: sends at most n, and receives on all ports. Returns what was moved. */
static unsigned
turn(struct xd_gen *gen, unsigned from, uint16_t n)
{
	unsigned moved = n ? xd_gen_port_send(gen->ports[from], n) : 0;

	for (unsigned i = 0; i < gen->nb_ports; i++)
		moved += xd_gen_port_receive(gen->ports[i], XD_GEN_BURST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < gen->nb_ports; i++)
		xd_gen_port_notify(gen->ports[i], true);
	return moved;
}

static int
look_up(struct xd_gen *gen, double share, struct xd_error *err)
{
	if (xd_gen_cancelled(gen))
		return xd_fail(err, -EINTR, "interrupted");
	xd_gen_progress(gen, "learning", share);
	return xd_gen_check_ports(gen, err);
}

/* Sends one frame again and again until one gets through. */
static int
first(struct xd_gen *gen, const struct xd_learn *learn, struct xd_error *err)
{
	struct xd_gen_port *sender = gen->ports[learn->from];
	uint64_t start = xd_clock_ns(), now = start;

	while (now - start < FIRST_NS) {
		uint64_t sent_at = now;
		int rc;

		turn(gen, learn->from, xd_gen_port_outstanding(sender) ? 0 : 1);
		while (now - sent_at < ANSWER_NS) {
			turn(gen, learn->from, 0);
			if (arrived(gen, learn))
				return 0;
			now = xd_clock_ns();
		}
		rc = look_up(gen, 0, err);
		if (rc)
			return rc;
	}
	return xd_fail(err, -EHOSTUNREACH,
		"no frame from port %u (%s) reached %s (%s): are both in one bridge and VLAN, and "
		"is the switch's worker running?",
		learn->from, sender->name, learn->to < 0 ? "any other" : "its peer",
		learn->to < 0 ? "any" : gen->ports[learn->to]->name);
}

static int
all(struct xd_gen *gen, const struct xd_learn *learn, struct xd_learned *learned,
	struct xd_error *err)
{
	struct xd_gen_port *sender = gen->ports[learn->from];
	uint64_t start = xd_clock_ns(), last = start, now = start, lost = 0, turns = 0;

	while (sender->sent < learn->frames || arrived(gen, learn) + lost < learn->frames) {
		uint64_t seen = arrived(gen, learn) + lost;
		uint64_t flying = sender->sent > seen ? sender->sent - seen : 0;
		uint64_t n = flying < WINDOW ? WINDOW - flying : 0;

		if (n > learn->frames - sender->sent)
			n = learn->frames - sender->sent;
		if (n > XD_GEN_BURST)
			n = XD_GEN_BURST;
		now = xd_clock_ns();
		if (turn(gen, learn->from, (uint16_t)n))
			last = now;
		else if (now - last > ANSWER_NS)
			lost += flying, last = now;
		if (++turns % REPORT == 0) {
			int rc = look_up(gen, (double)sender->sent / (double)learn->frames, err);

			if (rc)
				return rc;
			if (now - start > AT_MOST_NS)
				break;
		}
	}
	learned->frames += sender->sent;
	learned->lost += lost;
	return 0;
}

int
xd_learn(struct xd_gen *gen, const struct xd_learn *learn, struct xd_learned *learned,
	struct xd_error *err)
{
	struct xd_gen_expect expect = {
		.kind = learn->load.list ? XD_RECEIVE_TAGGED : XD_RECEIVE_OURS,
		.size = learn->size,
	};
	int rc = xd_gen_port_load(gen->ports[learn->from], &learn->load, err);

	for (unsigned i = 0; i < gen->nb_ports; i++)
		xd_gen_port_expect(gen->ports[i], &expect);
	if (!rc)
		rc = first(gen, learn, err);
	if (!rc)
		rc = xd_gen_drain(gen, err);
	if (rc)
		return rc;
	/* All in turn, wherever it begins, with counts of its own. */
	gen->ports[learn->from]->sent = 0;
	for (unsigned i = 0; i < gen->nb_ports; i++)
		gen->ports[i]->received.frames = 0;
	rc = all(gen, learn, learned, err);
	return rc ? rc : xd_gen_drain(gen, err);
}
