/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver of an application's whose devices are arrays, and which fails when it is told to.
 *
 * A port's path names its device. Whoever is behind a device sees how often a port took it up
 * (connects), so that one who was disconnected for a moment cannot be overlooked.
 */
#ifndef TEST_MADE_UP_DRIVER_H
#define TEST_MADE_UP_DRIVER_H

#include "crossdock.h"
#include "port/port.h"

#define MADE_UP_FRAMES 64

struct device {
	char path[XD_PATH_MAX];
	struct xd_port *holder; /* that is started on it, or NULL */
	unsigned connects;
	uint16_t mtu;          /* as the last set or start had it */
	unsigned nb_workers;   /* as env said at the last start */
	unsigned nb_in, taken; /* frames that it sends, and of these given back */
	struct {
		uint8_t dst, src; /* last byte of an address; 0xff: to all */
	} in[MADE_UP_FRAMES];
	/* What follows the first 128 bytes of its frames, in pieces of so many; NULL: they have 64
	 * bytes. */
	const uint8_t *body;
	uint32_t body_len, piece_len;
	int16_t node;            /* of made_up_rigid's: where its memory lies, */
	unsigned nb_asked;       /* which it was asked so often */
	bool full;               /* it takes no frames, */
	bool hides_full;         /* and says that it has room */
	unsigned nb_out;         /* frames that it got, */
	uint8_t last[64];        /* the last of them, */
	uint32_t last_len;       /* its length, */
	uint8_t last_body[2048]; /* and what followed its snapshot */
};

enum step { CREATE, START, CAN_SET, STEPS };

struct failure {
	char port[XD_NAME_MAX]; /* "": no port */
	int code;               /* what the call returns; of create only that it fails */
	bool silent;            /* without an error */
	unsigned times;         /* then no more; 0: always */
};

struct made_up {
	struct device devices[4 * XD_MAX_PORTS];
	unsigned nb_devices;
	struct failure fail[STEPS];
	unsigned nb_calls;  /* of create, start, stop, destroy and set, of any port */
	unsigned nb_ports;  /* that exist */
	uint16_t nb_queues; /* that start says a port has; 0: as configured */
	bool misaligned, without_init;
	void *ctx; /* of the driver that the last port was made by */
};

extern struct made_up made_up;
/* The second has neither can_set nor set, but a node. */
extern const struct xd_driver made_up_driver, made_up_rigid;

/* The settings of its ports. */
struct made_up_config {
	char path[XD_PATH_MAX];
};

static inline char *
made_up_path(const struct xd_port_config *port)
{
	return ((struct made_up_config *)(uintptr_t)port->settings.bytes)->path;
}

void made_up_reset(void);
struct device *made_up_device(const char *path);
void made_up_send(struct device *device, uint8_t src, uint8_t dst);
void made_up_fail(enum step step, const char *port, int code, bool silent);

#endif
