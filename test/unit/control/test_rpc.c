/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON-RPC 2.0: what is answered to which text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc_methods.h"

static const struct {
	const char *request;
	const char *answer; /* its beginning; NULL: none */
} exchanges[] = {
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\"}", RESULT("1", "1") "\n"},
	{"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"add\",\"params\":{\"n\":3}}",
		RESULT("\"x\"", "3") "\n"},
	{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"add\"}", RESULT("null", "1") "\n"},
	{" {\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"echo\",\"params\":{\"text\":\"a\\nb\"}} ",
		RESULT("1.5", "{\"text\":\"a\\nb\"}") "\n"},
	/* notifications: nothing, whatever happens */
	{"{\"jsonrpc\":\"2.0\",\"method\":\"add\"}", NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"nope\"}", NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"refuse\"}", NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1]}", NULL},
	/* not JSON */
	{"{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]",
		ERROR("null", "-32700")},
	{"{", ERROR("null", "-32700")},
	{"\xff", ERROR("null", "-32700")},
	{"{\"id\":1,\"id\":2}", ERROR("null", "-32700")},
	{"1 2", ERROR("null", "-32700")},
	/* no request */
	{"1", ERROR("null", "-32600")},
	{"\"add\"", ERROR("null", "-32600")},
	{"{}", ERROR("null", "-32600")},
	{"{\"id\":4,\"method\":\"add\"}", ERROR("4", "-32600")},
	{"{\"jsonrpc\":\"1.0\",\"id\":4,\"method\":\"add\"}", ERROR("4", "-32600")},
	{"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":1}", ERROR("4", "-32600")},
	{"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"add\"}", ERROR("null", "-32600")},
	{"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"add\",\"params\":1}", ERROR("4", "-32600")},
	/* no such method, wrong parameters */
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ad\"}",
		ERROR("1", "-32601,\"message\":\"there is no method ad; did you mean add?\"}}\n")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":[1]}", ERROR("1", "-32602")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":{\"m\":1}}",
		ERROR("1", "-32602")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":{\"n\":11}}",
		ERROR("1", "-32602")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":{\"n\":\"1\"}}",
		ERROR("1", "-32602")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}", ERROR("1", "-32602")},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":1}}",
		ERROR("1", "-32602")},
	/* refused */
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"refuse\"}",
		ERROR("1", "-32000,\"message\":\"ports.a.mtu: is wrong\",\"data\":{\"key\":"
			   "\"ports.a.mtu\",\"line\":7,\"text\":\"is wrong\"}}}\n")},
	/* batches */
	{"[]", ERROR("null", "-32600")},
	{"[1]", "[" ERROR("null", "-32600")},
	{"[{\"jsonrpc\":\"2.0\",\"method\":\"add\"},{\"jsonrpc\":\"2.0\",\"method\":\"add\"}]",
		NULL},
	{"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\"},"
	 "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":{\"n\":5}},"
	 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\"}]",
		"[" RESULT("1", "1") "," RESULT("2", "7") "]\n"},
};

static void
test_rpc(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++) {
		const char *request = exchanges[i].request, *want = exchanges[i].answer;
		int ctx = 0;
		char *answer = xd_rpc_answer(methods, &ctx, request, strlen(request));

		if (!want != !answer || (want && strncmp(answer, want, strlen(want))))
			fail_msg("%s\nwanted %s\ngot    %s", request, want ? want : "nothing",
				answer ? answer : "nothing");
		if (answer)
			assert_ptr_equal(strchr(answer, '\n'), answer + strlen(answer) - 1);
		free(answer);
	}
}

static void
test_rpc_limits(void **state)
{
	json_t *batch = json_array();
	int ctx = 0;
	char *text, *answer;

	(void)state;
	for (unsigned i = 0; i < XD_RPC_MAX_BATCH + 1; i++)
		json_array_append_new(batch,
			json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", i, "method", "add"));
	text = json_dumps(batch, 0);
	answer = xd_rpc_answer(methods, &ctx, text, strlen(text));
	assert_non_null(strstr(answer, "-32600"));
	assert_int_equal(ctx, 0);
	free(answer);
	free(text);
	json_array_remove(batch, 0);
	text = json_dumps(batch, 0);
	answer = xd_rpc_answer(methods, &ctx, text, strlen(text));
	assert_int_equal(ctx, XD_RPC_MAX_BATCH);
	free(answer);
	free(text);
	json_decref(batch);
	/* 4 MiB each: more than one answer may have. */
	batch = json_array();
	for (unsigned i = 0; i < 17; i++)
		json_array_append_new(batch,
			json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", i, "method", "large"));
	text = json_dumps(batch, 0);
	answer = xd_rpc_answer(methods, &ctx, text, strlen(text));
	assert_non_null(strstr(answer, "-32603"));
	free(answer);
	free(text);
	json_decref(batch);
}

/* What answers take together is bounded, and what follows the one too many is not done. */
static void
test_large_batch(void **state)
{
	static const char large[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"large\"}";
	static const char add[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"add\"}";
	char request[600];
	char *text;
	json_t *answers;
	int ctx = 0;

	(void)state;
	snprintf(request, sizeof(request), "[%s,%s,%s,%s,%s,%s]", add, large, large, add, large,
		add);
	text = xd_rpc_answer(methods, &ctx, request, strlen(request));
	assert_non_null(text);
	assert_true(strlen(text) < XD_RPC_MAX_REPLY + 4096);
	answers = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(answers), 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(
			json_object_get(json_array_get(answers, i), "result") != NULL, i < 2);
	assert_int_equal(ctx, 1);
	json_decref(answers);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_batch),
		cmocka_unit_test(test_rpc),
		cmocka_unit_test(test_rpc_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
