/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stories of connections: what happened, in order, bounded. */
#include "internal.h"

#include <string.h>

#define NOTES_ORDINARY 44 /* Repetitions leave room for what decides. */

static bool repeats(enum mpa_word kind)
{
    return kind == MPA_NOTE_ADD_ADDR_AGAIN || kind == MPA_NOTE_SYN_AGAIN || kind == MPA_NOTE_ECHO ||
           kind == MPA_NOTE_PRIO || kind == MPA_NOTE_SERVER_MOVED || kind == MPA_NOTE_ICMP ||
           kind == MPA_NOTE_BAD_HMAC || kind == MPA_NOTE_SYNACK;
}

static void put(struct mpa_measure *m, struct mpa_conn *conn, const struct mpa_rec_note *note)
{
    struct conn_rare *rare = measure_rare(m, conn);

    if (!rare)
        return;
    if (rare->note_count >= (repeats(note->kind) ? NOTES_ORDINARY : NOTES_MAX)) {
        rare->notes_dropped++;
        return;
    }
    if (!measure_grow(&rare->notes, rare->note_count, &rare->note_capacity, sizeof *rare->notes)) {
        measure_failed(m, MPA_ERR_NOMEM);
        return;
    }
    rare->notes[rare->note_count++] = *note;
}

static bool kept(const struct mpa_measure *m, enum mpa_word kind)
{
    return m->config.notes == MPA_NOTES_ALL ||
           (m->config.notes == MPA_NOTES_FIRST_DIRECT && kind == MPA_NOTE_FIRST_DIRECT);
}

void measure_note(struct mpa_measure *m, const struct mpa_event *e, enum mpa_word kind,
                  int64_t value, const struct mpa_addr *addr)
{
    struct mpa_rec_note note = {.kind = kind,
                                .ns = e->ns,
                                .frame = e->frame,
                                .subflow = e->subflow ? e->subflow->id : -1,
                                .from_server = e->dir == MPA_TO_CLIENT,
                                .value = value};

    if (!kept(m, kind))
        return;
    if (addr)
        note.addr = *addr;
    put(m, e->conn, &note);
}

void measure_note_segment(struct mpa_measure *m, const struct mpa_segment *seg,
                          struct mpa_subflow *sf, enum mpa_dir dir, enum mpa_word kind,
                          int64_t value)
{
    const struct mpa_event e = {.dir = dir,
                                .ns = seg->ns,
                                .frame = {seg->capture, (int64_t)seg->frame},
                                .conn = sf->conn,
                                .subflow = sf};

    measure_note(m, &e, kind, value, NULL);
}

static void note_advert(struct mpa_measure *m, const struct mpa_event *e, enum mpa_word kind)
{
    measure_note(m, e, kind, e->advert->id, &e->advert->addr);
}

/* Events that are told by their name and value alone. */
static const struct {
    enum mpa_event_kind event;
    enum mpa_word note;
    bool value;
} simple[] = {
    {MPA_EVENT_SYN_AGAIN, MPA_NOTE_SYN_AGAIN, true},
    {MPA_EVENT_SYNACK, MPA_NOTE_SYNACK, false},
    {MPA_EVENT_SPLIT, MPA_NOTE_SPLIT, false},
    {MPA_EVENT_ESTABLISHED, MPA_NOTE_ESTABLISHED, false},
    {MPA_EVENT_REMOVE_ADDR, MPA_NOTE_REMOVE_ADDR, true},
    {MPA_EVENT_PRIO, MPA_NOTE_PRIO, true},
    {MPA_EVENT_MP_FAIL, MPA_NOTE_MP_FAIL, false},
    {MPA_EVENT_FASTCLOSE, MPA_NOTE_FASTCLOSE, false},
    {MPA_EVENT_DATA_FIN, MPA_NOTE_DATA_FIN, false},
    {MPA_EVENT_FIN, MPA_NOTE_FIN, false},
    {MPA_EVENT_FALLBACK, MPA_NOTE_FALLBACK, true},
};

/* Events that are told as they are; RSTs, hits and changes of server are told by those who
   understand them. */
void measure_note_event(struct mpa_measure *m, const struct mpa_event *e)
{
    bool syn = e->segment && (e->segment->flags & (MPA_TCP_SYN | MPA_TCP_ACK)) == MPA_TCP_SYN;
    bool join = e->subflow->role == MPA_ROLE_JOIN;

    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
        if (simple[i].event == e->kind)
            measure_note(m, e, simple[i].note, simple[i].value ? e->value : MPA_NULL, NULL);
    switch (e->kind) {
    case MPA_EVENT_SUBFLOW:
        if (syn)
            measure_note(m, e, join ? MPA_NOTE_JOIN_SYN : MPA_NOTE_SYN, MPA_NULL, &e->segment->dst);
        break;
    case MPA_EVENT_USABLE:
        if (mpa_subflow_is_direct(e->subflow))
            measure_note(m, e, MPA_NOTE_USABLE, MPA_NULL, NULL);
        break;
    case MPA_EVENT_ADD_ADDR:
        note_advert(m, e, e->value > 1 ? MPA_NOTE_ADD_ADDR_AGAIN : MPA_NOTE_ADD_ADDR);
        break;
    case MPA_EVENT_ECHO:
        note_advert(m, e, MPA_NOTE_ECHO);
        break;
    case MPA_EVENT_HMAC:
        if (e->value == MPA_HMAC_BAD)
            measure_note(m, e, MPA_NOTE_BAD_HMAC, MPA_NULL, NULL);
        break;
    case MPA_EVENT_ICMP:
        measure_note(m, e, MPA_NOTE_ICMP, e->icmp->type, &e->icmp->from);
        break;
    default:
        break;
    }
}
