/*
 * What an explanation names as the smallest change is enough: carried out in the CSV files and loaded again, the pair is
 * eligible, whichever of the alternatives is taken. And it is needed: with every named change but one rule's, the pair
 * stays refused.
 */
#include "gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "a;b" with `word` added or taken out. */
static void change_list(const char *list, const struct wm_change *change, char *out, size_t cap)
{
    char copy[2048];
    snprintf(copy, sizeof copy, "%s", list);
    out[0] = '\0';
    for (char *rest = copy, *item; (item = strsep(&rest, ";")) != NULL;)
        if (*item != '\0' && strcmp(item, change->word) != 0) {
            size_t len = strlen(out);
            snprintf(out + len, cap - len, "%s%s", len > 0 ? ";" : "", item);
        }
    size_t len = strlen(out);
    if (!change->remove)
        snprintf(out + len, cap - len, "%s%s", len > 0 ? ";" : "", change->word);
}

static void apply(struct gen_set *set, const struct wm_dataset *dataset, const struct wm_change *change)
{
    char before[2048], after[2048];
    size_t row;
    int column = wm_column_find(dataset, change->table, change->column);
    assert_true(column >= 0);
    assert_int_equal(wm_row_find(dataset, change->table, change->row, &row), WM_OK);
    if (wm_cell_text(dataset, change->table, row, (size_t)column, before, sizeof before) == 0)
        before[0] = '\0';
    int64_t now = wm_cell_number(dataset, change->table, row, (size_t)column);
    if (change->from != WM_MISSING && now != WM_MISSING)
        assert_int_equal(change->from, now);
    if (change->by != WM_MISSING)
        assert_int_equal(change->by, change->to - change->from);
    if (change->word != NULL)
        change_list(before, change, after, sizeof after);
    else if (change->type == WM_DATE)
        wm_date_format((int32_t)change->to, after);
    else if (change->type == WM_WORD)
        snprintf(after, sizeof after, "%s", wm_vocabulary_word(dataset, change->column, (size_t)change->to));
    else
        snprintf(after, sizeof after, "%lld", (long long)change->to);
    char id[64];
    snprintf(id, sizeof id, "%s", change->row);
    for (char *colon = id; (colon = strchr(colon, ':')) != NULL;)
        *colon = ','; /* a budget's id is its first two cells */
    gen_set_cell(set, wm_table_name(change->table), id, change->column, after);
}

/*
 * Carries out what each failed rule asks for, where it gives a choice the one of number `choice`, but nothing for rule
 * `left_out`; true when the pair is then eligible.
 */
static bool eligible_after(const struct gen_options *options, const struct wm_dataset *dataset,
                           const struct wm_explanation *e, int left_out, size_t choice)
{
    struct gen_set set;
    gen_make(options, &set);
    for (int rule = 0; rule < WM_RULE_COUNT; rule++) {
        const struct wm_rule_outcome *outcome = &e->rules[rule];
        if (rule == left_out || outcome->n_changes == 0)
            continue;
        size_t one = choice < outcome->n_changes ? choice : 0;
        for (size_t i = 0; i < outcome->n_changes; i++)
            if (outcome->together || i == one)
                apply(&set, dataset, &outcome->changes[i]);
    }
    struct wm_dataset *changed = gen_build(&set);
    struct wm_explanation *after;
    assert_int_equal(wm_explain_pair(changed, e->match.leader, e->match.post, &after), WM_OK);
    bool eligible = after->eligible;
    wm_explanation_free(after);
    wm_dataset_unref(changed);
    gen_free(&set);
    return eligible;
}

static void named_changes_are_enough_and_needed(void **state)
{
    (void)state;
    size_t tried = 0, money = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct gen_options options = {.seed = seed,
                                      .leaders = 12,
                                      .posts = 4,
                                      .packages = 3,
                                      .mentors = 4,
                                      .missing_pct = (unsigned)(seed % 3) * 20};
        struct gen_set set;
        gen_make(&options, &set);
        struct wm_dataset *dataset = gen_build(&set);
        uint64_t random = seed;
        for (int i = 0; i < 8; i++) {
            struct wm_explanation *e;
            assert_int_equal(wm_explain_pair(dataset, gen_below(&random, 12), gen_below(&random, 4), &e), WM_OK);
            if (!e->eligible &&
                (e->rules[WM_RULE_package].verdict == WM_PASSED || e->rules[WM_RULE_package].n_changes > 0)) {
                tried++;
                money += e->rules[WM_RULE_package].n_changes;
                assert_true(eligible_after(&options, dataset, e, -1, 0));
                assert_true(eligible_after(&options, dataset, e, -1, 1));
                for (int rule = 0; rule < WM_RULE_COUNT; rule++)
                    if (e->rules[rule].verdict != WM_PASSED)
                        assert_false(eligible_after(&options, dataset, e, rule, 0));
            }
            wm_explanation_free(e);
        }
        wm_dataset_unref(dataset);
        gen_free(&set);
    }
    assert_true(tried > 60 && money > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(named_changes_are_enough_and_needed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
