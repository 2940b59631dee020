/* Any bytes as policy.json. What is accepted must be a whole policy; what is refused must say where. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_policy(const struct policy *policy)
{
    static const char *const names[] = {"region",    "type",   "role",    "grade",        "accreditation", "sector",
                                        "programme", "rating", "segment", "budget_scope", "domain",        "component"};
    demand(policy->version && strlen(policy->digest) == 32 && policy->as_of != INT32_MIN);
    demand(policy->n_domains >= 1 && policy->n_domains <= WM_DOMAINS_MAX);
    demand(policy->n_components >= 1 && policy->n_components <= WM_COMPONENTS_MAX);
    for (size_t v = 0; v < sizeof names / sizeof *names; v++) {
        const struct vocabulary *vocabulary = policy_vocabulary(policy, names[v]);
        demand(vocabulary && vocabulary->n >= 1 && vocabulary->n <= VOCABULARY_MAX);
        for (size_t i = 0; i < vocabulary->n; i++)
            demand(vocabulary_find(vocabulary, vocabulary->words[i].name, strlen(vocabulary->words[i].name)) == (int)i);
    }
    for (size_t t = 0; t < policy->n_components; t++)
        demand(policy->components[t].full > 0 && policy->components[t].effect >= 0);
    demand(fabs(policy->mentor.expertise + policy->mentor.place + policy->mentor.free - 1) <= 1e-9);
    double weights = 0;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        weights += policy->severity.weight[s];
    demand(weights > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena;
    struct policy policy;
    struct wm_faults *faults;
    demand(wm_faults_new(20, &faults) == WM_OK);
    arena_init(&arena, 1 << 26);
    int status = policy_parse(&arena, (const char *)bytes, len, faults, &policy);
    demand(status == WM_OK || status == WM_EDATA);
    demand((status == WM_OK) == (wm_faults_count(faults) == 0));
    if (status == WM_OK)
        check_policy(&policy);
    faults_sort(faults);
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        demand(fault->line >= 0 && fault->column >= 0 && *fault->what);
    }
    wm_faults_free(faults);
    arena_fini(&arena);
    return 0;
}
