/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows "virtio:" in a port's name: PATH[,OPTION...]. Inside lib/traffic only. */
#ifndef XD_TRAFFIC_PORT_PORT_VIRTIO_ARGS_H
#define XD_TRAFFIC_PORT_PORT_VIRTIO_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/error.h"

#define XD_VIRTIO_QUEUES_MAX 16 /* queue pairs */

struct xd_virtio_args {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool server;     /* server: listen, and the switch connects */
	uint64_t size;   /* size=N: ring entries */
	uint64_t queues; /* queues=N: pairs */
	bool guest;      /* rings=guest, else static */
	bool lifo;       /* ids=lifo; of guest rings */
	bool ids_given;  /* ids= was */
	bool mergeable;  /* mrg=on */
	bool mrg_given;  /* mrg= was */
	bool event_idx;  /* event_idx=on */
	bool packed;     /* packed=on */
	bool in_order;   /* in_order=on */
	bool csum;       /* csum=on: leave checksums unfinished; accept such */
	bool tso;        /* tso=on: send TCP to be cut; accept such; csum with it */
	uint64_t mss;    /* mss=N: bytes of payload in each piece */
	bool interrupts; /* irq=on, poll=off */
};

/* -EINVAL: what is wrong, and what to type. */
int xd_virtio_args_parse(struct xd_virtio_args *a, const char *text, struct xd_error *err);

/* "guest", "static"; "lifo", "fifo", and NULL with static rings, where it means nothing. */
const char *xd_virtio_args_rings(const struct xd_virtio_args *a);
const char *xd_virtio_args_ids(const struct xd_virtio_args *a);

/* Feature bits (virtio 1.2, 5.1.3 and 6) that these options ask for. */
uint64_t xd_virtio_args_features(const struct xd_virtio_args *a);
/* Whether the switch agreed to what cannot be done without. -ENOTSUP names the option. */
int xd_virtio_args_check_features(
	const struct xd_virtio_args *a, uint64_t features, struct xd_error *err);

#endif
