# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scenarios share: namespaces, links, addresses, captures, truth. Sourced by run.sh.
#
# Hosts are network namespaces; a host's namespace is named mpalab<pid>-<host>, so that two runs
# never meet. Nothing outside them is touched.
#
#   c      client, one interface (eth0)
#   r      the client's router; the ECMP router of an anycast service
#   b      balancer
#   s1..s3 servers: eth0 toward r (unique address), eth1 toward b where there is a balancer
#   sw     two bridges: the segment of r and the servers, and the segment of b and the servers
#   x      the cable

LAB_SRC=$LAB_DIR/src
LAB_BIN=${LAB_BIN:-$LAB_DIR/build}
LAB_PREFIX=mpalab$$
LAB_SNAPLEN=${LAB_SNAPLEN:-} # empty: what the headers need
LAB_LINKTYPE_ANY=${LAB_LINKTYPE_ANY:-LINUX_SLL2}
LAB_OFFLOAD=off
LAB_HOSTS=()
LAB_DUMPS=()
LAB_PROCESSES=()

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

lab_build() {
    local source
    mkdir -p "$LAB_BIN"
    for source in "$LAB_SRC"/*.[ch]; do
        [ "$source" -nt "$LAB_BIN/lab_cable" ] || continue
        ${CC:-cc} -std=gnu11 -O2 -Wall -o "$LAB_BIN/lab_app" "$LAB_SRC/lab_app.c" &&
            ${CC:-cc} -std=gnu11 -O2 -Wall -o "$LAB_BIN/lab_cable" "$LAB_SRC/lab_cable.c" \
                "$LAB_SRC/lab_frame.c" "$LAB_SRC/lab_tunnel.c" || fail "cannot build"
        return
    done
}

ns() { local host=$1; shift; ip netns exec "$LAB_PREFIX-$host" "$@"; }
# background HOST COMMAND...: $! is then the command itself, not a shell around it.
background() {
    local host=$1
    shift
    ip netns exec "$LAB_PREFIX-$host" "$@" &
}
ipn() { local host=$1; shift; ip -n "$LAB_PREFIX-$host" "$@"; }
sysctln() {
    local host=$1; shift
    ns "$host" sysctl -qw "$@"
}

# host NAME...: fresh namespaces, so that their counters begin at zero.
host() {
    local h
    for h in "$@"; do
        ip netns add "$LAB_PREFIX-$h" || fail "cannot create namespaces (are you root?)"
        LAB_HOSTS+=("$h")
        if [ "$FAMILY" = 4 ]; then
            sysctln "$h" net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
        else
            sysctln "$h" net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
                net.ipv6.conf.default.router_solicitations=0
        fi
        sysctln "$h" net.ipv4.conf.all.rp_filter=0 \
            net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 \
            net.ipv4.conf.default.send_redirects=0
        ipn "$h" link set lo up
    done
}

mac() {
    # A fixed, locally administered MAC per host and interface.
    local n
    case $1 in
    c) n=10 ;; g) n=03 ;; r) n=01 ;; b) n=02 ;; x) n=0a ;; sw) n=0b ;;
    s*) n=2${1#s} ;;
    esac
    printf '02:4c:42:00:%s:%02x' "$n" "$2"
}

# link HOST IF NUMBER HOST IF NUMBER: a veth pair with fixed MACs.
link() {
    ip link add "$2" netns "$LAB_PREFIX-$1" address "$(mac "$1" "$3")" type veth \
        peer name "$5" netns "$LAB_PREFIX-$4" address "$(mac "$4" "$6")" || fail "cannot link $1 $4"
    link_up "$1" "$2"
    link_up "$4" "$5"
}

link_up() {
    # Without offloads every frame is of wire size and carries a whole checksum.
    if [ "$LAB_OFFLOAD" = off ]; then
        ns "$1" ethtool -K "$2" gro off gso off tso off tx off rx off >/dev/null 2>&1
    else
        ns "$1" ethtool -K "$2" gro on gso on tso on >/dev/null 2>&1
    fi
    ipn "$1" link set "$2" up
}

bridge() {
    ipn sw link add "$1" type bridge forward_delay 0 mcast_snooping 0
    ipn sw link set "$1" up
}

port() { # port BRIDGE IF
    ipn sw link set "$2" master "$1"
}

addr() { # addr HOST IF ADDRESS/LENGTH
    case $3 in
    # A deprecated address is never chosen as source: the first subflow stays at the client's first.
    "${CLIENT2:-}"/*) ipn "$1" addr add "$3" dev "$2" preferred_lft 0 ;;
    *:*) ipn "$1" addr add "$3" dev "$2" nodad ;;
    *) ipn "$1" addr add "$3" dev "$2" ;;
    esac
}

forwarding() {
    sysctln "$1" net.ipv4.ip_forward=1
    [ "$FAMILY" = 4 ] || sysctln "$1" net.ipv6.conf.all.forwarding=1
}

# The plan of addresses: those that RFC 5737 and RFC 3849 set aside for documentation.
plan() {
    if [ "$FAMILY" = 4 ]; then
        VIP=203.0.113.80 HOSTLEN=32 LEN=24
        CLIENT=192.0.2.10 CLIENT2=192.0.2.11 CLIENT_GW=192.0.2.1
        UNIQUE=198.51.100.1 LAN_GW=198.51.100.1
        PRIVATE=10.0.0.1 BACK_GW=10.0.0.2
        TRANSIT_R=10.1.0.1 TRANSIT_B=10.1.0.2
        CLIENT_NET=192.0.2.0/24 GATE_G=10.2.0.2 GATE_R=10.2.0.1
    else
        VIP=2001:db8:80::80 HOSTLEN=128 LEN=64
        CLIENT=2001:db8:c::10 CLIENT2=2001:db8:c::11 CLIENT_GW=2001:db8:c::1
        UNIQUE=2001:db8:5::1 LAN_GW=2001:db8:5::1
        PRIVATE=2001:db8:b::1 BACK_GW=2001:db8:b::2
        TRANSIT_R=2001:db8:a::1 TRANSIT_B=2001:db8:a::2
        CLIENT_NET=2001:db8:c::/64 GATE_G=2001:db8:9::2 GATE_R=2001:db8:9::1
    fi
}

unique() { echo "$UNIQUE$1"; }   # 198.51.100.11, .12, .13
private() { echo "$PRIVATE$1"; } # 10.0.0.11, .12, .13

SERVERS=(1 2 3)
CABLE= # client: between client and router; balancer: between router and balancer

# The part that all topologies share: client - router - segment of the servers.
topology_front() {
    local i
    plan
    host c r sw
    case $CABLE in
    client)
        host x
        link c eth0 0 x left 0
        link x right 1 r client 0
        ;;
    gateway)
        # A further router between client and router, for what only a distant one can do.
        host g
        link c eth0 0 g client 0
        link g router 1 r client 0
        ;;
    *) link c eth0 0 r client 0 ;;
    esac
    addr c eth0 "$CLIENT/$LEN"
    ipn c route add default via "$CLIENT_GW"
    if [ "$CABLE" = gateway ]; then
        addr g client "$CLIENT_GW/$LEN"
        addr g router "$GATE_G/$LEN"
        addr r client "$GATE_R/$LEN"
        ipn g route add default via "$GATE_R"
        ipn r route add "$CLIENT_NET" via "$GATE_G"
        forwarding g
    else
        addr r client "$CLIENT_GW/$LEN"
    fi
    forwarding r
    bridge lan
    link r servers 1 sw r-lan 0
    port lan r-lan
    addr r servers "$LAN_GW/$LEN"
    for i in "${SERVERS[@]}"; do
        host "s$i"
        link "s$i" eth0 0 sw "s$i-lan" "$i"
        port lan "s$i-lan"
        addr "s$i" eth0 "$(unique "$i")/$LEN"
        ipn "s$i" route add default via "$LAN_GW"
    done
    multipath r
}

multipath() {
    sysctln "$1" net.ipv4.fib_multipath_hash_policy=1
    [ "$FAMILY" = 4 ] || sysctln "$1" net.ipv6.fib_multipath_hash_policy=1
}

# Anycast: every server has the VIP, the router spreads connections by the hash of their ports.
topology_anycast() {
    local i
    topology_front
    for i in "${SERVERS[@]}"; do
        addr "s$i" lo "$VIP/$HOSTLEN"
    done
    anycast_route "${SERVERS[@]}"
}

# anycast_route I...: the servers that announce the VIP.
anycast_route() {
    local i hops=()
    for i in "$@"; do
        hops+=(nexthop via "$(unique "$i")" dev servers)
    done
    ipn r -"$FAMILY" route replace "$VIP/$HOSTLEN" "${hops[@]}"
}

# churn ACTION I SERVERS...: one route change, written down with its time.
churn() {
    local action=$1 server=$2
    shift 2
    anycast_route "$@"
    [ -f "$OUT/truth/churn.csv" ] || echo "time,action,server" >"$OUT/truth/churn.csv"
    printf '%s,%s,s%s\n' "$(date +%s.%N)" "$action" "$server" >>"$OUT/truth/churn.csv"
}

# A balancer beside the router: r - [cable] - b - segment behind the balancer - servers.
topology_balancer() {
    local i
    topology_front
    host b
    if [ "$CABLE" = balancer ]; then
        host x
        link r balancer 2 x left 0
        link x right 1 b eth0 0
    else
        link r balancer 2 b eth0 0
    fi
    addr r balancer "$TRANSIT_R/$LEN"
    addr b eth0 "$TRANSIT_B/$LEN"
    ipn r route add "$VIP/$HOSTLEN" via "$TRANSIT_B"
    ipn b route add default via "$TRANSIT_R"
    forwarding b
    bridge back
    if [ "$CABLE" = tunnel ]; then
        host x
        link b eth1 1 x left 0
        link x wire0 2 x wire1 3
        link x right 1 sw b-back 4
        ipn x link set wire0 mtu 1700
        ipn x link set wire1 mtu 1700
    else
        link b eth1 1 sw b-back 4
    fi
    port back b-back
    addr b eth1 "$BACK_GW/$LEN"
    for i in "${SERVERS[@]}"; do
        link "s$i" eth1 1 sw "s$i-back" "$((4 + i))"
        port back "s$i-back"
        addr "s$i" eth1 "$(private "$i")/$LEN"
    done
    multipath b
}

# Network address translation in round robin; answers come back through the balancer.
balance_nat() {
    local i map="" fam=ip
    [ "$FAMILY" = 4 ] || fam=ip6
    for i in "${SERVERS[@]}"; do
        map="$map${map:+, }$((i - 1)) : $(private "$i")"
        ipn "s$i" -"$FAMILY" rule add from "$(private "$i")" table 100
        ipn "s$i" -"$FAMILY" route add default via "$BACK_GW" table 100
        ipn "s$i" -"$FAMILY" route add "$(network_private)" dev eth1 table 100
    done
    ns b nft -f - <<-NFT
	table $fam lab {
	    chain prerouting {
	        type nat hook prerouting priority dstnat;
	        $fam daddr $VIP tcp dport 80 dnat to numgen inc mod ${#SERVERS[@]} map { $map }
	    }
	}
	NFT
}

network_private() {
    if [ "$FAMILY" = 4 ]; then echo 10.0.0.0/24; else echo 2001:db8:b::/64; fi
}

# Direct server return: every server has the VIP; answers go straight to the router.
balance_dsr() {
    local i hops=()
    for i in "${SERVERS[@]}"; do
        addr "s$i" lo "$VIP/$HOSTLEN"
        hops+=(nexthop via "$(private "$i")" dev eth1)
    done
    ipn b -"$FAMILY" route replace "$VIP/$HOSTLEN" "${hops[@]}"
}

# The behaviour of the paper in upstream's words: the servers' SYN/ACK says C (no joins to this
# address) and their unique address is advertised.
mptcp_servers() {
    local i
    for i in "${SERVERS[@]}"; do
        sysctln "s$i" net.mptcp.allow_join_initial_addr_port=0 net.mptcp.close_timeout=10
        ipn "s$i" mptcp limits set subflows 4 add_addr_accepted 4
        ipn "s$i" mptcp endpoint add "$(unique "$i")" dev eth0 id 1 signal
    done
}

mptcp_client() {
    sysctln c net.mptcp.close_timeout=10
    ipn c mptcp limits set subflows 4 add_addr_accepted 4
}

# servers ARG...: starts the application on every server.
servers_start() {
    local i
    for i in "${SERVERS[@]}"; do
        server_start "s$i" "$OUT/truth/app-server$i.csv" "$@"
    done
}

server_start() {
    local host=$1 log=$2 tries=0
    shift 2
    background "$host" "$LAB_BIN/lab_app" server -p 80 "-$FAMILY" -l "$log" "$@" 2>"$WORK/$host.server"
    LAB_PROCESSES+=($!)
    until grep -q listening "$WORK/$host.server" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "server $host does not start: $(cat "$WORK/$host.server")"
        sleep 0.05
    done
}

# client ARG...: runs downloads to the end.
client() { client_log app-client "$@"; }
# again ARG...: more downloads into the same log.
again() { client_log app-client "$@"; }
client_log() {
    local log=$1
    shift
    ns c timeout 120 "$LAB_BIN/lab_app" client -s "$VIP" -p 80 -l "$WORK/$log.csv" "$@"
    { head -1 "$WORK/$log.csv"; tail -n +2 "$WORK/$log.csv" | grep -v ^port | sort -t, -k3,3n; } \
        >"$OUT/truth/$log.csv"
}

# dump HOST INTERFACE FILE [FILTER...]: starts a capture and waits until it listens.
dump() {
    local host=$1 interface=$2 file=$3 tries=0 linktype=() snaplen=$LAB_SNAPLEN
    shift 3
    # Link header (14, or 20 cooked), IP header (20 or 40), 60 bytes of TCP with all options.
    [ -n "$snaplen" ] || snaplen=$((FAMILY == 4 ? 104 : 124))
    [ "$interface" != any ] || linktype=(-y "$LAB_LINKTYPE_ANY")
    background "$host" tcpdump -Z root -i "$interface" "${linktype[@]}" -s "$snaplen" -B 32768 -n -U \
        --time-stamp-precision=nano --immediate-mode -w "$OUT/$file.pcap" "$@" 2>"$WORK/$file.tcpdump"
    LAB_DUMPS+=("$! $file")
    until grep -q 'listening on' "$WORK/$file.tcpdump"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "tcpdump on $host: $(cat "$WORK/$file.tcpdump")"
        sleep 0.05
    done
}

# Ends the captures; what tcpdump says it lost is kept as truth.
dumps_interrupt() {
    local entry
    for entry in "${LAB_DUMPS[@]}"; do
        kill -INT "${entry%% *}" 2>/dev/null
    done
}

dumps_wait() {
    local entry pid file
    echo "file,captured,received_by_filter,dropped_by_kernel" >"$OUT/truth/tcpdump.csv"
    for entry in "${LAB_DUMPS[@]}"; do
        read -r pid file <<<"$entry"
        wait "$pid" 2>/dev/null
        awk -v file="$file" '/packets? captured/ { c = $1 } /received by filter/ { r = $1 }
            /dropped by kernel/ { d = $1 } END { print file "," c "," r "," d }' \
            "$WORK/$file.tcpdump" >>"$OUT/truth/tcpdump.csv"
        grep -q '^0 packets dropped by kernel' "$WORK/$file.tcpdump" ||
            say "WARNING: $file lost packets: $(tail -1 "$WORK/$file.tcpdump")"
    done
    LAB_DUMPS=()
}

# Counters as "Name value": at end hosts those of TCP and MPTCP with zeros; otherwise what is not
# zero.
counters() {
    local h end
    for h in "$@"; do
        case $h in r | b) end=0 ;; *) end=1 ;; esac
        ns "$h" nstat -asz | awk -v end="$end" '/^#/ { next } end && /^(Tcp|MPTcpExt)[A-Z]/ && !/^TcpExt/ {
                print $1, $2
                next
            }
            $2 != 0 { print $1, $2 }' >"$OUT/truth/nstat-$(host_name "$h").txt"
    done
}

host_name() {
    case $1 in
    c) echo client ;; r) echo router ;; b) echo balancer ;;
    s*) echo "server${1#s}" ;;
    *) echo "$1" ;;
    esac
}

# servers.csv: the physical servers as --servers wants them. The MAC is that of the interface
# where packets to the VIP arrive: servers_csv INTERFACE_NUMBER [OUTER]
servers_csv() {
    local i outer
    echo "name,unique_address,mac,outer_address" >"$OUT/truth/servers.csv"
    for i in "${SERVERS[@]}"; do
        outer=
        [ "${2:-}" != outer ] || outer=$(private "$i")
        echo "s$i,$(unique "$i"),$(mac "s$i" "$1"),$outer" >>"$OUT/truth/servers.csv"
    done
}

# cable ARG...: starts the cable between x's two interfaces; it logs to truth/cable.csv.
cable() { cable_on left right cable "$@"; }
cable_on() {
    local left=$1 right=$2 log=$3 tries=0
    shift 3
    background x "$LAB_BIN/lab_cable" -a "$left" -b "$right" -l "$OUT/truth/$log.csv" "$@" \
        2>"$WORK/$log.err"
    LAB_PROCESSES+=($!)
    until grep -q ready "$WORK/$log.err"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "the cable does not start: $(cat "$WORK/$log.err")"
        sleep 0.05
    done
}

# latency_csv: from the log of a cable whose far end (b) is the advertiser's: what the advertiser
# waited for each address, from its first copy to the echo, as the cable saw both at that end.
latency_csv() {
    awk -F, -v OFS=, '
        BEGIN { print "client,port,addr_id,copies,first_in_ns,last_in_ns,echo_out_ns,latency_ns" }
        $3 == "ba" && $5 == "add_addr" {
            k = $8 OFS $9 OFS $14
            if (!(k in first)) { first[k] = $1; order[++n] = k }
            if (!(k in echo)) { copies[k]++; last[k] = $1 }
        }
        $3 == "ab" && $5 == "echo" && $2 != 0 {
            k = $6 OFS $7 OFS $14
            if (!(k in echo)) echo[k] = $2
        }
        # Nanoseconds since the epoch do not fit a double: the difference is taken in parts.
        function difference(a, b) {
            return (substr(a, 1, 10) - substr(b, 1, 10)) * 1e9 + (substr(a, 11) - substr(b, 11))
        }
        END {
            for (i = 1; i <= n; i++) {
                k = order[i]
                if (k in echo)
                    printf "%s,%d,%s,%s,%s,%.0f\n", k, copies[k], first[k], last[k], echo[k],
                        difference(echo[k], first[k])
            }
        }' "$OUT/truth/cable.csv" >"$OUT/truth/latency.csv"
}

processes_stop() {
    local pid
    for pid in "${LAB_PROCESSES[@]}"; do
        kill -TERM "$pid" 2>/dev/null
    done
    for pid in "${LAB_PROCESSES[@]}"; do
        wait "$pid" 2>/dev/null
    done
    LAB_PROCESSES=()
}

lab_cleanup() {
    local h
    dumps_interrupt
    processes_stop
    for h in "${LAB_HOSTS[@]}"; do
        ip netns del "$LAB_PREFIX-$h" 2>/dev/null
    done
    rm -rf "$WORK"
}

# settle SECONDS: lets closing handshakes end before captures and counters are taken.
settle() { sleep "${1:-1}"; }

# finish HOST...: the common end of a scenario. The client is cut off first, so that connections
# that go on retransmitting neither reach it nor are answered between captures and counters; both
# are then taken at once.
finish() {
    if [ "$CABLE" = gateway ]; then ipn g link set client down; else ipn r link set client down; fi
    sleep 0.3
    dumps_interrupt
    counters "$@"
    dumps_wait
    processes_stop
}
