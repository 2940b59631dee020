/*
 * A plan as bytes, for a cache that outlives the process or is shared by several: what the question's solving gave, its
 * reasons and prices included. What comes back is judged anew before it is believed. Any thread.
 */
#ifndef API_PLAN_PACK_H
#define API_PLAN_PACK_H

#include "plan_answer.h"

/* Everything that the plan depends on, as a key: version, digests of dataset and policy, the question's text. */
void plan_pack_key(const struct plan_question *question, struct buf *out);
/* May others be given this plan? It was found, no deadline cut it, and neither did one cut the plan it changes. */
bool plan_pack_shares(const struct plan_question *question, const struct plan_answer *answer);
void plan_pack(const struct plan_answer *answer, struct buf *out);
/*
 * True, and plan_answer_fini when done: a plan of this question, verified as every plan is before it is served. False:
 * the bytes are none, or what they say does not hold, or memory is out; then it is to be solved.
 */
bool plan_unpack(const struct plan_question *question, struct slice bytes, const struct wm_solve_options *options,
                 struct plan_answer *out);

#endif
