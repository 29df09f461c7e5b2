/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Conversation Filter > MPTCP connection" in the context menu. */
#include "packet.h"

#include <epan/conversation_filter.h>

#if LB_WIRESHARK >= 402
#define WITH_DATA   , void *data
#define UNUSED_DATA (void)data
#else
#define WITH_DATA
#define UNUSED_DATA (void)0
#endif

static lb_bool has_connection(packet_info *pinfo WITH_DATA)
{
    UNUSED_DATA;
    return lb_session() && lb_session_frame(lb_session(), pinfo->num);
}

static gchar *connection_filter(packet_info *pinfo WITH_DATA)
{
    const struct lb_frame *f = lb_session() ? lb_session_frame(lb_session(), pinfo->num) : NULL;

    UNUSED_DATA;
    return f ? g_strdup_printf("mptcplb.connection eq %u", f->conn) : NULL;
}

void lb_register_follow(void)
{
    register_conversation_filter("mptcplb", "MPTCP connection", has_connection, connection_filter
#if LB_WIRESHARK >= 402
                                 ,
                                 NULL
#endif
    );
}
