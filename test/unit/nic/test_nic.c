/* SPDX-License-Identifier: BSD-3-Clause */
/* Network cards, in a made-up tree of sysfs and procfs. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nic/nic.h"

#define DEVICES "sys/bus/pci/devices"

struct fixture {
	char root[64];
};

/* Makes the directories that a path below the root lies in. */
static void
path_of(const struct fixture *fx, char path[PATH_MAX], const char *name)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", fx->root, name);

	for (int i = (int)strlen(fx->root) + 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0755) != 0)
			assert_int_equal(errno, EEXIST);
		path[i] = '/';
	}
}

static void
put(const struct fixture *fx, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	path_of(fx, path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void
point(const struct fixture *fx, const char *name, const char *target)
{
	char path[PATH_MAX];

	path_of(fx, path, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void
directory(const struct fixture *fx, const char *name)
{
	char path[PATH_MAX], inside[PATH_MAX];

	snprintf(inside, sizeof(inside), "%s/.", name);
	path_of(fx, path, inside);
}

static void
make_device(const struct fixture *fx, const char *address, const char *class, const char *driver,
	int group)
{
	char name[256], target[256];

	snprintf(name, sizeof(name), DEVICES "/%s/class", address);
	put(fx, name, class);
	snprintf(name, sizeof(name), DEVICES "/%s/vendor", address);
	put(fx, name, "0x8086\n");
	snprintf(name, sizeof(name), DEVICES "/%s/device", address);
	put(fx, name, "0x10d3\n");
	snprintf(name, sizeof(name), DEVICES "/%s/numa_node", address);
	put(fx, name, "1\n");
	if (driver != NULL) {
		snprintf(name, sizeof(name), DEVICES "/%s/driver", address);
		snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
		point(fx, name, target);
	}
	if (group < 0)
		return;
	snprintf(name, sizeof(name), DEVICES "/%s/iommu_group", address);
	snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
	point(fx, name, target);
	snprintf(name, sizeof(name), "sys/kernel/iommu_groups/%d/devices/%s", group, address);
	point(fx, name, "x");
}

static void
make_interface(const struct fixture *fx, const char *address, const char *interface)
{
	char name[256];

	snprintf(name, sizeof(name), DEVICES "/%s/net/%s", address, interface);
	directory(fx, name);
	snprintf(name, sizeof(name), "sys/class/net/%s/address", interface);
	put(fx, name, "02:00:00:00:00:0a\n");
	snprintf(name, sizeof(name), "sys/class/net/%s/operstate", interface);
	put(fx, name, "up\n");
	snprintf(name, sizeof(name), "sys/class/net/%s/speed", interface);
	put(fx, name, "25000\n");
}

static int
setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	strcpy(fx->root, "/tmp/test_nic_XXXXXX");
	assert_non_null(mkdtemp(fx->root));
	*state = fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", fx->root);
	assert_int_equal(system(command), 0);
	free(fx);
	return 0;
}

static struct xd_nic
find(const struct fixture *fx, const char *address, struct xd_nic_use *use)
{
	struct xd_nic nic;

	assert_int_equal(xd_nic_find(fx->root, address, &nic), 0);
	xd_nic_use(fx->root, &nic, use);
	return nic;
}

static void
cards_are_listed_by_address(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic *nics;
	struct xd_error err;

	assert_int_equal(xd_nic_list(fx->root, &nics, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no PCI bus"));
	directory(fx, DEVICES);
	assert_int_equal(xd_nic_list(fx->root, &nics, &err), 0);
	free(nics);
	for (int i = 19; i >= 0; i--) {
		char address[32];

		snprintf(address, sizeof(address), "0000:%02x:00.0", i);
		make_device(fx, address, i % 2 ? "0x020000\n" : "0x060400\n", NULL, -1);
	}
	assert_int_equal(xd_nic_list(fx->root, &nics, &err), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(strtol(nics[i].address + 5, NULL, 16), 2 * i + 1);
	free(nics);
}

static void
what_a_card_is(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;
	struct xd_nic nic;

	put(fx, "usr/share/misc/pci.ids",
		"# comment\n8085  Other\n\t10d3  Wrong\n8086  Intel Corporation\n"
		"\t10d3  82574L Gigabit Network Connection\n\t\t8086 10d3  Subsystem\n"
		"\t10d4  Another\nC 02  Network controller\n\t10  x\n");
	make_device(fx, "0000:03:00.0", "0x020000\n", "e1000e", 12);
	make_interface(fx, "0000:03:00.0", "eth0");
	nic = find(fx, "0000:03:00.0", &use);
	assert_string_equal(nic.vendor, "Intel Corporation");
	assert_string_equal(nic.device, "82574L Gigabit Network Connection");
	assert_string_equal(nic.driver, "e1000e");
	assert_int_equal(nic.node, 1);
	assert_int_equal(nic.iommu_group, 12);
	assert_int_equal(nic.nb_interfaces, 1);
	assert_string_equal(nic.interfaces[0], "eth0");
	assert_string_equal(nic.mac, "02:00:00:00:00:0a");
	assert_int_equal(nic.link, XD_NIC_LINK_UP);
	assert_int_equal(nic.speed_mbit_s, 25000);
	assert_false(nic.default_route);
	assert_int_equal(xd_nic_find(fx->root, "0000:04:00.0", &nic), -ENOENT);
	assert_int_equal(xd_nic_find(fx->root, "../devices/0000:03:00.0", &nic), -ENOENT);
}

static void
what_to_type(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;

	make_device(fx, "0000:03:00.0", "0x020000\n", "e1000e", 12);
	find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state, XD_NIC_BIND);
	assert_string_equal(
		use.command, "modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:03:00.0");
	directory(fx, "sys/bus/pci/drivers/vfio-pci");
	put(fx, "usr/sbin/driverctl", "");
	find(fx, "0000:03:00.0", &use);
	assert_string_equal(use.command, "driverctl set-override 0000:03:00.0 vfio-pci");
	make_device(fx, "0000:03:00.0", "0x020000\n", "vfio-pci", 12);
	find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state, XD_NIC_READY);
	assert_string_equal(use.command, "");
}

/* Nobody is told to bind a disk or a bridge to another driver. */
static void
no_card(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;

	make_device(fx, "0000:00:00.0", "0x060000\n", NULL, -1);
	make_device(fx, "0000:05:00.0", "0x010802\n", "nvme", 3);
	find(fx, "0000:00:00.0", &use);
	assert_int_equal(use.state, XD_NIC_OTHER);
	assert_string_equal(use.command, "");
	find(fx, "0000:05:00.0", &use);
	assert_int_equal(use.state, XD_NIC_OTHER);
	/* Whoever did that knows what it is. */
	make_device(fx, "0000:05:00.0", "0x120000\n", "vfio-pci", 3);
	find(fx, "0000:05:00.0", &use);
	assert_int_equal(use.state, XD_NIC_READY);
}

static void
a_machine_without_an_iommu(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;
	struct xd_nic nic;

	directory(fx, "sys/bus/pci/drivers/vfio-pci");
	make_device(fx, "0000:03:00.0", "0x020000\n", NULL, -1);
	find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state, XD_NIC_NO_IOMMU);
	assert_string_equal(use.command, "modprobe vfio enable_unsafe_noiommu_mode=1 && "
					 "dpdk-devbind.py --bind=vfio-pci 0000:03:00.0");
	assert_non_null(strstr(use.note, "intel_iommu=on"));
	/* What vfio then makes. */
	make_device(fx, "0000:03:00.0", "0x020000\n", "vfio-pci", 0);
	put(fx, "sys/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	nic = find(fx, "0000:03:00.0", &use);
	assert_true(nic.noiommu);
	assert_int_equal(use.state, XD_NIC_READY);
}

/* Bridges stay; what has no driver is in nobody's way. */
static void
a_group_goes_as_a_whole(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;

	directory(fx, "sys/bus/pci/drivers/vfio-pci");
	make_device(fx, "0000:03:00.0", "0x020000\n", "e1000e", 12);
	make_device(fx, "0000:03:00.1", "0x020000\n", "e1000e", 12);
	make_device(fx, "0000:03:00.2", "0x088000\n", NULL, 12);
	make_device(fx, "0000:00:01.0", "0x060400\n", "pcieport", 12);
	find(fx, "0000:03:00.0", &use);
	assert_string_equal(use.command, "dpdk-devbind.py --bind=vfio-pci 0000:03:00.0 && "
					 "dpdk-devbind.py --bind=vfio-pci 0000:03:00.1");
	assert_string_equal(use.note, "its IOMMU group goes as a whole: also 0000:03:00.1");
	make_device(fx, "0000:03:00.0", "0x020000\n", "vfio-pci", 12);
	find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state, XD_NIC_GROUP);
	assert_string_equal(use.command, "dpdk-devbind.py --bind=vfio-pci 0000:03:00.1");
	make_device(fx, "0000:03:00.1", "0x020000\n", "vfio-pci", 12);
	find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state, XD_NIC_READY);
}

static void
a_card_beside_its_kernel_driver(void **state)
{
	struct fixture *fx = *state;
	struct xd_nic_use use;

	make_device(fx, "0000:05:00.0", "0x020000\n", "mlx5_core", 3);
	find(fx, "0000:05:00.0", &use);
	assert_int_equal(use.state, XD_NIC_RDMA);
	assert_string_equal(
		use.command, "apt-get install rdma-core ibverbs-providers && modprobe mlx5_ib");
	put(fx, "usr/lib/x86_64-linux-gnu/libibverbs.so.1", "");
	find(fx, "0000:05:00.0", &use);
	assert_string_equal(use.command, "modprobe mlx5_ib");
	directory(fx, DEVICES "/0000:05:00.0/infiniband/mlx5_0");
	find(fx, "0000:05:00.0", &use);
	assert_int_equal(use.state, XD_NIC_READY);
	assert_string_equal(use.command, "");
	assert_non_null(strstr(use.note, "beside its kernel driver"));
}

#define ROUTES                "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
#define V4(iface, dest, mask) iface "\t" dest "\t0100000A\t0003\t0\t0\t0\t" mask "\t0\t0\t0\n"
#define ZEROS                 "00000000000000000000000000000000"
#define V6(len, flags, iface)                                                                      \
	ZEROS " " len " " ZEROS " 00 " ZEROS " 00000400 00000001 00000000 " flags " " iface "\n"

static bool
routed(const struct fixture *fx, const char *ipv4, const char *ipv6)
{
	struct xd_nic_use use;
	struct xd_nic nic;

	put(fx, "proc/net/route", ipv4);
	put(fx, "proc/net/ipv6_route", ipv6);
	nic = find(fx, "0000:03:00.0", &use);
	assert_int_equal(use.state == XD_NIC_ROUTE, nic.default_route);
	if (nic.default_route) {
		assert_string_equal(use.command, "");
		assert_non_null(strstr(use.note, "carries the default route"));
	}
	return nic.default_route;
}

static void
the_default_route(void **state)
{
	struct fixture *fx = *state;

	make_device(fx, "0000:03:00.0", "0x020000\n", "virtio-pci", 12);
	make_interface(fx, "0000:03:00.0/virtio2", "eth0");
	assert_false(routed(fx, "", ""));
	assert_true(routed(fx, ROUTES V4("eth0", "00000000", "00000000"), ""));
	assert_false(routed(fx, ROUTES V4("eth0", "0000000A", "00FFFFFF"), ""));
	assert_false(routed(fx, ROUTES V4("eth1", "00000000", "00000000"), ""));
	assert_true(routed(fx, ROUTES, V6("00", "00000003", "    eth0")));
	assert_false(routed(fx, ROUTES, V6("00", "00200200", "      lo")));
	assert_false(routed(fx, ROUTES, V6("00", "00000203", "    eth0")));
	assert_false(routed(fx, ROUTES, V6("40", "00000003", "    eth0")));
	/* A VLAN on a bridge on the card; and links that go round. */
	point(fx, "sys/class/net/br0/lower_eth0", "x");
	point(fx, "sys/class/net/br0/lower_br0", "x");
	point(fx, "sys/class/net/br0.7/lower_br0", "x");
	assert_true(routed(fx, ROUTES V4("br0.7", "00000000", "00000000"), ""));
	assert_false(routed(fx, ROUTES V4("br1", "00000000", "00000000"), ""));
}

/* Files that say nothing, or too much. */
static void
odd_files(void **state)
{
	struct fixture *fx = *state;
	char text[4096], address[300];
	struct xd_nic_use use;
	struct xd_nic nic;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	make_device(fx, "0000:03:00.0", "0x020000\n", NULL, -1);
	make_interface(fx, "0000:03:00.0", "eth0");
	put(fx, "usr/share/misc/pci.ids", text);
	put(fx, "proc/net/route", text);
	put(fx, "proc/net/ipv6_route", text);
	put(fx, DEVICES "/0000:03:00.0/numa_node", text);
	put(fx, "sys/class/net/eth0/speed", "-1\n");
	put(fx, "sys/class/net/eth0/operstate", text);
	put(fx, "sys/class/net/eth0/address", "");
	nic = find(fx, "0000:03:00.0", &use);
	assert_int_equal(nic.node, -1);
	assert_int_equal(nic.speed_mbit_s, -1);
	assert_int_equal(nic.link, XD_NIC_LINK_UNKNOWN);
	assert_string_equal(nic.mac, "");
	assert_string_equal(nic.vendor, "");
	/* A name that is longer than any, and more interfaces and peers than there is room for. */
	memset(address, 'a', sizeof(address));
	address[250] = '\0';
	assert_int_equal(xd_nic_find(fx->root, address, &nic), -ENOENT);
	make_device(fx, "0000:03:00.0", "0x020000\n", NULL, 1);
	for (int i = 0; i < 12; i++) {
		snprintf(address, sizeof(address), "eth%d", i);
		make_interface(fx, "0000:03:00.0", address);
		snprintf(address, sizeof(address), "0000:04:%02x.0", i);
		make_device(fx, address, "0x020000\n", "e1000e", 1);
	}
	nic = find(fx, "0000:03:00.0", &use);
	assert_int_equal(nic.nb_interfaces, XD_NIC_INTERFACES);
	assert_int_equal(nic.nb_peers, XD_NIC_PEERS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cards_are_listed_by_address),
		TEST(what_a_card_is),
		TEST(what_to_type),
		TEST(no_card),
		TEST(a_machine_without_an_iommu),
		TEST(a_group_goes_as_a_whole),
		TEST(a_card_beside_its_kernel_driver),
		TEST(the_default_route),
		TEST(odd_files),
	};

	return cmocka_run_group_tests_name("nic", tests, NULL, NULL);
}
