/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A key of the configuration, in one row: where its value lies, what it may be, what it is when
 * nobody says, what it means, and what a change of it costs. Defaults, comparing, checking,
 * reading, printing, completion and the reference in doc/ all come from the row, so that a key is
 * written down once and cannot be forgotten anywhere.
 *
 * Row and value are one line of a list of keys, NAME.def, which is included where the struct is
 * declared and where its table is:
 *
 *     XD_KEY(mtu, uint16_t mtu, .kind = XD_KEY_NUMBER, .min = 68, .max = UINT16_MAX, ...)
 *
 * is the name of the key and of the member, what is declared for it, and what the row has besides
 * name, offset and size. A driver with one file writes both by hand: XD_KEY_AT.
 *
 *   key.c        defaults, comparing
 *   key_check.c  whether a value may be
 *   key_read.c   from text
 *   key_print.c  to text; the values that a key takes, for people
 *
 * An entry is the struct that the values lie in: a struct xd_port_config, ... Text is what the YAML
 * file, JSON and the command line all come to: a list is "10,20-30" or "a,b"; "" is a value that is
 * not set. All calls: any thread; they have no state.
 */
#ifndef XD_KEY_KEY_H
#define XD_KEY_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/api.h"
#include "base/bit_names.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/ranges.h"

XD_API_BEGIN

#define XD_KEY_CHARS XD_RANGES_TEXT /* bytes of the longest value as text, with its NUL */

/* What lies at offset, and size bytes long. */
enum xd_key_kind {
	XD_KEY_NUMBER, /* uint16_t, uint32_t or uint64_t */
	XD_KEY_MODE,   /* the same: permission bits, octal as text */
	XD_KEY_WORD,   /* an enum: the index among words */
	XD_KEY_STRING, /* char[], ended by a NUL, without control characters */
	XD_KEY_NAME,   /* the same: the name of an entry of noun */
	XD_KEY_NAMES,  /* char[][XD_NAME_MAX]: names of entries of noun, or without one the
			  program's; how many: uint16_t */
	XD_KEY_FLAGS,  /* uint64_t: bits that have names; at least one */
	XD_KEY_LIST,   /* uint16_t[]: numbers in their order; how many: unsigned */
	XD_KEY_SET,    /* uint64_t[]: one bit for each number; whether there is a set: bool */
	XD_KEY_MACS,   /* uint8_t[][6]; how many: uint16_t */
};

/* What a change of the key costs; a mask of these is what a change of an entry costs. */
enum xd_cost {
	XD_COST_PLAN = 1 << 0,    /* a new plan for the workers: no frame is lost */
	XD_COST_LEARN = 1 << 1,   /* and addresses learned there are forgotten */
	XD_COST_SET = 1 << 2,     /* the driver takes it over while frames pass, if it can */
	XD_COST_NEW = 1 << 3,     /* the device, or the address table, is made anew */
	XD_COST_RESTART = 1 << 4, /* refused while running */
};

struct xd_key {
	const char *name; /* unique within an entry; the unit at its end: "wait_us" */
	enum xd_key_kind kind;
	enum xd_cost cost;         /* of a change */
	uint32_t offset, size;     /* XD_KEY_AT */
	uint32_t count;            /* offset of how many there are, for kinds that say so */
	uint64_t min, max;         /* of a number, of bits, of each number of a list or set */
	uint64_t fallback;         /* the default: a number, bits, the index of a word */
	const char *fallback_text; /* the default of a string; NULL: "" */
	/* The word that takes the setting back. Such a key need not be given, and is not printed
	 * while it has its default. NULL: always printed; of a string: unless it is empty. */
	const char *unset;
	const char *unit;               /* "microseconds"; of flags: what one is */
	const char *const *words;       /* by index, ended by NULL */
	const struct xd_bit_name *bits; /* of flags */
	const char *noun;               /* of a name, of names */
	const char *nobody;             /* of a name: the word for no entry; NULL: there is none */
	/* "the path of a socket": what values look like, where kind and range do not tell. Of a
	 * number: put behind the range. */
	const char *values;
	bool scaled;      /* of a number: text may end with k, M, G or T: 1000, 1000^2, ... */
	bool list;        /* of a string: words with commas between, in YAML and JSON a list */
	const char *what; /* of a string, when it is too long: "a socket path" */
	const char *help; /* one sentence: what it is for */
	/* Called with the entry once the value was changed by text or default; may be NULL. */
	void (*changed)(void *entry);
};

/* offset and size of a member. */
#define XD_KEY_AT(type, member)                                                                    \
	.offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* Tables of keys are ended by a NULL name. The key of that name, the table's; NULL: there is none.
 */
const struct xd_key *xd_key_find(const struct xd_key *keys, const char *name);

/* Gives one key, or all of a table, its default. */
void xd_key_reset(const struct xd_key *key, void *entry);
void xd_keys_reset(const struct xd_key *keys, void *entry);
/* Whether two entries have the same value of a key. */
bool xd_key_equal(const struct xd_key *key, const void *a, const void *b);
/* Whether it has the default. */
bool xd_key_is_default(const struct xd_key *key, const void *entry);

/*
 * Whether the value may be, whoever wrote it. Errors have no key yet. That a name is one of an
 * entry is not looked at.
 *   -EINVAL        it is no value of the key's, or out of range
 *   -E2BIG         there are more than the key takes
 *   -ENAMETOOLONG  the text is too long
 */
int xd_key_check(const struct xd_key *key, const void *entry, struct xd_error *err);
/* Whether there is no control character in text, which would forge lines of logs and answers. */
bool xd_key_printable(const char *text);

/* Reads text into the entry; when it fails nothing is changed. Errors have no key, and
 * are those of xd_key_check: -EINVAL, -E2BIG, -ENAMETOOLONG. */
int xd_key_read(const struct xd_key *key, void *entry, const char *text, struct xd_error *err);
/* Writes the value as text that xd_key_read takes; text is the caller's. */
void xd_key_print(const struct xd_key *key, const void *entry, char text[XD_KEY_CHARS]);

#define XD_KEY_VALUES 160 /* bytes that hold what the next one writes */
/* The values that the key takes: "1 to 16", "drop or wait". Returns text. */
const char *xd_key_values(const struct xd_key *key, char text[XD_KEY_VALUES]);
/* The default as text, "" when there is none. Returns text. */
const char *xd_key_default(const struct xd_key *key, char text[XD_KEY_VALUES]);

/* The number, or of a list or set how many there are; of a string 0. */
uint64_t xd_key_number(const struct xd_key *key, const void *entry);
/* Writes a number, bits, the index of a word, or of a list or set how many there are. */
void xd_key_store(const struct xd_key *key, void *entry, uint64_t number);
/* Name number i that a name or names have, the entry's; NULL after the last, for nobody, and for
 * other kinds. */
char *xd_key_name(const struct xd_key *key, const void *entry, unsigned i);

XD_API_END

#endif
