/*
 * A dataset under another policy: the tables stay where they are, the policy is read anew and everything derived from
 * both is derived anew.
 *
 * Cells hold places of words in vocabularies, and columns are named after domains and components, so these must be the
 * old policy's, in its order. What else loading the tables would have found wrong under the new policy is a word that
 * is not valid on its day: that is looked for here among the words in use. So a revised dataset is the one that the
 * same files would have given.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool same_name(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void complain(struct wm_faults *faults, const char *kind, const char *name, const char *what)
{
    fault_add(faults, "policy.json", 0, 0, "what the dataset's own policy has, in the same order", "%s '%s' %s", kind,
              name, what);
}

/* ---- what must not differ ---- */

static bool same_words(const struct vocabulary *a, const struct vocabulary *b)
{
    bool same = a->n == b->n;
    for (size_t w = 0; same && w < a->n; w++)
        same = same_name(a->words[w].name, b->words[w].name);
    return same;
}

static bool same_signals(const struct policy_domain *a, const struct policy_domain *b)
{
    return a->n_signals == b->n_signals && memcmp(a->signals, b->signals, a->n_signals * sizeof *a->signals) == 0;
}

static void compare_vocabularies(const struct policy *old, const struct policy *revised, struct wm_faults *faults)
{
    for (size_t v = 0; v < old->n_vocabularies; v++) {
        const struct vocabulary *words = &old->vocabularies[v], *now = policy_vocabulary(revised, words->name);
        if (now == NULL || !same_words(words, now))
            complain(faults, "vocabulary", words->name, "has other words");
    }
    for (size_t v = 0; v < revised->n_vocabularies; v++)
        if (policy_vocabulary(old, revised->vocabularies[v].name) == NULL)
            complain(faults, "vocabulary", revised->vocabularies[v].name, "is new");
}

static void compare_parts(const struct policy *old, const struct policy *revised, struct wm_faults *faults)
{
    for (size_t d = 0; d < old->n_domains && d < revised->n_domains; d++)
        if (same_name(old->domains[d].name, revised->domains[d].name) &&
            !same_signals(&old->domains[d], &revised->domains[d]))
            complain(faults, "domain", old->domains[d].name, "has other signals");
    for (size_t t = 0; t < old->n_components && t < revised->n_components; t++)
        if (same_name(old->components[t].name, revised->components[t].name) &&
            !same_name(old->components[t].column, revised->components[t].column))
            complain(faults, "component", old->components[t].name, "has another column");
}

/* ---- words in use ---- */

static uint64_t words_in_use(const struct table *table, size_t column)
{
    uint64_t used = 0;
    for (size_t row = 0; row < table->n_rows; row++) {
        int64_t cell = table->cells[column][row];
        if (cell != WM_MISSING)
            used |= table->columns[column].type == WM_WORDS ? (uint64_t)cell : UINT64_C(1) << cell;
    }
    return used;
}

static void check_words_in_use(const struct wm_dataset *revised, struct wm_faults *faults)
{
    char day[11];
    wm_date_format(revised->policy.as_of, day);
    for (int t = 0; t < WM_TABLES; t++) {
        const struct table *table = &revised->tables[t];
        for (size_t c = 0; c < table->n_columns; c++) {
            if (table->vocabularies[c] == NULL)
                continue;
            const struct vocabulary *now = policy_vocabulary(&revised->policy, table->vocabularies[c]->name);
            uint64_t used = words_in_use(table, c);
            for (size_t w = 0; w < now->n; w++)
                if ((used >> w & 1) &&
                    (revised->policy.as_of < now->words[w].from || revised->policy.as_of > now->words[w].until))
                    fault_add(faults, "policy.json", 0, 0, "words that are valid on the policy's day",
                              "%s of %s holds '%s', which is not valid on %s", table->columns[c].name,
                              wm_table_name((enum wm_table)t), now->words[w].name, day);
        }
    }
}

/* ---- all together ---- */

static int fill(struct wm_dataset *revised, const struct wm_dataset *dataset, const char *policy_json, size_t len,
                struct wm_faults *faults)
{
    size_t before = wm_faults_count(faults);
    int status = policy_parse(&revised->arena, policy_json, len, faults, &revised->policy);
    if (status != WM_OK)
        return status;
    memcpy(revised->tables, dataset->tables, sizeof revised->tables);
    memcpy(revised->digest, dataset->digest, sizeof revised->digest);
    compare_vocabularies(&dataset->policy, &revised->policy, faults);
    compare_parts(&dataset->policy, &revised->policy, faults);
    if (wm_faults_count(faults) == before)
        check_words_in_use(revised, faults);
    if (wm_faults_count(faults) != before)
        return WM_EDATA;
    revised->policy_json = arena_text(&revised->arena, policy_json, len);
    revised->policy_len = len;
    status = revised->policy_json ? dataset_derive(revised) : WM_EMEMORY;
    revised->kernel = dataset->kernel;
    return status;
}

int wm_dataset_revise(const struct wm_dataset *dataset, const char *policy_json, size_t len, struct wm_faults *faults,
                      struct wm_dataset **out)
{
    /* The tables lie with the dataset that was built first; holding it changes nothing of it but the count. */
    const struct wm_dataset *built = dataset->built ? dataset->built : dataset;
    struct wm_faults *own = NULL;
    struct wm_dataset *revised = calloc(1, sizeof *revised);
    if (!revised || (!faults && wm_faults_new(1, &own) != WM_OK)) {
        free(revised);
        return WM_EMEMORY;
    }
    atomic_init(&revised->references, 1);
    arena_init(&revised->arena, DATASET_BYTES_MAX);
    revised->built = wm_dataset_ref((struct wm_dataset *)(uintptr_t)built);
    int status = fill(revised, dataset, policy_json, len, faults ? faults : own);
    if (faults)
        faults_sort(faults);
    wm_faults_free(own);
    if (status == WM_OK)
        *out = revised;
    else
        wm_dataset_unref(revised);
    return status;
}

const char *wm_policy_json(const struct wm_dataset *dataset, size_t *len)
{
    *len = dataset->policy_len;
    return dataset->policy_json;
}
