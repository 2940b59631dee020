/*
 * policy.json to struct policy: every number a planner may argue with, its range checked and its source known.
 *
 * Faults do not stop the reading; what a fault has made doubtful (a vocabulary, the domains) is left out of the result,
 * so that CSV cells are not judged by it.
 */
#include "internal.h"
#include "reader.h"
#include "schema.h"

#include <jansson.h>
#include <math.h>
#include <sha256.h>
#include <stddef.h>
#include <string.h>

static void read_root(struct reader *reader, json_t *root);
static void read_sources(struct reader *reader, const struct at *at, json_t *sources);
static void read_domains(struct reader *reader, const struct at *at, json_t *domains);
static void read_components(struct reader *reader, const struct at *at, json_t *components);
static void read_vocabularies(struct reader *reader, const struct at *at, json_t *vocabularies);
static void read_numbers(struct reader *reader, json_t *root);
static int take_digest(json_t *root, char digest[33]);

int policy_parse(struct arena *arena, const char *bytes, size_t len, struct wm_faults *faults, struct policy *out)
{
    struct reader reader = {.arena = arena, .faults = faults, .policy = out, .status = WM_OK};
    json_t *root = NULL;

    memset(out, 0, sizeof *out);
    out->as_of = INT32_MIN;
    int status = reader_read(&reader, bytes, len, &root);
    if (status != WM_OK)
        return status;
    read_root(&reader, root);
    if (reader.status == WM_OK && reader.found == 0)
        reader.status = take_digest(root, out->digest);
    json_decref(root);
    if (reader.status != WM_OK)
        return reader.status;
    return reader.found ? WM_EDATA : WM_OK;
}

const struct vocabulary *policy_vocabulary(const struct policy *policy, const char *name)
{
    for (size_t v = 0; v < policy->n_vocabularies; v++)
        if (strcmp(policy->vocabularies[v].name, name) == 0)
            return &policy->vocabularies[v];
    return NULL;
}

int vocabulary_find(const struct vocabulary *vocabulary, const char *text, size_t len)
{
    for (size_t i = 0; i < vocabulary->n; i++)
        if (strncmp(vocabulary->words[i].name, text, len) == 0 && vocabulary->words[i].name[len] == '\0')
            return (int)i;
    return -1;
}

/* ---- The whole ---- */

static void read_root(struct reader *reader, json_t *root)
{
    static const char *const members[] = {"format",  "version",    "as_of",    "sources", "vocabularies",
                                          "domains", "components", "severity", "skill",   "fit",
                                          "accept",  "mentor",     "rules"};
    struct policy *policy = reader->policy;
    double format;
    json_t *part;

    if (!reader_is_object(reader, NULL, root))
        return;
    reader_check_members(reader, NULL, root, members, sizeof members / sizeof *members);
    reader_number_member(reader, NULL, root, "format", 1, 1, &format);
    policy->version = reader_string_member(reader, NULL, root, "version", NAME_MAX_BYTES, true);
    if (reader_member(reader, NULL, root, "as_of"))
        reader_date_member(reader, NULL, root, "as_of", &policy->as_of);
    /* Sources first, for all else refers to them; then the domains, for grades have a prior in each. */
    if ((part = reader_member(reader, NULL, root, "sources")))
        read_sources(reader, &(struct at){NULL, "sources", 0}, part);
    if ((part = reader_member(reader, NULL, root, "domains")))
        read_domains(reader, &(struct at){NULL, "domains", 0}, part);
    if ((part = reader_member(reader, NULL, root, "components")))
        read_components(reader, &(struct at){NULL, "components", 0}, part);
    if ((part = reader_member(reader, NULL, root, "vocabularies")))
        read_vocabularies(reader, &(struct at){NULL, "vocabularies", 0}, part);
    read_numbers(reader, root);
}

static void read_sources(struct reader *reader, const struct at *at, json_t *sources)
{
    static const char *const members[] = {"title", "date", "where"};
    if (!reader_is_object(reader, at, sources))
        return;
    reader->sources = sources;
    if (json_object_size(sources) > SOURCES_MAX)
        reader_complain(reader, at, "at most 1000", "holds %zu", json_object_size(sources));
    for (void *each = json_object_iter(sources); each; each = json_object_iter_next(sources, each)) {
        const char *key = json_object_iter_key(each);
        json_t *source = json_object_iter_value(each);
        const struct at here = {at, key, 0};
        if (!reader_is_key(key))
            reader_complain(reader, &here, "a key of at most 64 characters out of A-Z a-z 0-9 _ - .",
                            "cannot be a key");
        if (!reader_is_object(reader, &here, source))
            continue;
        reader_check_members(reader, &here, source, members, 3);
        reader_string_member(reader, &here, source, "title", TITLE_MAX_BYTES, true);
        reader_string_member(reader, &here, source, "date", NAME_MAX_BYTES, true);
        reader_string_member(reader, &here, source, "where", TITLE_MAX_BYTES, false);
    }
}

static int digest_piece(const char *piece, size_t len, void *hash)
{
    SHA256_Update(hash, (const uint8_t *)piece, len);
    return 0;
}

/* Of a dump with sorted keys and no blanks, so that layout and order of members do not matter. */
static int take_digest(json_t *root, char digest[33])
{
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA256_CTX hash;
    SHA256_Init(&hash);
    if (json_dump_callback(root, digest_piece, &hash, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) != 0)
        return WM_EMEMORY;
    SHA256_End(&hash, hex);
    memcpy(digest, hex, 32);
    digest[32] = '\0';
    return WM_OK;
}

/* ---- Domains and components ---- */

static int signal_find(const char *name)
{
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        if (strcmp(wm_signal_name((enum wm_signal)s), name) == 0)
            return s;
    return -1;
}

static void read_domain_signals(struct reader *reader, const struct at *at, json_t *signals, struct policy_domain *out)
{
    size_t n = reader_array_length(reader, at, signals, 0, WM_SIGNAL_COUNT);
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *item = json_array_get(signals, i);
        int signal = json_is_string(item) ? signal_find(json_string_value(item)) : -1;
        bool twice = false;
        for (size_t j = 0; j < out->n_signals; j++)
            twice |= out->signals[j] == signal;
        if (signal < 0)
            reader_complain(reader, &here, "segment, league, cqc_overall, cqc_well_led, engagement or vacancy",
                            "is no signal");
        else if (twice)
            reader_complain(reader, &here, "each signal once", "repeats '%s'", wm_signal_name((enum wm_signal)signal));
        else
            out->signals[out->n_signals++] = signal;
    }
}

static void add_vocabulary(struct reader *reader, const char *name, struct word *words, size_t n);

/* The words of the vocabularies "domain" and "component" are the names of the two lists. */
static void add_list_vocabulary(struct reader *reader, const char *vocabulary, size_t n, const char *const *names,
                                const char *const *titles)
{
    struct word *words = arena_alloc(reader->arena, n, sizeof *words);
    if (!words) {
        reader->status = WM_EMEMORY;
        return;
    }
    for (size_t i = 0; i < n; i++)
        words[i] = (struct word){names[i], titles[i], INT32_MIN, INT32_MAX};
    add_vocabulary(reader, vocabulary, words, n);
}

static bool name_is_new(struct reader *reader, const struct at *at, const char *name, const char *const *names,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            reader_complain(reader, &(struct at){at, "name", 0}, "each name once", "repeats '%s'", name);
            return false;
        }
    }
    return true;
}

static void read_domains(struct reader *reader, const struct at *at, json_t *domains)
{
    static const char *const members[] = {"name", "title", "signals", "source"};
    const char *names[WM_DOMAINS_MAX], *titles[WM_DOMAINS_MAX];
    size_t found = reader->found, n = reader_array_length(reader, at, domains, 1, WM_DOMAINS_MAX), kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *domain = json_array_get(domains, i), *signals;
        struct policy_domain *out = &reader->policy->domains[i];
        if (!reader_is_object(reader, &here, domain))
            continue;
        reader_check_members(reader, &here, domain, members, 4);
        reader_check_source(reader, &here, domain);
        out->name = reader_name_member(reader, &here, domain);
        out->title = reader_string_member(reader, &here, domain, "title", TITLE_MAX_BYTES, true);
        if ((signals = reader_member(reader, &here, domain, "signals")))
            read_domain_signals(reader, &(struct at){&here, "signals", 0}, signals, out);
        if (out->name && name_is_new(reader, &here, out->name, names, kept)) {
            names[kept] = out->name;
            titles[kept++] = out->title ? out->title : out->name;
        }
    }
    if (n == 0 || reader->found != found || reader->status != WM_OK)
        return;
    reader->policy->n_domains = n;
    add_list_vocabulary(reader, "domain", n, names, titles);
}

/* Numbers of a package, but not of what is in it for the leader. */
static bool is_beside_the_offer(const struct wm_column *column)
{
    return strcmp(column->name, "local_cost_gbp") == 0 || strcmp(column->name, "central_cost_gbp") == 0 ||
           strcmp(column->name, "stock") == 0;
}

/* The amount of a package's column that counts as full, in the column's own scale. */
static void read_component_column(struct reader *reader, const struct at *at, json_t *component,
                                  struct policy_component *out)
{
    out->column = reader_string_member(reader, at, component, "column", NAME_MAX_BYTES, true);
    const struct wm_column *column = out->column ? schema_column(WM_PACKAGES, out->column) : NULL;
    bool counts = column && !is_beside_the_offer(column) &&
                  (column->type == WM_INTEGER || column->type == WM_DECIMAL || column->type == WM_FLAG);
    double scale = 1, full;
    if (out->column && !counts)
        reader_complain(reader, &(struct at){at, "column", 0},
                        "a column of packages.csv that counts what a leader is offered", "is '%s'", out->column);
    for (int i = 0; counts && i < column->decimals; i++)
        scale *= 10;
    if (!reader_number_member(reader, at, component, "full", 0, 1e9, &full) || !counts)
        return;
    double scaled = floor(full * scale + 0.5);
    if (scaled < 1 || scaled > (double)column->max || fabs(scaled - full * scale) > 1e-6)
        reader_complain(reader, &(struct at){at, "full", 0}, "more than 0, and a value that the column can hold",
                        "is %.10g", full);
    out->full = (int64_t)scaled;
}

static void read_components(struct reader *reader, const struct at *at, json_t *components)
{
    static const char *const members[] = {"name", "column", "full", "effect"};
    const char *names[WM_COMPONENTS_MAX];
    size_t found = reader->found, n = reader_array_length(reader, at, components, 1, WM_COMPONENTS_MAX), kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at here = {at, NULL, i};
        json_t *component = json_array_get(components, i);
        struct policy_component *out = &reader->policy->components[i];
        if (!reader_is_object(reader, &here, component))
            continue;
        reader_check_members(reader, &here, component, members, 4);
        out->name = reader_name_member(reader, &here, component);
        read_component_column(reader, &here, component, out);
        reader_sourced_member(reader, &here, component, "effect", 0, 20, false, &out->effect);
        if (out->name && name_is_new(reader, &here, out->name, names, kept))
            names[kept++] = out->name;
    }
    if (n == 0 || reader->found != found || reader->status != WM_OK)
        return;
    reader->policy->n_components = n;
    add_list_vocabulary(reader, "component", n, names, names);
}

/* ---- Vocabularies ---- */

enum { VOCABULARIES_MAX = 12, EXTRA_NONE = 0, EXTRA_PRIOR, EXTRA_LEVEL, EXTRA_SEGMENT };

static const struct {
    const char *name;
    int extra;                /* what else a word of it carries */
    const char *const *fixed; /* the only words it may have, as the code knows them; ends in NULL */
    bool all;                 /* and it has all of them, in this order */
} vocabularies_known[] = {
    {"region", EXTRA_NONE, NULL, false},
    {"type", EXTRA_NONE, NULL, false},
    {"role", EXTRA_NONE, NULL, false},
    {"grade", EXTRA_PRIOR, NULL, false},
    {"accreditation", EXTRA_NONE, NULL, false},
    {"sector", EXTRA_NONE, NULL, false},
    {"programme", EXTRA_SEGMENT, NULL, false},
    {"rating", EXTRA_LEVEL, NULL, false},
    {"segment", EXTRA_NONE, (const char *const[]){"1", "2", "3", "4", "5", NULL}, true},
    {"budget_scope", EXTRA_NONE, (const char *const[]){"national", "region", "icb", "organisation", NULL}, false},
};

enum { VOCABULARIES_KNOWN = sizeof vocabularies_known / sizeof *vocabularies_known };

static void read_vocabulary(struct reader *reader, const struct at *at, json_t *vocabulary, size_t known);
static bool read_word(struct reader *reader, const struct at *at, json_t *item, size_t known, size_t i,
                      struct word *out);
static void read_word_extra(struct reader *reader, const struct at *at, json_t *item, int extra, size_t i);

static void read_vocabularies(struct reader *reader, const struct at *at, json_t *vocabularies)
{
    const char *names[VOCABULARIES_KNOWN];
    if (!reader_is_object(reader, at, vocabularies))
        return;
    for (size_t v = 0; v < VOCABULARIES_KNOWN; v++)
        names[v] = vocabularies_known[v].name;
    reader_check_members(reader, at, vocabularies, names, VOCABULARIES_KNOWN);
    for (size_t v = 0; v < VOCABULARIES_KNOWN; v++) {
        json_t *vocabulary = reader_member(reader, at, vocabularies, names[v]);
        if (vocabulary)
            read_vocabulary(reader, &(struct at){at, names[v], 0}, vocabulary, v);
    }
}

static void read_vocabulary(struct reader *reader, const struct at *at, json_t *vocabulary, size_t known)
{
    static const char *const members[] = {"source", "words"};
    const struct at here = {at, "words", 0};
    const char *const *fixed = vocabularies_known[known].fixed;
    size_t found = reader->found;
    if (!reader_is_object(reader, at, vocabulary))
        return;
    reader_check_members(reader, at, vocabulary, members, 2);
    reader_check_source(reader, at, vocabulary);
    json_t *items = reader_member(reader, at, vocabulary, "words");
    size_t n = items ? reader_array_length(reader, &here, items, 1, VOCABULARY_MAX) : 0;
    struct word *words = arena_alloc(reader->arena, n, sizeof *words);
    const char *names[VOCABULARY_MAX];
    if (!words) {
        reader->status = WM_EMEMORY;
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct at item = {&here, NULL, i};
        if (read_word(reader, &item, json_array_get(items, i), known, i, &words[i]) &&
            name_is_new(reader, &item, words[i].name, names, kept))
            names[kept++] = words[i].name;
    }
    if (n && vocabularies_known[known].all)
        for (size_t i = 0; i < n || fixed[i]; i++)
            if (i >= n || !fixed[i] || !words[i].name || strcmp(fixed[i], words[i].name) != 0) {
                reader_complain(reader, &here, "the words 1, 2, 3, 4, 5 in this order", "holds other words");
                break;
            }
    if (n && reader->found == found && reader->status == WM_OK)
        add_vocabulary(reader, vocabularies_known[known].name, words, n);
}

static bool read_word(struct reader *reader, const struct at *at, json_t *item, size_t known, size_t i,
                      struct word *out)
{
    static const char *const extras[] = {
        [EXTRA_NONE] = "name", [EXTRA_PRIOR] = "prior", [EXTRA_LEVEL] = "level", [EXTRA_SEGMENT] = "segment"};
    int extra = vocabularies_known[known].extra;
    const char *const members[] = {"name", "title", "from", "until", extras[extra]};
    const char *const *fixed = vocabularies_known[known].fixed;
    const struct at name_at = {at, "name", 0};
    *out = (struct word){NULL, NULL, INT32_MIN, INT32_MAX};
    if (!reader_is_object(reader, at, item))
        return false;
    reader_check_members(reader, at, item, members, 5);
    out->title = reader_string_member(reader, at, item, "title", TITLE_MAX_BYTES, false);
    reader_date_member(reader, at, item, "from", &out->from);
    reader_date_member(reader, at, item, "until", &out->until);
    if (out->from > out->until)
        reader_complain(reader, &(struct at){at, "until", 0}, "a day not before from",
                        "ends the word before it begins");
    read_word_extra(reader, at, item, extra, i);
    out->name = reader_string_member(reader, at, item, "name", WORD_MAX_BYTES, true);
    if (!out->name)
        return false;
    if (!out->title)
        out->title = out->name;
    if (strpbrk(out->name, ";,\"")) {
        reader_complain(reader, &name_at, "a word without ; , or quotation marks", "is '%s'", out->name);
        return false;
    }
    for (size_t f = 0; fixed && strcmp(fixed[f], out->name) != 0; f++)
        if (!fixed[f + 1]) {
            reader_complain(reader, &name_at, "one of the words that have a meaning in the program", "is '%s'",
                            out->name);
            break;
        }
    return true;
}

static void read_word_extra(struct reader *reader, const struct at *at, json_t *item, int extra, size_t i)
{
    struct policy *policy = reader->policy;
    if (extra == EXTRA_LEVEL) {
        reader_number_member(reader, at, item, "level", 0, 1, &policy->rating_level[i]);
    } else if (extra == EXTRA_SEGMENT) {
        json_t *value = json_object_get(item, "segment");
        double segment;
        if (value && reader_number(reader, &(struct at){at, "segment", 0}, value, 1, 5, true, &segment))
            policy->programme_segment[i] = (int)segment;
    } else if (extra == EXTRA_PRIOR) {
        json_t *prior = reader_member(reader, at, item, "prior");
        const struct at here = {at, "prior", 0};
        const char *names[WM_DOMAINS_MAX];
        if (!prior || !reader_is_object(reader, &here, prior) || policy->n_domains == 0)
            return;
        for (size_t d = 0; d < policy->n_domains; d++) {
            names[d] = policy->domains[d].name;
            reader_number_member(reader, &here, prior, names[d], 0, 5, &policy->prior[i][d]);
        }
        reader_check_members(reader, &here, prior, names, policy->n_domains);
    }
}

static void add_vocabulary(struct reader *reader, const char *name, struct word *words, size_t n)
{
    struct policy *policy = reader->policy;
    if (!policy->vocabularies)
        policy->vocabularies = arena_alloc(reader->arena, VOCABULARIES_MAX, sizeof *policy->vocabularies);
    if (policy->vocabularies)
        policy->vocabularies[policy->n_vocabularies++] = (struct vocabulary){name, n, words};
    else
        reader->status = WM_EMEMORY;
}

/* ---- Numbers ---- */

enum { WHOLE = 1 };

static const struct {
    const char *group, *name;
    size_t offset; /* in struct policy: a double, or an int64_t when whole */
    int whole;
    double min, max;
} numbers[] = {
#define N(group, name, whole, min, max)                                     \
    {                                                                       \
#group, #name, offsetof(struct policy, group.name), whole, min, max \
    }
    N(severity, vacancy_full_days, 0, 1, 36500),
    N(severity, unknown, 0, 0, 1),
    N(skill, prior_appraisals, 0, 0.01, 1000),
    N(skill, half_life_days, 0, 1, 36500),
    N(fit, boost, 0, 0, 20),
    N(accept, base, 0, -50, 50),
    N(accept, distance_per_100km, 0, 0, 20),
    N(accept, severity, 0, 0, 20),
    N(accept, mentor, 0, 0, 20),
    N(accept, preference_first, 0, 0, 20),
    N(accept, preference_step, 0, 0, 20),
    N(accept, unknown_excess_km, 0, 0, 2000),
    N(mentor, expertise, 0, 0, 1),
    N(mentor, place, 0, 0, 1),
    N(mentor, free, 0, 0, 1),
    N(mentor, remote, 0, 0, 1),
    N(rules, grade_steps_up, WHOLE, 0, VOCABULARY_MAX),
    N(rules, grade_steps_down, WHOLE, 0, VOCABULARY_MAX),
    N(rules, premium_cap_pct, 0, 0, 100),
    N(rules, relocation_cap_gbp, WHOLE, 0, 1e9),
    N(rules, approval_salary_gbp, WHOLE, 0, 1e9),
    N(rules, premium_years, 0, 0, 10),
#undef N
};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

static void read_group(struct reader *reader, json_t *root, const char *name);
static void read_signals(struct reader *reader, const struct at *at, json_t *signals);

static void read_numbers(struct reader *reader, json_t *root)
{
    const struct policy *policy = reader->policy;
    size_t found = reader->found;
    for (size_t i = 0; i < NUMBERS; i++)
        if (i == 0 || strcmp(numbers[i].group, numbers[i - 1].group) != 0)
            read_group(reader, root, numbers[i].group);
    json_t *severity = json_object_get(root, "severity"), *signals;
    const struct at severity_at = {NULL, "severity", 0};
    if (json_is_object(severity) && (signals = reader_member(reader, &severity_at, severity, "signals")))
        read_signals(reader, &(struct at){&severity_at, "signals", 0}, signals);

    double shares = policy->mentor.expertise + policy->mentor.place + policy->mentor.free;
    if (reader->found == found && fabs(shares - 1) > 1e-9)
        reader_complain(reader, &(struct at){NULL, "mentor", 0}, "shares that add up to 1",
                        "has expertise, place and free that add up to %.10g", shares);
}

static void read_group(struct reader *reader, json_t *root, const char *name)
{
    const struct at at = {NULL, name, 0};
    json_t *group = reader_member(reader, NULL, root, name);
    const char *members[NUMBERS + 1] = {"signals"};
    size_t n = strcmp(name, "severity") == 0 ? 1 : 0;
    if (!group || !reader_is_object(reader, &at, group))
        return;
    for (size_t i = 0; i < NUMBERS; i++) {
        double value;
        if (strcmp(numbers[i].group, name) != 0)
            continue;
        members[n++] = numbers[i].name;
        if (!reader_sourced_member(reader, &at, group, numbers[i].name, numbers[i].min, numbers[i].max,
                                   numbers[i].whole, &value))
            continue;
        char *field = (char *)reader->policy + numbers[i].offset;
        int64_t count = (int64_t)value;
        if (numbers[i].whole)
            memcpy(field, &count, sizeof count);
        else
            memcpy(field, &value, sizeof value);
    }
    reader_check_members(reader, &at, group, members, n);
}

static void read_signals(struct reader *reader, const struct at *at, json_t *signals)
{
    static const char *const members[] = {"weight", "half_life_days"};
    struct policy *policy = reader->policy;
    const char *names[WM_SIGNAL_COUNT];
    size_t found = reader->found;
    double sum = 0;
    if (!reader_is_object(reader, at, signals))
        return;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++) {
        names[s] = wm_signal_name((enum wm_signal)s);
        const struct at here = {at, names[s], 0};
        json_t *signal = reader_member(reader, at, signals, names[s]);
        if (!signal || !reader_is_object(reader, &here, signal))
            continue;
        reader_check_members(reader, &here, signal, members, 2);
        reader_sourced_member(reader, &here, signal, "weight", 0, 1000, false, &policy->severity.weight[s]);
        reader_sourced_member(reader, &here, signal, "half_life_days", 1, 36500, false,
                              &policy->severity.half_life_days[s]);
        sum += policy->severity.weight[s];
    }
    reader_check_members(reader, at, signals, names, WM_SIGNAL_COUNT);
    if (reader->found == found && !(sum > 0))
        reader_complain(reader, at, "at least one weight above 0", "has only weights of 0");
}
