/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ends of a test: where a server is, lines, what a client may ask for, and how two rows become
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options.h"
#include "peer/address.h"
#include "peer/peer.h"
#include "option_table.h"
#include "peer/test.h"
#include "report/load.h"
#include "traffic/engine/tcp/tcp.h"
#include "traffic/result/result_json.h"

static void
test_addresses(void **state)
{
	static const struct {
		const char *text, *is; /* NULL: refused */
		bool local;
	} all[] = {
		{"127.0.0.1", "127.0.0.1:5210", true},
		{"localhost:1", "127.0.0.1:1", true},
		{"10.0.0.2:65535", "10.0.0.2:65535", false},
		{"::1", "[::1]:5210", true},
		{"[::1]", "[::1]:5210", true},
		{"[fd00::2]:7", "[fd00::2]:7", false},
		{"0.0.0.0", "0.0.0.0:5210", false},
		{"", NULL, false},
		{"host", NULL, false},
		{"10.0.0.2:0", NULL, false},
		{"10.0.0.2:65536", NULL, false},
		{"10.0.0.2:", NULL, false},
		{"[::1", NULL, false},
		{"[::1]7", NULL, false},
		{"[]:7", NULL, false},
		{"1.2.3.4.5", NULL, false},
		{"1111111111111111111111111111111111111111111111111111111111111111111", NULL,
			false},
	};
	struct peer_address address;
	struct xd_error err;
	char text[PEER_ADDRESS];

	(void)state;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int rc = peer_address_parse(all[i].text, &address, &err);

		assert_int_equal(rc, all[i].is ? 0 : -EINVAL);
		if (rc)
			continue;
		assert_string_equal(peer_address_text(&address, text), all[i].is);
		assert_int_equal(peer_address_is_local(&address), all[i].local);
	}
}

/* ---- Lines ---- */

struct pair {
	struct peer_line line;
	int other;
};

static struct pair *
make_pair(void)
{
	struct pair *p = calloc(1, sizeof(*p));
	int fds[2];

	assert_non_null(p);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer_line_init(&p->line, fds[0]);
	p->other = fds[1];
	return p;
}

static void
drop_pair(struct pair *p)
{
	peer_line_fini(&p->line);
	if (p->other >= 0)
		close(p->other);
	free(p);
}

static void
send_text(struct pair *p, const char *text)
{
	assert_int_equal(write(p->other, text, strlen(text)), strlen(text));
}

static int
read_one(struct pair *p, const char *key)
{
	struct xd_error err = {0};
	json_t *object;
	int rc = peer_line_read(&p->line, &object, &err);

	assert_int_equal(object != NULL, rc == 1);
	if (rc == 1)
		assert_non_null(json_object_get(object, key));
	json_decref(object);
	return rc;
}

static void
test_lines(void **state)
{
	struct pair *p = make_pair();
	struct xd_error err = {0};
	json_t *object;
	char back[64] = "";

	(void)state;
	assert_int_equal(read_one(p, ""), 0);
	send_text(p, "{\"a\":1}\n{\"b\":2}\n{\"c\"");
	assert_int_equal(read_one(p, "a"), 1);
	assert_int_equal(read_one(p, "b"), 1);
	assert_int_equal(read_one(p, ""), 0);
	send_text(p, ":3}\n");
	assert_int_equal(read_one(p, "c"), 1);
	assert_int_equal(peer_line_wait(&p->line, 0.01, NULL, &object, &err), -ETIMEDOUT);
	assert_int_equal(peer_line_write(&p->line, json_pack("{s:i}", "d", 4), &err), 0);
	assert_int_equal(read(p->other, back, sizeof(back) - 1), 8);
	assert_string_equal(back, "{\"d\":4}\n");
	send_text(p, "[1]\n{\"e\":1,\"e\":2}\n{\"f\":1}\n");
	assert_int_equal(read_one(p, ""), -EPROTO);
	assert_int_equal(read_one(p, ""), -EPROTO);
	assert_int_equal(read_one(p, "f"), 1);
	close(p->other);
	p->other = -1;
	assert_int_equal(read_one(p, ""), -ECONNRESET);
	assert_int_equal(peer_line_write(&p->line, json_object(), &err), -ECONNRESET);
	drop_pair(p);
}

static void
test_long_line(void **state)
{
	static char text[PEER_LINE_MAX + 1];
	struct pair *p = make_pair();

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"a\":1}", 7);
	text[PEER_LINE_MAX - 1] = '\n';
	text[PEER_LINE_MAX] = '\0';
	send_text(p, text);
	assert_int_equal(read_one(p, "a"), 1);
	text[PEER_LINE_MAX - 1] = ' ';
	send_text(p, text);
	assert_int_equal(read_one(p, ""), -EPROTO);
	drop_pair(p);
}

/* ---- Tests ---- */

static void
parse(struct options *o, char *words)
{
	char *argv[32] = {(char[]){"crossdock-pktgen"}}, *save = NULL;
	struct xd_error err = {0};
	int argc = 1;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	if (options_parse(o, argc, argv, &err))
		fail_msg("%s", err.text);
}

static void
test_round_trip(void **state)
{
	char near_words[] = "tcp --port virtio:/a --peer ::1 --messages 1,64k --verify --streams 7 "
			    "--time 5 --warmup 1 --trials 3 --direction both --nagle --size 1000 "
			    "--address 10.0.0.1 --address 10.0.0.2 --impair 1:loss=2% --core 0 "
			    "--json /tmp/x";
	char server_words[] = "server --port virtio:/b --timeout 3";
	const struct xd_message_link link = {.far = true};
	struct options near, server, far;
	struct xd_error err = {0};
	uint8_t address[16] = {10, 0, 0, 1};
	json_t *test;

	(void)state;
	parse(&near, near_words);
	parse(&server, server_words);
	test = peer_test_json(&near);
	if (peer_test_options(test, &server, &link, &far, &err))
		fail_msg("%s", err.text);
	assert_string_equal(far.ports[0], "virtio:/b");
	assert_int_equal(far.nb_ports, 1);
	assert_int_equal(far.timeout_ms, 3000);
	assert_int_equal(far.message.streams, 7);
	assert_int_equal(far.message.sizes.n, 2);
	assert_true(far.message.verify && far.message.way == XD_MESSAGE_BOTH);
	assert_true(far.time_s == 5 && far.warmup_s == 1 && far.trials == 3);
	assert_int_equal(far.traffic.sizes.mix[0].bytes[0], 1000);
	assert_true(far.traffic.impair[1].loss > 0);
	assert_null(far.json);
	assert_null(far.peer);
	assert_memory_equal(far.host.peers[0].address, address, sizeof(address));
	address[3] = 2;
	assert_memory_equal(near.host.peers[0].address, address, sizeof(address));
	json_decref(test);
	options_fini(&near);
	options_fini(&far);
	options_fini(&server);
}

/* Ports are numbered through, and each has the one of its pair to talk to. */
static void
test_several_ports(void **state)
{
	char near_words[] = "udp --port virtio:/a --port virtio:/c --peer ::1 --address 10.0.0.1 "
			    "--address 10.0.0.2 --address fd00::3 --address fd00::4 "
			    "--impair 3:loss=2%";
	char server_words[] = "server --port virtio:/b --port virtio:/d";
	const struct xd_message_link link = {.far = true};
	struct options near, server, far;
	struct xd_message_hosts hosts;
	struct xd_error err = {0};
	json_t *test;

	(void)state;
	parse(&near, near_words);
	parse(&server, server_words);
	test = peer_test_json(&near);
	if (peer_test_options(test, &server, &link, &far, &err))
		fail_msg("%s", err.text);
	assert_string_equal(far.ports[1], "virtio:/d");
	assert_false(near.host.peers[0].v6 || far.host.peers[0].v6);
	assert_true(near.host.peers[1].v6 && far.host.peers[1].v6);
	assert_int_equal(near.host.peers[0].address[3], 2);
	assert_int_equal(far.host.peers[0].address[3], 1);
	assert_int_equal(near.host.peers[1].address[15], 4);
	assert_int_equal(far.host.peers[1].address[15], 3);
	hosts = option_hosts(&far);
	assert_int_equal(xd_message_hosts_number(&hosts, 1), 3);
	assert_true(hosts.impair[3].loss > 0 && hosts.impair[1].loss <= 0);
	assert_false(xd_message_hosts_opens(&hosts, 2, 0));
	assert_int_equal(xd_message_hosts_streams(&hosts, 2), 2);
	json_decref(test);
	options_fini(&near);
	options_fini(&far);
	options_fini(&server);
}

static void
test_refused(void **state)
{
	static const char *const all[] = {"{}", "{'test':1}",
		"{'test':'latency','ports':1,'options':[]}",
		"{'test':'server','ports':1,'options':[]}", "{'test':'tcp','ports':1}",
		"{'test':'tcp','ports':1,'options':{}}",
		"{'test':'rate','ports':1,'options':[['template-file','/etc/passwd']]}",
		"{'test':'rate','ports':1,'options':[['pcap','/etc/passwd']]}",
		"{'test':'rate','ports':1,'options':[['track',null]]}",
		"{'test':'rate','ports':1,'options':[['pattern','mesh']]}",
		"{'test':'rate','ports':1,'options':[['impair','loss=1%']]}",
		"{'test':'tcp','options':[]}", "{'test':'tcp','ports':2,'options':[]}",
		"{'test':'tcp','ports':'1','options':[]}", "{'test':'tcp','ports':1,'options':[1]}",
		"{'test':'tcp','ports':1,'options':[['verify']]}",
		"{'test':'tcp','ports':1,'options':[['verify',1]]}",
		"{'test':'tcp','ports':1,'options':[['verify','x']]}",
		"{'test':'tcp','ports':1,'options':[['streams',null]]}",
		"{'test':'tcp','ports':1,'options':[['streams','0']]}",
		"{'test':'tcp','ports':1,'options':[['json','/tmp/x']]}",
		"{'test':'tcp','ports':1,'options':[['csv','/tmp/x']]}",
		"{'test':'tcp','ports':1,'options':[['port','virtio:/x']]}",
		"{'test':'tcp','ports':1,'options':[['peer','::1']]}",
		"{'test':'tcp','ports':1,'options':[['connect','10.0.0.1']]}",
		"{'test':'tcp','ports':1,'options':[['switch','/x']]}",
		"{'test':'tcp','ports':1,'options':[['help',null]]}",
		"{'test':'tcp','ports':1,'options':[['impair','2:loss=1%']]}",
		"{'test':'tcp','ports':1,'options':[['address','10.0.0.1'],['address','fd00::1']]}",
		"{'test':'tcp','ports':1,'options':[['address','10.0.0.1'],['address','10.0.0.2'],"
		"['address','10.0.0.3']]}"};
	char server_words[] = "server --port virtio:/b";
	const struct xd_message_link link = {.far = true};
	struct options server, o;

	(void)state;
	parse(&server, server_words);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char text[256];
		struct xd_error err = {0};
		json_t *test;

		strcpy(text, all[i]);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		test = json_loads(text, 0, NULL);
		assert_non_null(test);
		assert_int_equal(peer_test_options(test, &server, &link, &o, &err), -EINVAL);
		assert_true(err.text[0] && !strchr(err.text, '\n'));
		options_fini(&o);
		json_decref(test);
	}
	options_fini(&server);
}

/* ---- Rows ---- */

static struct xd_row
row_of(uint64_t messages, double core, uint64_t sent)
{
	struct xd_row row = {.engine = &xd_tcp_engine, .trial = 1, .time_s = 2, .cpu_s = 1};
	struct xd_tcp_figures f = {
		.message = {.test = "bandwidth", .way = "both", .messages = messages},
		.path = {.limited_core = core, .limited_receiver = core > 0 ? 1 - core : 0},
	};

	row.rate.sent_frames = sent;
	row.rate.nb_ports = 1;
	row.rate.ports[0].sent_frames = sent;
	memcpy(row.own, &f, sizeof(f));
	return row;
}

static int
take_row(void *ctx, struct xd_row *row, double wait_s, struct xd_error *err)
{
	(void)wait_s;
	if (!ctx)
		return xd_fail(err, -ECONNRESET, "it has gone");
	return report_load_row("server", ctx, row, err);
}

static void
say_nothing(void *ctx, const char *why)
{
	(void)ctx;
	(void)why;
}

static void
merge(struct xd_row *row, const struct xd_row *far)
{
	struct xd_tcp_figures a, b;

	memcpy(&a, row->own, sizeof(a));
	memcpy(&b, far->own, sizeof(b));
	xd_message_merge(&a.message, &b.message);
	xd_tcp_path_merge(&a.path, &b.path);
	memcpy(row->own, &a, sizeof(a));
}

static void
test_rows_become_one(void **state)
{
	const struct xd_engine *all[ENGINES_MAX + 1];
	struct xd_row near = row_of(3, 0.5, 10), far = row_of(4, 1, 20);
	struct xd_tcp_figures f;
	struct xd_error err = {0};
	struct xd_message_link link = {.take = take_row, .stop = say_nothing};

	(void)state;
	engines_results(all);
	link.ctx = xd_row_json(&far, all);
	assert_int_equal(xd_message_swap(&link, &near, 0, merge, &err), 0);
	memcpy(&f, near.own, sizeof(f));
	assert_int_equal(f.message.messages, 7);
	assert_true(f.path.limited_core == 0.75 && f.path.limited_receiver == 0.25);
	assert_int_equal(near.rate.sent_frames, 30);
	assert_int_equal(near.rate.nb_ports, 2);
	assert_int_equal(near.rate.ports[1].sent_frames, 20);
	assert_true(near.far.known && near.far.time_s == 2);
	assert_false(near.partial);

	json_object_del(link.ctx, "sent_pps");
	near = row_of(3, 1, 10);
	assert_int_equal(xd_message_swap(&link, &near, 0, merge, &err), -EINVAL);
	assert_true(near.partial && !near.far.known);
	json_decref(link.ctx);

	link.ctx = NULL;
	assert_int_equal(xd_message_swap(&link, &near, 0, merge, &err), -ECONNRESET);
	assert_int_equal(xd_message_swap(&link, &near, -EINTR, merge, &err), -EINTR);
	assert_true(near.partial && !near.far.known);
	assert_int_equal(xd_message_swap(NULL, &near, -EPIPE, merge, &err), -EPIPE);
}

static void
test_ports_become_pairs(void **state)
{
	const struct xd_engine *all[ENGINES_MAX + 1];
	struct xd_row near = row_of(1, 0, 10), far = row_of(1, 0, 11);
	struct xd_message_link link = {.take = take_row, .stop = say_nothing};
	struct xd_row start;
	struct xd_error err = {0};

	(void)state;
	engines_results(all);
	near.rate.nb_ports = far.rate.nb_ports = 2;
	near.rate.ports[1].sent_frames = 12;
	far.rate.ports[1].sent_frames = 13;
	start = near;
	link.ctx = xd_row_json(&far, all);
	assert_int_equal(xd_message_swap(&link, &near, 0, merge, &err), 0);
	assert_int_equal(near.rate.nb_ports, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(near.rate.ports[i].sent_frames, 10 + i);
	json_decref(link.ctx);

	/* As many as this end has, or none. */
	near = start;
	far.rate.nb_ports = 3;
	link.ctx = xd_row_json(&far, all);
	assert_int_equal(xd_message_swap(&link, &near, 0, merge, &err), 0);
	assert_int_equal(near.rate.nb_ports, 2);
	json_decref(link.ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_several_ports),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_rows_become_one),
		cmocka_unit_test(test_ports_become_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
