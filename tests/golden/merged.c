/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden merged DIR: all captures of a folder together against the client's alone.  Whatever a client said or heard went through its own
 * capture, so that nothing may be added by merging, neither packets nor connections, where no cable lost or altered anything.
 */
#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers below 'path' of both reports, which have the same keys. */
static void compare_numbers(struct golden_differences *d, const char *path, const json_t *merged,
                            const json_t *client)
{
    const char *key;
    json_t *value;

    if (json_is_object(merged)) {
        json_object_foreach((json_t *)(uintptr_t)merged, key, value)
        {
            char *below = golden_text("%s.%s", path, key);
            compare_numbers(d, below, value, json_object_get(client, key));
            free(below);
        }
    } else if (json_is_integer(merged)) {
        golden_compare(d, path, json_integer_value(merged), json_integer_value(client),
                       "the client's capture alone");
    }
}

int golden_merged(int argc, char **argv)
{
    static const char *const parts[] = {"options", "connections_total", "hmac", "resets"};
    json_t *merged, *client;
    struct golden_differences d;
    struct golden g;
    bool ok;

    if (argc != 2)
        return GOLDEN_USAGE;
    if (!golden_open(&g, argv[1]))
        return GOLDEN_DIFFERENT;
    merged = golden_report(&g, ".");
    client = golden_report(&g, "client.pcap");
    ok = golden_differences_open(&d, &g, "merged") && merged && client;
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++)
        compare_numbers(&d, parts[i], json_object_get(merged, parts[i]),
                        json_object_get(client, parts[i]));
    if (ok)
        printf("%s: %zu captures together and the client's alone\n", g.name,
               json_array_size(json_object_get(merged, "captures")));
    ok = golden_differences_close(&d) == GOLDEN_OK && ok;
    json_decref(merged);
    json_decref(client);
    golden_close(&g);
    return ok ? GOLDEN_OK : GOLDEN_DIFFERENT;
}
