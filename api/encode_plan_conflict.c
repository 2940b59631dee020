/* Demands that cannot all hold, each with what would help: error 1003. */
#include "encode_plan_parts.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <string.h>

static void put_relaxation(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_dataset *dataset = question->dataset;
    char text[PLAN_TEXT_CAP];
    if (demand->kind == WM_DEMAND_LOCK) {
        const struct wm_plan_rule *lock = &request->locks[demand->index];
        snprintf(text, sizeof text, "drop the lock of %s at %s", plan_leader_id(dataset, (size_t)lock->leader),
                 plan_post_id(dataset, (size_t)lock->post));
    } else {
        snprintf(text, sizeof text, "do not insist that %s is filled",
                 plan_post_id(dataset, request->must_fill[demand->index]));
    }
    json_item(error);
    buf_json_string(error, text, strlen(text));
}

static void put_demand(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_dataset *dataset = question->dataset;
    json_open(error, '{');
    if (demand->kind == WM_DEMAND_LOCK) {
        const struct wm_plan_rule *lock = &request->locks[demand->index];
        json_put_text(error, "kind", "lock");
        encode_row_id(error, dataset, "leader", WM_LEADERS, lock->leader);
        encode_row_id(error, dataset, "post", WM_POSTS, lock->post);
        encode_row_id(error, dataset, "package", WM_PACKAGES, lock->package);
        encode_row_id(error, dataset, "mentor", WM_MENTORS, lock->mentor);
    } else {
        json_put_text(error, "kind", "must_fill");
        json_put_text(error, "post", plan_post_id(dataset, request->must_fill[demand->index]));
    }
    json_close(error, '}');
}

void encode_plan_conflict(struct buf *error, const struct plan_label *label, const struct plan_question *question,
                          const struct wm_plan *plan)
{
    rpc_error_open(error, RPC_INFEASIBLE);
    json_put_text(error, "job", label->job);
    json_put_text(error, "plan", label->plan);
    json_put_key(error, "conflict");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_demand(error, question, &plan->conflict[i]);
    json_close(error, ']');
    json_put_bool(error, "least", plan->conflict_least);
    json_put_key(error, "relaxations");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_relaxation(error, question, &plan->conflict[i]);
    json_close(error, ']');
    rpc_error_close(error);
}
