/* posts.csv: where a post is, what it is, and what it needs. */
#include "generate_tables.h"

#include <stdio.h>
#include <string.h>

static void write_post(struct generator *g, int64_t row);

void generate_posts(struct generator *g)
{
    struct sheet *s = &g->sheets[POSTS_CSV];
    sheet_headings(s, "post_id ods_code title role grade salary_gbp openings starts days_vacant region");
    put_domain_headings(g, s, "need_");
    sheet_headings(s, "accreditation_required board_role");
    sheet_end_row(s);
    for (int64_t row = 0; row < g->options->posts; row++)
        write_post(g, row);

    /* Posts by role, for preferences and past offers: counts, then starts, then rows in order. */
    int64_t filled[ROLES] = {0};
    for (int64_t row = 0; row < g->options->posts; row++)
        g->role_start[g->posts[row].role + 1]++;
    for (int role = 0; role < ROLES; role++)
        g->role_start[role + 1] += g->role_start[role];
    for (int64_t row = 0; row < g->options->posts; row++) {
        int role = g->posts[row].role;
        g->posts_by_role[g->role_start[role] + filled[role]++] = (int32_t)row;
    }
}

/*
 * Roles follow a golden-ratio sequence through their shares, so that sixty posts already hold every role about as
 * often as two thousand do.
 */
static enum role role_of_post(const struct generator *g, int64_t row)
{
    struct random r = draw_stream(g, T_ROLES, 0);
    uint32_t turn = (uint32_t)(random_next(&r) + (uint64_t)row * 2654435769U);
    int64_t at = (int64_t)(((uint64_t)turn * 1000) >> 32);
    int role = 0;
    while (role < ROLES - 1 && at >= ROLE[role].posts)
        at -= ROLE[role++].posts;
    return (enum role)role;
}

/* A board has one of each seat but the non-executives'; midwives work in acute trusts. */
static bool suits(const struct organisation *o, enum role role)
{
    if (role == DIRECTOR_OF_MIDWIFERY && (o->kind == NULL || strcmp(o->kind->name, "acute") != 0))
        return false;
    return role == NON_EXECUTIVE || ROLE[role].area || (o->seats_taken >> role & 1) == 0;
}

/* Where no free seat was found after many tries, the post becomes a divisional one. */
static size_t place_of_post(struct generator *g, struct random *r, enum role *role)
{
    size_t o = draw_organisation(g, r, false);
    for (int attempt = 0; attempt < TRIES && !suits(&g->world.organisations[o], *role); attempt++)
        o = draw_organisation(g, r, false);
    if (!suits(&g->world.organisations[o], *role))
        *role = DIVISIONAL_DIRECTOR;
    g->world.organisations[o].seats_taken |= 1U << *role;
    return o;
}

/* A domain weighs more where the organisation's own signals for it are bad. */
static int64_t raised_by(const struct generator *g, const struct organisation *o, size_t domain)
{
    int known = 0, sum = 0;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        if ((g->world.domain_signals[domain] >> s & 1) != 0 && o->level[s] >= 0) {
            known++;
            sum += o->level[s];
        }
    return known > 0 ? sum * 9 / (known * 100) : 2;
}

static void put_needs(const struct generator *g, struct sheet *s, struct random *r, enum role role,
                      const struct seat *seat, const struct organisation *o)
{
    bool silent = chance(r, 2);
    for (size_t d = 0; d < g->world.n_domains; d++) {
        int known = g->world.domain_known[d];
        int64_t need = (known < 0 ? 30 : ROLE[role].needs[known]) + raised_by(g, o, d) + bell(r, 4);
        if (role == NON_EXECUTIVE && known >= 0 && (known == (int)seat->wanted[0] || known == (int)seat->wanted[1]))
            need += 19;
        bool known_need = !chance(r, 5) && !silent;
        if (known_need)
            sheet_decimal(s, clamped(need, 0, 50), 1);
        else
            sheet_unknown(s);
    }
}

static const char *draw_requirement(struct random *r, enum role role, const struct seat *seat, const char *area)
{
    bool asked = chance(r, ROLE[role].asks_percent);
    if (role == NON_EXECUTIVE)
        return seat->asks_for;
    for (int i = 0; i < AREA_PROFESSION_COUNT; i++)
        if (role == CLINICAL_DIRECTOR && strcmp(AREA_PROFESSIONS[i].area, area) == 0)
            return AREA_PROFESSIONS[i].asks_for;
    return asked ? ROLE[role].asks_for : NULL;
}

static void put_title(struct sheet *s, struct random *r, enum role role, const char *area)
{
    const char *title = ROLE[role].titles[below(r, 2)];
    char text[160];
    snprintf(text, sizeof text, "%s, %s", title, area);
    sheet_text(s, ROLE[role].area ? text : title);
}

static int64_t draw_openings(struct random *r, enum role role)
{
    int64_t roll = below(r, 100);
    if (role == NON_EXECUTIVE)
        return roll < 8 ? 3 : roll < 35 ? 2 : 1;
    if (role == GENERAL_MANAGER || role == CLINICAL_DIRECTOR)
        return roll < 15 ? 2 : 1;
    return 1;
}

static int32_t first_of_month(int64_t day)
{
    char text[11];
    int32_t first = (int32_t)day;
    wm_date_format(first, text);
    memcpy(text + 8, "01", 2);
    wm_date_parse(text, 10, &first);
    return first;
}

static void write_post(struct generator *g, int64_t row)
{
    struct sheet *s = &g->sheets[POSTS_CSV];
    struct random r = draw_stream(g, T_POST, row);
    enum role role = role_of_post(g, row);
    size_t place = place_of_post(g, &r, &role);
    struct organisation *o = &g->world.organisations[place];
    const struct role_facts *facts = &ROLE[role];
    const struct seat *seat = &SEATS[below(&r, SEAT_COUNT)];
    enum grade grade = (enum grade)pick(&r, facts->post_grades, GRADES, 100);
    bool board = chance(&r, facts->board);
    const char *area = (o->kind != NULL ? o->kind : &KINDS[0])->areas[below(&r, AREAS)];
    if (role == NON_EXECUTIVE)
        area = seat->area;
    const char *asks_for = draw_requirement(&r, role, seat, area);
    int32_t salary = draw_pay(&r, role, grade, asks_for != NULL && strcmp(asks_for, "gmc") == 0);

    put_post_id(s, row);
    sheet_text(s, o->code);
    put_title(s, &r, role, area);
    sheet_text(s, facts->name);
    sheet_text(s, GRADE_NAMES[grade]);
    sheet_integer(s, salary);
    sheet_integer(s, draw_openings(&r, role));
    sheet_day(s, first_of_month(g->world.as_of + between(&r, 120, 380)));
    int64_t vacant = skewed(&r, 360 + 4 * o->severity);
    if (chance(&r, 10))
        sheet_unknown(s);
    else
        sheet_integer(s, vacant);
    if (chance(&r, 4)) /* based away from the headquarters: an ambulance trust, a network's post */
        sheet_text(s, g->world.regions[below(&r, (int64_t)g->world.n_regions)]);
    else
        sheet_unknown(s);
    put_needs(g, s, &r, role, seat, o);
    sheet_text(s, asks_for != NULL ? asks_for : "");
    sheet_integer(s, board);
    sheet_end_row(s);

    g->posts[row] = (struct post){(int32_t)place, (uint8_t)role};
    o->posts++;
    o->need_gbp += 4000 + salary * 12 / 100;
}
