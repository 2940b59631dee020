/*
 * Makes a dataset: real organisations and policy copied, everything else drawn from a seed.
 *
 * Every row draws from a stream of its own, seeded by (seed, table, row), so a row does not change when more rows are
 * asked for, and leaders can be written as they are drawn. All arithmetic is on integers: normal-looking draws are sums
 * of uniforms and the logistic curve is a table, so no bit depends on a compiler or a maths library.
 *
 * What the distributions rest on is told in data/README.md. No number here describes a real person.
 */
#include "generate.h"

#include "generate_facts.h"
#include "generate_random.h"
#include "generate_sheet.h"
#include "generate_world.h"
#include "wellmatch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MENTORS_MAX = 400,
    LEADER_ROLES_MAX = 3,
    TRIES = 32, /* to find an organisation whose board seat is free */
    PROGRESS_EVERY = 10000
};

/* ---- State ---- */

enum sheet_index {
    ORGANISATIONS_CSV,
    POLICY_JSON,
    POSTS_CSV,
    LEADERS_CSV,
    PACKAGES_CSV,
    MENTORS_CSV,
    BUDGETS_CSV,
    MONITORING_CSV,
    HISTORY_CSV,
    SHEETS
};
static const char *const SHEET_NAMES[SHEETS] = {
    "organisations.csv", "policy.json", "posts.csv",      "leaders.csv", "packages.csv",
    "mentors.csv",       "budgets.csv", "monitoring.csv", "history.csv",
};

struct post {
    int32_t organisation;
    uint8_t role;
};

struct generator {
    const struct generate_options *options;
    struct world world;
    bool made_dir;
    struct sheet sheets[SHEETS];
    struct post *posts;            /* [options->posts] */
    int64_t role_start[ROLES + 1]; /* posts_by_role from ... to before the next role's */
    int32_t *posts_by_role;        /* [options->posts] */
    int64_t offers;
};

/* Each table draws from streams of its own. */
enum table { T_POST = 1, T_LEADER, T_MENTOR, T_BUDGET, T_MONITORING, T_HISTORY, T_ROLES };

static struct random stream(const struct generator *g, enum table table, int64_t row)
{
    return random_stream(g->options->seed, table, row);
}

/* ---- Ids, headings, lists ---- */

/* "L000017": ids of one width sort as their numbers do. */
static void put_id(struct sheet *s, char letter, int width, int64_t row)
{
    char text[24];
    snprintf(text, sizeof text, "%c%0*lld", letter, width, (long long)row + 1);
    sheet_text(s, text);
}

static void put_post_id(struct sheet *s, int64_t row)
{
    put_id(s, 'V', 5, row);
}

static void put_leader_id(struct sheet *s, int64_t row)
{
    put_id(s, 'L', 6, row);
}

static void put_domain_headings(const struct generator *g, struct sheet *s, const char *prefix)
{
    for (size_t d = 0; d < g->world.n_domains; d++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", prefix, g->world.domains[d]);
        sheet_text(s, name);
    }
}

static void list_add_regions(const struct generator *g, struct sheet_list *list, uint64_t regions)
{
    for (size_t k = 0; k < g->world.n_regions; k++)
        if (regions >> k & 1)
            sheet_list_add(list, g->world.regions[k]);
}

/* ---- Organisations, pay and roles: drawn for posts and for people alike ---- */

/* The row in which a running sum of shares passes a uniform draw. */
static size_t organisation_by(const struct generator *g, struct random *r, bool calm)
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

static int32_t draw_pay(struct random *r, enum role role, enum grade grade, bool medical)
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

/* The role first, then up to two held on the way; returns how many. */
static int draw_roles(struct random *r, enum role first, enum role roles[LEADER_ROLES_MAX])
{
    int n = 0;
    roles[n++] = first;
    for (int k = 0; k < EARLIER && n < LEADER_ROLES_MAX && ROLE[first].earlier[k].percent > 0; k++)
        if (chance(r, ROLE[first].earlier[k].percent))
            roles[n++] = ROLE[first].earlier[k].role;
    return n;
}

static int leader_shares(int shares[ROLES])
{
    int whole = 0;
    for (int k = 0; k < ROLES; k++)
        whole += shares[k] = ROLE[k].leaders;
    return whole;
}

/* ---- Posts ---- */

/*
 * Roles follow a golden-ratio sequence through their shares, so that sixty posts already hold every role about as
 * often as two thousand do.
 */
static enum role role_of_post(const struct generator *g, int64_t row)
{
    struct random r = stream(g, T_ROLES, 0);
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
    size_t o = organisation_by(g, r, false);
    for (int attempt = 0; attempt < TRIES && !suits(&g->world.organisations[o], *role); attempt++)
        o = organisation_by(g, r, false);
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
    struct random r = stream(g, T_POST, row);
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

static void write_posts(struct generator *g)
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

/* ---- Leaders ---- */

struct leader {
    const struct organisation *organisation; /* NULL: from outside, or not known */
    enum role roles[LEADER_ROLES_MAX];
    int n_roles;
    enum grade grade;
    const char *profession; /* NULL: none */
    int region;
    bool located;
    int64_t latitude, longitude;
    int64_t travel_km;                /* -1 unknown */
    int64_t wants[WM_COMPONENTS_MAX]; /* hundredths, -1 unknown */
};

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

/*
 * Homes lie some tens of kilometres around a trust (0.14 degrees of latitude are 16 km, 0.22 of longitude 15 km) and
 * are told to a hundredth of a degree, as the centre of a district would be.
 */
static void draw_home(const struct generator *g, struct random *r, struct leader *leader)
{
    const struct organisation *near = leader->organisation;
    if (near == NULL)
        near = &g->world.organisations[below(r, (int64_t)g->world.n_organisations)];
    leader->region = near->region;
    for (int attempt = 0; attempt < TRIES && !near->located; attempt++) {
        const struct organisation *other = &g->world.organisations[below(r, (int64_t)g->world.n_organisations)];
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
    int shares[ROLES];
    int whole = leader_shares(shares);
    enum role first = (enum role)pick(r, shares, ROLES, whole);
    leader->n_roles = draw_roles(r, first, leader->roles);
    leader->grade = (enum grade)pick(r, ROLE[first].leader_grades, GRADES, 100);
    leader->profession = draw_profession(r, first);
    bool outside = chance(r, first == NON_EXECUTIVE || first == CHAIR ? 35 : 4);
    leader->organisation = outside ? NULL : &g->world.organisations[below(r, (int64_t)g->world.n_organisations)];
    draw_home(g, r, leader);
    leader->travel_km = chance(r, 4) ? -1 : 20 + skewed(r, 26) * 5;
    draw_wants(g, r, leader);
}

static void put_roles(struct sheet *s, const enum role roles[], int n)
{
    struct sheet_list list = {.len = 0};
    for (int k = 0; k < n; k++)
        sheet_list_add(&list, ROLE[roles[k]].name);
    sheet_text(s, list.text);
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

/* A row among the posts of one of the leader's roles, or -1 when those roles have none. */
static int64_t draw_post_for(const struct generator *g, struct random *r, const struct leader *leader)
{
    enum role role = leader->roles[below(r, leader->n_roles)];
    int64_t n = g->role_start[role + 1] - g->role_start[role];
    return n > 0 ? g->posts_by_role[g->role_start[role] + below(r, n)] : -1;
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
    struct random r = stream(g, T_LEADER, row);
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

/* ---- Monitoring: apart, from a stream of its own, so that no score can follow it ---- */

struct answer {
    const char *word;
    int share; /* percent of those who answer */
};

static void put_answer(struct sheet *s, struct random *r, const struct answer answers[], int n)
{
    int64_t at = below(r, 100);
    int i = 0;
    while (i < n - 1 && at >= answers[i].share)
        at -= answers[i++].share;
    sheet_text(s, chance(r, 7) ? "" : answers[i].word);
}

static void write_monitoring(struct generator *g, int64_t row, enum grade grade)
{
    static const struct answer SEX[2][2] = {{{"female", 66}, {"male", 34}}, {{"female", 50}, {"male", 50}}};
    static const struct answer ETHNIC[2][5] = {
        {{"white", 77}, {"asian", 12}, {"black", 7}, {"mixed", 2}, {"other", 2}},
        {{"white", 87}, {"asian", 7}, {"black", 3}, {"mixed", 2}, {"other", 1}},
    };
    static const struct answer AGE[] = {
        {"under_35", 8}, {"35_44", 27}, {"45_54", 38}, {"55_64", 23}, {"65_and_over", 4}};
    static const struct answer DISABILITY[] = {{"no", 89}, {"yes", 7}, {"prefer_not_to_say", 4}};
    static const struct answer RELIGION[] = {{"none", 41},    {"christian", 41}, {"muslim", 5},
                                             {"hindu", 4},    {"sikh", 2},       {"jewish", 1},
                                             {"buddhist", 1}, {"other", 1},      {"prefer_not_to_say", 4}};
    static const struct answer ORIENTATION[] = {
        {"heterosexual", 87}, {"gay_or_lesbian", 4}, {"bisexual", 2}, {"other", 1}, {"prefer_not_to_say", 6}};
    struct sheet *s = &g->sheets[MONITORING_CSV];
    struct random r = stream(g, T_MONITORING, row);
    bool top = grade == VSM || grade == APPOINTEE;
    put_leader_id(s, row);
    put_answer(s, &r, SEX[top], 2);
    put_answer(s, &r, ETHNIC[top], 5);
    put_answer(s, &r, AGE, 5);
    put_answer(s, &r, DISABILITY, 3);
    put_answer(s, &r, RELIGION, 9);
    put_answer(s, &r, ORIENTATION, 5);
    sheet_end_row(s);
}

/* ---- History: past offers, accepted as the policy's own model would have it ---- */

static int64_t square_root(int64_t square)
{
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 30; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= square)
            root += bit;
    return root;
}

/* On a plane, with the cosine of the latitude drawn as a line: within 1% between 49 and 61 degrees. */
static int64_t distance_km(const struct leader *leader, const struct organisation *o)
{
    int64_t middle = (leader->latitude + o->latitude) / 2;
    int64_t cosine_milli = 656 - (middle - 4900000) * 1428 / 10000000;
    int64_t north = (leader->latitude - o->latitude) * 1112 / 1000;
    int64_t east = (leader->longitude - o->longitude) * 1112 / 1000 * cosine_milli / 1000;
    return square_root(north * north + east * east) / 1000;
}

static int64_t amount_of(const struct package *package, const char *column)
{
    const struct {
        const char *column;
        int64_t tenths;
    } amounts[] = {
        {"pay_premium_pct", package->premium_tenths},
        {"relocation_gbp", package->relocation_gbp * 10},
        {"development_days", package->development_days * 10},
        {"flexible_days", package->flexible_days * 10},
        {"return_right_months", package->return_right_months * 10},
        {"peer_network", package->peer_network * 10},
        {"mentor_hours", package->mentor_hours * 10},
    };
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        if (strcmp(amounts[i].column, column) == 0)
            return amounts[i].tenths;
    return 0;
}

/* 10,000 times the logistic function, from -8 to 8 in steps of a half. */
static const int16_t LOGISTIC[] = {
    3,    6,    9,    15,   25,   41,   67,   110,  180,  293,  474,  759,  1192, 1824, 2689, 3775, 5000,
    6225, 7311, 8176, 8808, 9241, 9526, 9707, 9820, 9890, 9933, 9959, 9975, 9985, 9991, 9994, 9997,
};

static int64_t logistic(int64_t logit_milli)
{
    int64_t at = clamped(logit_milli, -8000, 7999) + 8000;
    int64_t low = LOGISTIC[at / 500], high = LOGISTIC[at / 500 + 1];
    return low + (high - low) * (at % 500) / 500;
}

/* Offers went to people who live near: the nearest of eight posts, -1 when none of them can be placed on a map. */
static int64_t draw_near_post(const struct generator *g, struct random *r, const struct leader *leader)
{
    int64_t nearest = -1, least = INT64_MAX;
    for (int attempt = 0; attempt < 8; attempt++) {
        int64_t post = draw_post_for(g, r, leader);
        if (post < 0 || !g->world.organisations[g->posts[post].organisation].located)
            continue;
        int64_t km = distance_km(leader, &g->world.organisations[g->posts[post].organisation]);
        if (km < least) {
            least = km;
            nearest = post;
        }
    }
    return nearest;
}

static void write_past_offer(struct generator *g, int64_t row, const struct leader *leader)
{
    struct sheet *s = &g->sheets[HISTORY_CSV];
    struct random r = stream(g, T_HISTORY, row);
    bool offered = chance(&r, 60) && leader->located;
    int64_t post = offered ? draw_near_post(g, &r, leader) : -1;
    if (post < 0)
        return;
    const struct organisation *o = &g->world.organisations[g->posts[post].organisation];
    int64_t excess = clamped(distance_km(leader, o) - clamped(leader->travel_km, 0, 2000), 0, 2000);
    if (excess > 120)
        return;
    const struct package *package = &PACKAGES[below(&r, PACKAGE_COUNT - 1)]; /* never the one above the cap */
    bool mentored = package->mentor_hours > 0 && chance(&r, 90);
    int64_t quality = between(&r, 30, 95);
    int64_t logit =
        g->world.accept_base - g->world.accept_distance * excess / 100 - g->world.accept_severity * o->severity / 100;
    for (size_t c = 0; c < g->world.n_components; c++) {
        const struct component *component = &g->world.components[c];
        int64_t amount = clamped(amount_of(package, component->column), 0, component->full);
        if (leader->wants[c] > 0 && (mentored || strcmp(component->column, "mentor_hours") != 0))
            logit += component->effect_milli * leader->wants[c] / 100 * amount / component->full;
    }
    logit += mentored ? g->world.accept_mentor * quality / 100 : 0;

    put_id(s, 'H', 6, g->offers++);
    put_leader_id(s, row);
    put_post_id(s, post);
    sheet_text(s, package->id);
    sheet_integer(s, mentored);
    sheet_integer(s, below(&r, 10000) < logistic(logit));
    sheet_day(s, g->world.as_of - between(&r, 30, 1500));
    sheet_end_row(s);
}

static int write_leaders(struct generator *g)
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
    sheet_headings(&g->sheets[MONITORING_CSV],
                   "leader_id sex ethnic_group age_band disability religion sexual_orientation");
    sheet_end_row(&g->sheets[MONITORING_CSV]);
    sheet_headings(&g->sheets[HISTORY_CSV], "offer_id leader_id post_id package_id mentored accepted offered_on");
    sheet_end_row(&g->sheets[HISTORY_CSV]);
    for (int64_t row = 0; row < options->leaders; row++) {
        struct leader leader;
        write_leader(g, row, &leader);
        write_monitoring(g, row, leader.grade);
        write_past_offer(g, row, &leader);
        if ((row + 1) % PROGRESS_EVERY == 0 || row + 1 == options->leaders) {
            if (options->on_progress != NULL)
                options->on_progress(options->context, row + 1, options->leaders);
            if (ferror(s->file)) /* a full disk is told now, not after the last million */
                return world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(errno));
        }
    }
    return WM_OK;
}

/* ---- Packages, mentors, money ---- */

static void write_packages(struct generator *g)
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

static void write_mentor(struct generator *g, int64_t row)
{
    struct sheet *s = &g->sheets[MENTORS_CSV];
    struct random r = stream(g, T_MENTOR, row);
    const struct organisation *o = &g->world.organisations[organisation_by(g, &r, true)];
    int shares[ROLES];
    int whole = leader_shares(shares);
    enum role roles[LEADER_ROLES_MAX];
    int n = draw_roles(&r, (enum role)pick(&r, shares, ROLES, whole), roles);
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

static void write_mentors(struct generator *g)
{
    int64_t n = clamped(g->options->leaders / 10, 1, MENTORS_MAX);
    sheet_headings(&g->sheets[MENTORS_CSV], "mentor_id ods_code region roles expertise hours remote");
    sheet_end_row(&g->sheets[MENTORS_CSV]);
    for (int64_t row = 0; row < n; row++)
        write_mentor(g, row);
}

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
static void write_budgets(struct generator *g)
{
    struct random r = stream(g, T_BUDGET, 0);
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

/* ---- Files ---- */

static int check_options(struct generator *g)
{
    const struct generate_options *o = g->options;
    if (o->leaders < 1 || o->leaders > WM_ROWS_MAX)
        return world_complain(&g->world, WM_EARGUMENT, "the number of leaders is %lld; 1 to %d", (long long)o->leaders,
                              WM_ROWS_MAX);
    if (o->posts < 1 || o->posts > WM_ROWS_MAX)
        return world_complain(&g->world, WM_EARGUMENT, "the number of posts is %lld; 1 to %d", (long long)o->posts,
                              WM_ROWS_MAX);
    if (o->dir == NULL || o->dir[0] == '\0')
        return world_complain(&g->world, WM_EARGUMENT, "no directory was named");
    if (strlen(o->dir) > PATH_MAX - 32)
        return world_complain(&g->world, WM_EARGUMENT, "the directory's name is too long");
    return WM_OK;
}

static int open_dir(struct generator *g)
{
    const char *dir = g->options->dir;
    if (mkdir(dir, 0777) == 0) {
        g->made_dir = true;
        return WM_OK;
    }
    if (errno != EEXIST)
        return world_complain(&g->world, WM_EREAD, "%s cannot be created: %s", dir, strerror(errno));
    DIR *list = opendir(dir);
    if (list == NULL)
        return world_complain(&g->world, WM_EREAD, "%s cannot be opened: %s", dir, strerror(errno));
    bool empty = true;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(list);
    if (!empty && !g->options->force)
        return world_complain(&g->world, WM_EARGUMENT,
                              "%s is not empty; name a new directory, or give --force to replace its dataset", dir);
    return WM_OK;
}

static int open_sheets(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        snprintf(s->part, sizeof s->part, "%s/%s.part", g->options->dir, SHEET_NAMES[i]);
        s->file = fopen(s->part, "wb");
        if (s->file == NULL) {
            int code = world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(errno));
            s->part[0] = '\0';
            return code;
        }
    }
    return WM_OK;
}

static int close_sheets(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        FILE *file = s->file;
        s->file = NULL;
        bool written = fflush(file) == 0 && !ferror(file);
        int reason = errno;
        if (fclose(file) != 0 && written) {
            reason = errno;
            written = false;
        }
        if (!written)
            return world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(reason));
    }
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(s->part) - strlen(".part")), s->part);
        if (rename(s->part, name) != 0)
            return world_complain(&g->world, WM_EREAD, "%s cannot be renamed: %s", s->part, strerror(errno));
        s->part[0] = '\0';
    }
    return WM_OK;
}

static void undo(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        if (g->sheets[i].file != NULL)
            fclose(g->sheets[i].file);
        if (g->sheets[i].part[0] != '\0')
            unlink(g->sheets[i].part);
    }
    if (g->made_dir)
        rmdir(g->options->dir);
}

static int read_all(struct generator *g)
{
    int code = world_read(&g->world, g->options->policy_path, g->options->organisations_path);
    if (code != WM_OK)
        return code;
    g->posts = calloc((size_t)g->options->posts, sizeof *g->posts);
    g->posts_by_role = calloc((size_t)g->options->posts, sizeof *g->posts_by_role);
    return g->posts != NULL && g->posts_by_role != NULL ? WM_OK
                                                        : world_complain(&g->world, WM_EMEMORY, "out of memory");
}

static int write_all(struct generator *g)
{
    int code = open_sheets(g);
    if (code != WM_OK)
        return code;
    fwrite(g->world.organisations_bytes, 1, g->world.organisations_len, g->sheets[ORGANISATIONS_CSV].file);
    fwrite(g->world.policy_bytes, 1, g->world.policy_len, g->sheets[POLICY_JSON].file);
    write_posts(g);
    write_packages(g);
    write_mentors(g);
    write_budgets(g);
    code = write_leaders(g);
    return code == WM_OK ? close_sheets(g) : code;
}

int generate_dataset(const struct generate_options *options, char *error, size_t error_cap)
{
    struct generator *g = calloc(1, sizeof *g);
    if (error_cap > 0)
        error[0] = '\0';
    if (g == NULL) {
        if (error_cap > 0)
            snprintf(error, error_cap, "out of memory");
        return WM_EMEMORY;
    }
    g->options = options;
    g->world.error = error;
    g->world.error_cap = error_cap;
    int code = check_options(g);
    if (code == WM_OK)
        code = read_all(g);
    if (code == WM_OK)
        code = open_dir(g);
    if (code == WM_OK)
        code = write_all(g);
    if (code != WM_OK)
        undo(g);
    world_fini(&g->world);
    free(g->posts);
    free(g->posts_by_role);
    free(g);
    return code;
}
