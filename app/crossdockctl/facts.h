/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of JSON for people. */
#ifndef CROSSDOCKCTL_FACTS_H
#define CROSSDOCKCTL_FACTS_H

#include <jansson.h>

#define FACT_CHARS 24576 /* bytes of any value as text: a list of all VLANs has fewer */

/* A list of numbers as ranges, one of words with blanks, an object as "key 1, key 2". Returns text.
 */
const char *fact_text(const json_t *value, char text[FACT_CHARS]);
/* All about one entry, one fact a line. */
void facts_print(const json_t *object);

#endif
