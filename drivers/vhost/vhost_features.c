/* SPDX-License-Identifier: BSD-3-Clause */
/* What a vhost-user port offers: virtio 1.2, 5.1.3 and 6, and the vhost-user specification. */
#include <errno.h>
#include <linux/virtio_net.h>

#include "drivers/vhost/vhost.h"
#include "frame/offload.h"
#include "vhost_user/message.h"
#include "virtqueue/feature_names.h"

#define BIT(n) (1ull << (n))

/* Younger than the kernel headers of Debian 12. */
#define F_GUEST_USO4 54
#define F_GUEST_USO6 55
#define F_HOST_USO   56

#define F_LOG_ALL 26 /* of vhost, for migration */

/* What guests expect of any network card, and the switch does not have to do anything for. */
#define COMMON                                                                                     \
	(BIT(XD_VIRTIO_F_VERSION_1) | BIT(27 /* ANY_LAYOUT */) | BIT(F_LOG_ALL) |                  \
		BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CTRL_RX) |    \
		BIT(VIRTIO_NET_F_GUEST_ANNOUNCE))

#define RINGS                                                                                      \
	(BIT(XD_VIRTIO_RING_F_INDIRECT_DESC) | BIT(XD_VIRTIO_RING_F_EVENT_IDX) |                   \
		BIT(XD_VIRTIO_F_RING_PACKED) | BIT(XD_VIRTIO_F_IN_ORDER) |                         \
		BIT(VIRTIO_NET_F_MRG_RXBUF))

#define HOST_OFFLOADS                                                                              \
	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |      \
		BIT(VIRTIO_NET_F_HOST_ECN) | BIT(F_HOST_USO))

#define GUEST_OFFLOADS                                                                             \
	(BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |                             \
		BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN) | BIT(F_GUEST_USO4) |   \
		BIT(F_GUEST_USO6))

/* What other switches offer besides. A guest that runs may have accepted it from one of them and
 * cannot lose it: QEMU refuses a back end that does not offer it. GSO means TSO4, TSO6 and ECN
 * together, and nobody ever sends a guest what GUEST_UFO allows. */
#define KEPT (BIT(VIRTIO_NET_F_GSO) | BIT(VIRTIO_NET_F_GUEST_UFO))

/* What GET_FEATURES of other switches answers, so that a guest that is started here can move to
 * them. */
static const uint64_t compat_features[] = {
	[XD_COMPAT_OVS_3_1] = 0xd7c66a7ca,
	[XD_COMPAT_OVS_3_1_TSO] = 0xd7c669fcb,
};

uint64_t
xd_vhost_supported_features(void)
{
	return COMMON | RINGS | HOST_OFFLOADS | GUEST_OFFLOADS | BIT(VIRTIO_NET_F_MQ) |
	       XD_VU_F_PROTOCOL_FEATURES;
}

uint64_t
xd_vhost_offered_features(const struct xd_port_config *config)
{
	/* Without these two there is nothing to talk about. */
	const uint64_t always = BIT(XD_VIRTIO_F_VERSION_1) | XD_VU_F_PROTOCOL_FEATURES;
	uint64_t features = xd_vhost_supported_features() | KEPT;

	/* The front end handles the control queue, by which a guest enables queue pairs. */
	if (config->queues < 2)
		features &= ~BIT(VIRTIO_NET_F_MQ);
	if (xd_vhost_config(config)->compat)
		features = compat_features[xd_vhost_config(config)->compat];
	return features & (xd_vhost_config(config)->features | always);
}

uint64_t
xd_vhost_offered_protocol_features(const struct xd_port_config *config)
{
	uint64_t features = XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK) | XD_VU_PF_BIT(XD_VU_PF_MQ) |
			    XD_VU_PF_BIT(XD_VU_PF_NET_MTU) |
			    XD_VU_PF_BIT(XD_VU_PF_CONFIGURE_MEM_SLOTS) |
			    XD_VU_PF_BIT(XD_VU_PF_STATUS) | XD_VU_PF_BIT(XD_VU_PF_LOG_SHMFD) |
			    XD_VU_PF_BIT(XD_VU_PF_RARP) | XD_VU_PF_BIT(XD_VU_PF_INFLIGHT_SHMFD);

	(void)config;
	return features;
}

/* A feature and what it means nothing without: virtio 1.2, 5.1.3.1. */
static const struct {
	uint8_t bit;
	uint8_t needs;
} needs[] = {
	{VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
	{VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM},
	{F_HOST_USO, VIRTIO_NET_F_CSUM},
	{VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
	{VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM},
	{F_GUEST_USO4, VIRTIO_NET_F_GUEST_CSUM},
	{F_GUEST_USO6, VIRTIO_NET_F_GUEST_CSUM},
	{VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
	{VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
	{VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
};

int
xd_vhost_check_features(const struct xd_port_config *config, struct xd_error *err)
{
	const uint64_t features = xd_vhost_config(config)->features;
	uint64_t unknown = features & ~xd_vhost_supported_features();
	char names[XD_FEATURES_TEXT];

	if (features == XD_VIRTIO_ALL)
		return 0;
	if (unknown)
		return xd_port_config_fail(err, -ENOTSUP, config, "features",
			"%s %s not supported by this switch", xd_feature_text(unknown, ' ', names),
			unknown & (unknown - 1) ? "are" : "is");
	for (unsigned i = 0; i < RTE_DIM(needs); i++) {
		if ((features & BIT(needs[i].bit)) && !(features & BIT(needs[i].needs)))
			return xd_port_config_fail(err, -EINVAL, config, "features",
				"%s needs %s: add it", xd_feature_name(needs[i].bit),
				xd_feature_name(needs[i].needs));
	}
	return 0;
}

static uint8_t
pick(uint64_t features, unsigned bit, uint8_t offload)
{
	return features >> bit & 1 ? offload : 0;
}

uint8_t
xd_vhost_offloads_from(uint64_t features)
{
	return pick(features, VIRTIO_NET_F_CSUM, XD_OFFLOAD_CSUM) |
	       pick(features, VIRTIO_NET_F_GSO,
		       XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN) |
	       pick(features, VIRTIO_NET_F_HOST_TSO4, XD_OFFLOAD_TSO4) |
	       pick(features, VIRTIO_NET_F_HOST_TSO6, XD_OFFLOAD_TSO6) |
	       pick(features, VIRTIO_NET_F_HOST_ECN, XD_OFFLOAD_ECN) |
	       pick(features, F_HOST_USO, XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6);
}

uint8_t
xd_vhost_offloads_to(uint64_t features)
{
	return pick(features, VIRTIO_NET_F_GUEST_CSUM, XD_OFFLOAD_CSUM) |
	       pick(features, VIRTIO_NET_F_GUEST_TSO4, XD_OFFLOAD_TSO4) |
	       pick(features, VIRTIO_NET_F_GUEST_TSO6, XD_OFFLOAD_TSO6) |
	       pick(features, VIRTIO_NET_F_GUEST_ECN, XD_OFFLOAD_ECN) |
	       pick(features, F_GUEST_USO4, XD_OFFLOAD_USO4) |
	       pick(features, F_GUEST_USO6, XD_OFFLOAD_USO6);
}
