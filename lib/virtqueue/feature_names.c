/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of virtio feature bits by name, and look-ups in it. */
#include "virtqueue/feature_names.h"

const struct xd_bit_name xd_feature_names[] = {
	{"csum", 0},
	{"guest_csum", 1},
	{"ctrl_guest_offloads", 2},
	{"mtu", 3},
	{"mac", 5},
	{"gso", 6}, /* legacy */
	{"guest_tso4", 7},
	{"guest_tso6", 8},
	{"guest_ecn", 9},
	{"guest_ufo", 10},
	{"host_tso4", 11},
	{"host_tso6", 12},
	{"host_ecn", 13},
	{"host_ufo", 14},
	{"mrg_rxbuf", 15},
	{"status", 16},
	{"ctrl_vq", 17},
	{"ctrl_rx", 18},
	{"ctrl_vlan", 19},
	{"ctrl_rx_extra", 20},
	{"guest_announce", 21},
	{"mq", 22},
	{"ctrl_mac_addr", 23},
	{"notify_on_empty", 24}, /* legacy */
	{"log_all", 26},         /* vhost-user: VHOST_F_LOG_ALL */
	{"any_layout", 27},      /* legacy */
	{"indirect_desc", 28},
	{"event_idx", 29},
	{"protocol_features", 30}, /* vhost-user: VHOST_USER_F_PROTOCOL_FEATURES */
	{"version_1", 32},
	{"iommu_platform", 33}, /* its name up to virtio 1.0, and QEMU's */
	{"access_platform", 33},
	{"ring_packed", 34},
	{"in_order", 35},
	{"order_platform", 36},
	{"sr_iov", 37},
	{"notification_data", 38},
	{"notif_config_data", 39},
	{"ring_reset", 40},
	{"notf_coal", 53},
	{"guest_uso4", 54},
	{"guest_uso6", 55},
	{"host_uso", 56},
	{"hash_report", 57},
	{"guest_hdrlen", 59},
	{"rss", 60},
	{"rsc_ext", 61},
	{"standby", 62},
	{"speed_duplex", 63},
	{NULL, 0},
};

const char *
xd_feature_name(unsigned bit)
{
	return xd_bit_name(xd_feature_names, bit);
}

int
xd_feature_bit(const char *name)
{
	return xd_bit_find(xd_feature_names, name);
}

char *
xd_feature_text(uint64_t features, char separator, char text[XD_FEATURES_TEXT])
{
	return xd_bit_text(xd_feature_names, features, separator, text);
}
