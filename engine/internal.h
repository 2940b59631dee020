/* Struct bodies and helpers shared by engine files only: arena, policy, tables, and the columns the kernel reads. */
#ifndef WM_INTERNAL_H
#define WM_INTERNAL_H

#include "wellmatch.h"
#include "arena.h"

#include <stdatomic.h>

enum {
    TILE_WORDS = 8,      /* of bits, 64 lanes each, judged at a time; bitmaps are padded to a multiple of it */
    LANES = 16,          /* candidates scored at a time; leader columns are padded to a multiple of it */
    VOCABULARY_MAX = 62, /* words of one vocabulary: a bit set is an int64_t cell and WM_MISSING stays apart */
    OFFERS_MAX = 64      /* packages of a dataset */
};

#define MICRO 1000000
#define NANO 1000000000

/* ---- policy.c: policy.json, validated once ---- */

struct word {
    const char *name;    /* as cells spell it */
    const char *title;   /* for people; the name when none is given */
    int32_t from, until; /* days the word is valid, INT32_MIN / INT32_MAX when open */
};

struct vocabulary {
    const char *name;
    size_t n;
    struct word *words;
};

struct policy_domain {
    const char *name, *title;
    /* What makes this domain weigh more at an organisation: means over the signals named that are present. */
    size_t n_signals;
    int signals[WM_SIGNAL_COUNT]; /* enum wm_signal */
};

struct policy_component {
    const char *name;
    const char *column; /* of packages.csv, numeric */
    int64_t full;       /* scaled amount of that column worth the whole effect; more counts no more */
    double effect;      /* logit points at the full amount for a leader whose want is 1 */
};

struct policy {
    const char *version;
    int32_t as_of;
    char digest[33];
    size_t n_vocabularies;
    struct vocabulary *vocabularies; /* region, type, role, grade (lowest first), accreditation, sector, programme,
                                        rating, segment, budget_scope, and domain, component built from the two lists */
    size_t n_domains;
    struct policy_domain domains[WM_DOMAINS_MAX];
    size_t n_components;
    struct policy_component components[WM_COMPONENTS_MAX];
    double prior[VOCABULARY_MAX][WM_DOMAINS_MAX]; /* mean skill 0-5 by grade and domain */
    double rating_level[VOCABULARY_MAX];          /* by rating word: 0 best to 1 worst */
    int programme_segment[VOCABULARY_MAX];        /* by programme word: the segment it stands for, 0 = none */

    struct {
        double weight[WM_SIGNAL_COUNT];
        double half_life_days[WM_SIGNAL_COUNT];
        double vacancy_full_days; /* days vacant that count as 1 */
        double unknown;           /* stand-in when there is no signal and the planner names the post */
    } severity;
    struct {
        double prior_appraisals; /* n0 */
        double half_life_days;
    } skill;
    struct {
        double boost; /* weight of a domain is need * (1 + boost * level of its worst-off signals) */
    } fit;
    struct {
        double base, distance_per_100km, severity, mentor;
        double preference_first, preference_step; /* first choice, less a step for each later one, never below 0 */
        double unknown_excess_km;                 /* stand-in for km beyond travel_km when a location is unknown */
    } accept;
    struct {
        double expertise, place, free; /* add up to 1 */
        double remote;                 /* value of place for a remote mentor outside the region */
    } mentor;
    struct {
        int64_t grade_steps_up, grade_steps_down;
        double premium_cap_pct;
        int64_t relocation_cap_gbp, approval_salary_gbp;
        double premium_years; /* years of pay premium that count as local cost */
    } rules;
};

/*
 * Parses and validates policy.json into the arena. Every fault is added, located by line and character.
 * WM_EDATA, WM_EMEMORY.
 */
int policy_parse(struct arena *arena, const char *bytes, size_t len, struct wm_faults *faults, struct policy *out);
/* NULL when there is none of that name. */
const struct vocabulary *policy_vocabulary(const struct policy *policy, const char *name);
/* Index of a word, or -1. */
int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t len);

/* ---- faults.c ---- */

/* Adds a fault; texts are copied. `expected` may be "". Running out of memory only counts. */
void fault_add(struct wm_faults *faults, const char *file, long line, long column, const char *expected,
               const char *what_format, ...) __attribute__((format(printf, 6, 7)));
/* False once faults are only counted (or there is no list): no need to work out good texts for more of them. */
bool faults_all_kept(const struct wm_faults *faults);
void faults_sort(struct wm_faults *faults); /* by file, line, column, what */

/* ---- csv.c and table.c: files to sealed tables ---- */

struct table {
    size_t n_columns;
    struct wm_column *columns;
    size_t n_rows;
    /* [n_columns][n_rows], see wm_cell_number; text, ids and references: offset into `text`, or WM_MISSING */
    int64_t **cells;
    char *text; /* NUL-terminated strings */
    size_t text_len;
    const char **id;                        /* [n_rows], strictly increasing by strcmp */
    const struct vocabulary **vocabularies; /* [n_columns] of WM_WORD and WM_WORDS, else NULL */
};

/* ---- dataset ---- */

/* The pots that pay for a post: its organisation's own for local costs, the other three for central ones. */
enum pot { POT_ORGANISATION, POT_NATIONAL, POT_REGION, POT_ICB, POT_COUNT };

/* What a post asks and offers, computed when the dataset is sealed. Money and micro numbers are integers. */
struct post_terms {
    struct wm_severity severity;
    int32_t weight_micro[WM_DOMAINS_MAX];    /* w_d; adds up to MICRO, or all 0 when no need is stated */
    double weight_per_skill[WM_DOMAINS_MAX]; /* weight_micro / need in 1e-4: a fit part is min(skill * this, weight) */
    int32_t need_micro[WM_DOMAINS_MAX];      /* 0 also when unknown */
    uint32_t missing;                        /* WM_MISSING_BIT_... that hold for every leader */
    uint32_t needed;                         /* bit a domain with a need */
    uint32_t unstated;                       /* bit a domain whose need is unknown */
    size_t organisation;                     /* row */
    int region, role, grade, accreditation;  /* vocabulary index; accreditation -1: none required */
    int segment;                             /* effective, 0 = unknown */
    bool board_role, located;
    int32_t starts;
    float x, y, z;                /* unit vector of the organisation */
    int32_t severity_logit_micro; /* -aversion * severity */
    int32_t pots[POT_COUNT];      /* budget row, WM_NO_ROW when none is stated */
    struct wm_offer *offers;      /* [n_packages] in package order, barred ones too */
    size_t n_preferred;
    const struct preference *preferred; /* leaders who named this post */
};

struct preference {
    uint32_t post, lane;
    int32_t logit_micro;
};

/*
 * The leaders as the kernel reads them: one array a column, LANES at a time, the last block padded with leaders who hold
 * no role. Lanes are sorted by (roles, row), so that leaders of one kind fill whole blocks and the others are skipped.
 */
struct leader_columns {
    size_t n, n_padded;
    uint32_t *row_of_lane;          /* [n] */
    uint32_t *lane_of_row;          /* [n] */
    int32_t *skill[WM_DOMAINS_MAX]; /* [n_padded] each, as all below; 0-5 in 1e-4 */
    int32_t *evidence_micro[WM_DOMAINS_MAX];
    int32_t *want[WM_COMPONENTS_MAX];                              /* in 1e-2 */
    float *x, *y, *z;                                              /* unit vector of the home district */
    int32_t *travel_hm;                                            /* hectometres: 0.1 km; -1 unknown */
    uint64_t *roles, *accreditations, *regions, *sectors;          /* bit sets; UNKNOWN_SET alone when unknown */
    int32_t *grade;                                                /* vocabulary index, -1 unknown */
    int32_t *accredited_until, *fit_and_proper_until, *ready_from; /* DAY_UNKNOWN when unknown */
    int32_t *located;                                              /* 0 or 1 */
    uint16_t *skill_missing, *want_missing;                        /* bit a domain, a component */
    const uint32_t **excluders; /* [n_organisations + 1]: lanes that exclude organisation o stand from [o] to [o + 1] */
};

/*
 * The same as bits, 64 lanes a word: who holds, is or would move to each word of a vocabulary, and of whom that is
 * unknown. Rules are then judged a word at a time (sieve.inc.c). Arrays are [n_words]; a bit a word of five
 * vocabularies, and nine more: with the generator's policy 58 bits a leader.
 */
struct leader_bits {
    size_t n_words;
    uint64_t *everybody; /* 0 where words are padded */
    uint64_t *role[VOCABULARY_MAX], *grade[VOCABULARY_MAX], *accreditation[VOCABULARY_MAX], *region[VOCABULARY_MAX],
        *sector[VOCABULARY_MAX];
    uint64_t *role_unknown, *grade_unknown, *accreditation_unknown, *region_unknown;
    uint64_t *accredited_until_unknown, *fit_and_proper_until_unknown, *ready_from_unknown;
    uint64_t *measurable; /* their home and how far they would travel are known */
    float *reach;         /* [n_padded] the square of the longest chord within travelling distance; -1 unknown */
};

#define UNKNOWN_SET (UINT64_C(1) << 63)
#define DAY_UNKNOWN INT32_MIN

struct kernel; /* score.h */

#define DATASET_BYTES_MAX ((size_t)16 << 30)

struct wm_dataset {
    atomic_size_t references;
    struct arena arena;
    struct policy policy;
    const char *policy_json; /* its bytes */
    size_t policy_len;
    struct table tables[WM_TABLES];
    struct wm_dataset *built; /* of a revised dataset: the one whose tables these are, held by a reference; else NULL */
    char digest[33];
    const struct kernel *kernel;
    struct leader_columns leaders;
    struct leader_bits bits;
    struct post_terms *posts; /* [posts] */
    int32_t *amounts; /* [packages][components] logit points in 1e-4 for a want of 1: want * amount is in micro */
};

/*
 * severity.c: `post`'s severity from its organisation's signals and its vacancy; `engagement_level` is [organisations], -1
 * unknown.
 */
void severity_derive(const struct wm_dataset *dataset, size_t post, const int32_t *engagement_level,
                     struct wm_severity *out);
/* Levels of staff engagement within each type of organisation: 0 best to MICRO worst, -1 unknown. */
int severity_engagement_levels(const struct wm_dataset *dataset, struct arena *arena, int32_t **out);

/*
 * offers.c: every package on `post`, with mentor, cost and bar; out[n_packages]. Notes in `terms` which pots pay and which
 * are missing.
 */
void offers_derive(const struct wm_dataset *dataset, struct post_terms *terms, size_t post, struct wm_offer *out);

/* offers.c: the mentors who know the role and can reach the post, by row, whatever hours they have; returns how many. */
struct mentor_for {
    uint32_t mentor;
    int32_t quality_micro;
};
size_t mentors_for(const struct wm_dataset *dataset, const struct post_terms *terms, struct mentor_for *out);

/*
 * derive.c: fills kernel, leaders, posts and amounts of a dataset whose tables and policy are in place, all validated
 * (at most OFFERS_MAX packages among it). WM_EMEMORY.
 */
int dataset_derive(struct wm_dataset *dataset);

/* sieve.c: the leaders' columns as bits. WM_EMEMORY. */
int bits_derive(struct wm_dataset *dataset);

/* offers.c: what is in the pot, WM_MISSING when none is stated; and what an offer would take from it. */
int64_t pot_amount(const struct wm_dataset *dataset, const struct post_terms *terms, enum pot pot);
int64_t pot_use(const struct wm_offer *offer, enum pot pot);

/* table.c: one column's index; the column must exist (schema names are fixed in code). */
int table_column(const struct table *table, const char *name);
const char *table_text(const struct table *table, size_t row, int column); /* NULL when unknown */

/* A cell of a column known by name: for what is done once a row; loops look the column up first. */
static inline int64_t table_cell(const struct table *table, size_t row, const char *column)
{
    return table->cells[table_column(table, column)][row];
}

#endif
