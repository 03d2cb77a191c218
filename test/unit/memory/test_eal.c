/* SPDX-License-Identifier: BSD-3-Clause */
/* The EAL brought up and given back: once in a process, so each check has a process of its own. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "crossdock.h"
#include "memory/hugepages.h"
#include "memory/memory.h"

#define MIB ((size_t)1 << 20)

static int
start(enum xd_hugepages hugepages, char *const *eal_args, unsigned n, struct xd_error *err)
{
	struct xd_memory_opts opts = {.size = sizeof(opts),
		.hugepages = hugepages,
		.program = "test_memory",
		.eal_args = eal_args,
		.nb_eal_args = n};

	return xd_memory_start(&opts, err);
}

/* Runs a check in a process of its own, because an EAL starts once in a process. */
static void
in_child(void (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define REQUIRE(x)                                                                                 \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* What a check prints comes here, so that it can be asked for. */
static FILE *
catch_output(void)
{
	FILE *out = tmpfile();

	REQUIRE(out != NULL);
	REQUIRE(dup2(fileno(out), 1) == 1 && dup2(fileno(out), 2) == 2);
	return out;
}

static bool
printed_nothing(FILE *out)
{
	fflush(stdout);
	fflush(stderr);
	return lseek(fileno(out), 0, SEEK_END) == 0;
}

/* DPDK prints its options on such an occasion. */
static void
bad_value(void)
{
	char *args[] = {(char[]){"--lcores"}, (char[]){"0@100"}};
	struct xd_error err = {0};
	FILE *out = catch_output();

	if (start(XD_HUGEPAGES_NONE, args, 2, &err) >= 0)
		_exit(2);
	if (!printed_nothing(out))
		_exit(3);
	if (!strstr(err.text, "DPDK's EAL does not start: ") || !strstr(err.text, "100"))
		_exit(4);
}

static void
bad_option(void)
{
	char *args[] = {(char[]){"--no-such-thing"}};
	struct xd_error err = {0};
	FILE *out = catch_output();

	if (start(XD_HUGEPAGES_NONE, args, 1, &err) != -EINVAL)
		_exit(2);
	if (!printed_nothing(out))
		_exit(3);
	if (!strstr(err.text, "DPDK's EAL does not start: ") || !strstr(err.text, "no-such-thing"))
		_exit(4);
	/* The streams are the application's again. */
	printf("x");
	if (printed_nothing(out))
		_exit(5);
}

/* With these DPDK prints and exits. */
static void
help_option(void)
{
	static const char *const words[] = {"--help", "--he", "-h"};
	struct xd_error err = {0};

	for (unsigned i = 0; i < 3; i++) {
		char *args[] = {strdup(words[i])};

		REQUIRE(start(XD_HUGEPAGES_NONE, args, 1, &err) == -EINVAL);
		free(args[0]);
	}
	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 0, &err) == 0);
}

static void
null_arguments(void)
{
	char *args[] = {NULL};
	struct xd_error err = {0};

	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 1, &err) == -EINVAL);
	REQUIRE(start(XD_HUGEPAGES_NONE, args, 1, &err) == -EINVAL);
	REQUIRE(start(XD_HUGEPAGES_NONE, args, 1, NULL) == -EINVAL);
	REQUIRE(xd_memory_start(NULL, NULL) == 0);
	REQUIRE(xd_memory_is_up());
}

static void
required_and_forbidden(void)
{
	static const char *const words[] = {"--no-huge", "--no-hu"};
	struct xd_error err = {0};

	for (unsigned i = 0; i < 2; i++) {
		char *args[] = {strdup(words[i])};

		REQUIRE(start(XD_HUGEPAGES_REQUIRED, args, 1, &err) == -EINVAL);
		REQUIRE(strstr(err.text, "--no-huge") != NULL);
		free(args[0]);
	}
}

static void
stopped_once(void)
{
	struct xd_switch *sw;
	struct xd_error err = {0};

	xd_memory_stop();
	REQUIRE(!xd_memory_is_up());
	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 0, &err) == 0);
	sw = xd_switch_create(NULL, &err);
	REQUIRE(sw != NULL);
	xd_switch_destroy(sw);
	xd_memory_stop();
	xd_memory_stop();
	REQUIRE(!xd_memory_is_up());
	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 0, &err) == -EALREADY);
	REQUIRE(strstr(err.text, "once in a process") != NULL);
	REQUIRE(xd_switch_create(NULL, &err) == NULL);
	REQUIRE(err.code == -EINVAL);
	xd_memory_stop();
}

static void
count_line(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)level;
	(void)component;
	(void)line;
	++*(unsigned *)ctx;
}

/* The application's struct xd_log may lie on its stack. */
static void
log_goes(void)
{
	unsigned lines = 0;
	struct xd_log *log = malloc(sizeof(*log));
	struct xd_memory_opts opts = {
		.size = sizeof(opts), .hugepages = XD_HUGEPAGES_NONE, .log = log};

	REQUIRE(log != NULL);
	xd_log_init(log, count_line, &lines, XD_LOG_INFO);
	REQUIRE(xd_memory_start(&opts, NULL) == 0);
	memset(log, 0xff, sizeof(*log));
	free(log);
	lines = 0;
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_EAL, "a line\n");
	REQUIRE(lines == 1);
	xd_memory_stop();
}

/* What an application's log function prints is not taken for DPDK's. */
static void
print_line(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	count_line(ctx, level, component, line);
	fprintf(stderr, "%s\n", line);
	printf("%s\n", line);
}

static void
log_prints(void)
{
	char *args[] = {(char[]){"--no-such-thing"}};
	unsigned lines = 0;
	struct xd_log log;
	struct xd_memory_opts opts = {.size = sizeof(opts),
		.hugepages = XD_HUGEPAGES_NONE,
		.eal_args = args,
		.nb_eal_args = 1,
		.log = &log};
	FILE *out = catch_output();

	xd_log_init(&log, print_line, &lines, XD_LOG_DEBUG);
	if (xd_memory_start(&opts, NULL) >= 0)
		_exit(2);
	/* DPDK's whole help is in there. */
	if (lines < 10 || lines > 200 || printed_nothing(out))
		_exit(3);
}

static void
auto_pages(void)
{
	bool huge = xd_hugepages_available();
	struct xd_error err = {0};

	REQUIRE(start(XD_HUGEPAGES_AUTO, NULL, 0, &err) == 0);
	REQUIRE(xd_memory_hugepages() == huge);
	REQUIRE((xd_memory_page_bytes() > 4096) == huge);
	/* It takes little before it is asked for more. */
	REQUIRE(!huge || xd_memory_page_bytes() > 2 * MIB || xd_memory_eal_bytes() <= 16 * MIB);
	xd_memory_stop();
}

static void
required_pages(void)
{
	bool huge = xd_hugepages_available();
	struct xd_error err = {0};
	int ret = start(XD_HUGEPAGES_REQUIRED, NULL, 0, &err);

	REQUIRE(ret == (huge ? 0 : -ENOMEM));
	REQUIRE(huge || strstr(err.text, "needs 32 MiB") != NULL);
	/* Refused before anything was touched: the EAL can still start. */
	REQUIRE(huge || start(XD_HUGEPAGES_NONE, NULL, 0, &err) == 0);
	REQUIRE(huge || start(XD_HUGEPAGES_REQUIRED, NULL, 0, &err) == -ENOMEM);
}

/* An EAL of the application's is used, and not given back. */
static void
application_eal(void)
{
	char *argv[] = {(char[]){"app"}, (char[]){"--no-huge"}, (char[]){"-m"}, (char[]){"64"},
		(char[]){"--no-shconf"}, (char[]){"--no-pci"}, (char[]){"--no-telemetry"},
		(char[]){"--log-level"}, (char[]){"error"}, NULL};
	struct xd_error err = {0};

	REQUIRE(rte_eal_init(9, argv) >= 0);
	REQUIRE(start(XD_HUGEPAGES_AUTO, NULL, 0, &err) == 0);
	xd_memory_stop();
	REQUIRE(xd_pool_create("after", 16, 2176, XD_NODE_ANY, &err) != NULL);
	REQUIRE(rte_eal_cleanup() == 0);
}

static void
keep_line(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	char *text = ctx;

	(void)component;
	REQUIRE(level <= XD_LOG_INFO);
	REQUIRE(strchr(line, '\n') == NULL);
	snprintf(text, 4096, "%s", line);
}

/* Nothing of a good start reaches the terminal, and one line reaches the log. */
static void
quiet_start(void)
{
	char text[4096] = "";
	struct xd_log log;
	struct xd_memory_opts opts = {.size = sizeof(opts),
		.hugepages = XD_HUGEPAGES_NONE,
		.program = "test_memory",
		.log = &log};
	FILE *out = catch_output();

	xd_log_init(&log, keep_line, text, XD_LOG_INFO);
	if (xd_memory_start(&opts, NULL) != 0)
		_exit(2);
	if (!printed_nothing(out))
		_exit(3);
	if (strstr(text, "DPDK 2") == NULL)
		_exit(4);
	xd_memory_stop();
}

/* The calling thread may go on running wherever it might. */
static void
affinity_stays(void)
{
	cpu_set_t before, after;

	REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 0, NULL) == 0);
	REQUIRE(sched_getaffinity(0, sizeof(after), &after) == 0);
	REQUIRE(CPU_EQUAL(&before, &after));
	REQUIRE(rte_lcore_count() == 1);
	xd_memory_stop();
}

static uint64_t
resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	REQUIRE(f != NULL && fscanf(f, "%*u %lu", &pages) == 1);
	fclose(f);
	return pages * 4096;
}

/* Without hugepages memory is address space until it is used, also when too much is asked for. */
static void
lazy_memory(void)
{
	struct xd_error err = {0};

	REQUIRE(start(XD_HUGEPAGES_NONE, NULL, 0, NULL) == 0);
	REQUIRE(xd_memory_eal_bytes() >= 512 * MIB);
	REQUIRE(resident_bytes() < 200 * MIB);
	REQUIRE(xd_pool_create("big", 1000000, 2176, XD_NODE_ANY, &err) == NULL);
	REQUIRE(err.code == -ENOMEM);
	REQUIRE(strstr(err.text, "1000000 packet buffers need ") != NULL);
	REQUIRE(resident_bytes() < 200 * MIB);
	xd_memory_stop();
}

static void
test_in_child(void **state)
{
	in_child(*state);
}

#define CHILD(check)                                                                               \
	{                                                                                          \
		.name = #check, .test_func = test_in_child, .initial_state = check                 \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD(bad_value),
		CHILD(bad_option),
		CHILD(help_option),
		CHILD(null_arguments),
		CHILD(auto_pages),
		CHILD(required_pages),
		CHILD(required_and_forbidden),
		CHILD(application_eal),
		CHILD(quiet_start),
		CHILD(log_goes),
		CHILD(log_prints),
		CHILD(stopped_once),
		CHILD(affinity_stays),
		CHILD(lazy_memory),
	};

	return cmocka_run_group_tests_name("eal", tests, NULL, NULL);
}
