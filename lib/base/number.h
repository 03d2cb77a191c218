/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict numbers and Ethernet addresses, as people type them. */
#ifndef XD_BASE_NUMBER_H
#define XD_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* All of text as a decimal number from min to max: 0, or -EINVAL, or -ERANGE. */
int xd_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number);
/* The same of a number that may have k, M, G or T behind it: times 1000, 1000^2, ... */
int xd_number_parse_scaled(const char *text, uint64_t min, uint64_t max, uint64_t *number);
/* All of text as six bytes in hexadecimal with colons between, "02:00:00:00:00:01". False: it is
 * not, and mac may be anything. */
bool xd_mac_parse(const char *text, uint8_t mac[6]);

#endif
