/*
 * Numbers are variable-length (seven bits a byte, the sign in the lowest bit), texts end in NUL and stay where they are:
 * the answer keeps the bytes. Whatever indexes something is checked to be in range; whether the plan keeps its rules and
 * limits, is worth what it says, and has the bound that its prices prove, is wm_plan_verify's to say.
 */
#include "plan_pack.h"

#include <stdlib.h>
#include <string.h>

#define PACK_VERSION "plan-1 " WM_VERSION

/* ---- Packing ---- */

static void put(struct buf *out, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    for (; rest >= 128; rest >>= 7)
        buf_char(out, (char)(rest | 128));
    buf_char(out, (char)rest);
}

static void put_text(struct buf *out, const char *text)
{
    put(out, text != NULL);
    if (text)
        buf_put(out, text, strlen(text) + 1);
}

static void put_placement(struct buf *out, const struct wm_placement *at)
{
    put(out, at->leader);
    put(out, at->post);
    put(out, at->package);
    put(out, at->mentor);
}

static void put_rule(struct buf *out, const struct wm_rule_outcome *rule)
{
    put(out, rule->rule);
    put(out, rule->verdict);
    put_text(out, rule->note);
    put(out, rule->together);
    put(out, (int64_t)rule->n_changes);
    for (size_t i = 0; i < rule->n_changes; i++) {
        const struct wm_change *change = &rule->changes[i];
        put(out, change->table);
        put_text(out, change->row);
        put_text(out, change->column);
        put(out, change->type);
        put(out, change->from);
        put(out, change->to);
        put(out, change->by);
        put_text(out, change->word);
        put(out, change->remove);
    }
}

static void put_left_out(struct buf *out, const struct wm_left_out *left)
{
    put(out, left->row);
    put(out, left->reason);
    put(out, (int64_t)left->openings);
    put(out, left->has_nearest);
    put_placement(out, &left->nearest);
    put(out, left->nearest_nano);
    put(out, left->rival);
    put(out, left->margin_nano);
    put(out, (int64_t)left->resource);
    put(out, left->short_by);
    put(out, left->fix.kind);
    if (left->fix.kind == WM_FIX_NONE)
        return;
    put(out, (int64_t)left->fix.resource);
    put(out, left->fix.amount);
    put_placement(out, &left->fix.placement);
    put(out, left->fix.gain_nano);
    if (left->fix.kind == WM_FIX_RULE)
        put_rule(out, &left->fix.rule);
}

static void put_worth(struct buf *out, const struct wm_worth *worth)
{
    put(out, (int64_t)worth->resource);
    put(out, worth->price_femto);
    put(out, worth->step);
    put(out, worth->least_nano);
    put(out, worth->most_nano);
    put(out, worth->resolved);
    put(out, worth->resolved_nano);
}

static void put_plan(struct buf *out, const struct wm_plan *plan)
{
    const int64_t numbers[] = {plan->status,
                               plan->value_nano,
                               plan->bound_nano,
                               plan->priced_nano,
                               (int64_t)plan->eligible_pairs,
                               (int64_t)plan->options_priced,
                               (int64_t)plan->nodes,
                               (int64_t)plan->n_resources,
                               (int64_t)plan->n_placements,
                               (int64_t)plan->n_package_prices};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        put(out, numbers[i]);
    buf_put(out, (const char *)&plan->gap, sizeof plan->gap);
    for (size_t i = 0; i < plan->n_resources; i++) {
        put(out, plan->limits[i]);
        put(out, plan->used[i]);
        put(out, plan->prices_femto[i]);
    }
    for (size_t i = 0; i < plan->n_placements; i++)
        put_placement(out, &plan->placements[i]);
    for (size_t i = 0; i < plan->n_package_prices; i++) {
        put(out, plan->package_prices[i].mentor);
        put(out, plan->package_prices[i].hours);
        put(out, plan->package_prices[i].price_femto);
    }
}

void plan_pack_key(const struct plan_question *question, struct buf *out)
{
    buf_format(out, "%s %s %s ", PACK_VERSION, wm_dataset_digest(question->dataset),
               wm_policy_digest(question->dataset));
    buf_put(out, question->text.at, question->text.len);
}

bool plan_pack_shares(const struct plan_question *question, const struct plan_answer *answer)
{
    return answer->plan->found && answer->report && !answer->cut && answer->plan->status != WM_PLAN_DEADLINE &&
           strchr(question->base, '-') == NULL;
}

void plan_pack(const struct plan_answer *answer, struct buf *out)
{
    const struct wm_plan_report *report = answer->report;
    put_plan(out, answer->plan);
    put(out, (int64_t)report->n_unfilled);
    for (size_t i = 0; i < report->n_unfilled; i++)
        put_left_out(out, &report->unfilled[i]);
    put(out, (int64_t)report->n_unplaced);
    for (size_t i = 0; i < report->n_unplaced; i++)
        put_left_out(out, &report->unplaced[i]);
    put(out, (int64_t)report->n_worth);
    for (size_t i = 0; i < report->n_worth; i++)
        put_worth(out, &report->worth[i]);
}

/* ---- Unpacking ---- */

struct reader {
    const struct wm_dataset *dataset;
    char *at, *end;
    bool failed;
};

static int64_t get(struct reader *reader)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        unsigned char byte = (unsigned char)*reader->at++;
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
    }
    reader->failed = true;
    return 0;
}

/* A number from least to most; past it the bytes are no plan. */
static int64_t get_within(struct reader *reader, int64_t least, int64_t most)
{
    int64_t number = get(reader);
    if (number >= least && number <= most)
        return number;
    reader->failed = true;
    return least;
}

static size_t get_row(struct reader *reader, enum wm_table table)
{
    return (size_t)get_within(reader, 0, (int64_t)wm_table_rows(reader->dataset, table) - 1);
}

static int32_t get_row_or_none(struct reader *reader, enum wm_table table)
{
    return (int32_t)get_within(reader, WM_NO_ROW, (int64_t)wm_table_rows(reader->dataset, table) - 1);
}

static const char *get_text(struct reader *reader)
{
    char *text = reader->at;
    if (!get_within(reader, 0, 1))
        return NULL;
    text = reader->at;
    char *end = memchr(text, '\0', (size_t)(reader->end - text));
    if (!end) {
        reader->failed = true;
        return "";
    }
    reader->at = end + 1;
    return text;
}

/* Room for as many things as are said to follow, each at least a byte; NULL when that cannot be or memory is out. */
static void *get_room(struct reader *reader, size_t size, size_t *n)
{
    *n = (size_t)get_within(reader, 0, reader->end - reader->at);
    void *room = reader->failed ? NULL : calloc(*n + 1, size);
    reader->failed = reader->failed || !room;
    *n = room ? *n : 0;
    return room;
}

static struct wm_placement get_placement(struct reader *reader)
{
    struct wm_placement at;
    at.leader = (uint32_t)get_row(reader, WM_LEADERS);
    at.post = (uint32_t)get_row(reader, WM_POSTS);
    at.package = (uint32_t)get_row(reader, WM_PACKAGES);
    at.mentor = get_row_or_none(reader, WM_MENTORS);
    return at;
}

static const char *get_text_there(struct reader *reader)
{
    const char *text = get_text(reader);
    reader->failed = reader->failed || !text;
    return text ? text : "";
}

/* Something that the column of a change may hold, so that it can be written. */
static bool is_cell(const struct wm_dataset *dataset, const struct wm_change *change, int64_t cell)
{
    size_t n;
    int32_t first, last;
    int index = wm_column_find(dataset, change->table, change->column);
    const struct wm_column *column = index < 0 ? NULL : wm_table_columns(dataset, change->table, &n) + index;
    if (!column || column->type != change->type)
        return false;
    if (cell == WM_MISSING)
        return true;
    if (column->type == WM_WORD)
        return cell >= 0 && (size_t)cell < wm_vocabulary_count(dataset, column->of);
    if (column->type == WM_DATE)
        return wm_date_parse("1900-01-01", 10, &first) && wm_date_parse("2199-12-31", 10, &last) && cell >= first &&
               cell <= last;
    return true;
}

static void get_change(struct reader *reader, struct wm_change *change)
{
    change->table = (enum wm_table)get_within(reader, 0, WM_TABLES - 1);
    change->row = get_text_there(reader);
    change->column = get_text_there(reader);
    change->type = (enum wm_type)get(reader);
    change->from = get(reader);
    change->to = get(reader);
    change->by = get(reader);
    change->word = get_text(reader);
    change->remove = get_within(reader, 0, 1);
    reader->failed = reader->failed || !is_cell(reader->dataset, change, change->from) ||
                     !is_cell(reader->dataset, change, change->to);
}

static void get_rule(struct reader *reader, struct wm_rule_outcome *rule)
{
    rule->rule = (enum wm_rule)get_within(reader, 0, WM_RULE_COUNT - 1);
    rule->verdict = (enum wm_verdict)get_within(reader, WM_PASSED, WM_UNJUDGED);
    const char *note = get_text_there(reader);
    if (strlen(note) >= sizeof rule->note)
        reader->failed = true;
    else
        memcpy(rule->note, note, strlen(note) + 1);
    rule->together = get_within(reader, 0, 1);
    rule->n_changes = (size_t)get_within(reader, 0, WM_CHANGES_MAX);
    for (size_t i = 0; i < rule->n_changes && !reader->failed; i++)
        get_change(reader, &rule->changes[i]);
}

static void get_left_out(struct reader *reader, enum wm_table table, struct wm_left_out *left)
{
    const int64_t resources = (int64_t)wm_resource_count(reader->dataset);
    left->row = (uint32_t)get_row(reader, table);
    left->reason = (enum wm_reason)get_within(reader, 0, WM_REASON_COUNT - 1);
    left->openings = (size_t)get_within(reader, 0, INT64_MAX);
    left->has_nearest = get_within(reader, 0, 1);
    left->nearest = get_placement(reader);
    left->nearest_nano = get(reader);
    left->rival = get_row_or_none(reader, table == WM_POSTS ? WM_POSTS : WM_LEADERS);
    left->margin_nano = get(reader);
    left->resource = (size_t)get_within(reader, -1, resources);
    left->short_by = get(reader);
    left->fix.kind = (enum wm_fix_kind)get_within(reader, WM_FIX_NONE, WM_FIX_RULE);
    if (left->fix.kind == WM_FIX_NONE)
        return;
    left->fix.resource = (size_t)get_within(reader, -1, left->fix.kind == WM_FIX_LIMIT ? resources - 1 : resources);
    left->fix.amount = get(reader);
    left->fix.placement = get_placement(reader);
    left->fix.gain_nano = get(reader);
    if (left->fix.kind == WM_FIX_RULE)
        get_rule(reader, &left->fix.rule);
}

static struct wm_left_out *get_left_outs(struct reader *reader, enum wm_table table, size_t *n)
{
    struct wm_left_out *rows = get_room(reader, sizeof *rows, n);
    for (size_t i = 0; i < *n && !reader->failed; i++)
        get_left_out(reader, table, &rows[i]);
    return rows;
}

/* ---- The plan and the report, in memory of their own ---- */

struct unpacked_report {
    struct wm_plan_report report; /* first: it is freed by its address */
    char *bytes;
};

static void free_plan(struct wm_plan *plan)
{
    free(plan->placements);
    free(plan->limits);
    free(plan->used);
    free(plan->prices_femto);
    free(plan->package_prices);
    free(plan);
}

static void free_report(struct wm_plan_report *report)
{
    struct unpacked_report *unpacked = (struct unpacked_report *)report;
    free(report->unfilled);
    free(report->unplaced);
    free(report->worth);
    free(unpacked->bytes);
    free(unpacked);
}

static const struct plan_solver unpacker = {NULL, NULL, free_plan, free_report};

static void get_plan(struct reader *reader, struct wm_plan *plan)
{
    plan->found = true;
    plan->status = (enum wm_plan_status)get_within(reader, WM_PLAN_OPTIMAL, WM_PLAN_WITHIN_GAP);
    plan->value_nano = get(reader);
    plan->bound_nano = get(reader);
    plan->priced_nano = get(reader);
    plan->eligible_pairs = (size_t)get(reader);
    plan->options_priced = (size_t)get(reader);
    plan->nodes = (size_t)get(reader);
    const int64_t resources = (int64_t)wm_resource_count(reader->dataset);
    plan->n_resources = (size_t)get_within(reader, resources, resources);
    plan->placements = get_room(reader, sizeof *plan->placements, &plan->n_placements);
    plan->package_prices = get_room(reader, sizeof *plan->package_prices, &plan->n_package_prices);
    plan->limits = calloc(plan->n_resources + 1, sizeof *plan->limits);
    plan->used = calloc(plan->n_resources + 1, sizeof *plan->used);
    plan->prices_femto = calloc(plan->n_resources + 1, sizeof *plan->prices_femto);
    if (reader->failed || !plan->limits || !plan->used || !plan->prices_femto ||
        (size_t)(reader->end - reader->at) < sizeof plan->gap) {
        reader->failed = true;
        return;
    }
    memcpy(&plan->gap, reader->at, sizeof plan->gap);
    reader->at += sizeof plan->gap;
    for (size_t i = 0; i < plan->n_resources; i++) {
        plan->limits[i] = get(reader);
        plan->used[i] = get(reader);
        plan->prices_femto[i] = get(reader);
    }
    for (size_t i = 0; i < plan->n_placements; i++)
        plan->placements[i] = get_placement(reader);
    for (size_t i = 0; i < plan->n_package_prices; i++) {
        plan->package_prices[i].mentor = (uint32_t)get_row(reader, WM_MENTORS);
        plan->package_prices[i].hours = get_within(reader, 1, INT64_MAX);
        plan->package_prices[i].price_femto = get(reader);
    }
}

static void get_report(struct reader *reader, struct wm_plan_report *report)
{
    const int64_t resources = (int64_t)wm_resource_count(reader->dataset);
    report->unfilled = get_left_outs(reader, WM_POSTS, &report->n_unfilled);
    report->unplaced = get_left_outs(reader, WM_LEADERS, &report->n_unplaced);
    report->worth = get_room(reader, sizeof *report->worth, &report->n_worth);
    for (size_t i = 0; i < report->n_worth; i++) {
        struct wm_worth *worth = &report->worth[i];
        worth->resource = (size_t)get_within(reader, 0, resources - 1);
        worth->price_femto = get(reader);
        worth->step = get(reader);
        worth->least_nano = get(reader);
        worth->most_nano = get(reader);
        worth->resolved = get_within(reader, 0, 1);
        worth->resolved_nano = get(reader);
    }
}

/* It keeps rules and limits, and value and bounds are what placements and prices say. */
static bool holds(const struct plan_question *question, const struct wm_plan *plan,
                  const struct wm_solve_options *options)
{
    struct wm_plan_verdict verdict;
    const struct wm_prices prices = {plan->prices_femto, plan->n_package_prices, plan->package_prices};
    return wm_plan_verify(question->dataset, &question->request, plan->placements, plan->n_placements, &prices, options,
                          NULL, &verdict) == WM_OK &&
           verdict.feasible && verdict.value_nano == plan->value_nano && verdict.bounded &&
           verdict.bound_nano == plan->priced_nano && plan->bound_nano <= plan->priced_nano &&
           plan->bound_nano >= plan->value_nano;
}

bool plan_unpack(const struct plan_question *question, struct slice bytes, const struct wm_solve_options *options,
                 struct plan_answer *out)
{
    struct wm_plan *plan = calloc(1, sizeof *plan);
    struct unpacked_report *unpacked = calloc(1, sizeof *unpacked);
    char *copy = malloc(bytes.len + 1);
    *out = (struct plan_answer){.solver = &unpacker, .plan = plan, .report = unpacked ? &unpacked->report : NULL};
    struct reader reader = {question->dataset, copy, copy ? copy + bytes.len : NULL, !plan || !unpacked || !copy};
    if (!reader.failed) {
        memcpy(copy, bytes.at, bytes.len);
        unpacked->bytes = copy;
        get_plan(&reader, plan);
    } else {
        free(copy);
    }
    if (!reader.failed)
        get_report(&reader, &unpacked->report);
    if (!reader.failed && reader.at == reader.end && holds(question, plan, options) &&
        plan_answer_add_up(question, out) == WM_OK)
        return true;
    plan_answer_fini(out);
    return false;
}
