/* SPDX-License-Identifier: BSD-3-Clause */
/* Any value of an answer as one line for people, and an object as a list of facts. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ranges.h"
#include "ctl.h"
#include "facts.h"

static_assert(FACT_CHARS > XD_RANGES_TEXT, "a list of all numbers");

/* Numbers as ranges, words as they are. */
static void
list_text(const json_t *list, char *text)
{
	struct xd_ranges ranges = {0};
	size_t i, used = 0;
	json_t *item;

	text[0] = 0;
	json_array_foreach(list, i, item)
	{
		json_int_t number = json_integer_value(item);

		if (json_is_string(item) && used < FACT_CHARS)
			used += snprintf(text + used, FACT_CHARS - used, "%s%s", i ? " " : "",
				json_string_value(item));
		else if (number >= 0 && number < XD_RANGES_MAX)
			ranges.bits[number / 64] |= 1ull << (number % 64);
	}
	if (used == 0)
		xd_ranges_print(&ranges, text);
}

static void
object_text(const json_t *object, char *text)
{
	const char *key;
	size_t used = 0;
	json_t *item;

	strcpy(text, "none");
	json_object_foreach((json_t *)(uintptr_t)object, key, item)
	{
		if (used < FACT_CHARS)
			used += snprintf(text + used, FACT_CHARS - used,
				"%s%s %" JSON_INTEGER_FORMAT, used ? ", " : "", key,
				json_integer_value(item));
	}
}

const char *
fact_text(const json_t *value, char text[FACT_CHARS])
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		snprintf(text, FACT_CHARS, "%s", json_string_value(value));
		break;
	case JSON_INTEGER:
		snprintf(text, FACT_CHARS, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_ARRAY:
		list_text(value, text);
		break;
	case JSON_OBJECT:
		object_text(value, text);
		break;
	default:
		strcpy(text, json_is_true(value) ? "yes" : "no");
	}
	return text;
}

static void
print_fact(const char *label, const json_t *value)
{
	char text[FACT_CHARS];

	printf("%-20s %s\n", label, fact_text(value, text));
}

/* One line for each queue that dropped anything. */
static void
print_queue_drops(const json_t *queues)
{
	json_t *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		char label[32];

		snprintf(label, sizeof(label), "drops_queue_%d", (int)ctl_number(queue, "queue"));
		print_fact(label, json_object_get(queue, "drops"));
	}
}

void
facts_print(const json_t *object)
{
	json_t *driver = json_object_get(object, "driver"), *value;
	json_t *queues = json_object_get(object, "queue_drops");
	const char *key;

	json_object_foreach((json_t *)object, key, value)
	{
		char label[64];

		if (value == driver || !strcmp(key, "detail"))
			continue;
		if (value == queues) {
			print_queue_drops(queues);
			continue;
		}
		/* What was asked for, where the driver tells what became of it. */
		snprintf(label, sizeof(label), "%s%s", key,
			json_object_get(driver, key) ? " (set)" : "");
		print_fact(label, value);
	}
	json_object_foreach(driver, key, value)
	{
		print_fact(key, value);
	}
}
