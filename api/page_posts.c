/* All posts as a list that can be narrowed, with how the newest plan fills each. */
#include "page_places.h"

#include <string.h>

struct wanted {
    const char *region, *organisation, *state;
    int segment; /* -1: any */
};

struct posts {
    const char *plan, *running;
    struct places places;
    struct wanted wanted;
    json_t *open; /* post: reason, of those the plan leaves open or was not asked about */
    size_t offset, shown, matched;
};

static const struct place *place_of(const struct places *places, const char *ods_code)
{
    for (size_t i = 0; i < places->n; i++)
        if (strcmp(places->at[i].ods_code, ods_code) == 0)
            return &places->at[i];
    return NULL;
}

static const char *region_of(const json_t *post, const struct place *place)
{
    return known_at(post, "region") ? text_at(post, "region") : place ? place->region : "";
}

/* Whether the plan was asked about a post and leaves it open. */
static bool is_open(const struct posts *view, const char *id)
{
    const char *reason = json_string_value(json_object_get(view->open, id));
    return reason && strcmp(reason, "not_asked") != 0;
}

static bool lets_through(const struct posts *view, const char *id, const json_t *post, const struct place *place)
{
    const struct wanted *wanted = &view->wanted;
    bool open = json_object_get(view->open, id) != NULL;
    return (!*wanted->region || strcmp(wanted->region, region_of(post, place)) == 0) &&
           (!*wanted->organisation || strcmp(wanted->organisation, text_at(post, "ods_code")) == 0) &&
           (wanted->segment < 0 || wanted->segment == (place ? place->segment : 0)) &&
           (!view->plan || strcmp(wanted->state, "open") != 0 || is_open(view, id)) &&
           (!view->plan || strcmp(wanted->state, "filled") != 0 || !open);
}

/* ---- The form ---- */

static void put_option(struct page *page, const char *value, const char *text, const char *chosen)
{
    put(page, "<option value=\"%s\"", value);
    if (strcmp(value, chosen) == 0)
        put(page, " selected");
    put(page, ">%s</option>", text);
}

static void begin_select(struct page *page, const char *name, const char *label)
{
    put(page,
        "<div class=\"wm-filter\"><label class=\"nhsuk-label\" for=\"%s\">%s</label><select class=\"nhsuk-select\" "
        "id=\"%s\" "
        "name=\"%s\">",
        name, label, name, name);
}

static void put_form(struct page *page, const struct posts *view)
{
    const char *segment = page_field(page, "segment");
    struct region regions[REGIONS_MAX];
    size_t n = places_regions(page, NULL, &view->places, regions);
    put(page, "<form class=\"wm-filters\" method=\"get\" action=\"/posts\">");
    begin_select(page, "region", "Region");
    put_option(page, "", "All regions", view->wanted.region);
    for (size_t i = 0; i < n; i++)
        put_option(page, regions[i].name, regions[i].name, view->wanted.region);
    put(page, "</select></div>");
    begin_select(page, "segment", "Oversight segment");
    put_option(page, "", "All segments", segment);
    for (int i = 5; i >= 1; i--)
        put_option(page, page_words(page, "%d", i), page_words(page, "Segment %d", i), segment);
    put_option(page, "0", "No segment known", segment);
    put(page, "</select></div>");
    if (view->plan) {
        begin_select(page, "state", "In the newest plan");
        put_option(page, "", "Filled or open", view->wanted.state);
        put_option(page, "open", "Open", view->wanted.state);
        put_option(page, "filled", "Filled", view->wanted.state);
        put(page, "</select></div>");
    }
    if (*view->wanted.organisation)
        put(page, "<input type=\"hidden\" name=\"organisation\" value=\"%s\">", view->wanted.organisation);
    put(page, "<button class=\"nhsuk-button nhsuk-button--secondary wm-filters__go\" type=\"submit\">Show "
              "posts</button></form>");
}

/* ---- The table ---- */

static void put_post(struct page *page, const struct posts *view, const char *id, const json_t *post,
                     const struct place *place)
{
    row_begin(page);
    cell_under(page, page_words(page, "/posts/%s", say_url(page, id)), text_at(post, "title"), id);
    cell_under(page, NULL, place ? place->name : text_at(post, "ods_code"), region_of(post, place));
    if (place && place->segment)
        cell_number(page, place->segment, page_words(page, "%d", place->segment));
    else
        cell_none(page, "not known");
    cell_text(page, say_word(page, text_at(post, "grade")));
    cell_date(page, text_at(post, "starts"));
    if (known_at(post, "days_vacant"))
        cell_number(page, (double)number_at(post, "days_vacant"), say_number(page, number_at(post, "days_vacant")));
    else
        cell_none(page, "not known");
    if (view->plan) {
        bool open = is_open(view, id), filled = json_object_get(view->open, id) == NULL;
        cell_begin(page, "", NULL);
        tag(page, open ? "white" : filled ? "blue" : "grey", open ? "Open" : filled ? "Filled" : "Not asked");
        cell_end(page);
    }
    row_end(page);
}

static void put_posts(struct page *page, struct posts *view)
{
    static const char members[] =
        "\"kind\":\"post\",\"columns\":[\"ods_code\",\"title\",\"grade\",\"starts\",\"days_vacant\",\"region\"]";
    const json_t *part, *item;
    size_t from = 0, i;
    while ((part = ask_rows(page, "dataset.list", members, &from)) != NULL)
        json_array_foreach (at(part, "rows"), i, item) {
            const json_t *post = at(item, "row");
            const struct place *place = place_of(&view->places, text_at(post, "ods_code"));
            if (!lets_through(view, text_at(item, "id"), post, place))
                continue;
            if (view->matched >= view->offset && view->shown < PAGE_ROWS) {
                put_post(page, view, text_at(item, "id"), post, place);
                view->shown++;
            }
            view->matched++;
        }
}

/* "London, segment 4, open": what the list was narrowed to, beyond an organisation. */
static const char *wanted_words(struct page *page, const struct wanted *wanted)
{
    const char *said = *wanted->region ? wanted->region : "";
    if (wanted->segment >= 0)
        said = page_words(page, "%s%s%s", said, *said ? ", " : "",
                          wanted->segment ? page_words(page, "segment %d", wanted->segment) : "no segment known");
    if (*wanted->state)
        said = page_words(page, "%s%s%s in the newest plan", said, *said ? ", " : "", wanted->state);
    return said;
}

static const char *headline(struct page *page, const struct posts *view, const struct place *place)
{
    static const char members[] = "\"kind\":\"post\",\"columns\":[\"ods_code\",\"region\"]";
    const json_t *part, *item;
    size_t from = 0, i;
    int64_t all = 0, found = 0, open = 0, left_out = 0;
    while ((part = ask_rows(page, "dataset.list", members, &from)) != NULL)
        json_array_foreach (at(part, "rows"), i, item) {
            const json_t *post = at(item, "row");
            const char *id = text_at(item, "id");
            bool through = lets_through(view, id, post, place_of(&view->places, text_at(post, "ods_code")));
            all++;
            found += through;
            left_out += through && json_object_get(view->open, id) != NULL && !is_open(view, id);
            open += through && is_open(view, id);
        }
    const char *waiting =
        page_words(page, "%s %s for a leader", say_count(page, found, "post", "posts"), found == 1 ? "waits" : "wait");
    const char *words = wanted_words(page, &view->wanted);
    if (place)
        waiting = page_words(page, "%s at %s", waiting, place->name);
    else if (*words)
        waiting = page_words(page, "%s of %s %s for a leader: %s", say_number(page, found),
                             say_count(page, all, "post", "posts"), found == 1 ? "waits" : "wait", words);
    if (view->plan == NULL || found == 0 || *view->wanted.state)
        return waiting;
    if (open + left_out == 0)
        return page_words(page, "%s; the newest plan fills %s", waiting, found == 1 ? "it" : "them all");
    if (left_out == found)
        return page_words(page, "%s; the newest plan was not asked about %s", waiting, found == 1 ? "it" : "them");
    if (left_out)
        return page_words(page, "%s; the newest plan was asked about %s and leaves %s open", waiting,
                          say_number(page, found - left_out), open ? say_number(page, open) : "none");
    return page_words(page, "%s; the newest plan leaves %s open", waiting, found == 1 ? "it" : say_number(page, open));
}

static void read_open(struct page *page, struct posts *view)
{
    const char *members =
        page_words(page, "\"plan\":%s,\"part\":\"unfilled\"", say_json(page, view->plan ? view->plan : ""));
    const json_t *part, *row;
    size_t from = 0, i;
    view->open = page_keep(page, json_object());
    while (view->plan && (part = ask_rows(page, "plan.get", members, &from)) != NULL)
        json_array_foreach (at(part, "rows"), i, row)
            json_object_set(view->open, text_at(row, "post"), json_object_get(row, "reason"));
}

void page_posts(struct page *page)
{
    static const char *const columns[] = {"Post",   "Organisation", "#Segment", "Grade",
                                          "Starts", "#Days vacant", "Plan",     NULL};
    static const char *const unplanned[] = {"Post",   "Organisation", "#Segment", "Grade",
                                            "Starts", "#Days vacant", NULL};
    struct posts view = {
        .wanted = {page_field(page, "region"), page_field(page, "organisation"), page_field(page, "state"), -1},
        .offset = page_number(page, "from", 4000000)};
    if (*page_field(page, "segment"))
        view.wanted.segment = (int)page_number(page, "segment", 9);
    view.plan = newest_plan(page, &view.running);
    places_ask(page, view.plan, &view.places);
    read_open(page, &view);
    const struct place *place = place_of(&view.places, view.wanted.organisation);
    page_head(page, "/posts", headline(page, &view, place), NULL, 0);
    put_form(page, &view);
    if (place || *wanted_words(page, &view.wanted))
        put(page, "<p><a href=\"/posts\">Show all posts</a></p>");
    size_t start = page->html.len;
    table_begin(page, "from", "Posts, by their reference", view.plan ? columns : unplanned);
    put_posts(page, &view);
    table_end(page);
    if (view.matched == 0) {
        buf_cut(&page->html, page->html.failed ? page->html.len : start);
        put(page, "<p>No posts are like that. <a href=\"/posts\">Show all posts</a></p>");
    }
    const char *base = page_words(page, "/posts?region=%s&segment=%s&state=%s&organisation=%s",
                                  say_url(page, view.wanted.region), say_url(page, page_field(page, "segment")),
                                  say_url(page, view.wanted.state), say_url(page, view.wanted.organisation));
    pages(page, base, "from", view.offset, view.shown, (int64_t)view.matched, "posts");
    page_foot(page);
}
