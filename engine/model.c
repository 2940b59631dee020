/*
 * From a problem to the model that is solved, and from a model to a narrower one.
 *
 * What is left out here is left out for good reason: options that are forbidden, or worth no more than taking nothing;
 * limits that no plan can reach. What is left is told by shape: options that use the same of everything share one list of
 * uses, found by hashing, which is why a country's worth of options fits in a few megabytes. In a narrower model, limits are
 * lowered to the greatest sum of uses that does not pass them ("a pot of 40,000 for packages of 24,000 and 15,000 is one of
 * 39,000"): no plan is lost, and the relaxation can no more spend what no plan can. (The first model is as it was read, so
 * that its prices are prices of the problem.)
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

enum {
    SUMS_MOST = 1 << 18, /* reachable sums looked at, in units of the greatest common divisor */
    STEPS_MOST = 400000  /* words of them, over all uses of a row */
};

/* ---- shapes ---- */

struct shaper {
    struct model *m;
    struct arena *arena;
    uint32_t *slots; /* shape + 1, 0 is free */
    size_t n_slots;
};

static uint64_t hash_uses(const struct model *m, size_t from, size_t to)
{
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) * (to - from + 1);
    for (size_t u = from; u < to; u++) {
        h = (h ^ m->use_row[u]) * UINT64_C(0xbf58476d1ce4e5b9);
        h = (h ^ (uint64_t)m->use[u]) * UINT64_C(0x94d049bb133111eb);
        h ^= h >> 29;
    }
    return h;
}

static uint32_t *find_shape(const struct shaper *s, size_t from, size_t to)
{
    const struct model *m = s->m;
    for (size_t i = hash_uses(m, from, to) & (s->n_slots - 1);; i = (i + 1) & (s->n_slots - 1)) {
        uint32_t held = s->slots[i];
        if (held == 0)
            return &s->slots[i];
        size_t at = m->first_use[held - 1], n = m->first_use[held] - at;
        if (n == to - from && memcmp(m->use_row + at, m->use_row + from, n * sizeof *m->use_row) == 0 &&
            memcmp(m->use + at, m->use + from, n * sizeof *m->use) == 0)
            return &s->slots[i];
    }
}

static bool more_slots(struct shaper *s)
{
    s->n_slots = s->n_slots ? 2 * s->n_slots : 1024;
    s->slots = arena_alloc(s->arena, s->n_slots, sizeof *s->slots);
    for (uint32_t k = 0; s->slots && k < s->m->n_shapes; k++)
        *find_shape(s, s->m->first_use[k], s->m->first_use[k + 1]) = k + 1;
    return s->slots;
}

/* The shape of the n uses that stand behind those of all shapes. */
static bool take_shape(struct shaper *s, size_t n, uint32_t *out)
{
    struct model *m = s->m;
    if (3 * m->n_shapes + 3 > 2 * s->n_slots && !more_slots(s))
        return false;
    size_t from = m->first_use[m->n_shapes];
    uint32_t *slot = find_shape(s, from, from + n);
    if (*slot == 0) {
        *slot = (uint32_t)++m->n_shapes;
        m->first_use[m->n_shapes] = (uint32_t)(from + n);
    }
    *out = *slot - 1;
    return true;
}

/* ---- rows ---- */

static int64_t greatest_common(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The least power of two that is at least `value`, or 1. */
static double scale_of(double value)
{
    double scale = 1;
    while (scale < value)
        scale *= 2;
    return scale;
}

struct tally {       /* of one row */
    wide most;       /* the most that plans can use: the sum of each group's greatest use */
    int64_t largest; /* use */
    int64_t common;  /* divisor of all uses */
    uint32_t number; /* the row's new one; NO_ROW: left out */
    size_t first;    /* its uses, in a list by rows */
};

static bool tally_rows(const struct model *m, size_t n_rows, struct tally *tally, struct arena *arena)
{
    int64_t *group = arena_alloc(arena, n_rows + 1, sizeof *group);
    if (!group)
        return false;
    for (size_t g = 0; g < m->n_groups; g++)
        for (int pass = 0; pass < 2; pass++)
            for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
                uint32_t k = m->shape_of[o];
                for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++) {
                    int64_t *most = &group[m->use_row[u]];
                    if (pass == 0)
                        *most = m->use[u] > *most ? m->use[u] : *most;
                    else {
                        tally[m->use_row[u]].most += *most;
                        *most = 0;
                    }
                }
            }
    for (size_t u = 0; u < m->first_use[m->n_shapes]; u++) {
        struct tally *t = &tally[m->use_row[u]];
        t->largest = m->use[u] > t->largest ? m->use[u] : t->largest;
        t->common = greatest_common(t->common, m->use[u]);
    }
    return true;
}

/* sums |= sums << by, in bits, for n words. */
static void add_shifted(uint64_t *sums, size_t n, size_t by)
{
    size_t words = by / 64, bits = by % 64;
    for (size_t i = n; i-- > words;) {
        uint64_t from = sums[i - words] << bits;
        if (bits > 0 && i > words)
            from |= sums[i - words - 1] >> (64 - bits);
        sums[i] |= from;
    }
}

/* The greatest sum of uses, each any number of times, that is at most limit. sums[] is scratch for SUMS_MOST bits. */
static int64_t reachable(const int64_t *uses, size_t n, int64_t limit, int64_t unit, uint64_t *sums)
{
    int64_t most = limit / unit;
    size_t words = (size_t)most / 64 + 1;
    if (most >= SUMS_MOST || n * words > STEPS_MOST)
        return most * unit;
    memset(sums, 0, words * sizeof *sums);
    sums[0] = 1;
    for (size_t i = 0; i < n; i++)
        for (int64_t by = uses[i] / unit; by <= most; by *= 2)
            add_shifted(sums, words, (size_t)by);
    while (!(sums[most / 64] >> (most % 64) & 1))
        most--;
    return most * unit;
}

static int by_amount(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Limits down to what sums of uses can reach. */
static bool lower_limits(struct model *m, const struct tally *tally, struct arena *arena)
{
    size_t n_uses = m->first_use[m->n_shapes];
    size_t *at = arena_alloc(arena, m->n_rows + 2, sizeof *at);
    int64_t *uses = arena_alloc(arena, n_uses + 1, sizeof *uses);
    uint64_t *sums = arena_alloc(arena, SUMS_MOST / 64 + 1, sizeof *sums);
    int64_t *fewest = arena_alloc(arena, m->n_rows + 1, sizeof *fewest);
    if (!at || !uses || !sums || !fewest)
        return false;
    for (size_t u = 0; u < n_uses; u++)
        at[m->use_row[u] + 2]++;
    for (size_t r = 2; r < m->n_rows + 2; r++)
        at[r] += at[r - 1];
    for (size_t u = 0; u < n_uses; u++)
        uses[at[m->use_row[u] + 1]++] = m->use[u];
    for (size_t r = 0; r < m->n_rows; r++) {
        size_t n = 0;
        if (m->least[r] > 0 || at[r + 1] == at[r])
            continue;
        qsort(uses + at[r], at[r + 1] - at[r], sizeof *uses, by_amount);
        for (size_t i = at[r]; i < at[r + 1]; i++)
            if (n == 0 || uses[at[r] + n - 1] != uses[i])
                uses[at[r] + n++] = uses[i];
        m->limit[r] = reachable(uses + at[r], n, m->limit[r], tally[r].common, sums);
        fewest[r] = uses[at[r]];
    }
    for (size_t u = 0; u < n_uses; u++) { /* what leaves no room for another use takes it all */
        uint32_t r = m->use_row[u];
        if (fewest[r] && m->use[u] < m->limit[r] && m->use[u] > m->limit[r] - fewest[r])
            m->use[u] = m->limit[r];
    }
    return true;
}

/*
 * Leaves out the rows that no plan can break, numbers the others anew, and scales. The uses stand with old numbers; limits
 * and leasts by old number are given, and which old rows are resources.
 */
static int seal(struct model *m, size_t n_rows, size_t n_resources, const int64_t *limit, const int64_t *least,
                const uint32_t *was, bool lower, struct arena *arena, uint32_t *renumbered)
{
    struct tally *tally = arena_alloc(arena, n_rows + 1, sizeof *tally);
    struct tally *kept = arena_alloc(arena, n_rows + 1, sizeof *kept);
    if (!tally || !kept || !tally_rows(m, n_rows, tally, arena))
        return WM_EMEMORY;
    m->n_rows = m->n_resources = 0;
    for (size_t r = 0; r < n_rows; r++) {
        tally[r].number = NO_ROW;
        if (tally[r].most <= limit[r] && (least[r] == 0 || (limit[r] == 0 && tally[r].most == 0)))
            continue;
        tally[r].number = (uint32_t)m->n_rows;
        kept[m->n_rows] = tally[r];
        m->limit[m->n_rows] = limit[r];
        m->least[m->n_rows] = least[r];
        if (r < n_resources)
            m->row_was[m->n_resources++] = was ? was[r] : (uint32_t)r;
        m->n_rows++;
    }
    size_t n = 0;
    for (size_t k = 0, u = 0; k < m->n_shapes; k++) {
        size_t end = m->first_use[k + 1];
        m->first_use[k] = (uint32_t)n;
        for (; u < end; u++)
            if (tally[m->use_row[u]].number != NO_ROW) {
                m->use_row[n] = tally[m->use_row[u]].number;
                m->use[n++] = m->use[u];
            }
    }
    m->first_use[m->n_shapes] = (uint32_t)n;
    for (size_t r = 0; r < n_rows && renumbered; r++)
        renumbered[r] = tally[r].number;
    if (lower && !lower_limits(m, kept, arena))
        return WM_EMEMORY;
    m->coef = arena_alloc(arena, n + 1, sizeof *m->coef);
    if (!m->coef)
        return WM_EMEMORY;
    for (size_t r = 0; r < m->n_rows; r++) {
        m->row_scale[r] = scale_of((double)kept[r].largest);
        m->high[r] = (double)m->limit[r] / m->row_scale[r];
        m->low[r] = (double)m->least[r] / m->row_scale[r];
    }
    for (size_t u = 0; u < n; u++)
        m->coef[u] = (double)m->use[u] / m->row_scale[m->use_row[u]];
    return WM_OK;
}

/* ---- values ---- */

static void scale_values(struct model *m)
{
    int64_t largest = 0;
    m->quantum = 0;
    for (size_t o = 0; o < m->n_options; o++) {
        int64_t size = m->value[o] < 0 ? -m->value[o] : m->value[o];
        largest = size > largest ? size : largest;
        m->quantum = greatest_common(m->quantum, size);
    }
    m->quantum = m->quantum ? m->quantum : 1;
    m->value_scale = scale_of((double)largest);
    for (size_t o = 0; o < m->n_options; o++)
        m->worth[o] = (double)m->value[o] / m->value_scale;
}

static bool model_room(struct model *m, size_t groups, size_t options, size_t uses, size_t rows, struct arena *arena)
{
    *m = (struct model){0};
    m->first = arena_alloc(arena, groups + 1, sizeof *m->first);
    m->group_of = arena_alloc(arena, options + 1, sizeof *m->group_of);
    m->shape_of = arena_alloc(arena, options + 1, sizeof *m->shape_of);
    m->value = arena_alloc(arena, options + 1, sizeof *m->value);
    m->worth = arena_alloc(arena, options + 1, sizeof *m->worth);
    m->option_was = arena_alloc(arena, options + 1, sizeof *m->option_was);
    m->first_use = arena_alloc(arena, options + 2, sizeof *m->first_use);
    m->use_row = arena_alloc(arena, uses + 1, sizeof *m->use_row);
    m->use = arena_alloc(arena, uses + 1, sizeof *m->use);
    m->limit = arena_alloc(arena, rows + 1, sizeof *m->limit);
    m->least = arena_alloc(arena, rows + 1, sizeof *m->least);
    m->high = arena_alloc(arena, rows + 1, sizeof *m->high);
    m->low = arena_alloc(arena, rows + 1, sizeof *m->low);
    m->row_scale = arena_alloc(arena, rows + 1, sizeof *m->row_scale);
    m->row_was = arena_alloc(arena, rows + 1, sizeof *m->row_was);
    return m->first && m->group_of && m->shape_of && m->value && m->worth && m->option_was && m->first_use &&
           m->use_row && m->use && m->limit && m->least && m->high && m->low && m->row_scale && m->row_was;
}

/* ---- from a problem ---- */

/* A number from 1 to 2^20 that depends on i alone: something to tell options apart when none is worth more. */
static int64_t any_value(uint64_t i)
{
    i = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    i = (i ^ i >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return (int64_t)(i >> 44) + 1;
}

/* Whether an option uses something that is to be used in full. */
static bool helps(const struct wm_problem *p, const struct demands *demands, size_t o)
{
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++)
        if (demands->exact[p->use_resource[u]])
            return true;
    return false;
}

static bool add_option(struct shaper *s, uint32_t group, uint32_t was, int64_t value, const struct wm_problem *p)
{
    struct model *m = s->m;
    size_t o = m->n_options++, at = m->first_use[m->n_shapes], n = 0;
    m->group_of[o] = group;
    m->option_was[o] = was;
    m->value[o] = value;
    for (size_t u = was == NO_OPTION ? 0 : p->first_use[was]; was != NO_OPTION && u < p->first_use[was + 1]; u++, n++) {
        m->use_row[at + n] = p->use_resource[u];
        m->use[at + n] = p->use_micro[u];
    }
    return take_shape(s, n, &m->shape_of[o]);
}

int model_build(const struct wm_problem *p, const struct demands *demands, bool values, struct arena *arena,
                struct model *m, bool *possible)
{
    size_t options = p->n_options + p->n_groups, uses = p->first_use[p->n_options];
    int64_t *held = arena_alloc(arena, p->n_groups + 1, sizeof *held); /* 1 + the option a lock asks for, -1: two do */
    int64_t *least = arena_alloc(arena, p->n_resources + 1, sizeof *least);
    if (!held || !least || options > UINT32_MAX / 4 ||
        !model_room(m, p->n_groups, options, 2 * uses, p->n_resources, arena))
        return WM_EMEMORY;
    for (size_t i = 0; i < p->n_locks; i++)
        if (demands->lock[i]) {
            int64_t *lock = &held[p->locks[i].group];
            *lock = *lock == 0 ? (int64_t)p->locks[i].option + 1 : -1;
        }
    struct shaper shaper = {.m = m, .arena = arena};
    *possible = true;
    for (uint32_t g = 0; g < p->n_groups; g++) {
        bool may_skip = !demands->must[g] && held[g] == 0;
        if (may_skip && !add_option(&shaper, g, NO_OPTION, 0, p))
            return WM_EMEMORY;
        for (uint32_t o = p->first_option[g]; o < p->first_option[g + 1]; o++) {
            int64_t value = !values ? any_value(o) : p->minimise ? -p->value_nano[o] : p->value_nano[o];
            if (p->forbidden[o] || (held[g] != 0 && held[g] != (int64_t)o + 1) ||
                (may_skip && value <= 0 && !helps(p, demands, o)))
                continue; /* nothing is worth at least as much as an option of value 0 or less */
            if (!add_option(&shaper, g, o, value, p))
                return WM_EMEMORY;
        }
        m->first[++m->n_groups] = (uint32_t)m->n_options;
        *possible &= m->first[g] < m->first[g + 1];
    }
    for (size_t r = 0; r < p->n_resources; r++)
        least[r] = demands->exact[r] ? p->limit_micro[r] : 0;
    scale_values(m);
    return *possible ? seal(m, p->n_resources, p->n_resources, p->limit_micro, least, NULL, false, arena, NULL) : WM_OK;
}

/* ---- from a model ---- */

/* Old limits and leasts, then those of the rows to be added. */
static bool list_limits(const struct model *m, const struct rows *more, struct arena *arena, int64_t **limit,
                        int64_t **least)
{
    size_t n = more ? more->n : 0;
    *limit = arena_alloc(arena, m->n_rows + n + 1, sizeof **limit);
    *least = arena_alloc(arena, m->n_rows + n + 1, sizeof **least);
    if (!*limit || !*least)
        return false;
    memcpy(*limit, m->limit, m->n_rows * sizeof **limit);
    memcpy(*least, m->least, m->n_rows * sizeof **least);
    for (size_t i = 0; i < n; i++)
        (*limit)[m->n_rows + i] = more->limit[i];
    for (size_t r = m->n_resources; r < m->n_rows; r++)
        if (more && more->idle && more->idle[r])
            (*limit)[r] = INT64_MAX;
    return true;
}

/* The added rows' uses by option: first[n_options + 1] into row[] and use[]. */
struct added {
    size_t *first;
    uint32_t *row;
    int64_t *use;
};

static bool list_added(const struct model *m, const struct rows *more, struct arena *arena, struct added *out)
{
    size_t total = more ? more->first[more->n] : 0;
    out->first = arena_alloc(arena, m->n_options + 2, sizeof *out->first);
    out->row = arena_alloc(arena, total + 1, sizeof *out->row);
    out->use = arena_alloc(arena, total + 1, sizeof *out->use);
    if (!out->first || !out->row || !out->use)
        return false;
    for (size_t i = 0; i < total; i++)
        out->first[more->option[i] + 2]++;
    for (size_t o = 2; o < m->n_options + 2; o++)
        out->first[o] += out->first[o - 1];
    for (size_t r = 0; more && r < more->n; r++)
        for (size_t i = more->first[r]; i < more->first[r + 1]; i++) {
            size_t at = out->first[more->option[i] + 1]++;
            out->row[at] = (uint32_t)(m->n_rows + r);
            out->use[at] = more->use[i];
        }
    return true;
}

static bool copy_option(struct shaper *s, const struct model *m, uint32_t o, const struct added *added)
{
    struct model *out = s->m;
    size_t new = out->n_options++, at = out->first_use[out->n_shapes], n = 0;
    uint32_t k = m->shape_of[o];
    out->group_of[new] = m->group_of[o];
    out->option_was[new] = m->option_was[o];
    out->value[new] = m->value[o];
    for (size_t u = m->first_use[k]; u < m->first_use[k + 1]; u++, n++) {
        out->use_row[at + n] = m->use_row[u];
        out->use[at + n] = m->use[u];
    }
    for (size_t i = added->first[o]; i < added->first[o + 1]; i++)
        if (added->use[i] > 0) {
            out->use_row[at + n] = added->row[i];
            out->use[at + n++] = added->use[i];
        }
    return take_shape(s, n, &out->shape_of[new]);
}

int model_narrow(const struct model *m, const uint8_t *keep, const struct rows *more, bool tighten, struct arena *arena,
                 struct model *out, struct renumbering *renumbering)
{
    size_t options = 0, uses = more ? more->first[more->n] : 0, n_rows = m->n_rows + (more ? more->n : 0), longest = 0;
    for (size_t o = 0; o < m->n_options; o++)
        if (!keep || keep[o]) {
            size_t len = m->first_use[m->shape_of[o] + 1] - m->first_use[m->shape_of[o]];
            options++;
            uses += len;
            longest = len > longest ? len : longest;
        }
    struct added added;
    int64_t *limit, *least;
    if (!model_room(out, m->n_groups, options, uses + longest + n_rows, n_rows, arena) ||
        !list_limits(m, more, arena, &limit, &least) || !list_added(m, more, arena, &added))
        return WM_EMEMORY;
    if (renumbering) {
        renumbering->option = arena_alloc(arena, m->n_options + 1, sizeof *renumbering->option);
        renumbering->row = arena_alloc(arena, n_rows + 1, sizeof *renumbering->row);
        if (!renumbering->option || !renumbering->row)
            return WM_EMEMORY;
    }
    struct shaper shaper = {.m = out, .arena = arena};
    for (uint32_t g = 0; g < m->n_groups; g++) {
        for (uint32_t o = m->first[g]; o < m->first[g + 1]; o++) {
            bool kept = !keep || keep[o];
            if (renumbering)
                renumbering->option[o] = kept ? (uint32_t)out->n_options : NO_OPTION;
            if (kept && !copy_option(&shaper, m, o, &added))
                return WM_EMEMORY;
        }
        out->first[++out->n_groups] = (uint32_t)out->n_options;
    }
    scale_values(out);
    return seal(out, n_rows, m->n_resources, limit, least, m->row_was, tighten, arena,
                renumbering ? renumbering->row : NULL);
}
