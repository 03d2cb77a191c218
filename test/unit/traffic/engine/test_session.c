/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that are typed, and what is answered, on ports that are made up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/engine/session/session.h"

struct fake {
	struct xd_session *session;
	FILE *out;
	char *text;
	size_t bytes;
	bool there[XD_GEN_PORTS_MAX], stopped[XD_GEN_PORTS_MAX];
	char names[XD_GEN_PORTS_MAX][128];
	struct xd_session_stats stats[XD_GEN_PORTS_MAX];
	struct xd_forward_counts counts[XD_GEN_PORTS_MAX];
	bool running, died, interrupt;
	unsigned starts, stops, cleared, sleeps, nb_seen;
	struct xd_forward_plan plan;
	char set[64];
};

static int
fake_attach(void *ctx, const char *spec, unsigned *port, struct xd_error *err)
{
	struct fake *f = ctx;

	if (strstr(spec, "bad"))
		return xd_fail(err, -ETIMEDOUT, "%s: nobody listens there", spec);
	for (*port = 0; f->there[*port]; ++*port)
		;
	f->there[*port] = true;
	f->stopped[*port] = false;
	snprintf(f->names[*port], sizeof(f->names[0]), "%s", spec);
	return 0;
}

static int
fake_detach(void *ctx, unsigned port, struct xd_error *err)
{
	struct fake *f = ctx;

	(void)err;
	assert_true(f->there[port]);
	f->there[port] = false;
	return 0;
}

static bool
fake_look(void *ctx, unsigned port, struct xd_session_port *what)
{
	struct fake *f = ctx;

	if (port >= XD_GEN_PORTS_MAX || !f->there[port])
		return false;
	*what = (struct xd_session_port){.driver = "virtio",
		.memory = "2 MiB pages",
		.mac = {2, 0x58, (uint8_t)port},
		.started = !f->stopped[port],
		.up = true,
		.promiscuous = true,
		.speed_mbps = 10000,
		.mtu = 1500,
		.rx_entries = 256,
		.tx_entries = 128};
	snprintf(what->name, sizeof(what->name), "%s", f->names[port]);
	return true;
}

static int
fake_set(void *ctx, unsigned port, enum xd_session_switch what, bool on, struct xd_error *err)
{
	struct fake *f = ctx;

	(void)err;
	if (what == XD_SESSION_STARTED)
		f->stopped[port] = !on;
	snprintf(f->set, sizeof(f->set), "%u %d %d", port, what, on);
	return 0;
}

static void
fake_stats(void *ctx, unsigned port, struct xd_session_stats *stats)
{
	struct fake *f = ctx;

	*stats = f->stats[port];
}

static void
fake_xstats(void *ctx, unsigned port, xd_session_each each, void *arg)
{
	(void)ctx;
	each(arg, "rx_good_packets", 40 + port);
}

static void
fake_clear(void *ctx, unsigned port)
{
	struct fake *f = ctx;

	f->cleared |= 1u << port;
}

static int
fake_start(void *ctx, struct xd_forward_plan *plan, struct xd_error *err)
{
	struct fake *f = ctx;

	if (plan->nb_parts && plan->parts[0] == 9000)
		return xd_fail(err, -EINVAL, "too long");
	f->plan = *plan;
	f->running = true;
	f->starts++;
	return 0;
}

static void
fake_stop(void *ctx)
{
	struct fake *f = ctx;

	assert_true(f->running);
	f->running = false;
	f->stops++;
}

static bool
fake_running(void *ctx, struct xd_error *err)
{
	struct fake *f = ctx;

	if (f->died)
		xd_fail(err, -EPIPE, "port 1: the switch closed the connection");
	return !f->died;
}

static void
fake_counts(void *ctx, unsigned path, struct xd_forward_counts *counts)
{
	struct fake *f = ctx;

	*counts = f->counts[path];
}

static bool
fake_seen(void *ctx, struct xd_forward_seen *seen, uint64_t *missed)
{
	struct fake *f = ctx;

	*missed = 7;
	if (f->nb_seen == 0)
		return false;
	f->nb_seen--;
	*seen = (struct xd_forward_seen){
		.head = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6}, .len = 60, .port = 1};
	return true;
}

static bool
fake_core(void *ctx, unsigned core)
{
	(void)ctx;
	return core < 4;
}

static bool
fake_sleep(void *ctx, double seconds)
{
	struct fake *f = ctx;

	assert_true(seconds > 0 && seconds <= 0.1001);
	f->sleeps++;
	return !f->interrupt;
}

static void
begin(struct fake *f)
{
	struct xd_session_opts opts = {
		.bench = {fake_attach, fake_detach, fake_look, fake_set, fake_stats, fake_xstats,
			fake_clear, fake_start, fake_stop, fake_running, fake_counts, fake_seen,
			fake_core, fake_sleep, f},
		.nb_cores = 3,
		.cores = {1, 2, 3},
		.nb_used = 1,
		.tsc_hz = 1e9,
	};

	*f = (struct fake){.starts = 0};
	f->out = opts.out = open_memstream(&f->text, &f->bytes);
	f->session = xd_session_create(&opts);
	assert_non_null(f->session);
}

static void
finish(struct fake *f)
{
	xd_session_destroy(f->session);
	assert_false(f->running);
	fclose(f->out);
	free(f->text);
}

/* What is answered to a line, as one text. */
static const char *
type(struct fake *f, const char *line)
{
	fseek(f->out, 0, SEEK_SET);
	xd_session_line(f->session, line);
	fputc('\0', f->out);
	fflush(f->out);
	return f->text;
}

static void
good(struct fake *f, const char *line)
{
	unsigned before = xd_session_failed(f->session);
	const char *text = type(f, line);

	if (xd_session_failed(f->session) != before)
		fail_msg("%s: %s", line, text);
}

/* Refused, in one line that has the words. */
static void
bad(struct fake *f, const char *line, const char *words)
{
	unsigned before = xd_session_failed(f->session);
	const char *text = type(f, line);

	if (!strncmp(text, "Attaching", 9)) /* is said before it is tried */
		text = strchr(text, '\n') + 1;
	if (xd_session_failed(f->session) != before + 1 || !strstr(text, words) ||
		strchr(text, '\n') != text + strlen(text) - 1)
		fail_msg("%s: answered %s, not %s", line, text, words);
}

static void
answers(struct fake *f, const char *line, const char *words)
{
	const char *text;

	good(f, line);
	text = f->text;
	if (!strstr(text, words))
		fail_msg("%s: answered %s, not %s", line, text, words);
}

static void
two_ports(struct fake *f)
{
	begin(f);
	good(f, "port attach virtio:/tmp/a.sock");
	good(f, "port attach virtio:/tmp/b.sock");
}

/* What people type who know testpmd. */
static void
test_from_memory(void **state)
{
	static const char *const lines[] = {
		"help",
		"help all",
		"help control",
		"show port info all",
		"show port info 0",
		"show port stats all",
		"show port xstats 1",
		"show port summary all",
		"show config fwd",
		"show config rxtx",
		"show config cores",
		"show config txpkts",
		"show fwd stats all",
		"show fwd streams all",
		"clear port stats all",
		"clear port xstats all",
		"clear fwd stats all",
		"set fwd io",
		"set fwd mac retry",
		"set fwd macswap",
		"set fwd rxonly",
		"set fwd txonly",
		"set fwd icmpecho",
		"set fwd flowgen",
		"set burst 64",
		"set burst tx delay 10 retry 100",
		"set nbcore 2",
		"set nbport 2",
		"set corelist 1,2",
		"set portlist 1,0",
		"set txpkts 64,128",
		"set txsplit rand",
		"set verbose 1",
		"set promisc all on",
		"set allmulti 0 off",
		"set eth-peer 0 02:11:22:33:44:55",
		"set link-down port 0",
		"set port-topology chained",
		"port stop all",
		"port start all",
		"start",
		"stop",
		"start tx_first",
		"stop",
		"start tx_first 32",
		"stop",
		"set default",
		"",
		"   # nothing",
		"start # and so on",
		"quit",
	};
	struct fake f;

	(void)state;
	two_ports(&f);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		good(&f, lines[i]);
	assert_true(xd_session_ended(f.session));
	assert_int_equal(f.starts, 4);
	assert_int_equal(f.stops, 4);
	finish(&f);
}

/* What is wrong is answered in one line, with what was meant where that can be guessed. */
static void
test_mistyped(void **state)
{
	static const struct {
		const char *line, *words;
	} wrong[] = {
		{"shwo port stats all", "did you mean show?"},
		{"show prot stats all", "did you mean port?"},
		{"show port stat all", "did you mean stats?"},
		{"show port stats al", "did you mean all?"},
		{"show port stats 9", "no port 9; there are 0, 1"},
		{"show port stats", "needs more: show port stats <ports>"},
		{"set fwd", "needs more: set fwd <mode>"},
		{"set fwd macswp", "did you mean macswap?"},
		{"set fwd noisy", "valid are: io, mac, macswap, rxonly, txonly, icmpecho, flowgen"},
		{"set fwd mac rety", "did you mean retry?"},
		{"set burst 65", "<burst> is a number from 1 to 64"},
		{"set burst 0", "<burst> is a number from 1 to 64"},
		{"set burst tx delay x retry 3", "<us> is a number from 0 to 1000"},
		{"set nbcore 4", "nb fwd cores 4 > 3"},
		{"set nbport 3", "nb ports 3 > 2"},
		{"set corelist 9", "lcore 9 not enabled"},
		{"set corelist 1,1", "is there twice"},
		{"set corelist 1,", "give numbers"},
		{"set corelist 3-1", "give numbers"},
		{"set corelist 99999999999999999999", "give numbers"},
		{"set portlist 0,7", "no port 7"},
		{"set portlist x", "give numbers"},
		{"set txpkts 64,,64", "give up to 8 lengths"},
		{"set txpkts 0", "give up to 8 lengths"},
		{"set txpkts 60000,60000", "120000 bytes together"},
		{"set txpkts 1,1,1,1,1,1,1,1,1", "give up to 8 lengths"},
		{"set eth-peer 0 02:00:00:00:00", "Invalid ethernet address"},
		{"set eth-peer 0 02:00:00:00:00:0g", "Invalid ethernet address"},
		{"set eth-peer 5 02:00:00:00:00:01", "no port 5"},
		{"set port-topology ring", "valid are: paired, chained, loop"},
		{"set portmask 3", "set portlist"},
		{"set verbose 4", "<level> is a number from 0 to 3"},
		{"stop", "Packet forwarding not started"},
		{"stop it", "nothing follows stop"},
		{"start now", "tx_first"},
		{"start tx_first 0", "<bursts> is a number from 1 to 65535"},
		{"port attach", "needs more: port attach <spec>"},
		{"port attach virtio:/bad", "nobody listens"},
		{"port detach 4", "no port 4"},
		{"port config mtu 0 1500", "port detach N, then port attach SPEC"},
		{"flow create 0 ingress", "no filters"},
		{"load /nowhere/at/all", "/nowhere/at/all"},
		{"sleep 0", "0.001 to 86400"},
		{"sleep nan", "0.001 to 86400"},
		{"sleep 1x", "0.001 to 86400"},
		{"help mods", "did you mean modes?"},
		{"xyzzy", "unknown command; help lists them"},
		{"\x01\x1b[2J", "??[2J: unknown command"},
		{"a a a a a a a a a a a a a a a a a a a a a a a a a", "more than 24 words"},
	};
	char long_line[XD_SESSION_LINE + 1];
	struct fake f;

	(void)state;
	two_ports(&f);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad(&f, wrong[i].line, wrong[i].words);
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	bad(&f, long_line, "at most 1023 bytes");
	assert_int_equal(f.starts, 0);
	finish(&f);
	begin(&f);
	bad(&f, "start", "no port is open");
	bad(&f, "show port info all", "no port is open");
	finish(&f);
}

/* What start is told of what was set. */
static void
test_plan(void **state)
{
	struct fake f;

	(void)state;
	two_ports(&f);
	good(&f, "port attach net_null0");
	assert_string_equal(f.names[2], "dpdk:net_null0");
	good(&f, "set fwd macswap retry");
	good(&f, "set burst tx delay 20 retry 7");
	good(&f, "set burst 16");
	good(&f, "set corelist 0,2-3");
	good(&f, "set nbcore 2");
	good(&f, "set txpkts 64,100");
	good(&f, "set flows 9");
	good(&f, "set eth-peer 2 02:11:22:33:44:55");
	answers(&f, "start tx_first 3", "macswap packet forwarding with retry - ports=3 - cores=2");
	assert_string_equal(f.plan.mode->name, "macswap");
	assert_int_equal(f.plan.retries, 7);
	assert_int_equal(f.plan.delay_us, 20);
	assert_int_equal(f.plan.burst, 16);
	assert_int_equal(f.plan.nb_cores, 2);
	assert_int_equal(f.plan.cores[0], 0);
	assert_int_equal(f.plan.cores[1], 2);
	assert_int_equal(f.plan.first_bursts, 3);
	assert_int_equal(f.plan.nb_parts, 2);
	assert_int_equal(f.plan.parts[1], 100);
	assert_int_equal(f.plan.flows, 9);
	/* 0 and 1 are a pair, 2 is alone. */
	assert_int_equal(f.plan.nb_paths, 3);
	assert_int_equal(f.plan.paths[0].tx_number, 1);
	assert_int_equal(f.plan.paths[1].tx_number, 0);
	assert_int_equal(f.plan.paths[2].tx_number, 2);
	assert_memory_equal(f.plan.paths[2].peer, "\x02\x11\x22\x33\x44\x55", 6);
	assert_memory_equal(f.plan.paths[0].peer, "\x02\x00\x00\x00\x00\x01", 6);
	bad(&f, "start", "already started");
	bad(&f, "port detach 1", "port 1 is forwarding");
	bad(&f, "port stop 2", "port 2 is forwarding");
	good(&f, "stop");
	good(&f, "set port-topology chained");
	good(&f, "set portlist 2,0,1");
	good(&f, "start");
	assert_int_equal(f.plan.paths[0].rx_number, 2);
	assert_int_equal(f.plan.paths[0].tx_number, 0);
	assert_int_equal(f.plan.paths[2].tx_number, 2);
	assert_int_equal(f.plan.first_bursts, 0);
	good(&f, "stop");
	good(&f, "set port-topology loop");
	answers(&f, "show config fwd", "RX P=2/Q=0 (socket 0) -> TX P=2/Q=0 (socket 0)");
	good(&f, "set port-topology paired");
	answers(&f, "set portlist 1", "the last port will pair with itself");
	good(&f, "port stop 1");
	bad(&f, "start", "Not all ports were started; port start 1");
	good(&f, "port start 1");
	good(&f, "port detach 1");
	bad(&f, "start", "no port is open");
	good(&f, "set default");
	answers(&f, "show config fwd", "io packet forwarding - ports=2 - cores=1");
	good(&f, "set txpkts 9000");
	bad(&f, "set fwd nothing", "valid are");
	f.starts = 0;
	assert_int_not_equal(xd_session_line(f.session, "start"), 0);
	assert_int_equal(f.starts, 0);
	assert_false(xd_session_running(f.session));
	finish(&f);
}

/* icmpecho answers by the port that was asked. */
static void
test_returning(void **state)
{
	struct fake f;

	(void)state;
	two_ports(&f);
	good(&f, "set fwd icmpecho");
	answers(&f, "start", "RX P=0/Q=0 (socket 0) -> TX P=0/Q=0 (socket 0)");
	assert_int_equal(f.plan.paths[1].tx_number, 1);
	finish(&f);
}

/* Figures as testpmd lays them out: scripts look for these lines. */
static void
test_figures(void **state)
{
	struct fake f;

	(void)state;
	two_ports(&f);
	good(&f, "start");
	f.counts[0] = (struct xd_forward_counts){.rx_frames = 1000,
		.rx_bytes = 64000,
		.tx_frames = 990,
		.tx_bytes = 63360,
		.tx_dropped = 7,
		.left_out = 3};
	f.counts[1] = (struct xd_forward_counts){.rx_frames = 5, .tx_frames = 5};
	f.stats[0] = (struct xd_session_stats){.rx_frames = 1000,
		.rx_bytes = 64000,
		.rx_missed = 4,
		.tx_frames = 5,
		.tx_bytes = 320};
	answers(&f, "show fwd stats all",
		"\n  ---------------------- Forward statistics for port 0  ----------------------\n"
		"  RX-packets: 1000           RX-dropped: 4             RX-total: 1004\n"
		"  TX-packets: 5              TX-dropped: 0             TX-total: 5\n"
		"  Not forwarded: 3\n"
		"  ----------------------------------------------------------------------------\n");
	answers(&f, "show fwd stats all",
		"\n  ---------------------- Forward statistics for port 1  ----------------------\n"
		"  RX-packets: 5              RX-dropped: 0             RX-total: 5\n"
		"  TX-packets: 990            TX-dropped: 7             TX-total: 997\n");
	answers(&f, "show fwd stats all",
		"\n  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++\n"
		"  RX-packets: 1005           RX-dropped: 4             RX-total: 1009\n"
		"  TX-packets: 995            TX-dropped: 7             TX-total: 1002\n");
	answers(&f, "show fwd streams all",
		"\n  ------- Forward Stats for RX Port= 0/Queue= 0 -> TX Port= 1/Queue= 0 -------\n"
		"  RX-packets: 1000           TX-packets: 990            TX-dropped: 7");
	answers(&f, "show port stats 0",
		"\n  ######################## NIC statistics for port 0  ########################\n"
		"  RX-packets: 1000       RX-missed: 4          RX-bytes:  64000\n"
		"  RX-errors: 0\n"
		"  RX-nombuf:  0         \n"
		"  TX-packets: 5          TX-errors: 0          TX-bytes:  320\n"
		"\n"
		"  Throughput (since last show)\n"
		"  Rx-pps:            0          Rx-bps:            0\n");
	f.stats[0].rx_frames += 1000000;
	usleep(1000);
	good(&f, "show port stats 0");
	assert_null(strstr(f.text, "Rx-pps:            0"));
	good(&f, "clear fwd stats all");
	answers(&f, "show fwd stats all",
		"  RX-packets: 0              RX-dropped: 0             RX-total: 0\n");
	f.counts[0].rx_frames += 2;
	answers(&f, "stop", "  RX-packets: 2              RX-dropped: 0             RX-total: 2\n");
	answers(&f, "clear port stats all", "NIC statistics for port 1 cleared");
	assert_int_equal(f.cleared, 3);
	answers(&f, "show port xstats all", "rx_good_packets: 41\n");
	answers(&f, "show port summary all",
		"Port MAC Address       Name         Driver         Status   Link\n"
		"0    02:58:00:00:00:00 virtio:/tmp/a.sock virtio         up       10 Gbps\n");
	answers(&f, "show port info 1",
		"\n********************* Infos for port 1  *********************\n"
		"MAC address: 02:58:01:00:00:00\n");
	answers(&f, "show config rxtx", "      RX desc=256\n");
	finish(&f);
}

/* Frames that are shown, and an end that nobody typed. */
static void
test_meanwhile(void **state)
{
	struct fake f;

	(void)state;
	two_ports(&f);
	good(&f, "set verbose 1");
	good(&f, "start");
	f.nb_seen = 2;
	answers(&f, "show config cores",
		"port 1/queue 0: received src=02:00:00:00:00:02 - dst=02:00:00:00:00:01 - "
		"type=0x0806 - length=60\n");
	assert_int_equal(f.nb_seen, 0);
	f.died = true;
	assert_true(xd_session_tick(f.session));
	assert_false(f.running);
	assert_false(xd_session_running(f.session));
	assert_int_equal(xd_session_failed(f.session), 1);
	bad(&f, "stop", "not started");
	finish(&f);
}

/* The lines of a file: all of them, whatever one is answered; not those behind quit; an interrupted
 * wait ends it. */
static void
test_file(void **state)
{
	char path[] = "/tmp/test_session.XXXXXX", line[64];
	int fd = mkstemp(path);
	struct fake f;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(
		dprintf(fd, "# so\nstart\n\nset fwd foo\nsleep 0.25\r\nstop\nquit\nstart\n"), 52);
	two_ports(&f);
	assert_int_equal(xd_session_load(f.session, path), -EINVAL);
	assert_int_equal(xd_session_failed(f.session), 1);
	assert_int_equal(f.starts, 1);
	assert_int_equal(f.sleeps, 3);
	assert_true(xd_session_ended(f.session));
	finish(&f);
	two_ports(&f);
	f.interrupt = true;
	xd_session_load(f.session, path);
	assert_int_equal(f.starts, 1);
	assert_int_equal(f.stops, 0);
	assert_false(xd_session_ended(f.session));
	good(&f, "stop");
	finish(&f);
	/* One that loads itself comes to an end. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	dprintf(fd, "load %s\nset fwd mac\n", path);
	two_ports(&f);
	snprintf(line, sizeof(line), "load %s", path);
	type(&f, line);
	assert_non_null(strstr(f.text, "files that load files, 8 deep"));
	assert_int_equal(xd_session_failed(f.session), 1);
	finish(&f);
	close(fd);
	unlink(path);
}

struct offers {
	unsigned n;
	char words[64][64];
};

static void
offer(void *arg, const char *word)
{
	struct offers *o = arg;

	assert_in_range(o->n, 0, 63);
	snprintf(o->words[o->n++], 64, "%s", word);
}

/* Offers as one text. */
static const char *
complete(struct fake *f, const char *before, const char *prefix, char text[1024])
{
	struct offers o = {.n = 0};
	char copy[256], *words[16], *rest = copy;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", before);
	while (*rest && (words[n] = strsep(&rest, " ")) && *words[n]) {
		n++;
		if (!rest)
			break;
	}
	xd_session_complete(f->session, n, words, prefix, offer, &o);
	text[0] = '\0';
	for (unsigned i = 0; i < o.n; i++)
		strcat(strcat(text, i ? " " : ""), o.words[i]);
	return text;
}

static void
test_completion(void **state)
{
	static const struct {
		const char *before, *prefix, *words;
	} cases[] = {
		{"", "", "help start stop load sleep quit exit show clear set port"},
		{"", "s", "start stop sleep show set"},
		{"show", "", "port fwd config"},
		{"show port", "", "summary info stats xstats"},
		{"show port stats", "", "all 0 1"},
		{"show port stats", "1", "1"},
		{"set fwd", "mac", "mac macswap"},
		{"set fwd mac", "", "retry"},
		{"set", "nb", "nbcore nbport"},
		{"set burst", "", "tx"},
		{"set burst tx delay 5", "", "retry"},
		{"set promisc all", "", "on off"},
		{"port", "", "attach detach close start stop"},
		{"start", "", "tx_first"},
		{"nonsense", "", ""},
		{"quit", "", ""},
	};
	char text[1024];
	struct fake f;

	(void)state;
	two_ports(&f);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			complete(&f, cases[i].before, cases[i].prefix, text), cases[i].words);
	finish(&f);
}

/* Whatever is typed, it is answered. */
static void
test_nonsense(void **state)
{
	static const char *const words[] = {"set", "show", "port", "start", "stop", "fwd", "stats",
		"all", "0", "1", "99", "-1", "tx", "delay", "retry", "burst", "list", ",", "1-",
		"<", "<port>", "|", "a|b", "attach", "detach", "config", "help", "x", "flow", "io",
		"clear"};
	uint32_t random = 1;
	struct fake f;

	(void)state;
	two_ports(&f);
	for (unsigned i = 0; i < 20000; i++) {
		char line[256] = "";

		for (unsigned n = 0; n < 1 + i % 6; n++) {
			random = random * 1103515245 + 12345;
			strcat(strcat(line,
				       words[(random >> 16) % (sizeof(words) / sizeof(*words))]),
				" ");
		}
		if (!strstr(line, "attach"))
			type(&f, line);
	}
	finish(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_memory),
		cmocka_unit_test(test_mistyped),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_returning),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
