/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Wireshark looks for in the module. */
#include "packet.h"

#include <epan/proto.h>

#define EXPORT __attribute__((visibility("default")))

extern EXPORT const char plugin_version[];
extern EXPORT const int plugin_want_major;
extern EXPORT const int plugin_want_minor;
EXPORT void plugin_register(void);

const char plugin_version[] = LB_VERSION;
const int plugin_want_major = LB_WIRESHARK_MAJOR;
const int plugin_want_minor = LB_WIRESHARK_MINOR;

#if LB_WIRESHARK_MAJOR > 4 || (LB_WIRESHARK_MAJOR == 4 && LB_WIRESHARK_MINOR >= 4)
#include <wsutil/plugins.h>
EXPORT uint32_t plugin_describe(void);

uint32_t plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif

void plugin_register(void)
{
    static proto_plugin plugin;

    plugin.register_protoinfo = proto_register_mptcplb;
    plugin.register_handoff = proto_reg_handoff_mptcplb;
    proto_register_plugin(&plugin);
}
