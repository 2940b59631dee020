/*
 * wellmatch: scores leaders against posts at challenged NHS organisations and chooses the incentive package.
 *
 * This is the whole public face of libwellmatch. The library turns values into values: it opens no socket, reads no
 * clock, environment or random source, writes no log and keeps no global state. Files are read only by
 * wm_sources_read. Everything here may be called from any thread; a dataset never changes once it is built.
 *
 * Order of the file is the order in which a caller meets things: errors, faults, sources, dataset and its tables,
 * severity, packages, shortlist, opportunities, explanation. Allocation has a header of its own: wellmatch_plan.h.
 *
 * Conventions. Functions that can fail return WM_OK (0) or a negative WM_E...; results come back through out pointers,
 * set only on success. A `const` pointer returned by a getter lives as long as the object it came from. Money is whole
 * pounds, dates are days since 1970-01-01, scores are in [0,1]. A number that is shown is an integer of a fixed
 * fraction: `_nano` counts 1e-9, `_micro` counts 1e-6, so that parts add up to their total exactly.
 */
#ifndef WELLMATCH_H
#define WELLMATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WM_API __attribute__((visibility("default")))
#else
#define WM_API
#endif

#define WM_VERSION "0.1.0"

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

#define WM_ERRORS(X)                                                                                  \
    X(WM_OK, 0, "ok", "done")                                                                         \
    X(WM_EMEMORY, -1, "memory", "out of memory, or past the ceiling the arena was given")             \
    X(WM_EDATA, -2, "invalid_data", "the data has faults; each is listed with file, line and column") \
    X(WM_EREAD, -3, "unreadable", "a file cannot be opened or read")                                  \
    X(WM_EUNKNOWN, -4, "unknown_reference", "no such post, leader, package or other row")             \
    X(WM_EARGUMENT, -5, "invalid_argument", "an argument is out of its range")                        \
    X(WM_ELIMIT, -6, "too_large", "a stated ceiling was reached")                                     \
    X(WM_EINTERNAL, -7, "internal", "a result failed its own check")

enum {
#define X(code, value, name, text) code = value,
    WM_ERRORS(X)
#undef X
};

/* The name ("invalid_data") and the sentence of a code; never NULL, also for a number that is no code. */
WM_API const char *wm_error_name(int code);
WM_API const char *wm_error_text(int code);

/* ---- Faults: everything wrong with the input, in one pass -------------------------------------------------------- */

enum { WM_FAULTS_SHOWN = 1000 }; /* faults kept by default; more are counted only */

struct wm_fault {
    const char *file;     /* as named by its source: "posts.csv" */
    long line;            /* from 1; 0 when the whole file is meant */
    long column;          /* from 1: the cell's number in a CSV file, the character in policy.json; 0 = whole line */
    const char *what;     /* "grade is 'bnad_9'" */
    const char *expected; /* "one of band_8a, ...; the nearest is band_9" */
};

struct wm_faults;

/* A new empty list that keeps the first `kept_max` faults (at least 1) and counts the rest. Free: wm_faults_free. */
WM_API int wm_faults_new(size_t kept_max, struct wm_faults **out);
WM_API void wm_faults_free(struct wm_faults *faults);          /* NULL is allowed */
WM_API size_t wm_faults_count(const struct wm_faults *faults); /* all found */
WM_API size_t wm_faults_kept(const struct wm_faults *faults);  /* how many wm_faults_at can give */
WM_API const struct wm_fault *wm_faults_at(const struct wm_faults *faults, size_t i); /* i < kept */

/* ---- Sources: the bytes a dataset is built from ------------------------------------------------------------------ */

struct wm_source {
    const char *name; /* "posts.csv"; the names are fixed, see wm_table_name and "policy.json" */
    const char
        *bytes; /* NULL: the file is absent (len 0), or cannot be read (len SIZE_MAX; wm_sources_read has said why) */
    size_t len;
};

struct wm_sources;

/*
 * Reads the files of a dataset from `dir` (no trailing slash needed): policy.json and one CSV file a table. A file that
 * is absent is left out here and reported by wm_dataset_build; one that cannot be read is a fault, is marked, and does
 * not stop the others. Never opens monitoring.csv or history.csv unless `apart` is true (only validation and the equity
 * audit say so). `faults` may be NULL.
 * Errors: WM_EREAD (`dir` itself cannot be opened; one fault), WM_EMEMORY.
 */
WM_API int wm_sources_read(const char *dir, bool apart, struct wm_faults *faults, struct wm_sources **out);
WM_API void wm_sources_free(struct wm_sources *sources);
WM_API const struct wm_source *wm_sources_list(const struct wm_sources *sources, size_t *n);

/* ---- Dataset: tables and policy, validated, derived, sealed ------------------------------------------------------ */

enum wm_table {
    WM_ORGANISATIONS,
    WM_POSTS,
    WM_LEADERS,
    WM_PACKAGES,
    WM_MENTORS,
    WM_BUDGETS,
    WM_TABLES,                 /* how many a dataset holds */
    WM_MONITORING = WM_TABLES, /* apart: validated, never loaded for scoring */
    WM_HISTORY,
    WM_TABLES_ALL
};

enum {
    WM_DOMAINS_MAX = 12,    /* leadership domains a policy may name */
    WM_COMPONENTS_MAX = 12, /* package components a policy may name */
    WM_ROWS_MAX = 4000000   /* rows of one table */
};

struct wm_dataset;

/*
 * Builds a sealed dataset from sources: all or nothing. Every fault of every file is added to `faults` (which may be
 * NULL) in one pass, sorted by file, line and column. The new dataset holds one reference, the caller's.
 * Row order in the files does not matter: rows are sealed in the order of their ids, and the digest is taken of the
 * sealed content. Rows with other tables' names than the six are ignored, but validated when given (WM_MONITORING,
 * WM_HISTORY).
 * Errors: WM_EREAD (a source could not be read; all other faults are listed too), WM_EDATA, WM_EMEMORY.
 */
WM_API int wm_dataset_build(const struct wm_source *sources, size_t n_sources, struct wm_faults *faults,
                            struct wm_dataset **out);

/* wm_sources_read then wm_dataset_build. */
WM_API int wm_dataset_load(const char *dir, struct wm_faults *faults, struct wm_dataset **out);

/*
 * A new dataset of the same tables under another policy.json, for "what if the weights were ...". Its vocabularies,
 * domains and components must be those of the old one (their titles, sources and numbers may differ); the tables are shared
 * and keep `dataset` alive. Errors: WM_EDATA (every fault of the policy is told), WM_EMEMORY.
 */
WM_API int wm_dataset_revise(const struct wm_dataset *dataset, const char *policy_json, size_t len,
                             struct wm_faults *faults, struct wm_dataset **out);
/* The bytes of policy.json that the dataset was built with. */
WM_API const char *wm_policy_json(const struct wm_dataset *dataset, size_t *len);

WM_API struct wm_dataset *wm_dataset_ref(struct wm_dataset *dataset);
WM_API void wm_dataset_unref(struct wm_dataset *dataset); /* NULL is allowed; the last one frees */

/* Lower-case hex SHA-256, the first 32 digits: of the six tables' content, and of policy.json's content. */
WM_API const char *wm_dataset_digest(const struct wm_dataset *dataset);
WM_API const char *wm_policy_digest(const struct wm_dataset *dataset);
WM_API const char *wm_policy_version(const struct wm_dataset *dataset); /* the planner's own name for it */
WM_API int32_t wm_policy_as_of(const struct wm_dataset *dataset);       /* the day all ages are counted to */
WM_API size_t wm_dataset_bytes(const struct wm_dataset *dataset);       /* memory it holds */
/* The scoring kernel that was chosen for this machine: "baseline", "avx2" or "avx512". All give the same bits. */
WM_API const char *wm_dataset_kernel(const struct wm_dataset *dataset);
/*
 * Forces a kernel by name, for tests and benchmarks. Call it before the dataset is shared with another thread.
 * WM_EARGUMENT when there is no such kernel or this machine lacks its instructions.
 */
WM_API int wm_dataset_use_kernel(struct wm_dataset *dataset, const char *name);

/* ---- Tables: the rows as they were loaded ------------------------------------------------------------------------ */

enum wm_type {
    WM_TEXT,      /* any text */
    WM_ID,        /* 1 to 32 of A-Z a-z 0-9 _ - . */
    WM_INTEGER,   /* whole number */
    WM_DECIMAL,   /* number with at most `decimals` digits after the point */
    WM_DATE,      /* YYYY-MM-DD */
    WM_FLAG,      /* 0 or 1 */
    WM_WORD,      /* a name of a vocabulary in policy.json */
    WM_WORDS,     /* several, separated by ';' */
    WM_REFERENCES /* ids of another table, separated by ';', in order of preference where order counts */
};

struct wm_column {
    const char *name;
    enum wm_type type;
    int decimals;      /* WM_DECIMAL: digits after the point */
    int64_t min, max;  /* WM_INTEGER, WM_DECIMAL (scaled by 10^decimals), inclusive */
    bool required;     /* an empty cell is a fault; otherwise it means unknown */
    const char *of;    /* WM_WORD(S): the vocabulary; WM_REFERENCES and WM_ID that refers: the table; else NULL */
    const char *unit;  /* "GBP", "days", "km", "0-5" or "" */
    const char *about; /* one sentence */
};

#define WM_MISSING INT64_MIN

WM_API const char *wm_table_name(enum wm_table table); /* "posts.csv" */
WM_API const char *wm_table_kind(enum wm_table table); /* "post": what one row is called on the wire */
WM_API size_t wm_table_rows(const struct wm_dataset *dataset, enum wm_table table);
WM_API const struct wm_column *wm_table_columns(const struct wm_dataset *dataset, enum wm_table table, size_t *n);
/* Row by id (the first column; budgets: "scope:code"); WM_EUNKNOWN when there is none. Rows are in the order of ids. */
WM_API int wm_row_find(const struct wm_dataset *dataset, enum wm_table table, const char *id, size_t *row);
WM_API const char *wm_row_id(const struct wm_dataset *dataset, enum wm_table table, size_t row);
/*
 * Up to `n_max` ids, at most 16, nearest to `id` by Damerau-Levenshtein distance, nearest first; an id of which half
 * the letters differ is not near. Returns how many.
 */
WM_API size_t wm_row_nearest(const struct wm_dataset *dataset, enum wm_table table, const char *id, const char *out[],
                             size_t n_max);
/*
 * The cell as CSV would carry it, in one canonical spelling (not quoted), NUL-terminated, cut at `cap` between
 * two characters; returns its whole length, 0 when the cell is unknown. `column` is an index into wm_table_columns.
 */
WM_API size_t wm_cell_text(const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t column, char *buf,
                           size_t cap);
/* The cell as a number (scaled decimals, days, 0/1, vocabulary index, bit set); WM_MISSING when unknown or text. */
WM_API int64_t wm_cell_number(const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t column);
/* The index of a column by name, or -1. */
WM_API int wm_column_find(const struct wm_dataset *dataset, enum wm_table table, const char *name);

/* Names in the policy's order, for labels beside the arrays below. */
WM_API size_t wm_domain_count(const struct wm_dataset *dataset);
WM_API const char *wm_domain_name(const struct wm_dataset *dataset, size_t domain);
WM_API size_t wm_component_count(const struct wm_dataset *dataset);
WM_API const char *wm_component_name(const struct wm_dataset *dataset, size_t component);
/* Words of a vocabulary ("region", "role", "grade", ...); n = 0 for an unknown vocabulary. */
WM_API size_t wm_vocabulary_count(const struct wm_dataset *dataset, const char *vocabulary);
WM_API const char *wm_vocabulary_word(const struct wm_dataset *dataset, const char *vocabulary, size_t i);

/* Damerau-Levenshtein distance (adjacent transpositions count 1) of the first 64 bytes of each, ASCII case ignored. */
WM_API unsigned wm_text_distance(const char *a, const char *b);
/* YYYY-MM-DD of a day, and back; wm_date_parse gives false for anything else (a 31st of June too). Years 1900-2199. */
WM_API void wm_date_format(int32_t day, char out[11]);
WM_API bool wm_date_parse(const char *text, size_t len, int32_t *day);

/* ---- Severity of a post ------------------------------------------------------------------------------------------ */

/* The public signals of domain.md section 3, in the order they are shown. */
#define WM_SIGNALS(X) X(segment) X(league) X(cqc_overall) X(cqc_well_led) X(engagement) X(vacancy)
enum wm_signal {
#define X(name) WM_SIGNAL_##name,
    WM_SIGNALS(X)
#undef X
        WM_SIGNAL_COUNT
};
WM_API const char *wm_signal_name(enum wm_signal signal);

struct wm_severity {
    bool known;             /* false: no signal at all; `used` is then the policy's stand-in */
    int64_t used_micro;     /* severity in 1e-6 as scores use it; equal to the sum of parts when known */
    int64_t evidence_micro; /* weight present and fresh over all weight */
    bool present[WM_SIGNAL_COUNT];
    int64_t level_micro[WM_SIGNAL_COUNT]; /* x_s: 0 best to 1 worst */
    int64_t share_micro[WM_SIGNAL_COUNT]; /* weight after ageing, shares add up to 1 over those present */
    int64_t part_micro[WM_SIGNAL_COUNT];  /* share * level; adds up to used_micro */
    int32_t as_of[WM_SIGNAL_COUNT];       /* the day the signal speaks of; valid where present */
};

/* WM_EUNKNOWN when the post row is out of range. */
WM_API int wm_severity_of(const struct wm_dataset *dataset, size_t post, struct wm_severity *out);

/* ---- Hard rules: before any score, each refusal named ------------------------------------------------------------ */

#define WM_RULES(X)                                                                  \
    X(role, "has not held the post's role")                                          \
    X(grade, "grade is outside the steps the policy allows from the post's grade")   \
    X(accreditation, "lacks the required accreditation, in date on the start day")   \
    X(fit_and_proper, "fit and proper person check not in date for a board role")    \
    X(ready, "is not ready by the start day")                                        \
    X(place, "neither willing to move to the region nor within travelling distance") \
    X(excluded, "has excluded the organisation")                                     \
    X(package, "no package may be used for this post")                               \
    X(filter, "left out by a filter of the question")
enum wm_rule {
#define X(name, text) WM_RULE_##name,
    WM_RULES(X)
#undef X
        WM_RULE_COUNT
};
WM_API const char *wm_rule_name(enum wm_rule rule);
WM_API const char *wm_rule_text(enum wm_rule rule);

struct wm_refusals {
    size_t refused[WM_RULE_COUNT]; /* by the first rule, in the order above, that refuses; adds up to all refused */
    size_t only[WM_RULE_COUNT];    /* refused by this rule and by no other: what relaxing it would gain */
    size_t unknown[WM_RULE_COUNT]; /* among `refused`: the rule could not be judged, the data is missing */
};

/* What was missing for a pair, as a bit set; each is shown by name. */
#define WM_MISSINGS(X)                                                                                       \
    X(severity, "no public signal about the organisation")                                                   \
    X(needs, "the post states no need in some domain")                                                       \
    X(skills, "no appraisal score in some domain; the grade's mean stands in, 0 where the grade is unknown") \
    X(distance, "a location is unknown; the policy's stand-in distance is used")                             \
    X(travel, "how far the leader would travel is unknown; all of the way counts")                           \
    X(wants, "the leader has not said what some component is worth")                                         \
    X(segment, "oversight segment unknown; packages tied to segments are out")                               \
    X(local_budget, "no budget stated for the organisation; not checked")                                    \
    X(central_budget, "no national, regional or ICB budget stated; not checked")
enum {
#define X(name, text) WM_MISSING_BIT_##name,
    WM_MISSINGS(X)
#undef X
        WM_MISSING_COUNT
};
WM_API const char *wm_missing_name(int bit);
WM_API const char *wm_missing_text(int bit);

/* ---- Packages for a post ----------------------------------------------------------------------------------------- */

#define WM_OFFER_BARS(X)                                                        \
    X(none, "may be offered")                                                   \
    X(segment, "not for this organisation's oversight segment")                 \
    X(premium_cap, "pay premium above the cap")                                 \
    X(relocation_cap, "relocation above the tax-free cap")                      \
    X(stock, "none left in stock")                                              \
    X(mentor, "no mentor for the role, in the region or remote, has the hours") \
    X(local_budget, "costs more than the organisation's budget")                \
    X(central_budget, "costs more than a national, regional or ICB budget")     \
    X(cost_limit, "costs more than the question allows")                        \
    X(not_asked, "not among the packages of the question")
enum wm_offer_bar {
#define X(name, text) WM_OFFER_BAR_##name,
    WM_OFFER_BARS(X)
#undef X
        WM_OFFER_BAR_COUNT
};
WM_API const char *wm_offer_bar_name(enum wm_offer_bar bar);
WM_API const char *wm_offer_bar_text(enum wm_offer_bar bar);

enum { WM_NO_ROW = -1 };

/* One package on one post, the same for every leader. */
struct wm_offer {
    uint32_t package; /* row in WM_PACKAGES */
    int32_t mentor;   /* row in WM_MENTORS of the best one with enough hours, WM_NO_ROW when none is needed or found */
    int64_t mentor_quality_micro; /* 0..1 */
    enum wm_offer_bar bar;        /* WM_OFFER_BAR_none: may be offered; else the first bar */
    int64_t short_by_gbp;         /* for a budget bar: by how much */
    int64_t local_cost_gbp; /* package's local cost plus the pay premium on the post's salary for the policy's years */
    int64_t central_cost_gbp;
    bool needs_approval; /* salary with premium above the policy's threshold */
};

/* ---- One pair, every part kept ----------------------------------------------------------------------------------- */

/* The terms of the acceptance logit beside the package components. */
#define WM_ACCEPT_TERMS(X) X(base) X(distance) X(severity) X(mentor) X(preference)
enum wm_accept_term {
#define X(name) WM_ACCEPT_##name,
    WM_ACCEPT_TERMS(X)
#undef X
        WM_ACCEPT_TERM_COUNT
};
WM_API const char *wm_accept_term_name(enum wm_accept_term term);

struct wm_score {
    int64_t expected_nano;                      /* benefit * accept: what ranks; the sum of expected_part_nano */
    int64_t expected_part_nano[WM_DOMAINS_MAX]; /* per domain */
    int64_t benefit_micro;                      /* severity * fit, each as shown here, then rounded half up */
    int64_t severity_micro;
    int64_t fit_micro, fit_part_micro[WM_DOMAINS_MAX]; /* per domain; adds up */
    int64_t accept_micro;                              /* chance that this person takes this post: 1 / (1 + e^-logit) */
    int64_t logit_micro;                               /* sum of the two arrays below */
    int64_t logit_term_micro[WM_ACCEPT_TERM_COUNT];
    int64_t logit_want_micro[WM_COMPONENTS_MAX]; /* per package component */
};

struct wm_match {
    uint32_t leader, post; /* rows */
    struct wm_score score;
    struct wm_offer offer; /* package, mentor, costs */
    int64_t margin_nano;   /* expected benefit above the next in rank; WM_MISSING for the last */
    int64_t distance_m;    /* metres, in steps of 100, from the home district to the organisation; WM_MISSING */
    int64_t skill_micro[WM_DOMAINS_MAX];    /* shrunken skill 0-5 */
    int64_t need_micro[WM_DOMAINS_MAX];     /* 0-5; WM_MISSING when unknown: it then weighs nothing */
    int64_t weight_micro[WM_DOMAINS_MAX];   /* w_d; adds up to 1 when any need is stated */
    int64_t evidence_micro[WM_DOMAINS_MAX]; /* share of the skill that is appraisal, the rest is the grade's mean */
    uint32_t missing;                       /* bits WM_MISSING_BIT_... */
};

/* ---- Shortlist: the best leaders for a post ---------------------------------------------------------------------- */

enum { WM_LIMIT_MAX = 1000, WM_FILTER_IDS_MAX = 1000 };

struct wm_query {
    size_t subject;           /* row: the post of a shortlist, the leader of opportunities */
    size_t offset;            /* ranks to skip */
    size_t limit;             /* 1 to WM_LIMIT_MAX rows */
    const uint32_t *packages; /* rows: only these packages; NULL = all */
    size_t n_packages;
    /* Filters. Each narrows; those refused by one are counted under the rule `filter`. */
    uint64_t grades, sectors; /* vocabulary bit sets of the leader; 0 = any */
    /* Vocabulary bit set of the post's region, its organisation's unless it has its own (opportunities); 0 = any. */
    uint64_t regions;
    int64_t within_m;                                 /* metres; WM_MISSING = any; an unknown distance does not pass */
    int64_t max_local_cost_gbp, max_central_cost_gbp; /* WM_MISSING = any */
    const uint32_t *among;                            /* rows of the other side: only these; NULL = all */
    size_t n_among;
    const uint32_t *without; /* rows of the other side: not these */
    size_t n_without;
};
#define WM_QUERY_INIT                                                                    \
    {                                                                                    \
        0, 0, 10, NULL, 0, 0, 0, 0, WM_MISSING, WM_MISSING, WM_MISSING, NULL, 0, NULL, 0 \
    }

struct wm_shortlist {
    size_t considered; /* leaders in the dataset */
    size_t eligible;   /* passed every rule; ranks run from 1 to this */
    struct wm_refusals refusals;
    struct wm_severity severity;
    size_t n_offers;
    struct wm_offer
        *offers; /* [n_offers] every package for this post, allowed or barred, in the order of package ids */
    size_t n_rows;
    struct wm_match *rows; /* [n_rows] ranks offset+1 ... offset+n_rows */
};

/*
 * The leaders ranked for post `query->subject`: by expected benefit (1e-9), best first, ties by leader id. Each with
 * the affordable package of the highest chance (by the logit in 1e-6; ties: cheaper in all, then package id). Free with
 * wm_shortlist_free. Errors: WM_EUNKNOWN (row out of range), WM_EARGUMENT (limit), WM_EMEMORY.
 */
WM_API int wm_shortlist_make(const struct wm_dataset *dataset, const struct wm_query *query, struct wm_shortlist **out);
/*
 * The same for `n` queries, all or none: out[i] is what wm_shortlist_make gives for queries[i], and is freed like it.
 * Passes over the leaders once for every WM_SHORTLISTS_TOGETHER of them, which is cheaper where leaders are more than
 * a processor's cache holds.
 */
enum { WM_SHORTLISTS_TOGETHER = 32 };
WM_API int wm_shortlists_make(const struct wm_dataset *dataset, const struct wm_query *queries, size_t n,
                              struct wm_shortlist **out);
WM_API void wm_shortlist_free(struct wm_shortlist *shortlist);

/* ---- Explanation of one pair ------------------------------------------------------------------------------------- */

enum wm_verdict { WM_PASSED, WM_REFUSED, WM_UNJUDGED /* data missing: refuses, but as a third state */ };

/* A cell to change. In a list (WM_WORDS, WM_REFERENCES) `word` is to be added or removed; else it goes from `from` to `to`. */
struct wm_change {
    enum wm_table table;
    const char *row; /* id */
    const char *column;
    enum wm_type type; /* how from and to are to be read: days, scaled decimals, vocabulary index */
    int64_t from, to;  /* WM_MISSING when unknown, or a list */
    /* How far in the column's unit (days, km, steps, GBP); negative: earlier or less; WM_MISSING: has no distance. */
    int64_t by;
    const char *word; /* for a list, else NULL */
    bool remove;
};

enum { WM_CHANGES_MAX = 2 };

struct wm_rule_outcome {
    enum wm_rule rule;
    enum wm_verdict verdict;
    char note[200];   /* one sentence with the facts that decided */
    size_t n_changes; /* what would make it pass; 0: it passes, or no change of one or two cells does */
    bool together;    /* all changes are needed; false: any one of them does, smallest first */
    struct wm_change changes[WM_CHANGES_MAX];
};

struct wm_package_row {
    struct wm_offer offer;
    struct wm_score score; /* as if offered, also when barred, so that they can be compared */
    int64_t gain_micro;    /* chance above the cheapest allowed package's chance */
    /* Pounds, local and central, above that package for each percentage point of chance gained; WM_MISSING when none is
       gained, or a barred one costs less. */
    int64_t gbp_per_point;
    bool best;      /* the one a shortlist would choose */
    bool dominated; /* another allowed one costs no more and gives at least the same chance */
};

struct wm_explanation {
    bool eligible;
    struct wm_rule_outcome rules[WM_RULE_COUNT]; /* in the order of enum wm_rule; `filter` always passes here */
    struct wm_match match; /* with the best package; when none is allowed, with the cheapest one as if it were */
    struct wm_severity severity;
    size_t rank, eligible_count; /* the pair's rank in the post's shortlist; 0 when not eligible */
    size_t n_packages;
    struct wm_package_row *packages; /* [n_packages] in the order of package ids */
};

/* Everything about one pair. Free with wm_explanation_free. Errors: WM_EUNKNOWN, WM_EMEMORY. */
WM_API int wm_explain_pair(const struct wm_dataset *dataset, size_t leader, size_t post, struct wm_explanation **out);
WM_API void wm_explanation_free(struct wm_explanation *explanation);

/* ---- Opportunities: the best posts for a leader ------------------------------------------------------------------ */

struct wm_gap { /* a domain in which the leader's skill is below the post's need */
    uint32_t domain;
    int64_t short_micro; /* need - skill, 0-5 */
};

struct wm_opportunity {
    struct wm_match match;
    size_t n_gaps;
    struct wm_gap gaps[WM_DOMAINS_MAX]; /* largest weighted gap first */
};

struct wm_near_miss {      /* a post refused only by grade, accreditation, fit_and_proper, ready or place */
    struct wm_match match; /* as if the rule had passed */
    struct wm_rule_outcome rule;
};

enum { WM_NEAR_MISSES_MAX = 10 };

struct wm_opportunities {
    size_t considered, eligible;
    size_t severity_unknown; /* posts at organisations with no signal: left out unless named in `among` */
    struct wm_refusals refusals;
    size_t n_rows;
    struct wm_opportunity *rows; /* by expected benefit, ties by post id */
    size_t n_near;
    struct wm_near_miss *near_misses; /* the best WM_NEAR_MISSES_MAX of them */
};

/* The posts ranked for leader `query->subject`. Errors as wm_shortlist_make. Free with wm_opportunities_free. */
WM_API int wm_opportunities_make(const struct wm_dataset *dataset, const struct wm_query *query,
                                 struct wm_opportunities **out);
WM_API void wm_opportunities_free(struct wm_opportunities *opportunities);

#ifdef __cplusplus
}
#endif
#endif
