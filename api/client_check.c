/* check and compare: plans from files or by their ids, judged by plan.check and set side by side here. */
#include "client_check.h"

#include "client_plan.h"
#include "client_plan_verdict.h"
#include "client_rows.h"
#include "client_value.h"
#include "jsonrpc.h"

#include <string.h>

enum { ID_CAP = 128 };

/* ---- Checking ---- */

/* Members of a row as they stand there, unknown ones left out. */
static void put_some(struct buf *params, struct slice row, const char *const names[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct slice value = value_at(row, names[i]);
        if (value_missing(value))
            continue;
        json_put_key(params, names[i]);
        buf_put(params, value.at, value.len);
    }
}

/* What a check needs of placements: the ids, no more. */
static void put_rows(struct buf *params, const char *key, struct slice rows, const char *const names[], size_t n)
{
    struct items items = value_items(rows);
    json_put_key(params, key);
    json_open(params, '[');
    for (struct slice row; value_next(&items, &row);) {
        json_item(params);
        json_open(params, '{');
        put_some(params, row, names, n);
        json_close(params, '}');
    }
    json_close(params, ']');
}

/* And of the prices: that of a unit, and of a mentor's packages each their own. */
static void put_prices(struct buf *params, struct slice rows)
{
    static const char *const names[] = {"resource", "of", "price_femto"};
    static const char *const of_package[] = {"hours", "price_femto"};
    struct items items = value_items(rows);
    json_put_key(params, "prices");
    json_open(params, '[');
    for (struct slice row; value_next(&items, &row);) {
        json_item(params);
        json_open(params, '{');
        put_some(params, row, names, 3);
        json_close(params, '}');
        struct items packages = value_items(value_at(row, "packages"));
        for (struct slice package; value_next(&packages, &package);) {
            json_item(params);
            json_open(params, '{');
            put_some(params, row, names, 2);
            put_some(params, package, of_package, 2);
            json_close(params, '}');
        }
    }
    json_close(params, ']');
}

/* What moves are counted from: who was where. */
static void put_base(struct buf *params, const char *word, struct slice base)
{
    static const char *const names[] = {"leader", "post"};
    if (!base.at)
        json_put_text(params, "base_plan", word);
    else
        put_rows(params, "base", value_at(base, "placements"), names, 2);
}

/* What is to be judged: a plan, and where its moves are counted from another, that one. */
struct checking {
    struct client *client;
    struct link link;
    const char *word, *base_word; /* base_word: NULL when not given */
    bool by_id;                   /* and not beside a base: whoever holds the plan knows its own */
    struct client_plan plan, base;
};

static void copy_id(struct slice id, char out[ID_CAP])
{
    out[0] = '\0';
    if (id.at && json_kind(id) == '"')
        json_string_copy(json_string_raw(id), out, ID_CAP);
}

/* By the id that the plan gives, when no base is: whoever is asked has to hold that still. */
static bool asks_for_base(const struct checking *checking)
{
    return !checking->by_id && !checking->base_word && client_plan_counts_moves(checking->plan.whole);
}

/* A plan from a file is sent whole, with the question it answers; one by its id is held where it is asked for. */
static void put_check(struct buf *params, const struct checking *checking)
{
    static const char *const names[] = {"leader", "post", "package", "mentor"};
    struct slice plan = checking->plan.whole, base = value_at(plan, "base");
    json_open(params, '{');
    if (checking->by_id) {
        json_put_text(params, "plan", checking->word);
    } else {
        put_rows(params, "placements", value_at(plan, "placements"), names, 4);
        if (value_at(plan, "prices").at)
            put_prices(params, value_at(plan, "prices"));
        client_plan_put_request(params, plan);
    }
    if (checking->base_word) {
        put_base(params, checking->base_word, checking->base.whole);
    } else if (asks_for_base(checking)) {
        json_put_key(params, "base_plan");
        buf_put(params, base.at, base.len);
    }
    json_close(params, '}');
}

static enum exit_code tell_remedy(const struct checking *checking)
{
    char base[ID_CAP];
    copy_id(value_at(checking->plan.whole, "base"), base);
    client_complain("%s: its moves are counted from %s%s, which is not kept here; give --base PLAN: the file that "
                    "'wellmatch allocate --json' wrote of that plan",
                    checking->word, *base ? "plan " : "another plan", base);
    return EXIT_INPUT;
}

/* The base is another plan than the one that the plan says it changes. */
static bool is_other_base(const struct checking *checking)
{
    char says[ID_CAP], is[ID_CAP];
    copy_id(value_at(checking->plan.whole, "base"), says);
    copy_id(value_at(checking->base.whole, "plan"), is);
    if (!*says || !*is || strcmp(says, is) == 0)
        return false;
    client_complain("--base: %s is plan %s, but the moves of %s are counted from plan %s", checking->base_word, is,
                    checking->word, says);
    return true;
}

static enum exit_code open_plans(struct checking *checking)
{
    enum exit_code code = client_plan_open(checking->client, &checking->link, checking->word, &checking->plan);
    if (code == EXIT_DONE && checking->base_word && !client_plan_is_id(checking->base_word))
        code = client_plan_open(checking->client, &checking->link, checking->base_word, &checking->base);
    if (code == EXIT_DONE && checking->base.whole.at && is_other_base(checking))
        code = EXIT_INPUT;
    if (code == EXIT_DONE && asks_for_base(checking) && value_missing(value_at(checking->plan.whole, "base")))
        code = tell_remedy(checking);
    return code;
}

static void show_verdict(struct checking *checking, struct slice verdict)
{
    struct client *client = checking->client;
    struct page page = {&client->out, &client->screen, NULL};
    if (client->json)
        plan_put_verdict(&client->out, checking->plan.whole, verdict);
    else
        plan_show_verdict(&page, checking->plan.whole, verdict);
    page_end(&page);
}

/* No such base, or no more. */
static bool is_of_base(const struct link_answer *answer)
{
    return answer->code == RPC_GONE ||
           (answer->code == RPC_UNKNOWN && value_is(value_at(answer->value, "data/pointer"), "/base_plan"));
}

static enum exit_code judge(struct checking *checking)
{
    struct buf params;
    struct link_answer answer;
    enum exit_code code = open_plans(checking);
    if (code != EXIT_DONE)
        return code;
    buf_init(&params, LINE_MAX_BYTES);
    put_check(&params, checking);
    code = (enum exit_code)link_call(&checking->link, "plan.check", (struct slice){params.at, params.len}, &answer);
    buf_fini(&params);
    if (code != EXIT_DONE) {
        client_complain("%s", checking->link.error);
        return code;
    }
    if (asks_for_base(checking) && is_of_base(&answer))
        return tell_remedy(checking);
    if (answer.code != 0)
        return client_tell_error(checking->client, &answer, NULL);
    show_verdict(checking, answer.value);
    return plan_holds(checking->plan.whole, answer.value) ? EXIT_DONE : EXIT_INPUT;
}

enum exit_code run_check(struct client *client)
{
    const struct options *options = &client->options;
    struct checking checking = {
        .client = client, .word = options->words[1], .base_word = options_value(options, OPTION_base)};
    enum exit_code code = client_open(client, &checking.link);
    if (code != EXIT_DONE)
        return code;
    checking.by_id = client_plan_is_id(checking.word) && !checking.base_word;
    client_plan_init(&checking.plan);
    client_plan_init(&checking.base);
    code = judge(&checking);
    client_plan_fini(&checking.base);
    client_plan_fini(&checking.plan);
    link_close(&checking.link);
    return code;
}

/* ---- Comparing ---- */

static enum exit_code compare_packages(struct client *client)
{
    struct buf params;
    buf_init(&params, LINE_MAX_BYTES);
    json_open(&params, '{');
    json_put_text(&params, "leader", client->options.words[1]);
    json_put_text(&params, "post", client->options.words[2]);
    json_close(&params, '}');
    enum exit_code code = client_ask(client, "match.compare_packages", (struct slice){params.at, params.len});
    buf_fini(&params);
    return code;
}

static void show_compared(struct client *client, const struct client_plan plans[2], const char *const names[2])
{
    struct page page = {&client->out, &client->screen, NULL};
    size_t rows = client_rows_max(client);
    if (client->json || client->csv) {
        struct buf json;
        buf_init(&json, client->out.max);
        plan_put_difference(&json, plans[0].whole, plans[1].whole);
        client->out.failed = client->out.failed || json.failed;
        struct slice value = {json.at ? json.at : "", json.len};
        if (json.failed)
            ;
        else if (client->json)
            client_put_json(client, value);
        else
            rows_put_csv(&page, client->terminal, value_at(value, "moves"), "");
        buf_fini(&json);
    } else {
        plan_show_difference(&page, plans[0].whole, plans[1].whole, names, rows);
    }
    page_end(&page);
}

/* A plan's file that is not there is missed as a file, not as a leader. */
static bool is_file_name(const char *word)
{
    size_t len = strlen(word);
    return len > 5 && strcmp(word + len - 5, ".json") == 0;
}

enum exit_code run_compare(struct client *client)
{
    const char *const *words = client->options.words + 1;
    bool plan[2] = {client_plan_is_named(words[0]) || is_file_name(words[0]),
                    client_plan_is_named(words[1]) || is_file_name(words[1])};
    if (!plan[0] && !plan[1])
        return compare_packages(client);
    if (!plan[0] || !plan[1]) {
        client_complain(
            "'%.100s' is no plan: neither a file nor the id of one; two plans can be compared, or LEADER POST",
            words[plan[0]]);
        return EXIT_INPUT;
    }
    struct client_plan plans[2];
    struct link link;
    bool asks = client_plan_is_id(words[0]) || client_plan_is_id(words[1]);
    enum exit_code code = asks ? client_open(client, &link) : EXIT_DONE;
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; i < 2; i++)
        client_plan_init(&plans[i]);
    for (size_t i = 0; i < 2 && code == EXIT_DONE; i++)
        code = client_plan_open(client, asks ? &link : NULL, words[i], &plans[i]);
    if (code == EXIT_DONE)
        show_compared(client, plans, words);
    for (size_t i = 0; i < 2; i++)
        client_plan_fini(&plans[i]);
    if (asks)
        link_close(&link);
    return code;
}
