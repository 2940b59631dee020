/*
 * Demands that cannot all hold, each with what would help: error 1003.
 *
 * The engine names locks and musts. One that cannot hold even by itself is contradicted by something else: a forbid, a
 * `without`, a list that leaves it out, a hard rule, a limit. That side is looked for here, in the question and in the
 * data, so that both sides are named and either can be given up.
 */
#include "encode_plan_parts.h"

#include "encode_parts.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <string.h>

enum { SIDES_MAX = 16 };

#define SIDES(X)       \
    X(forbid)          \
    X(without_leaders) \
    X(without_posts) X(without_mentors) X(leaders) X(posts) X(packages) X(severity) X(limit) X(rule) X(terms)
enum side_kind {
#define X(name) SIDE_##name,
    SIDES(X)
#undef X
};

struct side {
    enum side_kind kind;
    size_t index; /* of forbids, of limits, or the row that is left out */
};

/* What contradicts one demand. `pair` is the demanded one's, NULL when no leader is named. */
struct sides {
    const struct plan_question *question;
    struct wm_plan_rule demand;
    struct wm_explanation *pair;
    size_t n;
    struct side at[SIDES_MAX];
};

/* ---- The other side ---- */

static void add_side(struct sides *sides, enum side_kind kind, size_t index)
{
    if (sides->n < SIDES_MAX)
        sides->at[sides->n++] = (struct side){kind, index};
}

static bool lists(const uint32_t *rows, size_t n, int32_t row)
{
    for (size_t i = 0; i < n; i++)
        if ((int32_t)rows[i] == row)
            return true;
    return false;
}

/* Whatever meets the demand is forbidden: the forbid states nothing that the demand leaves open. */
static bool covers(const struct wm_plan_rule *forbid, const struct wm_plan_rule *demand)
{
    return (forbid->leader == WM_NO_ROW || forbid->leader == demand->leader) &&
           (forbid->post == WM_NO_ROW || forbid->post == demand->post) &&
           (forbid->package == WM_NO_ROW || forbid->package == demand->package) &&
           (forbid->mentor == WM_NO_ROW || forbid->mentor == demand->mentor);
}

static void find_in_question(struct sides *sides)
{
    const struct wm_plan_request *request = &sides->question->request;
    const struct wm_plan_rule *demand = &sides->demand;
    struct wm_severity severity;
    const size_t post = (size_t)demand->post;
    for (size_t i = 0; i < request->n_forbids; i++)
        if (covers(&request->forbids[i], demand))
            add_side(sides, SIDE_forbid, i);
    if (lists(request->without_leaders, request->n_without_leaders, demand->leader))
        add_side(sides, SIDE_without_leaders, (size_t)demand->leader);
    if (lists(request->without_posts, request->n_without_posts, demand->post))
        add_side(sides, SIDE_without_posts, post);
    if (lists(request->without_mentors, request->n_without_mentors, demand->mentor))
        add_side(sides, SIDE_without_mentors, (size_t)demand->mentor);
    if (request->leaders && demand->leader != WM_NO_ROW && !lists(request->leaders, request->n_leaders, demand->leader))
        add_side(sides, SIDE_leaders, (size_t)demand->leader);
    if (request->posts && !lists(request->posts, request->n_posts, demand->post))
        add_side(sides, SIDE_posts, post);
    if (request->packages && demand->package != WM_NO_ROW &&
        !lists(request->packages, request->n_packages, demand->package))
        add_side(sides, SIDE_packages, (size_t)demand->package);
    if (!request->posts && wm_severity_of(sides->question->dataset, post, &severity) == WM_OK && !severity.known)
        add_side(sides, SIDE_severity, post);
}

/* A change of a limit that the demand is under and that makes it less. */
static bool limits(const struct sides *sides, const struct wm_limit_change *change)
{
    const struct wm_plan_rule *demand = &sides->demand;
    switch (change->kind) {
    case WM_RESOURCE_POST: /* a must asks for all of them: more is harder */
        return (int32_t)change->row == demand->post && (demand->leader == WM_NO_ROW || change->amount <= 0);
    case WM_RESOURCE_PACKAGE:
        return (int32_t)change->row == demand->package && (!change->relative || change->amount < 0);
    case WM_RESOURCE_MENTOR:
        return (int32_t)change->row == demand->mentor && (!change->relative || change->amount < 0);
    default:
        return change->kind == WM_RESOURCE_BUDGET && (!change->relative || change->amount < 0);
    }
}

/* The package that the lock states; else the one that a shortlist would choose or would look at first. */
static const struct wm_offer *offer_of(const struct sides *sides)
{
    const struct wm_explanation *pair = sides->pair;
    for (size_t i = 0; i < pair->n_packages; i++)
        if ((int32_t)pair->packages[i].offer.package == sides->demand.package)
            return &pair->packages[i].offer;
    return &pair->match.offer;
}

/* Nothing in the question leaves the pair out: a hard rule does, or its terms, or a limit that was changed. */
static void find_in_data(struct sides *sides)
{
    const struct wm_plan_request *request = &sides->question->request;
    for (size_t i = 0; sides->pair && i < WM_RULE_COUNT; i++)
        if (sides->pair->rules[i].verdict != WM_PASSED)
            add_side(sides, SIDE_rule, i);
    if (sides->n == 0 && sides->pair && offer_of(sides)->bar != WM_OFFER_BAR_none)
        add_side(sides, SIDE_terms, 0);
    for (size_t i = 0; sides->n == 0 && i < request->n_limits; i++)
        if (limits(sides, &request->limits[i]))
            add_side(sides, SIDE_limit, i);
}

/* False: out of memory. */
static bool find_sides(struct sides *sides, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_rule must = {WM_NO_ROW, WM_NO_ROW, WM_NO_ROW, WM_NO_ROW};
    *sides = (struct sides){.question = question, .demand = must};
    if (demand->kind == WM_DEMAND_LOCK)
        sides->demand = question->request.locks[demand->index];
    else
        sides->demand.post = (int32_t)question->request.must_fill[demand->index];
    if (sides->demand.leader != WM_NO_ROW && wm_explain_pair(question->dataset, (size_t)sides->demand.leader,
                                                             (size_t)sides->demand.post, &sides->pair) != WM_OK)
        return false;
    find_in_question(sides);
    if (sides->n == 0 || (sides->pair && !sides->pair->eligible))
        find_in_data(sides);
    return true;
}

/* ---- In words ---- */

/* "L000001 at V00001 with P02 and M0007", as far as each is stated */
static void write_rule(const struct wm_dataset *dataset, const struct wm_plan_rule *rule, char *out, size_t cap)
{
    const char *leader = rule->leader == WM_NO_ROW ? NULL : wm_row_id(dataset, WM_LEADERS, (size_t)rule->leader);
    const char *post = rule->post == WM_NO_ROW ? NULL : wm_row_id(dataset, WM_POSTS, (size_t)rule->post);
    const char *package = rule->package == WM_NO_ROW ? NULL : wm_row_id(dataset, WM_PACKAGES, (size_t)rule->package);
    const char *mentor = rule->mentor == WM_NO_ROW ? NULL : wm_row_id(dataset, WM_MENTORS, (size_t)rule->mentor);
    snprintf(out, cap, "%s%s%s%s%s%s%s", leader ? leader : "anyone", post ? " at " : "", post ? post : "",
             package ? " with " : "", package ? package : "", mentor ? package ? " and " : " with " : "",
             mentor ? mentor : "");
}

static void write_limit(const struct wm_dataset *dataset, const struct wm_limit_change *change, char *out, size_t cap)
{
    char amount[40];
    size_t resource = wm_resource_index(dataset, change->kind, change->row);
    plan_write_grouped(change->amount, amount, sizeof amount);
    snprintf(out, cap, "%s of %s %s %s", plan_resource_name(change->kind), plan_resource_id(dataset, resource),
             change->relative ? "changed by" : "set to", amount);
}

/* What the other side says. */
static void write_side(const struct sides *sides, const struct side *side, char *out, size_t cap)
{
    const struct wm_plan_request *request = &sides->question->request;
    const struct wm_dataset *dataset = sides->question->dataset;
    char what[PLAN_TEXT_CAP];
    switch (side->kind) {
    case SIDE_forbid:
        write_rule(dataset, &request->forbids[side->index], what, sizeof what);
        snprintf(out, cap, "%s is forbidden", what);
        break;
    case SIDE_without_leaders:
    case SIDE_leaders:
        snprintf(out, cap, "leader %s is left out by the question", wm_row_id(dataset, WM_LEADERS, side->index));
        break;
    case SIDE_without_posts:
    case SIDE_posts:
        snprintf(out, cap, "post %s is left out by the question", wm_row_id(dataset, WM_POSTS, side->index));
        break;
    case SIDE_without_mentors:
        snprintf(out, cap, "mentor %s is left out by the question", wm_row_id(dataset, WM_MENTORS, side->index));
        break;
    case SIDE_packages:
        snprintf(out, cap, "package %s is left out by the question", wm_row_id(dataset, WM_PACKAGES, side->index));
        break;
    case SIDE_severity:
        snprintf(out, cap, "post %s takes part only when it is named: no public signal about its organisation",
                 wm_row_id(dataset, WM_POSTS, side->index));
        break;
    case SIDE_limit:
        write_limit(dataset, &request->limits[side->index], out, cap);
        break;
    case SIDE_rule:
        snprintf(out, cap, "%s", sides->pair->rules[side->index].note);
        break;
    case SIDE_terms:
        snprintf(out, cap, "package %s: %s", wm_row_id(dataset, WM_PACKAGES, offer_of(sides)->package),
                 wm_offer_bar_text(offer_of(sides)->bar));
        break;
    }
}

/* How to give it up; false: nothing in the question does. */
static bool write_way_out(const struct sides *sides, const struct side *side, char *out, size_t cap)
{
    const struct wm_plan_request *request = &sides->question->request;
    const struct wm_dataset *dataset = sides->question->dataset;
    char what[PLAN_TEXT_CAP];
    switch (side->kind) {
    case SIDE_forbid:
        write_rule(dataset, &request->forbids[side->index], what, sizeof what);
        snprintf(out, cap, "drop the forbid of %s", what);
        return true;
    case SIDE_without_leaders:
        snprintf(out, cap, "take %s out of without_leaders", wm_row_id(dataset, WM_LEADERS, side->index));
        return true;
    case SIDE_without_posts:
        snprintf(out, cap, "take %s out of without_posts", wm_row_id(dataset, WM_POSTS, side->index));
        return true;
    case SIDE_without_mentors:
        snprintf(out, cap, "take %s out of without_mentors", wm_row_id(dataset, WM_MENTORS, side->index));
        return true;
    case SIDE_leaders:
        snprintf(out, cap, "add %s to leaders", wm_row_id(dataset, WM_LEADERS, side->index));
        return true;
    case SIDE_posts:
    case SIDE_severity:
        snprintf(out, cap, "add %s to posts", wm_row_id(dataset, WM_POSTS, side->index));
        return true;
    case SIDE_packages:
        snprintf(out, cap, "add %s to packages", wm_row_id(dataset, WM_PACKAGES, side->index));
        return true;
    case SIDE_limit:
        write_limit(dataset, &request->limits[side->index], what, sizeof what);
        snprintf(out, cap, "undo %s", what);
        return true;
    default:
        return false;
    }
}

static void write_demand(const struct plan_question *question, const struct wm_demand *demand, char *out, size_t cap)
{
    const struct wm_plan_request *request = &question->request;
    char what[PLAN_TEXT_CAP];
    if (demand->kind == WM_DEMAND_LOCK) {
        write_rule(question->dataset, &request->locks[demand->index], what, sizeof what);
        snprintf(out, cap, "%s is locked", what);
    } else {
        snprintf(out, cap, "post %s must be filled",
                 wm_row_id(question->dataset, WM_POSTS, request->must_fill[demand->index]));
    }
}

/* ---- As JSON ---- */

static void put_rule(struct buf *error, const struct wm_dataset *dataset, const struct wm_plan_rule *rule)
{
    encode_row_id(error, dataset, "leader", WM_LEADERS, rule->leader);
    encode_row_id(error, dataset, "post", WM_POSTS, rule->post);
    encode_row_id(error, dataset, "package", WM_PACKAGES, rule->package);
    encode_row_id(error, dataset, "mentor", WM_MENTORS, rule->mentor);
}

static void put_demand(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    const struct wm_plan_request *request = &question->request;
    char text[2 * PLAN_TEXT_CAP];
    write_demand(question, demand, text, sizeof text);
    json_open(error, '{');
    if (demand->kind == WM_DEMAND_LOCK) {
        json_put_text(error, "kind", "lock");
        put_rule(error, question->dataset, &request->locks[demand->index]);
    } else {
        json_put_text(error, "kind", "must_fill");
        json_put_text(error, "post", plan_post_id(question->dataset, request->must_fill[demand->index]));
    }
    json_put_text(error, "text", text);
    json_close(error, '}');
}

static void put_side(struct buf *error, const struct sides *sides, const struct side *side)
{
    static const char *const kinds[] = {
#define X(name) #name,
        SIDES(X)
#undef X
    };
    const struct wm_dataset *dataset = sides->question->dataset;
    const struct wm_plan_request *request = &sides->question->request;
    char text[2 * PLAN_TEXT_CAP];
    write_side(sides, side, text, sizeof text);
    json_open(error, '{');
    json_put_text(error, "kind", kinds[side->kind]);
    if (side->kind == SIDE_forbid)
        put_rule(error, dataset, &request->forbids[side->index]);
    if (side->kind == SIDE_limit)
        plan_put_resource(
            error, dataset,
            wm_resource_index(dataset, request->limits[side->index].kind, request->limits[side->index].row));
    if (side->kind == SIDE_rule)
        json_put_text(error, "rule", wm_rule_name((enum wm_rule)side->index));
    if (side->kind == SIDE_terms)
        json_put_text(error, "bar", wm_offer_bar_name(offer_of(sides)->bar));
    json_put_text(error, "text", text);
    json_close(error, '}');
}

static void put_sentence(struct buf *error, const char *text)
{
    json_item(error);
    buf_json_string(error, text, strlen(text));
}

static void put_relaxation(struct buf *error, const struct plan_question *question, const struct wm_demand *demand)
{
    char what[PLAN_TEXT_CAP], text[2 * PLAN_TEXT_CAP];
    if (demand->kind == WM_DEMAND_LOCK) {
        write_rule(question->dataset, &question->request.locks[demand->index], what, sizeof what);
        snprintf(text, sizeof text, "drop the lock of %s", what);
    } else {
        snprintf(text, sizeof text, "do not insist that %s is filled",
                 plan_post_id(question->dataset, question->request.must_fill[demand->index]));
    }
    put_sentence(error, text);
}

/* All of the other side has to go for the demand to hold: one sentence, unless some of it cannot. */
static void put_way_out(struct buf *error, const struct sides *sides)
{
    char text[SIDES_MAX * PLAN_TEXT_CAP / 4], part[2 * PLAN_TEXT_CAP];
    size_t len = 0;
    for (size_t i = 0; i < sides->n; i++) {
        if (!write_way_out(sides, &sides->at[i], part, sizeof part))
            return;
        int more = snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? ", and " : "", part);
        if (more < 0 || (size_t)more >= sizeof text - len)
            return;
        len += (size_t)more;
    }
    if (len > 0)
        put_sentence(error, text);
}

void encode_plan_conflict(struct buf *error, const struct plan_label *label, const struct plan_question *question,
                          const struct wm_plan *plan)
{
    struct sides sides = {0};
    if (plan->n_conflict == 1 && !find_sides(&sides, question, &plan->conflict[0]))
        error->failed = error->starved = true;
    rpc_error_open(error, RPC_INFEASIBLE);
    json_put_text(error, "job", label->job);
    json_put_text(error, "plan", label->plan);
    json_put_key(error, "conflict");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_demand(error, question, &plan->conflict[i]);
    for (size_t i = 0; i < sides.n; i++)
        put_side(error, &sides, &sides.at[i]);
    json_close(error, ']');
    json_put_bool(error, "least", plan->conflict_least);
    json_put_key(error, "relaxations");
    json_open(error, '[');
    for (size_t i = 0; i < plan->n_conflict; i++)
        put_relaxation(error, question, &plan->conflict[i]);
    put_way_out(error, &sides);
    json_close(error, ']');
    rpc_error_close(error);
    wm_explanation_free(sides.pair);
}
