# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# An anycast service whose router changes its next hops under live connections.

# anycast_run DOWNLOAD ARGUMENTS: s1 leaves after two seconds and comes back two seconds
# later. s1 holds the first part of the kernel's hash space, so that flows of s2 move as well.
anycast_run() {
    local server_args=() i
    [ "$1" != -t ] || server_args=(-t)
    servers_csv 0
    servers_start "${server_args[@]}"
    dump c eth0 client
    dump r servers router
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
    anycast_run -n 24 -P 24 --size 9000 --chunk 500 --interval 333 --gap 20 --timeout 15000
}
