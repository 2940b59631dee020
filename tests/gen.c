/* Random small datasets for tests. Texts are written as CSV, so that a test goes through the door that users go through. */
#include "gen.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t gen_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t gen_below(uint64_t *state, uint64_t n)
{
    return gen_next(state) % n;
}

static const char *const roles[] = {"chief_executive", "medical_director", "chief_nurse", "finance_director",
                                    "chair",           "non_executive"};
static const char *const grades[] = {"band_8a", "band_8b", "band_8c", "band_8d", "band_9", "vsm", "appointee"};
static const char *const regions[] = {"East of England", "London",     "Midlands",  "North East and Yorkshire",
                                      "North West",      "South East", "South West"};
static const char *const accreditations[] = {"gmc", "nmc", "ccab"};
static const char *const sectors[] = {"acute", "community", "private"};
static const char *const domains[] = {
    "quality_outcomes", "strategy_transformation", "equality_inequalities", "governance_assurance",
    "culture",          "partners_communities"};
static const char *const components[] = {"pay",          "relocation",   "development", "flexible",
                                         "return_right", "peer_network", "mentoring"};
static const char *const organisations[] = {"RAJ", "RCX", "RXL", "RWP", "R0A", "K0N6A", "RYC", "RX1"};

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct pen {
    FILE *out;
    char *bytes;
    size_t len;
    uint64_t state;
    struct gen_options options;
};

static struct pen pen_open(const struct gen_options *options, uint64_t salt)
{
    struct pen pen = {NULL, NULL, 0, options->seed * 1000003 + salt, *options};
    return pen;
}

static bool missing(struct pen *pen)
{
    return gen_below(&pen->state, 100) < pen->options.missing_pct;
}

static const char *pick(struct pen *pen, const char *const *list, size_t n)
{
    return list[pen->options.narrow ? 0 : gen_below(&pen->state, n)];
}

/* ",a;c": each word with a chance of a half, at least one unless missing. */
static void put_words(struct pen *pen, const char *const *list, size_t n)
{
    fputc(',', pen->out);
    if (missing(pen))
        return;
    size_t must = pen->options.narrow ? 0 : gen_below(&pen->state, n);
    bool any = false;
    for (size_t i = 0; i < n; i++)
        if (i == must || gen_below(&pen->state, 2)) {
            fprintf(pen->out, "%s%s", any ? ";" : "", list[i]);
            any = true;
        }
}

/* ",N" with `decimals` digits after the point, low <= N <= high in those units. */
static void put_number(struct pen *pen, int64_t low, int64_t high, int decimals)
{
    fputc(',', pen->out);
    if (missing(pen))
        return;
    int64_t value = low + (int64_t)gen_below(&pen->state, (uint64_t)(high - low + 1)), scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    if (decimals == 0)
        fprintf(pen->out, "%lld", (long long)value);
    else
        fprintf(pen->out, "%s%lld.%0*lld", value < 0 ? "-" : "", llabs(value) / scale, decimals, llabs(value) % scale);
}

static void put_date(struct pen *pen, int first_year, int years)
{
    fputc(',', pen->out);
    if (missing(pen))
        return;
    bool first_of_month = gen_below(&pen->state, 3) == 0; /* the day posts start on: rules differ at equality */
    fprintf(pen->out, "%04d-%02d-%02d", first_year + (int)gen_below(&pen->state, (uint64_t)years),
            1 + (int)gen_below(&pen->state, 12), first_of_month ? 1 : 1 + (int)gen_below(&pen->state, 28));
}

static void put_posts(struct pen *pen)
{
    fputs("post_id,ods_code,title,role,grade,salary_gbp,openings,starts,days_vacant,region", pen->out);
    for (size_t d = 0; d < COUNT(domains); d++)
        fprintf(pen->out, ",need_%s", domains[d]);
    fputs(",accreditation_required,board_role\r\n", pen->out);
    for (size_t i = 0; i < pen->options.posts; i++) {
        fprintf(pen->out, "P%04zu,%s,\"Post, %zu\",%s,%s,%d,%d,2027-%02d-01", i,
                organisations[gen_below(&pen->state, COUNT(organisations))], i, pick(pen, roles, COUNT(roles)),
                pick(pen, grades, COUNT(grades)), 60000 + (int)gen_below(&pen->state, 140000),
                1 + (int)gen_below(&pen->state, 3), 1 + (int)gen_below(&pen->state, 12));
        put_number(pen, 0, 900, 0);
        fprintf(pen->out, ",%s", missing(pen) || pen->options.narrow ? regions[0] : "");
        for (size_t d = 0; d < COUNT(domains); d++)
            put_number(pen, 0, pen->options.zero_needs ? 0 : 50, 1);
        fprintf(pen->out, ",%s,%d\r\n",
                gen_below(&pen->state, 2) || pen->options.narrow ? "" : accreditations[gen_below(&pen->state, 3)],
                !pen->options.narrow && gen_below(&pen->state, 2));
    }
}

static void put_leader(struct pen *pen, size_t i)
{
    fprintf(pen->out, "L%05zu,%s", i, missing(pen) ? "" : organisations[gen_below(&pen->state, COUNT(organisations))]);
    put_words(pen, roles, COUNT(roles));
    fprintf(pen->out, ",%s", missing(pen) ? "" : pick(pen, grades, COUNT(grades)));
    put_number(pen, 50000, 200000, 0);
    for (size_t d = 0; d < COUNT(domains); d++)
        put_number(pen, 0, 50, 1);
    put_number(pen, 0, 6, 0);
    put_date(pen, 2020, 7);
    put_words(pen, accreditations, COUNT(accreditations));
    put_date(pen, pen->options.narrow ? 2030 : 2026, 3);
    put_date(pen, pen->options.narrow ? 2030 : 2026, 3);
    put_date(pen, pen->options.narrow ? 2020 : 2026, 2);
    bool at_work =
        gen_below(&pen->state, 8) == 0; /* lives at RAJ and travels nowhere: distance equals what is allowed */
    if (at_work)
        fputs(",51.55375,0.68876,0", pen->out);
    else if (missing(pen))
        fputs(",,", pen->out);
    else
        fprintf(pen->out, ",%d.%05d,-%d.%05d", 50 + (int)gen_below(&pen->state, 5), (int)gen_below(&pen->state, 100000),
                (int)gen_below(&pen->state, 4), (int)gen_below(&pen->state, 100000));
    if (!at_work)
        put_number(pen, 0, 120, 0);
    put_words(pen, regions, COUNT(regions));
    put_words(pen, sectors, COUNT(sectors));
    for (size_t t = 0; t < COUNT(components); t++)
        put_number(pen, 0, 100, 2);
    fputc(',', pen->out);
    if (gen_below(&pen->state, 4) == 0)
        fputs("RAJ;RXL", pen->out);
    fputc(',', pen->out);
    if (gen_below(&pen->state, 4) == 0 && pen->options.posts > 2)
        fputs("P0001;P0000;P0002", pen->out);
    fputs("\r\n", pen->out);
}

static void put_leaders(struct pen *pen)
{
    fputs("leader_id,ods_code,roles,grade,salary_gbp", pen->out);
    for (size_t d = 0; d < COUNT(domains); d++)
        fprintf(pen->out, ",score_%s", domains[d]);
    fputs(",appraisals,appraised_on,accreditation,accredited_until,fit_and_proper_until,ready_from,latitude,longitude,"
          "travel_km,"
          "regions_willing,sectors",
          pen->out);
    for (size_t t = 0; t < COUNT(components); t++)
        fprintf(pen->out, ",want_%s", components[t]);
    fputs(",organisations_excluded,preferences\r\n", pen->out);
    uint64_t start = pen->state;
    for (size_t i = 0; i < pen->options.leaders; i++) {
        if (pen->options.twins)
            pen->state = start;
        put_leader(pen, i);
    }
}

/* Every third package gives what the one before gives at another price: the cheaper one has to be chosen. */
static void put_packages(struct pen *pen)
{
    fputs("package_id,name,pay_premium_pct,relocation_gbp,development_days,flexible_days,return_right_months,peer_"
          "network,mentor_hours,"
          "local_cost_gbp,central_cost_gbp,stock,segments\n",
          pen->out);
    int amounts[8] = {0};
    static const int ranges[8] = {20, 10, 10000, 30, 60, 30, 2, 60};
    for (size_t i = 0; i < pen->options.packages; i++) {
        for (int a = 0; a < 8 && i % 3 != 2; a++)
            amounts[a] = a == 7 && gen_below(&pen->state, 2) ? 0 : (int)gen_below(&pen->state, (uint64_t)ranges[a]);
        fprintf(pen->out, "K%02zu,Package %zu,%d.%d,%d,%d,%d,%d,%d,%d,%d,%d", i, i, amounts[0], amounts[1], amounts[2],
                amounts[3], amounts[4], amounts[5], amounts[6], amounts[7], (int)gen_below(&pen->state, 40000),
                (int)gen_below(&pen->state, 40000));
        fprintf(pen->out, ",%s", gen_below(&pen->state, 3) ? "" : gen_below(&pen->state, 2) ? "0" : "5");
        fprintf(pen->out, ",%s\n", gen_below(&pen->state, 2) ? "" : "3;4;5");
    }
}

static void put_mentors(struct pen *pen)
{
    fputs("mentor_id,ods_code,region,roles,expertise,hours,remote\n", pen->out);
    pen->options.missing_pct = 0; /* a mentor's cells are required */
    for (size_t i = 0; i < pen->options.mentors; i++) {
        fprintf(pen->out, "M%03zu,,%s", i, regions[gen_below(&pen->state, COUNT(regions))]);
        put_words(pen, roles, COUNT(roles));
        put_words(pen, domains, COUNT(domains));
        fprintf(pen->out, ",%d,%d\n", (int)gen_below(&pen->state, 80), (int)gen_below(&pen->state, 2));
    }
}

static void put_budgets(struct pen *pen)
{
    fputs("scope,code,amount_gbp\nnational,ENGLAND,35000\nregion,London,20000\nregion,Midlands,38000\n", pen->out);
    for (size_t i = 0; i + 2 < COUNT(organisations); i++)
        fprintf(pen->out, "organisation,%s,%d\n", organisations[i], (int)gen_below(&pen->state, 60000));
}

void gen_make(const struct gen_options *options, struct gen_set *out)
{
    static const struct {
        const char *name;
        void (*put)(struct pen *pen);
    } files[] = {{"posts.csv", put_posts},
                 {"leaders.csv", put_leaders},
                 {"packages.csv", put_packages},
                 {"mentors.csv", put_mentors},
                 {"budgets.csv", put_budgets}};
    *out = (struct gen_set){NULL, 0, {{0}}};
    int code = wm_sources_read("data/sample", false, NULL, &out->read);
    assert(code == WM_OK);
    size_t n;
    const struct wm_source *read = wm_sources_list(out->read, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(read[i].name, "policy.json") == 0 || strcmp(read[i].name, "organisations.csv") == 0)
            gen_replace(out, read[i].name, read[i].bytes, read[i].len);
    for (size_t i = 0; i < COUNT(files); i++) {
        struct pen pen = pen_open(options, i);
        pen.out = open_memstream(&pen.bytes, &pen.len);
        files[i].put(&pen);
        fclose(pen.out);
        gen_replace(out, files[i].name, pen.bytes, pen.len);
        free(pen.bytes);
    }
}

static struct wm_source *source_of(struct gen_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->sources[i].name, name) == 0)
            return &set->sources[i];
    assert(set->n < COUNT(set->sources));
    set->sources[set->n] = (struct wm_source){strdup(name), NULL, 0};
    return &set->sources[set->n++];
}

void gen_replace(struct gen_set *set, const char *name, const char *bytes, size_t len)
{
    struct wm_source *source = source_of(set, name);
    char *copy = malloc(len + 1);
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    free((void *)(uintptr_t)source->bytes);
    source->bytes = copy;
    source->len = len;
}

void gen_shuffle(struct gen_set *set, const char *name, uint64_t seed)
{
    const struct wm_source *source = source_of(set, name);
    size_t n = 0, used = 0;
    const char **lines = malloc((source->len + 1) * sizeof *lines);
    for (const char *at = source->bytes, *end = at + source->len; at < end; n++) {
        lines[n] = at;
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        at = lf == NULL ? end : lf + 1;
    }
    lines[n] = source->bytes + source->len;
    char *shuffled = malloc(source->len + 1);
    size_t *order = malloc((n + 1) * sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 2; i--) { /* Fisher and Yates, the heading stays */
        size_t j = 1 + gen_below(&seed, i - 1), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)(lines[order[i] + 1] - lines[order[i]]);
        memcpy(shuffled + used, lines[order[i]], len);
        used += len;
    }
    gen_replace(set, name, shuffled, used);
    free(order);
    free(shuffled);
    free(lines);
}

/* The start of cell number `index` of a line, and its length, quotes included. Quoted cells hold no quotes. */
static const char *cell_at(const char *line, size_t index, size_t *len)
{
    for (;; line += *len + 1) {
        *len = *line == '"' ? (size_t)(strchr(line + 1, '"') + 1 - line) : strcspn(line, ",\r\n");
        if (index-- == 0)
            return line;
    }
}

void gen_set_cell(struct gen_set *set, const char *name, const char *id, const char *column, const char *text)
{
    const struct wm_source *source = source_of(set, name);
    size_t index = 0, len, id_len = strlen(id);
    while (cell_at(source->bytes, index, &len),
           !(len == strlen(column) && strncmp(cell_at(source->bytes, index, &len), column, len) == 0))
        index++;
    const char *line = source->bytes;
    do
        line = strchr(line, '\n') + 1;
    while (!(strncmp(line, id, id_len) == 0 && line[id_len] == ','));
    const char *cell = cell_at(line, index, &len);
    char *changed = NULL;
    size_t changed_len;
    FILE *out = open_memstream(&changed, &changed_len);
    fwrite(source->bytes, 1, (size_t)(cell - source->bytes), out);
    fputs(text, out);
    fputs(cell + len, out);
    fclose(out);
    gen_replace(set, name, changed, changed_len);
    free(changed);
}

struct wm_dataset *gen_build(const struct gen_set *set)
{
    struct wm_faults *faults = NULL;
    struct wm_dataset *dataset = NULL;
    int code = wm_faults_new(10, &faults);
    assert(code == WM_OK);
    code = wm_dataset_build(set->sources, set->n, faults, &dataset);
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *f = wm_faults_at(faults, i);
        fprintf(stderr, "%s:%ld:%ld: %s; %s\n", f->file, f->line, f->column, f->what, f->expected);
    }
    wm_faults_free(faults);
    assert(code == WM_OK);
    return dataset;
}

void gen_free(struct gen_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        free((void *)(uintptr_t)set->sources[i].name);
        free((void *)(uintptr_t)set->sources[i].bytes);
    }
    wm_sources_free(set->read);
    *set = (struct gen_set){NULL, 0, {{0}}};
}
