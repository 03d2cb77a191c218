/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict numbers, as people type them. */
#ifndef XD_BASE_NUMBER_H
#define XD_BASE_NUMBER_H

#include <stdint.h>

/* All of text as a decimal number from min to max: 0, or -EINVAL, or -ERANGE. */
int xd_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number);

#endif
