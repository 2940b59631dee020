/*
 * Feeds of a real plan on data/sample: columns that are only ever appended, both formats by the rules that check-feed
 * knows, the same values in both, both profiles, pages, and which plan is the latest. tests/unit/test_feed_public.c has
 * the counts of persons, tests/unit/test_feed_rules.c the rules themselves.
 */
#include "client_feed_rules.h"
#include "fault.h"
#include "feed.h"
#include "feed_serve.h"
#include "method.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY_MAX = 4 << 20 };

static struct wm_dataset *dataset; /* data/sample */
static struct plans *plans;        /* with one plan, which stands */
static char run_id[PLAN_ID_CAP];

/* ---- A plan ---- */

static struct plan_job *ask_plan(struct plans *of, const char *text, const struct plan_base *base)
{
    const struct method_call call = {.dataset = dataset, .params = {text, strlen(text)}};
    struct params params;
    struct plan_question *question;
    struct plan_job *job = NULL;
    struct buf error;
    buf_init(&error, 10000);
    assert_int_equal(params_read(&call, base ? plan_what_if_params : plan_allocate_params, &params, &error), 0);
    assert_int_equal(plan_question_read(dataset, &params, base, &question, &error), 0);
    params_fini(&params);
    buf_fini(&error);
    assert_true(plans_ask(of, question, NULL, dataset, &job) <= PLANS_FOUND);
    return job;
}

static int setup(void **state)
{
    struct plans_options options = PLANS_OPTIONS_INIT; /* no threads: plans_ask solves */
    (void)state;
    options.keeps_standing = true;
    if (wm_dataset_load("data/sample", NULL, &dataset) != WM_OK || plans_new(&options, &plans))
        return -1;
    struct plan_job *job = ask_plan(plans, "{\"gap\":0.05,\"resolve\":2}", NULL);
    snprintf(run_id, sizeof run_id, "%s", plan_job_plan(job));
    plan_job_release(job);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    plans_free(plans);
    wm_dataset_unref(dataset);
    return 0;
}

/* ---- Asking ---- */

struct asked {
    struct feed_reply reply;
    const char *text; /* NUL-terminated body */
};

static bool never_known(void *arg, const char *etag)
{
    (void)arg;
    (void)etag;
    return false;
}

/* Query "name=value&..."; the reply is freed with buf_fini. */
static struct asked ask_of(struct plans *of, const char *file, const char *query, bool restricted)
{
    char text[512];
    struct feed_pair pairs[8];
    size_t n = 0;
    snprintf(text, sizeof text, "%s", query);
    for (char *rest = text, *pair; (pair = strsep(&rest, "&")) != NULL && *pair; n++) {
        pairs[n].name = strsep(&pair, "=");
        pairs[n].value = pair ? pair : "";
    }
    const struct feed_ask ask = {file, n, pairs, "planner.example:7346", restricted};
    struct asked asked = {.reply = {0}};
    buf_init(&asked.reply.body, BODY_MAX);
    feed_answer(&ask, of, dataset, never_known, NULL, &asked.reply);
    buf_char(&asked.reply.body, '\0');
    assert_false(asked.reply.body.failed);
    asked.reply.body.len--;
    asked.text = asked.reply.body.at;
    return asked;
}

static struct asked ask(const char *file, const char *query, bool restricted)
{
    return ask_of(plans, file, query, restricted);
}

static json_t *rows_of(const char *table, const char *query, bool restricted)
{
    char file[64];
    snprintf(file, sizeof file, "%s.json", table);
    struct asked asked = ask(file, query, restricted);
    assert_int_equal(asked.reply.status, 200);
    json_t *rows = json_loads(asked.text, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_array(rows));
    buf_fini(&asked.reply.body);
    return rows;
}

static void expect_refusal(const char *file, const char *query, bool restricted, int status, const char *words)
{
    struct asked asked = ask(file, query, restricted);
    assert_int_equal(asked.reply.status, status);
    assert_string_equal(asked.reply.type, "application/problem+json");
    json_t *problem = json_loads(asked.text, 0, NULL);
    assert_non_null(problem);
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), status);
    if (!strstr(json_string_value(json_object_get(problem, "detail")), words))
        fail_msg("%s?%s: no '%s' in %s", file, query, words, asked.text);
    json_decref(problem);
    buf_fini(&asked.reply.body);
}

/* ---- Columns ---- */

/* The columns of v1, in their order: a removed or moved one breaks somebody's dashboard. New ones go to the end of both. */
static void test_columns_are_only_appended(void **state)
{
    FILE *golden = fopen("tests/unit/feed_columns.txt", "r");
    char table_name[64], name[64], type[64];
    size_t at[16] = {0};
    (void)state;
    assert_non_null(golden);
    while (fscanf(golden, "%63s %63s %63s", table_name, name, type) == 3) {
        size_t t = 0;
        while (t < feed_table_count && strcmp(feed_tables[t]->name, table_name) != 0)
            t++;
        if (t == feed_table_count)
            fail_msg("the table %s is gone", table_name);
        const struct feed_table *table = feed_tables[t];
        if (at[t] >= table->n_columns || strcmp(table->columns[at[t]].name, name) != 0)
            fail_msg("%s: column %zu was %s", table_name, at[t] + 1, name);
        assert_string_equal(feed_type_name(table->columns[at[t]].type), type);
        at[t]++;
    }
    fclose(golden);
    for (size_t t = 0; t < feed_table_count; t++)
        if (at[t] != feed_tables[t]->n_columns)
            fail_msg("%s: append %s to tests/unit/feed_columns.txt", feed_tables[t]->name,
                     feed_tables[t]->columns[at[t]].name);
}

static void test_columns_are_named_by_the_rules(void **state)
{
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++) {
        const struct feed_table *table = feed_tables[t];
        for (size_t k = 0; k < table->n_columns; k++) {
            const struct feed_column *column = &table->columns[k];
            const char *end = strrchr(column->name, '_');
            assert_true(strlen(column->about) > 3);
            if (end && strcmp(end, "_gbp") == 0)
                assert_true(column->type == FEED_NUMBER && column->decimals == 2);
            if (end && (strcmp(end, "_ratio") == 0))
                assert_true(column->type == FEED_NUMBER);
            assert_true((column->type == FEED_DATE) == (end && strcmp(end, "_date") == 0));
            assert_true((column->type == FEED_TIMESTAMP) == (end && strcmp(end, "_at") == 0));
        }
    }
}

/* ---- Rows ---- */

static void expect_rules_kept(const char *file, const char *query, bool restricted)
{
    struct feed_check check;
    struct asked asked = ask(file, query, restricted);
    assert_int_equal(asked.reply.status, 200);
    feed_check_init(&check, strstr(file, ".csv") != NULL, strstr(query, "bom=1") != NULL);
    feed_check_bytes(&check, asked.text, asked.reply.body.len);
    for (enum feed_rule rule = 0; rule < FEED_RULE_COUNT; rule++)
        if (check.n_faults[rule])
            fail_msg("%s?%s: %s: %.*s", file, query, feed_rule_text(rule), (int)check.told[rule].len,
                     check.told[rule].at);
    assert_true(feed_check_passed(&check));
    feed_check_fini(&check);
    buf_fini(&asked.reply.body);
}

static void test_every_feed_keeps_the_rules(void **state)
{
    char file[64];
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++)
        for (int restricted = feed_tables[t]->restricted; restricted < 2; restricted++) {
            snprintf(file, sizeof file, "%s.json", feed_tables[t]->name);
            expect_rules_kept(file, "", restricted);
            snprintf(file, sizeof file, "%s.csv", feed_tables[t]->name);
            expect_rules_kept(file, "", restricted);
            expect_rules_kept(file, "bom=1", restricted);
        }
}

/* Each key stands in each row, in the order of the columns; and each column that must be known is. */
static void test_keys_and_nulls(void **state)
{
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++) {
        const struct feed_table *table = feed_tables[t];
        json_t *rows = rows_of(table->name, "", true), *row;
        size_t i;
        assert_true(json_array_size(rows) > 0);
        json_array_foreach (rows, i, row) {
            size_t k = 0;
            const char *key;
            json_t *value;
            json_object_foreach (row, key, value) {
                assert_true(k < table->n_columns);
                assert_string_equal(key, table->columns[k].name);
                if (json_is_null(value) && !(table->columns[k].flags & FEED_NULLABLE))
                    fail_msg("%s row %zu: %s is null", table->name, i, key);
                k++;
            }
            assert_int_equal(k, table->n_columns);
            assert_string_equal(json_string_value(json_object_get(row, "run_id")), run_id);
            assert_string_equal(json_string_value(json_object_get(row, "data_date")), "2026-07-08");
        }
        json_decref(rows);
    }
}

static double sum_of(json_t *rows, const char *key, const char *where, const char *is)
{
    double sum = 0;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row)
        if (!where || strcmp(json_string_value(json_object_get(row, where)), is) == 0)
            sum += json_number_value(json_object_get(row, key));
    return sum;
}

static double cell_of(json_t *rows, size_t i, const char *key)
{
    return json_number_value(json_object_get(json_array_get(rows, i), key));
}

/* The tables are of one plan: they add up to each other. */
static void test_tables_agree(void **state)
{
    json_t *run = rows_of("run", "", true), *allocation = rows_of("allocation", "", true),
           *terms = rows_of("score_term", "", true), *unfilled = rows_of("unfilled", "", true),
           *unmatched = rows_of("unmatched_leader", "", true), *organisations = rows_of("organisation", "", true),
           *packages = rows_of("package_use", "", true), *mentors = rows_of("mentor_load", "", true);
    double placed = cell_of(run, 0, "placed");
    (void)state;
    assert_int_equal(json_array_size(run), 1);
    assert_true(placed > 20 && placed == (double)json_array_size(allocation));
    assert_true(sum_of(organisations, "filled", NULL, NULL) == placed);
    assert_true(sum_of(packages, "used", NULL, NULL) == placed);
    assert_true(sum_of(unfilled, "unfilled_openings", NULL, NULL) == cell_of(run, 0, "unfilled_openings"));
    assert_true(cell_of(run, 0, "unmatched_leaders") == (double)json_array_size(unmatched));
    assert_true(sum_of(allocation, "local_cost_gbp", NULL, NULL) == cell_of(run, 0, "local_cost_gbp"));
    assert_true(sum_of(organisations, "central_cost_gbp", NULL, NULL) == cell_of(run, 0, "central_cost_gbp"));
    assert_true(sum_of(mentors, "mentees", NULL, NULL) <= placed);
    double value = sum_of(allocation, "value", NULL, NULL) - cell_of(run, 0, "value");
    double parts =
        sum_of(terms, "value", "score", "expected_benefit") - sum_of(allocation, "expected_benefit", NULL, NULL);
    assert_true(value < 1e-7 && value > -1e-7 && parts < 1e-7 && parts > -1e-7);
    json_decref(run), json_decref(allocation), json_decref(terms), json_decref(unfilled), json_decref(unmatched);
    json_decref(organisations), json_decref(packages), json_decref(mentors);
}

static void test_pages_are_the_whole(void **state)
{
    char query[PLAN_ID_CAP + 64];
    (void)state;
    json_t *all = rows_of("unmatched_leader", "", true), *pages = json_array();
    for (size_t offset = 0; offset < json_array_size(all) + 100; offset += 100) {
        snprintf(query, sizeof query, "run=%s&limit=100&offset=%zu", run_id, offset);
        json_t *page = rows_of("unmatched_leader", query, true);
        assert_true(json_array_size(page) <= 100);
        assert_int_equal(json_array_extend(pages, page), 0);
        json_decref(page);
    }
    assert_true(json_equal(all, pages));
    json_decref(all);
    json_decref(pages);
}

/* ---- Writers ---- */

static const struct feed_column odd_columns[] = {{"run_id", FEED_TEXT, 0, "", 0, "a"},
                                                 {"data_date", FEED_DATE, 0, "", 0, "b"},
                                                 {"generated_at", FEED_TIMESTAMP, 0, "", 0, "c"},
                                                 {"note", FEED_TEXT, 0, "", FEED_NULLABLE, "d"},
                                                 {"cost_gbp", FEED_NUMBER, 2, "GBP", FEED_NULLABLE, "e"},
                                                 {"approved", FEED_BOOLEAN, 0, "", FEED_NULLABLE, "f"},
                                                 {"secret", FEED_TEXT, 0, "", FEED_NULLABLE | FEED_RESTRICTED, "g"}};
static const char *const odd_notes[] = {"plain", "a,b", "say \"so\"", "two\r\nlines", "=1+1", "+44",     "-5",
                                        "@x",    "\tx", "\rx",        "'=",           NULL,   "\xc3\xa9"};
enum { ODD_ROWS = sizeof odd_notes / sizeof odd_notes[0] };

static int open_odd(struct feed_rows *rows)
{
    rows->n = ODD_ROWS;
    return WM_OK;
}

static void put_odd(struct feed_rows *rows, size_t i, struct feed_cell *cells)
{
    (void)rows;
    cells[3].known = odd_notes[i] != NULL;
    snprintf(cells[3].text, sizeof cells[3].text, "%s", odd_notes[i] ? odd_notes[i] : "");
    cells[4].known = cells[5].known = cells[6].known = true;
    cells[4].number = i == 0 ? -5 : 1234500;
    cells[5].number = i % 2;
    snprintf(cells[6].text, sizeof cells[6].text, "L000001");
}

static const struct feed_table odd = {"odd", "Odd.", "odd", false, 7, odd_columns, open_odd, put_odd};

static void write_odd(struct buf *out, bool csv, bool excel, bool restricted, size_t first, size_t n)
{
    struct feed_rows rows;
    const struct feed_view view = {{dataset, NULL, NULL}, "P1", 1784190600, 0, restricted};
    buf_init(out, 100000);
    assert_int_equal(feed_rows_open(&odd, &view, &rows), WM_OK);
    if (csv)
        feed_write_csv(out, &rows, first, n, excel);
    else
        feed_write_json(out, &rows, first, n);
    feed_rows_close(&rows);
    buf_char(out, '\0');
}

static void test_csv_quotes_and_guards(void **state)
{
    struct buf out;
    (void)state;
    write_odd(&out, true, false, false, 0, SIZE_MAX);
    static const char *const lines[] = {
        "run_id,data_date,generated_at,note,cost_gbp,approved,secret\r\n",
        "P1,2026-07-08,2026-07-16T08:30:00Z,plain,-0.05,false,\r\n",
        ",\"a,b\",12345.00,true,\r\n",
        ",\"say \"\"so\"\"\",12345.00,false,\r\n",
        ",\"two\r\nlines\",",
        ",=1+1,12345.00",
        "Z,,12345.00,true,\r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!strstr(out.at, lines[i]))
            fail_msg("no %s in %s", lines[i], out.at);
    assert_int_not_equal(out.at[0], '\xef');
    buf_fini(&out);
    write_odd(&out, true, true, false, 0, SIZE_MAX);
    static const char *const guarded[] = {"\xef\xbb\xbfrun_id", ",'=1+1,", ",'+44,", ",'-5,", ",'@x,", ",'\tx,",
                                          ",\"'\rx\",",         ",'=,",    ",-0.05,"};
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++)
        if (!strstr(out.at, guarded[i]))
            fail_msg("no %s in %s", guarded[i], out.at);
    buf_fini(&out);
}

static void test_json_is_bare_and_flat(void **state)
{
    struct buf out;
    (void)state;
    write_odd(&out, false, false, true, 0, 1);
    assert_string_equal(out.at, "[\n{\"run_id\":\"P1\",\"data_date\":\"2026-07-08\",\"generated_at\":"
                                "\"2026-07-16T08:30:00Z\",\"note\":\"plain\",\"cost_gbp\":-0.05,\"approved\":false,"
                                "\"secret\":\"L000001\"}\n]\n");
    buf_fini(&out);
    write_odd(&out, false, false, false, 11, 1); /* the public profile, an unknown note */
    assert_non_null(strstr(out.at, "\"note\":null,\"cost_gbp\":12345.00,\"approved\":true,\"secret\":null}"));
    buf_fini(&out);
    write_odd(&out, false, false, false, ODD_ROWS, SIZE_MAX);
    assert_string_equal(out.at, "[\n]\n");
    buf_fini(&out);
}

/* ---- Profiles ---- */

static bool names_a_person(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((*at == 'L' || *at == 'M') && strspn(at + 1, "0123456789") >= 4)
            return true;
    return false;
}

static void test_public_names_nobody(void **state)
{
    char file[64];
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++) {
        const struct feed_table *table = feed_tables[t];
        snprintf(file, sizeof file, "%s.json", table->name);
        if (table->restricted) {
            expect_refusal(file, "", false, 403, "--feeds restricted");
            continue;
        }
        struct asked asked = ask(file, "", false);
        assert_int_equal(asked.reply.status, 200);
        assert_false(names_a_person(asked.text));
        buf_fini(&asked.reply.body);
        json_t *rows = rows_of(table->name, "", false), *row;
        size_t i;
        json_array_foreach (rows, i, row)
            for (size_t k = 0; k < table->n_columns; k++)
                if (table->columns[k].flags & FEED_RESTRICTED)
                    assert_true(json_is_null(json_object_get(row, table->columns[k].name)));
        json_decref(rows);
    }
}

static void test_public_counts(void **state)
{
    json_t *run = rows_of("run", "", false), *organisations = rows_of("organisation", "", false), *row;
    size_t i;
    (void)state;
    assert_true((long)cell_of(run, 0, "placed") % 5 == 0);
    assert_string_equal(json_string_value(json_object_get(json_array_get(run, 0), "placed_status")), "rounded");
    json_array_foreach (organisations, i, row) {
        json_t *filled = json_object_get(row, "filled");
        assert_true(json_is_null(filled) || json_integer_value(filled) >= 10);
        assert_true(json_is_null(json_object_get(row, "filled_ratio")) == json_is_null(filled));
    }
    json_decref(run);
    json_decref(organisations);
}

/*
 * Whatever number is public is a fact that has nothing to do with who is placed, or a protected count, or worked out of
 * those as shown. A sum of anything over persons is none of these, however coarse: with dear packages a sum of money to
 * GBP 100,000 gave 8 of 120 hidden counts away.
 */
static void test_public_numbers_are_known(void **state)
{
    static const char *const known[] = {
        "run.solve_seconds", "run.gap_ratio", "run.posts", "run.openings", "organisation.latitude",
        "organisation.longitude", "organisation.oversight_segment", "organisation.openings", "package_use.stock",
        "package_use.mentor_hours", "shadow_price.price", "shadow_price.step", "shadow_price.limit_units",
        /* protected, or worked out of what is */
        "run.leaders", "run.placed", "run.unfilled_openings", "run.unmatched_leaders", "run.filled_ratio",
        "organisation.filled", "organisation.filled_ratio", "package_use.used", "package_use.used_ratio"};
    char name[128];
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++)
        for (size_t k = 0; k < feed_tables[t]->n_columns && !feed_tables[t]->restricted; k++) {
            const struct feed_column *column = &feed_tables[t]->columns[k];
            bool found =
                (column->flags & FEED_RESTRICTED) || (column->type != FEED_NUMBER && column->type != FEED_INTEGER);
            snprintf(name, sizeof name, "%s.%s", feed_tables[t]->name, column->name);
            for (size_t i = 0; i < sizeof known / sizeof known[0] && !found; i++)
                found = strcmp(known[i], name) == 0;
            if (!found)
                fail_msg("%s is public: what does it tell of persons?", name);
        }
}

static void test_public_is_worked_out_of_what_is_shown(void **state)
{
    json_t *run = rows_of("run", "", false), *organisations = rows_of("organisation", "", false), *row;
    double openings = cell_of(run, 0, "openings"), placed = cell_of(run, 0, "placed"), sum = 0;
    size_t i;
    (void)state;
    assert_true(cell_of(run, 0, "unfilled_openings") == floor((openings - placed + 2) / 5) * 5);
    assert_true(cell_of(run, 0, "unmatched_leaders") == cell_of(run, 0, "leaders") - placed);
    assert_true(fabs(cell_of(run, 0, "filled_ratio") - placed / openings) < 1e-6);
    json_array_foreach (organisations, i, row)
        sum += json_number_value(json_object_get(row, "openings"));
    assert_true(sum == openings);
    json_decref(run), json_decref(organisations);
}

/*
 * A plan's id and the data's digest are hashes: whoever guesses what went in, the leader of a lock or the one cell of the
 * data they do not know, sees whether they are right. The public profile has neither, nor a tag made of them.
 */
static void test_public_has_no_hash_of_persons(void **state)
{
    char file[64];
    struct plan_job *job = plans_standing(plans, dataset);
    (void)state;
    assert_non_null(strstr(run_id, plan_job_question(job)->digest));
    for (size_t t = 0; t < feed_table_count; t++) {
        if (feed_tables[t]->restricted)
            continue;
        snprintf(file, sizeof file, "%s.json", feed_tables[t]->name);
        struct asked asked = ask(file, "", false), named = ask(file, "limit=1", false);
        assert_null(strstr(asked.text, plan_job_question(job)->digest));
        assert_null(strstr(named.text, plan_job_question(job)->digest));
        assert_null(strstr(asked.text, wm_dataset_digest(dataset)));
        assert_non_null(strstr(asked.text, plan_job_id(job)));
        assert_non_null(strstr(named.text, plan_job_id(job)));
        buf_fini(&asked.reply.body), buf_fini(&named.reply.body);
    }
    plan_job_release(job);
}

/* Two plans that differ by one person tell of that person: what changes a plan is not public. */
static void test_public_has_no_what_if(void **state)
{
    struct plan_job *standing = plans_standing(plans, dataset);
    const struct plan_base base = {plan_job_plan(standing), plan_job_question(standing),
                                   plan_job_answer(standing)->plan};
    struct plan_job *change =
        ask_plan(plans, "{\"plan\":\"x\",\"without_leaders\":[\"L000341\"],\"resolve\":0}", &base);
    const char *const names[] = {plan_job_plan(change), plan_job_id(change)};
    char query[PLAN_ID_CAP + 8];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(query, sizeof query, "run=%s", names[i]);
        expect_refusal("run.json", query, false, 403, "ask run=latest");
        json_decref(rows_of("run", query, true));
    }
    plan_job_release(change), plan_job_release(standing);
}

/* A price says that something is used up: the public ones are of large pots of money, and say no more than the price. */
static void expect_digits(double number, int digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", digits - 1, number);
    assert_true(number > 0 && fabs(strtod(text, NULL) - number) < 1e-15 * 0.9);
}

static void test_public_prices(void **state)
{
    json_t *all = rows_of("shadow_price", "", true), *shown = rows_of("shadow_price", "", false), *row;
    size_t i;
    (void)state;
    assert_true(json_array_size(shown) < json_array_size(all));
    json_array_foreach (shown, i, row) {
        const char *id = json_string_value(json_object_get(row, "resource_id"));
        assert_string_equal(json_string_value(json_object_get(row, "resource")), "budget");
        assert_true(strncmp(id, "national:", 9) == 0 || strncmp(id, "region:", 7) == 0);
        assert_true(json_is_null(json_object_get(row, "used_units")));
        expect_digits(json_number_value(json_object_get(row, "price")), 2);
    }
    assert_true(json_array_size(shown) > 0);
    json_decref(all);
    json_decref(shown);
}

/* ---- Which plan, which query ---- */

static void test_refusals(void **state)
{
    char expected[PLAN_ID_CAP + 80];
    (void)state;
    expect_refusal("nothing.json", "", true, 404, "GET /feeds/v1/ lists");
    expect_refusal("run.xml", "", true, 404, "run.json, .csv, .schema.json, .columns.json and .pq");
    expect_refusal("run", "", true, 404, "run.json");
    expect_refusal("run.json", "runs=latest", true, 400, "There is no parameter 'runs'");
    expect_refusal("run.json", "bom=1", true, 400, "run.csv?bom=1");
    expect_refusal("run.csv", "bom=yes", true, 400, "bom=1 or bom=0");
    expect_refusal("run.schema.json", "run=latest", true, 400, "takes no parameters");
    expect_refusal("run.columns.json", "run=latest", true, 400, "takes no parameters");
    expect_refusal("run.json", "run=Pnobody", true, 404, "There is no run 'Pnobody'");
    expect_refusal("run.json", "run=", true, 404, "There is no run ''");
    expect_refusal("run.json", "limit=0&run=x", true, 400, "expected a whole number, 1 or more");
    expect_refusal("run.json", "limit=-1&run=x", true, 400, "expected a whole number");
    expect_refusal("run.json", "offset=1e3&run=x", true, 400, "expected a whole number");
    expect_refusal("run.json", "limit=9999999999999&run=x", true, 400, "expected a whole number");
    snprintf(expected, sizeof expected, "/feeds/v1/run.json?run=%s&limit=7&offset=3", run_id);
    expect_refusal("run.json", "limit=7&offset=3", true, 400, expected);
}

static void test_no_plan_yet(void **state)
{
    struct plans_options options = PLANS_OPTIONS_INIT;
    struct plans *none;
    (void)state;
    assert_int_equal(plans_new(&options, &none), 0);
    struct asked json = ask_of(none, "run.json", "", false), csv = ask_of(none, "run.csv", "run=latest", false),
                 without = ask_of(NULL, "allocation.json", "", true);
    assert_int_equal(json.reply.status, 200);
    assert_string_equal(json.text, "[\n]\n");
    assert_true(strncmp(csv.text, "run_id,data_date,generated_at,", 30) == 0);
    assert_ptr_equal(strstr(csv.text, "\r\n"), csv.text + csv.reply.body.len - 2); /* the header, no more */
    assert_int_equal(without.reply.status, 200);
    assert_true(json.reply.etag[0] != '\0' && json.reply.finished_at == 0);
    buf_fini(&json.reply.body), buf_fini(&csv.reply.body), buf_fini(&without.reply.body);
    plans_free(none);
}

/* Between two pages a plan may go: that is told, and never answered with rows of another. */
static void expect_gone(struct plans *of, const char *id)
{
    char query[PLAN_ID_CAP + 32];
    snprintf(query, sizeof query, "run=%s&limit=1&offset=1", id);
    struct asked asked = ask_of(of, "unmatched_leader.json", query, true);
    assert_int_equal(asked.reply.status, 410);
    assert_non_null(strstr(asked.text, "is kept no more"));
    buf_fini(&asked.reply.body);
}

/* A what-if and a plan under another policy are read by their ids, and are not the latest; a newer plan is. */
static void test_latest(void **state)
{
    struct plans_options options = PLANS_OPTIONS_INIT;
    struct plans *own;
    (void)state;
    options.keeps_standing = true;
    options.kept_ms = 0; /* all but what stands goes at once */
    assert_int_equal(plans_new(&options, &own), 0);
    struct plan_job *first = ask_plan(own, "{\"posts\":[\"V00001\",\"V00002\"],\"resolve\":0}", NULL);
    assert_ptr_equal(plans_standing(own, dataset), first);
    plan_job_release(first);
    const struct plan_base base = {plan_job_plan(first), plan_job_question(first), plan_job_answer(first)->plan};
    struct plan_job *change = ask_plan(own, "{\"plan\":\"x\",\"posts\":[\"V00002\"],\"resolve\":0}", &base);
    struct plan_job *standing = plans_standing(own, dataset);
    assert_ptr_equal(standing, first);
    plan_job_release(standing);
    struct plan_job *other = ask_plan(
        own, "{\"posts\":[\"V00003\"],\"policy\":[{\"pointer\":\"/accept/base/value\",\"to\":0}],\"resolve\":0}", NULL);
    standing = plans_standing(own, dataset);
    assert_ptr_equal(standing, first);
    plan_job_release(standing);
    struct plan_job *second = ask_plan(own, "{\"posts\":[\"V00004\"],\"resolve\":0}", NULL);
    standing = plans_standing(own, dataset);
    assert_ptr_equal(standing, second);
    plan_job_release(standing);
    plans_expire(own);
    standing = plans_standing(own, dataset);
    assert_ptr_equal(standing, second); /* however old */
    plan_job_release(standing);
    struct plan_job *gone;
    int64_t at;
    assert_int_equal(plans_find_plan(own, plan_job_plan(first), &gone, &at), PLANS_GONE);
    struct asked asked = ask_of(own, "run.json", "run=latest", true);
    assert_non_null(strstr(asked.text, plan_job_plan(second)));
    buf_fini(&asked.reply.body);
    expect_gone(own, plan_job_plan(first));
    expect_gone(own, plan_job_id(first));
    plan_job_release(first), plan_job_release(change), plan_job_release(other), plan_job_release(second);
    plans_free(own);
}

/* ---- Tags, schemas, Power Query, the list ---- */

static bool always_known(void *arg, const char *etag)
{
    snprintf(arg, FEED_ETAG_CAP, "%s", etag);
    return true;
}

static void test_tags(void **state)
{
    static const char *const queries[][2] = {
        {"run.json", ""}, {"run.csv", ""}, {"run.csv", "bom=1"}, {"organisation.json", ""}};
    char tags[8][FEED_ETAG_CAP], query[PLAN_ID_CAP + 32];
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct asked asked = ask(queries[i % 4][0], queries[i % 4][1], i >= 4);
        snprintf(tags[i], sizeof tags[i], "%s", asked.reply.etag);
        assert_true(asked.reply.finished_at > 1700000000);
        buf_fini(&asked.reply.body);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(tags[i], tags[k]);
    }
    snprintf(query, sizeof query, "run=%s", run_id); /* the same rows by another name */
    struct asked pinned = ask("run.json", query, false);
    assert_string_equal(pinned.reply.etag, tags[0]);
    buf_fini(&pinned.reply.body);
    char known[FEED_ETAG_CAP] = "";
    const struct feed_ask again = {"run.json", 0, NULL, "", false};
    struct feed_reply reply = {0};
    buf_init(&reply.body, BODY_MAX);
    feed_answer(&again, plans, dataset, always_known, known, &reply);
    assert_string_equal(known, tags[0]);
    assert_int_equal(reply.body.len, 0);
    buf_fini(&reply.body);
}

/* What is described at a path of the list. */
static json_t *file_of(const char *path)
{
    struct asked described = ask(path + strlen("/feeds/v1/"), "", false);
    json_t *tree = json_loads(described.text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(described.reply.status, 200);
    assert_non_null(tree);
    buf_fini(&described.reply.body);
    return tree;
}

static void test_schema_and_list(void **state)
{
    (void)state;
    struct asked asked = ask("", "", false);
    json_t *list = json_loads(asked.text, 0, NULL), *row;
    size_t i;
    assert_int_equal(json_array_size(list), feed_table_count);
    json_array_foreach (list, i, row) {
        json_t *schema = file_of(json_string_value(json_object_get(row, "schema"))),
               *columns = file_of(json_string_value(json_object_get(row, "columns"))),
               *items = json_object_get(schema, "items");
        assert_int_equal(json_object_size(json_object_get(items, "properties")), feed_tables[i]->n_columns);
        assert_int_equal(json_array_size(json_object_get(items, "required")), feed_tables[i]->n_columns);
        assert_int_equal(json_array_size(columns), feed_tables[i]->n_columns);
        assert_true(json_is_true(json_object_get(row, "served")) == !feed_tables[i]->restricted);
        json_decref(schema), json_decref(columns);
    }
    json_decref(list);
    buf_fini(&asked.reply.body);
}

/* Brackets close in their order outside texts and comments, and texts end: what no reader of M forgives. */
static void expect_balanced(const char *m)
{
    char open[32];
    size_t depth = 0;
    for (const char *at = m; *at; at++) {
        if (at[0] == '/' && at[1] == '/')
            at += strcspn(at, "\n");
        else if (*at == '"')
            at += 1 + strcspn(at + 1, "\"\n");
        assert_true(*at != '\0');
        if (strchr("([{", *at)) {
            assert_true(depth < sizeof open);
            open[depth++] = *at == '(' ? ')' : *at == '[' ? ']' : '}';
        } else if (strchr(")]}", *at)) {
            assert_true(depth > 0 && open[--depth] == *at);
        }
    }
    assert_int_equal(depth, 0);
}

/* Every table: each column once, with a type, in its order. */
static void test_power_query_of_every_table(void **state)
{
    char file[64], line[160];
    (void)state;
    for (size_t t = 0; t < feed_table_count; t++) {
        const struct feed_table *table = feed_tables[t];
        snprintf(file, sizeof file, "%s.pq", table->name);
        struct asked asked = ask(file, "", false);
        expect_balanced(asked.text);
        const char *at = asked.text;
        for (size_t k = 0; k < table->n_columns; k++) {
            snprintf(line, sizeof line, "        {\"%s\", ", table->columns[k].name);
            at = strstr(at, line);
            assert_non_null(at);
            at += strlen(line);
        }
        assert_null(strstr(at, "        {\""));
        buf_fini(&asked.reply.body);
    }
}

static void test_power_query(void **state)
{
    (void)state;
    struct asked asked = ask("allocation.pq", "", false);
    static const char *const parts[] = {"let\n    Base = \"http://planner.example:7346\",\n",
                                        "RelativePath = \"feeds/v1/allocation.csv\"",
                                        "{\"data_date\", type date},",
                                        "{\"generated_at\", type datetimezone},",
                                        "{\"local_cost_gbp\", type number},",
                                        "{\"needs_approval\", type logical},",
                                        "{\"missing\", type text}\n    }, \"en-GB\")\nin\n    Typed\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(asked.text, parts[i]));
    buf_fini(&asked.reply.body);
}

/* A table past the ceiling is refused with the way to page it, never cut. */
static void test_too_long(void **state)
{
    struct feed_reply reply = {0};
    const struct feed_ask long_one = {"unmatched_leader.csv", 0, NULL, "", true};
    (void)state;
    buf_init(&reply.body, 20000);
    feed_answer(&long_one, plans, dataset, never_known, NULL, &reply);
    assert_int_equal(reply.status, 400);
    buf_char(&reply.body, '\0');
    assert_non_null(strstr(reply.body.at, "page them"));
    buf_fini(&reply.body);
}

/* Whichever allocation fails, the answer is whole, or a 500 as far as there is room to say so. */
static void test_out_of_memory(void **state)
{
    static const char *const files[] = {"run.json", "organisation.csv", "shadow_price.json", "mentor_load.csv",
                                        "score_term.json"};
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof files / sizeof files[0]); i++) {
        const struct feed_ask asked = {files[i / 2], 0, NULL, "", i / 2 > 2 || i % 2};
        bool reached = true;
        for (size_t n = 1; reached; n++) {
            struct feed_reply reply = {0};
            buf_init(&reply.body, BODY_MAX);
            fault_after(n);
            feed_answer(&asked, plans, dataset, never_known, NULL, &reply);
            reached = fault_count() >= n;
            fault_off();
            assert_true(reply.status == 500 || (reply.status == 200 && !reply.body.failed));
            assert_true(reached || reply.status == 200);
            buf_fini(&reply.body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_only_appended),
        cmocka_unit_test(test_columns_are_named_by_the_rules),
        cmocka_unit_test(test_every_feed_keeps_the_rules),
        cmocka_unit_test(test_keys_and_nulls),
        cmocka_unit_test(test_tables_agree),
        cmocka_unit_test(test_pages_are_the_whole),
        cmocka_unit_test(test_csv_quotes_and_guards),
        cmocka_unit_test(test_json_is_bare_and_flat),
        cmocka_unit_test(test_public_names_nobody),
        cmocka_unit_test(test_public_counts),
        cmocka_unit_test(test_public_numbers_are_known),
        cmocka_unit_test(test_public_is_worked_out_of_what_is_shown),
        cmocka_unit_test(test_public_has_no_hash_of_persons),
        cmocka_unit_test(test_public_has_no_what_if),
        cmocka_unit_test(test_public_prices),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_plan_yet),
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_schema_and_list),
        cmocka_unit_test(test_power_query_of_every_table),
        cmocka_unit_test(test_power_query),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
