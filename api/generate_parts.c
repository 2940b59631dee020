/* What several tables of the generator draw and write alike: organisations, roles, pay, ids. */
#include "generate_tables.h"

#include <stdio.h>

struct random draw_stream(const struct generator *g, enum table table, int64_t row)
{
    return random_stream(g->options->seed, table, row);
}

/* ---- Organisations, pay and roles ---- */

/* The row in which a running sum of shares passes a uniform draw. */
size_t draw_organisation(const struct generator *g, struct random *r, bool calm)
{
    const struct organisation *last = &g->world.organisations[g->world.n_organisations - 1];
    int64_t at = below(r, calm ? last->calm : last->demand);
    size_t low = 0, high = g->world.n_organisations - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (at < (calm ? g->world.organisations[middle].calm : g->world.organisations[middle].demand))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int32_t draw_pay(struct random *r, enum role role, enum grade grade, bool medical)
{
    if (role == CHAIR && grade == APPOINTEE)
        return (int32_t)between(r, 400, 630) * 100;
    if (role == NON_EXECUTIVE && grade == APPOINTEE)
        return chance(r, 20) ? 15000 : 13000;
    if (grade == APPOINTEE || grade == VSM)
        return (int32_t)between(r, ROLE[role].pay_low / 1000, ROLE[role].pay_high / 1000) * 1000;
    if (medical && grade >= BAND_8D) /* on a consultant's contract */
        return (int32_t)between(r, 110, 145) * 1000;
    return BAND_PAY[grade][below(r, 3)];
}

enum role draw_role(struct random *r)
{
    int shares[ROLES];
    int whole = 0;
    for (int k = 0; k < ROLES; k++)
        whole += shares[k] = ROLE[k].leaders;
    return (enum role)pick(r, shares, ROLES, whole);
}

int draw_roles(struct random *r, enum role first, enum role roles[LEADER_ROLES_MAX])
{
    int n = 0;
    roles[n++] = first;
    for (int k = 0; k < EARLIER && n < LEADER_ROLES_MAX && ROLE[first].earlier[k].percent > 0; k++)
        if (chance(r, ROLE[first].earlier[k].percent))
            roles[n++] = ROLE[first].earlier[k].role;
    return n;
}

int64_t draw_post_for(const struct generator *g, struct random *r, const struct leader *leader)
{
    enum role role = leader->roles[below(r, leader->n_roles)];
    int64_t n = g->role_start[role + 1] - g->role_start[role];
    return n > 0 ? g->posts_by_role[g->role_start[role] + below(r, n)] : -1;
}

/* ---- Ids, roles, headings ---- */

void put_id(struct sheet *s, char letter, int width, int64_t row)
{
    char text[24];
    snprintf(text, sizeof text, "%c%0*lld", letter, width, (long long)row + 1);
    sheet_text(s, text);
}

void put_post_id(struct sheet *s, int64_t row)
{
    put_id(s, 'V', 5, row);
}

void put_leader_id(struct sheet *s, int64_t row)
{
    put_id(s, 'L', 6, row);
}

void put_roles(struct sheet *s, const enum role roles[], int n)
{
    struct sheet_list list = {.len = 0};
    for (int k = 0; k < n; k++)
        sheet_list_add(&list, ROLE[roles[k]].name);
    sheet_text(s, list.text);
}

void put_domain_headings(const struct generator *g, struct sheet *s, const char *prefix)
{
    for (size_t d = 0; d < g->world.n_domains; d++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", prefix, g->world.domains[d]);
        sheet_text(s, name);
    }
}
