/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules of the group address remember; see internal.h.  Included by it only. */
#ifndef MPA_CHECK_ADDRESS_H
#define MPA_CHECK_ADDRESS_H

#include "mpa/check.h"

/* A slot for an address, one of 'slots' (a power of two).  The last octets, in which hosts of a network differ, are the top bits of a
   word here: they are folded down before each multiplication, and the top bits of the last are taken. */
static inline uint32_t check_addr_slot(const struct mpa_addr *addr, uint32_t slots)
{
    uint64_t h = addr->q[0] ^ 0x9e3779b97f4a7c15u;

    h = (h ^ h >> 32) * 0xff51afd7ed558ccdu;
    h ^= addr->q[1];
    h = (h ^ h >> 32) * 0xc4ceb9fe1a85ec53u;
    h = (h ^ h >> 29) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32) & (slots - 1);
}

/* A packet to come back to; frame.frame is 0 where there was none. */
struct address_moment {
    int64_t ns;
    struct mpa_frame_ref frame;
};

/* What struct mpa_advert does not hold of one advertised address. */
struct address_advert {
    const struct mpa_advert *advert;
    int64_t copy_ns, previous_ns; /* The latest copy, and the one before; 0 none. */
    int64_t echoed_ns;            /* First echo since the latest REMOVE_ADDR; 0 none. */
    int64_t removed_ns;           /* The latest REMOVE_ADDR; 0 none. */
    int64_t late_ns;              /* How long after the echo the copy 'late' came. */
    struct address_moment late;   /* First copy after the echo was with the advertiser. */
    struct address_moment
        caused; /* First echo or join that only a copy with a wrong HMAC caused. */
    struct address_moment silent; /* First packet that had room for it and did not carry it. */
    uint32_t silents;             /* ... how many. */
    uint32_t good, bad; /* Copies with a right (or unverifiable) HMAC, with a wrong one. */
    uint32_t answers;   /* Packets of the receiver since the first copy. */
    uint16_t subflow;   /* Of the first copy. */
    uint8_t mac[6];     /* Where the latest copy came from; valid with has_mac. */
    bool has_mac;
    bool open; /* No echo was seen yet. */
};

/* A connection that advertises, removes or has priorities: made with its first such option. */
struct address_notes {
    struct address_advert *adverts; /* At most one for each of the tracker's. */
    int advert_count, advert_capacity;
    int open;                       /* How many of them wait for an echo. */
    uint32_t early;                 /* Copies whose HMAC was the left 64 bits. */
    uint32_t rows;                  /* Three pure ACKs in a row that say the same. */
    struct address_moment stranger; /* The latest REMOVE_ADDR of an unknown ID ... */
    enum mpa_dir stranger_from;     /* ... by whom ... */
    int64_t stranger_id;            /* ... which. */
    struct address_moment obeyed;   /* The first subflow closed because of one. */
    uint64_t elsewhere[2]; /* Data declared on subflows that are no backups, by direction. */
};

/* In each connection. */
struct check_address_conn {
    struct address_notes *notes; /* NULL until needed. */
    uint8_t cut;                 /* Bit set of directions whose options the capture cut. */
    uint16_t ip_id[2];           /* Of the packet before on any subflow, by direction; 0 unknown. */
    bool claims;                 /* 'claimed' is valid. */
    uint8_t claimed[2][MPA_KEY_SIZE]; /* Both keys as the client last repeated them. */
};

/* Data on a backup subflow. */
struct address_use {
    struct address_moment first;
    uint64_t bytes;
};

/* A subflow with signalling of its own: made with the first such option that concerns it. */
struct address_path {
    struct {
        uint32_t seq, ack;
        int64_t ns;
        uint16_t window;
        uint16_t same;    /* Pure ACKs with signalling in a row that say the same; 0 none. */
        bool copy;        /* The latest packet is one of them once more. */
        uint32_t mark[2]; /* Of the first two of them: what tells copies of one packet. */
    } row[2];             /* By direction. */
    struct address_moment removed; /* REMOVE_ADDR of the address that it uses. */
    enum mpa_dir removed_by;
    bool probed;                   /* A keepalive since. */
    struct address_moment late[2]; /* First new data three seconds after it, by direction. */
    struct address_moment reset;   /* RST by who was told of it. */
    int64_t quiet_ns;              /* ... how long the path had been silent. */
    bool reset_probed;
    struct address_moment joined_removed; /* Its SYN, where it goes to a removed address. */
    int64_t removed_ago_ns;
    bool joined_again;     /* Its SYN went to an address that was removed and advertised again. */
    int64_t backup_ns[2];  /* Since when this side wants it to be backup; 0 it does not. */
    uint64_t elsewhere[2]; /* 'elsewhere' of the connection when the peer was told. */
    struct address_use
        told[2]; /* By direction: new data of who was told, while another was usable, */
    struct address_use asker[2]; /* of who asked, */
    struct address_use alone[2]; /* and after every other one had gone. */
    bool asked[2];               /* This side once wanted it to be backup. */
};

/* Whether packets of one direction are missing that no acknowledgement tells of. */
struct address_trace {
    uint32_t tsval; /* Latest; valid with ADDRESS_TS. */
    uint16_t ip_id; /* Of the packet before; 0 unknown. */
    uint8_t flags;
};

#define ADDRESS_TS 0x01
#define ADDRESS_TS_UNSEEN                                                                          \
    0x02 /* A timestamp was echoed that is newer than all that were captured. */
#define ADDRESS_SEQUENTIAL 0x04 /* IP identification went up by one ... */
#define ADDRESS_JUMPED     0x08 /* ... and not always. */

/* In each subflow. */
struct check_address_subflow {
    struct address_trace trace[2]; /* By direction. */
    struct address_path *path;     /* NULL until needed. */
};

/* What is known of a host over all connections. */
struct address_peer {
    struct mpa_addr addr;
    uint8_t habits; /* ADDRESS_*; 0 is an empty slot. */
};

#define ADDRESS_ECHOES_PRIVATE 0x01 /* Echoed a private address once. */
#define ADDRESS_DROPS_PRIVATE  0x02 /* Did not; told. */
#define ADDRESS_HONOURS_BACKUP 0x04
#define ADDRESS_IGNORES_BACKUP 0x08
#define ADDRESS_ADVERTISED     0x10 /* Somebody advertised it. */

#define ADDRESS_PEERS 1024 /* Slots; a host that finds its slot taken takes it over. */

/* In the check. */
struct check_address_all {
    struct address_peer *peers; /* NULL until needed. */
    uint32_t subtypes;          /* Of the segment that is being applied: bit set. */
    bool loses;                 /* The capture lacks packets of hosts that it stands beside. */
};

/* ---- watch_address.c, for the judges ---- */

/* A connection may consist of very many subflows: at each packet, no more than that many are looked at. */
#define ADDRESS_SUBFLOWS 256

/* Beyond these, use of a backup subflow is no longer by the way (protocol reference D.4). */
#define ADDRESS_SHARE     20 /* One twentieth: 5 %. */
#define ADDRESS_BYTES_MIN 65536u

/* Whether the capture stands beside who sends 'dir': 1, 0, -1 as check_beside_sender(); by the TTL where the handshake does not tell (a host's
   own is that it begins with), and not where the two contradict each other. */
int address_beside(const struct mpa_conn *conn, enum mpa_dir dir);

/* The address that 'owner' had when the connection began; NULL unknown. */
const struct mpa_addr *address_initial(const struct mpa_conn *conn, enum mpa_dir owner);

/* How long a copy may still come after the echo of one before it: one round trip and a retransmission timeout. */
int64_t address_patience(const struct mpa_conn *conn);

/* Whether 'owner' has used or advertised this address ID, or may have among very many subflows. */
bool address_id_known(const struct mpa_conn *conn, enum mpa_dir owner, uint8_t id);

/* Whether use by one direction is more than by the way. */
bool address_too_much(const struct address_notes *n, const struct address_path *p,
                      const struct address_use *use, enum mpa_dir dir);

/* The capture holds no packet of 'dir' on this subflow that somebody must have sent. */
bool address_gaps(const struct mpa_subflow *sf, enum mpa_dir dir);

/* Its packets have what would show such a gap: timestamps, or IP identification that counts. */
bool address_traced(const struct mpa_subflow *sf, enum mpa_dir dir);

/* Whether what is told of HMACs is of this connection under its own keys: the client repeated them, and 'segment' (NULL: any) lies in its
   window.  Where a handshake was not captured whole, a four-tuple may be another connection's. */
bool address_keys_sure(const struct mpa_conn *conn);
bool address_in_window(const struct mpa_subflow *sf, enum mpa_dir dir,
                       const struct mpa_segment *seg);

bool address_is_private(const struct mpa_addr *addr);

uint8_t address_habits(const struct check_address_all *all, const struct mpa_addr *peer);

/* Whether its receiver had every reason to answer, as the capture shows, and did not. */
bool address_unanswered(const struct mpa_conn *conn, const struct address_advert *a);

/* What is kept of an advertisement; NULL where nothing is. */
const struct address_advert *address_find(const struct check_address_conn *area,
                                          const struct mpa_advert *advert);

#endif
