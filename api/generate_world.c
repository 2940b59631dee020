/*
 * Reads policy.json and organisations.csv for the generator. Only what is drawn from is looked at: whether the files
 * are right in every cell is for the dataset's loader to say.
 */
#include "generate_world.h"

#include "generate_random.h"

#include <csv.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 64 << 20 };

static int read_bytes(const struct world *world, const char *path, char **bytes, size_t *len);
static int read_policy(struct world *world);
static int read_organisations(struct world *world);

int world_read(struct world *world, const char *policy_path, const char *organisations_path)
{
    int code = read_bytes(world, policy_path, &world->policy_bytes, &world->policy_len);
    if (code == WM_OK)
        code = read_bytes(world, organisations_path, &world->organisations_bytes, &world->organisations_len);
    if (code == WM_OK)
        code = read_policy(world);
    return code == WM_OK ? read_organisations(world) : code;
}

void world_fini(struct world *world)
{
    json_decref(world->policy);
    free(world->organisations_bytes);
    free(world->policy_bytes);
    free(world->organisations);
}

int world_complain(const struct world *world, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (world->error_cap > 0)
        vsnprintf(world->error, world->error_cap, format, arguments);
    va_end(arguments);
    return code;
}

static int read_bytes(const struct world *world, const char *path, char **bytes, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return world_complain(world, WM_EREAD,
                              "%s cannot be opened: %s; --policy and --organisations name the files to copy", path,
                              strerror(errno));
    int code = WM_OK;
    char *all = NULL;
    size_t n = 0;
    for (size_t cap = 1 << 16;; cap *= 2) {
        char *more = cap <= SOURCE_BYTES_MAX ? realloc(all, cap) : NULL;
        if (more == NULL) {
            code =
                world_complain(world, WM_EMEMORY, "%s is larger than memory or %d bytes allow", path, SOURCE_BYTES_MAX);
            break;
        }
        all = more;
        n += fread(all + n, 1, cap - n, file);
        if (n < cap)
            break;
    }
    if (code == WM_OK && ferror(file))
        code = world_complain(world, WM_EREAD, "%s cannot be read: %s", path, strerror(errno));
    fclose(file);
    if (code != WM_OK) {
        free(all);
        return code;
    }
    *bytes = all;
    *len = n;
    return WM_OK;
}

/* ---- policy.json ---- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* Rounded at `scale`: the rest of the arithmetic is on integers. */
static int64_t scaled_of(const json_t *number, int scale)
{
    double value = json_number_value(number) * scale;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static const json_t *word_of(const json_t *words, const char *name)
{
    size_t i;
    json_t *word;
    json_array_foreach (words, i, word)
        if (strcmp(text_of(word, "name"), name) == 0)
            return word;
    return NULL;
}

static const json_t *words_of(const struct world *world, const char *vocabulary)
{
    return json_object_get(json_object_get(json_object_get(world->policy, "vocabularies"), vocabulary), "words");
}

/* The member "name", or NULL when it is absent, empty or longer than cells are made for. */
static const char *name_of(const json_t *object)
{
    const char *name = text_of(object, "name");
    return name[0] != '\0' && strlen(name) < NAME_MAX_BYTES ? name : NULL;
}

static int refuse_item(const struct world *world, const char *kind, size_t i)
{
    return world_complain(world, WM_EDATA, "policy.json: %s %zu has no name of 1 to %d bytes, or is one too many", kind,
                          i + 1, NAME_MAX_BYTES - 1);
}

static int region_find(const struct world *world, const char *name)
{
    for (size_t k = 0; k < world->n_regions; k++)
        if (strcmp(world->regions[k], name) == 0)
            return (int)k;
    return -1;
}

static int read_regions(struct world *world)
{
    size_t i;
    json_t *word;
    json_array_foreach (words_of(world, "region"), i, word) {
        if (i == REGIONS_MAX || name_of(word) == NULL)
            return refuse_item(world, "region", i);
        world->regions[world->n_regions++] = name_of(word);
    }
    for (i = 0; i < NEIGHBOUR_COUNT; i++) {
        int a = region_find(world, NEIGHBOURS[i][0]), b = region_find(world, NEIGHBOURS[i][1]);
        if (a >= 0 && b >= 0) {
            world->neighbours[a] |= UINT64_C(1) << b;
            world->neighbours[b] |= UINT64_C(1) << a;
        }
    }
    return world->n_regions > 0 ? WM_OK : world_complain(world, WM_EDATA, "policy.json names no region");
}

static int read_domains(struct world *world)
{
    size_t i, k;
    json_t *domain, *signal;
    json_array_foreach (json_object_get(world->policy, "domains"), i, domain) {
        if (i == WM_DOMAINS_MAX || name_of(domain) == NULL)
            return refuse_item(world, "domain", i);
        world->domains[i] = name_of(domain);
        world->domain_known[i] = -1;
        for (int known = 0; known < DOMAINS; known++)
            if (strcmp(DOMAIN_NAMES[known], world->domains[i]) == 0)
                world->domain_known[i] = known;
        json_array_foreach (json_object_get(domain, "signals"), k, signal)
            for (int s = 0; s < WM_SIGNAL_COUNT && json_is_string(signal); s++)
                if (strcmp(wm_signal_name((enum wm_signal)s), json_string_value(signal)) == 0)
                    world->domain_signals[i] |= 1U << s;
        world->n_domains = i + 1;
    }
    return world->n_domains > 0 ? WM_OK : world_complain(world, WM_EDATA, "policy.json names no domain");
}

static int read_components(struct world *world)
{
    size_t i;
    json_t *component;
    json_array_foreach (json_object_get(world->policy, "components"), i, component) {
        if (i == WM_COMPONENTS_MAX || name_of(component) == NULL)
            return refuse_item(world, "component", i);
        struct component *c = &world->components[i];
        c->name = name_of(component);
        c->column = text_of(component, "column");
        c->full = scaled_of(json_object_get(component, "full"), 10);
        c->effect_milli = scaled_of(json_object_get(json_object_get(component, "effect"), "value"), 1000);
        if (c->full <= 0)
            return world_complain(world, WM_EDATA, "policy.json: component %s needs a full amount above 0", c->name);
        world->n_components = i + 1;
    }
    return world->n_components > 0 ? WM_OK : world_complain(world, WM_EDATA, "policy.json names no component");
}

static int read_grades(struct world *world)
{
    for (int grade = 0; grade < GRADES; grade++) {
        const json_t *word = word_of(words_of(world, "grade"), GRADE_NAMES[grade]);
        if (word == NULL)
            return world_complain(world, WM_EDATA, "policy.json lacks the grade %s, which the generator draws",
                                  GRADE_NAMES[grade]);
        for (size_t d = 0; d < world->n_domains; d++)
            world->prior[grade][d] = scaled_of(json_object_get(json_object_get(word, "prior"), world->domains[d]), 10);
    }
    return WM_OK;
}

static int64_t accept_milli(const struct world *world, const char *member)
{
    return scaled_of(json_object_get(json_object_get(json_object_get(world->policy, "accept"), member), "value"), 1000);
}

static int read_policy(struct world *world)
{
    json_error_t where;
    world->policy = json_loadb(world->policy_bytes, world->policy_len, JSON_REJECT_DUPLICATES, &where);
    if (world->policy == NULL) {
        bool null = json_error_code(&where) == json_error_null_character;
        return world_complain(world, WM_EDATA, "policy.json:%d:%d: %s", where.line, where.column,
                              null ? "\\u0000 may not be part of a string" : where.text);
    }
    const char *as_of = text_of(world->policy, "as_of");
    if (!wm_date_parse(as_of, strlen(as_of), &world->as_of))
        return world_complain(world, WM_EDATA, "policy.json: as_of is '%s', not a date as 2026-07-08", as_of);
    for (int role = 0; role < ROLES; role++)
        if (word_of(words_of(world, "role"), ROLE[role].name) == NULL)
            return world_complain(world, WM_EDATA, "policy.json lacks the role %s, which the generator draws",
                                  ROLE[role].name);
    world->accept_base = accept_milli(world, "base");
    world->accept_distance = accept_milli(world, "distance_per_100km");
    world->accept_severity = accept_milli(world, "severity");
    world->accept_mentor = accept_milli(world, "mentor");
    int code = read_regions(world);
    if (code == WM_OK)
        code = read_domains(world);
    if (code == WM_OK)
        code = read_components(world);
    return code == WM_OK ? read_grades(world) : code;
}

/* ---- organisations.csv ---- */

enum column {
    CODE,
    TYPE,
    REGION,
    ICB,
    LATITUDE,
    LONGITUDE,
    SEGMENT,
    PROGRAMME,
    LEAGUE,
    OVERALL,
    WELL_LED,
    ENGAGEMENT,
    COLUMNS
};
static const char *const COLUMN_NAMES[COLUMNS] = {
    "ods_code",           "type",         "region",      "icb_code",     "latitude",   "longitude", "oversight_segment",
    "recovery_programme", "league_score", "cqc_overall", "cqc_well_led", "engagement",
};

enum { HEADINGS_MAX = 128, CELL_MAX = 64 };

struct reading {
    struct world *world;
    int code;
    size_t column, line, cap;
    int meaning[HEADINGS_MAX]; /* enum column of a heading, -1 = not needed here */
    char cells[COLUMNS][CELL_MAX];
};

static void on_cell(void *bytes, size_t len, void *context)
{
    struct reading *reading = context;
    size_t column = reading->column++;
    if (column >= HEADINGS_MAX || len >= CELL_MAX)
        return;
    if (reading->line == 0) {
        reading->meaning[column] = -1;
        for (int c = 0; c < COLUMNS; c++)
            if (strlen(COLUMN_NAMES[c]) == len && memcmp(COLUMN_NAMES[c], bytes, len) == 0)
                reading->meaning[column] = c;
    } else if (reading->meaning[column] >= 0) {
        char *cell = reading->cells[reading->meaning[column]];
        memcpy(cell, bytes, len);
        cell[len] = '\0';
    }
}

/* "-0.13278" with 5 decimals is -13278; false when empty or no such number. */
static bool parse_scaled(const char *text, int decimals, int64_t *out)
{
    const char *at = text + (*text == '-');
    int64_t value = 0;
    int after = -1, digits = 0;
    for (; *at != '\0' && digits < 12; at++) {
        if (*at == '.' && after < 0)
            after = 0;
        else if (*at >= '0' && *at <= '9' && after < decimals) {
            value = value * 10 + (*at - '0');
            digits++;
            after += after >= 0;
        } else
            return false;
    }
    for (int i = after < 0 ? 0 : after; i < decimals; i++)
        value *= 10;
    *out = *text == '-' ? -value : value;
    return digits > 0 && *at == '\0';
}

static int rating_level(const char *rating)
{
    static const char *const WORST_LAST[] = {"outstanding", "good", "requires_improvement", "inadequate"};
    for (int i = 0; i < 4; i++)
        if (strcmp(rating, WORST_LAST[i]) == 0)
            return i * 100 / 3;
    return -1;
}

/* Public signals as percent of the way to the worst: enough to decide where posts are likely and what they need. */
static void read_signals(struct organisation *o, char cells[COLUMNS][CELL_MAX])
{
    int64_t value;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        o->level[s] = -1;
    if (parse_scaled(cells[SEGMENT], 0, &value))
        o->segment = (int)clamped(value, 1, 5);
    if (strcmp(cells[PROGRAMME], "PIP") == 0)
        o->segment = 5;
    if (o->segment > 0)
        o->level[WM_SIGNAL_segment] = (o->segment - 1) * 25;
    if (parse_scaled(cells[LEAGUE], 2, &value))
        o->level[WM_SIGNAL_league] = (int)clamped((value - 100) / 3, 0, 100);
    if (parse_scaled(cells[ENGAGEMENT], 2, &value))
        o->level[WM_SIGNAL_engagement] = (int)clamped((740 - value) * 100 / 160, 0, 100);
    o->level[WM_SIGNAL_cqc_overall] = rating_level(cells[OVERALL]);
    o->level[WM_SIGNAL_cqc_well_led] = rating_level(cells[WELL_LED]);
    int known = 0, sum = 0;
    for (int s = 0; s < WM_SIGNAL_COUNT; s++)
        if (o->level[s] >= 0) {
            known++;
            sum += o->level[s];
        }
    o->severity = known > 0 ? sum / known : 50;
}

/* Shares of posts and of mentors by oversight segment, unknown first: trouble asks for leaders, calm lends mentors. */
static const int DEMAND[6] = {3, 1, 3, 8, 15, 30}, CALM[6] = {2, 8, 6, 2, 1, 1};

static int add_organisation(struct reading *reading)
{
    struct world *world = reading->world;
    char(*cells)[CELL_MAX] = reading->cells;
    if (world->n_organisations == reading->cap) {
        size_t cap = reading->cap > 0 ? reading->cap * 2 : 256;
        struct organisation *more = realloc(world->organisations, cap * sizeof *more);
        if (more == NULL)
            return world_complain(world, WM_EMEMORY, "out of memory");
        world->organisations = more;
        reading->cap = cap;
    }
    const struct organisation *before =
        world->n_organisations > 0 ? &world->organisations[world->n_organisations - 1] : NULL;
    struct organisation o = {.region = region_find(world, cells[REGION])};
    if (cells[CODE][0] == '\0')
        return world_complain(world, WM_EDATA, "organisations.csv:%zu: ods_code is empty", reading->line + 1);
    snprintf(o.code, sizeof o.code, "%.32s", cells[CODE]);
    snprintf(o.icb, sizeof o.icb, "%.32s", cells[ICB]);
    if (o.region < 0)
        return world_complain(world, WM_EDATA, "organisations.csv:%zu: region '%s' is not in policy.json",
                              reading->line + 1, cells[REGION]);
    for (int k = 0; k < KIND_COUNT; k++)
        if (strcmp(KINDS[k].name, cells[TYPE]) == 0)
            o.kind = &KINDS[k];
    int64_t latitude, longitude;
    o.located = parse_scaled(cells[LATITUDE], 5, &latitude) && parse_scaled(cells[LONGITUDE], 5, &longitude);
    if (o.located) {
        o.latitude = (int32_t)latitude;
        o.longitude = (int32_t)longitude;
    }
    read_signals(&o, cells);
    o.demand = (before != NULL ? before->demand : 0) + DEMAND[o.segment] +
               (o.level[WM_SIGNAL_cqc_overall] > 60 ? 2 : 0) + (o.level[WM_SIGNAL_cqc_overall] > 90 ? 6 : 0) +
               (cells[PROGRAMME][0] != '\0' ? 3 : 0);
    o.calm = (before != NULL ? before->calm : 0) + CALM[o.segment];
    world->organisations[world->n_organisations++] = o;
    return WM_OK;
}

static void on_row(int end, void *context)
{
    (void)end;
    struct reading *reading = context;
    if (reading->line == 0) {
        for (int c = 0; c < COLUMNS && reading->code == WM_OK; c++) {
            bool found = false;
            for (size_t k = 0; k < reading->column && k < HEADINGS_MAX; k++)
                found = found || reading->meaning[k] == c;
            if (!found)
                reading->code =
                    world_complain(reading->world, WM_EDATA, "organisations.csv lacks the column %s", COLUMN_NAMES[c]);
        }
    } else if (reading->code == WM_OK) {
        reading->code = add_organisation(reading);
    }
    memset(reading->cells, 0, sizeof reading->cells);
    reading->column = 0;
    reading->line++;
}

static int read_organisations(struct world *world)
{
    struct reading reading = {.world = world};
    struct csv_parser parser;
    for (size_t k = 0; k < HEADINGS_MAX; k++)
        reading.meaning[k] = -1;
    if (csv_init(&parser, CSV_STRICT) != 0)
        return world_complain(world, WM_EMEMORY, "out of memory");
    bool parsed = csv_parse(&parser, world->organisations_bytes, world->organisations_len, on_cell, on_row, &reading) ==
                      world->organisations_len &&
                  csv_fini(&parser, on_cell, on_row, &reading) == 0;
    csv_free(&parser);
    if (!parsed && reading.code == WM_OK)
        return world_complain(world, WM_EDATA, "organisations.csv:%zu: not a CSV file that can be read",
                              reading.line + 1);
    if (reading.code == WM_OK && world->n_organisations == 0)
        return world_complain(world, WM_EDATA, "organisations.csv has no row");
    return reading.code;
}
