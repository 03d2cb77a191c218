/* SPDX-License-Identifier: BSD-3-Clause */
/* Hooks of the application's: which there are, and which of them each port has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "base/suggest.h"
#include "config/noun.h"
#include "switch/change.h"

#define TICK_MS_MAX 3600000u
#define KEEP_MAX    (1u << 20) /* buffers */

static struct xd_hook_slot *
find(const struct xd_switch *sw, const char *name)
{
	for (unsigned i = 0; i < XD_MAX_HOOKS; i++) {
		if (sw->hooks[i] && !strcmp(sw->hooks[i]->name, name))
			return sw->hooks[i];
	}
	return NULL;
}

static int
fail_missing(const struct xd_switch *sw, const char *name, struct xd_error *err)
{
	const char *names[XD_MAX_HOOKS + 1] = {NULL};
	char hint[256];
	unsigned n = 0;

	for (unsigned i = 0; i < XD_MAX_HOOKS; i++) {
		if (sw->hooks[i])
			names[n++] = sw->hooks[i]->name;
	}
	if (n == 0)
		return xd_fail(err, -ENOENT,
			"there is no hook \"%.31s\": this program has registered none", name);
	return xd_fail(err, -ENOENT, "there is no hook \"%.31s\"%s", name,
		xd_suggest_hint(name, names, hint, sizeof(hint)));
}

/* ---- Registering ---- */

static unsigned
count_reasons(const struct xd_hook *hook)
{
	unsigned n = 0;

	while (hook->reasons && n <= XD_HOOK_REASONS && hook->reasons[n])
		n++;
	return n;
}

static int
check_hook(const struct xd_switch *sw, const struct xd_hook *hook, struct xd_error *err)
{
	if (!hook->name || !hook->run)
		return xd_fail(err, -EINVAL, "a hook needs a name and run");
	if (xd_noun_check_name(&(struct xd_noun){.name = "hook"}, hook->name, err) < 0)
		return -EINVAL;
	if (hook->point != XD_HOOK_IN && hook->point != XD_HOOK_OUT)
		return xd_fail(err, -EINVAL, "hook %s: there is no point %d", hook->name,
			(int)hook->point);
	if (hook->flags & ~(uint32_t)XD_HOOK_EDITS)
		return xd_fail(err, -EINVAL, "hook %s: there are no flags 0x%x", hook->name,
			hook->flags & ~(uint32_t)XD_HOOK_EDITS);
	if (hook->tick && (hook->tick_ms == 0 || hook->tick_ms > TICK_MS_MAX))
		return xd_fail(err, -EINVAL, "hook %s: tick_ms is %u: must be 1 to %u", hook->name,
			hook->tick_ms, TICK_MS_MAX);
	if (hook->keep_buffers > KEEP_MAX)
		return xd_fail(err, -EINVAL, "hook %s: keep_buffers is %u: must be 0 to %u",
			hook->name, hook->keep_buffers, KEEP_MAX);
	if (count_reasons(hook) > XD_HOOK_REASONS)
		return xd_fail(
			err, -EINVAL, "hook %s: more than %d reasons", hook->name, XD_HOOK_REASONS);
	if (find(sw, hook->name))
		return xd_fail(err, -EEXIST, "there is a hook %s already", hook->name);
	return 0;
}

static int
add_hook(struct xd_switch *sw, const struct xd_hook *hook, void *ctx, struct xd_error *err)
{
	struct xd_hook_slot *slot;
	unsigned i = 0;
	int ret = check_hook(sw, hook, err);

	if (ret < 0)
		return ret;
	while (i < XD_MAX_HOOKS && sw->hooks[i])
		i++;
	if (i == XD_MAX_HOOKS)
		return xd_fail(
			err, -ENOSPC, "hook %s: there are %d already", hook->name, XD_MAX_HOOKS);
	slot = aligned_alloc(64, sizeof(*slot));
	if (!slot)
		return xd_fail(err, -ENOMEM, "no memory for hook %s", hook->name);
	memset(slot, 0, sizeof(*slot));
	slot->hook = *hook;
	strcpy(slot->name, hook->name);
	slot->ctx = ctx;
	slot->index = i;
	slot->nb_reasons = (uint8_t)count_reasons(hook);
	ret = xd_kept_make_pool(slot, err);
	if (ret < 0) {
		free(slot);
		return ret;
	}
	sw->hooks[i] = slot;
	return 0;
}

int
xd_hook_register(struct xd_switch *sw, const struct xd_hook *hook, void *ctx, struct xd_error *err)
{
	const size_t least = offsetof(struct xd_hook, run) + sizeof(hook->run);
	struct xd_hook whole;
	int ret;

	if (!sw || !hook)
		return xd_fail(err, -EINVAL, "there is no %s", sw ? "hook" : "switch");
	if (xd_sized_take(&whole, sizeof(whole), hook, least, "a hook", err) < 0)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	ret = add_hook(sw, &whole, ctx, err);
	xd_loop_unlock(sw->loop);
	return ret;
}

static void
free_slot(struct xd_hook_slot *slot)
{
	if (!slot)
		return;
	xd_kept_free_pool(slot);
	free(slot);
}

/* Whether a bridge has the hook, be it without ports. */
static bool
is_of_bridge(const struct xd_config *config, const char *name)
{
	const struct xd_bridge_config *bridges = xd_config_bridges(config);

	for (unsigned i = 0; i < xd_config_nb_bridges(config); i++) {
		for (unsigned k = 0; k < bridges[i].nb_hooks; k++) {
			if (!strcmp(bridges[i].hooks[k], name))
				return true;
		}
	}
	return false;
}

static int
remove_hook(struct xd_switch *sw, const char *name, struct xd_error *err)
{
	struct xd_hook_slot *slot = find(sw, name);

	if (!slot)
		return fail_missing(sw, name, err);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (sw->state->hooks[i] >> slot->index & 1)
			return xd_fail(err, -EBUSY,
				"port %s or its bridge has the hook %s: take it out there first",
				sw->state->port_config[i]->name, name);
	}
	if (is_of_bridge(sw->state->config, name))
		return xd_fail(
			err, -EBUSY, "a bridge has the hook %s: take it out there first", name);
	__atomic_store_n(&sw->hooks[slot->index], NULL, __ATOMIC_RELEASE);
	/* A worker may be in its tick, for what it keeps. */
	xd_switch_quiesce(sw);
	free_slot(slot);
	return 0;
}

int
xd_hook_unregister(struct xd_switch *sw, const char *name, struct xd_error *err)
{
	int ret;

	if (!sw || !name)
		return xd_fail(err, -EINVAL, "there is no %s", sw ? "name" : "switch");
	xd_loop_lock(sw->loop);
	ret = remove_hook(sw, name, err);
	xd_loop_unlock(sw->loop);
	return ret;
}

void
xd_hooks_free(struct xd_switch *sw)
{
	for (unsigned i = 0; i < XD_MAX_HOOKS; i++)
		free_slot(sw->hooks[i]);
}

/* ---- Checking a configuration ---- */

static int
check_names(const struct xd_switch *sw, const struct xd_noun *noun, const void *entry,
	const char (*names)[XD_NAME_MAX], unsigned n, struct xd_error *err)
{
	struct xd_error inner;

	for (unsigned i = 0; i < n; i++) {
		if (!find(sw, names[i])) {
			fail_missing(sw, names[i], &inner);
			return xd_noun_fail(err, -ENOENT, noun, entry, "hooks", "%s", inner.text);
		}
		for (unsigned k = 0; k < i; k++) {
			if (!strcmp(names[i], names[k]))
				return xd_noun_fail(err, -EINVAL, noun, entry, "hooks",
					"has \"%s\" twice: a frame meets a hook once", names[i]);
		}
	}
	return 0;
}

static const char *
first_in(const struct xd_switch *sw, const struct xd_bridge_config *bridge)
{
	for (unsigned i = 0; i < bridge->nb_hooks; i++) {
		if (find(sw, bridge->hooks[i])->hook.point == XD_HOOK_IN)
			return bridge->hooks[i];
	}
	return NULL;
}

/* What comes by a patch port has met the hooks of the port that it came to the switch by, and no
 * others at XD_HOOK_IN: a bridge that has such would be got round. */
static int
check_patches(const struct xd_switch *sw, const struct xd_config *config,
	const struct xd_bridge_config *bridge, struct xd_error *err)
{
	const struct xd_port_config *ports = xd_config_ports(config);
	const char *hook = first_in(sw, bridge);

	for (unsigned i = 0; hook && i < xd_config_nb_ports(config); i++) {
		if (!strcmp(ports[i].bridge, bridge->name) &&
			xd_driver_find(ports[i].type, sw->drivers)->peer)
			return xd_noun_fail(err, -EINVAL, &xd_bridge_noun, bridge, "hooks",
				"has \"%s\", which does not see what comes by patch ports as %s: "
				"name it in the ports' hooks",
				hook, ports[i].name);
	}
	return 0;
}

int
xd_hooks_check(const struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	const struct xd_bridge_config *bridges = xd_config_bridges(config);
	const struct xd_port_config *ports = xd_config_ports(config);
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < xd_config_nb_bridges(config); i++)
		ret = check_names(sw, &xd_bridge_noun, &bridges[i], bridges[i].hooks,
			bridges[i].nb_hooks, err);
	for (unsigned i = 0; ret == 0 && i < xd_config_nb_ports(config); i++)
		ret = check_names(
			sw, &xd_port_noun, &ports[i], ports[i].hooks, ports[i].nb_hooks, err);
	for (unsigned i = 0; ret == 0 && i < xd_config_nb_bridges(config); i++)
		ret = check_patches(sw, config, &bridges[i], err);
	return ret;
}

/* ---- Of a state: what ports have ---- */

static void
add_list(const struct xd_switch *sw, struct xd_hook_list *list, enum xd_hook_point point,
	const char (*names)[XD_NAME_MAX], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct xd_hook_slot *slot = find(sw, names[i]);
		uint16_t k = 0;

		if (!slot || slot->hook.point != point)
			continue;
		while (k < list->n && list->slots[k] != slot)
			k++;
		if (k == list->n)
			list->slots[list->n++] = slot;
	}
}

void
xd_hooks_of(const struct xd_switch *sw, const struct xd_state *state, unsigned port,
	struct xd_hook_list *in, struct xd_hook_list *out)
{
	static const struct xd_bridge_config none;
	const struct xd_port_config *config = state->port_config[port];
	const struct xd_switch_bridge *b = xd_state_bridge(state, config->bridge);
	const struct xd_bridge_config *bridge = b ? &b->config : &none;

	in->n = out->n = 0;
	add_list(sw, in, XD_HOOK_IN, config->hooks, config->nb_hooks);
	add_list(sw, in, XD_HOOK_IN, bridge->hooks, bridge->nb_hooks);
	add_list(sw, out, XD_HOOK_OUT, bridge->hooks, bridge->nb_hooks);
	add_list(sw, out, XD_HOOK_OUT, config->hooks, config->nb_hooks);
}

static uint64_t
mask_of(const struct xd_switch *sw, const struct xd_state *state, unsigned port)
{
	struct xd_hook_list in, out;
	uint64_t mask = 0;

	xd_hooks_of(sw, state, port, &in, &out);
	for (uint16_t i = 0; i < in.n; i++)
		mask |= 1ull << in.slots[i]->index;
	for (uint16_t i = 0; i < out.n; i++)
		mask |= 1ull << out.slots[i]->index;
	return mask;
}

/* Hooks that a port of `now` has and that of `next` with its index keeps. */
static uint64_t
kept(const struct xd_change *t, unsigned i)
{
	bool same = t->now->ports[i] && (t->now->ports[i] == t->next->ports[i] || t->inherits[i]);

	return same ? t->now->hooks[i] & t->next->hooks[i] : 0;
}

static int
attach_port(struct xd_change *t, unsigned i, struct xd_error *err)
{
	for (uint64_t left = t->next->hooks[i] & ~kept(t, i); left; left &= left - 1) {
		const struct xd_hook_slot *slot = t->sw->hooks[__builtin_ctzll(left)];
		int ret = 0;

		err->code = 0;
		if (slot->hook.attach)
			ret = slot->hook.attach(
				slot->ctx, t->next->port_config[i], (uint16_t)i, err);
		if (ret < 0)
			return err->code < 0 ? err->code
					     : xd_fail(err, ret,
						       "port %s: the hook %s refuses it and gives "
						       "no reason",
						       t->next->port_config[i]->name, slot->name);
		t->attached[i] |= left & -left;
	}
	return 0;
}

int
xd_hooks_attach(struct xd_change *t, struct xd_error *err)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < XD_MAX_PORTS; i++) {
		if (!t->next->ports[i])
			continue;
		t->next->hooks[i] = mask_of(t->sw, t->next, i);
		ret = attach_port(t, i, err);
	}
	return ret;
}

static void
detach(const struct xd_switch *sw, unsigned port, uint64_t mask)
{
	for (; mask; mask &= mask - 1) {
		const struct xd_hook_slot *slot = sw->hooks[__builtin_ctzll(mask)];

		if (slot->hook.detach)
			slot->hook.detach(slot->ctx, (uint16_t)port);
	}
}

void
xd_hooks_undo(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		detach(t->sw, i, t->attached[i]);
}

void
xd_hooks_commit(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		detach(t->sw, i, t->now->hooks[i] & ~kept(t, i));
}
