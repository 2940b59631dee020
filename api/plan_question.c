/*
 * Lists of a question on top of a plan are those of the plan's own question with the new ones behind; a number is the
 * new one where one is given. Then the text is written anew from what was understood, which is what makes two questions
 * comparable: order of ids, defaults and spelling no longer show.
 */
#include "plan_question_parts.h"

#include "encode.h"
#include "jsonrpc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { RESOLVE_USUAL = 20, RESOLVE_PLACES = 300000000 /* leaders times posts, of all that is solved again */ };

static const enum wm_table resource_tables[] = {[WM_RESOURCE_POST] = WM_POSTS,
                                                [WM_RESOURCE_BUDGET] = WM_BUDGETS,
                                                [WM_RESOURCE_PACKAGE] = WM_PACKAGES,
                                                [WM_RESOURCE_MENTOR] = WM_MENTORS};

const char *plan_resource_name(enum wm_resource_kind kind)
{
    static const char *const names[] = {[WM_RESOURCE_POST] = "openings",
                                        [WM_RESOURCE_BUDGET] = "budget",
                                        [WM_RESOURCE_PACKAGE] = "stock",
                                        [WM_RESOURCE_MENTOR] = "mentor_hours",
                                        [WM_RESOURCE_MOVES] = "moves"};
    return names[kind];
}

const char *plan_resource_id(const struct wm_dataset *dataset, size_t resource)
{
    size_t row;
    enum wm_resource_kind kind = wm_resource_at(dataset, resource, &row);
    return kind == WM_RESOURCE_MOVES ? NULL : wm_row_id(dataset, resource_tables[kind], row);
}

/* ---- Rows ---- */

static bool has(const struct params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->param[i]->name, name) == 0)
            return true;
    return false;
}

/* Room for n things, the question's own; NULL when out of memory. */
static void *take_room(struct plan_question *question, size_t n, size_t size)
{
    assert(question->n_owned < sizeof question->owned / sizeof question->owned[0]);
    void *room = calloc(n + 1, size);
    question->owned[question->n_owned] = room;
    question->n_owned += room != NULL;
    return room;
}

static int compare_rows(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* The rows of one list and those of the base's, ascending, each once; NULL when neither has any. */
static int merge_rows(struct plan_builder *build, const char *name, const uint32_t **rows, size_t *n_rows)
{
    const struct param_value *given = params_get(build->params, name);
    size_t n_base = *n_rows, n = n_base + given->n_rows, kept = 0;
    const uint32_t *of_base = *rows;
    *rows = NULL;
    *n_rows = 0;
    if (n == 0)
        return 0;
    uint32_t *out = take_room(build->question, n, sizeof *out);
    if (out == NULL)
        return refuse_memory(build->error);
    if (n_base > 0)
        memcpy(out, of_base, n_base * sizeof *out);
    if (given->n_rows > 0)
        memcpy(out + n_base, given->rows, given->n_rows * sizeof *out);
    qsort(out, n, sizeof *out, compare_rows);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || out[kept - 1] != out[i])
            out[kept++] = out[i];
    *rows = out;
    *n_rows = kept;
    return 0;
}

/* The row that `value`, which stands at `place`, names. */
static int find_row(const struct wm_dataset *dataset, enum wm_table table, const struct place *place,
                    struct slice value, size_t *row, struct buf *error)
{
    char id[SHOWN_MAX + 1];
    if (read_text(value, id, sizeof id) && wm_row_find(dataset, table, id, row) == WM_OK)
        return 0;
    (void)json_string_copy(json_string_raw(value), id, sizeof id);
    return refuse_row(error, place, dataset, table, id);
}

/* ---- Lists of objects ---- */

size_t plan_count_items(struct slice array)
{
    struct json_walk walk;
    struct slice item;
    size_t n = 0;
    if (array.at == NULL)
        return 0;
    json_walk_start(&walk, array);
    while (json_walk_item(&walk, &item))
        n++;
    return n;
}

int plan_read_list(struct plan_builder *build, const char *name, const struct param *members, plan_read_item *read,
                   void *out, size_t size)
{
    const struct param_value *list = params_get(build->params, name);
    struct place top = params_place(build->params, name);
    struct json_walk walk;
    struct slice raw;
    int code = 0;
    if (!list->given)
        return 0;
    json_walk_start(&walk, list->raw);
    for (size_t i = 0; code == 0 && json_walk_item(&walk, &raw); i++) {
        struct place place = {&top, NULL, i};
        struct params item;
        code = params_read_object(build->dataset, members, &place, raw, &item, build->error);
        if (code != 0)
            return code;
        code = read(build, &item, &place, raw, (char *)out + i * size);
        params_fini(&item);
    }
    return code;
}

/* The items of a list behind those of the base: reads the new ones into a room of both. */
static int merge_list(struct plan_builder *build, const char *name, const struct param *members, plan_read_item *read,
                      const void **items, size_t *n_items, size_t size)
{
    const void *of_base = *items;
    size_t n_base = *n_items, n = n_base + plan_count_items(params_get(build->params, name)->raw);
    *items = NULL;
    *n_items = 0;
    if (n == 0)
        return 0;
    char *out = take_room(build->question, n, size);
    if (out == NULL)
        return refuse_memory(build->error);
    if (n_base > 0)
        memcpy(out, of_base, n_base * size);
    *items = out;
    *n_items = n;
    return plan_read_list(build, name, members, read, out + n_base * size, size);
}

static int32_t row_or_any(const struct params *item, const char *name)
{
    const struct param_value *value = params_get(item, name);
    return value->given ? (int32_t)value->number : WM_NO_ROW;
}

static int read_rule(struct plan_builder *build, const struct params *item, const struct place *place, struct slice raw,
                     void *out)
{
    struct wm_plan_rule rule = {row_or_any(item, "leader"), row_or_any(item, "post"), row_or_any(item, "package"),
                                row_or_any(item, "mentor")};
    memcpy(out, &rule, sizeof rule);
    if (rule.leader == WM_NO_ROW && rule.post == WM_NO_ROW && rule.package == WM_NO_ROW && rule.mentor == WM_NO_ROW)
        return refuse_value(build->error, place, "at least one of leader, post, package, mentor", raw);
    return 0;
}

/* The mentor of a region whose hours are worth most in the base plan, else the first; -1: the region has none. */
static int64_t mentor_of_region(const struct plan_builder *build, size_t region)
{
    int column = wm_column_find(build->dataset, WM_MENTORS, "region");
    int64_t best = -1, best_price = 0;
    for (size_t row = 0; row < wm_table_rows(build->dataset, WM_MENTORS); row++) {
        if (wm_cell_number(build->dataset, WM_MENTORS, row, (size_t)column) != (int64_t)region)
            continue;
        int64_t price =
            build->base ? build->base->plan->prices_femto[wm_resource_index(build->dataset, WM_RESOURCE_MENTOR, row)]
                        : 0;
        if (best < 0 || price > best_price) {
            best = (int64_t)row;
            best_price = price;
        }
    }
    return best;
}

/* What is like no mentor's id and like the name of a region was meant for that. */
static int refuse_mentor(struct plan_builder *build, const struct place *place, struct slice value)
{
    char text[SHOWN_MAX + 1];
    const char *like;
    struct choices regions = {0};
    size_t row;
    choices_add_words(&regions, build->dataset, "region");
    if (read_text(value, text, sizeof text) && wm_row_nearest(build->dataset, WM_MENTORS, text, &like, 1) == 0 &&
        choices_nearest(&regions, text) != NULL)
        return refuse_choice(build->error, place, &regions, value);
    return find_row(build->dataset, WM_MENTORS, place, value, &row, build->error);
}

static int find_mentor(struct plan_builder *build, const struct place *place, struct slice value, size_t *row)
{
    char text[SHOWN_MAX + 1];
    if (read_text(value, text, sizeof text) && wm_row_find(build->dataset, WM_MENTORS, text, row) == WM_OK)
        return 0;
    size_t n = wm_vocabulary_count(build->dataset, "region");
    for (size_t i = 0; i < n; i++) {
        if (!json_string_is(json_string_raw(value), wm_vocabulary_word(build->dataset, "region", i)))
            continue;
        int64_t found = mentor_of_region(build, i);
        if (found < 0)
            return refuse_value(build->error, place, "a region that has a mentor, or the id of a mentor", value);
        *row = (size_t)found;
        return 0;
    }
    return refuse_mentor(build, place, value);
}

static int read_limit(struct plan_builder *build, const struct params *item, const struct place *place,
                      struct slice raw, void *out)
{
    const struct param_value *add = params_get(item, "add"), *to = params_get(item, "to");
    struct slice of = params_get(item, "of")->raw;
    struct place of_place = {place, "of", 0};
    enum wm_resource_kind kind = (enum wm_resource_kind)params_get(item, "resource")->number;
    size_t row;
    if (add->given == to->given)
        return refuse_value(build->error, place, "an object with either add or to", raw);
    int code = kind == WM_RESOURCE_MENTOR
                   ? find_mentor(build, &of_place, of, &row)
                   : find_row(build->dataset, resource_tables[kind], &of_place, of, &row, build->error);
    if (code != 0)
        return code;
    struct wm_limit_change change = {kind, (uint32_t)row, add->given, add->given ? add->number : to->number};
    memcpy(out, &change, sizeof change);
    return 0;
}

static int read_placement(struct plan_builder *build, const struct params *item, const struct place *place,
                          struct slice raw, void *out)
{
    struct wm_placement placement = {(uint32_t)params_get(item, "leader")->number,
                                     (uint32_t)params_get(item, "post")->number,
                                     params_get(item, "package")->given ? (uint32_t)params_get(item, "package")->number
                                                                        : 0, /* of a base: only leader and post count */
                                     row_or_any(item, "mentor")};
    (void)build;
    (void)place;
    (void)raw;
    memcpy(out, &placement, sizeof placement);
    return 0;
}

int plan_placements_read(const struct wm_dataset *dataset, const struct params *params, const char *name,
                         struct wm_placement **out, size_t *n, struct buf *error)
{
    struct plan_builder build = {.dataset = dataset, .params = params, .error = error};
    bool base = strcmp(name, "base") == 0;
    *n = plan_count_items(params_get(params, name)->raw);
    *out = calloc(*n + 1, sizeof **out);
    if (*out == NULL)
        return refuse_memory(error);
    int code = plan_read_list(&build, name, base ? plan_base_members : plan_placement_members, read_placement, *out,
                              sizeof **out);
    if (code != 0) {
        free(*out);
        *out = NULL;
    }
    return code;
}

struct price {
    size_t resource;
    int64_t femto, hours; /* hours of a mentor's package; 0: of one unit */
    size_t row;
};

static int read_price(struct plan_builder *build, const struct params *item, const struct place *place,
                      struct slice raw, void *out)
{
    enum wm_resource_kind kind = (enum wm_resource_kind)params_get(item, "resource")->number;
    const struct param_value *of = params_get(item, "of");
    struct place of_place = {place, "of", 0};
    size_t row = 0;
    int code = 0;
    if (of->given != (kind != WM_RESOURCE_MOVES))
        return refuse_value(build->error, &of_place, kind == WM_RESOURCE_MOVES ? "nothing, for moves" : "an id", raw);
    if (of->given)
        code = find_row(build->dataset, resource_tables[kind], &of_place, of->raw, &row, build->error);
    if (code != 0)
        return code;
    const struct param_value *hours = params_get(item, "hours");
    if (hours->given && kind != WM_RESOURCE_MENTOR) {
        struct place hours_place = {place, "hours", 0};
        return refuse_value(build->error, &hours_place, "nothing, but for mentor_hours", raw);
    }
    struct price price = {wm_resource_index(build->dataset, kind, row), params_get(item, "price_femto")->number,
                          hours->given ? hours->number : 0, row};
    memcpy(out, &price, sizeof price);
    return 0;
}

int plan_prices_read(const struct wm_dataset *dataset, const struct params *params, struct plan_prices *out,
                     struct buf *error)
{
    struct plan_builder build = {.dataset = dataset, .params = params, .error = error};
    size_t n = plan_count_items(params_get(params, "prices")->raw);
    struct price *prices = calloc(n + 1, sizeof *prices);
    out->femto = calloc(wm_resource_count(dataset) + 1, sizeof *out->femto);
    out->packages = calloc(n + 1, sizeof *out->packages);
    int code = prices == NULL || out->femto == NULL || out->packages == NULL ? refuse_memory(error) : 0;
    if (code == 0)
        code = plan_read_list(&build, "prices", plan_price_members, read_price, prices, sizeof *prices);
    out->prices = (struct wm_prices){out->femto, 0, out->packages};
    for (size_t i = 0; code == 0 && i < n; i++) {
        const struct price *price = &prices[i];
        if (price->hours > 0)
            out->packages[out->prices.n_packages++] =
                (struct wm_package_price){(uint32_t)price->row, price->hours, price->femto};
        else
            out->femto[price->resource] = price->femto;
    }
    free(prices);
    if (code != 0)
        plan_prices_fini(out);
    return code;
}

void plan_prices_fini(struct plan_prices *prices)
{
    free(prices->femto);
    free(prices->packages);
    *prices = (struct plan_prices){0};
}

/* ---- The whole ---- */

static int set_rows(struct plan_builder *build)
{
    struct wm_plan_request *request = &build->question->request;
    const struct {
        const char *name;
        const uint32_t **rows;
        size_t *n;
    } lists[] = {{"posts", &request->posts, &request->n_posts},
                 {"leaders", &request->leaders, &request->n_leaders},
                 {"packages", &request->packages, &request->n_packages},
                 {"without_posts", &request->without_posts, &request->n_without_posts},
                 {"without_leaders", &request->without_leaders, &request->n_without_leaders},
                 {"without_mentors", &request->without_mentors, &request->n_without_mentors},
                 {"must_fill", &request->must_fill, &request->n_must_fill}};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof lists / sizeof lists[0]; i++)
        code = merge_rows(build, lists[i].name, lists[i].rows, lists[i].n);
    return code;
}

static int set_lists(struct plan_builder *build)
{
    struct wm_plan_request *request = &build->question->request;
    const void *locks = request->locks, *forbids = request->forbids, *limits = request->limits;
    int code =
        merge_list(build, "locks", plan_lock_members, read_rule, &locks, &request->n_locks, sizeof *request->locks);
    if (code == 0)
        code = merge_list(build, "forbids", plan_forbid_members, read_rule, &forbids, &request->n_forbids,
                          sizeof *request->forbids);
    if (code == 0)
        code = merge_list(build, "limits", plan_limit_members, read_limit, &limits, &request->n_limits,
                          sizeof *request->limits);
    request->locks = locks;
    request->forbids = forbids;
    request->limits = limits;
    return code;
}

/* The number of a parameter where it is given, or the table has no base to take it from. */
static void set_number(const struct plan_builder *build, const char *name, int64_t *number)
{
    if (!has(build->params, name))
        return;
    const struct param_value *value = params_get(build->params, name);
    if (value->given || build->base == NULL)
        *number = value->number;
}

/* The number of a parameter where it is given. */
static void set_given(const struct plan_builder *build, const char *name, int64_t *number)
{
    if (has(build->params, name) && params_get(build->params, name)->given)
        *number = params_get(build->params, name)->number;
}

/* Nobody waits a minute for prices that were not asked for: of a large country fewer are solved again. */
static size_t usual_resolve(const struct wm_dataset *dataset)
{
    size_t places = wm_table_rows(dataset, WM_LEADERS) * wm_table_rows(dataset, WM_POSTS);
    size_t most = places > 0 ? RESOLVE_PLACES / places : RESOLVE_USUAL;
    return most < RESOLVE_USUAL ? most : RESOLVE_USUAL;
}

static void set_numbers(struct plan_builder *build)
{
    struct plan_question *question = build->question;
    int64_t resolve = (int64_t)question->resolve;
    set_number(build, "gap", &question->gap_nano);
    set_number(build, "deadline_ms", &question->deadline_ms);
    set_given(build, "resolve", &resolve);
    question->resolve = (size_t)resolve;
    set_given(build, "move_penalty", &question->request.move_penalty_nano);
    set_given(build, "moves_max", &question->request.moves_max);
}

static int set_base(struct plan_builder *build)
{
    struct plan_question *question = build->question;
    const struct wm_plan *plan = build->base->plan;
    struct wm_placement *placements = take_room(question, plan->n_placements, sizeof *placements);
    int64_t *prices = take_room(question, plan->n_resources, sizeof *prices);
    struct wm_package_price *packages = take_room(question, plan->n_package_prices, sizeof *packages);
    if (placements == NULL || prices == NULL || packages == NULL)
        return refuse_memory(build->error);
    if (plan->n_package_prices > 0)
        memcpy(packages, plan->package_prices, plan->n_package_prices * sizeof *packages);
    if (plan->n_placements > 0)
        memcpy(placements, plan->placements, plan->n_placements * sizeof *placements);
    memcpy(prices, plan->prices_femto, plan->n_resources * sizeof *prices);
    question->request.base = placements;
    question->request.n_base = plan->n_placements;
    question->request.start_femto = prices;
    question->request.start_packages = packages;
    question->request.n_start_packages = plan->n_package_prices;
    question->base_nano = plan->value_nano;
    snprintf(question->base, sizeof question->base, "%s", build->base->id);
    return 0;
}

/* ---- Its text ---- */

static void put_ids(struct buf *text, const char *key, const struct wm_dataset *dataset, enum wm_table table,
                    const uint32_t *rows, size_t n)
{
    if (n == 0)
        return;
    json_put_key(text, key);
    json_open(text, '[');
    for (size_t i = 0; i < n; i++) {
        const char *id = wm_row_id(dataset, table, rows[i]);
        json_item(text);
        buf_json_string(text, id, strlen(id));
    }
    json_close(text, ']');
}

static void put_id(struct buf *text, const char *key, const struct wm_dataset *dataset, enum wm_table table,
                   int32_t row)
{
    if (row != WM_NO_ROW)
        json_put_text(text, key, wm_row_id(dataset, table, (size_t)row));
}

static void put_rules(struct buf *text, const char *key, const struct wm_dataset *dataset,
                      const struct wm_plan_rule *rules, size_t n)
{
    if (n == 0)
        return;
    json_put_key(text, key);
    json_open(text, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(text, '{');
        put_id(text, "leader", dataset, WM_LEADERS, rules[i].leader);
        put_id(text, "post", dataset, WM_POSTS, rules[i].post);
        put_id(text, "package", dataset, WM_PACKAGES, rules[i].package);
        put_id(text, "mentor", dataset, WM_MENTORS, rules[i].mentor);
        json_close(text, '}');
    }
    json_close(text, ']');
}

static void put_limits(struct buf *text, const struct wm_dataset *dataset, const struct wm_limit_change *limits,
                       size_t n)
{
    if (n == 0)
        return;
    json_put_key(text, "limits");
    json_open(text, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(text, '{');
        json_put_text(text, "resource", plan_resource_name(limits[i].kind));
        json_put_text(text, "of", wm_row_id(dataset, resource_tables[limits[i].kind], limits[i].row));
        json_put_integer(text, limits[i].relative ? "add" : "to", limits[i].amount);
        json_close(text, '}');
    }
    json_close(text, ']');
}

static void write_text(struct plan_question *question)
{
    const struct wm_plan_request *request = &question->request;
    const struct wm_dataset *dataset = question->dataset;
    struct buf *text = &question->text;
    json_open(text, '{');
    if (question->base[0] != '\0')
        json_put_text(text, "plan", question->base);
    put_ids(text, "posts", dataset, WM_POSTS, request->posts, request->n_posts);
    put_ids(text, "leaders", dataset, WM_LEADERS, request->leaders, request->n_leaders);
    put_ids(text, "packages", dataset, WM_PACKAGES, request->packages, request->n_packages);
    put_ids(text, "without_posts", dataset, WM_POSTS, request->without_posts, request->n_without_posts);
    put_ids(text, "without_leaders", dataset, WM_LEADERS, request->without_leaders, request->n_without_leaders);
    put_ids(text, "without_mentors", dataset, WM_MENTORS, request->without_mentors, request->n_without_mentors);
    put_rules(text, "locks", dataset, request->locks, request->n_locks);
    put_rules(text, "forbids", dataset, request->forbids, request->n_forbids);
    put_ids(text, "must_fill", dataset, WM_POSTS, request->must_fill, request->n_must_fill);
    put_limits(text, dataset, request->limits, request->n_limits);
    if (question->edits.len > 0) {
        json_put_key(text, "policy");
        buf_char(text, '[');
        buf_put(text, question->edits.at, question->edits.len);
        buf_char(text, ']');
    }
    if (request->move_penalty_nano > 0)
        json_put_fixed(text, "move_penalty", request->move_penalty_nano, 9);
    if (request->moves_max != WM_MISSING)
        json_put_integer(text, "moves_max", request->moves_max);
    json_put_fixed(text, "gap", question->gap_nano, 9);
    json_put_integer(text, "resolve", (int64_t)question->resolve);
    json_close(text, '}');
}

static void set_digest(struct plan_question *question)
{
    XXH64_hash_t hash = XXH3_64bits_withSeed(question->text.at, question->text.len,
                                             XXH3_64bits(wm_policy_digest(question->dataset), 32));
    hash ^= XXH3_64bits(wm_dataset_digest(question->dataset), 32);
    snprintf(question->digest, sizeof question->digest, "%016llx", (unsigned long long)hash);
}

static int finish(struct plan_builder *build)
{
    struct plan_question *question = build->question;
    write_text(question);
    if (question->text.starved || question->edits.failed)
        return refuse_memory(build->error);
    if (question->text.failed) {
        rpc_error_open(build->error, RPC_TOO_LARGE);
        json_put_integer(build->error, "limit", PLAN_TEXT_MAX_BYTES);
        json_put_text(build->error, "what", "question");
        rpc_error_close(build->error);
        return RPC_TOO_LARGE;
    }
    set_digest(question);
    return 0;
}

int plan_question_read(struct wm_dataset *dataset, const struct params *params, const struct plan_base *base,
                       struct plan_question **out, struct buf *error)
{
    struct plan_question *question = calloc(1, sizeof *question);
    if (question == NULL)
        return refuse_memory(error);
    question->request = base ? base->question->request : (struct wm_plan_request)WM_PLAN_REQUEST_INIT;
    question->gap_nano = base ? base->question->gap_nano : 0;
    question->deadline_ms = base ? base->question->deadline_ms : PLAN_DEADLINE_MS;
    question->resolve = base ? base->question->resolve : usual_resolve(dataset);
    buf_init(&question->text, PLAN_TEXT_MAX_BYTES);
    buf_init(&question->edits, PLAN_TEXT_MAX_BYTES);

    struct plan_builder build = {question, base ? base->question->dataset : dataset, params, base, error};
    int code = plan_set_dataset(&build, dataset);
    if (code == 0)
        code = set_rows(&build);
    if (code == 0)
        code = set_lists(&build);
    if (code == 0 && base)
        code = set_base(&build);
    if (code == 0) {
        set_numbers(&build);
        code = finish(&build);
    }
    if (code == 0)
        *out = question;
    else
        plan_question_free(question);
    return code;
}

void plan_question_free(struct plan_question *question)
{
    if (question == NULL)
        return;
    for (size_t i = 0; i < question->n_owned; i++)
        free(question->owned[i]);
    wm_dataset_unref(question->dataset);
    buf_fini(&question->text);
    buf_fini(&question->edits);
    free(question);
}

bool plan_question_same(const struct plan_question *a, const struct plan_question *b)
{
    return strcmp(a->digest, b->digest) == 0 && a->text.len == b->text.len &&
           memcmp(a->text.at, b->text.at, a->text.len) == 0 &&
           strcmp(wm_dataset_digest(a->dataset), wm_dataset_digest(b->dataset)) == 0 &&
           strcmp(wm_policy_digest(a->dataset), wm_policy_digest(b->dataset)) == 0;
}
