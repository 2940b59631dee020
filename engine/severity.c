/*
 * How challenged a post's organisation is: severity = sum(w_s * age_s * x_s) / sum(w_s * age_s) over the public signals
 * that are present (domain.md section 3). The signals disagree in a third of cases, so each is kept beside the index. A
 * value without a date cannot be aged and counts as absent.
 */
#include "internal.h"
#include "real.h"
#include "score.h"

#include <stdlib.h>

static int64_t organisation_cell(const struct wm_dataset *dataset, size_t row, const char *column)
{
    return table_cell(&dataset->tables[WM_ORGANISATIONS], row, column);
}

static void note_signal(struct wm_severity *out, enum wm_signal signal, int64_t day, double level)
{
    if (day == WM_MISSING)
        return;
    out->present[signal] = true;
    out->as_of[signal] = (int32_t)day;
    out->level_micro[signal] = real_round((level < 0 ? 0 : level > 1 ? 1 : level) * MICRO);
}

static void read_signals(const struct wm_dataset *dataset, size_t post, const int32_t *engagement_level,
                         struct wm_severity *out)
{
    const struct policy *policy = &dataset->policy;
    size_t o = dataset->posts[post].organisation;
    int64_t segment = organisation_cell(dataset, o, "oversight_segment"),
            programme = organisation_cell(dataset, o, "recovery_programme");
    int64_t segment_day = organisation_cell(dataset, o, "segment_as_of"),
            survey_day = organisation_cell(dataset, o, "survey_as_of");
    if (programme != WM_MISSING && policy->programme_segment[programme] > 0)
        segment = policy->programme_segment[programme];
    if (segment != WM_MISSING)
        note_signal(out, WM_SIGNAL_segment, segment_day, (double)(segment - 1) / 4.0);
    int64_t league = organisation_cell(dataset, o, "league_score"); /* 1.00 best to 4.00 worst, in 1e-2 */
    if (league != WM_MISSING)
        note_signal(out, WM_SIGNAL_league, segment_day, (double)(league - 100) / 300.0);
    int64_t rating = organisation_cell(dataset, o, "cqc_overall"),
            well_led = organisation_cell(dataset, o, "cqc_well_led");
    int64_t cqc_day = organisation_cell(dataset, o, "cqc_as_of");
    /* Since 2025 CQC rates trusts on leadership only, and the overall rating repeats it: one observation, counted once. */
    if (rating != WM_MISSING && well_led == WM_MISSING)
        note_signal(out, WM_SIGNAL_cqc_overall, cqc_day, policy->rating_level[rating]);
    if (well_led != WM_MISSING)
        note_signal(out, WM_SIGNAL_cqc_well_led, cqc_day, policy->rating_level[well_led]);
    if (engagement_level[o] >= 0)
        note_signal(out, WM_SIGNAL_engagement, survey_day, engagement_level[o] / (double)MICRO);
    int64_t vacant = table_cell(&dataset->tables[WM_POSTS], post, "days_vacant");
    if (vacant != WM_MISSING)
        note_signal(out, WM_SIGNAL_vacancy, policy->as_of, (double)vacant / policy->severity.vacancy_full_days);
}

void severity_derive(const struct wm_dataset *dataset, size_t post, const int32_t *engagement_level,
                     struct wm_severity *out)
{
    const struct policy *policy = &dataset->policy;
    *out = (struct wm_severity){.known = false};
    read_signals(dataset, post, engagement_level, out);

    double present = 0, all = 0;
    int64_t aged[WM_SIGNAL_COUNT], parts[WM_SIGNAL_COUNT], total = 0;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++) {
        double weight = out->present[s] ? policy->severity.weight[s] * real_decay(policy->as_of - out->as_of[s],
                                                                                  policy->severity.half_life_days[s])
                                        : 0;
        aged[s] = real_round(weight * 1e9);
        out->known |= aged[s] > 0;
        present += weight;
        all += policy->severity.weight[s];
    }
    if (!out->known) {
        out->used_micro = real_round(policy->severity.unknown * MICRO);
        return;
    }
    out->evidence_micro = real_round(present / all * MICRO);
    apportion(MICRO, aged, WM_SIGNAL_COUNT, out->share_micro);

    for (int s = 0; s < WM_SIGNAL_COUNT; s++) {
        parts[s] = out->share_micro[s] * out->level_micro[s];
        total += parts[s];
    }
    out->used_micro = (total + MICRO / 2) / MICRO;
    apportion(out->used_micro, parts, WM_SIGNAL_COUNT, out->part_micro);
}

struct engagement {
    int64_t type, score;
    size_t row;
};

static int compare_engagement(const void *a, const void *b)
{
    const struct engagement *p = a, *q = b;
    if (p->type != q->type)
        return p->type < q->type ? -1 : 1;
    if (p->score != q->score)
        return p->score > q->score ? -1 : 1;
    return 0;
}

/* The share of the other organisations of its type that do better, those equal counting half. */
int severity_engagement_levels(const struct wm_dataset *dataset, struct arena *arena, int32_t **out)
{
    size_t n_rows = dataset->tables[WM_ORGANISATIONS].n_rows, n = 0;
    int32_t *level = arena_alloc(arena, n_rows + 1, sizeof *level);
    struct engagement *list = arena_alloc(arena, n_rows + 1, sizeof *list);
    if (level == NULL || list == NULL)
        return WM_EMEMORY;
    for (size_t row = 0; row < n_rows; row++) {
        struct engagement e = {organisation_cell(dataset, row, "type"), organisation_cell(dataset, row, "engagement"),
                               row};
        level[row] = -1;
        if (e.type != WM_MISSING && e.score != WM_MISSING)
            list[n++] = e;
    }
    qsort(list, n, sizeof *list, compare_engagement);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && list[to].type == list[from].type;)
            to++;
        for (size_t i = from, j; to - from > 1 && i < to; i = j) {
            for (j = i; j < to && list[j].score == list[i].score;)
                j++;
            double better = (double)(i - from), equal = (double)(j - i - 1);
            for (size_t k = i; k < j; k++)
                level[list[k].row] = (int32_t)real_round((better + 0.5 * equal) / (double)(to - from - 1) * MICRO);
        }
    }
    *out = level;
    return WM_OK;
}

int wm_severity_of(const struct wm_dataset *dataset, size_t post, struct wm_severity *out)
{
    if (post >= dataset->tables[WM_POSTS].n_rows)
        return WM_EUNKNOWN;
    *out = dataset->posts[post].severity;
    return WM_OK;
}
