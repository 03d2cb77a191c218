#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Switches frames between two vhost-user ports and measures that: what `make demo` runs.
#
#     examples/demo.sh [BUILD_DIR]
#
# It needs no hugepages, no NIC and no configuration, and leaves nothing behind.

set -u
umask 077

build=${1:-${CROSSDOCK_BUILD:-build}}
sizes=64,128,256,512,1024,1280,1518
dir='' daemon='' generator='' rings=''

say() {
	printf '%s\n' "$*"
}

# The log of what went wrong, and out.
fail() {
	say "demo: $1" >&2
	if [ -n "$dir" ]; then
		for log in pktgen.log crossdockd.log; do
			[ -s "$dir/$log" ] && say "--- $log" >&2 && tail -n 40 "$dir/$log" >&2
		done
	fi
	exit 1
}

stop() {
	for pid in $generator $daemon; do
		kill "$pid" 2>/dev/null
	done
	for pid in $generator $daemon; do
		# Five seconds to end by itself.
		tries=50
		while kill -0 "$pid" 2>/dev/null && [ $tries -gt 0 ]; do
			sleep 0.1
			tries=$((tries - 1))
		done
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	generator='' daemon=''
	[ -n "$dir" ] && rm -rf "$dir"
	dir=''
}

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# find PROGRAM: where the build put it
find_program() {
	for path in "$build/app/$1/$1" "$build/app/$1" "$build/$1"; do
		[ -f "$path" ] && [ -x "$path" ] && say "$path" && return
	done
	fail "no $1 in $build: run 'make', or name the build directory: examples/demo.sh BUILD_DIR"
}

# measure NAME ENGINE OPTIONS...: runs the generator, its result to NAME.json
measure() {
	name=$1
	engine=$2
	shift 2
	# shellcheck disable=SC2086  # $cores is several words
	"$pktgen" "$engine" --port "virtio:$dir/vm1$rings" --port "virtio:$dir/vm2$rings" $cores \
		--json "$dir/$name.json" "$@" >"$dir/pktgen.log" 2>&1 &
	generator=$!
	wait "$generator" || fail "the generator failed"
	generator=''
}

crossdockd=$(find_program crossdockd) || exit
crossdockctl=$(find_program crossdockctl) || exit
pktgen=$(find_program crossdock-pktgen) || exit
command -v python3 >/dev/null || fail "the table needs python3: apt-get install python3"

# The first and the last CPU of those that this process may use.
cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
first=${cpus%%[-,]*}
last=${cpus##*[-,]}
cores="--core $first"
if [ "$first" = "$last" ]; then
	say "One CPU only ($first): switch and generator take turns on it, so that every figure is far"
	say "below what two give. Round trips then are mostly the kernel's scheduling."
else
	cores="$cores --placement $first,$last"
fi

dir=$(mktemp -d /tmp/crossdock-demo-XXXXXX) || fail "cannot make a directory in /tmp"
export XDG_RUNTIME_DIR="$dir" RUNTIME_DIRECTORY="$dir"
cat >"$dir/crossdock.yaml" <<-EOF
	workers: {cores: [$last]}
	memory:  {hugepages: auto}
	control: {path: $dir/control.sock}
	bridges:
	  br0: {}
	ports:
	  vm1: {type: vhost-user, bridge: br0, path: $dir/vm1, mode: server}
	  vm2: {type: vhost-user, bridge: br0, path: $dir/vm2, mode: server}
EOF

say "1. crossdockd: one bridge, the vhost-user ports vm1 and vm2, one worker on CPU $last"
"$crossdockd" --config "$dir/crossdock.yaml" >"$dir/crossdockd.log" 2>&1 &
daemon=$!
tries=200
until [ -S "$dir/vm1" ] && [ -S "$dir/vm2" ] && [ -S "$dir/control.sock" ]; do
	kill -0 "$daemon" 2>/dev/null || fail "crossdockd did not start"
	[ $tries -gt 0 ] || fail "crossdockd made no sockets in 20 s"
	tries=$((tries - 1))
	sleep 0.1
done

say "2. crossdock-pktgen on CPU $first is the guest of both: frames vm1 to vm2, every byte of them"
say "   written and read, in rings as a guest's driver has them (256 entries)"
measure rate rate --size $sizes --direction one --rate max --time 0.7 --warmup 0.2 \
	--touch full --switch "$dir/control.sock"
rings=',rings=static'
measure static rate --size $sizes --direction one --rate max --time 0.3 --warmup 0.1 --touch full
rings=''

say "3. round trips vm1 to vm2 to vm1, one at a time"
measure latency latency --size $sizes --time 0.4 --touch full

say
python3 - "$dir/rate.json" "$dir/static.json" "$dir/latency.json" <<'EOF' || fail "the results cannot be read"
import json
import sys

rate, static, latency = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
static_pps = {row["size"]: row["pps"] for row in static["rows"]}
round_trips = {row["size"]: row["latency"]["actual"] for row in latency["rows"]}


def cell(value, scale=1.0, digits=0):
    return "-" if value is None else f"{value * scale:.{digits}f}"


lines = [("frame", "frames/s", "static", "L2", "the switch's", "core to core", "",
          "round trip, us", ""),
         ("B", "million", "million", "Gbit/s", "cycles/frame", "ns", "P50", "P99", "P99.9")]
for row in rate["rows"]:
    rtt = round_trips.get(row["size"], {})
    place = row["placement"]
    cores = [cell(place.get(key)) for key in ("before_ns", "after_ns")]
    lines.append((str(row["size"]), cell(row["pps"], 1e-6, 2),
                  cell(static_pps.get(row["size"]), 1e-6, 2), cell(row["l2_bps"], 1e-9, 1),
                  cell((row["switch"] or {}).get("busy_cycles_per_frame")), "/".join(cores),
                  cell(rtt.get("p50_ns"), 1e-3, 2), cell(rtt.get("p99_ns"), 1e-3, 2),
                  cell(rtt.get("p99_9_ns"), 1e-3, 2)))
widths = [max(len(line[i]) for line in lines[1:]) for i in range(9)]
widths = [max(w, len(lines[0][i])) if i < 6 else max(w, 6) for i, w in enumerate(widths)]
for line in lines:
    if line is lines[0]:
        head = "  ".join(line[i].rjust(widths[i]) for i in range(6))
        print("  " + head + "  " + line[7].center(sum(widths[6:]) + 4).rstrip())
    else:
        print("  " + "  ".join(text.rjust(width) for text, width in zip(line, widths)))
print()
print("  Static: with rings whose buffers are offered again and again, which no guest does: the")
print("  ceiling of the switch's own code.")
steal = sum(row["steal_s"] or 0 for row in rate["rows"] + latency["rows"])
classes = {row["placement"]["class"] for row in rate["rows"]}
if classes != {"unknown"}:
    print()
if "far" in classes or "mixed" in classes:
    print("  Core to core is a cache line's round trip between the two CPUs, before and after: above")
    print("  200 ns they are far from each other, which costs more than half of every figure.")
elif "near" in classes:
    print("  Core to core is a cache line's round trip between the two CPUs, before and after.")
if steal > 0.05:
    print(f"  The hypervisor took {steal:.2f} s of CPU time meanwhile (steal).")
EOF

say
say "4. what the switch knows, with a little traffic between the ports"
"$pktgen" rate --port "virtio:$dir/vm1" --port "virtio:$dir/vm2" --core "$first" --size 64 \
	--flows 2 --direction both --rate 10kpps --time 1.5 --warmup 0 >"$dir/pktgen.log" 2>&1 &
generator=$!
sleep 1
for command in "port show" "fdb show" "worker show"; do
	say
	say "\$ crossdockctl $command"
	# shellcheck disable=SC2086  # two words
	"$crossdockctl" --control "$dir/control.sock" $command || fail "crossdockctl $command failed"
done
wait "$generator" || fail "the generator failed"
generator=''

say
stop
say "Everything is stopped again. To look further:"
say
say "  $crossdockd --help"
say "      the switch; config/crossdock.yaml is a configuration to start from"
say "  $crossdockctl --help"
say "      what can be asked of it and changed while it runs"
say "  $pktgen rate --help"
say "      sizes, flows, rates; ports are vhost-user sockets or any DPDK device"
say "  test/perf/peers --help"
say "      the same measured beside OVS-DPDK and testpmd"
