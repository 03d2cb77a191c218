/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's sleep: what it waits for, from one sleep to the next and from one plan to the next.
 * Each queue's descriptor is an eventfd; nobody waits here, since something is always there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "one_worker.h"
#include "worker/worker.h"

#define NB_PORTS 3

struct fake {
	struct xd_port port; /* first */
	int fd, shown_fd;    /* the eventfd, and what the driver says it is */
	bool has_frames;
	unsigned nb_armed, nb_disarmed;
};

struct world {
	struct fake *fakes;
	struct xd_plan_port plan_ports[NB_PORTS];
	struct xd_plan_queue queues[2][NB_PORTS];
	struct xd_plan plans[2]; /* with all queues, and with the second alone */
	const struct xd_plan *published;
	struct rte_rcu_qsbr *qsbr;
	struct xd_worker *worker;
};

static int
fake_fd(struct xd_port *port, uint16_t queue)
{
	(void)queue;
	return ((struct fake *)port)->shown_fd;
}

static bool
fake_arm(struct xd_port *port, uint16_t queue)
{
	struct fake *p = (struct fake *)port;

	(void)queue;
	p->nb_armed++;
	return p->has_frames;
}

static void
fake_disarm(struct xd_port *port, uint16_t queue)
{
	struct fake *p = (struct fake *)port;
	eventfd_t count;

	(void)queue;
	p->nb_disarmed++;
	eventfd_read(p->fd, &count);
}

static const struct xd_driver driver = {
	.type = "fake", .fd = fake_fd, .arm = fake_arm, .disarm = fake_disarm};

static void
fill_plan(struct world *w, unsigned n, unsigned first, unsigned nb_queues)
{
	struct xd_plan_worker *mine = &w->plans[n].workers[0];

	w->plans[n].number = n + 1;
	mine->can_sleep = true;
	mine->queues = w->queues[n];
	mine->nb_queues = nb_queues;
	for (unsigned i = 0; i < nb_queues; i++)
		mine->queues[i].port = mine->queues[i].in = &w->plan_ports[first + i];
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct xd_worker_env env = {
		.plan = &w->published, .tsc_hz = rte_get_tsc_hz(), .tsc_base = rte_rdtsc()};

	env.tsc_hz = env.tsc_hz ? env.tsc_hz : 1000000000;
	w->fakes = aligned_alloc(64, NB_PORTS * sizeof(*w->fakes));
	memset(w->fakes, 0, NB_PORTS * sizeof(*w->fakes));
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		w->fakes[i].port.index = w->plan_ports[i].index = i;
		w->fakes[i].fd = w->fakes[i].shown_fd = eventfd(0, EFD_NONBLOCK);
		w->plan_ports[i].port = &w->fakes[i].port;
		w->plan_ports[i].driver = &driver;
	}
	fill_plan(w, 0, 0, NB_PORTS);
	fill_plan(w, 1, 1, 1);
	w->published = &w->plans[0];
	w->worker = create_one_worker(&env, &w->qsbr);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	xd_worker_destroy(w->worker);
	for (unsigned i = 0; i < NB_PORTS; i++)
		close(w->fakes[i].fd);
	free(w->qsbr);
	free(w->fakes);
	free(w);
	return 0;
}

/* How many descriptors of the set are readable. */
static int
nb_ready(const struct world *w)
{
	struct epoll_event events[NB_PORTS + 1];

	return epoll_wait(w->worker->epoll_fd, events, NB_PORTS + 1, 0);
}

static void
sleep_once(struct world *w)
{
	const uint64_t before = w->worker->sleeps;

	xd_worker_sleep(w->worker);
	assert_int_equal(w->worker->sleeps, before + 1);
}

static void
each_queue_wakes_it_again(void **state)
{
	struct world *w = *state;
	int set = -1;

	for (unsigned round = 0; round < 3 * NB_PORTS; round++) {
		eventfd_write(w->fakes[round % NB_PORTS].fd, 1);
		sleep_once(w);
		for (unsigned i = 0; i < NB_PORTS; i++) {
			assert_int_equal(w->fakes[i].nb_armed, round + 1);
			assert_int_equal(w->fakes[i].nb_disarmed, round + 1);
		}
		assert_int_equal(nb_ready(w), 0);
		/* Nothing is set up anew. */
		assert_true(set == -1 || set == w->worker->epoll_fd);
		set = w->worker->epoll_fd;
	}
}

static void
control_wakes_it_once(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 3; i++) {
		xd_worker_wake(w->worker);
		xd_worker_wake(w->worker);
		sleep_once(w);
		assert_int_equal(nb_ready(w), 0);
	}
	/* A queue and control at once are two sleeps at most. */
	xd_worker_wake(w->worker);
	eventfd_write(w->fakes[2].fd, 1);
	sleep_once(w);
	if (nb_ready(w))
		sleep_once(w);
	assert_int_equal(nb_ready(w), 0);
}

static void
frames_that_are_there_are_not_slept_on(void **state)
{
	struct world *w = *state;

	w->fakes[1].has_frames = true;
	xd_worker_sleep(w->worker);
	assert_int_equal(w->worker->sleeps, 0);
	assert_int_equal(w->fakes[0].nb_disarmed, 1);
	assert_int_equal(w->fakes[1].nb_disarmed, 1);
	assert_int_equal(w->fakes[2].nb_armed, 0);
	w->fakes[1].has_frames = false;
	eventfd_write(w->fakes[2].fd, 1);
	sleep_once(w);
}

static void
queues_of_another_plan_are_forgotten(void **state)
{
	struct world *w = *state;

	xd_worker_wake(w->worker);
	sleep_once(w);
	w->published = &w->plans[1];
	xd_worker_wake(w->worker);
	sleep_once(w);
	eventfd_write(w->fakes[0].fd, 1);
	eventfd_write(w->fakes[2].fd, 1);
	assert_int_equal(nb_ready(w), 0);
	eventfd_write(w->fakes[1].fd, 1);
	assert_int_equal(nb_ready(w), 1);
	/* The first once more, under a number of its own. */
	w->plans[0].number = 3;
	w->published = &w->plans[0];
	sleep_once(w);
	assert_int_equal(w->fakes[2].nb_armed, 2);
	eventfd_write(w->fakes[2].fd, 1);
	assert_int_equal(nb_ready(w), 1);
}

static void
what_rests_does_not_wake_it(void **state)
{
	struct world *w = *state;
	struct xd_budget *budget = &w->fakes[1].port.budgets[0];

	xd_worker_wake(w->worker);
	sleep_once(w);
	w->worker->wary = true;
	budget->until_tsc = UINT64_MAX;
	eventfd_write(w->fakes[1].fd, 1);
	xd_worker_wake(w->worker);
	sleep_once(w);
	eventfd_write(w->fakes[1].fd, 1);
	assert_int_equal(nb_ready(w), 0);
	budget->until_tsc = 0;
	sleep_once(w);
	assert_int_equal(w->fakes[1].nb_disarmed, 2);
}

static void
a_descriptor_comes_and_goes(void **state)
{
	struct world *w = *state;

	w->fakes[0].shown_fd = XD_FD_NAP;
	xd_worker_wake(w->worker);
	sleep_once(w);
	assert_true(w->worker->naps);
	eventfd_write(w->fakes[0].fd, 1);
	assert_int_equal(nb_ready(w), 0);
	w->fakes[0].shown_fd = w->fakes[0].fd;
	sleep_once(w);
	assert_false(w->worker->naps);
	eventfd_write(w->fakes[0].fd, 1);
	assert_int_equal(nb_ready(w), 1);
	w->fakes[0].shown_fd = XD_FD_NAP;
	xd_worker_wake(w->worker);
	sleep_once(w);
	eventfd_write(w->fakes[0].fd, 1);
	assert_int_equal(nb_ready(w), 0);
	/* What cannot be waited for keeps it awake. */
	w->fakes[2].shown_fd = -1;
	xd_worker_sleep(w->worker);
	assert_int_equal(w->worker->sleeps, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_queue_wakes_it_again, setup, teardown),
		cmocka_unit_test_setup_teardown(control_wakes_it_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			frames_that_are_there_are_not_slept_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
			queues_of_another_plan_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(what_rests_does_not_wake_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_comes_and_goes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
