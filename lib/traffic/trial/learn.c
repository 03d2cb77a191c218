/* SPDX-License-Identifier: BSD-3-Clause */
/* The learning pass: one frame until it gets through, then all of them, a window at a time; and an
 * error that says why nothing arrives. */
#include <errno.h>

#include "base/clock.h"
#include "traffic/trial/learn.h"

#define ETH_HEADER 14
#define WINDOW     128                   /* frames on their way at once */
#define ANSWER_NS  (50 * 1000 * 1000ull) /* for a frame to come; then others are sent */
#define TAKE_NS    (2 * XD_NS_PER_S)     /* for a switch to take what waits for it */
#define FIRST_NS   (3 * XD_NS_PER_S)     /* for a switch to make its ports ready */
#define AT_MOST_NS (60 * XD_NS_PER_S)    /* a switch that learns slowly is not waited for */
#define REPORT     65536                 /* turns */
#define USUAL_MAX  1514                  /* bytes of frame that any port takes */
#define CHANGED    3 /* frames that came as others than were sent, and none else */

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

/* Until `enough` frames came where they shall, or the switch has taken all and nothing comes. Time
 * alone says nothing: neither this thread nor the switch may have run meanwhile. */
static void
await(struct xd_gen *gen, const struct xd_learn *learn, uint64_t enough)
{
	const uint64_t start = xd_clock_ns();
	uint64_t now = start, taken = start;
	unsigned idle = 0; /* looks in a row that found nothing, nor anything that waits */

	while (arrived(gen, learn) < enough && now - start < TAKE_NS &&
		(idle < 2 || now - taken < ANSWER_NS)) {
		const bool moved = turn(gen, learn->from, 0) > 0;
		const bool waits = xd_gen_port_outstanding(gen->ports[learn->from]) ||
				   (learn->teach && xd_gen_port_outstanding(gen->ports[learn->to]));

		now = xd_clock_ns();
		idle = moved || waits ? 0 : idle + 1;
		if (waits)
			taken = now;
	}
}

/* Whether the switch holds what is sent to and fro now where it was seen before: addresses that
 * moved between ports too often. */
static bool
held(struct xd_gen *gen, const struct xd_learn *learn)
{
	uint64_t before, after;

	if (!gen->probe || xd_switch_probe_damped(gen->probe, &before, NULL))
		return false;
	if (learn->teach)
		turn(gen, (unsigned)learn->to, 1);
	turn(gen, learn->from, 1);
	await(gen, learn, UINT64_MAX);
	return !xd_switch_probe_damped(gen->probe, &after, NULL) && after > before;
}

/* Why nothing gets through: addresses may be held elsewhere, and what is shorter may. */
static int
explain(struct xd_gen *gen, const struct xd_learn *learn, struct xd_error *err)
{
	struct xd_gen_port *sender = gen->ports[learn->from];
	struct xd_stream_opts tiny = {
		.size = XD_STREAM_MIN, .flows = 1, .from = (uint8_t)learn->from};
	struct xd_gen_load load = {.stream = &tiny, .touch = XD_TOUCH_FULL};
	struct xd_gen_expect expect = {.kind = XD_RECEIVE_OURS, .size = XD_STREAM_MIN};
	uint32_t bytes = xd_stream_max_len(&sender->stream);

	if (held(gen, learn))
		return xd_fail(err, -EHOSTUNREACH,
			"no frame from port %u (%s) reached %s: the switch has seen their "
			"addresses move between ports too often, and holds them for some seconds "
			"where they were (damped, in bridge show): wait, or crossdockctl fdb flush "
			"BRIDGE",
			learn->from, sender->name,
			learn->to < 0 ? "any other" : gen->ports[learn->to]->name);
	tiny.to = learn->to < 0 ? tiny.from : (uint8_t)learn->to;
	if (bytes > USUAL_MAX && learn->to >= 0 && !xd_gen_port_load(sender, &load, NULL)) {
		xd_gen_port_expect(gen->ports[learn->to], &expect);
		turn(gen, learn->from, 1);
		await(gen, learn, 1);
		if (arrived(gen, learn))
			return xd_fail(err, -EHOSTUNREACH,
				"frames of %u bytes from port %u (%s) do not reach %s, and shorter "
				"ones do: the switch's ports need an MTU of %u",
				bytes, learn->from, sender->name, gen->ports[learn->to]->name,
				bytes - ETH_HEADER);
	}
	return xd_fail(err, -EHOSTUNREACH,
		"no frame from port %u (%s) reached %s (%s): are both in one bridge and VLAN, is "
		"the switch's worker running, and has it not seen their addresses move between "
		"ports too often (crossdockctl fdb flush BRIDGE)?",
		learn->from, sender->name, learn->to < 0 ? "any other" : "its peer",
		learn->to < 0 ? "any" : gen->ports[learn->to]->name);
}

/* Frames came where they shall, but are not known again. */
static bool
changed(const struct xd_gen *gen, const struct xd_learn *learn)
{
	return learn->to >= 0 && !learn->load.list &&
	       gen->ports[learn->to]->received.foreign >= CHANGED;
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

		if (learn->teach && !xd_gen_port_outstanding(gen->ports[learn->to]))
			turn(gen, (unsigned)learn->to, 1);
		turn(gen, learn->from, xd_gen_port_outstanding(sender) ? 0 : 1);
		while (now - sent_at < ANSWER_NS) {
			turn(gen, learn->from, 0);
			if (arrived(gen, learn))
				return 0;
			now = xd_clock_ns();
		}
		if (changed(gen, learn))
			return xd_fail(err, -EXDEV,
				"frames from port %u (%s) reach %s with another VLAN tag: give "
				"--track, and a --touch that is not none",
				learn->from, sender->name, gen->ports[learn->to]->name);
		rc = look_up(gen, 0, err);
		if (rc)
			return rc;
	}
	return explain(gen, learn, err);
}

int
xd_teach(struct xd_gen *gen, unsigned from, uint64_t frames, struct xd_error *err)
{
	struct xd_gen_port *teacher = gen->ports[from];
	uint64_t last = xd_clock_ns(), now = last, turns = 0;

	teacher->sent = 0;
	while (teacher->sent < frames && now - last < TAKE_NS) {
		uint64_t rest = frames - teacher->sent, before = teacher->sent;

		turn(gen, from, rest < XD_GEN_BURST ? (uint16_t)rest : XD_GEN_BURST);
		now = xd_clock_ns();
		if (teacher->sent > before)
			last = now;
		if (++turns % REPORT == 0) {
			int rc = look_up(gen, 0, err);

			if (rc)
				return rc;
		}
	}
	return xd_gen_drain(gen, err);
}

/* late: frames that are not waited for any more. They may come all the same. */
static int
all(struct xd_gen *gen, const struct xd_learn *learn, struct xd_error *err)
{
	struct xd_gen_port *sender = gen->ports[learn->from];
	uint64_t start = xd_clock_ns(), last = start, now = start, late = 0, turns = 0;

	while (sender->sent < learn->frames || arrived(gen, learn) + late < learn->frames) {
		uint64_t seen = arrived(gen, learn) + late;
		uint64_t flying = sender->sent > seen ? sender->sent - seen : 0;
		uint64_t n = flying < WINDOW ? WINDOW - flying : 0;

		if (n > learn->frames - sender->sent)
			n = learn->frames - sender->sent;
		if (n > XD_GEN_BURST)
			n = XD_GEN_BURST;
		now = xd_clock_ns();
		if (turn(gen, learn->from, (uint16_t)n))
			last = now;
		else if (now - last > (xd_gen_port_outstanding(sender) ? TAKE_NS : ANSWER_NS))
			late += flying, last = now;
		if (++turns % REPORT == 0) {
			int rc = look_up(gen, (double)sender->sent / (double)learn->frames, err);

			if (rc)
				return rc;
			if (now - start > AT_MOST_NS)
				break;
		}
	}
	return 0;
}

int
xd_learn(struct xd_gen *gen, const struct xd_learn *learn, struct xd_learned *learned,
	struct xd_error *err)
{
	struct xd_gen_port *sender = gen->ports[learn->from];
	struct xd_gen_expect expect = {
		.kind = learn->load.list ? XD_RECEIVE_TAGGED : XD_RECEIVE_OURS,
		.size = learn->size,
	};
	int rc = xd_gen_port_load(sender, &learn->load, err);
	uint64_t came;

	for (unsigned i = 0; i < gen->nb_ports; i++)
		xd_gen_port_expect(gen->ports[i], &expect);
	if (!rc && learn->teach)
		rc = xd_gen_port_load(gen->ports[learn->to], learn->teach, err);
	if (!rc)
		rc = first(gen, learn, err);
	if (!rc && learn->teach)
		rc = xd_teach(gen, (unsigned)learn->to, learn->teach_frames, err);
	else if (!rc)
		rc = xd_gen_drain(gen, err);
	if (rc)
		return rc;
	/* All in turn, wherever it begins, with counts of its own. */
	sender->sent = 0;
	for (unsigned i = 0; i < gen->nb_ports; i++)
		gen->ports[i]->received.frames = 0;
	rc = all(gen, learn, err);
	if (!rc)
		rc = xd_gen_drain(gen, err);
	if (rc)
		return rc;
	came = arrived(gen, learn);
	learned->frames += sender->sent;
	learned->lost += sender->sent > came ? sender->sent - came : 0;
	return 0;
}
