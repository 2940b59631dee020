/*
 * Plans as bytes: what comes back is the same plan to the last page, and whatever is not that plan (cut short, another
 * question's, a number changed) is refused or at least harmless: it is judged before it is served.
 */
#include "encode_plan.h"
#include "jsonrpc.h"
#include "method.h"
#include "params.h"
#include "plan_pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct wm_dataset *dataset; /* data/sample */

static struct plan_question *read_question(const char *text)
{
    const struct method_call call = {.dataset = dataset, .params = {text, strlen(text)}};
    struct params params;
    struct plan_question *question;
    struct buf error;
    buf_init(&error, 100000);
    assert_int_equal(params_read(&call, plan_allocate_params, &params, &error), 0);
    assert_int_equal(plan_question_read(dataset, &params, NULL, &question, &error), 0);
    params_fini(&params);
    buf_fini(&error);
    return question;
}

static void solve(const struct plan_question *question, struct plan_answer *answer)
{
    const struct wm_solve_options options = WM_SOLVE_INIT;
    assert_int_equal(plan_answer_make(question, &plan_solver_engine, &options, answer), WM_OK);
}

/* Every page of an answer, one behind the other. */
static void put_pages(struct buf *out, const struct plan_question *question, const struct plan_answer *answer)
{
    const struct plan_label label = {"J", "P", "done", 0};
    json_open(out, '{');
    encode_plan_summary(out, &label, question, answer);
    json_close(out, '}');
    for (enum plan_part part = PLAN_PART_placements; part < PLAN_PART_COUNT; part++) {
        json_open(out, '{');
        encode_plan_page(out, question, answer, part, 0, 1000);
        json_close(out, '}');
    }
    assert_false(out->failed);
}

static bool same_pages(const struct plan_question *question, const struct plan_answer *a, const struct plan_answer *b)
{
    struct buf x, y;
    buf_init(&x, 64u << 20);
    buf_init(&y, 64u << 20);
    put_pages(&x, question, a);
    put_pages(&y, question, b);
    bool same = x.len == y.len && memcmp(x.at, y.at, x.len) == 0;
    buf_fini(&x);
    buf_fini(&y);
    return same;
}

static void the_same_plan_comes_back(void **state)
{
    (void)state;
    static const char *const questions[] = {"{}", "{\"posts\":[\"V00001\",\"V00002\"],\"resolve\":5}",
                                            "{\"gap\":0.05,\"packages\":[\"P00\",\"P05\"]}",
                                            "{\"leaders\":[\"L000001\"]}"};
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        struct plan_question *question = read_question(questions[i]);
        struct plan_answer answer, back;
        struct buf bytes;
        solve(question, &answer);
        assert_true(plan_pack_shares(question, &answer));
        buf_init(&bytes, SIZE_MAX);
        plan_pack(&answer, &bytes);
        assert_true(plan_unpack(question, (struct slice){bytes.at, bytes.len}, NULL, &back));
        assert_true(same_pages(question, &answer, &back));
        plan_answer_fini(&back);
        buf_fini(&bytes);
        plan_answer_fini(&answer);
        plan_question_free(question);
    }
}

static void what_is_not_that_plan_is_refused(void **state)
{
    (void)state;
    struct plan_question *question = read_question("{\"posts\":[\"V00001\",\"V00002\",\"V00003\"],\"resolve\":1}");
    struct plan_question *other = read_question("{\"posts\":[\"V00011\"],\"resolve\":1}");
    struct plan_answer answer, back;
    struct buf bytes, pages;
    solve(question, &answer);
    buf_init(&bytes, SIZE_MAX);
    plan_pack(&answer, &bytes);
    assert_false(plan_unpack(other, (struct slice){bytes.at, bytes.len}, NULL, &back));
    assert_false(plan_unpack(question, (struct slice){"", 0}, NULL, &back));
    for (size_t len = 0; len < bytes.len; len += 1 + len / 40)
        assert_false(plan_unpack(question, (struct slice){bytes.at, len}, NULL, &back));
    size_t believed = 0, tried = 0;
    for (size_t at = 0; at < bytes.len; at += 1 + at / 20, tried++) {
        bytes.at[at] ^= 0x15;
        if (plan_unpack(question, (struct slice){bytes.at, bytes.len}, NULL, &back)) {
            assert_int_equal(back.plan->value_nano, answer.plan->value_nano);
            assert_int_equal(back.plan->priced_nano, answer.plan->priced_nano);
            buf_init(&pages, 64u << 20);
            put_pages(&pages, question, &back); /* a reason may be wrong, nothing is out of range */
            buf_fini(&pages);
            plan_answer_fini(&back);
            believed++;
        }
        bytes.at[at] ^= 0x15;
    }
    assert_true(believed < tried);
    answer.cut = true;
    assert_false(plan_pack_shares(question, &answer));
    answer.cut = false;
    buf_fini(&bytes);
    plan_answer_fini(&answer);
    plan_question_free(other);
    plan_question_free(question);
}

static int load(void **state)
{
    (void)state;
    return wm_dataset_load("data/sample", NULL, &dataset) == WM_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    wm_dataset_unref(dataset);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_plan_comes_back),
        cmocka_unit_test(what_is_not_that_plan_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
