/*
 * Options -> question. The ids of a list are taken as they stand; only whether an id of --without is a leader's, a
 * post's or a mentor's has to be asked where the data is.
 */
#include "client_wishes.h"

#include "client_page.h"
#include "client_value.h"
#include "jsonrpc.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEADLINE_LEAST_MS = 100, DEADLINE_MOST_MS = 3600000 };

/* What is wrong with a text of the command line, and a caret below the place. */
static enum exit_code tell_place(const char *option, struct slice text, const struct what_if_error *error)
{
    struct buf lines, before;
    client_complain("%s: %s", option, error->text);
    buf_init(&lines, OUTPUT_MAX_BYTES);
    buf_init(&before, OUTPUT_MAX_BYTES);
    text_clean(&before, text.at, error->at);
    buf_text(&lines, "  ");
    text_clean(&lines, text.at, text.len);
    buf_text(&lines, "\n  ");
    for (size_t cells = before.failed ? 0 : text_width(before.at ? before.at : "", before.len); cells > 0; cells--)
        buf_char(&lines, ' ');
    buf_text(&lines, "^\n");
    client_write(&lines, STDERR_FILENO);
    buf_fini(&before);
    buf_fini(&lines);
    return EXIT_INPUT;
}

/* The row of `id` if it is of this kind; a row that is not there says what else has that id. */
static enum link_status get_row(const struct wishes *wishes, const char *kind, struct slice id,
                                struct link_answer *answer)
{
    struct buf params;
    buf_init(&params, LINE_MAX_BYTES);
    json_open(&params, '{');
    json_put_text(&params, "kind", kind);
    json_put_key(&params, "id");
    buf_json_string(&params, id.at, id.len);
    json_close(&params, '}');
    enum link_status status = link_call(wishes->link, "dataset.get", (struct slice){params.at, params.len}, answer);
    buf_fini(&params);
    return status;
}

/* Before a minute is spent on solving: a post or leader that is misspelt. */
enum exit_code wishes_check_explained(const struct wishes *wishes)
{
    const char *id = options_value(&wishes->client->options, OPTION_explain);
    struct link_answer answer;
    if (!id || get_row(wishes, *id == 'L' ? "leader" : "post", (struct slice){id, strlen(id)}, &answer) != LINK_OK)
        return EXIT_DONE; /* what is wrong with the link is told by who needs it */
    struct slice is_a = value_at(answer.value, "data/is_a"), nearest = value_at(answer.value, "data/nearest");
    if (answer.code != RPC_UNKNOWN || value_is(is_a, "leader") || value_is(is_a, "post"))
        return EXIT_DONE;
    struct page page = {NULL, NULL, NULL};
    const char *names = page_value(&page, nearest);
    client_complain("--explain: there is no post and no leader '%.100s'%s%s", id, *names ? "; the nearest: " : "",
                    names);
    page_end(&page);
    return EXIT_INPUT;
}

/* Whose id it is, asked where the data is. */
static enum exit_code add_without(const struct wishes *wishes, struct question *question, const char *option,
                                  const char *text, struct slice id)
{
    static const struct {
        const char *kind;
        enum question_list list;
    } kinds[] = {
        {"leader", QUESTION_without_leaders}, {"post", QUESTION_without_posts}, {"mentor", QUESTION_without_mentors}};
    struct link_answer answer;
    enum link_status status = get_row(wishes, "leader", id, &answer);
    if (status != LINK_OK) {
        client_complain("%s", wishes->link->error);
        return (enum exit_code)status;
    }
    struct slice is_a = value_at(answer.value, "data/is_a");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (answer.code == 0 ? i == 0 : value_is(is_a, kinds[i].kind)) {
            question_id(question, kinds[i].list, option, text, id);
            return EXIT_DONE;
        }
    if (answer.code != RPC_UNKNOWN)
        return client_tell_error(wishes->client, &answer, option);
    client_complain("%s: there is no leader, post or mentor '%.*s'", option, (int)id.len, id.at);
    return EXIT_INPUT;
}

static void add_ids(const struct wishes *wishes, enum option option, enum question_list list, const char *name)
{
    const struct options *options = &wishes->client->options;
    struct options_walk walk = {0};
    for (struct slice id; options_next(options, option, &walk, &id);)
        question_id(wishes->question, list, name, options->given[walk.given].value, id);
}

static enum exit_code add_rules(const struct wishes *wishes, enum option option, enum question_list list,
                                const char *name)
{
    const struct options *options = &wishes->client->options;
    struct options_walk walk = {0};
    for (struct slice text; options_next(options, option, &walk, &text);) {
        struct placement_rule rule;
        struct what_if_error error;
        if (!placement_rule_read(text, list == QUESTION_locks, &rule, &error))
            return tell_place(name, text, &error);
        question_rule(wishes->question, list, name, options->given[walk.given].value, &rule);
    }
    return EXIT_DONE;
}

static void set_number(struct question *question, const char *name, double number)
{
    char json[40];
    snprintf(json, sizeof json, "%.9f", number);
    question_setting(question, name, json);
}

static void set_whole(struct question *question, const char *name, int64_t number)
{
    char json[24];
    snprintf(json, sizeof json, "%lld", (long long)number);
    question_setting(question, name, json);
}

/* How far to go: the same for a plan and for its change. */
void wishes_set_effort(const struct options *options, struct question *question)
{
    int64_t deadline_ms = options_milliseconds(options, OPTION_time_limit, -1);
    if (options_value(options, OPTION_gap))
        set_number(question, "gap", options_number(options, OPTION_gap, 0));
    if (deadline_ms >= 0)
        set_whole(question, "deadline_ms", deadline_ms < DEADLINE_LEAST_MS ? DEADLINE_LEAST_MS : deadline_ms);
    if (options_value(options, OPTION_resolve))
        set_whole(question, "resolve", options_integer(options, OPTION_resolve, 0));
}

enum exit_code wishes_read(const struct wishes *wishes)
{
    const struct options *options = &wishes->client->options;
    struct options_walk walk = {0};
    if (options_milliseconds(options, OPTION_time_limit, 0) > DEADLINE_MOST_MS) {
        client_complain("--time-limit is '%s'; expected seconds, 0.001 to %d: an hour at most",
                        options_value(options, OPTION_time_limit), DEADLINE_MOST_MS / 1000);
        return EXIT_INPUT;
    }
    add_ids(wishes, OPTION_posts, QUESTION_posts, "--posts");
    add_ids(wishes, OPTION_leaders, QUESTION_leaders, "--leaders");
    add_ids(wishes, OPTION_package, QUESTION_packages, "--package");
    add_ids(wishes, OPTION_must_fill, QUESTION_must_fill, "--must-fill");
    wishes_set_effort(options, wishes->question);
    enum exit_code code = add_rules(wishes, OPTION_lock, QUESTION_locks, "--lock");
    if (code == EXIT_DONE)
        code = add_rules(wishes, OPTION_forbid, QUESTION_forbids, "--forbid");
    for (struct slice id; code == EXIT_DONE && options_next(options, OPTION_without, &walk, &id);)
        code = add_without(wishes, wishes->question, "--without", options->given[walk.given].value, id);
    return code;
}

/* The ids of without[A,B], one by one. */
static enum exit_code change_without(const struct wishes *wishes, const char *text, struct slice ids)
{
    enum exit_code code = EXIT_DONE;
    for (size_t at = 0; code == EXIT_DONE && at < ids.len;) {
        const char *comma = memchr(ids.at + at, ',', ids.len - at);
        size_t len = comma ? (size_t)(comma - ids.at) - at : ids.len - at;
        if (len > 0)
            code = add_without(wishes, wishes->changes, "--what-if", text, (struct slice){ids.at + at, len});
        at += len + 1;
    }
    return code;
}

/* A number that the question has already: of two, none is meant more than the other. */
static bool is_set(const struct question *question, const char *name)
{
    char key[40];
    snprintf(key, sizeof key, "\"%s\":", name);
    return question->settings.len > 0 && memmem(question->settings.at, question->settings.len, key, strlen(key));
}

enum exit_code wishes_read_changes(const struct wishes *wishes)
{
    const struct options *options = &wishes->client->options;
    struct options_walk walk = {0};
    bool moves = options_value(options, OPTION_moves_max) || options_value(options, OPTION_move_penalty);
    bool upon = options_value(options, OPTION_from) || options_value(options, OPTION_what_if);
    if (moves && !upon) {
        client_complain("--moves-max and --move-penalty are about moves from a plan: give one with --from PLAN");
        return EXIT_INPUT;
    }
    if (options_value(options, OPTION_moves_max))
        set_whole(wishes->changes, "moves_max", options_integer(options, OPTION_moves_max, 0));
    if (options_value(options, OPTION_move_penalty))
        set_number(wishes->changes, "move_penalty", options_number(options, OPTION_move_penalty, 0));
    enum exit_code code = EXIT_DONE;
    for (struct slice text; code == EXIT_DONE && options_next(options, OPTION_what_if, &walk, &text);) {
        struct what_if change;
        struct what_if_error error;
        if (!what_if_read(text.at, &change, &error))
            return tell_place("--what-if", text, &error);
        if (change.kind == WHAT_IF_SETTING && is_set(wishes->changes, change.name)) {
            client_complain("--what-if '%s': %s is given twice", text.at, change.name);
            return EXIT_INPUT;
        }
        if (change.kind == WHAT_IF_WITHOUT)
            code = change_without(wishes, text.at, change.of);
        else
            question_change(wishes->changes, "--what-if", text.at, &change);
    }
    return code;
}
