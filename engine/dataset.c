/* A dataset from its sources: policy, then each table in an order in which references lead back, then what is derived. */
#include "cell.h"
#include "csv_records.h"
#include "schema.h"
#include "table.h"

#include <sha256.h>
#include <stdlib.h>
#include <string.h>

enum { HINT_EFFORT = 2000000, ROW_BYTES = 4096 };

static int build(struct wm_dataset *dataset, const struct wm_source *sources, size_t n_sources,
                 struct wm_faults *faults);
static int read_policy(struct wm_dataset *dataset, const struct wm_source *source, struct wm_faults *faults);
static int read_tables(struct wm_dataset *dataset, const struct wm_source *sources, size_t n_sources,
                       struct wm_faults *faults);
static const struct wm_source *source_of(const struct wm_source *sources, size_t n_sources, const char *name);
static bool any_unreadable(const struct wm_source *sources, size_t n_sources);
static void take_digest(struct wm_dataset *dataset);

int wm_dataset_build(const struct wm_source *sources, size_t n_sources, struct wm_faults *faults,
                     struct wm_dataset **out)
{
    struct wm_faults *own = NULL;
    struct wm_dataset *dataset = calloc(1, sizeof *dataset);
    int status = WM_EMEMORY;
    if (!dataset || (!faults && wm_faults_new(1, &own) != WM_OK)) {
        free(dataset);
        return status;
    }
    atomic_init(&dataset->references, 1);
    arena_init(&dataset->arena, DATASET_BYTES_MAX);
    status = build(dataset, sources, n_sources, faults ? faults : own);
    if (faults)
        faults_sort(faults);
    wm_faults_free(own);
    if (status == WM_OK)
        *out = dataset;
    else
        wm_dataset_unref(dataset);
    return status;
}

int wm_dataset_load(const char *dir, struct wm_faults *faults, struct wm_dataset **out)
{
    struct wm_sources *sources;
    int status = wm_sources_read(dir, false, faults, &sources);
    if (status != WM_OK)
        return status;
    size_t n;
    const struct wm_source *list = wm_sources_list(sources, &n);
    status = wm_dataset_build(list, n, faults, out);
    wm_sources_free(sources);
    return status;
}

struct wm_dataset *wm_dataset_ref(struct wm_dataset *dataset)
{
    atomic_fetch_add_explicit(&dataset->references, 1, memory_order_relaxed);
    return dataset;
}

void wm_dataset_unref(struct wm_dataset *dataset)
{
    if (!dataset || atomic_fetch_sub_explicit(&dataset->references, 1, memory_order_acq_rel) != 1)
        return;
    wm_dataset_unref(dataset->built);
    arena_fini(&dataset->arena);
    free(dataset);
}

static int build(struct wm_dataset *dataset, const struct wm_source *sources, size_t n_sources,
                 struct wm_faults *faults)
{
    size_t before = wm_faults_count(faults);
    int status = read_policy(dataset, source_of(sources, n_sources, "policy.json"), faults);
    if (status == WM_OK)
        status = read_tables(dataset, sources, n_sources, faults);
    if (status != WM_OK)
        return status;
    const struct table *packages = &dataset->tables[WM_PACKAGES];
    if (packages->n_rows > OFFERS_MAX)
        fault_add(faults, wm_table_name(WM_PACKAGES), 0, 0, "fewer packages",
                  "there are %zu rows and at most %d can be compared", packages->n_rows, OFFERS_MAX);
    if (any_unreadable(sources, n_sources))
        return WM_EREAD;
    if (wm_faults_count(faults) != before)
        return WM_EDATA;
    take_digest(dataset);
    return dataset_derive(dataset);
}

/* Faults of the policy stand in the list; only short memory ends the reading. */
static int read_policy(struct wm_dataset *dataset, const struct wm_source *source, struct wm_faults *faults)
{
    dataset->policy.as_of = INT32_MIN;
    if (!source || !source->bytes) {
        if (!source || source->len != SOURCE_UNREADABLE)
            fault_add(faults, "policy.json", 0, 0, "a policy", "the file is absent");
        return WM_OK;
    }
    int status = policy_parse(&dataset->arena, source->bytes, source->len, faults, &dataset->policy);
    if (status != WM_OK)
        return status == WM_EDATA ? WM_OK : status;
    dataset->policy_json = arena_text(&dataset->arena, source->bytes, source->len);
    dataset->policy_len = source->len;
    return dataset->policy_json ? WM_OK : WM_EMEMORY;
}

static int read_tables(struct wm_dataset *dataset, const struct wm_source *sources, size_t n_sources,
                       struct wm_faults *faults)
{
    struct arena apart;
    struct table unused;
    struct table_context context = {.arena = &dataset->arena,
                                    .faults = faults,
                                    .policy = &dataset->policy,
                                    .tables = dataset->tables,
                                    .effort = HINT_EFFORT};
    int status = WM_OK;
    arena_init(&apart, DATASET_BYTES_MAX);
    for (int table = 0; table < WM_TABLES_ALL && status == WM_OK; table++) {
        const struct wm_source *source = source_of(sources, n_sources, wm_table_name((enum wm_table)table));
        bool kept = table < WM_TABLES;
        context.arena = kept ? &dataset->arena : &apart;
        status = table_read(&context, (enum wm_table)table, source, kept ? &dataset->tables[table] : &unused);
    }
    arena_fini(&apart);
    return status;
}

static const struct wm_source *source_of(const struct wm_source *sources, size_t n_sources, const char *name)
{
    for (size_t i = 0; i < n_sources; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

static bool any_unreadable(const struct wm_source *sources, size_t n_sources)
{
    for (size_t i = 0; i < n_sources; i++)
        if (!sources[i].bytes && sources[i].len == SOURCE_UNREADABLE)
            return true;
    return false;
}

/* ---- Digest: every cell's canonical text, each with its length before it, so that no two contents write the same bytes ---- */

struct digest {
    SHA256_CTX hash;
    size_t len;
    char bytes[ROW_BYTES];
};

static void digest_flush(struct digest *digest)
{
    SHA256_Update(&digest->hash, (const uint8_t *)digest->bytes, digest->len);
    digest->len = 0;
}

/* Seven bits a byte, the lowest first, as in LEB128. */
static void digest_length(struct digest *digest, size_t value)
{
    if (digest->len + 10 > ROW_BYTES)
        digest_flush(digest);
    for (; value >= 0x80; value >>= 7)
        digest->bytes[digest->len++] = (char)(value | 0x80);
    digest->bytes[digest->len++] = (char)value;
}

static void digest_text(struct digest *digest, const char *text, size_t len)
{
    digest_length(digest, len);
    if (len > ROW_BYTES - digest->len)
        digest_flush(digest);
    if (len > ROW_BYTES) {
        SHA256_Update(&digest->hash, (const uint8_t *)text, len);
    } else {
        memcpy(digest->bytes + digest->len, text, len);
        digest->len += len;
    }
}

static void digest_table(struct digest *digest, const struct wm_dataset *dataset, enum wm_table which)
{
    const struct table *table = &dataset->tables[which];
    digest_text(digest, wm_table_name(which), strlen(wm_table_name(which)));
    digest_length(digest, table->n_columns);
    digest_length(digest, table->n_rows);
    for (size_t c = 0; c < table->n_columns; c++)
        digest_text(digest, table->columns[c].name, strlen(table->columns[c].name));
    for (size_t row = 0; row < table->n_rows; row++) {
        for (size_t c = 0; c < table->n_columns; c++) {
            const struct wm_column *column = &table->columns[c];
            char buf[ROW_BYTES];
            if (cell_is_text(column->type)) {
                const char *text = table_text(table, row, (int)c);
                digest_text(digest, text ? text : "", text ? strlen(text) : 0);
            } else {
                size_t len = cell_format(column, table->vocabularies[c], table->cells[c][row], NULL, buf, sizeof buf);
                digest_text(digest, buf, len);
            }
        }
    }
}

static void take_digest(struct wm_dataset *dataset)
{
    struct digest digest = {.len = 0};
    char hex[SHA256_DIGEST_STRING_LENGTH];
    SHA256_Init(&digest.hash);
    for (int table = 0; table < WM_TABLES; table++)
        digest_table(&digest, dataset, (enum wm_table)table);
    digest_flush(&digest);
    SHA256_End(&digest.hash, hex);
    memcpy(dataset->digest, hex, 32);
}

/* ---- Getters ---- */

const char *wm_dataset_digest(const struct wm_dataset *dataset)
{
    return dataset->digest;
}

const char *wm_policy_digest(const struct wm_dataset *dataset)
{
    return dataset->policy.digest;
}

const char *wm_policy_version(const struct wm_dataset *dataset)
{
    return dataset->policy.version;
}

int32_t wm_policy_as_of(const struct wm_dataset *dataset)
{
    return dataset->policy.as_of;
}

size_t wm_dataset_bytes(const struct wm_dataset *dataset)
{
    return sizeof *dataset + dataset->arena.used;
}

size_t wm_domain_count(const struct wm_dataset *dataset)
{
    return dataset->policy.n_domains;
}

const char *wm_domain_name(const struct wm_dataset *dataset, size_t domain)
{
    return domain < dataset->policy.n_domains ? dataset->policy.domains[domain].name : NULL;
}

size_t wm_component_count(const struct wm_dataset *dataset)
{
    return dataset->policy.n_components;
}

const char *wm_component_name(const struct wm_dataset *dataset, size_t component)
{
    return component < dataset->policy.n_components ? dataset->policy.components[component].name : NULL;
}

size_t wm_vocabulary_count(const struct wm_dataset *dataset, const char *vocabulary)
{
    const struct vocabulary *v = policy_vocabulary(&dataset->policy, vocabulary);
    return v ? v->n : 0;
}

const char *wm_vocabulary_word(const struct wm_dataset *dataset, const char *vocabulary, size_t i)
{
    const struct vocabulary *v = policy_vocabulary(&dataset->policy, vocabulary);
    return v && i < v->n ? v->words[i].name : NULL;
}
