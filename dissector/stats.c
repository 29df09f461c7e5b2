/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics in the menu and with tshark -z. */
#include "stats.h"

void lb_register_stats(void)
{
    lb_register_tree();
    lb_register_tables();
}
