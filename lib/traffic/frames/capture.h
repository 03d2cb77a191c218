/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of a pcap or pcapng file, to be sent again. Read with libpcap. */
#ifndef XD_TRAFFIC_FRAMES_CAPTURE_H
#define XD_TRAFFIC_FRAMES_CAPTURE_H

#include "base/error.h"
#include "traffic/frames/frame_list.h"

struct xd_capture;

/* Reads the whole file: Ethernet frames, none cut short by the capture's snap length. Frames
 * shorter than 60 bytes are padded to that with zeroes; a time before the previous frame's becomes
 * that. A file without frames is refused. NULL with -EINVAL naming the file and the record (the
 * first is 1, as other programs count), -E2BIG (frame_list.h's bounds), -ENOMEM, or errno of a file
 * that cannot be read. Control. */
struct xd_capture *xd_capture_load(const char *path, struct xd_error *err);
void xd_capture_destroy(struct xd_capture *capture); /* NULL is fine */

/* Its frames, untagged, in the file's order and with its times; all of one flow. The capture's. */
const struct xd_frame_list *xd_capture_list(const struct xd_capture *capture);
const char *xd_capture_path(const struct xd_capture *capture);

#endif
