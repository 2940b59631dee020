/* check and compare: plans from files or by their ids, judged by plan.check and set side by side here. */
#include "client_check.h"

#include "client_plan.h"
#include "client_plan_verdict.h"
#include "client_rows.h"
#include "client_value.h"
#include "jsonrpc.h"

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

/* What a check needs of the placements: the ids, no more. */
static void put_placements(struct buf *params, struct slice rows)
{
    static const char *const names[] = {"leader", "post", "package", "mentor"};
    struct items items = value_items(rows);
    json_put_key(params, "placements");
    json_open(params, '[');
    for (struct slice row; value_next(&items, &row);) {
        json_item(params);
        json_open(params, '{');
        put_some(params, row, names, 4);
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

/* A plan from a file is sent whole, with the question it answers; one by its id is held where it is asked for. */
static void put_check(struct buf *params, const char *word, struct slice plan)
{
    json_open(params, '{');
    if (!plan.at) {
        json_put_text(params, "plan", word);
    } else {
        put_placements(params, value_at(plan, "placements"));
        if (value_at(plan, "prices").at)
            put_prices(params, value_at(plan, "prices"));
        client_plan_put_request(params, plan);
    }
    json_close(params, '}');
}

static enum exit_code judge(struct client *client, struct link *link, const char *word, struct client_plan *plan)
{
    struct buf params;
    struct link_answer answer;
    bool by_id = client_plan_is_id(word);
    enum exit_code code = client_plan_open(client, link, word, plan);
    if (code != EXIT_DONE)
        return code;
    buf_init(&params, LINE_MAX_BYTES);
    put_check(&params, word, by_id ? (struct slice){0} : plan->whole);
    code = (enum exit_code)link_call(link, "plan.check", (struct slice){params.at, params.len}, &answer);
    buf_fini(&params);
    if (code != EXIT_DONE)
        client_complain("%s", link->error);
    else if (answer.code != 0)
        return client_tell_error(client, &answer, NULL);
    if (code != EXIT_DONE)
        return code;
    struct page page = {&client->out, &client->screen, NULL};
    if (client->json)
        plan_put_verdict(&client->out, plan->whole, answer.value);
    else
        plan_show_verdict(&page, plan->whole, answer.value);
    page_end(&page);
    return plan_holds(plan->whole, answer.value) ? EXIT_DONE : EXIT_INPUT;
}

enum exit_code run_check(struct client *client)
{
    const char *word = client->options.words[1];
    struct client_plan plan;
    struct link link;
    enum exit_code code = client_open(client, &link);
    if (code != EXIT_DONE)
        return code;
    client_plan_init(&plan);
    code = judge(client, &link, word, &plan);
    client_plan_fini(&plan);
    link_close(&link);
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

enum exit_code run_compare(struct client *client)
{
    const char *const *words = client->options.words + 1;
    bool plan[2] = {client_plan_is_named(words[0]), client_plan_is_named(words[1])};
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
