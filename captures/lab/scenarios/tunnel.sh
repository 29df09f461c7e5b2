# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Direct server return through tunnels: the outer destination names the server. VXLAN is the
# kernel's; the others are made by a pair of cables, one that puts packets to the servers into the
# tunnel and one that takes them out again, with the capture on the wire between them.

# tunnelled KIND INNER_FAMILY OUTER_FAMILY
tunnelled() {
    local kind=$1 i outer=() source
    FAMILY=$2
    CABLE=tunnel
    topology_balancer
    balance_dsr
    mptcp_servers
    mptcp_client
    source=10.0.0.2
    [ "$3" = 4 ] || source=2001:db8:b::2
    echo "name,unique_address,mac,outer_address" >"$OUT/truth/servers.csv"
    for i in "${SERVERS[@]}"; do
        local to=10.0.0.1$i
        [ "$3" = 4 ] || to=2001:db8:b::1$i
        outer+=(--outer "$(mac "s$i" 1)=$to")
        echo "s$i,$(unique "$i"),$(mac "s$i" 1),$to" >>"$OUT/truth/servers.csv"
    done
    cable_on left wire0 cable-encapsulate --encap "ab:$kind:$source" "${outer[@]}"
    cable_on wire1 right cable-decapsulate --decap "ab:$kind"
    tunnel_record x wire0
    rm -f "$OUT"/truth/cable-*.csv
}

tunnel_record() { # HOST INTERFACE of the wire
    servers_start
    dump c eth0 client
    LAB_SNAPLEN=192
    dump "$1" "$2" balancer
    client -n 6 -P 3 --size 4000 --chunk 1000 --interval 100 --gap 50 --upload 500
    settle 1.5
    finish c b s1 s2 s3
}

scenario_tunnel_gre() { tunnelled gre 4 4; }       # IPv4 in GRE over IPv4
scenario_tunnel_gre6() { tunnelled gre 6 6; }      # IPv6 in GRE over IPv6
scenario_tunnel_ipip() { tunnelled ipip 4 4; }     # IPv4 in IPv4
scenario_tunnel_6in4() { tunnelled ipip 6 4; }     # IPv6 in IPv4
scenario_tunnel_4in6() { tunnelled ipip 4 6; }     # IPv4 in IPv6
scenario_tunnel_6in6() { tunnelled ipip 6 6; }     # IPv6 in IPv6
scenario_tunnel_gue0() { tunnelled gue0 4 4; }     # GUE variant 0 over IPv4
scenario_tunnel_gue1() { tunnelled gue1 6 6; }     # GUE variant 1, IPv6 over IPv6
scenario_tunnel_geneve() { tunnelled geneve 4 4; } # Geneve over IPv4

scenario_vxlan4() { # balancing through the kernel's VXLAN, direct server return
    local i hops=()
    topology_balancer
    mptcp_servers
    mptcp_client
    ipn b link set eth1 mtu 1600
    for i in b "${SERVERS[@]/#/s}"; do ipn sw link set "$i-back" mtu 1600; done
    for i in "${SERVERS[@]}"; do
        ipn "s$i" link set eth1 mtu 1600
        addr "s$i" lo "$VIP/$HOSTLEN"
        vxlan_device b "vx$i" "$i" 10.0.0.2 "$(private "$i")" "02:4c:42:00:02:8$i" "172.16.$i.1/30"
        vxlan_device "s$i" vx0 "$i" "$(private "$i")" 10.0.0.2 "02:4c:42:00:2$i:80" "172.16.$i.2/30"
        hops+=(nexthop via "172.16.$i.2" dev "vx$i")
    done
    ipn b route replace "$VIP/32" "${hops[@]}"
    echo "name,unique_address,mac,outer_address" >"$OUT/truth/servers.csv"
    for i in "${SERVERS[@]}"; do
        echo "s$i,$(unique "$i"),02:4c:42:00:2$i:80,$(private "$i")" >>"$OUT/truth/servers.csv"
    done
    tunnel_record b eth1
}

vxlan_device() { # HOST NAME NUMBER LOCAL REMOTE MAC ADDRESS
    ipn "$1" link add "$2" address "$6" type vxlan id "$((80 + $3))" dstport 4789 local "$4" remote "$5" nolearning ||
        fail "no VXLAN here"
    link_up "$1" "$2"
    addr "$1" "$2" "$7"
}
