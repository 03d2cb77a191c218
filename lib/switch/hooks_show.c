/* SPDX-License-Identifier: BSD-3-Clause */
/* What hooks have done, and what else an application that has them asks for. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "switch/switch.h"

static void
add_worker(struct xd_hook_info *info, const struct xd_hook_counters *c)
{
	info->frames += __atomic_load_n(&c->frames, __ATOMIC_RELAXED);
	info->drops += __atomic_load_n(&c->drops, __ATOMIC_RELAXED);
	info->moved += __atomic_load_n(&c->moved, __ATOMIC_RELAXED);
	info->redirected += __atomic_load_n(&c->redirected, __ATOMIC_RELAXED);
	info->copied += __atomic_load_n(&c->copied, __ATOMIC_RELAXED);
	info->not_copied += __atomic_load_n(&c->not_copied, __ATOMIC_RELAXED);
	info->left += __atomic_load_n(&c->left, __ATOMIC_RELAXED);
	info->expired += __atomic_load_n(&c->expired, __ATOMIC_RELAXED);
	info->bad += __atomic_load_n(&c->bad, __ATOMIC_RELAXED);
	info->kept += __atomic_load_n(&c->kept, __ATOMIC_RELAXED);
	info->not_kept += __atomic_load_n(&c->not_kept, __ATOMIC_RELAXED);
	info->sent += __atomic_load_n(&c->sent, __ATOMIC_RELAXED);
	info->cycles += __atomic_load_n(&c->cycles, __ATOMIC_RELAXED);
	for (unsigned r = 0; r < XD_HOOK_REASONS; r++)
		info->reasons[r].drops += __atomic_load_n(&c->reasons[r], __ATOMIC_RELAXED);
}

static void
fill(const struct xd_switch *sw, const struct xd_hook_slot *slot, struct xd_hook_info *info)
{
	*info = (struct xd_hook_info){.point = slot->hook.point, .nb_reasons = slot->nb_reasons};
	memcpy(info->name, slot->name, XD_NAME_MAX);
	for (unsigned r = 0; r < slot->nb_reasons; r++)
		info->reasons[r].name = slot->hook.reasons[r];
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		info->nb_ports += sw->state->hooks[i] >> slot->index & 1;
	for (unsigned w = 0; w < sw->nb_slots; w++)
		add_worker(info, &slot->counters[w]);
	info->freed = __atomic_load_n(&slot->freed, __ATOMIC_RELAXED);
	info->keep_buffers = slot->hook.keep_buffers;
	info->keep_used = xd_kept_used(slot);
}

unsigned
xd_switch_hooks(struct xd_switch *sw, struct xd_hook_info *info, unsigned max)
{
	unsigned n = 0;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	for (unsigned i = 0; i < XD_MAX_HOOKS; i++) {
		if (!sw->hooks[i])
			continue;
		if (info && n < max)
			fill(sw, sw->hooks[i], &info[n]);
		n++;
	}
	xd_loop_unlock(sw->loop);
	return n;
}

void
xd_switch_tell_hooks(struct xd_switch *sw)
{
	for (unsigned i = 0; i < XD_MAX_HOOKS; i++) {
		struct xd_hook_slot *slot = sw->hooks[i];
		uint64_t bad = 0;
		uint32_t what = 0;

		for (unsigned w = 0; slot && w < sw->nb_slots; w++) {
			const uint64_t n =
				__atomic_load_n(&slot->counters[w].bad, __ATOMIC_RELAXED);

			bad += n;
			if (n)
				what = __atomic_load_n(
					&slot->counters[w].bad_what, __ATOMIC_RELAXED);
		}
		if (!slot || bad == slot->bad_told)
			continue;
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_WARN,
			"hook %s: %" PRIu64 " times wrong, lately by %s %u", slot->name,
			bad - slot->bad_told, xd_hook_bad_text((enum xd_hook_bad)(what >> 16)),
			what & 0xffff);
		slot->bad_told = bad;
	}
}

int
xd_switch_port_index(struct xd_switch *sw, const char *port)
{
	const struct xd_port *p;
	int index;

	if (!sw || !port)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	p = xd_state_port(sw->state, port);
	index = p ? p->index : -ENOENT;
	xd_loop_unlock(sw->loop);
	return index;
}

void
xd_switch_sync(struct xd_switch *sw)
{
	if (!sw)
		return;
	xd_loop_lock(sw->loop);
	xd_switch_quiesce(sw);
	xd_loop_unlock(sw->loop);
}
