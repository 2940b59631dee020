/*
 * allocate: the command line becomes a question, the question a plan, the plan a page. With changes there are two
 * questions, the second upon the plan of the first, and the page is about the difference.
 */
#include "client_allocate.h"

#include "client_plan.h"
#include "client_plan_verdict.h"
#include "client_plan_view.h"
#include "client_rows.h"
#include "client_value.h"
#include "client_wishes.h"
#include "jsonrpc.h"

#include <string.h>

enum { RANKED_ASKED = 5, ID_CAP = 128 };

struct asking {
    struct client *client;
    struct link link;
    struct question question; /* what the options ask */
    struct question changes;  /* what --what-if and the options about moves change */
    struct client_plan base, plan;
};

static enum exit_code make_plan(struct asking *asking);
static enum exit_code open_base(struct asking *asking, const char *word);
static enum exit_code show(struct asking *asking);
static enum exit_code show_reason(struct asking *asking, const char *id);

enum exit_code run_allocate(struct client *client)
{
    struct asking asking = {.client = client};
    const struct options *options = &client->options;
    if (options_value(options, OPTION_explain) && client->csv) {
        client_complain("--explain and --csv exclude each other");
        return EXIT_INPUT;
    }
    enum exit_code code = client_open(client, &asking.link);
    if (code != EXIT_DONE)
        return code;
    question_init(&asking.question);
    question_init(&asking.changes);
    client_plan_init(&asking.base);
    client_plan_init(&asking.plan);
    const struct wishes wishes = {client, &asking.link, &asking.question, &asking.changes};
    code = wishes_read(&wishes);
    if (code == EXIT_DONE)
        code = wishes_read_changes(&wishes);
    if (code == EXIT_DONE && !options_value(options, OPTION_from))
        code = wishes_check_explained(&wishes);
    if (code == EXIT_DONE)
        code = make_plan(&asking);
    if (code == EXIT_DONE)
        code = show(&asking);
    client_plan_fini(&asking.plan);
    client_plan_fini(&asking.base);
    question_fini(&asking.changes);
    question_fini(&asking.question);
    link_close(&asking.link);
    return code;
}

/* ---- The plan ---- */

static bool asks_nothing(const struct question *question)
{
    for (size_t i = 0; i < QUESTION_LIST_COUNT; i++)
        if (question->n[i] > 0)
            return false;
    return question->settings.len == 0;
}

static bool id_of(const struct client_plan *plan, char id[ID_CAP])
{
    struct slice value = value_at(plan->whole, "plan");
    return value.at && json_kind(value) == '"' && json_string_copy(json_string_raw(value), id, ID_CAP) < ID_CAP;
}

/* Posts that the plan of the options had to leave open must be filled by that of the changes all the same, if it can. */
static void insist_again(struct asking *asking, struct question *question)
{
    struct slice plan = asking->base.whole;
    struct items posts = value_items(value_at(plan, "must_fill_left_open"));
    for (struct slice post; value_next(&posts, &post);)
        question_id(question, QUESTION_must_fill, "--must-fill", "", json_string_raw(post));
}

/* The plan asked for is in asking->plan; what it is a change of, in asking->base. */
static enum exit_code make_plan(struct asking *asking)
{
    const char *from = options_value(&asking->client->options, OPTION_from);
    char base[ID_CAP];
    bool changes = !asks_nothing(&asking->changes);
    if (!from && !changes)
        return client_plan_ask(asking->client, &asking->link, &asking->question, NULL, &asking->plan);
    if (from && !changes && asks_nothing(&asking->question))
        return client_plan_open(asking->client, &asking->link, from, &asking->plan);

    /* Before a base is solved for: what is misspelt is said at once. */
    enum exit_code code =
        asking->changes.sources ? client_plan_try(asking->client, &asking->link, &asking->changes) : EXIT_DONE;
    if (code != EXIT_DONE)
        return code;
    code = from ? open_base(asking, from)
                : client_plan_ask(asking->client, &asking->link, &asking->question, NULL, &asking->base);
    if (code != EXIT_DONE)
        return code;
    if (!value_true_at(asking->base.whole, "found") || !id_of(&asking->base, base)) {
        client_complain(client_was_interrupted()
                            ? "stopped before there was a plan that could be changed"
                            : "there is no plan yet that could be changed; --time-limit S allows more time");
        return EXIT_DEADLINE;
    }
    if (client_was_interrupted()) {
        client_complain("stopped before the change was asked for: this is the plan as it was");
        asking->plan = asking->base;
        client_plan_init(&asking->base);
        return EXIT_DONE;
    }
    if (!from) {
        wishes_set_effort(&asking->client->options, &asking->changes);
        insist_again(asking, &asking->changes);
        return client_plan_ask(asking->client, &asking->link, &asking->changes, base, &asking->plan);
    }
    /* With --from, everything that is said is a change of that plan. */
    struct question *question = &asking->question;
    if (asking->changes.settings.len > 0 || asking->changes.sources)
        question_append(question, &asking->changes);
    return client_plan_ask(asking->client, &asking->link, question, base, &asking->plan);
}

/*
 * The plan that --from names, known to whoever answers: one from a file may have gone since (with --data it always has),
 * and is then asked for again, which gives the same plan unless a deadline cut it.
 */
static enum exit_code open_base(struct asking *asking, const char *word)
{
    struct client *client = asking->client;
    char id[ID_CAP];
    struct link_answer answer;
    struct buf params;
    enum exit_code code = client_plan_open(client, &asking->link, word, &asking->base);
    if (code != EXIT_DONE || !id_of(&asking->base, id))
        return code;
    insist_again(asking, &asking->question);
    buf_init(&params, LINE_MAX_BYTES);
    json_open(&params, '{');
    json_put_text(&params, "plan", id);
    json_close(&params, '}');
    enum link_status status = link_call(&asking->link, "plan.get", (struct slice){params.at, params.len}, &answer);
    buf_fini(&params);
    if (status != LINK_OK) {
        client_complain("%s", asking->link.error);
        return (enum exit_code)status;
    }
    if (answer.code == 0)
        return EXIT_DONE;
    struct client_plan again;
    client_plan_init(&again);
    code = client_plan_ask_again(client, &asking->link, &asking->base, &again);
    if (code == EXIT_DONE && !client_plan_same_value(&asking->base, &again))
        client_complain(
            "%s: asked again, this plan comes out worth something else (the data has changed, or its time was "
            "up before it was proven); changes are told from the new one",
            word);
    client_plan_fini(&asking->base);
    asking->base = again;
    return code;
}

/* ---- Showing ---- */

static const char *changes_name(const struct options *options)
{
    size_t n = 0;
    const char *only = NULL;
    for (size_t i = 0; i < options->n_given; i++)
        if (options->given[i].option == OPTION_what_if) {
            only = options->given[i].value;
            n++;
        }
    return n == 1 ? only : "with the changes";
}

static void show_page(struct asking *asking)
{
    struct client *client = asking->client;
    struct page page = {&client->out, &client->screen, NULL};
    size_t rows = client_rows_max(client);
    if (asking->base.whole.at && value_true_at(asking->plan.whole, "found")) {
        struct buf name;
        buf_init(&name, OUTPUT_MAX_BYTES);
        const char *changes = changes_name(&client->options);
        text_clean(&name, changes, strlen(changes));
        buf_char(&name, '\0');
        const char *const names[] = {"as it was", name.failed ? "changed" : name.at};
        plan_show_difference(&page, asking->base.whole, asking->plan.whole, names, rows);
        page_heading(&page, "The plan as changed");
        plan_show_headline(&page, asking->plan.whole, false);
        page_revisions(&page, asking->plan.whole);
        buf_fini(&name);
    } else {
        plan_show(&page, asking->plan.whole, rows);
    }
    page_end(&page);
}

static enum exit_code show(struct asking *asking)
{
    struct client *client = asking->client;
    const char *explain = options_value(&client->options, OPTION_explain);
    enum exit_code code = EXIT_DONE;
    if (explain) {
        code = show_reason(asking, explain);
    } else if (client->csv) {
        struct page page = {&client->out, &client->screen, NULL};
        rows_put_csv(&page, client->terminal, value_at(asking->plan.whole, "placements"), "");
        page_end(&page);
    } else if (client->json) {
        client_put_json(client, asking->plan.whole);
    } else {
        show_page(asking);
    }
    return code == EXIT_DONE ? client_plan_code(&asking->plan) : code;
}

/* The ranks of a post or leader by itself, in `kept`; nothing when they cannot be had. */
static void ask_ranks(struct asking *asking, enum plan_knows knows, const char *id, struct buf *kept)
{
    bool post = knows == PLAN_KNOWS_POST;
    struct link_answer answer;
    struct buf params;
    buf_init(&params, LINE_MAX_BYTES);
    json_open(&params, '{');
    json_put_text(&params, post ? "post" : "leader", id);
    json_put_integer(&params, "limit", RANKED_ASKED);
    json_close(&params, '}');
    if (link_call(&asking->link, post ? "match.shortlist" : "match.opportunities",
                  (struct slice){params.at, params.len}, &answer) == LINK_OK &&
        answer.code == 0)
        buf_put(kept, answer.value.at, answer.value.len);
    buf_fini(&params);
}

static enum exit_code show_reason(struct asking *asking, const char *id)
{
    struct client *client = asking->client;
    enum plan_knows knows = plan_knows(asking->plan.whole, id);
    if (knows == PLAN_KNOWS_NOT && !value_true_at(asking->plan.whole, "found")) {
        show_page(asking);
        return EXIT_DONE;
    }
    if (knows == PLAN_KNOWS_NOT) {
        client_complain("--explain: the plan knows no post and no leader '%.100s'", id);
        return EXIT_INPUT;
    }
    if (client->json) {
        plan_put_reason(&client->out, asking->plan.whole, id);
        buf_char(&client->out, '\n');
        return EXIT_DONE;
    }
    struct buf ranks;
    struct page page = {&client->out, &client->screen, NULL};
    buf_init(&ranks, OUTPUT_MAX_BYTES);
    ask_ranks(asking, knows, id, &ranks);
    plan_show_reason(&page, asking->plan.whole, id, (struct slice){ranks.failed ? NULL : ranks.at, ranks.len});
    page_end(&page);
    buf_fini(&ranks);
    return EXIT_DONE;
}
