/* SPDX-License-Identifier: BSD-3-Clause */
/* The one's complement sum of the Internet checksum (RFC 1071), for frames that are made
 * beforehand. In the order of memory, which is as good as the network's. */
#ifndef XD_TRAFFIC_FRAMES_SUM_H
#define XD_TRAFFIC_FRAMES_SUM_H

#include <stdint.h>
#include <string.h>

/* Of bytes, which begin at an even one of what the checksum covers, and of what else belongs to it;
 * folded. Any thread. */
static inline uint16_t
xd_sum(const uint8_t *data, uint32_t bytes, uint64_t sum)
{
	uint32_t word;
	uint16_t half;

	for (; bytes >= 4; bytes -= 4, data += 4) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	if (bytes >= 2) {
		memcpy(&half, data, sizeof(half));
		sum += half;
		data += 2;
	}
	if (bytes & 1)
		sum += *data;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

#endif
