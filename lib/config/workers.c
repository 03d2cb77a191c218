/* SPDX-License-Identifier: BSD-3-Clause */
/* The section about workers, which is there once. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "config/noun.h"

static const struct xd_key keys[] = {
#define XD_KEY(key, members, ...) {.name = #key, XD_KEY_AT(struct xd_config, key), __VA_ARGS__},
#include "key/workers.def"
#undef XD_KEY
	{0},
};

static void *
nothing(void *arg)
{
	return arg;
}

/* A cpuset or container may keep a core from us. The calling thread's own affinity does not tell
 * (the EAL narrows it), so ask the kernel for a thread there. */
static bool
may_run_on(unsigned core)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;
	int ret;

	if (core >= CPU_SETSIZE)
		return false;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_ISSET(core, &set))
		return true;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (pthread_attr_init(&attr))
		return false;
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	ret = pthread_create(&thread, &attr, nothing, NULL);
	if (ret == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	return ret == 0;
}

/* What is said of single cores. */
static int
check_idle(const struct xd_config *config, struct xd_error *err)
{
	for (unsigned i = 0; i < config->nb_poll_cores; i++) {
		unsigned c = 0;

		while (c < config->nb_cores && config->cores[c] != config->poll_cores[i])
			c++;
		if (c == config->nb_cores)
			return xd_fail_key(err, -EINVAL, "workers.poll_cores",
				"core %u has no worker: give it among cores too",
				config->poll_cores[i]);
	}
	if (config->nb_spin_us > 1 && config->nb_spin_us != config->nb_cores)
		return xd_fail_key(err, -EINVAL, "workers.spin_us",
			"has %u numbers for %u cores: give one for all, or one for each",
			config->nb_spin_us, config->nb_cores);
	return 0;
}

static int
check(const struct xd_config *config, const void *entry, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_CONF);

	(void)entry;
	(void)drivers;
	for (unsigned i = 0; i < config->nb_cores; i++) {
		unsigned core = config->cores[i];

		for (unsigned j = 0; j < i; j++) {
			if (config->cores[j] == core)
				return xd_fail_key(err, -EINVAL, "workers.cores",
					"core %u is given twice: one worker runs on each core",
					core);
		}
		if (core >= (unsigned long)cores)
			return xd_fail_key(err, -EINVAL, "workers.cores",
				"core %u does not exist: this machine has cores 0 to %ld", core,
				cores - 1);
		if (!may_run_on(core))
			return xd_fail_key(err, -EINVAL, "workers.cores",
				"core %u is offline or kept from this process by its cpuset", core);
	}
	return check_idle(config, err);
}

const struct xd_noun xd_workers_noun = {
	.name = "worker",
	.section = "workers",
	.keys = keys,
	.check = check,
};
