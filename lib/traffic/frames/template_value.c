/* SPDX-License-Identifier: BSD-3-Clause */
/* One value of a field: from its text and back. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/suggest.h"
#include "traffic/frames/template_header.h"

#define FLAGS 8

static const char *const flag_names[FLAGS + 1] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", NULL};

/* What is being parsed, for errors. */
struct where {
	const char *header;
	const struct xd_field_def *def;
	struct xd_error *err;
};

static xd_field_number
max_of(const struct xd_field_def *def)
{
	return def->bits == 128 ? ~(xd_field_number)0 : ((xd_field_number)1 << def->bits) - 1;
}

/* "0 to 255", "a MAC address, such as 02:00:00:00:00:01" */
static int
bad_value(const struct where *w, const char *text)
{
	unsigned long max = w->def->bits < 64 ? (unsigned long)max_of(w->def) : 0;

	switch (w->def->kind) {
	case XD_FIELD_MAC:
		return xd_fail(w->err, -EINVAL,
			"template: %s %s=%s: give a MAC address, such as 02:00:00:00:00:01",
			w->header, w->def->name, text);
	case XD_FIELD_IPV4:
		return xd_fail(w->err, -EINVAL,
			"template: %s %s=%s: give an IPv4 address, such as 10.0.0.1", w->header,
			w->def->name, text);
	case XD_FIELD_IPV6:
		return xd_fail(w->err, -EINVAL,
			"template: %s %s=%s: give an IPv6 address, such as 2001:db8::1", w->header,
			w->def->name, text);
	case XD_FIELD_HEX:
		return xd_fail(w->err, -EINVAL, "template: %s %s=%s: give a number from 0 to 0x%lx",
			w->header, w->def->name, text, max);
	default:
		return xd_fail(w->err, -EINVAL, "template: %s %s=%s: give a number from 0 to %lu",
			w->header, w->def->name, text, max);
	}
}

/* Decimal or 0x, at most 64 bits. */
static bool
parse_number(const char *text, uint64_t *number)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (hex ? !isxdigit((unsigned char)text[2]) : !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(hex ? text + 2 : text, &end, hex ? 16 : 10);
	return *end == '\0' && errno == 0;
}

static bool
parse_mac(const char *text, uint64_t *number)
{
	uint8_t mac[6];

	if (!xd_mac_parse(text, mac))
		return false;
	*number = (uint64_t)xd_get16(mac) << 32 | xd_get32(mac + 2);
	return true;
}

/* "syn" or "syn+ack"; text is cut up. */
static int
parse_flags(const struct where *w, char *text, uint64_t *number)
{
	*number = 0;
	for (char *save = NULL, *word = strtok_r(text, "+", &save); word;
		word = strtok_r(NULL, "+", &save)) {
		char hint[128];
		unsigned i = 0;

		while (i < FLAGS && strcmp(word, flag_names[i]))
			i++;
		if (i == FLAGS)
			return xd_fail(w->err, -EINVAL, "template: %s %s: unknown flag \"%s\"%s",
				w->header, w->def->name, word,
				xd_suggest_hint(word, flag_names, hint, sizeof(hint)));
		*number |= 1u << i;
	}
	return 0;
}

/* One end of a range. */
static int
parse_one(const struct where *w, const char *text, xd_field_number *number)
{
	struct in_addr v4;
	struct in6_addr v6;
	uint64_t n = 0;
	bool good;

	switch (w->def->kind) {
	case XD_FIELD_MAC:
		good = parse_mac(text, &n);
		*number = n;
		break;
	case XD_FIELD_IPV4:
		good = inet_pton(AF_INET, text, &v4) == 1;
		*number = good ? ntohl(v4.s_addr) : 0;
		break;
	case XD_FIELD_IPV6:
		good = inet_pton(AF_INET6, text, &v6) == 1;
		*number = 0;
		for (unsigned i = 0; good && i < 16; i++)
			*number = *number << 8 | v6.s6_addr[i];
		break;
	default:
		good = parse_number(text, &n) && n <= max_of(w->def);
		*number = n;
		break;
	}
	return good ? 0 : bad_value(w, text);
}

/* "a..b" or "a..b+step"; last points behind the dots, and may be cut up. */
static int
parse_range(const struct where *w, const char *first, char *last, struct xd_template_value *value)
{
	char *plus = strchr(last, '+');
	xd_field_number b, count;
	uint64_t step = 1;
	int rc;

	if (plus)
		*plus++ = '\0';
	rc = parse_one(w, first, &value->first);
	if (!rc)
		rc = parse_one(w, last, &b);
	if (rc)
		return rc;
	if (plus && (!parse_number(plus, &step) || step == 0))
		return xd_fail(w->err, -EINVAL,
			"template: %s %s: step \"%s\": give a number of at least 1, as in %s..%s+2",
			w->header, w->def->name, plus, first, last);
	if (b < value->first)
		return xd_fail(w->err, -EINVAL,
			"template: %s %s=%s..%s goes down; give the smaller one first", w->header,
			w->def->name, first, last);
	count = (b - value->first) / step + 1;
	/* The whole of 128 bits comes to 0. Flows never are so many. */
	value->count = count == 0 || count > UINT64_MAX ? UINT64_MAX : (uint64_t)count;
	value->step = step;
	return 0;
}

int
xd_template_value_parse(const char *header, const struct xd_field_def *def, const char *text,
	size_t len, struct xd_template_value *value, struct xd_error *err)
{
	const struct where w = {header, def, err};
	char word[XD_TEMPLATE_VALUE_TEXT];
	char *dots;
	uint64_t flags;
	int rc;

	*value = (struct xd_template_value){.given = true, .count = 1};
	if (len == 0 || len >= sizeof(word) || memchr(text, '\0', len))
		return xd_fail(err, -EINVAL, "template: %s %s has %s", header, def->name,
			len ? "a value that is too long" : "no value; give one after =");
	memcpy(word, text, len);
	word[len] = '\0';
	dots = strstr(word, "..");
	if (dots) {
		*dots = '\0';
		return parse_range(&w, word, dots + 2, value);
	}
	if (def->kind != XD_FIELD_TCP_FLAGS || isdigit((unsigned char)word[0]))
		return parse_one(&w, word, &value->first);
	rc = parse_flags(&w, word, &flags);
	value->first = flags;
	return rc;
}

static void
print_one(const struct xd_field_def *def, xd_field_number number, char *text, size_t size)
{
	uint64_t n = (uint64_t)number;
	struct in6_addr v6;

	switch (def->kind) {
	case XD_FIELD_MAC:
		snprintf(text, size, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(n >> 40) & 0xff,
			(unsigned)(n >> 32) & 0xff, (unsigned)(n >> 24) & 0xff,
			(unsigned)(n >> 16) & 0xff, (unsigned)(n >> 8) & 0xff, (unsigned)n & 0xff);
		break;
	case XD_FIELD_IPV4:
		snprintf(text, size, "%u.%u.%u.%u", (unsigned)(n >> 24) & 0xff,
			(unsigned)(n >> 16) & 0xff, (unsigned)(n >> 8) & 0xff, (unsigned)n & 0xff);
		break;
	case XD_FIELD_IPV6:
		for (unsigned i = 16; i-- > 0; number >>= 8)
			v6.s6_addr[i] = (uint8_t)number;
		inet_ntop(AF_INET6, &v6, text, (socklen_t)size);
		break;
	case XD_FIELD_HEX:
		snprintf(text, size, "0x%04lx", n);
		break;
	default:
		snprintf(text, size, "%lu", n);
		break;
	}
}

static void
print_flags(unsigned flags, char *text)
{
	size_t used = 0;

	for (unsigned i = 0; i < FLAGS; i++)
		if (flags & 1u << i)
			used += (size_t)sprintf(
				text + used, "%s%s", used ? "+" : "", flag_names[i]);
	if (!used)
		strcpy(text, "0");
}

void
xd_template_value_print(
	const struct xd_field_def *def, const struct xd_template_value *value, char *text)
{
	char first[INET6_ADDRSTRLEN], last[INET6_ADDRSTRLEN], step[24] = "";

	print_one(def, value->first, first, sizeof(first));
	if (value->count == 1) {
		if (def->kind == XD_FIELD_TCP_FLAGS)
			print_flags((unsigned)value->first, text);
		else
			strcpy(text, first);
		return;
	}
	print_one(def, value->first + (value->count - 1) * value->step, last, sizeof(last));
	if (value->step > 1)
		snprintf(step, sizeof(step), "+%lu", (uint64_t)value->step);
	snprintf(text, XD_TEMPLATE_VALUE_TEXT, "%s..%s%s", first, last, step);
}
