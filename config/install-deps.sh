#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Installs the Debian packages that are missing; does nothing, at once, when none is.
#
#   config/install-deps.sh [build] [test] [bench] [coverage]      default: build test
set -eu

# DPDK's libraries and every driver come with libdpdk-dev; libnuma, JSON, YAML, TLS, line editing,
# netlink, BPF and captures are linked; clang compiles what the kernel runs of ours; gcc's
# sanitizers come with it.
build="gcc libc6-dev pkg-config meson ninja-build python3 clang libdpdk-dev libnuma-dev libbpf-dev
	libjansson-dev libyaml-dev libssl-dev libedit-dev libmnl-dev libpcap-dev libcmocka-dev"
# A C++ compiler for the installed headers, namespaces and dpdk-testpmd for functional tests, clang's
# runtime for fuzz targets, the rest for guests, whose kernel is downloaded by their test and not
# installed; one of them is libvirt's, and one is moved to us from OVS-DPDK and back. The latter's
# package starts a service: stop it if it is not wanted. Others are for the tree itself: its form, its
# faults, its pages and its manual. ovsdbapp is how neutron speaks to Open vSwitch's database.
test="g++ dpdk-dev iproute2 iputils-ping qemu-system-x86 busybox-static qperf iperf3 sockperf
	tcpdump mtr-tiny ethtool nftables openssl openvswitch-switch-dpdk libclang-rt-dev python3-jsonschema
	gnuplot-nox clang-format clang-tidy mypy git python3-sphinx groff-base abigail-tools
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients python3-ovsdbapp"
# What to compare with.
bench="openvswitch-switch-dpdk dpdk-dev iproute2 iperf3 qperf sockperf mtr-tiny nftables
	gnuplot-nox"
# What tests reach of the code.
coverage="gcovr"

packages=
for group in ${*:-build test}; do
	case $group in
	build) packages="$packages $build" ;;
	test) packages="$packages $test" ;;
	bench) packages="$packages $bench" ;;
	coverage) packages="$packages $coverage" ;;
	*)
		echo "usage: config/install-deps.sh [build] [test] [bench] [coverage]" >&2
		exit 2
		;;
	esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "install-deps: this is not Debian; install the like of:" $packages >&2
	exit 1
fi

missing=
for package in $packages; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root="env"
elif command -v sudo >/dev/null; then
	as_root="sudo env"
else
	echo "install-deps: needs root or sudo; type as root: apt-get install" $missing >&2
	exit 1
fi

echo "installing:$missing"
apt_get() {
	$as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" </dev/null
}
apt_get update
apt_get install -y --no-install-recommends $missing
