# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One behaviour of path managers, clients or middleboxes at a time: each over an anycast service
# in IPv4 and in IPv6 and behind a translating balancer in IPv4.

# small TOPOLOGY: anycast4, anycast6, nat4, nat6, dsr4. Two servers are enough.
small() {
    FAMILY=${1: -1}
    SERVERS=(1 2)
    case $1 in
    anycast*) topology_anycast ;;
    nat*)
        topology_balancer
        balance_nat
        ;;
    dsr*)
        topology_balancer
        balance_dsr
        ;;
    esac
    case $1 in
    anycast*) servers_csv 0 ;;
    *) servers_csv 1 ;;
    esac
    TOPOLOGY=$1
    mptcp_servers
    mptcp_client
}

# record [SERVER ARGUMENTS]: servers and captures at the client and at each server.
record() {
    local i
    servers_start "$@"
    dump c eth0 client
    case $TOPOLOGY in
    anycast*) for i in "${SERVERS[@]}"; do dump "s$i" eth0 "server$i"; done ;;
    *) for i in "${SERVERS[@]}"; do dump "s$i" any "server$i"; done ;;
    esac
}

hosts_small() { echo c; printf 's%s\n' "${SERVERS[@]}"; }

done_small() {
    settle "${1:-1.5}"
    # shellcheck disable=SC2046
    finish $(hosts_small)
}

each_server() { # each_server COMMAND ARG...: COMMAND s1 ARG..., COMMAND s2 ARG...
    local command=$1 i
    shift
    for i in "${SERVERS[@]}"; do
        "$command" "s$i" "$@"
    done
}

# --- joins that the C flag would have prevented -------------------------------------------------

no_cflag() {
    small "$1"
    addr c eth0 "$CLIENT2/$LEN"
    each_server sysctln net.mptcp.allow_join_initial_addr_port=1
    each_server ipn mptcp endpoint flush
    ipn c mptcp endpoint add "$CLIENT2" dev eth0 id 2 subflow
    record
    client -n 8 -P 4 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}
scenario_no_cflag4() { no_cflag anycast4; }      # no C flag: joins to the anycast address, some misrouted, IPv4
scenario_no_cflag6() { no_cflag anycast6; }      # the same, IPv6
scenario_no_cflag_nat4() { no_cflag nat4; }      # no C flag behind a translating balancer

# --- joins in spite of the C flag -----------------------------------------------------------------

forbidden_join() {
    CABLE=client
    small "$1"
    addr c eth0 "$CLIENT2/$LEN"
    ipn c mptcp endpoint add "$CLIENT2" dev eth0 id 2 subflow
    # The client of every second connection does not learn that joins are forbidden.
    cable --delay 5 --rule action=clear-c,match=mpc-synack,dir=ba,every=2
    record
    client -n 8 -P 4 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}
scenario_forbidden_join4() { forbidden_join anycast4; } # joins to the anycast address although its servers set C, IPv4

# --- addresses withdrawn, by the server and by the client ----------------------------------------

remove_addr() {
    local i
    small "$1"
    addr c eth0 "$CLIENT2/$LEN"
    ipn c mptcp endpoint add "$CLIENT2" dev eth0 id 5 signal
    each_server ipn mptcp limits set subflows 4 add_addr_accepted 0
    record
    client -n 4 -P 4 --size 16000 --chunk 1000 --interval 250 --gap 50 &
    local pid=$!
    sleep 1.2
    ipn c mptcp endpoint delete id 5
    sleep 0.8
    for i in "${SERVERS[@]}"; do
        ipn "s$i" mptcp endpoint delete id 1
    done
    wait $pid
    done_small
}
scenario_remove_addr4() { remove_addr anycast4; }    # REMOVE_ADDR from both sides, IPv4
scenario_remove_addr6() { remove_addr anycast6; }    # the same, IPv6
scenario_remove_addr_nat4() { remove_addr nat4; }    # the same behind a translating balancer

# --- addresses with a port ------------------------------------------------------------------------

add_addr_port() {
    local i
    small "$1"
    each_server ipn mptcp endpoint flush
    # Beside time stamps there is no room for an IPv6 address with a port.
    [ "${2:-}" != no-timestamps ] || for i in c s1 s2; do sysctln $i net.ipv4.tcp_timestamps=0; done
    for i in "${SERVERS[@]}"; do
        ipn "s$i" mptcp endpoint add "$(unique "$i")" dev eth0 id 1 port 8080 signal
    done
    record
    client -n 5 -P 3 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}
scenario_add_addr_port4() { add_addr_port anycast4; }               # ADD_ADDR with a port, IPv4
scenario_add_addr_port6() { add_addr_port anycast6 no-timestamps; } # ADD_ADDR with a port, IPv6, no time stamps
scenario_add_addr_port6_ts() { add_addr_port anycast6; }            # IPv6 and port beside time stamps: never sent
scenario_add_addr_port_nat4() { add_addr_port nat4; }               # ADD_ADDR with a port behind a translating balancer

# --- priorities changed while data flows ----------------------------------------------------------

mp_prio() {
    small "$1"
    ipn c mptcp endpoint add "$CLIENT" dev eth0 id 1 subflow
    record
    client -n 4 -P 4 --size 16000 --chunk 1000 --interval 250 --gap 50 --upload 8000 &
    local pid=$!
    sleep 1
    ipn c mptcp endpoint change id 1 backup
    sleep 0.7
    each_server ipn mptcp endpoint change id 1 backup
    sleep 0.7
    ipn c mptcp endpoint change id 1 nobackup
    each_server ipn mptcp endpoint change id 1 nobackup
    wait $pid
    done_small
}
scenario_mp_prio4() { mp_prio anycast4; }     # backup set and cleared by both sides, IPv4
scenario_mp_prio6() { mp_prio anycast6; }     # the same, IPv6
scenario_mp_prio_nat4() { mp_prio nat4; }     # the same behind a translating balancer

# --- aborted connections ----------------------------------------------------------------------------

fastclose() {
    small "$1"
    record
    client -n 3 -P 3 --size 20000 --chunk 1000 --interval 100 --stop-after 5000 --stop fastclose
    settle 0.5
    again -n 3 -P 3 --size 4000 --chunk 1000 --interval 100 --mode fastclose
    settle 0.5
    again -n 2 -P 2 --size 20000 --chunk 4000 --interval 100 --stop-after 5000 --stop abort --hold 300
    done_small
}
scenario_fastclose4() { fastclose anycast4; } # fast close by clients and by servers, IPv4
scenario_fastclose6() { fastclose anycast6; } # the same, IPv6
scenario_fastclose_nat4() { fastclose nat4; } # the same behind a translating balancer

# --- damaged HMACs ------------------------------------------------------------------------------------

bad_hmac() {
    CABLE=client
    small "$1"
    # Every second connection gets its ADD_ADDR damaged, all copies of it.
    cable --delay 5 --rule action=damage,match=add_addr,dir=ba,every=2
    record
    client -n 6 -P 6 --size 12000 --chunk 1000 --interval 250 --gap 50
    done_small
}
scenario_bad_hmac4() { bad_hmac anycast4; } # ADD_ADDR with a damaged HMAC, IPv4
scenario_bad_hmac6() { bad_hmac anycast6; } # the same, IPv6
scenario_bad_hmac_nat4() { bad_hmac nat4; } # the same behind a translating balancer

bad_join_hmac() {
    CABLE=client
    small "$1"
    cable --delay 5 --rule action=damage,match=join-synack,dir=ba,every=3,phase=0 \
        --rule action=damage,match=join-ack,dir=ab,every=2,phase=0
    record
    client -n 9 -P 5 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}
scenario_bad_join_hmac4() { bad_join_hmac anycast4; } # MP_JOIN with damaged HMACs, IPv4
scenario_bad_join_hmac6() { bad_join_hmac anycast6; } # the same, IPv6
scenario_bad_join_hmac_nat4() { bad_join_hmac nat4; } # the same behind a translating balancer

# --- middleboxes ----------------------------------------------------------------------------------------

# strip: each connection, known by its port, loses its options at another moment.
strip() {
    local rule=--rule\ action=strip,match=mptcp
    CABLE=client
    small "$1"
    # shellcheck disable=SC2086
    cable --delay 2 \
        --rule action=strip,match=mpc-syn,port=40002 \
        --rule action=strip,match=mpc-synack,port=40003 \
        $rule,not=syn,dir=ab,port=40004 \
        $rule,not=mpc-synack,dir=ba,port=40005 \
        $rule,not=syn,dir=ab,port=40006 $rule,not=mpc-synack,dir=ba,port=40006 \
        $rule,not=mpc-syn,not=mpc-ack,dir=ab,port=40007 $rule,not=mpc-synack,dir=ba,port=40007
    record
    client -n 8 -P 1 --size 3000 --chunk 1000 --interval 50 --gap 50 --port-base 40001 --timeout 5000
    done_small 2
}
scenario_strip4() { strip anycast4; } # options stripped at different moments of the handshake, IPv4
scenario_strip6() { strip anycast6; } # the same, IPv6
scenario_strip_nat4() { strip nat4; } # the same behind a translating balancer

scenario_strip_nft() { # a middlebox (nftables) that strips every MPTCP option
    small anycast4
    ns r nft -f - <<-'NFT' || fail "nftables cannot strip options here"
	table ip lab {
	    chain forward {
	        type filter hook forward priority 0;
	        reset tcp option mptcp;
	    }
	}
	NFT
    record
    client -n 5 -P 3 --size 4000 --chunk 1000 --interval 50 --gap 50
    done_small
}

# --- checksums and MP_FAIL ------------------------------------------------------------------------------

checksums() {
    local h
    small "$1"
    for h in c s1 s2; do sysctln $h net.mptcp.checksum_enabled=1; done
    LAB_SNAPLEN=65535
}

checksum() {
    checksums "$1"
    record
    client -n 5 -P 3 --size 5000 --chunk 1000 --interval 100 --gap 50 --upload 2000
    done_small
}
scenario_checksum4() { checksum anycast4; } # DSS checksums on, whole packets, IPv4
scenario_checksum6() { checksum anycast6; } # the same, IPv6

mp_fail() {
    CABLE=client
    checksums "$1"
    [ "${2:-}" != single ] || each_server ipn mptcp endpoint flush
    # Damaged on their initial subflow: the 4th data segment to the client of 40001 and 40004, from
    # the client of 40002 and 40005.
    cable --delay 2 --rule action=damage-payload,match=data,dir=ba,from=4,to=4,port=40001 \
        --rule action=damage-payload,match=data,dir=ba,from=4,to=4,port=40004 \
        --rule action=damage-payload,match=data,dir=ab,from=4,to=4,port=40002 \
        --rule action=damage-payload,match=data,dir=ab,from=4,to=4,port=40005
    record
    client -n 6 -P 3 --size 1600 --chunk 200 --interval 100 --gap 50 --upload 1600 --timeout 8000 \
        --port-base 40001
    done_small
}
scenario_mp_fail4() { mp_fail anycast4; }               # payload damaged, several subflows: MP_FAIL, IPv4
scenario_mp_fail6() { mp_fail anycast6; }               # the same, IPv6
scenario_mp_fail_nat4() { mp_fail nat4; }               # the same behind a translating balancer
scenario_mp_fail_single4() { mp_fail anycast4 single; } # payload damaged, one subflow: MP_FAIL and infinite mapping, IPv4
scenario_mp_fail_single6() { mp_fail anycast6 single; } # the same, IPv6
scenario_mp_fail_single_nat4() { mp_fail nat4 single; } # the same behind a translating balancer

# --- other -----------------------------------------------------------------------------------------------

scenario_accept_zero() { # a client that echoes ADD_ADDR and does not join
    small anycast4
    ipn c mptcp limits set subflows 4 add_addr_accepted 0
    record
    client -n 5 -P 3 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}

scenario_two_addresses() { # each server advertises two addresses
    local i
    small anycast4
    for i in "${SERVERS[@]}"; do
        addr "s$i" eth0 "198.51.100.2$i/24"
        ipn "s$i" mptcp endpoint add "198.51.100.2$i" dev eth0 id 2 signal
    done
    record
    client -n 6 -P 3 --size 6000 --chunk 1000 --interval 100 --gap 50
    done_small
}

scenario_gro_on() { # receive and segmentation offloads on: packets larger than the wire's
    LAB_OFFLOAD=on
    small anycast4
    record
    client -n 4 -P 2 --size 300000 --chunk 100000 --interval 100 --gap 50
    done_small
}

dup_add_addr() {
    CABLE=client
    small "$1"
    cable --delay 10 --rule action=dup,match=add_addr
    record
    client -n 6 -P 6 --size 5000 --chunk 1000 --interval 150 --gap 70
    done_small
}
scenario_dup_add_addr4() { dup_add_addr anycast4; } # every ADD_ADDR arrives twice, IPv4
scenario_dup_add_addr6() { dup_add_addr anycast6; } # the same, IPv6
scenario_dup_add_addr_nat4() { dup_add_addr nat4; } # the same behind a translating balancer

scenario_port_reuse() { # the same client ports again and again
    small anycast4
    record
    client -n 9 -P 1 --size 3000 --chunk 1000 --interval 30 --gap 100 --port-base 40001 --port-count 3
    done_small
}

scenario_refused() { # a port nobody listens on, and a server that dies
    small anycast4
    record
    ns c timeout 60 "$LAB_BIN/lab_app" client -s "$VIP" -p 81 -l "$WORK/app-refused.csv" -n 2 -P 1
    cp "$WORK/app-refused.csv" "$OUT/truth/app-client-refused.csv"
    client -n 3 -P 3 --size 4000 --chunk 1000 --interval 100 --gap 50
    done_small
}
