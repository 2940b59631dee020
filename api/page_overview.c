/* The front page: one sentence, four figures, the map with its list, the regions, and what stays open. */
#include "page_plan.h"

#include <stdlib.h>
#include <string.h>

struct overview {
    const char *plan, *running;
    struct places places;
    struct region regions[REGIONS_MAX];
    size_t n_regions;
    const json_t *summary, *unfilled; /* of the plan; NULL without one */
    int64_t openings, filled;
    int worst; /* the highest segment with posts to fill; 0: none has a segment */
    int64_t worst_openings, worst_filled;
};

/* ---- Gathering ---- */

static void gather(struct page *page, struct overview *view)
{
    view->plan = newest_plan(page, &view->running);
    places_ask(page, view->plan, &view->places);
    view->n_regions = places_regions(page, view->plan, &view->places, view->regions);
    for (size_t i = 0; i < view->places.n; i++) {
        const struct place *place = &view->places.at[i];
        view->openings += place->openings;
        view->filled += place->filled;
        if (place->openings && place->segment > view->worst) {
            view->worst = place->segment;
            view->worst_openings = view->worst_filled = 0;
        }
        if (place->segment == view->worst) {
            view->worst_openings += place->openings;
            view->worst_filled += place->filled;
        }
    }
    if (view->plan == NULL)
        return;
    const char *plan = say_json(page, view->plan);
    view->summary = page_ask(page, "plan.get", page_words(page, "{\"plan\":%s}", plan));
    view->unfilled =
        page_ask(page, "plan.get", page_words(page, "{\"plan\":%s,\"part\":\"unfilled\",\"limit\":1000}", plan));
}

static const struct place *named(const struct places *places, const char *name)
{
    for (size_t i = 0; i < places->n; i++)
        if (strcmp(places->at[i].name, name) == 0)
            return &places->at[i];
    return NULL;
}

/* ---- The sentence ---- */

static const char *const reasons[][3] = {
    {"mentor", "needs a mentor", "need a mentor"},
    {"money", "needs more money", "need more money"},
    {"stock", "needs a package that has run out", "need a package that has run out"},
    {"not_eligible", "has no eligible leader", "have no eligible leader"},
    {"not_settled", "was not settled in time", "were not settled in time"},
    {"outbid", "loses its best leader to another post", "lose their best leader to another post"},
    {"no_value", "promises no benefit", "promise no benefit"},
};
enum { REASONS = sizeof reasons / sizeof *reasons };

/* "; 2 need a mentor and 1 has no eligible leader", of the open posts at the most challenged trusts. */
static const char *why_open(struct page *page, const struct overview *view)
{
    int64_t counts[REASONS] = {0};
    const json_t *row;
    size_t i;
    json_array_foreach (at(view->unfilled, "rows"), i, row) {
        const struct place *place = named(&view->places, text_at(row, "organisation"));
        for (size_t r = 0; place && place->segment == view->worst && r < REASONS; r++)
            if (strcmp(reasons[r][0], text_at(row, "reason")) == 0)
                counts[r] += number_at(row, "openings");
    }
    const char *said = "";
    size_t left = 0;
    for (size_t r = 0; r < REASONS; r++)
        left += counts[r] > 0;
    for (size_t r = 0, done = 0; r < REASONS; r++)
        if (counts[r]) {
            const char *joint = done == 0 ? "; " : done + 1 == left ? " and " : ", ";
            said = page_words(page, "%s%s%s %s", said, joint, say_number(page, counts[r]),
                              reasons[r][counts[r] == 1 ? 1 : 2]);
            done++;
        }
    return said;
}

static const char *headline(struct page *page, const struct overview *view)
{
    const char *where = view->worst ? page_words(page, " at segment %d trusts", view->worst) : "";
    int64_t openings = view->worst ? view->worst_openings : view->openings;
    int64_t filled = view->worst ? view->worst_filled : view->filled;
    if (view->plan == NULL && view->openings == 0)
        return "No posts are waiting for a leader";
    if (view->plan == NULL)
        return page_words(page, "%s %s for a leader, %s of them%s", say_count(page, view->openings, "post", "posts"),
                          view->openings == 1 ? "waits" : "wait", say_number(page, openings), where);
    if (filled == openings)
        return page_words(page, "All %s%s can be filled within budget", say_count(page, openings, "post", "posts"),
                          where);
    return page_words(page, "%s of %s%s can be filled within budget%s", say_number(page, filled),
                      say_count(page, openings, "post", "posts"), where, why_open(page, view));
}

/* ---- Figures ---- */

static void put_figures(struct page *page, const struct overview *view)
{
    int64_t hours = 0, hours_used = 0;
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, view->plan));
    const json_t *part, *row;
    size_t offset = 0, i;
    while ((part = ask_rows(page, "plan.get", members, &offset)) != NULL)
        json_array_foreach (at(part, "by_mentor"), i, row) {
            hours += number_at(row, "hours");
            hours_used += number_at(row, "hours_used");
        }
    int64_t local = number_at(view->summary, "local_cost_gbp"), central = number_at(view->summary, "central_cost_gbp");
    put(page, "<dl class=\"wm-figures\">");
    figure(page, page_words(page, "%s of %s", say_number(page, view->filled), say_number(page, view->openings)),
           "Posts filled",
           view->openings == view->filled
               ? "None stays open"
               : page_words(page, "%s open", say_count(page, view->openings - view->filled, "stays", "stay")));
    if (view->worst)
        figure(
            page,
            page_words(page, "%s of %s", say_number(page, view->worst_filled), say_number(page, view->worst_openings)),
            page_words(page, "Posts filled at segment %d trusts", view->worst),
            view->worst_openings ? say_percent(page, (double)view->worst_filled / (double)view->worst_openings, 0)
                                 : "");
    figure(page, say_pounds(page, local + central), "Cost",
           page_words(page, "%s local, %s central", say_pounds(page, local), say_pounds(page, central)));
    figure(page, page_words(page, "%s of %s", say_number(page, hours_used), say_number(page, hours)),
           "Mentor hours used",
           hours ? page_words(page, "%s left", say_count(page, hours - hours_used, "hour", "hours")) : "");
    put(page, "</dl>");
}

/* What there is to plan with, while there is no plan. */
static void put_means(struct page *page, const struct overview *view)
{
    const json_t *info = page_ask(page, "dataset.info", "{}"), *table;
    int64_t leaders = 0, with = 0;
    size_t i;
    json_array_foreach (at(info, "tables"), i, table)
        if (strcmp(text_at(table, "kind"), "leader") == 0)
            leaders = number_at(table, "rows");
    for (i = 0; i < view->places.n; i++)
        with += view->places.at[i].openings > 0;
    put(page, "<dl class=\"wm-figures\">");
    figure(page, say_number(page, view->openings), "Posts to fill", "");
    if (view->worst)
        figure(page, say_number(page, view->worst_openings), page_words(page, "At segment %d trusts", view->worst),
               view->openings ? page_words(page, "%s of all posts",
                                           say_percent(page, (double)view->worst_openings / (double)view->openings, 0))
                              : "");
    figure(page, say_number(page, with), "Organisations with posts",
           page_words(page, "of %s", say_number(page, (int64_t)view->places.n)));
    figure(page, say_number(page, leaders), "Leaders who could be asked", "");
    put(page, "</dl>");
}

static void put_lede(struct page *page, const struct overview *view)
{
    put(page, "<p class=\"nhsuk-lede-text wm-lede\">");
    if (view->plan == NULL && view->running) {
        put(page,
            "The first plan that says who should go where is being made now. <a href=\"/jobs/%s\">Follow its "
            "progress</a></p>",
            say_url(page, view->running));
        return;
    }
    if (view->plan == NULL) {
        put(page, "There is no plan yet that says who should go where.</p><p class=\"wm-go\"><a class=\"nhsuk-button\" "
                  "href=\"/plans/new\" role=\"button\" draggable=\"false\">Make a plan</a></p>");
        return;
    }
    bool proven = strcmp(text_at(view->summary, "status"), "optimal") == 0;
    if (proven)
        put(page, "This is the best plan there is within the limits: that is proven. ");
    else
        put(page, "No plan within the limits can be better than this one by more than %s. ",
            say_percent(page, real_at(view->summary, "gap"), 2));
    if (json_array_size(at(view->summary, "request/posts")))
        put(page, "It was asked about %s only. ", say_count(page, view->openings, "post", "posts"));
    put(page, "<a href=\"/plans/%s\">See who goes where</a></p>", say_url(page, view->plan));
    if (view->running)
        put(page,
            "<p class=\"nhsuk-inset-text\">Another plan is being made now. <a href=\"/jobs/%s\">Follow its "
            "progress</a></p>",
            say_url(page, view->running));
}

/* ---- Map and list ---- */

static const char *map_finding(struct page *page, const struct overview *view)
{
    size_t most = 0, with = 0;
    int64_t open = view->openings - view->filled;
    for (size_t i = 0; i < view->n_regions; i++) {
        const struct region *region = &view->regions[i], *best = &view->regions[most];
        with += region->openings > region->filled;
        if (region->openings - region->filled > best->openings - best->filled)
            most = i;
    }
    if (view->n_regions == 0 || open == 0)
        return view->plan ? "No post stays open, anywhere in England" : "No posts are waiting";
    if (view->plan == NULL)
        return page_words(page, "Posts wait in %s, the most in %s", say_count(page, (int64_t)with, "region", "regions"),
                          in_region(page, view->regions[most].name));
    if (open == 1)
        return page_words(page, "The one post that stays open is in %s", in_region(page, view->regions[most].name));
    int64_t there = view->regions[most].openings - view->regions[most].filled;
    if (there == 1)
        return page_words(page, "The %s posts that stay open are in as many regions", say_number(page, open));
    return page_words(page, "%s of the %s posts that stay open are in %s", say_number(page, there),
                      say_number(page, open), in_region(page, view->regions[most].name));
}

static void put_place(struct page *page, const struct place *place, bool planned)
{
    put(page, "<li class=\"wm-place\" data-place=\"%s\" data-segment=\"%d\" data-region=\"%s\">", place->ods_code,
        place->segment, place->region);
    map_mark(page, place, planned);
    put(page, "<a class=\"wm-place__name\" href=\"/posts?organisation=%s\">%s</a><span class=\"wm-place__about\">",
        say_url(page, place->ods_code), place->name);
    if (place->segment)
        put(page, "Segment %d, ", place->segment);
    if (planned)
        put(page, "%s of %s filled", say_number(page, place->filled), say_number(page, place->openings));
    else
        put(page, "%s", say_count(page, place->openings, "post to fill", "posts to fill"));
    if (!place->located)
        put(page, ", not on the map");
    put(page, "</span></li>");
}

/* Those with open posts first, the most challenged first among them. */
static int by_need(const void *a, const void *b)
{
    const struct place *one = *(const struct place *const *)a, *other = *(const struct place *const *)b;
    int64_t open = one->openings - one->filled, other_open = other->openings - other->filled;
    if ((open > 0) != (other_open > 0))
        return open > 0 ? -1 : 1;
    if (one->segment != other->segment)
        return one->segment > other->segment ? -1 : 1;
    if (open != other_open)
        return open > other_open ? -1 : 1;
    return strcmp(one->name, other->name);
}

enum { PLACES_SHOWN = 8 }; /* of the list, before one asks for more: as high as the map beside it */

static void put_list(struct page *page, const struct overview *view)
{
    const struct place **shown = page_room(page, (view->places.n + 1) * sizeof *shown);
    size_t n = 0;
    for (size_t i = 0; shown && i < view->places.n; i++)
        if (view->places.at[i].openings > 0)
            shown[n++] = &view->places.at[i];
    if (n)
        qsort(shown, n, sizeof *shown, by_need);
    put(page, "<h3 class=\"nhsuk-heading-s\">%s with posts to fill</h3><ul class=\"wm-places\">",
        say_count(page, (int64_t)n, "organisation", "organisations"));
    for (size_t i = 0; i < n; i++) {
        if (i == PLACES_SHOWN)
            put(page,
                "</ul><details class=\"nhsuk-details wm-more\"><summary class=\"nhsuk-details__summary\"><span "
                "class=\"nhsuk-details__summary-text\">%s</span></summary><ul class=\"wm-places\">",
                say_count(page, (int64_t)(n - i), "more organisation", "more organisations"));
        put_place(page, shown[i], view->plan != NULL);
    }
    put(page, "</ul>");
    if (n > PLACES_SHOWN)
        put(page, "</details>");
}

static void put_map(struct page *page, const struct overview *view)
{
    bool planned = view->plan != NULL;
    int64_t unlocated = 0;
    for (size_t i = 0; i < view->places.n; i++)
        unlocated += !view->places.at[i].located;
    put(page,
        "<section aria-labelledby=\"map-heading\"><h2 class=\"nhsuk-heading-m\" id=\"map-heading\">%s</h2>"
        "<div class=\"wm-split\"><div class=\"wm-split__map\">",
        map_finding(page, view));
    map_draw(page, &view->places, planned);
    map_legend(page, planned);
    if (unlocated)
        put(page,
            "<p class=\"nhsuk-body-s wm-quiet wm-legend__note\">%s of %s have no place on the map, because the "
            "register "
            "gives none.</p>",
            say_number(page, unlocated), say_count(page, (int64_t)view->places.n, "organisation", "organisations"));
    put(page, "</div><div class=\"wm-split__side\">");
    put_list(page, view);
    put(page, "</div></div></section>");
}

/* ---- Regions ---- */

static void put_region_table(struct page *page, const struct overview *view)
{
    static const char *const columns[] = {"Region", "#Posts", "#Filled", "#Open", "#Local cost", "#Central cost", NULL};
    static const char *const unplanned[] = {"Region", "#Posts", NULL};
    table_begin(page, "regions", view->plan ? "Posts and costs by region" : "Posts by region",
                view->plan ? columns : unplanned);
    for (size_t i = 0; i < view->n_regions; i++) {
        const struct region *region = &view->regions[i];
        int64_t open = region->openings - region->filled;
        row_begin(page);
        cell_text(page, region->name);
        cell_number(page, (double)region->openings, say_number(page, region->openings));
        if (view->plan == NULL) {
            row_end(page);
            continue;
        }
        cell_number(page, (double)region->filled, say_number(page, region->filled));
        cell_number(page, (double)open, say_number(page, open));
        cell_number(page, (double)region->local_gbp, say_pounds(page, region->local_gbp));
        cell_number(page, (double)region->central_gbp, say_pounds(page, region->central_gbp));
        row_end(page);
    }
    table_end(page);
}

static void put_regions(struct page *page, const struct overview *view)
{
    size_t complete = 0, with = 0;
    for (size_t i = 0; i < view->n_regions; i++) {
        with += view->regions[i].openings > 0;
        complete += view->regions[i].openings > 0 && view->regions[i].openings == view->regions[i].filled;
    }
    put(page, "<section aria-labelledby=\"regions-heading\"><h2 class=\"nhsuk-heading-m\" id=\"regions-heading\">");
    if (view->plan)
        put(page, "%s of %s can fill every post", complete ? say_number(page, (int64_t)complete) : "None",
            say_count(page, (int64_t)with, "region", "regions"));
    else
        put(page, "%s to fill in %s", say_count(page, view->openings, "post", "posts"),
            say_count(page, (int64_t)with, "region", "regions"));
    put(page, "</h2><div class=\"wm-split wm-split--even\"><div>");
    tiles_draw(page, view->regions, view->n_regions, view->plan != NULL);
    put(page, "</div><div>");
    put_region_table(page, view);
    if (view->plan)
        plan_put_download(page, view->plan, "organisation", "Posts and costs by organisation", false);
    put(page, "</div></div></section>");
}

/* ---- What stays open ---- */

enum { OPEN_SHOWN = 6 };

static void put_open(struct page *page, const struct overview *view)
{
    const json_t *row;
    size_t i, n = 0;
    if (view->openings == view->filled || view->plan == NULL)
        return;
    put(page,
        "<section aria-labelledby=\"open-heading\"><h2 class=\"nhsuk-heading-m\" id=\"open-heading\">%s open</h2><ul "
        "class=\"wm-open\">",
        say_count(page, view->openings - view->filled, "post stays", "posts stay"));
    json_array_foreach (at(view->unfilled, "rows"), i, row) {
        if (!plan_asked(row) || n++ >= OPEN_SHOWN)
            continue;
        put(page, "<li class=\"wm-open__post\"><a href=\"/posts/%s\">%s</a><span>%s</span><span>%s</span></li>",
            say_url(page, text_at(row, "post")), text_at(row, "title"), text_at(row, "organisation"),
            plan_reason(text_at(row, "reason")));
    }
    put(page,
        "</ul><p><a href=\"/plans/%s#unfilled-heading\">Why %s open, and the cheapest way to fill "
        "each</a></p></section>",
        say_url(page, view->plan),
        n == 1 ? "it stays" : page_words(page, "%s stay", n > OPEN_SHOWN ? "these and the others" : "they"));
}

void page_overview(struct page *page)
{
    struct overview view = {0};
    gather(page, &view);
    const json_t *error = page_failed(page, "plan.list", "{}");
    if (error) {
        page_error(page, error);
        return;
    }
    page_head(page, "/", headline(page, &view), NULL, 0);
    put_lede(page, &view);
    if (view.plan)
        put_figures(page, &view);
    else
        put_means(page, &view);
    put_map(page, &view);
    put_regions(page, &view);
    put_open(page, &view);
    page_foot(page);
}
