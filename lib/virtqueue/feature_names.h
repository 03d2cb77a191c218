/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio feature bits by name: those of a network device (virtio 1.2, 5.1.3), of rings and of the
 * transport (6), and the two that vhost-user puts among them. Names are the standard's in lower
 * case, without VIRTIO_NET_F_ and the like. That a bit is here says nothing about who supports it.
 * Any thread.
 */
#ifndef XD_VIRTQUEUE_FEATURE_NAMES_H
#define XD_VIRTQUEUE_FEATURE_NAMES_H

#include "base/bit_names.h"

#define XD_FEATURES_TEXT XD_BIT_NAMES_TEXT

extern const struct xd_bit_name xd_feature_names[];

/* NULL: the bit has no name. */
const char *xd_feature_name(unsigned bit);
/* The bit of that name (letters of either case), or -1: there is none. */
int xd_feature_bit(const char *name);
/* Writes the names of all bits of a mask, by bit, with the separator between them; a bit without a
 * name as "bit_25". Returns text. */
char *xd_feature_text(uint64_t features, char separator, char text[XD_FEATURES_TEXT]);

#endif
