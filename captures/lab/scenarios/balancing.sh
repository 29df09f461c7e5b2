# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Load balancing with translation and with direct server return.

# balanced MODE [DOWNLOAD ARGUMENTS]
balanced() {
    local mode=$1 i
    shift
    topology_balancer
    "balance_$mode"
    mptcp_servers
    mptcp_client
    servers_csv 1
    servers_start
    dump c eth0 client
    dump b any balancer
    for i in "${SERVERS[@]}"; do
        dump "s$i" any "server$i"
    done
    client "$@"
    settle 1.5
    finish c b s1 s2 s3
}

scenario_nat4() { # NAT balancing, IPv4
    balanced nat -n 9 -P 3 --size 16000 --chunk 2000 --interval 100 --gap 60
}

scenario_nat6() { # NAT balancing, IPv6
    FAMILY=6
    balanced nat -n 6 -P 2 --size 16000 --chunk 2000 --interval 100 --gap 60
}

scenario_dsr4() { # direct server return, IPv4
    balanced dsr -n 9 -P 3 --size 16000 --chunk 2000 --interval 100 --gap 60
}

scenario_dsr6() { # direct server return, IPv6, cooked captures of version 1
    FAMILY=6
    LAB_LINKTYPE_ANY=LINUX_SLL
    balanced dsr -n 6 -P 2 --size 16000 --chunk 2000 --interval 100 --gap 60
}
