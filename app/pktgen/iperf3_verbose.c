/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said of an iperf3 test with -V alone. */
#include <sys/utsname.h>
#include <time.h>

#include "crossdock.h"
#include "iperf3_show.h"

void
iperf3_say_who(struct iperf3_show *show)
{
	struct utsname system = {0};

	if (!show->verbose)
		return;
	uname(&system);
	iperf3_say(show, "crossdock-pktgen %s\n%s %s %s %s %s\n", xd_version(), system.sysname,
		system.nodename, system.release, system.version, system.machine);
}

void
iperf3_say_time(struct iperf3_show *show, const struct xd_iperf3_run *run)
{
	const time_t began = (time_t)run->began_at;
	char text[64] = "";
	struct tm tm;

	if (show->verbose && gmtime_r(&began, &tm)) {
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		iperf3_say(show, "Time: %s\n", text);
	}
}

void
iperf3_say_connection(struct iperf3_show *show, const struct xd_iperf3_run *run)
{
	if (!show->verbose)
		return;
	iperf3_say(show, "      Cookie: %s\n", run->cookie);
	if (!run->test.udp && run->test.mss)
		iperf3_say(show, "      TCP MSS: %u\n", run->test.mss);
	else if (!run->test.udp)
		iperf3_say(show, "      TCP MSS: %u (default)\n", run->mss);
	if (run->test.rate_bps)
		iperf3_say(show, "      Target Bitrate: %llu\n",
			(unsigned long long)run->test.rate_bps);
}

void
iperf3_say_test(struct iperf3_show *show, const struct xd_iperf3_run *run)
{
	const struct xd_iperf3_test *t = &run->test;

	if (!show->verbose)
		return;
	iperf3_say(show,
		"Starting Test: protocol: %s, %u streams, %u byte blocks, omitting %u seconds, ",
		t->udp ? "UDP" : "TCP", t->streams, t->block_bytes, t->omit_s);
	if (t->bytes)
		iperf3_say(show, "%llu bytes to send", (unsigned long long)t->bytes);
	else if (t->blocks)
		iperf3_say(show, "%llu blocks to send", (unsigned long long)t->blocks);
	else
		iperf3_say(show, "%u second test", t->time_s);
	iperf3_say(show, ", tos %u\n", t->tos);
}

void
iperf3_say_processors(struct iperf3_show *show, const struct xd_iperf3_run *run, bool sends)
{
	const double *own = run->cpu, *peer = run->peer.cpu;

	if (!show->verbose || !run->told)
		return;
	iperf3_say(show,
		"CPU Utilization: local/%s %.1f%% (%.1f%%u/%.1f%%s), remote/%s %.1f%% "
		"(%.1f%%u/%.1f%%s)\n",
		sends ? "sender" : "receiver", own[0], own[1], own[2],
		sends ? "receiver" : "sender", peer[0], peer[1], peer[2]);
	if (run->test.udp)
		return;
	iperf3_say(show, "snd_tcp_congestion %s\nrcv_tcp_congestion %s\n",
		sends ? "reno" : run->peer.congestion, sends ? run->peer.congestion : "reno");
}
