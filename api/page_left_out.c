/* Of a plan: the posts that stay open and the leaders without a place, each with its reason and the cheapest way out. */
#include "page_plan.h"

#include <string.h>

/* ---- Why, and what would help ---- */

const char *plan_reason(const char *reason)
{
    static const char *const words[][2] = {
        {"not_asked", "Left out of the question"},
        {"severity_unknown", "Nothing is known of the organisation"},
        {"not_eligible", "The rules refuse all"},
        {"forbidden", "Forbidden by the question"},
        {"money", "Money runs out"},
        {"mentor", "Mentors run out"},
        {"stock", "A package runs out"},
        {"moves", "Too many moves"},
        {"outbid", "Worth more elsewhere"},
        {"no_value", "No benefit is expected"},
        {"not_settled", "Stopped before it was settled"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], reason) == 0)
            return words[i][1];
    return reason;
}

/* Who or what came nearest, and what stood against it; "" where nothing is known of that. */
static const char *nearest_words(struct page *page, const json_t *row)
{
    const char *reason = text_at(row, "reason"), *leader = text_at(row, "nearest/leader"),
               *post = text_at(row, "nearest/post"), *rival_post = text_at(row, "rival_post");
    int64_t short_by = number_at(row, "short_by");
    if (strcmp(reason, "outbid") == 0 && *leader && *rival_post)
        return page_words(page, "%s came nearest, and goes to %s as %s", leader, post_place(page, rival_post),
                          say_inside(page, post_title(page, rival_post)));
    if (strcmp(reason, "outbid") == 0 && *post && known_at(row, "rival"))
        return page_words(page, "Came nearest at %s as %s, where %s does more", post_place(page, post),
                          say_inside(page, post_title(page, post)), text_at(row, "rival"));
    if (strcmp(reason, "no_value") == 0 && *leader)
        return page_words(page, "%s came nearest, and would add nothing", leader);
    if (short_by > 0)
        return page_words(page, "%s short of %s",
                          strcmp(reason, "money") == 0 ? say_pounds(page, short_by) : say_number(page, short_by),
                          scarce_name(page, text_at(row, "resource"), text_at(row, "of")));
    return "";
}

bool plan_asked(const json_t *row)
{
    return strcmp(text_at(row, "reason"), "not_asked") != 0;
}

const char *plan_why(struct page *page, const json_t *row)
{
    const char *nearest = nearest_words(page, row);
    return page_words(page, "%s%s%s", plan_reason(text_at(row, "reason")), *nearest ? ": " : "", nearest);
}

static void cell_why(struct page *page, const json_t *row)
{
    const char *nearest = nearest_words(page, row);
    cell_begin(page, "", NULL);
    put(page, "%s", plan_reason(text_at(row, "reason")));
    if (*nearest)
        put(page, "<span class=\"wm-under\">%s</span>", nearest);
    cell_end(page);
}

static void put_step(struct page *page, const json_t *fix)
{
    const char *resource = text_at(fix, "resource"), *of = text_at(fix, "of");
    int64_t more = number_at(fix, "add");
    const char *name = scarce_name(page, resource, of), *post = text_at(fix, "placement/post");
    const char *what =
        strcmp(resource, "budget") == 0 ? page_words(page, "%s more in %s", say_pounds(page, more), name)
        : strcmp(resource, "openings") == 0
            ? page_words(page, "%s for the %s at %s", say_count(page, more, "more opening", "more openings"),
                         say_inside(page, post_title(page, of)), post_place(page, of))
        : strcmp(resource, "mentor_hours") == 0
            ? page_words(page, "%s of %s", say_count(page, more, "more hour", "more hours"), name)
            : page_words(page, "%s more of %s", say_number(page, more), name);
    put(page, "%s: %s then goes ", what, text_at(fix, "placement/leader"));
    if (strcmp(resource, "openings") == 0 && strcmp(post, of) == 0)
        put(page, "there");
    else
        put(page, "to %s as %s", post_place(page, post), say_inside(page, post_title(page, post)));
    put(page, ", on %s", say_inside(page, package_name(page, text_at(fix, "placement/package"))));
    if (known_at(fix, "placement/mentor"))
        put(page, ", with mentor %s", text_at(fix, "placement/mentor"));
}

void plan_put_fix(struct page *page, const json_t *row)
{
    const json_t *fix = at(row, "fix"), *change = json_array_get(at(fix, "changes"), 0);
    /* A change of a leader's row is about that leader, whoever came nearest. */
    bool of_leader = strcmp(text_at(change, "kind"), "leader") == 0;
    const char *leader = of_leader ? text_at(change, "id") : text_at(fix, "leader"), *post = text_at(fix, "post");
    if (fix == NULL) {
        put(page, "<span class=\"wm-quiet\">No single step is known</span>");
        return;
    }
    if (strcmp(text_at(fix, "kind"), "limit") == 0)
        put_step(page, fix);
    else if (json_array_size(at(fix, "changes")))
        put(page, "%s", say_changes(page, at(fix, "changes"), true_at(fix, "together")));
    else
        put(page, "%s", say_sentence(page, text_at(fix, "text")));
    if (*leader && *post)
        put(page,
            ". <a href=\"/posts/%s/leaders/%s\">See %s here<span class=\"nhsuk-u-visually-hidden\">: %s at "
            "%s</span></a>",
            say_url(page, post), say_url(page, leader), leader, post_title(page, post), post_place(page, post));
}

static void cell_fix(struct page *page, const json_t *row)
{
    cell_begin(page, "", NULL);
    plan_put_fix(page, row);
    cell_end(page);
}

/* ---- The tables ---- */

static void put_open_post(struct page *page, const json_t *row)
{
    row_begin(page);
    cell_under(page, page_words(page, "/posts/%s", say_url(page, text_at(row, "post"))), text_at(row, "title"),
               text_at(row, "post"));
    cell_under(page, NULL, text_at(row, "organisation"), text_at(row, "region"));
    cell_why(page, row);
    cell_fix(page, row);
    row_end(page);
}

void plan_put_unfilled(struct page *page, const char *plan, const json_t *summary)
{
    static const char *const columns[] = {"Post", "Organisation", "Why it stays open", "Cheapest way to fill it", NULL};
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"unfilled\"", say_json(page, plan));
    size_t from = page_number(page, "unfilled", 4000000), shown = 0, open = 0, next = 0, i;
    int64_t openings = number_at(summary, "openings") - number_at(summary, "placements"), left_out = 0;
    const json_t *part, *row;
    put(page,
        "<section aria-labelledby=\"unfilled-heading\"><h2 class=\"nhsuk-heading-m\" id=\"unfilled-heading\">%s "
        "open</h2>",
        say_count(page, openings, "post stays", "posts stay"));
    size_t start = page->html.len;
    table_begin(page, "unfilled", "Posts that stay open, and the cheapest way to fill each", columns);
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL)
        json_array_foreach (at(part, "rows"), i, row) {
            left_out += !plan_asked(row);
            if (!plan_asked(row) || open++ < from || shown == PAGE_ROWS)
                continue;
            put_open_post(page, row);
            shown++;
        }
    table_end(page);
    if (shown == 0 && !page->html.failed)
        buf_cut(&page->html, start);
    pages(page, page_words(page, "/plans/%s", say_url(page, plan)), "unfilled", from, shown, (int64_t)open,
          "open posts");
    if (left_out)
        put(page, "<p class=\"wm-export\">%s not part of the question.</p>",
            say_count(page, left_out, "other post was", "other posts were"));
    if (shown)
        plan_put_download(page, plan, "unfilled", "Open posts", true);
    put(page, "</section>");
}

void plan_put_unplaced(struct page *page, const char *plan)
{
    static const char *const columns[] = {"Leader", "Why", "What would help", NULL};
    size_t from = page_number(page, "unplaced", 4000000), i, shown;
    const json_t *row,
        *part = page_ask(page, "plan.get",
                         page_words(page, "{\"plan\":%s,\"part\":\"unplaced\",\"limit\":%d,\"offset\":%zu}",
                                    say_json(page, plan), PAGE_ROWS, from));
    shown = json_array_size(at(part, "rows"));
    put(page,
        "<section aria-labelledby=\"unplaced-heading\"><h2 class=\"nhsuk-heading-m\" id=\"unplaced-heading\">%s "
        "without a place</h2>",
        say_count(page, number_at(part, "total"), "leader", "leaders"));
    if (shown) {
        table_begin(page, "unplaced", "Leaders without a place, and what would help", columns);
        json_array_foreach (at(part, "rows"), i, row) {
            row_begin(page);
            cell_text(page, text_at(row, "leader"));
            cell_why(page, row);
            cell_fix(page, row);
            row_end(page);
        }
        table_end(page);
    }
    pages(page, page_words(page, "/plans/%s", say_url(page, plan)), "unplaced", from, shown, number_at(part, "total"),
          "leaders");
    if (shown)
        plan_put_download(page, plan, "unmatched_leader", "Leaders without a place", true);
    put(page, "</section>");
}
