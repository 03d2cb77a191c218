/* SPDX-License-Identifier: BSD-3-Clause */
/* An iperf3 test in the lines that iperf3's users know. */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "iperf3_show.h"

#define SEPARATOR "- - - - - - - - - - - - - - - - - - - - - - - - -\n"
#define RULE      "-----------------------------------------------------------\n"
#define UNIT_TEXT 24

/* Four places and a unit: powers of 1024 of bytes, of 1000 of bits. unit: 'k' and so on; 0: such
 * that it fits. */
static const char *
with_unit(char text[UNIT_TEXT], double value, bool bits, char unit)
{
	static const char *const units[] = {"", "K", "M", "G", "T"};
	const unsigned last = sizeof(units) / sizeof(units[0]) - 1;
	const double step = bits ? 1000 : 1024;
	unsigned i = 0;

	for (; i < last &&
		(unit ? tolower((unsigned char)units[i][0]) != tolower(unit) : value >= step);
		i++)
		value /= step;
	snprintf(text, UNIT_TEXT, "%4.*f %s%s",
		value < 9.995   ? 2
		: value < 99.95 ? 1
				: 0,
		value, units[i], bits ? "bits" : "Bytes");
	return text;
}

static const char *
rate(const struct iperf3_show *show, char text[UNIT_TEXT], double bytes_s)
{
	const bool bits = !isupper((unsigned char)show->format);

	return with_unit(text, bits ? 8 * bytes_s : bytes_s, bits, show->format);
}

/* "[  5]", "[SUM][TX-C]". s NULL: all of them that send, or receive. */
static void
begin_line(struct iperf3_show *show, const struct xd_iperf3_run *run,
	const struct xd_iperf3_stream *s, bool sends)
{
	if (s)
		iperf3_say(show, "[%3u]", s->id + IPERF3_SHOWN);
	else
		iperf3_say(show, "[SUM]");
	if (run->test.both)
		iperf3_say(show, "[%s-%c]", sends ? "TX" : "RX", run->server ? 'S' : 'C');
}

static void
put_amount(struct iperf3_show *show, double from_s, double to_s, uint64_t bytes)
{
	char amount[UNIT_TEXT], speed[UNIT_TEXT];
	const double s = to_s - from_s;

	iperf3_say(show, " %6.2f-%-6.2f sec  %s  %s/sec", from_s, to_s,
		with_unit(amount, (double)bytes, false, 0),
		rate(show, speed, s > 0 ? (double)bytes / s : 0));
}

static void
put_datagrams(struct iperf3_show *show, const struct iperf3_datagrams *d)
{
	iperf3_say(show, "  %5.3f ms  %lld/%llu (%.2g%%)  ", d->jitter_s * 1000, (long long)d->lost,
		(unsigned long long)d->packets,
		d->packets ? 100.0 * (double)d->lost / (double)d->packets : 0.0);
}

static bool
any_sends(const struct xd_iperf3_run *run)
{
	return run->nb_streams && (run->test.both || run->streams[0].sends);
}

static void
put_head(struct iperf3_show *show, const struct xd_iperf3_run *run, const char *rest)
{
	iperf3_say(show, "[ ID]%s Interval           Transfer     Bitrate%s\n",
		run->test.both ? "[Role]" : "", rest);
}

/* ---- What happens ---- */

static void
listening(void *ctx, unsigned number)
{
	struct iperf3_show *show = ctx;

	iperf3_keep(show, false);
	if (number == 1)
		iperf3_say_who(show);
	iperf3_say(show, RULE "Server listening on %s (test #%u)\n" RULE, show->server, number);
	fflush(show->out);
}

static void
began(void *ctx, const struct xd_iperf3_run *run)
{
	char own[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];
	const int family = run->v6 ? AF_INET6 : AF_INET;
	struct iperf3_show *show = ctx;

	inet_ntop(family, run->own_address, own, sizeof(own));
	inet_ntop(family, run->peer_address, peer, sizeof(peer));
	show->intervals = 0;
	iperf3_keep(show, run->server && run->test.output);
	if (!run->server)
		iperf3_say_who(show);
	iperf3_say_time(show, run);
	if (run->server)
		iperf3_say(show, "Accepted connection from %s, port %u\n", peer, run->peer_port);
	else
		iperf3_say(show, "Connecting to host %s, port %u\n", show->server, run->port);
	if (!run->server && run->test.reverse)
		iperf3_say(show, "Reverse mode, remote host %s is sending\n", show->server);
	iperf3_say_connection(show, run);
	for (unsigned i = 0; i < run->nb_streams; i++)
		iperf3_say(show, "[%3u] local %s port %u connected to %s port %u\n",
			run->streams[i].id + IPERF3_SHOWN, own, run->streams[i].own_port, peer,
			run->streams[i].peer_port);
	iperf3_say_test(show, run);
	fflush(show->out);
}

/* Behind the amount of an interval. */
static void
put_interval_rest(struct iperf3_show *show, const struct xd_iperf3_run *run,
	const struct xd_iperf3_figures *f, bool sends, double jitter_s, const uint32_t *cwnd)
{
	const struct iperf3_datagrams d = {f->packets, f->lost, jitter_s};
	char window[UNIT_TEXT];

	if (run->test.udp && sends)
		iperf3_say(show, "  %llu  ", (unsigned long long)f->packets);
	else if (run->test.udp)
		put_datagrams(show, &d);
	else if (sends && cwnd)
		iperf3_say(show, "  %3llu   %s       ", (unsigned long long)f->retransmits,
			with_unit(window, *cwnd, false, 0));
	else if (sends)
		iperf3_say(show, "  %3llu             ", (unsigned long long)f->retransmits);
	else
		iperf3_say(show, "                  ");
	iperf3_say(show, "%s\n", run->omitted ? "(omitted)" : "");
}

/* Those that send, or that receive, and their sum. */
static void
put_interval(struct iperf3_show *show, const struct xd_iperf3_run *run, bool sends)
{
	struct xd_iperf3_figures sum = {0};
	double jitter_s = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < run->nb_streams; i++) {
		const struct xd_iperf3_stream *s = &run->streams[i];

		if (s->sends != sends)
			continue;
		begin_line(show, run, s, sends);
		put_amount(show, run->from_s, run->to_s, s->interval.bytes);
		put_interval_rest(show, run, &s->interval, sends, s->jitter_s, &s->cwnd);
		sum.bytes += s->interval.bytes;
		sum.retransmits += s->interval.retransmits;
		sum.packets += s->interval.packets;
		sum.lost += s->interval.lost;
		jitter_s += s->jitter_s;
		n++;
	}
	if (n < 2)
		return;
	begin_line(show, run, NULL, sends);
	put_amount(show, run->from_s, run->to_s, sum.bytes);
	put_interval_rest(show, run, &sum, sends, jitter_s / n, NULL);
}

static void
interval(void *ctx, const struct xd_iperf3_run *run)
{
	struct iperf3_show *show = ctx;
	const bool first = run->streams[0].sends;

	if (show->intervals++ == 0)
		put_head(show, run,
			!run->test.udp ? any_sends(run) ? "         Retr  Cwnd" : ""
			: any_sends(run) && !run->test.both
				? "         Total Datagrams"
				: "         Jitter    Lost/Total Datagrams");
	else if (run->nb_streams > 1)
		iperf3_say(show, SEPARATOR);
	put_interval(show, run, first);
	if (run->test.both)
		put_interval(show, run, !first);
	fflush(show->out);
}

/* ---- What came of it ---- */

/* One end's line of a stream, or of the sum. */
static void
put_end(struct iperf3_show *show, const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s,
	bool sends, bool sender, const struct iperf3_end *end, uint64_t retransmits,
	const struct iperf3_datagrams *d)
{
	const struct iperf3_datagrams sent = {.packets = d->packets};

	if (!end->known)
		return;
	begin_line(show, run, s, sends);
	put_amount(show, 0, end->seconds, end->bytes);
	if (run->test.udp)
		put_datagrams(show, sender ? &sent : d);
	else if (sender)
		iperf3_say(show, "  %3llu             ", (unsigned long long)retransmits);
	else
		iperf3_say(show, "                  ");
	iperf3_say(show, "%s\n", sender ? "sender" : "receiver");
}

static void
put_stream(
	struct iperf3_show *show, const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s)
{
	const struct iperf3_datagrams d = iperf3_datagrams_of(s);
	const struct iperf3_end sent = iperf3_end_of(run, s, true);
	const struct iperf3_end received = iperf3_end_of(run, s, false);

	put_end(show, run, s, s->sends, true, &sent, iperf3_retransmits(s), &d);
	put_end(show, run, s, s->sends, false, &received, 0, &d);
	if (!s->sends && s->total.out_of_order > 0) {
		begin_line(show, run, s, false);
		iperf3_say(show, " %4.1f-%4.1f sec  %lld datagrams received out-of-order\n", 0.0,
			run->time_s, (long long)s->total.out_of_order);
	}
}

static void
add_end(struct iperf3_end *sum, const struct iperf3_end *end)
{
	sum->bytes += end->bytes;
	sum->seconds = end->seconds;
	sum->known = end->known;
}

static void
put_group(struct iperf3_show *show, const struct xd_iperf3_run *run, bool sends)
{
	struct iperf3_end sent = {0}, received = {0}, end;
	struct iperf3_datagrams d = {0};
	uint64_t retransmits = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < run->nb_streams; i++) {
		const struct xd_iperf3_stream *s = &run->streams[i];
		const struct iperf3_datagrams own = iperf3_datagrams_of(s);

		if (s->sends != sends)
			continue;
		put_stream(show, run, s);
		end = iperf3_end_of(run, s, true);
		add_end(&sent, &end);
		end = iperf3_end_of(run, s, false);
		add_end(&received, &end);
		retransmits += iperf3_retransmits(s);
		d.packets += own.packets;
		d.lost += own.lost;
		d.jitter_s += own.jitter_s;
		n++;
	}
	if (n < 2)
		return;
	d.jitter_s /= n;
	put_end(show, run, NULL, sends, true, &sent, retransmits, &d);
	put_end(show, run, NULL, sends, false, &received, 0, &d);
}

/* Its server's, where it was asked for. */
static void
put_output(struct iperf3_show *show, const struct xd_iperf3_run *run)
{
	const char *line = run->told ? run->peer.output : NULL;
	int len;

	if (!line)
		return;
	iperf3_say(show, "\nServer %soutput:\n", run->peer.output_json ? "JSON " : "");
	for (; *line; line += len + (line[len] != '\0')) {
		len = (int)strcspn(line, "\n");
		len = len < IPERF3_SAID - 2 ? len : IPERF3_SAID - 2;
		iperf3_say(show, "%.*s\n", len, line);
	}
}

static void
ended(void *ctx, const struct xd_iperf3_run *run)
{
	struct iperf3_show *show = ctx;
	const bool first = run->streams[0].sends;

	if (run->nb_streams && run->time_s > 0) {
		iperf3_say(show, SEPARATOR "%s",
			show->verbose ? "Test Complete. Summary Results:\n" : "");
		put_head(show, run,
			run->test.udp ? "         Jitter    Lost/Total Datagrams"
				      : "         Retr");
		put_group(show, run, first);
		if (run->test.both)
			put_group(show, run, !first);
		iperf3_say_processors(show, run, first);
		if (run->test.both)
			iperf3_say_processors(show, run, !first);
	}
	put_output(show, run);
	if (run->err.code && run->server)
		iperf3_say(show, "iperf3: error - %s\n", run->err.text);
	else if (!run->err.code && !run->server)
		iperf3_say(show, "\niperf Done.\n");
	fflush(show->out);
}

static char *
output(void *ctx, bool *json)
{
	const struct iperf3_show *show = ctx;

	*json = false;
	return show->kept ? strdup(show->kept) : NULL;
}

struct xd_iperf3_watch
iperf3_text(struct iperf3_show *show)
{
	return (struct xd_iperf3_watch){listening, began, interval, ended, output, show};
}
