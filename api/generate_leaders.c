/* leaders.csv: who there is, drawn and written a row at a time, with what goes with each. */
#include "generate_tables.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PROGRESS_EVERY = 10000 };

static void write_leader(struct generator *g, int64_t row, struct leader *leader);

int generate_leaders(struct generator *g)
{
    const struct generate_options *options = g->options;
    struct sheet *s = &g->sheets[LEADERS_CSV];
    sheet_headings(s, "leader_id ods_code roles grade salary_gbp");
    put_domain_headings(g, s, "score_");
    sheet_headings(s, "appraisals appraised_on accreditation accredited_until fit_and_proper_until ready_from "
                      "latitude longitude travel_km regions_willing sectors");
    for (size_t c = 0; c < g->world.n_components; c++) {
        char name[96];
        snprintf(name, sizeof name, "want_%s", g->world.components[c].name);
        sheet_text(s, name);
    }
    sheet_headings(s, "organisations_excluded preferences");
    sheet_end_row(s);
    generate_monitoring_headings(g);
    generate_history_headings(g);
    for (int64_t row = 0; row < options->leaders; row++) {
        struct leader leader;
        write_leader(g, row, &leader);
        generate_monitoring_row(g, row, leader.grade);
        generate_history_row(g, row, &leader);
        if ((row + 1) % PROGRESS_EVERY == 0 || row + 1 == options->leaders) {
            if (options->on_progress != NULL)
                options->on_progress(options->context, row + 1, options->leaders);
            if (ferror(s->file)) /* a full disk is told now, not after the last million */
                return world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(errno));
        }
    }
    return WM_OK;
}

static const char *draw_profession(struct random *r, enum role role)
{
    int64_t at = below(r, 100);
    for (int k = 0; k < PROFESSIONS && ROLE[role].professions[k].word != NULL; k++) {
        if (at < ROLE[role].professions[k].percent)
            return ROLE[role].professions[k].word;
        at -= ROLE[role].professions[k].percent;
    }
    return NULL;
}

/* One is as likely as another; world_read has seen to it that there are some. */
static const struct organisation *any_organisation(const struct generator *g, struct random *r)
{
    assert(g->world.organisations != NULL);
    return &g->world.organisations[below(r, (int64_t)g->world.n_organisations)];
}

/*
 * Homes lie some tens of kilometres around a trust (0.14 degrees of latitude are 16 km, 0.22 of longitude 15 km) and
 * are told to a hundredth of a degree, as the centre of a district would be.
 */
static void draw_home(const struct generator *g, struct random *r, struct leader *leader)
{
    const struct organisation *near = leader->organisation;
    if (near == NULL)
        near = any_organisation(g, r);
    leader->region = near->region;
    for (int attempt = 0; attempt < TRIES && !near->located; attempt++) {
        const struct organisation *other = any_organisation(g, r);
        if (other->region == leader->region)
            near = other;
    }
    leader->located = near->located && !chance(r, 5);
    leader->latitude = clamped(near->latitude + bell(r, 14000), 4900000, 6100000) / 1000 * 1000;
    leader->longitude = clamped(near->longitude + bell(r, 22000), -900000, 300000) / 1000 * 1000;
}

/* Money moves about a fifth of people (TERS); other wants are a little more common, and most are small. */
static void draw_wants(const struct generator *g, struct random *r, struct leader *leader)
{
    bool silent = chance(r, 5);
    for (size_t c = 0; c < g->world.n_components; c++) {
        const char *column = g->world.components[c].column;
        bool money = strcmp(column, "pay_premium_pct") == 0 || strcmp(column, "relocation_gbp") == 0;
        int64_t want = chance(r, money ? 21 : 27) ? between(r, 50, 100) : skewed(r, 49);
        leader->wants[c] = chance(r, 10) || silent ? -1 : want;
    }
}

static void draw_leader(const struct generator *g, struct random *r, struct leader *leader)
{
    enum role first = draw_role(r);
    leader->n_roles = draw_roles(r, first, leader->roles);
    leader->grade = (enum grade)pick(r, ROLE[first].leader_grades, GRADES, 100);
    leader->profession = draw_profession(r, first);
    bool outside = chance(r, first == NON_EXECUTIVE || first == CHAIR ? 35 : 4);
    leader->organisation = outside ? NULL : any_organisation(g, r);
    draw_home(g, r, leader);
    leader->travel_km = chance(r, 4) ? -1 : 20 + skewed(r, 26) * 5;
    draw_wants(g, r, leader);
}

/* Scores lie around the grade's mean, moved by the person, by what the role asks most, and by the occasion. */
static void put_scores(const struct generator *g, struct sheet *s, struct random *r, const struct leader *leader,
                       int64_t appraisals)
{
    int64_t person = bell(r, 5);
    enum role first = leader->roles[0];
    for (size_t d = 0; d < g->world.n_domains; d++) {
        int known = g->world.domain_known[d];
        int64_t lean = known < 0 || first == NON_EXECUTIVE ? 0 : (ROLE[first].needs[known] - 33) / 4;
        int64_t score = g->world.prior[leader->grade][d] + person + lean + bell(r, 5);
        if (chance(r, 7) || appraisals == 0)
            sheet_unknown(s);
        else
            sheet_decimal(s, clamped(score, 0, 50), 1);
    }
}

static void put_appraisals(const struct generator *g, struct sheet *s, struct random *r, int64_t appraisals)
{
    int64_t age = skewed(r, 6 * 365);
    if (chance(r, 3))
        sheet_unknown(s);
    else
        sheet_integer(s, appraisals);
    if (appraisals == 0 || chance(r, 3))
        sheet_unknown(s);
    else
        sheet_day(s, g->world.as_of - age);
}

static void put_accreditation(const struct generator *g, struct sheet *s, struct random *r, const char *profession)
{
    int64_t until = chance(r, 7) ? -between(r, 1, 400) : between(r, 200, 1400);
    bool told = profession != NULL && !chance(r, 4);
    sheet_text(s, told ? profession : "");
    if (told && !chance(r, 3))
        sheet_day(s, g->world.as_of + until);
    else
        sheet_unknown(s);
}

static void put_fit_and_proper(const struct generator *g, struct sheet *s, struct random *r, enum grade grade)
{
    bool board = grade == VSM || grade == APPOINTEE;
    int64_t roll = below(r, 100), until = between(r, 150, 1100), lapsed = between(r, 1, 500);
    if (roll < (board ? 8 : 45))
        sheet_unknown(s);
    else
        sheet_day(s, g->world.as_of + (roll < (board ? 16 : 60) ? -lapsed : until));
}

static void list_add_regions(const struct generator *g, struct sheet_list *list, uint64_t regions)
{
    for (size_t k = 0; k < g->world.n_regions; k++)
        if (regions >> k & 1)
            sheet_list_add(list, g->world.regions[k]);
}

/* One's own region, often a neighbour, seldom farther; one in ten would go anywhere. */
static void put_regions(const struct generator *g, struct sheet *s, struct random *r, int own)
{
    bool anywhere = chance(r, 10), told = !chance(r, 4);
    uint64_t regions = chance(r, 85) ? UINT64_C(1) << own : 0;
    for (size_t k = 0; k < g->world.n_regions; k++)
        if (chance(r, (g->world.neighbours[own] >> k & 1) != 0 ? 22 : 5) || anywhere)
            regions |= UINT64_C(1) << k;
    struct sheet_list list = {.len = 0};
    if (told)
        list_add_regions(g, &list, regions);
    sheet_text(s, list.text);
}

static void put_sectors(struct sheet *s, struct random *r, const struct leader *leader)
{
    struct sheet_list list = {.len = 0};
    if (leader->organisation != NULL && leader->organisation->kind != NULL)
        sheet_list_add(&list, leader->organisation->kind->sector);
    bool board_only = leader->roles[0] == NON_EXECUTIVE || leader->roles[0] == CHAIR;
    for (int k = 0; k < OTHER_SECTOR_COUNT; k++)
        if (chance(r, board_only ? 20 : 7))
            sheet_list_add(&list, OTHER_SECTORS[k]);
    sheet_text(s, list.text);
}

static void put_excluded(const struct generator *g, struct sheet *s, struct random *r)
{
    struct sheet_list list = {.len = 0};
    size_t chosen[3];
    int64_t n = chance(r, 8) ? between(r, 1, 3) : 0;
    for (int64_t i = 0; i < n; i++) {
        chosen[i] = (size_t)below(r, (int64_t)g->world.n_organisations);
        bool again = false;
        for (int64_t k = 0; k < i; k++)
            again = again || chosen[k] == chosen[i];
        if (!again)
            sheet_list_add(&list, g->world.organisations[chosen[i]].code);
    }
    sheet_text(s, list.text);
}

static void put_preferences(const struct generator *g, struct sheet *s, struct random *r, const struct leader *leader)
{
    struct sheet_list list = {.len = 0};
    int64_t chosen[3], n = chance(r, 7) ? between(r, 1, 3) : 0;
    for (int64_t i = 0; i < n; i++) {
        chosen[i] = draw_post_for(g, r, leader);
        bool again = chosen[i] < 0;
        for (int64_t k = 0; k < i; k++)
            again = again || chosen[k] == chosen[i];
        char id[24];
        snprintf(id, sizeof id, "V%05lld", (long long)chosen[i] + 1);
        if (!again)
            sheet_list_add(&list, id);
    }
    sheet_text(s, list.text);
}

static void write_leader(struct generator *g, int64_t row, struct leader *leader)
{
    struct sheet *s = &g->sheets[LEADERS_CSV];
    struct random r = draw_stream(g, T_LEADER, row);
    draw_leader(g, &r, leader);
    bool medical = leader->profession != NULL && strcmp(leader->profession, "gmc") == 0;
    int32_t pay = draw_pay(&r, leader->roles[0], leader->grade, medical);
    int64_t appraisals = skewed(&r, 11);
    appraisals = clamped(appraisals + chance(&r, 70), 0, 6);

    put_leader_id(s, row);
    sheet_text(s, leader->organisation != NULL ? leader->organisation->code : "");
    put_roles(s, leader->roles, leader->n_roles);
    sheet_text(s, chance(&r, 2) ? "" : GRADE_NAMES[leader->grade]);
    if (chance(&r, 5))
        sheet_unknown(s);
    else
        sheet_integer(s, pay);
    put_scores(g, s, &r, leader, appraisals);
    put_appraisals(g, s, &r, appraisals);
    put_accreditation(g, s, &r, leader->profession);
    put_fit_and_proper(g, s, &r, leader->grade);
    int64_t ready = skewed(&r, 480) - 60;
    if (chance(&r, 5))
        sheet_unknown(s);
    else
        sheet_day(s, g->world.as_of + ready);
    if (leader->located) {
        sheet_decimal(s, leader->latitude / 1000, 2);
        sheet_decimal(s, leader->longitude / 1000, 2);
    } else {
        sheet_unknown(s);
        sheet_unknown(s);
    }
    if (leader->travel_km >= 0)
        sheet_integer(s, leader->travel_km);
    else
        sheet_unknown(s);
    put_regions(g, s, &r, leader->region);
    put_sectors(s, &r, leader);
    for (size_t c = 0; c < g->world.n_components; c++) {
        if (leader->wants[c] >= 0)
            sheet_decimal(s, leader->wants[c], 2);
        else
            sheet_unknown(s);
    }
    put_excluded(g, s, &r);
    put_preferences(g, s, &r, leader);
    sheet_end_row(s);
}
