/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture read with libpcap: each record is checked and added to a list of frames with its time;
 * what is packed, empty or no Ethernet is refused with what to do about it. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "traffic/frames/capture.h"
#include "traffic/frames/stream.h"

#define ETH_BYTES 14
#define LONGEST_S 1000000000l /* of a capture: 31 years fit into a frame's at_ns */
#define NS_PER_S  1000000000l

struct xd_capture {
	char *path;
	struct xd_frame_list list;
};

/* What is read, and how far it has come. */
struct reader {
	const char *path;
	pcap_t *pcap;
	struct timeval first; /* its tv_usec is in ns */
	uint64_t at_ns;       /* of the frame before */
	unsigned long record; /* the first is 1 */
	struct xd_error *err;
};

/* Puts the file before what the list says. */
static int
at_record(struct reader *r, int rc, const char *text)
{
	return xd_fail(r->err, rc, "%s: record %lu: %s", r->path, r->record, text);
}

static int
check_record(struct reader *r, const struct pcap_pkthdr *header)
{
	char text[160];
	long seconds;
	bool out = __builtin_sub_overflow(header->ts.tv_sec, r->first.tv_sec, &seconds) ||
		   seconds > LONGEST_S || seconds < -LONGEST_S;

	if (header->caplen < header->len)
		snprintf(text, sizeof(text),
			"only %u of the frame's %u bytes were captured; capture whole frames (a "
			"snap length of 262144 does)",
			header->caplen, header->len);
	else if (header->caplen < ETH_BYTES)
		snprintf(text, sizeof(text), "%u bytes are no Ethernet frame", header->caplen);
	else if (out)
		snprintf(text, sizeof(text), "its time is more than %ld s from the first record's",
			LONGEST_S);
	else
		return 0;
	return at_record(r, -EINVAL, text);
}

static int
add_record(struct reader *r, const struct pcap_pkthdr *header, const uint8_t *bytes,
	struct xd_frame_list *list)
{
	struct xd_list_frame_opts opts = {.at_ns = r->at_ns};
	uint8_t padded[XD_STREAM_MIN] = {0};
	uint32_t len = header->caplen;
	struct xd_error inner;
	int64_t ns;
	int rc;

	if (r->record == 1)
		r->first = header->ts;
	rc = check_record(r, header);
	if (rc)
		return rc;
	ns = (header->ts.tv_sec - r->first.tv_sec) * NS_PER_S + header->ts.tv_usec -
	     r->first.tv_usec;
	if (ns > (int64_t)r->at_ns)
		opts.at_ns = r->at_ns = (uint64_t)ns;
	if (len < XD_STREAM_MIN) {
		memcpy(padded, bytes, len);
		bytes = padded;
		len = XD_STREAM_MIN;
	}
	rc = xd_frame_list_add(list, bytes, len, &opts, &inner);
	return rc ? at_record(r, rc, inner.text) : 0;
}

static int
read_records(struct reader *r, struct xd_frame_list *list)
{
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int rc;

	for (;;) {
		r->record++;
		rc = pcap_next_ex(r->pcap, &header, &bytes);
		if (rc == PCAP_ERROR_BREAK)
			break;
		if (rc != 1)
			return at_record(r, -EINVAL, pcap_geterr(r->pcap));
		rc = add_record(r, header, bytes, list);
		if (rc)
			return rc;
	}
	if (list->n == 0)
		return xd_fail(r->err, -EINVAL, "%s: has no frames", r->path);
	return 0;
}

static int
check_link(struct reader *r)
{
	int link = pcap_datalink(r->pcap);
	const char *name = pcap_datalink_val_to_name(link);

	if (link == DLT_EN10MB)
		return 0;
	return xd_fail(r->err, -EINVAL,
		"%s: holds %s (link type %d), not Ethernet frames; capture at an Ethernet "
		"interface, not at \"any\"",
		r->path, name ? name : "something unknown", link);
}

/* What unpacks the file, if its first bytes say that it is packed; the file is at its beginning
 * afterwards. */
static const char *
unpacker(FILE *file)
{
	static const struct {
		const char *magic, *command;
	} kinds[] = {{"\x1f\x8b", "gunzip -k"}, {"\x28\xb5\x2f\xfd", "unzstd"},
		{"\xfd"
		 "7zXZ",
			"unxz -k"},
		{"BZh", "bunzip2 -k"}, {"\x04\x22\x4d\x18", "unlz4"}, {"PK\x03\x04", "unzip"}};
	char head[8] = "";
	const char *command = NULL;

	if (fread(head, 1, sizeof(head), file) > 0)
		for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (!memcmp(head, kinds[i].magic, strlen(kinds[i].magic)))
				command = kinds[i].command;
	rewind(file);
	return command;
}

/* Opens it as libpcap's; the file goes with it. */
static pcap_t *
open_capture(const char *path, struct xd_error *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	FILE *file = fopen(path, "re");
	struct stat stat = {0};
	const char *command;
	pcap_t *pcap;
	int code = errno;

	if (!file) {
		xd_fail(err, -code, "%s: %s", path, strerror(code));
		return NULL;
	}
	fstat(fileno(file), &stat);
	if (S_ISDIR(stat.st_mode)) {
		xd_fail(err, -EISDIR, "%s: is a directory", path);
		goto err_file;
	}
	if (S_ISREG(stat.st_mode) && stat.st_size == 0) {
		xd_fail(err, -EINVAL, "%s: is empty; give a pcap or pcapng file", path);
		goto err_file;
	}
	command = S_ISREG(stat.st_mode) ? unpacker(file) : NULL;
	if (command) {
		xd_fail(err, -EINVAL, "%s: is compressed; unpack it first: %s %s", path, command,
			path);
		goto err_file;
	}
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!pcap) {
		xd_fail(err, -EINVAL, "%s: %s; give a pcap or pcapng file", path, text);
		goto err_file;
	}
	return pcap;

err_file:
	fclose(file);
	return NULL;
}

struct xd_capture *
xd_capture_load(const char *path, struct xd_error *err)
{
	struct reader r = {.path = path, .err = err};
	struct xd_capture *capture;

	r.pcap = open_capture(path, err);
	if (!r.pcap)
		return NULL;
	capture = calloc(1, sizeof(*capture));
	if (capture)
		capture->path = strdup(path);
	if (!capture || !capture->path) {
		xd_fail(err, -ENOMEM, "%s: no memory to read it", path);
		goto err_capture;
	}
	xd_frame_list_init(&capture->list, false);
	if (check_link(&r) || read_records(&r, &capture->list))
		goto err_capture;
	pcap_close(r.pcap);
	return capture;

err_capture:
	xd_capture_destroy(capture);
	pcap_close(r.pcap);
	return NULL;
}

void
xd_capture_destroy(struct xd_capture *capture)
{
	if (!capture)
		return;
	xd_frame_list_fini(&capture->list);
	free(capture->path);
	free(capture);
}

const struct xd_frame_list *
xd_capture_list(const struct xd_capture *capture)
{
	return &capture->list;
}

const char *
xd_capture_path(const struct xd_capture *capture)
{
	return capture->path;
}
