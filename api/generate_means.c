/* packages.csv, mentors.csv, budgets.csv: what there is to offer, and the money for it. */
#include "generate_tables.h"

#include <string.h>

enum { MENTORS_MAX = 400 };

/* ---- Packages ---- */

void generate_packages(struct generator *g)
{
    struct sheet *s = &g->sheets[PACKAGES_CSV];
    sheet_headings(s, "package_id name pay_premium_pct relocation_gbp development_days flexible_days "
                      "return_right_months peer_network mentor_hours local_cost_gbp central_cost_gbp stock segments");
    sheet_end_row(s);
    for (int i = 0; i < PACKAGE_COUNT; i++) {
        const struct package *p = &PACKAGES[i];
        sheet_text(s, p->id);
        sheet_text(s, p->name);
        sheet_decimal(s, p->premium_tenths, 1);
        sheet_integer(s, p->relocation_gbp);
        sheet_integer(s, p->development_days);
        sheet_integer(s, p->flexible_days);
        sheet_integer(s, p->return_right_months);
        sheet_integer(s, p->peer_network);
        sheet_integer(s, p->mentor_hours);
        sheet_integer(s, p->local_gbp);
        sheet_integer(s, p->central_gbp);
        if (p->stock_per_100_posts < 0)
            sheet_unknown(s);
        else
            sheet_integer(s, (p->stock_per_100_posts * g->options->posts + 99) / 100);
        sheet_text(s, p->segments);
        sheet_end_row(s);
    }
}

/* ---- Mentors ---- */

static void write_mentor(struct generator *g, int64_t row)
{
    struct sheet *s = &g->sheets[MENTORS_CSV];
    struct random r = draw_stream(g, T_MENTOR, row);
    const struct organisation *o = &g->world.organisations[draw_organisation(g, &r, true)];
    enum role roles[LEADER_ROLES_MAX];
    int n = draw_roles(&r, draw_role(&r), roles);
    put_id(s, 'M', 4, row);
    sheet_text(s, chance(&r, 8) ? "" : o->code);
    sheet_text(s, g->world.regions[o->region]);
    put_roles(s, roles, n);
    struct sheet_list expertise = {.len = 0};
    size_t sure = (size_t)below(&r, (int64_t)g->world.n_domains);
    for (size_t d = 0; d < g->world.n_domains; d++)
        if (chance(&r, 22) || d == sure)
            sheet_list_add(&expertise, g->world.domains[d]);
    sheet_text(s, expertise.text);
    sheet_integer(s, chance(&r, 6) ? 0 : between(&r, 2, 20) * 4);
    sheet_integer(s, chance(&r, 55));
    sheet_end_row(s);
}

void generate_mentors(struct generator *g)
{
    int64_t n = clamped(g->options->leaders / 10, 1, MENTORS_MAX);
    sheet_headings(&g->sheets[MENTORS_CSV], "mentor_id ods_code region roles expertise hours remote");
    sheet_end_row(&g->sheets[MENTORS_CSV]);
    for (int64_t row = 0; row < n; row++)
        write_mentor(g, row);
}

/* ---- Budgets ---- */

static void put_budget(struct generator *g, const char *scope, const char *code, int64_t gbp)
{
    struct sheet *s = &g->sheets[BUDGETS_CSV];
    sheet_text(s, scope);
    sheet_text(s, code);
    sheet_integer(s, (gbp + 250) / 500 * 500);
    sheet_end_row(s);
}

/* The posts of the board's area, once for each board: at the first organisation that names it. -1 for the others. */
static int64_t posts_of_board(const struct generator *g, size_t organisation)
{
    const char *icb = g->world.organisations[organisation].icb;
    int64_t posts = 0;
    for (size_t k = 0; k < g->world.n_organisations; k++) {
        if (strcmp(g->world.organisations[k].icb, icb) != 0)
            continue;
        if (k < organisation)
            return -1;
        posts += g->world.organisations[k].posts;
    }
    return icb[0] != '\0' ? posts : -1;
}

/* Scarce on purpose: the full package everywhere would cost about four times what the nation has. */
void generate_budgets(struct generator *g)
{
    struct random r = draw_stream(g, T_BUDGET, 0);
    sheet_headings(&g->sheets[BUDGETS_CSV], "scope code amount_gbp");
    sheet_end_row(&g->sheets[BUDGETS_CSV]);
    put_budget(g, "national", "ENGLAND", 25000 + 5000 * g->options->posts);
    for (size_t k = 0; k < g->world.n_regions; k++) {
        int64_t posts = 0;
        for (size_t i = 0; i < g->world.n_organisations; i++)
            posts += g->world.organisations[i].region == (int)k ? g->world.organisations[i].posts : 0;
        put_budget(g, "region", g->world.regions[k], (20000 + 5200 * posts) * between(&r, 85, 115) / 100);
    }
    for (size_t i = 0; i < g->world.n_organisations; i++) {
        int64_t posts = posts_of_board(g, i), percent = between(&r, 70, 130);
        if (posts >= 0)
            put_budget(g, "icb", g->world.organisations[i].icb, (15000 + 6000 * posts) * percent / 100);
    }
    for (size_t i = 0; i < g->world.n_organisations; i++) {
        const struct organisation *o = &g->world.organisations[i];
        int64_t percent = between(&r, 40, 150);
        bool stated = !chance(&r, 15);
        if (stated && o->posts > 0)
            put_budget(g, "organisation", o->code, o->need_gbp * percent / 100);
    }
}
