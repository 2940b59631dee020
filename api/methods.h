/* What the groups of methods give to the table in methods.c: params and functions, one group a file. */
#ifndef API_METHODS_H
#define API_METHODS_H

#include "method.h"

/* method_match.c */
extern const struct param match_shortlist_params[], match_opportunities_params[], match_pair_params[];
int match_shortlist(const struct method_call *call, struct buf *out);
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
void put_error_catalogue(struct buf *out); /* the array of all errors */

/* openrpc.c */
int rpc_discover(const struct method_call *call, struct buf *out);

#endif
