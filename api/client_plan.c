/*
 * From a question to a whole plan. A service solves in a job, which is waited for in short turns, so that a lost service
 * is noticed; with --data the call that asks solves before it returns. Then the parts are fetched page by page.
 */
#include "client_plan.h"

#include "client_value.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PLAN_MAX_BYTES = 1 << 30,
    WORD_CAP = 128,  /* of an id */
    TURN_MS = 10000, /* of waiting, when --timeout leaves as much */
    SUBJECT_CAP = 512,
    PLAN_ID_DIGITS = 16,
    PAGE_ROWS = 1000
};

static const char *const parts[] = {"placements", "unfilled", "prices", "unplaced"}; /* the longest last */

void client_plan_init(struct client_plan *plan)
{
    buf_init(&plan->text, PLAN_MAX_BYTES);
    buf_init(&plan->left_open, LINE_MAX_BYTES);
    plan->whole = (struct slice){0};
    plan->n_left_open = 0;
}

void client_plan_fini(struct client_plan *plan)
{
    buf_fini(&plan->text);
    buf_fini(&plan->left_open);
    plan->whole = (struct slice){0};
    plan->n_left_open = 0;
}

/* ---- Calling ---- */

/* A call whose error has been told; `question` (may be NULL) knows what on the command line an error is about. */
static enum exit_code call(const struct client *client, struct link *link, const char *method, struct buf *params,
                           const struct question *question, struct link_answer *out)
{
    char subject[SUBJECT_CAP], pointer[WORD_CAP] = "";
    json_close(params, '}');
    if (params->failed) {
        client_complain("%s", wm_error_text(params->starved ? WM_EMEMORY : WM_ELIMIT));
        return EXIT_INTERNAL;
    }
    enum link_status status = link_call(link, method, (struct slice){params->at, params->len}, out);
    if (status != LINK_OK && status != LINK_INTERRUPTED)
        client_complain("%s", link->error);
    if (status != LINK_OK || out->code == 0 || out->code == RPC_DEADLINE)
        return (enum exit_code)status;
    struct slice at = value_at(out->value, "data/pointer");
    if (question && at.at && json_kind(at) == '"')
        json_string_copy(json_string_raw(at), pointer, sizeof pointer);
    if (question && out->code == RPC_INVALID_DATA) /* no other data comes with a question */
        return client_tell_error(client, out, "the policy as changed has");
    return client_tell_error(client, out,
                             question ? question_subject(question, pointer, subject, sizeof subject) : NULL);
}

static void start_params(struct buf *params)
{
    buf_init(params, LINE_MAX_BYTES);
    json_open(params, '{');
}

static bool copy_text(struct slice value, char out[WORD_CAP])
{
    return value.at && json_kind(value) == '"' && json_string_copy(json_string_raw(value), out, WORD_CAP) < WORD_CAP;
}

/* ---- Asking and waiting ---- */

static void on_notice(void *context, struct slice method, struct slice params)
{
    if (json_string_is(method, "plan.progress"))
        progress_tell_json(context, params);
}

/* Sends the question in `params`, an open object, and learns the job. */
static enum exit_code ask_job(const struct client *client, struct link *link, const char *method, struct buf *params,
                              const struct question *question, char job[WORD_CAP])
{
    struct link_answer answer;
    enum exit_code code = call(client, link, method, params, question, &answer);
    if (code == EXIT_DONE && !copy_text(value_at(answer.value, "job"), job)) {
        client_complain("the service names no job");
        code = EXIT_UNREACHABLE;
    }
    return code;
}

static enum exit_code cancel_job(const struct client *client, struct link *link, const char *job)
{
    struct buf params;
    struct link_answer answer;
    start_params(&params);
    json_put_text(&params, "job", job);
    enum exit_code code = call(client, link, "plan.cancel", &params, NULL, &answer);
    buf_fini(&params);
    return code;
}

/* The summary, once there is one. */
static enum exit_code wait_job(const struct client *client, struct link *link, const char *job,
                               struct progress_line *line, struct link_answer *summary)
{
    int64_t turn_ms = link->timeout_ms / 2 < TURN_MS ? link->timeout_ms / 2 : TURN_MS;
    for (;;) {
        struct buf params;
        start_params(&params);
        json_put_text(&params, "job", job);
        json_put_integer(&params, "timeout_ms", turn_ms);
        enum exit_code code = call(client, link, "plan.wait", &params, NULL, summary);
        buf_fini(&params);
        if ((int)code == LINK_INTERRUPTED) {
            link->interrupted = NULL;
            code = cancel_job(client, link, job);
            if (code != EXIT_DONE)
                return code;
            continue;
        }
        if (code != EXIT_DONE || summary->code == 0)
            return code;
        progress_tell_json(line, value_at(summary->value, "data"));
    }
}

/* ---- Every part ---- */

/* Where the rows of a list come from. */
struct rows_of {
    const char *key, *id; /* "job" or "plan", and which */
    const char *part, *member;
    bool paged; /* false: every page has all of it */
};

/* One page's rows into `out`; `offset` is where the next begins, -1 after the last. */
static enum exit_code fetch_page(const struct client *client, struct link *link, const struct rows_of *from,
                                 int64_t *offset, struct buf *out)
{
    struct buf params;
    struct link_answer answer;
    start_params(&params);
    json_put_text(&params, from->key, from->id);
    json_put_text(&params, "part", from->part);
    json_put_integer(&params, "limit", PAGE_ROWS);
    json_put_integer(&params, "offset", *offset);
    enum exit_code code = call(client, link, "plan.get", &params, NULL, &answer);
    buf_fini(&params);
    if (code != EXIT_DONE)
        return code;
    struct items rows = value_items(value_at(answer.value, from->member));
    for (struct slice row; value_next(&rows, &row);) {
        json_item(out);
        buf_put(out, row.at, row.len);
    }
    struct slice next = value_at(answer.value, "next_offset");
    int64_t after = value_missing(next) || !from->paged ? -1 : value_whole(next);
    *offset = after > *offset ? after : -1;
    return EXIT_DONE;
}

static enum exit_code fetch_rows(const struct client *client, struct link *link, const struct rows_of *from,
                                 const char *name, struct buf *out)
{
    enum exit_code code = EXIT_DONE;
    json_put_key(out, name);
    json_open(out, '[');
    for (int64_t offset = 0; code == EXIT_DONE && offset >= 0;)
        code = fetch_page(client, link, from, &offset, out);
    json_close(out, ']');
    return code;
}

static enum exit_code fetch_totals(const struct client *client, struct link *link, const char *key, const char *id,
                                   struct buf *out)
{
    static const struct {
        const char *name;
        bool paged;
    } lists[] = {
        {"by_region", false}, {"by_organisation", true}, {"by_package", false}, {"by_mentor", true}, {"budgets", true}};
    enum exit_code code = EXIT_DONE;
    json_put_key(out, "totals");
    json_open(out, '{');
    for (size_t i = 0; code == EXIT_DONE && i < sizeof lists / sizeof *lists; i++) {
        const struct rows_of from = {key, id, "totals", lists[i].name, lists[i].paged};
        code = fetch_rows(client, link, &from, lists[i].name, out);
    }
    json_close(out, '}');
    return code;
}

static enum exit_code finish(struct client_plan *plan)
{
    if (plan->text.failed) {
        client_complain("the plan: %s", wm_error_text(plan->text.starved ? WM_EMEMORY : WM_ELIMIT));
        return EXIT_INTERNAL;
    }
    plan->whole = (struct slice){plan->text.at, plan->text.len};
    return EXIT_DONE;
}

static bool is_part(struct slice key)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (json_string_is(key, parts[i]))
            return true;
    return false;
}

/* The summary's members, but for the numbers of rows that stand where the rows themselves will be. */
static void put_summary(struct buf *out, struct slice summary, bool left_open)
{
    struct items members = value_members(summary);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        if (is_part(key) || (left_open && json_string_is(key, "must_fill_unfilled")))
            continue;
        json_item(out);
        buf_char(out, '"');
        buf_put(out, key.at, key.len);
        buf_text(out, "\":");
        buf_put(out, value.at, value.len);
    }
}

/* The question that was solved does not have them any more, so what is said of musts says nothing of these. */
static void put_left_open(struct client_plan *out)
{
    json_put_integer(&out->text, "must_fill_unfilled", (int64_t)out->n_left_open);
    json_put_key(&out->text, "must_fill_left_open");
    json_open(&out->text, '[');
    buf_put(&out->text, out->left_open.at, out->left_open.len);
    json_close(&out->text, ']');
    out->text.failed = out->text.failed || out->left_open.failed;
}

/* `summary` is copied before the first of the other calls takes its place. */
static enum exit_code fetch_parts(const struct client *client, struct link *link, const char *key, const char *id,
                                  struct slice summary, struct client_plan *out)
{
    bool found = value_true_at(summary, "found");
    enum exit_code code = EXIT_DONE;
    json_open(&out->text, '{');
    put_summary(&out->text, summary, out->n_left_open > 0);
    if (out->n_left_open > 0)
        put_left_open(out);
    if (found)
        code = fetch_totals(client, link, key, id, &out->text);
    for (size_t i = 0; code == EXIT_DONE && i < sizeof parts / sizeof *parts; i++) {
        if (found) {
            const struct rows_of from = {key, id, parts[i], "rows", true};
            code = fetch_rows(client, link, &from, parts[i], &out->text);
        } else {
            json_put_key(&out->text, parts[i]);
            buf_text(&out->text, "[]");
        }
    }
    json_close(&out->text, '}');
    return code == EXIT_DONE ? finish(out) : code;
}

/* Asks what is in `params`, waits, and fetches all. `summary` is an error's when there is no plan. */
static enum exit_code solve(const struct client *client, struct link *link, const char *method, struct buf *params,
                            const struct question *question, struct link_answer *summary, struct client_plan *out)
{
    struct progress_line line;
    char job[WORD_CAP];
    progress_start(&line);
    link->interrupted = client_catch_interrupt();
    link->on_notice = on_notice;
    link->context = &line;
    if (line.on)
        json_put_bool(params, "progress", true);
    enum exit_code code = ask_job(client, link, method, params, question, job);
    if (code == EXIT_DONE)
        code = wait_job(client, link, job, &line, summary);
    progress_end(&line);
    link->on_notice = NULL;
    link->interrupted = NULL;
    return code == EXIT_DONE ? fetch_parts(client, link, "job", job, summary->value, out) : code;
}

/*
 * The last of the posts in a conflict that is of such posts only, with or without hard rules and terms against them: no
 * word of the question but the must itself. Absent: it is of something else.
 */
static struct slice hopeless_post(const struct link_answer *answer)
{
    struct slice post = {0};
    struct items sides = value_items(value_at(answer->value, "data/conflict"));
    for (struct slice side; value_next(&sides, &side);) {
        struct slice kind = value_at(side, "kind");
        if (value_is(kind, "must_fill"))
            post = value_at(side, "post");
        else if (!value_is(kind, "rule") && !value_is(kind, "terms"))
            return (struct slice){0};
    }
    return post;
}

/* Takes the post that cannot be filled out of the question; false: that is not what is wrong with it. */
static bool leave_open(const struct client *client, const struct link_answer *answer, struct question *question,
                       struct client_plan *out)
{
    struct slice post = hopeless_post(answer);
    char id[WORD_CAP];
    if (!copy_text(post, id))
        return false;
    json_item(&out->left_open);
    buf_put(&out->left_open, post.at, post.len);
    out->n_left_open++;
    if (!question_drop(question, QUESTION_must_fill, post))
        return false;
    if (!client->json)
        client_complain("this is the best plan that leaves %s open", id);
    return true;
}

enum exit_code client_plan_ask(const struct client *client, struct link *link, struct question *question,
                               const char *base, struct client_plan *out)
{
    for (;;) {
        struct buf params;
        struct link_answer summary = {0};
        start_params(&params);
        if (base)
            json_put_text(&params, "plan", base);
        question_put(question, &params);
        enum exit_code code =
            solve(client, link, base ? "plan.what_if" : "plan.allocate", &params, question, &summary, out);
        buf_fini(&params);
        if (code != EXIT_INFEASIBLE || !leave_open(client, &summary, question, out))
            return code;
    }
}

/* A check of no placement at all reads the whole question, and costs nothing. */
enum exit_code client_plan_try(const struct client *client, struct link *link, const struct question *question)
{
    struct buf params;
    struct link_answer answer;
    start_params(&params);
    buf_text(&params, "\"placements\":[]");
    question_put_lists(question, &params);
    enum exit_code code = call(client, link, "plan.check", &params, question, &answer);
    buf_fini(&params);
    return code;
}

/* ---- Plans by name ---- */

/* As a service makes them: P, then sixteen hexadecimal digits and perhaps more. */
bool client_plan_is_id(const char *word)
{
    return word[0] == 'P' && strspn(word + 1, "0123456789abcdef") == PLAN_ID_DIGITS && access(word, F_OK) != 0;
}

bool client_plan_is_named(const char *word)
{
    return strcmp(word, "-") == 0 || client_plan_is_id(word) || access(word, F_OK) == 0;
}

static enum exit_code read_plan(const char *path, struct client_plan *out)
{
    size_t offset;
    const char *reason;
    if (!client_read_file(path, &out->text))
        return EXIT_INPUT;
    struct slice text = {out->text.at ? out->text.at : "", out->text.len};
    if (json_check(text.at, text.len, &offset, &reason) != JSON_OK)
        client_complain("%s: not JSON: at byte %zu, %s; expected what 'wellmatch allocate --json' writes", path, offset,
                        reason);
    else if (!value_at(text, "placements").at)
        client_complain("%s: no plan: it has no placements; expected what 'wellmatch allocate --json' writes", path);
    else {
        out->whole = text;
        return EXIT_DONE;
    }
    return EXIT_INPUT;
}

enum exit_code client_plan_open(const struct client *client, struct link *link, const char *word,
                                struct client_plan *out)
{
    if (!client_plan_is_named(word)) {
        client_complain("'%s' is no file and no id of a plan; 'wellmatch plans' lists those that a service keeps",
                        word);
        return EXIT_INPUT;
    }
    if (!client_plan_is_id(word))
        return read_plan(word, out);
    struct buf params;
    struct link_answer summary;
    start_params(&params);
    json_put_text(&params, "plan", word);
    enum exit_code code = call(client, link, "plan.get", &params, NULL, &summary);
    buf_fini(&params);
    return code == EXIT_DONE ? fetch_parts(client, link, "plan", word, summary.value, out) : code;
}

static void put_members(struct buf *params, struct slice object, const char *const without[], size_t n_without)
{
    struct items members = value_members(object);
    for (struct slice key, value; value_next_member(&members, &key, &value);) {
        bool wanted = true;
        for (size_t i = 0; i < n_without; i++)
            wanted = wanted && !json_string_is(key, without[i]);
        if (!wanted)
            continue;
        json_item(params);
        buf_char(params, '"');
        buf_put(params, key.at, key.len);
        buf_text(params, "\":");
        buf_put(params, value.at, value.len);
    }
}

enum exit_code client_plan_ask_again(const struct client *client, struct link *link, const struct client_plan *plan,
                                     struct client_plan *out)
{
    struct slice request = value_at(plan->whole, "request");
    struct link_answer summary;
    struct buf params;
    char base[WORD_CAP];
    if (copy_text(value_at(request, "plan"), base)) {
        client_complain(
            "this plan changes plan %s, and neither is held here: start from the file of that one, and make "
            "the change again",
            base);
        return EXIT_INPUT;
    }
    if (!request.at) {
        client_complain("this plan does not say what was asked; start from one that does");
        return EXIT_INPUT;
    }
    start_params(&params);
    put_members(&params, request, NULL, 0);
    enum exit_code code = solve(client, link, "plan.allocate", &params, NULL, &summary, out);
    buf_fini(&params);
    return code;
}

bool client_plan_counts_moves(struct slice plan)
{
    struct slice request = value_at(plan, "request");
    return value_number(value_at(request, "move_penalty")) > 0 || !value_missing(value_at(request, "moves_max"));
}

void client_plan_put_request(struct buf *params, struct slice plan)
{
    static const char *const unjudged[] = {"gap",  "deadline_ms",  "resolve",  "progress", "idempotency_key",
                                           "plan", "move_penalty", "moves_max"};
    put_members(params, value_at(plan, "request"), unjudged,
                sizeof unjudged / sizeof *unjudged - (client_plan_counts_moves(plan) ? 2 : 0));
}

bool client_plan_same_value(const struct client_plan *a, const struct client_plan *b)
{
    struct slice x = value_at(a->whole, "value"), y = value_at(b->whole, "value");
    return x.at && y.at && x.len == y.len && memcmp(x.at, y.at, x.len) == 0;
}

enum exit_code client_plan_code(const struct client_plan *plan)
{
    struct slice status = value_at(plan->whole, "status");
    if (value_true_at(plan->whole, "found") && value_whole(value_at(plan->whole, "must_fill_unfilled")) > 0)
        return EXIT_UNFILLED;
    if (value_is(status, "infeasible"))
        return EXIT_INFEASIBLE;
    return value_is(status, "optimal") || value_is(status, "within_gap") ? EXIT_DONE : EXIT_DEADLINE;
}
