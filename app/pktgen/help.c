/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#define PORTS                                                                                      \
	"Ports\n"                                                                                  \
	"  virtio:PATH            the guest side of a vhost-user socket that the switch listens "  \
	"on\n"                                                                                     \
	"    ,server              listen instead, and the switch connects\n"                       \
	"    ,size=N              ring entries, a power of two (1024; 256 with tso=on)\n"          \
	"    ,queues=N            queue pairs (1)\n"                                               \
	"    ,mrg=on|off          mergeable receive buffers (off)\n"                               \
	"    ,event_idx=on|off    event index (off)\n"                                             \
	"    ,packed=on|off       packed rings (off)\n"                                            \
	"    ,in_order=on|off     buffers come back in order (off)\n"                              \
	"    ,csum=on|off         leave checksums to the switch or the receiver (off)\n"           \
	"    ,tso=on|off          send TCP that is still to be cut, to 64 KiB a frame (off)\n"     \
	"    ,mss=N               payload of each segment it is to be cut into (1460)\n"           \
	"    ,irq=on|off          wait for interrupts as a guest's driver does (off: poll)\n"      \
	"  dpdk:DEVARGS           a DPDK device: net_virtio_user0,path=PATH,queues=1  "            \
	"net_tap0,iface=x\n"                                                                       \
	"                         0000:03:00.0; EAL options follow --\n"

#define COMMON                                                                                     \
	"  --size SIZES           bytes without FCS: 64  64,512,1518  64:1518:*2  64:1518:+64 "    \
	"(64)\n"                                                                                   \
	"  --touch full|stamp|none  bytes written before sending and read when received (full)\n"  \
	"  --time S               measured seconds of a trial (2)\n"                               \
	"  --warmup S             seconds before them (0.3)\n"                                     \
	"  --trials N             trials of each size (1)\n"                                       \
	"  --core N               core to run on (the last one that no worker of --switch has)\n"  \
	"  --switch SOCKET        crossdockd's control socket: its cycles go into each row\n"      \
	"  --placement A,B        measure how near two cores are, for each row (--core and the\n"  \
	"                         switch's worker)\n"                                              \
	"  --timeout S            to wait for the switch at the start (10)\n"                      \
	"  --json FILE            write every figure there; - is standard output\n"

static const char general[] =
	"Usage: crossdock-pktgen COMMAND --port PORT --port PORT [OPTION...] [-- EAL OPTIONS]\n"
	"\n"
	"Measures an Ethernet switch: sends frames into some ports and counts them at others.\n"
	"\n"
	"Commands\n"
	"  rate       frames and bits per second that get through\n"
	"  latency    round trip times, one frame at a time\n"
	"\n" PORTS "\n"
	"Examples\n"
	"  crossdock-pktgen rate --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock\n"
	"  crossdock-pktgen latency --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock\n"
	"\n"
	"crossdock-pktgen COMMAND --help tells the options of each; --version the version.\n";

static const char rate[] =
	"Usage: crossdock-pktgen rate --port PORT --port PORT [OPTION...] [-- EAL OPTIONS]\n"
	"\n"
	"Streams between pairs of ports (0-1, 2-3, ...), counted where they arrive.\n"
	"\n"
	"  --port PORT            at least two\n"
	"  --flows N              flows, in turn (1)\n"
	"  --flow-kind mac|l4     flow: a pair of MAC addresses, or an IPv4 source and UDP port "
	"(mac)\n"
	"  --direction one|both   port 0 to 1, or also back (one)\n"
	"  --pattern unicast|broadcast  broadcast: port 0 to all others (unicast)\n"
	"  --rate RATE            of each sending port: max  5Mpps  100kpps  10Gbit (max)\n" COMMON
	"  --cores A,B            two cores: even ports on A, odd ones on B\n"
	"\n" PORTS "\n"
	"Examples\n"
	"  crossdock-pktgen rate --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock \\\n"
	"      --size 64:1518:*2 --flows 1000 --json out.json\n"
	"  crossdock-pktgen rate --port virtio:/tmp/a.sock,server --port virtio:/tmp/b.sock,server "
	"\\\n"
	"      --rate 1Mpps --time 10 --switch /run/crossdock/control.sock\n"
	"  crossdock-pktgen rate --port virtio:/tmp/a.sock,tso=on --port virtio:/tmp/b.sock,tso=on "
	"\\\n"
	"      --size 65536\n"
	"  crossdock-pktgen rate --port dpdk:net_virtio_user0,path=/tmp/a.sock \\\n"
	"      --port dpdk:net_virtio_user1,path=/tmp/b.sock -- --single-file-segments\n";

static const char latency[] =
	"Usage: crossdock-pktgen latency --port PORT --port PORT [OPTION...] [-- EAL OPTIONS]\n"
	"\n"
	"Round trips from port 0 to port 1 and back, one frame at a time.\n"
	"\n"
	"  --port PORT            two\n"
	"  --count N              round trips, such as 100k (as many as the time holds)\n" COMMON
	"\n" PORTS "\n"
	"Examples\n"
	"  crossdock-pktgen latency --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock\n"
	"  crossdock-pktgen latency --port virtio:/tmp/a.sock --port virtio:/tmp/b.sock \\\n"
	"      --size 64,1518 --count 1M --json latency.json\n";

const char *
options_help(enum command command)
{
	if (command == COMMAND_RATE)
		return rate;
	return command == COMMAND_LATENCY ? latency : general;
}
