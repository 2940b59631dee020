/* Beside the kernel: which build of it runs here, what it reads of a post, and one pair in full with every part. */
#include "score.h"
#include "real.h"

#include <assert.h>
#include <string.h>

/* ---- the choice of a kernel ---- */

static const struct kernel *const kernels[] = {/* widest first */
#if defined(__x86_64__)
                                               &kernel_avx512, &kernel_avx2,
#endif
                                               &kernel_baseline};

static bool runs_here(const struct kernel *kernel)
{
#if defined(__x86_64__)
    if (kernel == &kernel_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (kernel == &kernel_avx2)
        return __builtin_cpu_supports("avx2");
#endif
    return kernel == &kernel_baseline;
}

const struct kernel *kernel_best(void)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (runs_here(kernels[i]))
            return kernels[i];
    return &kernel_baseline;
}

const char *wm_dataset_kernel(const struct wm_dataset *dataset)
{
    return dataset->kernel->name;
}

int wm_dataset_use_kernel(struct wm_dataset *dataset, const char *name)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i]->name, name) == 0 && runs_here(kernels[i])) {
            dataset->kernel = kernels[i];
            return WM_OK;
        }
    return WM_EARGUMENT;
}

/* ---- what the kernel reads of a post ---- */

int32_t offer_constant_micro(const struct wm_dataset *dataset, const struct post_terms *terms, int64_t mentor_quality,
                             struct wm_score *out)
{
    const struct policy *policy = &dataset->policy;
    int64_t base =
        policy->accept.base < 0 ? -real_round(-policy->accept.base * MICRO) : real_round(policy->accept.base * MICRO);
    int64_t mentor = real_round(policy->accept.mentor * (double)mentor_quality);
    if (out != NULL) {
        out->logit_term_micro[WM_ACCEPT_base] = base;
        out->logit_term_micro[WM_ACCEPT_severity] = terms->severity_logit_micro;
        out->logit_term_micro[WM_ACCEPT_mentor] = mentor;
    }
    return (int32_t)(base + terms->severity_logit_micro + mentor);
}

static bool cheaper(const struct wm_offer *a, const struct wm_offer *b)
{
    int64_t p = a->local_cost_gbp + a->central_cost_gbp, q = b->local_cost_gbp + b->central_cost_gbp;
    return p != q ? p < q : a->package < b->package;
}

/*
 * Whether offer `a` is chosen before `b` by everybody, whatever they want: wants are not negative, and of equal logits
 * the earlier offer is chosen.
 */
static bool dominates(const struct kernel_post *post, size_t a, size_t b)
{
    for (size_t t = 0; t < post->n_components; t++)
        if (post->amount[a][t] < post->amount[b][t])
            return false;
    return post->constant_micro[a] > post->constant_micro[b] ||
           (a < b && post->constant_micro[a] == post->constant_micro[b]);
}

/* Leaves out the offers that nobody could choose: what dominates one is itself kept, or dominated by one that is. */
static void drop_dominated(struct kernel_post *post)
{
    bool dominated[OFFERS_MAX] = {false};
    for (size_t k = 0; k < post->n_offers; k++)
        for (size_t other = 0; other < post->n_offers && !dominated[k]; other++)
            dominated[k] = other != k && dominates(post, other, k);
    size_t n = 0;
    for (size_t k = 0; k < post->n_offers; k++) {
        if (dominated[k])
            continue;
        post->constant_micro[n] = post->constant_micro[k];
        post->offer[n] = post->offer[k];
        memmove(post->amount[n], post->amount[k], sizeof post->amount[n]);
        n++;
    }
    post->n_offers = n;
}

void kernel_post_fill(const struct wm_dataset *dataset, const struct post_terms *terms, const struct wm_offer *offers,
                      struct kernel_post *out)
{
    const struct policy *policy = &dataset->policy;
    *out = (struct kernel_post){
        .n_domains = policy->n_domains,
        .n_components = policy->n_components,
        .x = terms->x,
        .y = terms->y,
        .z = terms->z,
        .located = terms->located,
        .distance_micro_per_hm = (int32_t)real_round(policy->accept.distance_per_100km * 1e3),
        .severity_micro = (double)terms->severity.used_micro,
        .role_bit = UINT64_C(1) << terms->role,
        .region_bit = terms->region < 0 ? 0 : UINT64_C(1) << terms->region,
        .accreditation_bit = terms->accreditation < 0 ? 0 : UINT64_C(1) << terms->accreditation,
        .grade_lowest = (int32_t)(terms->grade - policy->rules.grade_steps_up),
        .grade_highest = (int32_t)(terms->grade + policy->rules.grade_steps_down),
        .starts = terms->starts,
        .board_role = terms->board_role,
    };
    out->unknown_distance_micro =
        (int32_t)real_round(policy->accept.unknown_excess_km * 10) * out->distance_micro_per_hm;
    for (size_t d = 0; d < policy->n_domains; d++) {
        out->weight_per_skill[d] = terms->weight_per_skill[d] * LEAN_UP;
        out->weight[d] = terms->weight_micro[d];
    }
    size_t n_packages = dataset->tables[WM_PACKAGES].n_rows;
    assert(n_packages <= OFFERS_MAX);
    for (size_t k = 0; k < n_packages; k++) {
        if (offers[k].bar != WM_OFFER_BAR_none)
            continue;
        size_t at = out->n_offers++;
        for (; at > 0 && cheaper(&offers[k], &offers[out->offer[at - 1]]); at--)
            out->offer[at] = out->offer[at - 1];
        out->offer[at] = (uint32_t)k;
    }
    for (size_t i = 0; i < out->n_offers; i++) {
        const struct wm_offer *offer = &offers[out->offer[i]];
        out->constant_micro[i] = offer_constant_micro(dataset, terms, offer->mentor_quality_micro, NULL);
        memcpy(out->amount[i], dataset->amounts + offer->package * policy->n_components,
               policy->n_components * sizeof(int32_t));
    }
    drop_dominated(out);
    for (size_t k = 0; k < out->n_offers; k++)
        for (size_t t = 0; t < policy->n_components; t++)
            out->wanted |= (uint32_t)(out->amount[k][t] != 0) << t;
}

/* ---- one pair in full ---- */

void apportion(int64_t total, const int64_t *raw, size_t n, int64_t *out)
{
    int64_t sum = 0, rest[WM_DOMAINS_MAX], given = 0;
    assert(n <= WM_DOMAINS_MAX);
    for (size_t i = 0; i < n; i++)
        sum += raw[i];
    for (size_t i = 0; i < n; i++) {
        out[i] = sum > 0 ? total * raw[i] / sum : 0;
        rest[i] = sum > 0 ? total * raw[i] % sum : 0;
        given += out[i];
    }
    for (; sum > 0 && given < total; given++) { /* fewer than n are left to give */
        size_t pick = 0;
        assert(n > 0);
        for (size_t i = 1; i < n; i++)
            if (rest[i] > rest[pick])
                pick = i;
        out[pick]++;
        rest[pick] = -1;
    }
}

static int32_t one_distance_hm(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane)
{
    struct kernel_post point = {.x = terms->x, .y = terms->y, .z = terms->z};
    int32_t block[LANES];
    dataset->kernel->distance(&dataset->leaders, lane / LANES * LANES, &point, block);
    return block[lane % LANES];
}

int32_t pair_distance_hm(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane)
{
    return terms->located && dataset->leaders.located[lane] ? one_distance_hm(dataset, terms, lane) : -1;
}

static int64_t distance_logit(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane)
{
    const struct policy *policy = &dataset->policy;
    int64_t per_hm = real_round(policy->accept.distance_per_100km * 1e3);
    int32_t distance = pair_distance_hm(dataset, terms, lane);
    if (distance < 0)
        return -real_round(policy->accept.unknown_excess_km * 10) * per_hm;
    int32_t travel = dataset->leaders.travel_hm[lane];
    int64_t excess = distance - (travel > 0 ? travel : 0);
    return excess > 0 ? -excess * per_hm : 0;
}

int32_t pair_preference_micro(const struct post_terms *terms, size_t lane)
{
    for (size_t i = 0; i < terms->n_preferred; i++)
        if (terms->preferred[i].lane == lane)
            return terms->preferred[i].logit_micro;
    return 0;
}

static void score_fit(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane,
                      struct wm_score *out)
{
    for (size_t d = 0; d < dataset->policy.n_domains; d++) {
        double part = dataset->leaders.skill[d][lane] * terms->weight_per_skill[d], weight = terms->weight_micro[d];
        part = part < weight ? part : weight;
        out->fit_part_micro[d] = (int32_t)(part + HALF_UP);
        out->fit_micro += out->fit_part_micro[d];
    }
}

static void score_accept(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane,
                         const struct wm_offer *offer, struct wm_score *out)
{
    size_t n = dataset->policy.n_components;
    out->logit_micro = offer_constant_micro(dataset, terms, offer->mentor_quality_micro, out);
    out->logit_term_micro[WM_ACCEPT_distance] = distance_logit(dataset, terms, lane);
    out->logit_term_micro[WM_ACCEPT_preference] = pair_preference_micro(terms, lane);
    out->logit_micro += out->logit_term_micro[WM_ACCEPT_distance] + out->logit_term_micro[WM_ACCEPT_preference];
    for (size_t t = 0; t < n; t++) {
        out->logit_want_micro[t] = (int64_t)dataset->leaders.want[t][lane] * dataset->amounts[offer->package * n + t];
        out->logit_micro += out->logit_want_micro[t];
    }
    double logit = (double)out->logit_micro * 1e-6;
    logit = logit < -700.0 ? -700.0 : logit > 700.0 ? 700.0 : logit;
    out->accept_micro = (int64_t)(1.0 / (1.0 + real_exp(-logit)) * 1e6 + 0.5);
}

void score_pair(const struct wm_dataset *dataset, const struct post_terms *terms, size_t lane,
                const struct wm_offer *offer, struct wm_score *out)
{
    *out = (struct wm_score){.severity_micro = terms->severity.used_micro};
    score_fit(dataset, terms, lane, out);
    score_accept(dataset, terms, lane, offer, out);
    out->benefit_micro = (out->fit_micro * out->severity_micro + 500000) / MICRO;
    out->expected_nano = (out->benefit_micro * out->accept_micro + 500) / 1000;
    apportion(out->expected_nano, out->fit_part_micro, dataset->policy.n_domains, out->expected_part_nano);
}
