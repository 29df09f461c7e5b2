/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics. */
#include "packet.h"

void lb_register_stats(void)
{
}
