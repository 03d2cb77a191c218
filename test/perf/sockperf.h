/* SPDX-License-Identifier: BSD-3-Clause */
/* What sockperf's client takes for an answer: its own message, with one flag off. */
#ifndef TEST_PERF_SOCKPERF_H
#define TEST_PERF_SOCKPERF_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* sockperf's header: sequence, flags, length, in network order. Its client takes an answer for one
 * when the flag "from a client" is off. */
#define SOCKPERF_FLAGS  9
#define SOCKPERF_CLIENT 1
#define SOCKPERF_LENGTH 10
#define SOCKPERF_HEADER 14

/* Makes an answer of a message of n bytes, if it is sockperf's. */
static inline void
sockperf_answer(uint8_t *message, size_t n)
{
	uint32_t length;

	if (n < SOCKPERF_HEADER)
		return;
	memcpy(&length, message + SOCKPERF_LENGTH, sizeof(length));
	if (ntohl(length) == n)
		message[SOCKPERF_FLAGS] &= (uint8_t)~SOCKPERF_CLIENT;
}

#endif
