# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# An anycast service whose router changes its next hops under live connections.

# anycast_run DOWNLOAD ARGUMENTS: s1 leaves after two seconds and comes back two seconds
# later. s1 holds the first part of the kernel's hash space, so that flows of s2 move as well.
ROUTER_INTERFACE=servers
anycast_run() {
    local server_args=() i
    [ "$1" != -t ] || server_args=(-t)
    servers_csv 0
    servers_start "${server_args[@]}"
    dump c eth0 client
    dump r "$ROUTER_INTERFACE" router
    for i in "${SERVERS[@]}"; do
        dump "s$i" eth0 "server$i"
    done
    client "$@" &
    local pid=$!
    sleep 2
    churn remove 1 2 3
    sleep 2
    churn add 1 1 2 3
    wait $pid
    settle 1.5
    finish c r s1 s2 s3
}

scenario_anycast_tcp() { # plain TCP under churn: the baseline that fails
    topology_anycast
    anycast_run -t -n 40 -P 40 --size 9000 --chunk 500 --interval 333 --gap 20 --timeout 12000
}

scenario_anycast_mptcp() { # MPTCP under churn, initial subflow not in backup
    topology_anycast
    mptcp_servers
    mptcp_client
    anycast_run -n 32 -P 32 --size 9000 --chunk 500 --interval 333 --gap 20 --timeout 15000
}

scenario_anycast_mptcp_backup() { # MPTCP under churn, initial subflow put in backup
    local i
    topology_anycast
    mptcp_servers
    mptcp_client
    for i in "${SERVERS[@]}"; do
        ipn "s$i" mptcp endpoint add "$VIP" dev lo id 2 backup
    done
    anycast_run -n 16 -P 16 --size 7200 --chunk 600 --interval 500 --gap 20 --timeout 15000
}

scenario_anycast_mptcp6() { # MPTCP under churn, IPv6, the router seen on all interfaces
    FAMILY=6
    topology_anycast
    mptcp_servers
    mptcp_client
    ROUTER_INTERFACE=any
    anycast_run -n 12 -P 12 --size 7200 --chunk 600 --interval 500 --gap 20 --timeout 15000
}

scenario_anycast_tcp6() { # plain TCP under churn, IPv6
    FAMILY=6
    topology_anycast
    anycast_run -t -n 18 -P 18 --size 7200 --chunk 600 --interval 500 --gap 20 --timeout 12000
}

scenario_anycast_no_add_addr() { # MPTCP under churn with nothing advertised: as good as plain TCP
    local i
    topology_anycast
    mptcp_servers
    mptcp_client
    for i in "${SERVERS[@]}"; do
        ipn "s$i" mptcp endpoint flush
    done
    anycast_run -n 16 -P 16 --size 7200 --chunk 600 --interval 500 --gap 20 --timeout 9000
}

scenario_anycast_handshake() { # routes that flap during handshakes, 60 ms away: unprotected windows, split handshakes
    local pid n=0
    CABLE=client
    topology_anycast
    mptcp_servers
    mptcp_client
    cable --delay 30
    servers_csv 0
    servers_start
    dump c eth0 client
    dump r "$ROUTER_INTERFACE" router
    client -n 28 -P 28 --size 2400 --chunk 600 --interval 250 --gap 60 --timeout 8000 &
    pid=$!
    sleep 0.3
    while [ $n -lt 6 ]; do
        churn remove 1 2 3
        sleep 0.12
        churn add 1 1 2 3
        sleep 0.12
        n=$((n + 1))
    done
    wait $pid
    settle 1.5
    finish c r s1 s2 s3
}

# A link of 1300 bytes at the client's gateway: Packet Too Big goes to the anycast address, where it
# reaches the one server that the router's hash picks for packets without ports.
packet_too_big() { # FAMILY CLIENT ARGUMENTS
    FAMILY=$1
    shift
    CABLE=gateway
    topology_anycast
    mptcp_servers
    mptcp_client
    ipn g link set client mtu 1300
    sysctln g net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000
    servers_csv 0
    if [ "${1:-}" = -t ]; then servers_start -t; else servers_start; fi
    dump c eth0 client
    dump r "$ROUTER_INTERFACE" router
    local i
    for i in "${SERVERS[@]}"; do
        dump "s$i" eth0 "server$i"
    done
    client "$@" -n 9 -P 9 --size 12000 --chunk 6000 --interval 800 --gap 60 --timeout 6000
    settle 1.5
    finish c r s1 s2 s3
}
scenario_ptb_tcp4() { packet_too_big 4 -t; } # Packet Too Big at an anycast service, plain TCP: an outage
scenario_ptb_mptcp4() { packet_too_big 4; }  # Packet Too Big at an anycast service, MPTCP
scenario_ptb_mptcp6() { packet_too_big 6; }  # the same, IPv6

scenario_anycast_demo() { # the demo: churn at 20 ms, two of three servers put the initial subflow in backup
    local i
    CABLE=client
    topology_anycast
    mptcp_servers
    mptcp_client
    for i in 2 3; do
        ipn "s$i" mptcp endpoint add "$VIP" dev lo id 2 backup
    done
    cable --delay 10
    anycast_run -n 24 -P 24 --size 9000 --chunk 600 --interval 400 --gap 30 --timeout 15000
    latency_csv
}

scenario_split_handshake() { # SYN+ACKs lost while the route changes: two servers answer one client's SYNs
    local pid
    CABLE=client
    topology_anycast
    mptcp_servers
    mptcp_client
    cable --delay 20 --rule action=drop,match=mpc-synack,dir=ba,to=1
    servers_csv 0
    servers_start
    dump c eth0 client
    dump r servers router
    client -n 15 -P 15 --size 2400 --chunk 600 --interval 200 --gap 20 --timeout 8000 &
    pid=$!
    sleep 0.7
    churn remove 1 2 3
    wait $pid
    settle 1.5
    finish c r s1 s2 s3
}
