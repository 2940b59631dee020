/*
 * What the CSV files hold, as data: a row here is a column there. Adding a column is adding a row.
 *
 * A name that ends in '_' stands for several columns, one for each domain or component of the policy.
 */
#include "schema.h"

#include <string.h>

enum { ID_LEN_MAX = 32 };

#define GBP_MAX INT64_C(1000000000)
#define POT_MAX INT64_C(1000000000000)

/* Shorthands that keep a column on one line; each spells the type, the range and what is of which vocabulary or table. */
#define TEXT .type = WM_TEXT, .unit = ""
#define ID .type = WM_ID, .min = 1, .max = ID_LEN_MAX, .unit = ""
#define REFERS(table) .type = WM_ID, .min = 1, .max = ID_LEN_MAX, .of = table, .unit = ""
#define REFERENCES(table) .type = WM_REFERENCES, .of = table, .unit = ""
#define INTEGER(low, high, units) .type = WM_INTEGER, .min = low, .max = high, .unit = units
#define DECIMAL(places, low, high, units) .type = WM_DECIMAL, .decimals = places, .min = low, .max = high, .unit = units
#define DATE .type = WM_DATE, .unit = ""
#define FLAG .type = WM_FLAG, .max = 1, .unit = ""
#define WORD(vocabulary) .type = WM_WORD, .of = vocabulary, .unit = ""
#define WORDS(vocabulary) .type = WM_WORDS, .of = vocabulary, .unit = ""
#define REQUIRED .required = true
#define LATITUDE DECIMAL(5, 4900000, 6100000, "degrees")
#define LONGITUDE DECIMAL(5, -900000, 300000, "degrees")
#define SURVEY DECIMAL(2, 0, 1000, "0-10")

static const struct wm_column organisations[] = {
    {"ods_code", .type = WM_ID, .min = 3, .max = 5, .unit = "", REQUIRED,
     .about = "Code of the Organisation Data Service."},
    {"name", TEXT, REQUIRED, .about = "Name."},
    {"type", WORD("type"), .about = "What kind of care it gives; staff engagement is compared within a type."},
    {"region", WORD("region"), REQUIRED, .about = "NHS England region."},
    {"icb_code", ID, .about = "Code of its integrated care board."},
    {"icb_name", TEXT, .about = "Name of its integrated care board."},
    {"postcode", TEXT, .about = "Postcode of the head office."},
    {"latitude", LATITUDE, .about = "WGS 84, north."},
    {"longitude", LONGITUDE, .about = "WGS 84, east."},
    {"oversight_segment", INTEGER(1, 5, ""), .about = "Segment of the NHS Oversight Framework, 5 the most challenged."},
    {"segment_as_of", DATE, .about = "Day the segment and the league score speak of."},
    {"league_score", DECIMAL(2, 100, 400, "1-4"), .about = "Average metric score of the league table, 1 the best."},
    {"in_deficit", FLAG, .about = "In financial deficit, which rules out a segment better than 3."},
    {"recovery_programme", WORD("programme"), .about = "Improvement programme it is in."},
    {"cqc_overall", WORD("rating"), .about = "Overall rating by the Care Quality Commission."},
    {"cqc_as_of", DATE, .about = "Day the ratings were published."},
    {"cqc_well_led", WORD("rating"), .about = "Rating of the question whether it is well led."},
    {"pp1_compassionate_inclusive", SURVEY,
     .about = "Staff survey, People Promise 1: we are compassionate and inclusive."},
    {"pp2_recognised_rewarded", SURVEY, .about = "Staff survey, People Promise 2: we are recognised and rewarded."},
    {"pp3_voice_counts", SURVEY, .about = "Staff survey, People Promise 3: we each have a voice that counts."},
    {"pp4_safe_healthy", SURVEY, .about = "Staff survey, People Promise 4: we are safe and healthy."},
    {"pp5_always_learning", SURVEY, .about = "Staff survey, People Promise 5: we are always learning."},
    {"pp6_work_flexibly", SURVEY, .about = "Staff survey, People Promise 6: we work flexibly."},
    {"pp7_team", SURVEY, .about = "Staff survey, People Promise 7: we are a team."},
    {"engagement", SURVEY, .about = "Staff survey, staff engagement."},
    {"morale", SURVEY, .about = "Staff survey, morale."},
    {"survey_as_of", DATE, .about = "Day the survey speaks of."},
    {"source", TEXT, .about = "Where the row's values are from."},
};

static const struct wm_column posts[] = {
    {"post_id", ID, REQUIRED, .about = "Id of the post."},
    {"ods_code", REFERS("organisations.csv"), REQUIRED, .about = "Organisation the post is at."},
    {"title", TEXT, REQUIRED, .about = "Title of the post."},
    {"role", WORD("role"), REQUIRED, .about = "Role that a candidate must have held."},
    {"grade", WORD("grade"), REQUIRED, .about = "Grade of the post."},
    {"salary_gbp", INTEGER(0, GBP_MAX, "GBP"), REQUIRED, .about = "Yearly salary."},
    {"openings", INTEGER(1, 1000, ""), REQUIRED, .about = "How many people the post is for."},
    {"starts", DATE, REQUIRED, .about = "Day the post starts."},
    {"days_vacant", INTEGER(0, 36500, "days"), .about = "Days it has been vacant on the policy's day."},
    {"region", WORD("region"), .about = "Region of the work; empty means the organisation's."},
    {"need_", DECIMAL(1, 0, 50, "0-5"), .about = "Skill the post needs in the domain."},
    {"accreditation_required", WORD("accreditation"), .about = "Accreditation that must be in date on the start day."},
    {"board_role", FLAG, REQUIRED, .about = "On the board: the fit and proper person test applies."},
};

static const struct wm_column leaders[] = {
    {"leader_id", ID, REQUIRED, .about = "Id of the leader; no name is held."},
    {"ods_code", REFERS("organisations.csv"), .about = "Organisation the leader works at now."},
    {"roles", WORDS("role"), .about = "Roles the leader holds or has held."},
    {"grade", WORD("grade"), .about = "Grade now."},
    {"salary_gbp", INTEGER(0, GBP_MAX, "GBP"), .about = "Yearly salary now."},
    {"score_", DECIMAL(1, 0, 50, "0-5"), .about = "Mean appraisal score in the domain."},
    {"appraisals", INTEGER(0, 100, ""), .about = "Appraisals the scores come from."},
    {"appraised_on", DATE, .about = "Day of the last appraisal."},
    {"accreditation", WORDS("accreditation"), .about = "Accreditations held."},
    {"accredited_until", DATE, .about = "Last day on which all of them are in date."},
    {"fit_and_proper_until", DATE, .about = "Last day on which the fit and proper person check is in date."},
    {"ready_from", DATE, .about = "First day the leader can start."},
    {"latitude", LATITUDE, .about = "WGS 84, north, of the centre of the home district."},
    {"longitude", LONGITUDE, .about = "WGS 84, east, of the centre of the home district."},
    {"travel_km", INTEGER(0, 2000, "km"), .about = "Distance the leader would travel without moving."},
    {"regions_willing", WORDS("region"), .about = "Regions the leader would move to."},
    {"sectors", WORDS("sector"), .about = "Sectors the leader has worked in."},
    {"want_", DECIMAL(2, 0, 100, "0-1"), .about = "What the component of a package is worth to the leader."},
    {"organisations_excluded", REFERENCES("organisations.csv"), .about = "Organisations the leader will not go to."},
    {"preferences", REFERENCES("posts.csv"), .about = "Posts the leader would like, the first choice first."},
};

static const struct wm_column packages[] = {
    {"package_id", ID, REQUIRED, .about = "Id of the package."},
    {"name", TEXT, REQUIRED, .about = "Name."},
    {"pay_premium_pct", DECIMAL(1, 0, 1000, "%"), REQUIRED, .about = "Pay premium on the post's salary."},
    {"relocation_gbp", INTEGER(0, GBP_MAX, "GBP"), REQUIRED, .about = "Help with moving, once."},
    {"development_days", INTEGER(0, 1000, "days"), REQUIRED, .about = "Days of training and development."},
    {"flexible_days", INTEGER(0, 366, "days"), REQUIRED, .about = "Days a year that may be worked elsewhere or moved."},
    {"return_right_months", INTEGER(0, 120, "months"), REQUIRED,
     .about = "Months within which the leader may return to the old post."},
    {"peer_network", FLAG, REQUIRED, .about = "A place in a peer network."},
    {"mentor_hours", INTEGER(0, 10000, "hours"), REQUIRED, .about = "Hours with a mentor."},
    {"local_cost_gbp", INTEGER(0, GBP_MAX, "GBP"), REQUIRED,
     .about = "Cost to the organisation, the pay premium apart."},
    {"central_cost_gbp", INTEGER(0, GBP_MAX, "GBP"), REQUIRED, .about = "Cost to national, regional or ICB money."},
    {"stock", INTEGER(0, GBP_MAX, ""), .about = "How many may be given; empty means no limit."},
    {"segments", WORDS("segment"), .about = "Oversight segments it may be used in; empty means any."},
};

static const struct wm_column mentors[] = {
    {"mentor_id", ID, REQUIRED, .about = "Id of the mentor."},
    {"ods_code", REFERS("organisations.csv"), .about = "Organisation the mentor works at."},
    {"region", WORD("region"), REQUIRED, .about = "Region the mentor works in."},
    {"roles", WORDS("role"), REQUIRED, .about = "Roles the mentor can speak from."},
    {"expertise", WORDS("domain"), REQUIRED, .about = "Domains the mentor is strong in."},
    {"hours", INTEGER(0, 10000, "hours"), REQUIRED, .about = "Hours to give."},
    {"remote", FLAG, REQUIRED, .about = "Mentors people in other regions too."},
};

static const struct wm_column budgets[] = {
    {"scope", WORD("budget_scope"), REQUIRED, .about = "Whose money it is."},
    {"code", TEXT, REQUIRED, .about = "Code of the organisation or ICB, name of the region, or ENGLAND."},
    {"amount_gbp", INTEGER(0, POT_MAX, "GBP"), REQUIRED, .about = "What may be spent."},
};

static const struct wm_column monitoring[] = {
    {"leader_id", REFERS("leaders.csv"), REQUIRED, .about = "The leader."},
    {"sex", TEXT, .about = "Sex."},
    {"ethnic_group", TEXT, .about = "Ethnic group."},
    {"age_band", TEXT, .about = "Age band."},
    {"disability", TEXT, .about = "Disability."},
    {"religion", TEXT, .about = "Religion or belief."},
    {"sexual_orientation", TEXT, .about = "Sexual orientation."},
};

static const struct wm_column history[] = {
    {"offer_id", ID, REQUIRED, .about = "Id of the offer."},
    {"leader_id", REFERS("leaders.csv"), .about = "To whom."},
    {"post_id", REFERS("posts.csv"), .about = "For which post."},
    {"package_id", REFERS("packages.csv"), REQUIRED, .about = "With which package."},
    {"mentored", FLAG, REQUIRED, .about = "Whether a mentor was part of it."},
    {"accepted", FLAG, REQUIRED, .about = "Whether it was accepted."},
    {"offered_on", DATE, .about = "Day of the offer."},
};

#define COLUMNS(array) array, sizeof array / sizeof *array

static const struct {
    const char *file, *kind;
    bool must_have_rows;
    const struct wm_column *columns;
    size_t n_columns;
} tables[WM_TABLES_ALL] = {
    [WM_ORGANISATIONS] = {"organisations.csv", "organisation", true, COLUMNS(organisations)},
    [WM_POSTS] = {"posts.csv", "post", true, COLUMNS(posts)},
    [WM_LEADERS] = {"leaders.csv", "leader", false, COLUMNS(leaders)},
    [WM_PACKAGES] = {"packages.csv", "package", true, COLUMNS(packages)},
    [WM_MENTORS] = {"mentors.csv", "mentor", false, COLUMNS(mentors)},
    [WM_BUDGETS] = {"budgets.csv", "budget", false, COLUMNS(budgets)},
    [WM_MONITORING] = {"monitoring.csv", "monitoring", false, COLUMNS(monitoring)},
    [WM_HISTORY] = {"history.csv", "offer", false, COLUMNS(history)},
};

static bool is_expanded(const struct wm_column *column)
{
    return column->name[strlen(column->name) - 1] == '_';
}

/* How many columns one row of the schema stands for, and the name of the i-th. */
static size_t expansion(const struct wm_column *column, const struct policy *policy)
{
    if (!is_expanded(column))
        return 1;
    return strcmp(column->name, "want_") == 0 ? policy->n_components : policy->n_domains;
}

static const char *expanded_name(struct arena *arena, const struct wm_column *column, const struct policy *policy,
                                 size_t i)
{
    const char *suffix = strcmp(column->name, "want_") == 0 ? policy->components[i].name : policy->domains[i].name;
    size_t prefix_len = strlen(column->name), suffix_len = strlen(suffix);
    char *name = arena_alloc(arena, prefix_len + suffix_len + 1, 1);
    if (name) {
        memcpy(name, column->name, prefix_len);
        memcpy(name + prefix_len, suffix, suffix_len);
    }
    return name;
}

int schema_columns(struct arena *arena, enum wm_table table, const struct policy *policy, struct wm_column **out,
                   size_t *n)
{
    size_t n_columns = 0, at = 0;
    for (size_t c = 0; c < tables[table].n_columns; c++)
        n_columns += expansion(&tables[table].columns[c], policy);
    struct wm_column *columns = arena_alloc(arena, n_columns, sizeof *columns);
    if (!columns)
        return WM_EMEMORY;
    for (size_t c = 0; c < tables[table].n_columns; c++) {
        const struct wm_column *column = &tables[table].columns[c];
        for (size_t i = 0; i < expansion(column, policy); i++, at++) {
            columns[at] = *column;
            if (is_expanded(column))
                columns[at].name = expanded_name(arena, column, policy, i);
            if (!columns[at].name)
                return WM_EMEMORY;
        }
    }
    *out = columns;
    *n = n_columns;
    return WM_OK;
}

const struct wm_column *schema_column(enum wm_table table, const char *name)
{
    for (size_t c = 0; c < tables[table].n_columns; c++)
        if (strcmp(tables[table].columns[c].name, name) == 0)
            return &tables[table].columns[c];
    return NULL;
}

bool schema_is_expanded(enum wm_table table, const char *heading)
{
    for (size_t c = 0; c < tables[table].n_columns; c++) {
        const struct wm_column *column = &tables[table].columns[c];
        if (is_expanded(column) && strncmp(heading, column->name, strlen(column->name)) == 0)
            return true;
    }
    return false;
}

bool schema_must_have_rows(enum wm_table table)
{
    return tables[table].must_have_rows;
}

int schema_table(const char *file)
{
    for (int table = 0; table < WM_TABLES_ALL; table++)
        if (strcmp(tables[table].file, file) == 0)
            return table;
    return -1;
}

const char *wm_table_name(enum wm_table table)
{
    return (size_t)table < WM_TABLES_ALL ? tables[table].file : "unknown";
}

const char *wm_table_kind(enum wm_table table)
{
    return (size_t)table < WM_TABLES_ALL ? tables[table].kind : "unknown";
}
