/*
 * A request for a feed in the order it is looked at: which file, which profile, what the query says, which plan, which
 * rows. The first that is wrong is refused with a problem (RFC 9457) that says what to do instead.
 *
 * `run=latest` (the default) is the plan that stands (plans.h). Where there is none the answer is 200 without rows: a
 * dashboard shows an empty table then, and fills at its next refresh, where an error would break it until somebody comes.
 * limit and offset are refused with latest, as the plan may change between two pages.
 */
#include "feed_serve.h"

#include "feed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { NAME_CAP = 40, DIGITS_MAX = 12, DETAIL_CAP = 700 };

#define KINDS(X)                                                   \
    X(schema, ".schema.json", "application/json; charset=utf-8")   \
    X(columns, ".columns.json", "application/json; charset=utf-8") \
    X(json, ".json", "application/json; charset=utf-8")            \
    X(csv, ".csv", "text/csv; charset=utf-8; header=present")      \
    X(pq, ".pq", "text/plain; charset=utf-8")
enum kind {
#define X(name, ...) KIND_##name,
    KINDS(X)
#undef X
        KIND_COUNT
};
static const char *const endings[] = {
#define X(name, ending, type) ending,
    KINDS(X)
#undef X
};
static const char *const types[] = {
#define X(name, ending, type) type,
    KINDS(X)
#undef X
};

struct wanted {
    const struct feed_table *table;
    enum kind kind;
    const char *run; /* NULL: latest */
    bool paged, excel;
    size_t offset, limit;
};

/* ---- Refusals ---- */

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "The query is not understood";
    case 403:
        return "Served in the restricted profile only";
    case 404:
        return "There is no such feed or run";
    case 410:
        return "The run has expired";
    case 503:
        return "The run is not finished";
    default:
        return "The service failed";
    }
}

static bool refuse(struct feed_reply *reply, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Always false, so that who refuses can return it. */
static bool refuse(struct feed_reply *reply, int status, const char *format, ...)
{
    char detail[DETAIL_CAP];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    reply->status = status;
    reply->type = "application/problem+json";
    reply->etag[0] = '\0';
    reply->finished_at = 0;
    buf_clear(&reply->body);
    json_open(&reply->body, '{');
    json_put_text(&reply->body, "type", "about:blank");
    json_put_text(&reply->body, "title", title_of(status));
    json_put_integer(&reply->body, "status", status);
    json_put_text(&reply->body, "detail", detail);
    json_close(&reply->body, '}');
    buf_char(&reply->body, '\n');
    return false;
}

/* ---- What is asked ---- */

static bool read_file_name(const char *file, struct wanted *wanted, struct feed_reply *reply)
{
    char name[NAME_CAP];
    size_t len = strcspn(file, ".");
    enum kind kind = 0;
    while (kind < KIND_COUNT && strcmp(endings[kind], file + len) != 0)
        kind++;
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), file);
    wanted->table = feed_find(name);
    wanted->kind = kind;
    if (wanted->table && kind < KIND_COUNT)
        return true;
    if (wanted->table)
        return refuse(reply, 404, "%s is served as %s.json, .csv, .schema.json, .columns.json and .pq.", name, name);
    return refuse(reply, 404, "There is no table '%.40s'; GET /feeds/v1/ lists those there are.", name);
}

static bool read_count(const struct feed_pair *pair, size_t least, size_t *out, struct feed_reply *reply)
{
    size_t len = strlen(pair->value);
    if (len > 0 && len <= DIGITS_MAX && strspn(pair->value, "0123456789") == len &&
        (*out = (size_t)strtoull(pair->value, NULL, 10)) >= least)
        return true;
    return refuse(reply, 400, "%s is '%.40s'; expected a whole number, %zu or more.", pair->name, pair->value, least);
}

static bool read_pair(const struct feed_pair *pair, struct wanted *wanted, struct feed_reply *reply)
{
    if (strcmp(pair->name, "run") == 0) {
        wanted->run = strcmp(pair->value, "latest") == 0 ? NULL : pair->value;
        return true;
    }
    if (strcmp(pair->name, "limit") == 0)
        return wanted->paged = true, read_count(pair, 1, &wanted->limit, reply);
    if (strcmp(pair->name, "offset") == 0)
        return wanted->paged = true, read_count(pair, 0, &wanted->offset, reply);
    if (strcmp(pair->name, "bom") != 0)
        return refuse(reply, 400, "There is no parameter '%.40s'; a feed takes run, limit, offset and, as CSV, bom.",
                      pair->name);
    wanted->excel = strcmp(pair->value, "1") == 0;
    if (wanted->kind != KIND_csv || (!wanted->excel && strcmp(pair->value, "0") != 0))
        return refuse(reply, 400, "bom=1 or bom=0 is for CSV only: %s.csv?bom=1", wanted->table->name);
    return true;
}

static bool read_query(const struct feed_ask *ask, struct wanted *wanted, struct feed_reply *reply)
{
    for (size_t i = 0; i < ask->n_query; i++) {
        if (wanted->kind != KIND_json && wanted->kind != KIND_csv)
            return refuse(reply, 400, "%s%s takes no parameters.", wanted->table->name, endings[wanted->kind]);
        if (!read_pair(&ask->query[i], wanted, reply))
            return false;
    }
    return true;
}

/* ---- Which plan ---- */

static bool judge_run(struct plan_job *job, const char *id, struct feed_reply *reply)
{
    struct plan_news news;
    plan_job_news(job, &news);
    if (news.state == PLAN_queued || news.state == PLAN_running) {
        refuse(reply, 503, "The run %.60s is %s; its rows are there when it has ended.", id,
               plan_state_name(news.state));
        reply->retry_after_s = FEED_RETRY_AFTER_S;
        return false;
    }
    const struct plan_answer *answer = plan_job_answer(job);
    if (answer == NULL || !answer->plan->found)
        return refuse(reply, 404, "The run %.60s ended without a plan (%s).", id, plan_state_name(news.state));
    return true;
}

/* What differs from its base by one person tells of that person, however each is rounded. */
static bool judge_profile(const struct plan_job *job, const char *id, bool restricted, struct feed_reply *reply)
{
    if (restricted || plan_job_question(job)->base[0] == '\0')
        return true;
    return refuse(
        reply, 403,
        "The run %.60s changes another, and what differs between the two tells of single persons: it is served "
        "in the restricted profile only; ask run=latest.",
        id);
}

/* By the id of a plan, or of a job. The job is held; NULL: refused. */
static struct plan_job *find_run(struct plans *plans, const char *id, bool restricted, struct feed_reply *reply)
{
    struct plan_job *job = NULL;
    int64_t expired_at;
    enum plans_found found = plans ? plans_find_plan(plans, id, &job, &expired_at) : PLANS_UNKNOWN;
    if (plans && found == PLANS_UNKNOWN)
        found = plans_find_job(plans, id, &job, &expired_at);
    if (found == PLANS_GONE)
        refuse(reply, 410, "The run %.60s is kept no more; ask its question again, or run=latest.", id);
    else if (found == PLANS_UNKNOWN)
        refuse(reply, 404, "There is no run '%.60s'; run=latest is the newest, its run_id names it.", id);
    if (found == PLANS_HELD && judge_profile(job, id, restricted, reply) && judge_run(job, id, reply))
        return job;
    plan_job_release(job);
    return NULL;
}

/*
 * What a plan is called in this profile. The id of a plan is a hash of its question, and so of the leaders it locks, forbids
 * and leaves out: anybody can guess one and see whether the hash is the same. The job's tells nothing.
 */
static const char *run_name(const struct plan_job *job, bool restricted)
{
    return restricted ? plan_job_plan(job) : plan_job_id(job);
}

/* limit and offset need a plan that stays: the remedy names the one that there is now. */
static bool refuse_moving(const struct wanted *wanted, const struct plan_job *standing, bool restricted,
                          struct feed_reply *reply)
{
    const char *run = standing ? run_name(standing, restricted) : "ID";
    return refuse(reply, 400,
                  "limit and offset need a run that stays, as the latest may change between two pages; ask "
                  "/feeds/v1/%s%s?run=%s&limit=%zu&offset=%zu",
                  wanted->table->name, endings[wanted->kind], run,
                  wanted->limit == SIZE_MAX ? (size_t)WM_LIMIT_MAX : wanted->limit, wanted->offset);
}

/* ---- The reply ---- */

/*
 * Of all that the bytes depend on. A plan's rows never change, and its id and its end tell it from any other. No digest of
 * the data goes in: whoever has most of a dataset could try the rest against it.
 */
static void put_etag(const struct wanted *wanted, const struct feed_view *view, bool restricted,
                     struct feed_reply *reply)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    buf_format(&text, WM_VERSION " %s %zu %d %d %d %zu %zu ", wanted->table->name, wanted->table->n_columns,
               (int)wanted->kind, wanted->excel, restricted, wanted->offset, wanted->limit);
    if (view) {
        buf_format(&text, "%s ", view->run);
        buf_integer(&text, view->finished_at);
    }
    if (!text.failed)
        snprintf(reply->etag, sizeof reply->etag, "%016llx", (unsigned long long)XXH3_64bits(text.at, text.len));
    buf_fini(&text);
}

static void write_rows(const struct wanted *wanted, const struct feed_view *view, struct feed_reply *reply)
{
    struct feed_rows rows;
    if (feed_rows_open(wanted->table, view, &rows) != WM_OK) {
        refuse(reply, 500, "%s", wm_error_text(WM_EMEMORY));
        return;
    }
    if (wanted->kind == KIND_csv)
        feed_write_csv(&reply->body, &rows, wanted->offset, wanted->limit, wanted->excel);
    else
        feed_write_json(&reply->body, &rows, wanted->offset, wanted->limit);
    size_t n = rows.n;
    feed_rows_close(&rows);
    if (reply->body.failed && !reply->body.starved)
        refuse(reply, 400, "The %zu rows are more than one answer may hold (%zu bytes); page them: run=%s&limit=%d.", n,
               reply->body.max, view ? view->run : "ID", WM_LIMIT_MAX);
    else if (reply->body.failed)
        refuse(reply, 500, "%s", wm_error_text(WM_EMEMORY));
}

static void answer_rows(const struct feed_ask *ask, const struct wanted *wanted, struct plan_job *job,
                        bool (*known)(void *arg, const char *etag), void *arg, struct feed_reply *reply)
{
    struct plan_news news;
    struct feed_view view;
    if (job) {
        plan_job_news(job, &news);
        view = (struct feed_view){{plan_job_question(job)->dataset, plan_job_question(job), plan_job_answer(job)},
                                  run_name(job, ask->restricted),
                                  plan_job_finished_at(job),
                                  news.elapsed_ms,
                                  ask->restricted};
        reply->finished_at = view.finished_at;
    }
    put_etag(wanted, job ? &view : NULL, ask->restricted, reply);
    if (known == NULL || !known(arg, reply->etag))
        write_rows(wanted, job ? &view : NULL, reply);
}

static void answer_table(const struct feed_ask *ask, const struct wanted *wanted, struct plans *plans,
                         const struct wm_dataset *dataset, bool (*known)(void *arg, const char *etag), void *arg,
                         struct feed_reply *reply)
{
    struct plan_job *job = NULL;
    if (wanted->run) {
        job = find_run(plans, wanted->run, ask->restricted, reply);
        if (job == NULL)
            return;
    } else {
        job = plans ? plans_standing(plans, dataset) : NULL;
    }
    if (wanted->paged && wanted->run == NULL)
        refuse_moving(wanted, job, ask->restricted, reply);
    else
        answer_rows(ask, wanted, job, known, arg, reply);
    plan_job_release(job);
}

void feed_answer(const struct feed_ask *ask, struct plans *plans, const struct wm_dataset *dataset,
                 bool (*known)(void *arg, const char *etag), void *arg, struct feed_reply *reply)
{
    struct wanted wanted = {.limit = SIZE_MAX};
    reply->status = 200;
    reply->type = types[KIND_json];
    if (*ask->file == '\0') {
        feed_write_index(&reply->body, ask->restricted);
        return;
    }
    if (!read_file_name(ask->file, &wanted, reply) || !read_query(ask, &wanted, reply))
        return;
    reply->type = types[wanted.kind];
    if (wanted.kind == KIND_schema)
        feed_write_schema(&reply->body, wanted.table);
    else if (wanted.kind == KIND_columns)
        feed_write_columns(&reply->body, wanted.table);
    else if (wanted.kind == KIND_pq)
        feed_write_pq(&reply->body, wanted.table, ask->authority);
    else if (wanted.table->restricted && !ask->restricted)
        refuse(reply, 403,
               "The rows of %s are persons. Only the restricted profile has it, which the operator of this service "
               "turns on with --feeds restricted; the public tables are those that GET /feeds/v1/ says are served.",
               wanted.table->name);
    else
        answer_table(ask, &wanted, plans, dataset, known, arg, reply);
}
