# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A cable between router and balancer: only what goes through the balancer is delayed or altered,
# as in the paper's setup; the direct paths are not.

# cabled TOPOLOGY "CABLE ARGUMENTS" DOWNLOAD ARGUMENTS...
cabled() {
    local topology=$1 arguments=$2 i
    shift 2
    CABLE=balancer
    small "$topology"
    # shellcheck disable=SC2086
    cable $arguments
    servers_start
    dump c eth0 client
    dump b any balancer
    for i in "${SERVERS[@]}"; do
        dump "s$i" any "server$i"
    done
    client "$@"
    settle 2
    finish c b s1 s2
    latency_csv
}

scenario_cable_delay4() { # NAT, 30 ms round trip between client and balancer, IPv4
    cabled nat4 "--delay 15" -n 8 -P 4 --size 12000 --chunk 2000 --interval 150 --gap 70
}
scenario_cable_delay6() { # the same with 50 ms, IPv6
    cabled nat6 "--delay 25" -n 6 -P 3 --size 12000 --chunk 2000 --interval 150 --gap 70
}
scenario_cable_rate() { # NAT, 20 ms and 2 Mbit/s: queueing on the way to the balancer
    cabled nat4 "--delay 10 --rate 2000" -n 6 -P 3 --size 20000 --chunk 10000 --interval 200 --gap 70
}
scenario_cable_loss() { # NAT, 20 ms and 15 % loss each way
    cabled nat4 "--delay 10 --loss-ab 0.15 --loss-ba 0.15 --seed 5" \
        -n 12 -P 6 --size 6000 --chunk 1000 --interval 250 --gap 70 --timeout 20000
}
scenario_drop_add_addr() { # the first ADD_ADDR of each connection is lost, of every third the first two
    cabled nat4 "--delay 10 --rule action=drop,match=add_addr,dir=ba,to=1
        --rule action=drop,match=add_addr,dir=ba,to=2,every=3" \
        -n 4 -P 4 --size 12000 --chunk 1000 --interval 250 --gap 70
}
scenario_drop_echo() { # the first echo of each connection is lost
    cabled nat4 "--delay 10 --rule action=drop,match=echo,dir=ab,to=1" \
        -n 4 -P 4 --size 10000 --chunk 1000 --interval 250 --gap 70
}
scenario_drop_echo_all() { # every echo is lost: the servers give up
    cabled nat4 "--delay 10 --rule action=drop,match=echo,dir=ab" \
        -n 4 -P 4 --size 12000 --chunk 1000 --interval 300 --gap 70
}
scenario_flip_echo_id() { # echoes with the wrong address identifier
    cabled nat4 "--delay 10 --rule action=flip-id,match=echo,dir=ab,every=2" \
        -n 4 -P 4 --size 12000 --chunk 1000 --interval 250 --gap 70
}
