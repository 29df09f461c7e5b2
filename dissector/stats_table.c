/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of statistics: what they have in common.  Every cell is a text, as a value that is not known is none. */
#include "stats.h"

#include <string.h>

static GPtrArray *tables; /* All that are registered. */

static struct lb_table *table_of_ui(const stat_tap_table_ui *ui)
{
    for (guint i = 0; i < tables->len; i++) {
        struct lb_table *t = g_ptr_array_index(tables, i);

        if (&t->ui == ui)
            return t;
    }
    g_assert_not_reached();
}

static struct lb_table *table_of_title(const char *title)
{
    for (guint i = 0; i < tables->len; i++) {
        struct lb_table *t = g_ptr_array_index(tables, i);

        if (strcmp(t->ui.title, title) == 0)
            return t;
    }
    g_assert_not_reached();
}

struct lb_table *lb_table_of(void *listener)
{
    return table_of_ui(((stat_data_t *)listener)->stat_tap_data);
}

static void forget(struct lb_table *t)
{
    g_hash_table_remove_all(t->seen);
    if (t->free_state && t->state)
        t->free_state(t->state);
    t->state = NULL;
}

static void free_cells(stat_tap_table_item_type *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        g_free((gchar *)row[i].user_data.ptr_value);
    g_free(row);
}

/* The rows go, but not their memory: windows that are open point at it until they are closed. */
static void on_reset(stat_tap_table *table)
{
    struct lb_table *t = table_of_title(table->title);

    for (guint i = 0; i < table->num_elements; i++)
        g_ptr_array_add(t->retired, table->elements[i]);
    table->num_elements = 0;
    forget(t);
}

/* There is one table, whatever the number of windows. */
static void on_init(stat_tap_table_ui *ui)
{
    struct lb_table *t = table_of_ui(ui);
    stat_tap_table *table = ui->tables ? stat_tap_find_table(ui, ui->title) : NULL;

    if (table) {
        on_reset(table);
        return;
    }
    for (guint i = 0; i < t->retired->len; i++)
        free_cells(g_ptr_array_index(t->retired, i), ui->nfields);
    g_ptr_array_set_size(t->retired, 0);
    forget(t);
    stat_tap_add_table(ui, stat_tap_init_table(ui->title, (int)ui->nfields, 0, NULL));
}

static void on_free(stat_tap_table *table, guint row, guint column, stat_tap_table_item_type *cell)
{
    (void)table;
    (void)row;
    (void)column;
    g_free(cell->user_data.ptr_value);
    cell->user_data.ptr_value = NULL;
}

void lb_table_set(struct lb_table *t, guint row, guint column, gchar *text)
{
    stat_tap_table *table = g_array_index(t->ui.tables, stat_tap_table *, 0);
    stat_tap_table_item_type *cell;

    if (row >= table->num_elements) {
        stat_tap_table_item_type cells[LB_COLUMNS_MAX];

        memset(cells, 0, sizeof cells);
        for (size_t i = 0; i < t->ui.nfields; i++) {
            cells[i].type = TABLE_ITEM_STRING;
            cells[i].value.string_value = "";
        }
        stat_tap_init_table_row(table, row, (guint)t->ui.nfields, cells);
    }
    cell = stat_tap_get_field_data(table, row, column);
    g_free(cell->user_data.ptr_value);
    cell->user_data.ptr_value = text;
    cell->value.string_value = text;
}

void lb_table_set_number(struct lb_table *t, guint row, guint column, gint64 number)
{
    lb_table_set(t, row, column,
                 g_strdup_printf("%*" G_GINT64_MODIFIER "d",
                                 (int)strlen(t->ui.fields[column].column_name), number));
}

void lb_table_register(struct lb_table *t)
{
    if (!tables)
        tables = g_ptr_array_new();
    g_ptr_array_add(tables, t);
    t->seen = g_hash_table_new(NULL, NULL);
    t->retired = g_ptr_array_new();
    t->ui.group = REGISTER_PACKET_STAT_GROUP_UNSORTED;
    t->ui.tap_name = "mptcplb";
    t->ui.stat_tap_init_cb = on_init;
    t->ui.stat_tap_reset_table_cb = on_reset;
    t->ui.stat_tap_free_table_item_cb = on_free;
    register_stat_tap_table_ui(&t->ui);
}
