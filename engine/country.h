/*
 * What the files of the allocator share: one run of wm_plan_make, from the question to prices, columns and plans. Only
 * they include this.
 */
#ifndef WM_COUNTRY_H
#define WM_COUNTRY_H

#include "assign.h"
#include "bundle.h"
#include "price.h"
#include "problem.h"

/* What is asked for when nothing is and the optimum is out of reach: of a nation, and of more than that. */
#define GAP_LARGE 1e-3
#define GAP_HUGE 5e-3

enum {
    PAIRS_LARGE = 4000000, /* more than a nation has: see country_is_large */
    PAIRS_HUGE = 20000000, /* past these GAP_HUGE is asked for, and enough */
    SMALL_PAIRS = 200000,  /* that many pairs and their columns can be gone through without a thought */
    LARGE_PLACES = 1000,   /* openings of a large country: its parts hardly touch each other */
    ROUND_PLACES =
        100 /* openings of a planning round: the exact search finds good plans by itself sooner than pass 6 */
};

/* A leader at a post on the terms of one entry of its menu. */
struct pick {
    uint32_t lane, post;
    uint16_t entry;
};

/* An option worth writing down: what it adds to a plan, and by how much it falls short of its leader's and post's prices. */
struct column {
    struct pick pick;
    int64_t value_nano;
    int64_t short_femto; /* 0 or more, as far as the prices are right */
};

/* A mentor whose hours do not come out even: each size of package is a resource of its own, a slot. See lumps.c. */
struct lump {
    uint32_t resource, first, n; /* the mentor; its slots */
    int64_t units;               /* hours by their common divisor */
};

struct country {
    const struct wm_dataset *dataset;
    const struct wm_plan_request *request;
    struct wm_solve_options options;
    struct arena *arena; /* lives as long as the run */
    bool stopped;        /* stays true once the caller said so */
    const char *phase;
    bool warm;     /* there are prices and a plan from before */
    bool sampled;  /* there are prices from a sample */
    bool spread;   /* and leaders' prices */
    size_t stride; /* of a sample: every so-manieth post and leader of the country that was asked for; 0 and 1: all */
    double fine;   /* prices are good enough within this, relative; 0: as usual */

    struct scenario s;     /* as priced: lumps.c adds resources to it */
    struct scenario plain; /* as it is */
    struct pairs all;      /* every eligible pair */
    bool few;              /* or those of a few leaders, since the caller stopped it */
    struct pairs near;     /* those of them that the prices were found with */
    size_t n_scarce;       /* resources that could run out, posts apart: the master's prices */
    uint32_t *scarce;      /* [n_scarce] */
    uint32_t *scarce_at;   /* [n_resources] where it stands among the scarce, UINT32_MAX: it does not */
    int64_t *room;         /* [n_resources] of each limit what can be used up: see country_lay_out; LIMIT_NONE */
    int64_t *unit;         /* [n_resources] what all uses of it are multiples of */
    size_t n_plain;        /* resources before those that lumps.c adds */
    size_t n_lumps;
    struct lump *lump;
    uint32_t *lump_at;    /* [mentors] UINT32_MAX: none */
    uint32_t *slot_units; /* [slots] */
    size_t picks_most;    /* placements that a plan can have */

    /* country.c: the best prices so far and what they prove. */
    bool priced;                 /* there are any */
    bool guessed;                /* or such as no scan has seen */
    const int64_t *price_before; /* [n_resources] that a warm start began from; NULL: there were none */
    int64_t *price;              /* [n_resources] femto, of posts too */
    int64_t
        *lane_price; /* [n_lanes] femto: what is left to the leader at these prices, on the pairs that were looked at */
    wide bound_femto; /* over every pair */
    size_t options_priced;
    size_t n_shares;    /* the fractional answer: what the mixture of assignments chose, and how often */
    struct pick *share; /* [n_shares] */
    double *weight;     /* [n_shares] 0 to 1 */

    /* The best plan so far. */
    bool found;
    bool rough; /* it is only there to have one: see early.c */
    wide value_nano;
    size_t n_picks;
    struct pick *picks; /* [picks_most] */
    wide proven_nano;   /* by prices and search together; no plan is worth more */
    size_t nodes;

    /* For the bench and the curious: how much work it was. */
    size_t looks, scans, candidates;
};

bool country_stops(struct country *c);
void country_tell(struct country *c);
/* What a pick uses in a scenario, a move among it: resources into r[], amounts into a[]; returns how many. */
size_t pick_uses(const struct scenario *s, const struct pick *pick, uint32_t r[USES_MAX + 1], int64_t a[USES_MAX + 1]);
int64_t pick_value_nano(const struct scenario *s, const struct pick *pick);
double country_gap(const struct country *c); /* of the best plan; 1 without one */
/* The gap that is asked for, by the caller or else as far as the size lets it be; 0: the optimum. */
double country_wanted(const struct country *c);
/* Where what is nearly the best is good enough on the way to prices. */
bool country_is_large(const struct country *c);
/* There is a plan that comes as near as was asked for: in a huge country that is all, since another look costs too much. */
bool country_is_enough(const struct country *c);
/* A plan that holds; becomes the best if it is better. */
void country_offer(struct country *c, const struct pick *picks, size_t n, wide value_nano);
/* In nano, rounded up: what the prices prove. */
wide country_priced_nano(const struct country *c);

/* allocate.c: what is scarce, from the scenario's limits and menus. */
int country_lay_out(struct country *c);

/* lumps.c: gives mentors whose hours do not come out even a price for each size; after country_lay_out. */
int country_lump(struct country *c);
/* Prices of the plain resources, slots folded back into their mentors', into out[]. */
void country_plain_prices(const struct country *c, int64_t *out);
/* What all limits cost at these prices, posts apart, and how much of each they offer, into slope[n_scarce] (or NULL). */
wide country_limits(const struct country *c, const int64_t *price, double *slope);

/* country.c: the fractional answer over all its pairs, roughly, from its prices; they end where it does.
   No shares: what is left cannot meet its musts, or the caller stopped it. */
int country_relax(struct country *c, double tolerance, size_t looks_most);

/* sample.c: first prices for a large country, from a small one like it. */
int sample_prices(struct country *c);

/* country.c: the best prices and the bound they prove. */
int country_price(struct country *c);

/* columns.c: a pick as a column, at the prices there are. */
void country_column(const struct country *c, const struct pick *pick, struct column *out);
/* All options of all pairs that fall short by less than `most_femto`, into the arena; ends at n_most with *all false. */
int country_columns(struct country *c, int64_t most_femto, size_t n_most, struct arena *arena, struct column **out,
                    size_t *n, bool *all);
/* Of every post only so many: pairs, mentors for a pair and package, and columns in all; those that fall least short. */
struct column_counts {
    size_t pairs, mentors, columns;
};
int country_columns_far(struct country *c, int64_t most_femto, const struct column_counts *each, struct arena *arena,
                        struct column **out, size_t *n);

/* base.c: what still holds of the base plan, as the first plan. */
int base_plan(struct country *c);

/* early.c: a rough plan from the pairs alone, offered if there is none but a rough one. */
int early_first(struct country *c);
/* And one from the placements of one look. */
int early_plan(struct country *c, const struct pick *picks, size_t n);

/* dive.c: pass 6. A plan by settling shares bit by bit, in one of DIVES_MOST ways. */
enum { DIVES_MOST = 4, DIVES_LARGE = 3 /* of a large country */ };
int dive_plan(struct country *c, size_t way);

/* draft.c: pass 6. Plans from prices and shares. */
int draft_plans(struct country *c);

/* lift.c: pass 6. Better plans by a search among the columns that fall least short, as far as a count of steps goes. */
int lift_nearest(struct country *c);

/* lift.c: pass 7. The exact search over the columns left, where they are few enough. */
int lift_search(struct country *c);
/*
 * The best placements for a small country by themselves, into picks[picks_most], after country_relax: to a relative gap,
 * or as far as `effort` (a count of steps) goes. *n = 0: none were found, or it is too large.
 */
int lift_rest(struct country *rest, double gap, size_t effort, struct pick *picks, size_t *n);
/*
 * The best choice among these columns within left[n_resources] of the plain limits, into picks[] (one a leader at most);
 * sorts the columns by leader. Posts in full and locked leaders are asked for as in the whole. Begins from `plan`, which fits
 * (NULL: from nothing). As lift_rest otherwise.
 */
int lift_columns(struct country *c, const int64_t *left, struct column *columns, size_t n_columns,
                 const struct pick *plan, size_t n_plan, double gap, size_t effort, struct pick *picks, size_t *n);
/* A plan that meets locks and musts, offered; or the least set of them that cannot hold, into the plan. */
int lift_demands(struct country *c, struct arena *answer, struct wm_plan *plan, bool *conflict);

#endif
