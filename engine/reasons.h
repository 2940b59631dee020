/*
 * A plan seen from outside: what was left of each limit, and what every pair is worth at the plan's prices. The reasons
 * and fixes of a report are read off it. Only reasons.c, reasons_fix.c and worth.c include this.
 */
#ifndef WM_REASONS_H
#define WM_REASONS_H

#include "price.h"

#define NO_REPORT_ROW UINT32_MAX

struct survey {
    const struct wm_dataset *dataset;
    const struct wm_plan *plan;
    /* The question with every limit lifted: its menus hold all that might be offered, its limits say nothing. */
    struct wm_plan_request lifted;
    struct scenario s;
    struct pairs pairs;
    int64_t *left;                      /* [n_resources] of the plan's limits; LIMIT_NONE */
    const struct wm_placement **placed; /* [n_lanes] NULL: unplaced */
    int64_t *worth;                     /* [pairs.n] at the plan's prices, the post's own apart; WORTH_NONE */
    uint16_t *entry;                    /* [pairs.n] of that worth, in the post's menu */
    int32_t *wants;                     /* [n_lanes][n_packages] what each package adds to the logit, 1e-6 */
    size_t n_packages;
    bool *has_terms;                 /* [n_posts] takes part, and some package may be used there */
    struct wm_solve_options options; /* that it is made with */
    bool stopped;                    /* before there was a nearest option for everybody: nothing is settled */
};

/* What an option is short of, added to the plan as it stands. */
struct shortage {
    size_t n;        /* resources that are short */
    size_t resource; /* the one among them that costs most at the plan's prices (ties: the first) */
    int64_t amount;  /* it is short by */
};
struct shortage survey_shortage(const struct survey *v, size_t lane, size_t post, const struct menu_entry *entry);

/* What an entry of its post's menu adds for pair `i`: the logit in 1e-6, and the value as score_pair has it, less the
   penalty of a move. The value rises with the logit. */
int64_t survey_logit(const struct survey *v, size_t i, const struct menu_entry *entry);
int64_t survey_value(const struct survey *v, size_t post, size_t i, int64_t logit_micro);

/*
 * reasons_fix.c: for every row of the report that has eligible pairs, the smallest change of one limit that lets a
 * placement be added; for those of reason not_eligible, and posts that no limit helps, the smallest change of a hard
 * rule. Where nothing has to change at all, the reason becomes not_settled. post_row[n_posts], lane_row[n_lanes]: the
 * row in the report, NO_REPORT_ROW: none.
 */
int survey_fix(const struct survey *v, struct wm_plan_report *report, const uint32_t *post_row,
               const uint32_t *lane_row);

/* worth.c: the worth of every resource with a price, into the report. */
int survey_worth(const struct survey *v, struct wm_plan_report *report, struct arena *arena,
                 const struct wm_plan_request *request, size_t resolve_max, const struct wm_solve_options *options);

#endif
