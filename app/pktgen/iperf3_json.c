/* SPDX-License-Identifier: BSD-3-Clause */
/* An iperf3 test as JSON, under iperf3's own names. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "crossdock.h"
#include "iperf3_show.h"

static double
rate(uint64_t bytes, double seconds)
{
	return seconds > 0 ? 8 * (double)bytes / seconds : 0;
}

/* What all its objects begin with. */
static json_t *
amount(const struct xd_iperf3_stream *s, double from_s, double to_s, uint64_t bytes)
{
	json_t *o = s ? json_pack("{s:i}", "socket", (int)s->id + IPERF3_SHOWN) : json_object();

	json_object_update_new(
		o, json_pack("{s:f, s:f, s:f, s:I, s:f}", "start", from_s, "end", to_s, "seconds",
			   to_s - from_s, "bytes", (json_int_t)bytes, "bits_per_second",
			   rate(bytes, to_s - from_s)));
	return o;
}

static void
put(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void
put_datagrams(json_t *o, const struct iperf3_datagrams *d)
{
	json_object_update_new(o,
		json_pack("{s:f, s:I, s:I, s:f}", "jitter_ms", d->jitter_s * 1000, "lost_packets",
			(json_int_t)d->lost, "packets", (json_int_t)d->packets, "lost_percent",
			d->packets ? 100.0 * (double)d->lost / (double)d->packets : 0.0));
}

/* ---- Intervals ---- */

static json_t *
stream_interval(const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s)
{
	json_t *o = amount(s, run->from_s, run->to_s, s->interval.bytes);
	const struct iperf3_datagrams d = {s->interval.packets, s->interval.lost, s->jitter_s};

	if (run->test.udp && s->sends) {
		put(o, "packets", s->interval.packets);
	} else if (run->test.udp) {
		put_datagrams(o, &d);
	} else if (s->sends) {
		put(o, "retransmits", s->interval.retransmits);
		put(o, "snd_cwnd", s->cwnd);
		put(o, "snd_wnd", s->wnd);
		put(o, "rtt", s->rtt_us);
		put(o, "rttvar", s->rttvar_us);
	}
	json_object_set_new(o, "omitted", json_boolean(run->omitted));
	json_object_set_new(o, "sender", json_boolean(s->sends));
	return o;
}

static json_t *
sum_interval(const struct xd_iperf3_run *run, bool sends)
{
	struct xd_iperf3_figures sum = {0};
	struct iperf3_datagrams d;
	double jitter_s = 0;
	unsigned n = 0;
	json_t *o;

	for (unsigned i = 0; i < run->nb_streams; i++) {
		const struct xd_iperf3_stream *s = &run->streams[i];

		if (s->sends != sends)
			continue;
		sum.bytes += s->interval.bytes;
		sum.retransmits += s->interval.retransmits;
		sum.packets += s->interval.packets;
		sum.lost += s->interval.lost;
		jitter_s += s->jitter_s;
		n++;
	}
	d = (struct iperf3_datagrams){sum.packets, sum.lost, n ? jitter_s / n : 0};
	o = amount(NULL, run->from_s, run->to_s, sum.bytes);
	if (run->test.udp && sends)
		put(o, "packets", sum.packets);
	else if (run->test.udp)
		put_datagrams(o, &d);
	else if (sends)
		put(o, "retransmits", sum.retransmits);
	json_object_set_new(o, "omitted", json_boolean(run->omitted));
	json_object_set_new(o, "sender", json_boolean(sends));
	return o;
}

static void
interval(void *ctx, const struct xd_iperf3_run *run)
{
	const bool first = run->streams[0].sends;
	json_t *streams = json_array(), *o;
	struct iperf3_show *show = ctx;

	for (unsigned i = 0; i < run->nb_streams; i++)
		json_array_append_new(streams, stream_interval(run, &run->streams[i]));
	o = json_pack("{s:o, s:o}", "streams", streams, "sum", sum_interval(run, first));
	if (run->test.both)
		json_object_set_new(o, "sum_bidir_reverse", sum_interval(run, !first));
	if (!show->json)
		show->json = json_array();
	json_array_append_new(show->json, o);
}

/* ---- The end ---- */

static json_t *
end_of(const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s, bool sender)
{
	const struct iperf3_end end = iperf3_end_of(run, s, sender);
	json_t *o = amount(s, 0, end.seconds, end.bytes);

	if (sender)
		put(o, "retransmits", iperf3_retransmits(s));
	if (sender && s->sends) {
		put(o, "max_snd_cwnd", s->max_cwnd);
		put(o, "max_snd_wnd", s->max_wnd);
		put(o, "max_rtt", s->max_rtt_us);
		put(o, "min_rtt", s->min_rtt_us);
		put(o, "mean_rtt", s->mean_rtt_us);
	}
	json_object_set_new(o, "sender", json_boolean(s->sends));
	return o;
}

static json_t *
stream_end(const struct xd_iperf3_run *run, const struct xd_iperf3_stream *s)
{
	const struct iperf3_datagrams d = iperf3_datagrams_of(s);
	const struct iperf3_end end = iperf3_end_of(run, s, true);
	json_t *o;

	if (!run->test.udp)
		return json_pack("{s:o, s:o}", "sender", end_of(run, s, true), "receiver",
			end_of(run, s, false));
	o = amount(s, 0, end.seconds, end.bytes);
	put_datagrams(o, &d);
	json_object_set_new(o, "out_of_order", json_integer(s->sends ? 0 : s->total.out_of_order));
	json_object_set_new(o, "sender", json_boolean(s->sends));
	return json_pack("{s:o}", "udp", o);
}

/* Of the senders, or of the receivers, of those streams that this end sends or of the others. */
static json_t *
sum_end(const struct xd_iperf3_run *run, bool sends, bool sender, struct iperf3_datagrams *d)
{
	uint64_t bytes = 0, retransmits = 0;
	double seconds = run->time_s;
	unsigned n = 0;
	json_t *o;

	*d = (struct iperf3_datagrams){0};
	for (unsigned i = 0; i < run->nb_streams; i++) {
		const struct xd_iperf3_stream *s = &run->streams[i];
		const struct iperf3_end end = iperf3_end_of(run, s, sender);
		const struct iperf3_datagrams own = iperf3_datagrams_of(s);

		if (s->sends != sends)
			continue;
		bytes += end.bytes;
		seconds = end.seconds;
		retransmits += iperf3_retransmits(s);
		d->packets += own.packets;
		d->lost += own.lost;
		d->jitter_s += own.jitter_s;
		n++;
	}
	if (n)
		d->jitter_s /= n;
	o = amount(NULL, 0, seconds, bytes);
	if (!run->test.udp && sender)
		put(o, "retransmits", retransmits);
	return o;
}

/* "sum_sent" and the like; suffix: of the other way. */
static void
put_sums(json_t *end, const struct xd_iperf3_run *run, bool sends, const char *suffix)
{
	struct iperf3_datagrams d, sent;
	char key[40];
	json_t *o;

	o = sum_end(run, sends, true, &d);
	sent = (struct iperf3_datagrams){.packets = d.packets};
	if (run->test.udp) {
		json_t *both = json_deep_copy(o);

		put_datagrams(both, &d);
		json_object_set_new(both, "sender", json_boolean(sends));
		snprintf(key, sizeof(key), "sum%s", suffix);
		json_object_set_new(end, key, both);
		put_datagrams(o, &sent);
	}
	json_object_set_new(o, "sender", json_boolean(run->test.udp || sends));
	snprintf(key, sizeof(key), "sum_sent%s", suffix);
	json_object_set_new(end, key, o);
	o = sum_end(run, sends, false, &d);
	if (run->test.udp)
		put_datagrams(o, &d);
	json_object_set_new(o, "sender", json_boolean(!run->test.udp && sends));
	snprintf(key, sizeof(key), "sum_received%s", suffix);
	json_object_set_new(end, key, o);
}

static json_t *
whole_end(const struct xd_iperf3_run *run)
{
	const bool first = run->streams[0].sends;
	const char *peer = run->peer.congestion[0] ? run->peer.congestion : NULL;
	json_t *streams = json_array(), *end;

	for (unsigned i = 0; i < run->nb_streams; i++)
		json_array_append_new(streams, stream_end(run, &run->streams[i]));
	end = json_pack("{s:o}", "streams", streams);
	put_sums(end, run, first, "");
	if (run->test.both)
		put_sums(end, run, !first, "_bidir_reverse");
	json_object_set_new(end, "cpu_utilization_percent",
		json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "host_total", run->cpu[0], "host_user",
			run->cpu[1], "host_system", run->cpu[2], "remote_total", run->peer.cpu[0],
			"remote_user", run->peer.cpu[1], "remote_system", run->peer.cpu[2]));
	if (run->test.udp)
		return end;
	json_object_set_new(end, "sender_tcp_congestion", json_string(first ? "reno" : peer));
	json_object_set_new(end, "receiver_tcp_congestion", json_string(first ? peer : "reno"));
	return end;
}

/* ---- The start ---- */

static json_t *
connected(const struct xd_iperf3_run *run)
{
	char own[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN];
	const int family = run->v6 ? AF_INET6 : AF_INET;
	json_t *all = json_array();

	inet_ntop(family, run->own_address, own, sizeof(own));
	inet_ntop(family, run->peer_address, peer, sizeof(peer));
	for (unsigned i = 0; i < run->nb_streams; i++)
		json_array_append_new(
			all, json_pack("{s:i, s:s, s:i, s:s, s:i}", "socket",
				     (int)run->streams[i].id + IPERF3_SHOWN, "local_host", own,
				     "local_port", run->streams[i].own_port, "remote_host", peer,
				     "remote_port", run->streams[i].peer_port));
	return all;
}

static json_t *
timestamp(const struct xd_iperf3_run *run)
{
	const time_t began = (time_t)run->began_at;
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&began, &tm))
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return json_pack("{s:s, s:I}", "time", text, "timesecs", (json_int_t)began);
}

static json_t *
test_start(const struct xd_iperf3_run *run)
{
	const struct xd_iperf3_test *t = &run->test;

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:i, s:i, s:i, s:I}", "protocol",
		t->udp ? "UDP" : "TCP", "num_streams", (int)t->streams, "blksize",
		(int)t->block_bytes, "omit", (int)t->omit_s, "duration", (int)t->time_s, "bytes",
		(json_int_t)t->bytes, "blocks", (json_int_t)t->blocks, "reverse",
		t->reverse ? 1 : 0, "bidir", t->both ? 1 : 0, "tos", (int)t->tos, "target_bitrate",
		(json_int_t)t->rate_bps);
}

static json_t *
whole_start(const struct iperf3_show *show, const struct xd_iperf3_run *run)
{
	char peer[INET6_ADDRSTRLEN], text[64];
	struct utsname system = {0};
	json_t *start;

	uname(&system);
	inet_ntop(run->v6 ? AF_INET6 : AF_INET, run->peer_address, peer, sizeof(peer));
	snprintf(text, sizeof(text), "crossdock-pktgen %s", xd_version());
	start = json_pack("{s:o, s:s, s:s}", "connected", connected(run), "version", text,
		"system_info", system.version);
	if (!run->nb_streams)
		return start;
	json_object_set_new(start, "timestamp", timestamp(run));
	json_object_set_new(start, run->server ? "accepted_connection" : "connecting_to",
		json_pack("{s:s, s:i}", "host", run->server ? peer : show->server, "port",
			run->server ? run->peer_port : run->port));
	json_object_set_new(start, "cookie", json_string(run->cookie));
	if (!run->test.udp)
		put(start, run->test.mss ? "tcp_mss" : "tcp_mss_default",
			run->test.mss ? run->test.mss : run->mss);
	put(start, "target_bitrate", run->test.rate_bps);
	json_object_set_new(start, "test_start", test_start(run));
	return start;
}

/* What its server has shown. */
static void
put_output(json_t *all, const struct xd_iperf3_results *peer)
{
	json_object_set_new(all, peer->output_json ? "server_output_json" : "server_output_text",
		peer->output_json ? json_loads(peer->output, 0, NULL) : json_string(peer->output));
}

static void
ended(void *ctx, const struct xd_iperf3_run *run)
{
	struct iperf3_show *show = ctx;
	json_t *all = json_pack("{s:o, s:o, s:o}", "start", whole_start(show, run), "intervals",
		show->json ? show->json : json_array(), "end",
		run->time_s > 0 ? whole_end(run) : json_object());
	char *text;

	show->json = NULL;
	if (show->title)
		json_object_set_new(all, "title", json_string(show->title));
	if (show->extra)
		json_object_set_new(all, "extra_data", json_string(show->extra));
	if (run->err.code)
		json_object_set_new(all, "error", json_string(run->err.text));
	if (run->told && run->peer.output)
		put_output(all, &run->peer);
	text = json_dumps(all, JSON_INDENT(1));
	fprintf(show->out, "%s\n", text ? text : "{\"error\": \"no memory\"}");
	fflush(show->out);
	free(show->document);
	show->document = text;
	json_decref(all);
}

static char *
output(void *ctx, bool *json)
{
	struct iperf3_show *show = ctx;
	char *text = show->document;

	*json = true;
	show->document = NULL;
	return text;
}

/* ---- */

static void
listening(void *ctx, unsigned number)
{
	(void)ctx;
	(void)number;
}

static void
began(void *ctx, const struct xd_iperf3_run *run)
{
	(void)ctx;
	(void)run;
}

struct xd_iperf3_watch
iperf3_json(struct iperf3_show *show)
{
	return (struct xd_iperf3_watch){listening, began, interval, ended, output, show};
}

void
iperf3_show_fini(struct iperf3_show *show)
{
	json_decref(show->json);
	free(show->document);
	free(show->kept);
	show->json = NULL;
	show->document = show->kept = NULL;
}
