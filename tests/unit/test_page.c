/*
 * Pages: what is written is escaped whatever the data holds, numbers and dates read as people write them, a page asks
 * until it has all, says what is not there, stays small, and survives every allocation that fails.
 */
#include "fault.h"
#include "jsonrpc.h"
#include "method.h"
#include "page_places.h"
#include "snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct wm_dataset *dataset; /* data/sample */

/* ---- Results: of plans from here, of all else from the sample ---- */

#define CHANGE                                                                                                     \
    "{\"kind\":\"leader\",\"id\":\"L000002\",\"column\":\"ready_from\",\"action\":\"set\",\"word\":null,\"from\":" \
    "\"2027-09-01\","                                                                                              \
    "\"to\":\"2027-07-01\",\"by\":-62,\"unit\":\"days\"}"

static const struct canned {
    const char *method, *part, *body;
} canned[] = {
    {"plan.list", "",
     "{\"jobs\":[{\"job\":\"J1\",\"plan\":\"P1\",\"state\":\"done\",\"status\":\"optimal\",\"value\":1.5,\"gap\":0.0,"
     "\"elapsed_ms\":9000,"
     "\"age_s\":4}]}"},
    {"plan.get", "placements",
     "{\"total\":1,\"rows\":[{\"leader\":\"L000126\",\"post\":\"V00001\",\"title\":\"Director\",\"organisation\":\"A "
     "trust\",\"region\":"
     "\"Midlands\",\"package\":\"P04\",\"mentor\":null,\"value\":0.02,\"expected\":0.02,\"accept\":0.05,\"local_cost_"
     "gbp\":1800,"
     "\"central_cost_gbp\":2600,\"needs_approval\":true}],\"next_offset\":null}"},
    {"plan.get", "unfilled",
     "{\"total\":1,\"rows\":[{\"post\":\"V00020\",\"title\":\"Chief estates "
     "officer\",\"organisation\":\"Wirral\",\"region\":\"North West\","
     "\"openings\":1,\"reason\":\"not_eligible\",\"why\":\"no "
     "pair\",\"nearest\":null,\"fix\":{\"kind\":\"rule\",\"leader\":\"L000002\",\"post\":"
     "\"V00020\",\"rule\":\"ready\",\"note\":\"late\",\"together\":false,\"changes\":[" CHANGE
     "],\"text\":\"t\"}}],\"next_offset\":null}"},
    {"plan.get", "unplaced",
     "{\"total\":342,\"rows\":[{\"leader\":\"L000003\",\"reason\":\"outbid\",\"why\":\"w\",\"nearest\":{\"post\":"
     "\"V00055\",\"package\":\"P04\","
     "\"mentor\":null,\"value\":0.1},\"rival\":\"L000279\",\"margin\":0.1,\"fix\":{\"kind\":\"limit\",\"resource\":"
     "\"openings\",\"of\":\"V00051\","
     "\"add\":1,\"placement\":{\"leader\":\"L000003\",\"post\":\"V00051\",\"package\":\"P04\",\"mentor\":\"M0010\"},"
     "\"gain\":0.1,\"text\":\"t\"}}],"
     "\"next_offset\":50}"},
    {"plan.get", "prices",
     "{\"total\":1,\"rows\":[{\"resource\":\"budget\",\"of\":\"national:ENGLAND\",\"name\":\"n\",\"price_femto\":9,"
     "\"unit\":\"GBP\",\"step\":100000,"
     "\"gain_least\":0.01,\"gain_most\":0.02,\"resolved\":0.0154,\"limit\":325000,\"used\":325000,\"text\":\"t\","
     "\"packages\":[]}],"
     "\"next_offset\":null}"},
    {"plan.get", "totals",
     "{\"total\":1,\"by_region\":[{\"region\":\"Midlands\",\"openings\":3,\"filled\":1,\"value\":1.0,\"local_cost_"
     "gbp\":1800,\"central_cost_gbp\":"
     "2600}],\"by_organisation\":[{\"ods_code\":\"RWD\",\"organisation\":\"L\",\"openings\":3,\"filled\":1,\"value\":1."
     "0,\"local_cost_gbp\":1,"
     "\"central_cost_gbp\":2}],\"by_mentor\":[{\"mentor\":\"M0001\",\"region\":\"Midlands\",\"hours_used\":40,"
     "\"hours\":40}],\"budgets\":[{\"scope\":"
     "\"national\",\"code\":\"ENGLAND\",\"amount_gbp\":325000,\"used_gbp\":325000,\"left_gbp\":0}],\"next_offset\":"
     "null}"},
    {"plan.get", "",
     "{\"dataset\":\"d\",\"plan\":\"P1\",\"status\":\"optimal\",\"value\":1.5,\"bound\":1.5,\"gap\":0.0,\"elapsed_ms\":"
     "9000,\"verified\":true,"
     "\"placements\":1,\"openings\":3,\"local_cost_gbp\":1800,\"central_cost_gbp\":2600}"},
    {"system.info", "", "{\"version\":\"0\",\"kernel\":\"base\"}"},
    {"system.stats", "",
     "{\"uptime_s\":10,\"methods\":{\"system.ping\":{\"requests\":36000,\"errors\":0,\"latency_us\":{\"n\":1,\"p50\":"
     "86,\"p90\":1200,\"p99\":"
     "9000000}}},\"cache\":{\"local_hits\":1,\"local_misses\":1,\"redis_hits\":0},\"redis\":{\"configured\":true,"
     "\"breaker\":\"open\","
     "\"last_error\":\"gone\"}}"},
};

static const char hostile[] = "\"'><script>alert(1)</script>&";

/* Every text of a result gets a hostile end, but for those that say which of a few things is meant. */
static void poison(json_t *json)
{
    static const char *const kept[] = {"state", "kind", "scope", "verdict", "status", "action", "reason", "rule"};
    json_t *item;
    const char *key;
    size_t i;
    json_array_foreach (json, i, item)
        poison(item);
    if (!json_is_object(json))
        return;
    json_object_foreach (json, key, item) {
        bool keep = false;
        for (i = 0; i < sizeof kept / sizeof *kept; i++)
            keep = keep || strcmp(kept[i], key) == 0;
        if (json_is_string(item) && !keep)
            json_object_set_new(json, key, json_sprintf("%s%s", json_string_value(item), hostile));
        else
            poison(item);
    }
}

static void give(struct page *page, bool poisoned)
{
    const struct page_call *asked = page_open(page, 0);
    for (size_t i = 0; i < sizeof canned / sizeof *canned; i++)
        if (strcmp(canned[i].method, asked->method) == 0 && strstr(asked->params, canned[i].part)) {
            json_t *json = json_loads(canned[i].body, 0, NULL);
            assert_non_null(json);
            if (poisoned)
                poison(json);
            char *text = json_dumps(json, JSON_COMPACT);
            page_give(page, 0, 0, (struct slice){text, strlen(text)});
            free(text);
            json_decref(json);
            return;
        }
    const struct method *method = method_find((struct slice){asked->method, strlen(asked->method)});
    const struct method_call call = {.dataset = dataset, .params = {asked->params, strlen(asked->params)}};
    struct buf out;
    assert_non_null(method);
    buf_init(&out, ANSWER_MAX_BYTES);
    int code = method_run(method, &call, &out);
    json_t *json = json_loadb(out.at, out.len, 0, NULL);
    if (poisoned)
        poison(json);
    char *text = json_dumps(json, JSON_COMPACT);
    page_give(page, 0, code, (struct slice){text, strlen(text)});
    free(text);
    json_decref(json);
    buf_fini(&out);
}

struct pair {
    const char *name, *value;
};

static const char *field(const void *self, const char *name)
{
    for (const struct pair *pair = self; pair && pair->name; pair++)
        if (strcmp(pair->name, name) == 0)
            return pair->value;
    return NULL;
}

/* The page, whole and NUL-terminated. */
static struct page *make(void (*write)(struct page *), const char *a, const char *b, const struct pair *fields,
                         bool poisoned)
{
    const struct page_asked asked = {
        .write = write, .id = {a, b}, .field = field, .self = fields, .nonce = "n", .restricted = true};
    struct page *page = page_new(&asked);
    assert_non_null(page);
    for (int rounds = 0; !page_make(page); rounds++) {
        assert_true(rounds < 20);
        while (page_open(page, 0))
            give(page, poisoned);
    }
    assert_false(page->html.failed);
    buf_char(&page->html, '\0');
    return page;
}

static const struct shown {
    void (*write)(struct page *page);
    const char *a, *b;
} all[] = {
    {page_overview, NULL, NULL},      {page_posts, NULL, NULL},   {page_post, "V00042", NULL},
    {page_pair, "V00042", "L000230"}, {page_plans, NULL, NULL},   {page_plan, "P1", NULL},
    {page_run, NULL, NULL},           {page_service, NULL, NULL}, {page_data, NULL, NULL},
};

/* ---- Escaping ---- */

static void what_data_holds_is_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct page *page = make(all[i].write, all[i].a, all[i].b, NULL, true);
        assert_null(strstr(page->html.at, "<script>"));
        assert_null(strstr(page->html.at, "</script>&"));
        if (all[i].write != page_service)
            assert_non_null(strstr(page->html.at, "&lt;script&gt;"));
        page_free(page);
    }
}

/* What a person typed comes back as text too. */
static void what_was_typed_is_escaped(void **state)
{
    (void)state;
    const struct pair fields[] = {
        {"words", hostile}, {"region", hostile},           {"segment", hostile}, {"organisation", hostile},
        {"key", hostile},   {"national:ENGLAND", hostile}, {NULL, NULL}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct page *page = make(all[i].write, all[i].a, all[i].b, fields, false);
        assert_null(strstr(page->html.at, "<script>"));
        page_free(page);
    }
    struct page *page = make(page_post, hostile, NULL, NULL, false);
    assert_int_equal(page->status, 404);
    assert_null(strstr(page->html.at, "<script>"));
    page_free(page);
}

/* Every tag is closed in its turn, every id stands once, and no style, script or handler is in the text: the policy
   forbids them. */
static void check_markup(const char *html)
{
    static const char *const empty[] = {"meta", "link", "input", "br", "!DOCTYPE", "stop", "rect", "path", "line"};
    char open[64][24];
    size_t n = 0;
    assert_null(strstr(html, " style="));
    assert_null(strstr(html, " onclick="));
    for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
        char name[24];
        bool closes = at[1] == '/';
        size_t len = strcspn(at + 1 + closes, " >/");
        assert_true(len > 0 && len < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)len, at + 1 + closes);
        const char *end = strchr(at, '>');
        assert_non_null(end);
        bool alone = end[-1] == '/';
        for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
            alone = alone || strcmp(empty[i], name) == 0;
        if (closes) {
            assert_true(n > 0);
            assert_string_equal(open[--n], name);
        } else if (!alone) {
            assert_true(n < 64);
            strcpy(open[n++], name);
        }
    }
    assert_int_equal(n, 0);
}

static void check_ids(const char *html)
{
    for (const char *at = strstr(html, " id=\""); at; at = strstr(at + 1, " id=\"")) {
        char id[100];
        snprintf(id, sizeof id, "%.*s\"", (int)strcspn(at + 5, "\"") + 5, at);
        if (strstr(at + 1, id))
            fail_msg("twice:%s", id);
    }
}

static void markup_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int poisoned = 0; poisoned < 2; poisoned++) {
            struct page *page = make(all[i].write, all[i].a, all[i].b, NULL, poisoned);
            check_markup(page->html.at);
            check_ids(page->html.at);
            page_free(page);
        }
}

/* ---- Words ---- */

static struct page *empty(void)
{
    const struct page_asked asked = {0};
    struct page *page = page_new(&asked);
    assert_non_null(page);
    return page;
}

static void numbers(void **state)
{
    (void)state;
    struct page *page = empty();
    static const struct {
        int64_t number;
        const char *said;
    } cases[] = {{0, "0"},           {7, "7"},          {999, "999"},
                 {1000, "1,000"},    {36000, "36,000"}, {-1234567, "\u22121,234,567"},
                 {100000, "100,000"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(say_number(page, cases[i].number), cases[i].said);
    assert_string_equal(say_pounds(page, 29750), "£29,750");
    assert_string_equal(say_pounds(page, -5), "\u2212£5");
    assert_string_equal(say_percent(page, 0.0602, 1), "6.0%");
    assert_string_equal(say_percent(page, 1, 0), "100%");
    assert_string_equal(say_count(page, 0, "post", "posts"), "No posts");
    assert_string_equal(say_count(page, 1, "post", "posts"), "1 post");
    assert_string_equal(say_count(page, 2000, "post", "posts"), "2,000 posts");
    assert_string_equal(say_benefit(page, -0.00001), "0.0000");
    assert_string_equal(say_length(page, 400), "less than a second");
    assert_string_equal(say_length(page, 1400), "1 second");
    assert_string_equal(say_length(page, 300000), "5 minutes");
    assert_string_equal(say_length(page, 7200000), "2 hours");
    page_free(page);
}

static void dates_and_words(void **state)
{
    (void)state;
    struct page *page = empty();
    assert_string_equal(say_date(page, "2026-05-04"), "4 May 2026");
    assert_string_equal(say_date(page, "2027-12-31"), "31 December 2027");
    assert_string_equal(say_date(page, "2027-13-31"), "2027-13-31");
    assert_string_equal(say_date(page, "Midlands"), "Midlands");
    assert_string_equal(say_date(page, "2026-05-04T10"), "2026-05-04T10");
    assert_string_equal(say_word(page, "band_9"), "Band 9");
    assert_string_equal(say_word(page, "vsm"), "Very senior manager");
    assert_string_equal(say_url(page, "region:North West/<é>"), "region%3ANorth%20West%2F%3C%C3%A9%3E");
    assert_string_equal(say_json(page, "a\"b\\\n"), "\"a\\\"b\\\\\\n\"");
    json_t *words = json_pack("[sss]", "chief_nurse", "chair", "vsm");
    assert_string_equal(say_words(page, words), "chief nurse, chair and very senior manager");
    assert_string_equal(say_inside(page, "Chief nurse"), "chief nurse");
    assert_string_equal(say_inside(page, "HR director"), "HR director");
    assert_string_equal(say_inside(page, ""), "");
    assert_string_equal(say_rule(page, "excluded"), "Not ruled out by the leader");
    assert_string_equal(say_sentence(page, "grade band_9, post's vsm; until 2026-12-07"),
                        "grade band 9, post's very senior manager; until 7 December 2026");
    json_decref(words);
    page_free(page);
}

static void changes(void **state)
{
    (void)state;
    static const struct {
        const char *change, *said;
    } cases[] = {
        {CHANGE, "bring forward the day from which L000002 is ready from 1 September 2027 to 1 July 2027 (62 days)"},
        {"{\"id\":\"L1\",\"column\":\"regions_willing\",\"action\":\"add\",\"word\":\"North West\"}",
         "add North West to the regions that L1 would move to"},
        {"{\"id\":\"L1\",\"column\":\"organisations_excluded\",\"action\":\"remove\",\"word\":\"RWD\"}",
         "take RWD off the organisations that L1 has excluded"},
        {"{\"id\":\"L1\",\"column\":\"accredited_until\",\"action\":\"set\",\"from\":null,\"to\":\"2027-03-01\"}",
         "find out until when the accreditation of L1 holds: until 1 March 2027 is needed"},
        {"{\"id\":\"L1\",\"column\":\"travel_km\",\"action\":\"set\",\"from\":null,\"to\":57}",
         "find out the distance that L1 would travel: 57 km is needed"},
        {"{\"id\":\"L1\",\"column\":\"grade\",\"action\":\"set\",\"from\":\"band_9\",\"to\":\"vsm\",\"by\":1,\"unit\":"
         "\"steps\"}",
         "change the grade of L1 from band 9 to very senior manager (1 step)"},
    };
    struct page *page = empty();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *change = json_loads(cases[i].change, 0, NULL);
        assert_string_equal(say_change(page, change), cases[i].said);
        json_decref(change);
    }
    page_free(page);
}

/* ---- States ---- */

static void expect(const struct page *page, const char *text)
{
    if (strstr(page->html.at, text) == NULL)
        fail_msg("no \"%s\" in %s", text, page->html.at);
}

static void sentences(void **state)
{
    (void)state;
    struct page *page = make(page_overview, NULL, NULL, NULL, false);
    expect(page, "1 of 3 posts at segment 4 trusts can be filled within budget");
    page_free(page);
    page = make(page_plan, "P1", NULL, NULL, false);
    expect(page, "The plan fills 1 of 3 posts");
    expect(page, "<strong>+0.0154</strong> for £100,000 more");
    expect(page, "Bring forward the day from which L000002 is ready");
    expect(page, "342 leaders without a place");
    expect(page, "<div>Peer network and mentor</div>");
    expect(page, "Came nearest at");
    expect(page, "mentor M0010");
    expect(page, "/feeds/v1/allocation.csv?run=P1&amp;bom=1");
    page_free(page);
    page = make(page_pair, "V00042", "L000230", NULL, false);
    expect(page, "<strong>Fit and proper person check</strong>");
    expect(page, "it holds until 7 December 2026");
    expect(page, "(84 days)");
    page_free(page);
}

/* What an id is called, and the id itself where the data has no such row. */
static void names(void **state)
{
    (void)state;
    static const struct {
        const char *resource, *of, *said;
    } cases[] = {
        {"budget", "national:ENGLAND", "the budget of the nation"},
        {"budget", "region:London", "the budget of London (region)"},
        {"budget", "organisation:RWD", "the budget of United Lincolnshire Teaching Hospitals NHS Trust"},
        {"budget", "icb:QKK", "the budget of NHS South East London ICB"},
        {"budget", "icb:NONE", "the budget of Integrated care board NONE"},
        {"mentor_hours", "M0001", "mentor M0001"},
        {"stock", "P04", "the package Peer network and mentor"},
        {"stock", "P99", "the package P99"},
        {"openings", "V00020", "Chief estates officer, Greater Manchester Mental Health NHS Foundation Trust"},
        {"moves", "", "moves"},
    };
    struct page *page = empty();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        while (scarce_name(page, cases[i].resource, cases[i].of), page_open(page, 0))
            give(page, false);
        assert_string_equal(scarce_name(page, cases[i].resource, cases[i].of), cases[i].said);
    }
    page_free(page);
}

/* A cell names its column, by which it is led where rows are cards; marks of columns are not shown. */
static void cells_name_their_column(void **state)
{
    (void)state;
    static const char *const columns[] = {"Post", "#Cost", "-Share", "#Left", NULL};
    struct page *page = empty();
    table_begin(page, "t", "Costs", columns);
    row_begin(page);
    cell_text(page, "a & b");
    cell_number(page, 3, "£3");
    cell_none(page, "not known");
    cell_none(page, "not known");
    row_end(page);
    table_end(page);
    buf_char(&page->html, '\0');
    expect(page, "data-label=\"Post\"><div>a &amp; b</div></td>");
    expect(page, "wm-number\" data-label=\"Cost\" data-value=\"3.000000000\"><div>£3</div>");
    expect(page, "class=\"nhsuk-table__cell wm-quiet\" data-label=\"Share\"");
    expect(page, "class=\"nhsuk-table__cell wm-number wm-quiet\" data-label=\"Left\"");
    check_markup(page->html.at);
    page_free(page);
}

/* Tables of persons are offered to download only where they are served; elsewhere it is said why not. */
static void downloads(void **state)
{
    (void)state;
    for (int restricted = 0; restricted < 2; restricted++) {
        const struct page_asked asked = {.write = page_plan, .id = {"P1"}, .restricted = restricted};
        struct page *page = page_new(&asked);
        assert_non_null(page);
        while (!page_make(page))
            while (page_open(page, 0))
                give(page, false);
        buf_char(&page->html, '\0');
        expect(page, "/feeds/v1/shadow_price.csv?run=P1&amp;bom=1");
        bool offered = strstr(page->html.at, "/feeds/v1/mentor_load.csv") != NULL;
        bool refused = strstr(page->html.at, "cannot be downloaded, because each row tells of a person") != NULL;
        assert_int_equal(offered, restricted);
        assert_int_equal(refused, !restricted);
        page_free(page);
    }
}

static void answer(struct page *page, int code, const char *body)
{
    assert_false(page_make(page));
    page_give(page, 0, code, (struct slice){body, strlen(body)});
}

static void check_failure(void (*write)(struct page *), int code, const char *body, int status, const char *said)
{
    const struct page_asked asked = {.write = write, .id = {"P9", "L9"}};
    struct page *page = page_new(&asked);
    assert_non_null(page);
    answer(page, code, body);
    while (!page_make(page))
        while (page_open(page, 0))
            give(page, false);
    buf_char(&page->html, '\0');
    assert_int_equal(page->status, status);
    expect(page, said);
    check_markup(page->html.at);
    page_free(page);
}

static void failures_are_told(void **state)
{
    (void)state;
    static const char unknown[] =
        "{\"code\":1001,\"message\":\"unknown_reference\",\"data\":{\"id\":\"P9\",\"kind\":\"plan\"}}";
    static const char gone[] = "{\"code\":1005,\"message\":\"gone\",\"data\":{\"id\":\"P9\",\"kind\":\"plan\"}}";
    static const char running[] = "{\"code\":-32004,\"message\":\"deadline_exceeded\",\"data\":{\"phase\":\"prices\","
                                  "\"value\":62.04984,\"best_bound\":2154.06,\"gap\":0.9712}}";
    static const char full[] = "{\"code\":-32000,\"message\":\"overloaded\",\"data\":{}}";
    check_failure(page_plan, 1001, unknown, 404, "There is no plan with the reference P9.");
    check_failure(page_plan, 1005, gone, 410, "no longer kept");
    check_failure(page_job, -32004, running, 200, ">62.0498<");
    check_failure(page_job, -32004, running, 200, ">2,154.1<");
    check_failure(page_post, -32000, full, 503, "wellmatch is busy");
    check_failure(page_pair, -32603, "{\"message\":\"internal_error\"}", 500, "Sorry, there is a problem");
    check_failure(page_data, 0, "this is no JSON", 500, "Sorry, there is a problem");
    check_failure(page_plans, 0, "{\"jobs\":[]}", 200, "There is no plan yet");
    check_failure(page_overview, 0, "{\"jobs\":[]}", 200, "64 posts wait for a leader, 29 of them at segment 4 trusts");
}

/* ---- A form ---- */

static struct page *sent(const struct pair *fields)
{
    const struct page_asked asked = {.write = page_run, .field = field, .self = fields, .sent = true, .nonce = "n"};
    struct page *page = page_new(&asked);
    assert_non_null(page);
    while (!page_make(page) && strcmp(page_open(page, 0)->method, "plan.allocate") != 0)
        while (page_open(page, 0) && strcmp(page_open(page, 0)->method, "plan.allocate") != 0)
            give(page, false);
    return page;
}

static void a_form_asks_for_a_plan(void **state)
{
    (void)state;
    const struct pair fields[] = {{"national:ENGLAND", "£ 150,000"},
                                  {"region:London", "39000"},
                                  {"gap", "1"},
                                  {"time", "10"},
                                  {"region", "London"},
                                  {"key", "k"},
                                  {NULL, NULL}};
    struct page *page = sent(fields);
    const struct page_call *asked = page_open(page, 0);
    assert_non_null(asked);
    json_t *params = json_loads(asked->params, 0, NULL);
    assert_int_equal(json_array_size(at(params, "posts")), 5);
    assert_int_equal(json_array_size(at(params, "limits")), 1); /* London's is as it was */
    assert_int_equal(number_at(json_array_get(at(params, "limits"), 0), "to"), 150000);
    assert_string_equal(text_at(json_array_get(at(params, "limits"), 0), "of"), "national:ENGLAND");
    assert_int_equal(number_at(params, "deadline_ms"), 10000);
    assert_int_equal(number_at(params, "resolve"), 0);
    assert_true(known_at(params, "idempotency_key"));
    json_decref(params);
    page_give(page, 0, 0, (struct slice){"{\"job\":\"J1\"}", 12});
    assert_true(page_make(page));
    assert_int_equal(page->status, 303);
    assert_string_equal(page->location, "/jobs/J1");
    page_free(page);
}

static void wrong_amounts_are_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"many", "-1", "1.5", "9999999999999", "£"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct pair fields[] = {{"national:ENGLAND", wrong[i]}, {NULL, NULL}};
        struct page *page = sent(fields);
        buf_char(&page->html, '\0');
        assert_int_equal(page->status, 422);
        expect(page, "Enter the National budget in whole pounds, such as 325,000");
        expect(page, "aria-invalid=\"true\"");
        assert_true(strstr(page->html.at, "There is a problem") < strstr(page->html.at, "<h1"));
        page_free(page);
    }
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct page *whole = make(all[i].write, all[i].a, all[i].b, NULL, false);
        /* With all results given, the page is made again with each allocation failing in turn, further and further
           apart. */
        for (size_t nth = 1;; nth += 1 + nth / 8) {
            fault_after(nth);
            page_make(whole);
            bool reached = fault_count() >= nth;
            fault_off();
            if (!reached)
                break;
        }
        page_free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_data_holds_is_escaped),
        cmocka_unit_test(what_was_typed_is_escaped),
        cmocka_unit_test(markup_is_whole),
        cmocka_unit_test(numbers),
        cmocka_unit_test(dates_and_words),
        cmocka_unit_test(changes),
        cmocka_unit_test(sentences),
        cmocka_unit_test(names),
        cmocka_unit_test(cells_name_their_column),
        cmocka_unit_test(downloads),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(a_form_asks_for_a_plan),
        cmocka_unit_test(wrong_amounts_are_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    fault_install();
    if (wm_dataset_load("data/sample", NULL, &dataset) != WM_OK) {
        fputs("data/sample cannot be read: run this from the repository's root\n", stderr);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wm_dataset_unref(dataset);
    return failed;
}
