/* What the groups of methods give to the table in methods.c: params and functions, one group a file. */
#ifndef API_METHODS_H
#define API_METHODS_H

#include "method.h"

/* method_match.c */
extern const struct param match_shortlist_params[], match_shortlists_params[], match_opportunities_params[],
    match_pair_params[];
int match_shortlist(const struct method_call *call, struct buf *out);
int match_shortlists(const struct method_call *call, struct buf *out);
int match_opportunities(const struct method_call *call, struct buf *out);
int match_explain(const struct method_call *call, struct buf *out);
int match_compare_packages(const struct method_call *call, struct buf *out);

/* method_dataset.c */
extern const struct param dataset_list_params[], dataset_get_params[];
int dataset_info(const struct method_call *call, struct buf *out);
int dataset_list(const struct method_call *call, struct buf *out);
int dataset_get(const struct method_call *call, struct buf *out);

/* method_system.c */
int system_ping(const struct method_call *call, struct buf *out);
int system_info(const struct method_call *call, struct buf *out);
int system_stats(const struct method_call *call, struct buf *out);
int system_errors(const struct method_call *call, struct buf *out);
int system_metrics(const struct method_call *call, struct buf *out);
int system_openmetrics(const struct method_call *call, struct buf *out);
void put_error_catalogue(struct buf *out); /* the array of all errors */

/* method_plan.c */
extern const struct param plan_get_params[], plan_wait_params[], plan_cancel_params[], plan_compare_params[];
int plan_allocate(const struct method_call *call, struct buf *out);
int plan_what_if(const struct method_call *call, struct buf *out);
int plan_wait(const struct method_call *call, struct buf *out);
int plan_get(const struct method_call *call, struct buf *out);
int plan_list(const struct method_call *call, struct buf *out);
int plan_cancel(const struct method_call *call, struct buf *out);
int plan_compare(const struct method_call *call, struct buf *out);
int plan_check(const struct method_call *call, struct buf *out);
/* What plan.wait answers now: the summary, or an error that says how far the job is or why it has no plan. */
int plan_put_outcome(struct plan_job *job, struct buf *out);
/* What plan.cancel answers: the best so far, or why there is none. */
void plan_put_cancelled(struct plan_job *job, struct buf *out);
/* What an event of a job holds: plan.progress, and the plan once it is there. */
void plan_put_event(struct plan_job *job, struct buf *out);
/* A whole notification plan.progress, without LF. */
void plan_put_progress(struct plan_job *job, uint64_t missed, struct buf *out);

/* openrpc.c */
int rpc_discover(const struct method_call *call, struct buf *out);

#endif
