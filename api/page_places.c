/* Organisations and their posts, gathered from lists and from the totals of a plan. */
#include "page_places.h"

#include <stdlib.h>
#include <string.h>

const json_t *ask_rows(struct page *page, const char *method, const char *members, size_t *offset)
{
    if (*offset == SIZE_MAX)
        return NULL;
    const json_t *part =
        page_ask(page, method, page_words(page, "{%s,\"limit\":%d,\"offset\":%zu}", members, ROWS_AT_ONCE, *offset));
    *offset = known_at(part, "next_offset") ? (size_t)number_at(part, "next_offset") : SIZE_MAX;
    return part;
}

const char *newest_plan(struct page *page, const char **running)
{
    const json_t *jobs = at(page_ask(page, "plan.list", "{}"), "jobs"), *job;
    const char *plan = NULL;
    size_t i;
    *running = NULL;
    json_array_foreach (jobs, i, job) {
        const char *state = text_at(job, "state");
        if (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)
            *running = text_at(job, "job");
        else if (plan == NULL && known_at(job, "plan"))
            plan = text_at(job, "plan");
    }
    return plan;
}

const char *in_region(struct page *page, const char *name)
{
    bool bare = strcmp(name, "London") == 0 || strcmp(name, "East of England") == 0;
    return page_words(page, "%s%s", bare ? "" : "the ", name);
}

enum place_state place_state(const struct place *place)
{
    if (place->openings == 0)
        return PLACE_NO_POST;
    return place->filled == 0 ? PLACE_OPEN : place->filled < place->openings ? PLACE_PART : PLACE_FULL;
}

static int by_code(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    return strcmp(one->ods_code, other->ods_code);
}

static struct place *place_of(const struct places *places, const char *ods_code)
{
    struct place key = {.ods_code = ods_code};
    return places->n ? bsearch(&key, places->at, places->n, sizeof key, by_code) : NULL;
}

static void add_organisation(struct places *places, const json_t *item)
{
    const json_t *row = at(item, "row");
    places->at[places->n++] = (struct place){
        .ods_code = text_at(item, "id"),
        .name = text_at(row, "name"),
        .region = text_at(row, "region"),
        .located = known_at(row, "latitude") && known_at(row, "longitude"),
        .latitude = real_at(row, "latitude"),
        .longitude = real_at(row, "longitude"),
        .segment = (int)number_at(row, "oversight_segment"),
    };
}

static void ask_organisations(struct page *page, struct places *out)
{
    static const char members[] =
        "\"kind\":\"organisation\",\"columns\":[\"name\",\"region\",\"latitude\",\"longitude\","
        "\"oversight_segment\"]";
    size_t offset = 0;
    const json_t *part;
    while ((part = ask_rows(page, "dataset.list", members, &offset)) != NULL) {
        const json_t *rows = at(part, "rows"), *item;
        if (out->at == NULL)
            out->at = page_room(page, ((size_t)number_at(part, "considered") + 1) * sizeof *out->at);
        size_t i;
        if (out->at)
            json_array_foreach (rows, i, item)
                add_organisation(out, item);
    }
    if (out->at)
        qsort(out->at, out->n, sizeof *out->at, by_code);
}

static void count_posts(struct page *page, struct places *out)
{
    size_t offset = 0;
    const json_t *part;
    while (
        (part = ask_rows(page, "dataset.list", "\"kind\":\"post\",\"columns\":[\"ods_code\",\"openings\"]", &offset))) {
        const json_t *item;
        size_t i;
        json_array_foreach (at(part, "rows"), i, item) {
            struct place *place = place_of(out, text_at(item, "row/ods_code"));
            if (place)
                place->openings += number_at(item, "row/openings");
        }
    }
}

static void count_filled(struct page *page, const char *plan, struct places *out)
{
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, plan));
    size_t offset = 0;
    const json_t *part;
    while ((part = ask_rows(page, "plan.get", members, &offset)) != NULL) {
        const json_t *item;
        size_t i;
        json_array_foreach (at(part, "by_organisation"), i, item) {
            struct place *place = place_of(out, text_at(item, "ods_code"));
            if (place == NULL)
                continue;
            place->openings = number_at(item, "openings");
            place->filled = number_at(item, "filled");
        }
    }
}

void places_ask(struct page *page, const char *plan, struct places *out)
{
    *out = (struct places){0, NULL};
    ask_organisations(page, out);
    if (plan)
        count_filled(page, plan, out);
    else
        count_posts(page, out);
}

static int by_name(const void *a, const void *b)
{
    const struct region *one = a, *other = b;
    return strcmp(one->name, other->name);
}

static struct region *region_of(struct region *regions, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(regions[i].name, name) == 0)
            return &regions[i];
    if (*n == REGIONS_MAX)
        return NULL;
    regions[*n] = (struct region){.name = name};
    return &regions[(*n)++];
}

size_t places_regions(struct page *page, const char *plan, const struct places *places, struct region *out)
{
    size_t n = 0, offset = 0, i;
    for (i = 0; i < places->n; i++) {
        struct region *region = region_of(out, &n, places->at[i].region);
        if (region && plan == NULL)
            region->openings += places->at[i].openings;
    }
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, plan ? plan : ""));
    const json_t *totals = plan ? ask_rows(page, "plan.get", members, &offset) : NULL, *item;
    json_array_foreach (at(totals, "by_region"), i, item) {
        struct region *region = region_of(out, &n, text_at(item, "region"));
        if (region == NULL)
            continue;
        region->openings = number_at(item, "openings");
        region->filled = number_at(item, "filled");
        region->local_gbp = number_at(item, "local_cost_gbp");
        region->central_gbp = number_at(item, "central_cost_gbp");
    }
    qsort(out, n, sizeof *out, by_name);
    return n;
}
