/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options decoded by hand from the RFCs, from captures and from the sources of the ICNP-2017
 * kernel: one row each. */
#include "wire_test.h"

#include <stdlib.h>
#include <string.h>

#define S  MPA_TCP_SYN
#define SA (MPA_TCP_SYN | MPA_TCP_ACK)
#define A  MPA_TCP_ACK
#define R  MPA_TCP_RST
#define RA (MPA_TCP_RST | MPA_TCP_ACK)

#define UN MPA_DIALECT_UNKNOWN
#define V0 MPA_DIALECT_RFC6824
#define IC MPA_DIALECT_ICNP2017
#define AP MPA_DIALECT_APPLE_V0
#define DR MPA_DIALECT_DRAFT_V1
#define V1 MPA_DIALECT_RFC8684
#define EA MPA_DIALECT_RFC8684_EARLY
#define MX MPA_DIALECT_MIXED

struct row {
    const char *name;
    const char *hex;
    uint8_t flags;
    enum mpa_dialect dialect;
    const char *want;
};

#define KA     "9c9eabd1e46a33b2"
#define KB     "967d2770b6960552"
#define HMAC8  "a66c562cf3834942"
#define HMAC20 "cb7b87f5e5f0502f43b535fb70ef6607df2e6c7a"
#define IP6    "fd00000200000000000000000000000b"

/* clang-format off */
static const struct row rows[] = {
    /* MP_CAPABLE, RFC 6824 3.1 */
    {"capable-v0-syn", "1e0c0081" KA, S, V0, "OK MP_CAPABLE v0 fl=81 snd=" KA},
    {"capable-v0-syn, dialect open", "1e0c0081" KA, S, UN, "OK MP_CAPABLE v0 fl=81 snd=" KA},
    {"capable-icnp-synack", "1e0c00a1" KB, SA, IC, "OK MP_CAPABLE v0 fl=a1 snd=" KB},
    {"capable-v0-ack", "1e140001" KA KB, A, V0, "OK MP_CAPABLE v0 fl=01 snd=" KA " rcv=" KB},
    {"v0 ACK form on a SYN", "1e140001" KA KB, S, V0, "ILLEGAL MP_CAPABLE v0 fl=01 snd=" KA " rcv=" KB},
    {"v0 SYN form on an ACK", "1e0c0081" KA, A, V0, "ILLEGAL MP_CAPABLE v0 fl=81 snd=" KA},
    {"v0 with data", "1e160081" KA KB "0029", A, V0, "ILLEGAL MP_CAPABLE v0 fl=81 snd=" KA " rcv=" KB " len=41"},
    {"v0 with data, dialect open", "1e160081" KA KB "0029", A, UN, "ILLEGAL MP_CAPABLE v0 fl=81 snd=" KA " rcv=" KB " len=41"},
    {"v0 without key", "1e040081", S, UN, "ILLEGAL MP_CAPABLE v0 fl=81"},
    /* RFC 8684 3.1 */
    {"capable-v1-syn", "1e040101", S, V1, "OK MP_CAPABLE v1 fl=01"},
    {"v1 SYN, dialect open", "1e040101", S, UN, "OK MP_CAPABLE v1 fl=01"},
    {"v1 SYN form in SYN/ACK", "1e040101", SA, V1, "ILLEGAL MP_CAPABLE v1 fl=01"},
    {"v1 SYN in version 0", "1e040101", S, V0, "ILLEGAL MP_CAPABLE v1 fl=01"},
    {"capable-v1-synack", "1e0c0121" KB, SA, V1, "OK MP_CAPABLE v1 fl=21 snd=" KB},
    {"v1 with a key in the SYN", "1e0c0101" KA, S, V1, "ILLEGAL MP_CAPABLE v1 fl=01 snd=" KA},
    {"capable-draft-syn", "1e0c0101" KA, S, DR, "OK MP_CAPABLE v1 fl=01 snd=" KA},
    {"draft SYN, dialect open", "1e0c0101" KA, S, UN, "OK MP_CAPABLE v1 fl=01 snd=" KA},
    {"capable-draft-synack", "1e0c0121" KB, SA, DR, "OK MP_CAPABLE v1 fl=21 snd=" KB},
    {"v1 SYN form in the draft", "1e040101", S, DR, "ILLEGAL MP_CAPABLE v1 fl=01"},
    {"capable-v1-ack", "1e140101" KA KB, A, V1, "OK MP_CAPABLE v1 fl=01 snd=" KA " rcv=" KB},
    {"draft ACK", "1e140101" KA KB, A, DR, "OK MP_CAPABLE v1 fl=01 snd=" KA " rcv=" KB},
    {"capable-v1-data", "1e160101" KA KB "05dc0101", A, V1, "OK MP_CAPABLE v1 fl=01 snd=" KA " rcv=" KB " len=1500"},
    {"capable-v1-data-checksum", "1e180181" KA KB "05dcbeef", A, EA, "OK MP_CAPABLE v1 fl=81 snd=" KA " rcv=" KB " len=1500 csum=beef"},
    {"data form in the draft", "1e160101" KA KB "05dc", A, DR, "ILLEGAL MP_CAPABLE v1 fl=01 snd=" KA " rcv=" KB " len=1500"},
    {"on a RST", "1e140101" KA KB, RA, V1, "ILLEGAL MP_CAPABLE v1 fl=01 snd=" KA " rcv=" KB},
    {"version 0 in a v1 connection", "1e140001" KA KB, A, V1, "ILLEGAL MP_CAPABLE v0 fl=01 snd=" KA " rcv=" KB},
    {"a version to come", "1e040201", S, UN, "OK MP_CAPABLE v2 fl=01"},
    {"MP_CAPABLE of no length (11)", "1e0b0101" KA, S, UN, "MALFORMED MP_CAPABLE"},
    {"MP_CAPABLE of no length (21)", "1e150101" KA KB "00", A, UN, "MALFORMED MP_CAPABLE"},
    /* MP_JOIN, 3.2 */
    {"join-syn", "1e0c1003af9706eb1b665a18", S, V0, "OK MP_JOIN b=0 id=3 token=af9706eb nonce=1b665a18"},
    {"join-syn-backup", "1e0c1103af9706eb1b665a18", S, V1, "OK MP_JOIN b=1 id=3 token=af9706eb nonce=1b665a18"},
    {"join-synack", "1e1011005ab680c7884af03d33abe9d5", SA, UN, "OK MP_JOIN b=1 id=0 nonce=33abe9d5 hmac=5ab680c7884af03d"},
    {"join-ack", "1e181000" HMAC20, A, IC, "OK MP_JOIN hmac=" HMAC20},
    {"reserved bits", "1e0c1e03af9706eb1b665a18", S, V1, "OK MP_JOIN b=0 id=3 token=af9706eb nonce=1b665a18 rsv=0e"},
    {"reserved bits of the ACK, lowest", "1e181001" HMAC20, A, V1, "OK MP_JOIN hmac=" HMAC20 " rsv=10"},
    {"reserved bits of the ACK, highest", "1e181080" HMAC20, A, V1, "OK MP_JOIN hmac=" HMAC20 " rsv=80"},
    {"reserved bits of the ACK, byte 2", "1e181100" HMAC20, A, V1, "OK MP_JOIN hmac=" HMAC20 " rsv=01"},
    {"SYN form with ACK", "1e0c1003af9706eb1b665a18", SA, V1, "ILLEGAL MP_JOIN b=0 id=3 token=af9706eb nonce=1b665a18"},
    {"SYN/ACK form without SYN", "1e1011005ab680c7884af03d33abe9d5", A, V1, "ILLEGAL MP_JOIN b=1 id=0 nonce=33abe9d5 hmac=5ab680c7884af03d"},
    {"ACK form on a SYN/ACK", "1e181000" HMAC20, SA, V1, "ILLEGAL MP_JOIN hmac=" HMAC20},
    {"MP_JOIN of no length", "1e0d1003af9706eb1b665a1800", S, UN, "MALFORMED MP_JOIN"},
    /* DSS, 3.3: what follows from flags and length */
    {"dss-ack4", "1e082001 d1b97490", A, V0, "OK DSS fl=01 ack=d1b97490"},
    {"dss-ack8", "1e0c2003 e47ef57dd1b97490", A, V1, "OK DSS fl=03 ack=e47ef57dd1b97490"},
    {"dss-map4", "1e0e2004 d1b97490 00000001 0029", A, V1, "OK DSS fl=04 dsn=d1b97490 ssn=1 len=41"},
    {"dss-map4-checksum", "1e102004 d1b97490 00000001 0029 082f", A, V0, "OK DSS fl=04 dsn=d1b97490 ssn=1 len=41 csum=082f"},
    {"dss-map8", "1e12200c e47ef57dd1b97490 00000001 0029", A, V1, "OK DSS fl=0c dsn=e47ef57dd1b97490 ssn=1 len=41"},
    {"dss-map8-checksum", "1e14200c e47ef57dd1b97490 00000001 0029 082f", A, V1, "OK DSS fl=0c dsn=e47ef57dd1b97490 ssn=1 len=41 csum=082f"},
    {"dss-ack4-map4", "1e122005 d52abeca d1b97490 00000001 0029", A, V1, "OK DSS fl=05 ack=d52abeca dsn=d1b97490 ssn=1 len=41"},
    {"dss-ack4-map4-checksum", "1e142005 d52abeca d1b97490 00000001 0029 082f", A, V0, "OK DSS fl=05 ack=d52abeca dsn=d1b97490 ssn=1 len=41 csum=082f"},
    {"dss-ack8-map4", "1e162007 9851b565d52abeca d1b97490 00000001 0029", A, V1, "OK DSS fl=07 ack=9851b565d52abeca dsn=d1b97490 ssn=1 len=41"},
    {"dss-ack8-map4-checksum", "1e182007 9851b565d52abeca d1b97490 00000001 0029 082f", A, V1, "OK DSS fl=07 ack=9851b565d52abeca dsn=d1b97490 ssn=1 len=41 csum=082f"},
    {"dss-ack4-map8", "1e16200d d52abeca e47ef57dd1b97490 00000001 0029", A, V1, "OK DSS fl=0d ack=d52abeca dsn=e47ef57dd1b97490 ssn=1 len=41"},
    {"dss-ack4-map8-checksum", "1e18200d d52abeca e47ef57dd1b97490 00000001 0029 082f", A, V1, "OK DSS fl=0d ack=d52abeca dsn=e47ef57dd1b97490 ssn=1 len=41 csum=082f"},
    {"dss-ack8-map8", "1e1a200f 9851b565d52abeca e47ef57dd1b97490 00000001 0029", A, V1, "OK DSS fl=0f ack=9851b565d52abeca dsn=e47ef57dd1b97490 ssn=1 len=41"},
    {"dss-ack8-map8-checksum", "1e1c200f 9851b565d52abeca e47ef57dd1b97490 00000001 0029 082f", A, V1, "OK DSS fl=0f ack=9851b565d52abeca dsn=e47ef57dd1b97490 ssn=1 len=41 csum=082f"},
    {"dss-data-fin", "1e1a201f 9851b565d52abeca e47ef57dd1b97490 00000000 0001", A, V1, "OK DSS fl=1f ack=9851b565d52abeca dsn=e47ef57dd1b97490 ssn=0 len=1"},
    {"dss-infinite", "1e122005 d52abeca d1b97490 00000065 0000", A, V1, "OK DSS fl=05 ack=d52abeca dsn=d1b97490 ssn=101 len=0"},
    {"m without M says nothing", "1e082009 d1b97490", A, V1, "OK DSS fl=09 ack=d1b97490"},
    {"a without A says nothing", "1e0e2006 d1b97490 00000001 0029", A, V1, "OK DSS fl=06 dsn=d1b97490 ssn=1 len=41"},
    {"F on an ACK alone", "1e082011 d1b97490", A, V1, "OK DSS fl=11 ack=d1b97490"},
    {"DSS reserved bits", "1e0820e1 d1b97490", A, V1, "OK DSS fl=e1 ack=d1b97490 rsv=e0"},
    {"DSS on a SYN", "1e082001 d1b97490", S, V1, "ILLEGAL DSS fl=01 ack=d1b97490"},
    {"checksum without mapping", "1e0a2001 d1b97490 082f", A, V1, "MALFORMED DSS"},
    {"length of another width", "1e0c2001 d1b97490 00000000", A, V1, "MALFORMED DSS"},
    {"one byte more", "1e132005 d52abeca d1b97490 00000001 0029 08", A, V1, "MALFORMED DSS"},
    {"too short for its flags", "1e08200f 9851b565", A, V1, "MALFORMED DSS"},
    {"neither ACK nor mapping", "1e042010", A, V1, "MALFORMED DSS"},
    {"DSS of three bytes", "1e0320", A, V1, "MALFORMED DSS"},
    /* ADD_ADDR, 3.4.1 */
    {"add-addr-v0", "1e083401 0a02000b", A, V0, "OK ADD_ADDR id=1 10.2.0.11"},
    {"add-addr-v0-port", "1e0a3401 0a02000b 1f90", A, V0, "OK ADD_ADDR id=1 10.2.0.11 port=8080"},
    {"add-addr-v0-ipv6", "1e143601 " IP6, A, AP, "OK ADD_ADDR id=1 fd00:2::b"},
    {"add-addr-v0-ipv6-port", "1e163601 " IP6 "1f90", A, IC, "OK ADD_ADDR id=1 fd00:2::b port=8080"},
    {"add-addr-icnp-echo", "1e083c19 0a02000b", A, IC, "OK ADD_ADDR echo id=25 10.2.0.11"},
    {"ICNP echo, dialect open", "1e083c19 0a02000b", A, UN, "OK ADD_ADDR echo id=25 10.2.0.11"},
    {"add-addr-icnp-echo-port", "1e0a3c19 0a02000b 1f90", A, IC, "OK ADD_ADDR echo id=25 10.2.0.11 port=8080"},
    {"add-addr-icnp-echo-ipv6", "1e143e19 " IP6, A, IC, "OK ADD_ADDR echo id=25 fd00:2::b"},
    {"ICNP IPv6 echo with port", "1e163e19 " IP6 "1f90", A, MX, "OK ADD_ADDR echo id=25 fd00:2::b port=8080"},
    {"ICNP echo to RFC 6824", "1e083c19 0a02000b", A, V0, "ILLEGAL ADD_ADDR echo id=25 10.2.0.11"},
    {"ICNP echo to Apple", "1e083c19 0a02000b", A, AP, "ILLEGAL ADD_ADDR echo id=25 10.2.0.11"},
    {"add-addr-draft", "1e103419 0a02000b 8a32c51f27440512", A, DR, "OK ADD_ADDR id=25 10.2.0.11 hmac=8a32c51f27440512"},
    {"add-addr-draft-port", "1e123419 0a02000b 1f90 31bfd2826c875a7e", A, DR, "OK ADD_ADDR id=25 10.2.0.11 port=8080 hmac=31bfd2826c875a7e"},
    {"add-addr-draft-echo", "1e103c19 0a02000b d79fcbd629173989", A, DR, "OK ADD_ADDR echo id=25 10.2.0.11 hmac=d79fcbd629173989"},
    {"add-addr-draft-ipv6", "1e1c3619 " IP6 HMAC8, A, UN, "OK ADD_ADDR id=25 fd00:2::b hmac=" HMAC8},
    {"add-addr-draft-ipv6-echo-port", "1e1e3e19 " IP6 "1f90" HMAC8, A, DR, "OK ADD_ADDR echo id=25 fd00:2::b port=8080 hmac=" HMAC8},
    {"draft without HMAC", "1e083419 0a02000b", A, DR, "ILLEGAL ADD_ADDR id=25 10.2.0.11"},
    {"version 0 with HMAC", "1e103419 0a02000b" HMAC8, A, V0, "ILLEGAL ADD_ADDR id=25 10.2.0.11 hmac=" HMAC8},
    {"ICNP with HMAC", "1e103c19 0a02000b" HMAC8, A, IC, "ILLEGAL ADD_ADDR echo id=25 10.2.0.11 hmac=" HMAC8},
    {"add-addr-v1", "1e103001 0a02000b" HMAC8, A, V1, "OK ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8},
    {"v1, dialect open", "1e103001 0a02000b" HMAC8, A, UN, "OK ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8},
    {"add-addr-v1-port", "1e123001 0a02000b 1f90" HMAC8, A, V1, "OK ADD_ADDR id=1 10.2.0.11 port=8080 hmac=" HMAC8},
    {"add-addr-v1-ipv6", "1e1c3001 " IP6 "08d61a683209f841", A, V1, "OK ADD_ADDR id=1 fd00:2::b hmac=08d61a683209f841"},
    {"add-addr-v1-ipv6-port", "1e1e3001 " IP6 "1f90" HMAC8, A, EA, "OK ADD_ADDR id=1 fd00:2::b port=8080 hmac=" HMAC8},
    {"add-addr-v1-echo", "1e083101 0a02000b", A, V1, "OK ADD_ADDR echo id=1 10.2.0.11"},
    {"v1 echo, dialect open", "1e083101 0a02000b", A, UN, "OK ADD_ADDR echo id=1 10.2.0.11"},
    {"add-addr-v1-echo-port", "1e0a3101 0a02000b 1f90", A, V1, "OK ADD_ADDR echo id=1 10.2.0.11 port=8080"},
    {"add-addr-v1-echo-ipv6", "1e143101 " IP6, A, V1, "OK ADD_ADDR echo id=1 fd00:2::b"},
    {"add-addr-v1-echo-ipv6-port", "1e163101 " IP6 "1f90", A, V1, "OK ADD_ADDR echo id=1 fd00:2::b port=8080"},
    {"v1 echo with HMAC", "1e103101 0a02000b" HMAC8, A, V1, "ILLEGAL ADD_ADDR echo id=1 10.2.0.11 hmac=" HMAC8},
    {"v1 advertisement without HMAC", "1e083001 0a02000b", A, V1, "ILLEGAL ADD_ADDR id=1 10.2.0.11"},
    {"v1 reserved bits, clear E", "1e103401 0a02000b" HMAC8, A, V1, "OK ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8 " rsv=04"},
    {"v1 reserved bits, E", "1e083f01 0a02000b", A, V1, "OK ADD_ADDR echo id=1 10.2.0.11 rsv=0e"},
    {"an ICNP echo in v1: E is clear", "1e083c19 0a02000b", A, V1, "ILLEGAL ADD_ADDR id=25 10.2.0.11 rsv=0c"},
    {"v1 form to RFC 6824", "1e103001 0a02000b" HMAC8, A, V0, "ILLEGAL ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8},
    {"v1 echo to ICNP", "1e083101 0a02000b", A, IC, "ILLEGAL ADD_ADDR echo id=1 10.2.0.11"},
    {"v1 form in the draft", "1e103001 0a02000b" HMAC8, A, DR, "ILLEGAL ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8},
    {"on a SYN", "1e103001 0a02000b" HMAC8, S, V1, "ILLEGAL ADD_ADDR id=1 10.2.0.11 hmac=" HMAC8},
    {"IP version 5", "1e083501 0a02000b", A, V0, "MALFORMED ADD_ADDR"},
    {"IP version 5, dialect open", "1e083501 0a02000b", A, UN, "MALFORMED ADD_ADDR"},
    {"IP version 6 of 4 bytes", "1e083601 0a02000b", A, V0, "MALFORMED ADD_ADDR"},
    {"IP version 4 of 16 bytes", "1e143401 " IP6, A, UN, "MALFORMED ADD_ADDR"},
    {"ICNP echo, IP version 4 of 16 bytes", "1e143c01 " IP6, A, IC, "MALFORMED ADD_ADDR"},
    {"ADD_ADDR of no length", "1e093001 0a02000b00", A, UN, "MALFORMED ADD_ADDR"},
    {"ADD_ADDR of three bytes", "1e0330", A, V1, "MALFORMED ADD_ADDR"},
    /* The rest */
    {"remove-addr", "1e044001", A, V1, "OK REMOVE_ADDR ids=01"},
    {"remove-addr-three", "1e0640010203", A, V0, "OK REMOVE_ADDR ids=010203"},
    {"seventeen addresses", "1e14400102030405060708090a0b0c0d0e0f1011", A, V1, "OK REMOVE_ADDR ids=0102030405060708090a0b0c0d0e0f1011"},
    {"eighteen, the last is cut", "1e15400102030405060708090a0b0c0d0e0f101112", A, V1, "OK REMOVE_ADDR ids=0102030405060708090a0b0c0d0e0f1011"},
    {"REMOVE_ADDR reserved bits", "1e044f01", A, V1, "OK REMOVE_ADDR ids=01 rsv=0f"},
    {"REMOVE_ADDR on a SYN", "1e044001", SA, V1, "ILLEGAL REMOVE_ADDR ids=01"},
    {"nothing removed", "1e0340", A, V1, "MALFORMED REMOVE_ADDR"},
    {"prio-backup", "1e0351 01", A, V1, "OK MP_PRIO backup=1"},
    {"prio-normal", "1e0350", A, V0, "OK MP_PRIO backup=0"},
    {"prio-v0-id", "1e045119", A, V0, "OK MP_PRIO backup=1 id=25"},
    {"4 bytes in the draft", "1e045019", A, DR, "OK MP_PRIO backup=0 id=25"},
    {"4 bytes, dialect open", "1e045119", A, UN, "OK MP_PRIO backup=1 id=25"},
    {"4 bytes in v1", "1e045119", A, V1, "ILLEGAL MP_PRIO backup=1 id=25"},
    {"MP_PRIO reserved bits", "1e035f", A, V1, "OK MP_PRIO backup=1 rsv=0e"},
    {"MP_PRIO of 5", "1e05510102", A, UN, "MALFORMED MP_PRIO"},
    {"fail", "1e0c6000 e47ef57dd1b97490", A, V1, "OK MP_FAIL dsn=e47ef57dd1b97490"},
    {"fail-rst", "1e0c6000 e47ef57dd1b97490", RA, V0, "OK MP_FAIL dsn=e47ef57dd1b97490"},
    {"MP_FAIL reserved bits", "1e0c6001 e47ef57dd1b97490", A, V1, "OK MP_FAIL dsn=e47ef57dd1b97490 rsv=01"},
    {"MP_FAIL of 8", "1e086000 d1b97490", A, UN, "MALFORMED MP_FAIL"},
    {"fastclose", "1e0c7000" KB, A, V0, "OK MP_FASTCLOSE key=" KB},
    {"fastclose-rst", "1e0c7000" KB, RA, V1, "OK MP_FASTCLOSE key=" KB},
    {"FASTCLOSE on a RST in version 0", "1e0c7000" KB, RA, V0, "ILLEGAL MP_FASTCLOSE key=" KB},
    {"FASTCLOSE on a RST, dialect open", "1e0c7000" KB, R, UN, "OK MP_FASTCLOSE key=" KB},
    {"FASTCLOSE reserved bits", "1e0c7080" KB, A, V1, "OK MP_FASTCLOSE key=" KB " rsv=80"},
    {"tcprst", "1e048003", R, V1, "OK MP_TCPRST fl=0 t=0 reason=3"},
    {"tcprst-transient", "1e048101", RA, EA, "OK MP_TCPRST fl=1 t=1 reason=1"},
    {"TCPRST reserved bits", "1e048e00", RA, V1, "OK MP_TCPRST fl=e t=0 reason=0 rsv=0e"},
    {"TCPRST without RST", "1e048101", A, V1, "ILLEGAL MP_TCPRST fl=1 t=1 reason=1"},
    {"TCPRST in version 0", "1e048101", R, V0, "ILLEGAL MP_TCPRST fl=1 t=1 reason=1"},
    {"TCPRST in the draft", "1e048101", R, DR, "ILLEGAL MP_TCPRST fl=1 t=1 reason=1"},
    {"TCPRST of 5", "1e05810100", R, V1, "MALFORMED MP_TCPRST"},
    {"unknown-9", "1e049000", A, V1, "UNKNOWN unknown"},
    {"unknown-14", "1e03e0", A, UN, "UNKNOWN unknown"},
    {"experimental", "1e08f0ff00000000", A, V1, "UNKNOWN MP_EXPERIMENTAL"},
    /* No subtype to speak of */
    {"length 0", "1e003001", A, V1, "MALFORMED"},
    {"length 1", "1e013001", A, V1, "MALFORMED"},
    {"length 2", "1e023001", A, V1, "MALFORMED"},
    {"longer than the area", "1e103001 0a02000b", A, V1, "MALFORMED ADD_ADDR"},
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void table(void)
{
    uint8_t bytes[64];
    char text[TEXT_MAX];
    size_t i;

    for (i = 0; i < ROWS; i++) {
        size_t size = from_hex(rows[i].hex, bytes, sizeof(bytes));
        uint8_t *copy = exact_copy(bytes, size);
        struct mpa_option opt;
        enum mpa_cond cond;

        memset(&opt, 0xee, sizeof(opt));
        cond = mpa_option_decode(copy, size, size, rows[i].flags, rows[i].dialect, &opt, NULL);
        option_text(&opt, text);
        expect_text(rows[i].name, text, rows[i].want);
        expect_true(rows[i].name, "the result is that of the option", cond == opt.cond);
        expect_true(rows[i].name, "length byte", opt.len == bytes[1]);
        free(copy);
    }
}

/* Every prefix of an option is cut by the capture, or contradicts its area, and is never usable. */
static void prefixes(void)
{
    uint8_t bytes[64];
    size_t i, part;

    for (i = 0; i < ROWS; i++) {
        size_t size = from_hex(rows[i].hex, bytes, sizeof(bytes));

        if (bytes[1] < size)
            size = bytes[1];
        if (bytes[1] < 3 || bytes[1] > size)
            continue;
        for (part = 0; part < size; part++) {
            uint8_t *copy = exact_copy(bytes, part);
            struct mpa_option opt;
            struct mpa_fields fields;
            enum mpa_cond cut, ends;

            cut =
                mpa_option_decode(copy, part, size, rows[i].flags, rows[i].dialect, &opt, &fields);
            expect_true(rows[i].name, "a prefix in the capture is TRUNCATED",
                        cut == MPA_COND_TRUNCATED);
            expect_true(rows[i].name, "of a prefix only the subtype has a span",
                        fields.count == (part > 2 ? 1 : 0));
            ends = mpa_option_decode(copy, part, part, rows[i].flags, rows[i].dialect, &opt, NULL);
            expect_true(rows[i].name, "a prefix of the area is MALFORMED",
                        ends == MPA_COND_MALFORMED);
            free(copy);
        }
    }
}

/* Where the area itself ends within the first two bytes. */
static void first_bytes(void)
{
    static const uint8_t kind = MPA_OPT_KIND;
    struct mpa_option o;

    CU_ASSERT_EQUAL(mpa_option_decode(&kind, 1, 1, A, UN, &o, NULL), MPA_COND_MALFORMED);
    CU_ASSERT_EQUAL(o.subtype, MPA_SUBTYPE_NONE);
    CU_ASSERT_EQUAL(mpa_option_decode(&kind, 1, 2, A, UN, &o, NULL), MPA_COND_TRUNCATED);
    CU_ASSERT_EQUAL(o.subtype, MPA_SUBTYPE_NONE);
    CU_ASSERT_EQUAL(mpa_option_decode(NULL, 0, 0, A, UN, &o, NULL), MPA_COND_MALFORMED);
    CU_ASSERT_EQUAL(mpa_option_decode(NULL, 0, 40, A, UN, &o, NULL), MPA_COND_TRUNCATED);
}

/* What the spans cover: from the subtype to the end, each at its place, with the value that stands
 * there. */
static void spans(void)
{
    uint8_t bytes[64];
    size_t i, k, n;

    for (i = 0; i < ROWS; i++) {
        size_t size = from_hex(rows[i].hex, bytes, sizeof(bytes));
        uint64_t covered = 3; /* Kind and length have no field of their own. */
        struct mpa_option opt;
        struct mpa_fields f;
        enum mpa_cond cond;

        cond = mpa_option_decode(bytes, size, size, rows[i].flags, rows[i].dialect, &opt, &f);
        for (k = 0; k < f.count; k++) {
            const struct mpa_field *at = &f.at[k];
            uint64_t whole = 0;

            expect_true(rows[i].name, "a span within the option",
                        at->size > 0 && at->offset >= 2 && at->offset + at->size <= opt.len);
            for (n = at->offset; n < (size_t)at->offset + at->size; n++) {
                covered |= 1ULL << n;
                whole = whole << 8 | bytes[n];
            }
            /* Fields of some bits lie in bytes 2 and 3 and are the subject of the next test. */
            if (at->offset > 3 && mpa_field_kind((enum mpa_field_id)at->id) == MPA_KIND_UINT)
                expect_true(rows[i].name, "the value of the span", at->value == whole);
        }
        if (cond == MPA_COND_OK || cond == MPA_COND_ILLEGAL)
            expect_true(rows[i].name, "every byte has a field", covered == (1ULL << opt.len) - 1);
        else
            expect_true(rows[i].name, "no fields of what was not decoded", f.count <= 1);
    }
}

static const struct mpa_field *field(const struct mpa_fields *f, enum mpa_field_id id)
{
    size_t i;

    for (i = 0; i < f->count; i++)
        if (f->at[i].id == id)
            return &f->at[i];
    return NULL;
}

static const struct {
    const char *hex;
    uint8_t flags;
    enum mpa_field_id id;
    unsigned offset;
    unsigned size;
    uint64_t value;
} span_rows[] = {
    {"1e0c01a1" KB, SA, MPA_FIELD_SUBTYPE, 2, 1, 0},
    {"1e0c01a1" KB, SA, MPA_FIELD_CAPABLE_VERSION, 2, 1, 1},
    {"1e0c01a1" KB, SA, MPA_FIELD_CAPABLE_A, 3, 1, 1},
    {"1e0c01a1" KB, SA, MPA_FIELD_CAPABLE_B, 3, 1, 0},
    {"1e0c01a1" KB, SA, MPA_FIELD_CAPABLE_C, 3, 1, 1},
    {"1e0c01a1" KB, SA, MPA_FIELD_CAPABLE_H, 3, 1, 1},
    {"1e0c015e" KB, SA, MPA_FIELD_CAPABLE_RESERVED, 3, 1, 0x1e},
    {"1e0c015e" KB, SA, MPA_FIELD_CAPABLE_B, 3, 1, 1},
    {"1e0c015e" KB, SA, MPA_FIELD_CAPABLE_KEY_SENDER, 4, 8, 0},
    {"1e140101" KA KB, A, MPA_FIELD_CAPABLE_KEY_RECEIVER, 12, 8, 0},
    {"1e181abc" HMAC20, A, MPA_FIELD_JOIN_RESERVED, 2, 2, 0xabc},
    {"1e181000" HMAC20, A, MPA_FIELD_JOIN_HMAC, 4, 20, 0},
    {"1e1011005ab680c7884af03d33abe9d5", SA, MPA_FIELD_JOIN_HMAC, 4, 8, 0},
    {"1e1011005ab680c7884af03d33abe9d5", SA, MPA_FIELD_JOIN_BACKUP, 2, 1, 1},
    {"1e0c1c03af9706eb1b665a18", S, MPA_FIELD_JOIN_RESERVED, 2, 1, 0x0c},
    {"1e0c1c03af9706eb1b665a18", S, MPA_FIELD_JOIN_ID, 3, 1, 3},
    {"1e16200d d52abeca e47ef57dd1b97490 00000001 0029", A, MPA_FIELD_DSS_ACK, 4, 4, 0xd52abeca},
    {"1e16200d d52abeca e47ef57dd1b97490 00000001 0029", A, MPA_FIELD_DSS_DSN, 8, 8,
     0xe47ef57dd1b97490},
    {"1e16200d d52abeca e47ef57dd1b97490 00000001 0029", A, MPA_FIELD_DSS_DSN8, 3, 1, 1},
    {"1e16200d d52abeca e47ef57dd1b97490 00000001 0029", A, MPA_FIELD_DSS_ACK8, 3, 1, 0},
    {"1e1220e5 d52abeca d1b97490 00000001 0029", A, MPA_FIELD_DSS_RESERVED, 3, 1, 0xe0},
    {"1e1220e5 d52abeca d1b97490 00000001 0029", A, MPA_FIELD_DSS_FIN, 3, 1, 0},
    {"1e12300119b2c3d41f90" HMAC8, A, MPA_FIELD_ADD_PORT, 8, 2, 8080},
    {"1e12300119b2c3d41f90" HMAC8, A, MPA_FIELD_ADD_HMAC, 10, 8, 0},
    {"1e143e19 " IP6, A, MPA_FIELD_ADD_ADDR, 4, 16, 0},
    {"1e143e19 " IP6, A, MPA_FIELD_ADD_NIBBLE, 2, 1, 0xe},
    {"1e143e19 " IP6, A, MPA_FIELD_ADD_ECHO, 2, 1, 1},
    {"1e06450102ff", A, MPA_FIELD_REMOVE_IDS, 3, 3, 0},
    {"1e06450102ff", A, MPA_FIELD_REMOVE_RESERVED, 2, 1, 5},
    {"1e045d19", A, MPA_FIELD_PRIO_RESERVED, 2, 1, 0x0c},
    {"1e045d19", A, MPA_FIELD_PRIO_BACKUP, 2, 1, 1},
    {"1e045d19", A, MPA_FIELD_PRIO_ID, 3, 1, 25},
    {"1e0c6123 e47ef57dd1b97490", A, MPA_FIELD_FAIL_RESERVED, 2, 2, 0x123},
    {"1e0c7f00" KB, A, MPA_FIELD_FASTCLOSE_RESERVED, 2, 2, 0xf00},
    {"1e048706", R, MPA_FIELD_RST_RESERVED, 2, 1, 6},
    {"1e048706", R, MPA_FIELD_RST_TRANSIENT, 2, 1, 1},
    {"1e048706", R, MPA_FIELD_RST_REASON, 3, 1, 6},
};

static void span_values(void)
{
    uint8_t bytes[64];
    size_t i;

    for (i = 0; i < sizeof(span_rows) / sizeof(span_rows[0]); i++) {
        size_t size = from_hex(span_rows[i].hex, bytes, sizeof(bytes));
        const char *name = mpa_field_name(span_rows[i].id);
        const struct mpa_field *got;
        struct mpa_option opt;
        struct mpa_fields f;

        mpa_option_decode(bytes, size, size, span_rows[i].flags, UN, &opt, &f);
        got = field(&f, span_rows[i].id);
        expect_true(name, "present", got != NULL);
        if (got)
            expect_true(name, "offset, size and value",
                        got->offset == span_rows[i].offset && got->size == span_rows[i].size &&
                            got->value == span_rows[i].value);
    }
}

static void names(void)
{
    unsigned i;

    CU_ASSERT_STRING_EQUAL(mpa_subtype_name(MPA_MP_TCPRST), "MP_TCPRST");
    CU_ASSERT_STRING_EQUAL(mpa_subtype_name(12), "unknown");
    CU_ASSERT_STRING_EQUAL(mpa_subtype_name(MPA_SUBTYPE_NONE), "unknown");
    for (i = 0; i < MPA_DIALECT_COUNT; i++)
        CU_ASSERT_EQUAL(mpa_dialect_find(mpa_dialect_name((enum mpa_dialect)i)), i);
    CU_ASSERT_STRING_EQUAL(mpa_subtype_name(16), "unknown");
    CU_ASSERT_STRING_EQUAL(mpa_dialect_name(MPA_DIALECT_COUNT), "unknown");
    CU_ASSERT_EQUAL(mpa_dialect_hash(MPA_DIALECT_COUNT), MPA_SHA256);
    CU_ASSERT_STRING_EQUAL(mpa_field_name(MPA_FIELD_COUNT), "unknown");
    CU_ASSERT_STRING_EQUAL(mpa_field_text(MPA_FIELD_COUNT), "unknown");
    CU_ASSERT_EQUAL(mpa_field_kind(MPA_FIELD_COUNT), MPA_KIND_BYTES);
    CU_ASSERT_EQUAL(mpa_dialect_find("rfc9999"), MPA_DIALECT_COUNT);
    CU_ASSERT_EQUAL(mpa_dialect_hash(MPA_DIALECT_DRAFT_V1), MPA_SHA1);
    CU_ASSERT_EQUAL(mpa_dialect_hash(MPA_DIALECT_RFC8684_EARLY), MPA_SHA256);
    CU_ASSERT_STRING_EQUAL(mpa_field_name(MPA_FIELD_ADD_ECHO), "add_addr.echo");
    CU_ASSERT_EQUAL(mpa_field_kind(MPA_FIELD_ADD_ADDR), MPA_KIND_ADDR);
    CU_ASSERT_STRING_EQUAL(mpa_field_text(MPA_FIELD_RST_REASON), "Reason");
}

/* What an option does not carry is 0, not what the memory held. */
static void absent_is_zero(void)
{
    static const uint8_t none[20];
    uint8_t bytes[40];
    struct mpa_option o;
    size_t size;

#define DECODE(hex, flags)                                                                         \
    do {                                                                                           \
        memset(&o, 0xee, sizeof(o));                                                               \
        size = from_hex(hex, bytes, sizeof(bytes));                                                \
        CU_ASSERT_EQUAL(mpa_option_decode(bytes, size, size, flags, UN, &o, NULL), MPA_COND_OK);   \
    } while (0)

    DECODE("1e040101", S);
    CU_ASSERT_EQUAL(memcmp(o.capable.sender_key, none, 8), 0);
    CU_ASSERT_EQUAL(memcmp(o.capable.receiver_key, none, 8), 0);
    CU_ASSERT_FALSE(o.capable.has_sender_key || o.capable.has_receiver_key);
    CU_ASSERT_FALSE(o.capable.has_length || o.capable.has_checksum);
    CU_ASSERT_EQUAL(o.capable.length | o.capable.checksum, 0);
    DECODE("1e0c1003af9706eb1b665a18", S);
    CU_ASSERT_EQUAL(memcmp(o.join.hmac, none, 20), 0);
    DECODE("1e1010005ab680c7884af03d33abe9d5", SA);
    CU_ASSERT_EQUAL(o.join.token, 0);
    CU_ASSERT_EQUAL(memcmp(o.join.hmac + 8, none, 12), 0);
    DECODE("1e181000" HMAC20, A);
    CU_ASSERT_EQUAL(o.join.token | o.join.nonce | o.join.id | o.join.backup, 0);
    DECODE("1e082001 d1b97490", A);
    CU_ASSERT_EQUAL(o.dss.dsn | o.dss.ssn | o.dss.length | o.dss.checksum, 0);
    CU_ASSERT_FALSE(o.dss.has_checksum);
    DECODE("1e0e2004 d1b97490 00000001 0029", A);
    CU_ASSERT_EQUAL(o.dss.data_ack | o.dss.checksum, 0);
    DECODE("1e083101 0a02000b", A);
    CU_ASSERT_EQUAL(o.add_addr.port, 0);
    CU_ASSERT_EQUAL(memcmp(o.add_addr.hmac, none, 8), 0);
    DECODE("1e044001", A);
    CU_ASSERT_EQUAL(memcmp(o.remove_addr.ids + 1, none, MPA_REMOVE_MAX - 1), 0);
    DECODE("1e0351", A);
    CU_ASSERT_EQUAL(o.prio.id, 0);
#undef DECODE
}

int seeds_of_options(const char *folder)
{
    size_t i;

    for (i = 0; i < ROWS; i++) {
        /* IPv4, then TCP whose data offset leaves room for the option and its padding. */
        uint8_t frame[20 + 20 + 40] = {
            0x45, [5] = 1, [8] = 64, [9] = 6, [12] = 10, [15] = 1, [16] = 10, [19] = 2};
        size_t size = from_hex(rows[i].hex, frame + 40, 40);
        size_t area = (size + 3) / 4 * 4;

        if (strchr(rows[i].name, ' ')) /* Those with a name that is one word are the legal forms. */
            continue;
        memset(frame + 40 + size, 1, area - size);
        frame[3] = (uint8_t)(40 + area);
        frame[21] = 80;
        frame[23] = 99;
        frame[32] = (uint8_t)((20 + area) / 4 << 4);
        frame[33] = rows[i].flags;
        if (seed_write(folder, rows[i].name, 101, frame, 40 + area) != 0)
            return -1;
    }
    return 0;
}

int suite_option(void)
{
    static const struct test tests[] = {
        {"every form, every dialect", table},
        {"prefixes are never usable", prefixes},
        {"the first bytes", first_bytes},
        {"spans cover the option", spans},
        {"spans and values", span_values},
        {"what is absent is zero", absent_is_zero},
        {"names", names},
    };

    return ADD_SUITE("option", tests);
}
