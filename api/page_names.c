/* What ids are called: a plan's answers speak of P06, V00042 and organisation:RWD, people of a package, a post and the
   budget of a trust. Where no name is known (the data may have changed since the plan was made) the id stands. */
#include "page.h"

#include <string.h>

/* A column of one row; "" when it is not there. */
static const char *column_of(struct page *page, const char *kind, const char *id, const char *column)
{
    const char *params = page_words(page, "{\"kind\":%s,\"id\":%s}", say_json(page, kind), say_json(page, id));
    return text_at(at(page_ask(page, "dataset.get", params), "row"), column);
}

static const char *or_else(const char *name, const char *id)
{
    return *name ? name : id;
}

const char *package_name(struct page *page, const char *id)
{
    return or_else(column_of(page, "package", id, "name"), id);
}

void cell_terms(struct page *page, const char *package, const char *mentor)
{
    const char *name = package_name(page, package);
    cell_begin(page, "wm-terms", NULL);
    put(page, "%s", name);
    if (*mentor)
        put(page, "<span class=\"wm-under\">Mentor %s</span>", mentor);
    cell_end(page);
}

const char *organisation_name(struct page *page, const char *ods_code)
{
    return or_else(column_of(page, "organisation", ods_code, "name"), ods_code);
}

const char *post_title(struct page *page, const char *id)
{
    return or_else(column_of(page, "post", id, "title"), id);
}

const char *post_place(struct page *page, const char *id)
{
    const char *ods_code = column_of(page, "post", id, "ods_code");
    return *ods_code ? organisation_name(page, ods_code) : "";
}

/* The name that the organisations of an integrated care board give it. */
static const char *board_name(struct page *page, const char *code)
{
    const char *params = page_words(page,
                                    "{\"kind\":\"organisation\",\"filter\":{\"icb_code\":%s},\"limit\":1,"
                                    "\"columns\":[\"icb_name\"]}",
                                    say_json(page, code));
    const json_t *list = page_ask(page, "dataset.list", params);
    const char *name = text_at(json_array_get(at(list, "rows"), 0), "row/icb_name");
    return *name ? name : page_words(page, "Integrated care board %s", code);
}

const char *budget_name(struct page *page, const char *scope, const char *code)
{
    if (strcmp(scope, "national") == 0)
        return "National";
    if (strcmp(scope, "region") == 0)
        return page_words(page, "%s (region)", code);
    if (strcmp(scope, "organisation") == 0)
        return organisation_name(page, code);
    if (strcmp(scope, "icb") == 0)
        return board_name(page, code);
    return page_words(page, "%s %s", say_word(page, scope), code);
}

const char *scarce_name(struct page *page, const char *resource, const char *of)
{
    const char *colon = strchr(of, ':');
    if (strcmp(resource, "budget") == 0 && colon)
        return page_words(page, "the budget of %s",
                          strncmp(of, "national", 8) == 0
                              ? "the nation"
                              : budget_name(page, page_words(page, "%.*s", (int)(colon - of), of), colon + 1));
    if (strcmp(resource, "mentor_hours") == 0)
        return page_words(page, "mentor %s", of);
    if (strcmp(resource, "stock") == 0)
        return page_words(page, "the package %s", package_name(page, of));
    if (strcmp(resource, "openings") == 0)
        return page_words(page, "%s, %s", post_title(page, of), post_place(page, of));
    return *of ? of : say_lower(page, resource);
}
