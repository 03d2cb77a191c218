/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures: pcap files of both byte orders and resolutions and pcapng files, written here byte by
 * byte, are read; broken ones name the file and the record. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/frames/capture.h"

#define ETHERNET 1
#define COOKED   113 /* LINKTYPE_LINUX_SLL */
#define NANO     0xa1b23c4du
#define MICRO    0xa1b2c3d4u

/* A file that is being written. */
struct file {
	uint8_t bytes[20000];
	size_t n;
	bool swapped; /* numbers have the other byte order */
	char path[32];
};

static void
put32(struct file *f, uint32_t value)
{
	if (f->swapped)
		value = __builtin_bswap32(value);
	memcpy(f->bytes + f->n, &value, sizeof(value));
	f->n += sizeof(value);
}

static void
put16(struct file *f, uint16_t value)
{
	if (f->swapped)
		value = __builtin_bswap16(value);
	memcpy(f->bytes + f->n, &value, sizeof(value));
	f->n += sizeof(value);
}

/* Bytes of a frame: what and how many they are depends on its number. */
static void
put_frame(struct file *f, unsigned i, uint32_t len)
{
	for (uint32_t k = 0; k < len; k++)
		f->bytes[f->n++] = (uint8_t)(i * 17 + k);
}

static void
pcap_header(struct file *f, uint32_t magic, uint32_t link)
{
	f->n = 0;
	put32(f, magic);
	put16(f, 2);
	put16(f, 4);
	put32(f, 0);
	put32(f, 0);
	put32(f, 262144);
	put32(f, link);
}

static void
pcap_record(struct file *f, unsigned i, uint32_t seconds, uint32_t fraction, uint32_t len)
{
	put32(f, seconds);
	put32(f, fraction);
	put32(f, len);
	put32(f, len);
	put_frame(f, i, len);
}

static void
pcapng_header(struct file *f, uint16_t link)
{
	f->n = 0;
	put32(f, 0x0a0d0d0a); /* section header block */
	put32(f, 28);
	put32(f, 0x1a2b3c4d);
	put16(f, 1);
	put16(f, 0);
	put32(f, UINT32_MAX); /* section length: not said */
	put32(f, UINT32_MAX);
	put32(f, 28);
	put32(f, 1); /* interface description block; times are in microseconds */
	put32(f, 20);
	put16(f, link);
	put16(f, 0);
	put32(f, 262144);
	put32(f, 20);
}

static void
pcapng_record(struct file *f, unsigned i, uint64_t us, uint32_t len)
{
	uint32_t padded = (len + 3) / 4 * 4;

	put32(f, 6); /* enhanced packet block */
	put32(f, 32 + padded);
	put32(f, 0);
	put32(f, (uint32_t)(us >> 32));
	put32(f, (uint32_t)us);
	put32(f, len);
	put32(f, len);
	put_frame(f, i, padded);
	put32(f, 32 + padded);
}

static struct xd_capture *
load(struct file *f, struct xd_error *err)
{
	struct xd_capture *capture;
	int fd;

	memset(err, 0, sizeof(*err));
	strcpy(f->path, "/tmp/xd-capture-XXXXXX");
	fd = mkstemp(f->path);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, f->bytes, f->n), f->n);
	close(fd);
	capture = xd_capture_load(f->path, err);
	unlink(f->path);
	return capture;
}

static void
check_frame(const struct xd_frame_list *list, uint32_t at, unsigned i, uint32_t len, uint64_t ns)
{
	const struct xd_list_frame *f = &list->frames[at];
	const uint8_t *bytes = xd_list_bytes(list, f);

	assert_int_equal(f->len, len < 60 ? 60 : len);
	assert_int_equal(f->flow, 0);
	assert_int_equal(f->csum_at, 0);
	assert_int_equal(f->at_ns, ns);
	for (uint32_t k = 0; k < f->len; k++)
		assert_int_equal(bytes[k], k < len ? (uint8_t)(i * 17 + k) : 0);
}

static void
check_list(const struct xd_capture *capture, uint32_t n, uint64_t span_ns)
{
	const struct xd_frame_list *list = xd_capture_list(capture);

	assert_false(list->tagged);
	assert_int_equal(list->n, n);
	assert_int_equal(list->nb_flows, 1);
	assert_int_equal(list->span_ns, span_ns);
}

static void
test_pcap(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	struct xd_error err;

	(void)state;
	assert_non_null(f);
	for (unsigned kind = 0; kind < 4; kind++) {
		uint32_t ns = kind & 1 ? 1 : 1000;
		struct xd_capture *capture;

		f->swapped = kind & 2;
		pcap_header(f, kind & 1 ? NANO : MICRO, ETHERNET);
		pcap_record(f, 0, 1700000000, 999990, 1514);
		pcap_record(f, 1, 1700000001, 5, 14);
		pcap_record(f, 2, 1700000001, 4, 61); /* before the one before it */
		pcap_record(f, 3, 1700000003, 999990, 9014);
		capture = load(f, &err);
		if (!capture)
			fail_msg("%s", err.text);
		assert_string_equal(xd_capture_path(capture), f->path);
		check_list(capture, 4, 3000000000u);
		check_frame(xd_capture_list(capture), 0, 0, 1514, 0);
		check_frame(xd_capture_list(capture), 1, 1, 14, 1000000000 - 999985ull * ns);
		check_frame(xd_capture_list(capture), 2, 2, 61, 1000000000 - 999985ull * ns);
		check_frame(xd_capture_list(capture), 3, 3, 9014, 3000000000u);
		assert_int_equal(xd_capture_list(capture)->max_len, 9014);
		xd_capture_destroy(capture);
	}
	xd_capture_destroy(NULL);
	free(f);
}

static void
test_pcapng(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	struct xd_error err;
	struct xd_capture *capture;

	(void)state;
	assert_non_null(f);
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		f->swapped = swapped;
		pcapng_header(f, ETHERNET);
		pcapng_record(f, 0, 1700000000000000, 60);
		pcapng_record(f, 1, 1700000000000001, 1513);
		pcapng_record(f, 2, 1700000007000000, 62);
		capture = load(f, &err);
		if (!capture)
			fail_msg("%s", err.text);
		check_list(capture, 3, 7000000000);
		check_frame(xd_capture_list(capture), 0, 0, 60, 0);
		check_frame(xd_capture_list(capture), 1, 1, 1513, 1000);
		check_frame(xd_capture_list(capture), 2, 2, 62, 7000000000);
		xd_capture_destroy(capture);
	}
	free(f);
}

/* It is refused with the file's name and that text. */
static void
check_refused(struct file *f, const char *text)
{
	struct xd_error err;

	assert_null(load(f, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_memory_equal(err.text, f->path, strlen(f->path));
	if (strncmp(err.text + strlen(f->path), text, strlen(text)))
		fail_msg("\"%s\" does not begin with \"%s\"", err.text + strlen(f->path), text);
}

static void
test_no_capture(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	struct xd_error err = {0};

	(void)state;
	assert_non_null(f);
	check_refused(f, ": is empty; give a pcap or pcapng file");
	f->n = (size_t)sprintf((char *)f->bytes, "this is no capture, but long enough for one");
	check_refused(f, ": unknown file format; give a pcap or pcapng file");
	f->n = (size_t)sprintf((char *)f->bytes, "\x1f\x8b\x08 and so on, for some bytes more");
	check_refused(f, ": is compressed; unpack it first: gunzip -k ");
	f->n = (size_t)sprintf((char *)f->bytes, "\x28\xb5\x2f\xfd");
	check_refused(f, ": is compressed; unpack it first: unzstd ");
	pcap_header(f, MICRO, ETHERNET);
	f->n = 10;
	check_refused(f, ": truncated dump file");
	pcap_header(f, MICRO, ETHERNET);
	check_refused(f, ": has no frames");
	pcap_header(f, MICRO, COOKED);
	pcap_record(f, 0, 1, 2, 60);
	check_refused(f, ": holds LINUX_SLL (link type 113), not Ethernet frames; ");
	pcapng_header(f, COOKED);
	check_refused(f, ": holds LINUX_SLL (link type 113), not Ethernet frames; ");
	assert_null(xd_capture_load("/nowhere/a.pcap", &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "/nowhere/a.pcap: No such file or directory");
	assert_null(xd_capture_load("/tmp", &err));
	assert_int_equal(err.code, -EISDIR);
	assert_string_equal(err.text, "/tmp: is a directory");
	free(f);
}

static void
test_broken_records(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	size_t whole;

	(void)state;
	assert_non_null(f);
	pcap_header(f, MICRO, ETHERNET);
	pcap_record(f, 0, 1, 2, 60);
	pcap_record(f, 1, 1, 3, 60);
	whole = f->n;
	pcap_record(f, 2, 1, 4, 60);
	f->n--; /* its last byte is missing */
	check_refused(f, ": record 3: truncated dump file");
	f->n = whole + 7; /* all but 7 bytes of its header */
	check_refused(f, ": record 3: truncated dump file");
	f->n = whole;
	put32(f, 1);
	put32(f, 4);
	put32(f, 0x7fffffff); /* bytes of a corrupt record */
	put32(f, 60);
	put_frame(f, 2, 60);
	check_refused(f, ": record 3: invalid packet capture length 2147483647");
	f->n = whole;
	put32(f, 1);
	put32(f, 4);
	put32(f, 60);
	put32(f, 1514);
	put_frame(f, 2, 60);
	check_refused(f, ": record 3: only 60 of the frame's 1514 bytes were captured; ");
	f->n = whole;
	pcap_record(f, 2, 1, 4, 13);
	check_refused(f, ": record 3: 13 bytes are no Ethernet frame");
	f->n = whole;
	pcap_record(f, 2, 1, 4, 0);
	check_refused(f, ": record 3: 0 bytes are no Ethernet frame");
	f->n = whole;
	pcap_record(f, 2, 2000000000, 4, 60);
	check_refused(f, ": record 3: its time is more than 1000000000 s from the first");
	free(f);
}

static void
test_broken_pcapng(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	size_t whole;

	(void)state;
	assert_non_null(f);
	pcapng_header(f, ETHERNET);
	pcapng_record(f, 0, 5, 60);
	whole = f->n;
	pcapng_record(f, 1, 6, 60);
	f->n -= 4;
	check_refused(f, ": record 2: truncated pcapng dump file");
	f->n = whole;
	put32(f, 6);
	put32(f, 8); /* a block of nothing */
	check_refused(f, ": record 2: block in pcapng dump file has a length of 8 < 12");
	free(f);
}

/* A frame longer than any that can be sent. */
static void
test_too_long(void **state)
{
	struct xd_error err;
	FILE *file = tmpfile();
	char path[64];
	struct file *f = calloc(1, sizeof(*f));

	(void)state;
	assert_non_null(f);
	assert_non_null(file);
	pcap_header(f, MICRO, ETHERNET);
	pcap_record(f, 0, 1, 2, 60);
	put32(f, 1);
	put32(f, 4);
	put32(f, 100000);
	put32(f, 100000);
	assert_int_equal(fwrite(f->bytes, 1, f->n, file), f->n);
	for (unsigned i = 0; i < 100000; i++)
		fputc(0, file);
	fflush(file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	assert_null(xd_capture_load(path, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, ": record 2: a frame of 100000 bytes"));
	fclose(file);
	free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_no_capture),
		cmocka_unit_test(test_broken_records),
		cmocka_unit_test(test_broken_pcapng),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
