/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The EAL: brought up with what a switch needs, or taken as the application has brought it up.
 *
 * Whether it is ours to give back is kept where it belongs, in the EAL itself: a memzone named
 * OWNER exists only if xd_memory_start brought it up, and holds a pointer to what goes with it.
 * That it was given back cannot be kept there, nor asked of DPDK, which is gone with it.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_memzone.h>
#include <rte_version.h>

#include "base/sized.h"
#include "crossdock.h"
#include "memory/eal_log.h"
#include "memory/hugepages.h"
#include "memory/memory.h"

#define OWNER   "xd_memory_owner"
#define OWN_MAX 16 /* options of ours */

/* The process's, as the EAL is: DPDK starts once in a process. */
static bool was_stopped;

struct args {
	unsigned n;
	unsigned max;
	char *argv[]; /* ended by NULL; strings are not owned */
};

static int
found_list(const struct rte_memseg_list *list, void *arg)
{
	(void)list;
	(void)arg;
	return 1;
}

/* The EAL has memory lists once rte_eal_init has gone well, and none before. They cannot be looked
 * at after rte_eal_cleanup. */
bool
xd_memory_is_up(void)
{
	return !__atomic_load_n(&was_stopped, __ATOMIC_ACQUIRE) &&
	       rte_memseg_list_walk(found_list, NULL) == 1;
}

static void
clean_up(void)
{
	__atomic_store_n(&was_stopped, true, __ATOMIC_RELEASE);
	rte_eal_cleanup();
}

static void
add_arg(struct args *args, const char *arg)
{
	/* The EAL's getopt permutes the array and leaves the strings alone. */
	if (args->n < args->max)
		args->argv[args->n++] = (char *)(uintptr_t)arg;
	args->argv[args->n] = NULL;
}

/* Whether an application's option is one of names, also written as "--name=value" or "-nvalue". */
static bool
has_arg(const struct xd_memory_opts *opts, const char *const *names)
{
	for (unsigned i = 0; i < opts->nb_eal_args; i++) {
		const char *arg = opts->eal_args[i];

		for (unsigned k = 0; names[k] != NULL; k++) {
			size_t len = strlen(names[k]);
			bool is_short = names[k][1] != '-';

			if (strncmp(arg, names[k], len) == 0 &&
				(arg[len] == '\0' || arg[len] == '=' || is_short))
				return true;
		}
	}
	return false;
}

/* "0@(0-3,8)": the one lcore may run on every core that this process may. */
static void
main_lcore(char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, "0@(");
	const char *separator = "";
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0) {
		CPU_ZERO(&set);
		CPU_SET(0, &set);
	}
	for (int first = 0; first < CPU_SETSIZE && len + 16 < size; first++) {
		int last = first;

		if (!CPU_ISSET(first, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		if (last == first)
			len += (size_t)snprintf(text + len, size - len, "%s%d", separator, first);
		else
			len += (size_t)snprintf(
				text + len, size - len, "%s%d-%d", separator, first, last);
		separator = ",";
		first = last;
	}
	snprintf(text + len, size - len, ")");
}

static int
check_opts(const struct xd_memory_opts *opts, struct xd_error *err)
{
	/* For getopt "--he" is enough. */
	static const char *const help[] = {"-h", "--he", "--hel", "--help", NULL};

	if (opts->nb_eal_args > 0 && opts->eal_args == NULL)
		return xd_fail(err, -EINVAL, "%u EAL options are said to be given, but none are",
			opts->nb_eal_args);
	for (unsigned i = 0; i < opts->nb_eal_args; i++) {
		if (opts->eal_args[i] == NULL)
			return xd_fail(err, -EINVAL, "EAL option %u is NULL", i);
	}
	/* The EAL would print its options and end the process. */
	if (has_arg(opts, help))
		return xd_fail(err, -EINVAL,
			"the EAL has no option for help here: type dpdk-testpmd --help, or see "
			"\"EAL parameters\" in DPDK's documentation");
	return 0;
}

/* Decides beforehand: a failed rte_eal_init cannot be tried again. */
static int
choose_pages(const struct xd_memory_opts *opts, bool *huge, struct xd_error *err)
{
	/* For getopt "--no-hu" is enough. */
	static const char *const no_huge[] = {"--no-hu", "--no-hug", "--no-huge", NULL};
	bool refused = has_arg(opts, no_huge);

	*huge = false;
	if (refused && opts->hugepages == XD_HUGEPAGES_REQUIRED)
		return xd_fail(err, -EINVAL,
			"hugepages are required, and the EAL option --no-huge forbids them: leave "
			"one of the two out");
	if (refused || opts->hugepages == XD_HUGEPAGES_NONE)
		return 0;
	*huge = xd_hugepages_available();
	if (!*huge && opts->hugepages == XD_HUGEPAGES_REQUIRED)
		return xd_hugepages_fail(err);
	return 0;
}

static void
build_args(struct args *args, const struct xd_memory_opts *opts, bool huge, const char *lcores)
{
	static const char *const cores[] = {"-l", "-c", "--lcores", NULL};
	static const char *const devices[] = {"-a", "-b", "--allow", "--block", "--no-pci", NULL};
	static const char *const memory[] = {"-m", "--socket-mem", NULL};
	static const char *const legacy[] = {"--legacy-mem", NULL};

	add_arg(args, opts->program != NULL ? opts->program : "crossdock");
	/* No files, no second process. The EAL refuses --in-memory together with --no-huge. */
	add_arg(args, huge ? "--in-memory" : "--no-shconf");
	add_arg(args, "--no-telemetry");
	if (!has_arg(opts, cores)) {
		add_arg(args, "--lcores");
		add_arg(args, lcores);
	}
	if (!has_arg(opts, devices)) {
		/* An address that no NIC has: none is taken at start, any can be plugged later. */
		add_arg(args, "-a");
		add_arg(args, "0000:00:00.0");
	}
	/* Pages are given back as they were taken: an IOMMU's mapping of them is cleared as a
	 * whole, and with it would go pages of the same mapping that a card still uses. */
	if (huge && !has_arg(opts, legacy))
		add_arg(args, "--match-allocations");
	if (!huge) {
		add_arg(args, "--no-huge");
		if (!has_arg(opts, memory)) {
			/* Address space; pages come as they are touched. */
			add_arg(args, "-m");
			add_arg(args, "512");
		}
	}
	for (unsigned i = 0; i < opts->nb_eal_args; i++) {
		if (huge || strcmp(opts->eal_args[i], "--in-memory") != 0)
			add_arg(args, opts->eal_args[i]);
	}
}

/* Marks the EAL as ours. */
static int
set_owner(struct xd_eal_log *el, struct xd_error *err)
{
	const struct rte_memzone *mz = rte_memzone_reserve(OWNER, sizeof(el), SOCKET_ID_ANY, 0);

	if (mz == NULL)
		return xd_fail(err, -rte_errno, "the EAL is up but has no memory: %s",
			rte_strerror(rte_errno));
	memcpy(mz->addr, &el, sizeof(el));
	return 0;
}

static int
bring_up(struct args *args, const struct xd_memory_opts *opts, bool huge, struct xd_error *err)
{
	struct xd_eal_log *el = xd_eal_log_open(opts->log);
	int ret, code;

	if (el == NULL)
		return xd_fail(err, -ENOMEM, "out of memory");
	ret = rte_eal_init((int)args->n, args->argv);
	code = rte_errno;
	xd_eal_log_started(el);
	if (ret < 0) {
		ret = xd_fail(err, code > 0 ? -code : -EINVAL, "DPDK's EAL does not start: %s",
			el->problem[0] != '\0' ? el->problem : rte_strerror(code));
		xd_eal_log_close(el);
		return ret;
	}
	ret = set_owner(el, err);
	if (ret != 0) {
		clean_up();
		xd_eal_log_close(el);
		return ret;
	}
	xd_log(opts->log, XD_LOG_MEMORY, XD_LOG_INFO, "%s, on %s pages", rte_version(),
		huge ? "huge" : "ordinary");
	return 0;
}

int
xd_memory_start(const struct xd_memory_opts *opts, struct xd_error *err)
{
	const uint32_t least = offsetof(struct xd_memory_opts, log) + sizeof(opts->log);
	struct xd_memory_opts whole = {0};
	char lcores[1024];
	struct args *args;
	bool huge;
	int ret;

	if (opts != NULL &&
		xd_sized_take(&whole, sizeof(whole), opts, least, "memory options", err) < 0)
		return -EINVAL;
	opts = &whole;
	if (__atomic_load_n(&was_stopped, __ATOMIC_ACQUIRE))
		return xd_fail(err, -EALREADY,
			"DPDK's EAL starts once in a process, and xd_memory_stop has ended it: "
			"keep it for as long as a switch may be wanted");
	if (xd_memory_is_up()) {
		if (opts->hugepages == XD_HUGEPAGES_REQUIRED && !rte_eal_has_hugepages())
			return xd_fail(err, -ENOMEM,
				"hugepages are required, and the EAL was started without them");
		return 0;
	}
	ret = check_opts(opts, err);
	if (ret == 0)
		ret = choose_pages(opts, &huge, err);
	if (ret != 0)
		return ret;

	args = calloc(1, sizeof(*args) + (opts->nb_eal_args + OWN_MAX + 1) * sizeof(char *));
	if (args == NULL)
		return xd_fail(err, -ENOMEM, "out of memory");
	args->max = opts->nb_eal_args + OWN_MAX;
	main_lcore(lcores, sizeof(lcores));
	build_args(args, opts, huge, lcores);
	ret = bring_up(args, opts, huge, err);
	free(args);
	return ret;
}

void
xd_memory_stop(void)
{
	const struct rte_memzone *mz;
	struct xd_eal_log *el;

	if (!xd_memory_is_up())
		return;
	mz = rte_memzone_lookup(OWNER);
	if (mz == NULL)
		return;
	memcpy(&el, mz->addr, sizeof(el));
	clean_up();
	xd_eal_log_close(el);
}

bool
xd_memory_hugepages(void)
{
	return rte_eal_has_hugepages() != 0;
}

/* A driver's own structures and rings, beside its pool. */
#define DRIVER_BYTES (1u << 20)

bool
xd_memory_fits(int node)
{
	struct rte_malloc_socket_stats stats;

	return (rte_malloc_get_socket_stats(node, &stats) == 0 &&
		       stats.greatest_free_size >= DRIVER_BYTES) ||
	       xd_hugepages_on_node(node);
}

static int
smaller_page(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	uint64_t *bytes = arg;

	if (!list->external && (*bytes == 0 || ms->hugepage_sz < *bytes))
		*bytes = ms->hugepage_sz;
	return 0;
}

uint64_t
xd_memory_page_bytes(void)
{
	uint64_t bytes = 0;

	rte_memseg_walk(smaller_page, &bytes);
	return bytes;
}

uint64_t
xd_memory_eal_bytes(void)
{
	return rte_eal_get_physmem_size();
}

uint64_t
xd_memory_eal_used_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats stats;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			bytes += stats.heap_allocsz_bytes;
	}
	return bytes;
}
