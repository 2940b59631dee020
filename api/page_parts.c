/* What all pages have: head, navigation and foot; tables, bars, figures; what is said when something is not there. */
#include "page.h"

#include "assets.h"

#include <string.h>

/* ---- Head and foot ---- */

static const struct crumb navigation[] = {
    {"/", "Overview"},         {"/posts", "Posts"},     {"/plans", "Plans"}, {"/plans/new", "Make a plan"},
    {"/data", "Data quality"}, {"/service", "Service"},
};

static void put_head(struct page *page, const char *title)
{
    put(page, "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>%s%s – wellmatch</title>",
        page->faulty ? "Error: " : "", title);
    put(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
              "<meta name=\"theme-color\" content=\"#003087\">");
    if (page->refresh_s && assets_full)
        put(page, "<noscript><meta http-equiv=\"refresh\" content=\"%d\"></noscript>", page->refresh_s);
    else if (page->refresh_s)
        put(page, "<meta http-equiv=\"refresh\" content=\"%d\">", page->refresh_s);
    put(page, "<link rel=\"icon\" href=\"/assets/%s/icon.svg\" type=\"image/svg+xml\">", assets_hash);
    put(page, "<link rel=\"stylesheet\" href=\"/assets/%s/app.css\">", assets_hash);
    if (assets_full)
        put(page, "<script type=\"module\" src=\"/assets/%s/app.js\"></script>", assets_hash);
    put(page, "</head><body>");
}

static void put_header(struct page *page, const char *here)
{
    put(page,
        "<a class=\"nhsuk-skip-link\" data-module=\"nhsuk-skip-link\" href=\"#maincontent\">Skip to main content</a>"
        "<header class=\"nhsuk-header wm-header\" role=\"banner\"><div class=\"nhsuk-width-container wm-header__top\">"
        "<a class=\"wm-header__name\" href=\"/\">wellmatch</a>"
        "<span class=\"wm-header__about\">Leaders for challenged trusts</span></div>"
        "<nav class=\"wm-nav\" aria-label=\"Main\"><div class=\"nhsuk-width-container\"><ul class=\"wm-nav__list\">");
    for (size_t i = 0; i < sizeof navigation / sizeof *navigation; i++) {
        bool current = strcmp(navigation[i].href, here) == 0;
        put(page, "<li><a class=\"wm-nav__link\" href=\"%s\"", navigation[i].href);
        if (current)
            put(page, " aria-current=\"true\"");
        put(page, ">%s</a></li>", navigation[i].text);
    }
    put(page, "</ul></div></nav></header>");
}

static void put_crumbs(struct page *page, const struct crumb *crumbs, size_t n)
{
    if (n == 0)
        return;
    put(page, "<nav class=\"nhsuk-breadcrumb wm-breadcrumb\" aria-label=\"Breadcrumb\"><ol "
              "class=\"nhsuk-breadcrumb__list\">");
    for (size_t i = 0; i < n; i++)
        put(page,
            "<li class=\"nhsuk-breadcrumb__list-item\"><a class=\"nhsuk-breadcrumb__link\" href=\"%s\">%s</a></li>",
            crumbs[i].href, crumbs[i].text);
    put(page, "</ol></nav>");
}

void page_head(struct page *page, const char *here, const char *title, const struct crumb *crumbs, size_t n)
{
    page_top(page, here, title, crumbs, n);
    page_title(page, title);
}

void page_top(struct page *page, const char *here, const char *title, const struct crumb *crumbs, size_t n)
{
    page->opened = true;
    put_head(page, title);
    put_header(page, here);
    put(page, "<div class=\"wm-page\"><div class=\"nhsuk-width-container\">");
    put_crumbs(page, crumbs, n);
    put(page, "<main class=\"nhsuk-main-wrapper\" id=\"maincontent\">");
    if (!assets_full)
        put(page,
            "<p class=\"wm-notice\">This is the plain version of the page: tables do not sort and figures do not move. "
            "For the full one, run <code>make web</code> where wellmatch was built (it needs npm), and start it "
            "again.</p>");
}

void page_title(struct page *page, const char *title)
{
    put(page, "<h1 class=\"nhsuk-heading-l wm-title\">%s</h1>", title);
}

void page_foot(struct page *page)
{
    put(page, "</main></div></div><footer class=\"nhsuk-footer wm-footer\" role=\"contentinfo\"><div "
              "class=\"nhsuk-width-container\">"
              "<p class=\"nhsuk-body-s\">wellmatch recommends. A named person decides.</p>"
              "<p class=\"nhsuk-body-s\">Organisations are real and published. In the sample, people, posts, mentors "
              "and money "
              "are made up. <a href=\"/data\">About the data</a></p></div></footer></body></html>\n");
}

/* ---- What is said when something is not there ---- */

void page_not_found(struct page *page, const char *what)
{
    page->status = 404;
    page_head(page, "", "Page not found", NULL, 0);
    put(page, "<div class=\"wm-reading\"><p>%s</p>", what);
    put(page, "<p>If you typed the address, check it is correct. If you pasted it, check you copied all of it.</p>"
              "<p><a href=\"/posts\">See all posts</a> or <a href=\"/plans\">see all plans</a>.</p></div>");
    page_foot(page);
}

void page_error(struct page *page, const json_t *error)
{
    const char *name = text_at(error, "message");
    if (strcmp(name, "unknown_reference") == 0) {
        const char *kind = text_at(error, "data/kind");
        page_not_found(page, page_words(page, "There is no %s with the reference %s.",
                                        *kind ? say_lower(page, kind) : "record", text_at(error, "data/id")));
        return;
    }
    if (strcmp(name, "gone") == 0) {
        page->status = 410;
        page_head(page, "/plans", "This plan is no longer kept", NULL, 0);
        put(page,
            "<div class=\"wm-reading\"><p>Plans are kept for an hour after they were last used. This one has been let "
            "go of.</p>"
            "<p>The same question gives the same plan: you can <a href=\"/plans/new\">make it again</a>.</p></div>");
        page_foot(page);
        return;
    }
    bool busy = strcmp(name, "overloaded") == 0 || strcmp(name, "shutting_down") == 0;
    page->status = busy ? 503 : 500;
    page_head(page, "", busy ? "wellmatch is busy" : "Sorry, there is a problem", NULL, 0);
    put(page, "<div class=\"wm-reading\">");
    if (busy)
        put(page, "<p>It has more questions than it can answer now. Nothing is lost. Try again in a few seconds.</p>");
    else
        put(page,
            "<p>This page could not be made. Try again later. If it happens again, tell whoever runs the service what "
            "you "
            "were doing%s%s.</p>",
            *name ? ", and that it said: " : "", name);
    put(page, "</div>");
    page_foot(page);
}

void page_no_plan(struct page *page, const char *here, const char *title)
{
    page_head(page, here, title, NULL, 0);
    put(page, "<div class=\"wm-reading\"><p class=\"nhsuk-lede-text\">There is no plan yet.</p>"
              "<p>A plan says who should go where, on which terms, for the most benefit within the money and mentors "
              "there are. "
              "Making one takes from a few seconds to a few minutes.</p>"
              "<p><a class=\"nhsuk-button\" href=\"/plans/new\" role=\"button\" draggable=\"false\">Make a "
              "plan</a></p></div>");
}

/* ---- Tables ---- */

void table_begin(struct page *page, const char *id, const char *caption, const char *const columns[])
{
    page->columns = columns;
    put(page, "<div class=\"wm-scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"%s-caption\">", id);
    put(page, "<table class=\"nhsuk-table wm-table\" id=\"%s\" role=\"table\" data-sortable>", id);
    put(page, "<caption class=\"nhsuk-table__caption nhsuk-table__caption--m\" id=\"%s-caption\">%s</caption>", id,
        caption);
    put(page, "<thead class=\"nhsuk-table__head\" role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; columns[i]; i++) {
        size_t marks = strspn(columns[i], "#-");
        put(page, "<th scope=\"col\" role=\"columnheader\" class=\"nhsuk-table__header");
        if (memchr(columns[i], '#', marks))
            put(page, " wm-number");
        put(page, "\"");
        if (memchr(columns[i], '-', marks))
            put(page, " data-fixed");
        put(page, ">%s</th>", columns[i] + marks);
    }
    put(page, "</tr></thead><tbody class=\"nhsuk-table__body\" role=\"rowgroup\">");
}

void table_end(struct page *page)
{
    put(page, "</tbody></table></div>");
    page->columns = NULL;
}

void row_begin(struct page *page)
{
    page->column = 0;
    put(page, "<tr role=\"row\">");
}

void row_end(struct page *page)
{
    put(page, "</tr>");
}

/* The div keeps what a cell holds together, beside the name of its column, where rows are cards. */
void cell_begin(struct page *page, const char *classes, const char *key)
{
    const char *name = page->columns[page->column++];
    put(page, "<td role=\"cell\" class=\"nhsuk-table__cell%s%s\" data-label=\"%s\"", *classes ? " " : "", classes,
        name + strspn(name, "#-"));
    if (key)
        put(page, " data-value=\"%s\"", key);
    put(page, "><div>");
}

void cell_end(struct page *page)
{
    put(page, "</div></td>");
}

void cell_number(struct page *page, double value, const char *text)
{
    cell_begin(page, "wm-number", page_words(page, "%.9f", value));
    put(page, "%s", text);
    cell_end(page);
}

void cell_text(struct page *page, const char *text)
{
    cell_begin(page, "", NULL);
    put(page, "%s", text);
    cell_end(page);
}

void cell_link(struct page *page, const char *href, const char *text)
{
    cell_begin(page, "", NULL);
    put(page, "<a href=\"%s\">%s</a>", href, text);
    cell_end(page);
}

void cell_none(struct page *page, const char *why)
{
    const char *name = page->columns[page->column];
    cell_begin(page, memchr(name, '#', strspn(name, "#-")) ? "wm-number wm-quiet" : "wm-quiet", "");
    put(page, "<span aria-hidden=\"true\">–</span><span class=\"nhsuk-u-visually-hidden\">%s</span>", why);
    cell_end(page);
}

void cell_date(struct page *page, const char *iso)
{
    if (*iso == '\0') {
        cell_none(page, "not known");
        return;
    }
    cell_begin(page, "wm-nowrap", iso);
    put(page, "%s", say_date(page, iso));
    cell_end(page);
}

void cell_under(struct page *page, const char *href, const char *text, const char *under)
{
    cell_begin(page, "", NULL);
    if (href)
        put(page, "<a href=\"%s\">%s</a>", href, text);
    else
        put(page, "%s", text);
    put(page, "<span class=\"wm-under\">%s</span>", under);
    cell_end(page);
}

void cell_bar(struct page *page, double value, const char *text, double share, const char *tone)
{
    cell_begin(page, "wm-number wm-part", page_words(page, "%.9f", value));
    put(page, "%s", text);
    bar(page, share, tone);
    cell_end(page);
}

void cell_cost(struct page *page, const json_t *placement)
{
    int64_t cost = number_at(placement, "local_cost_gbp") + number_at(placement, "central_cost_gbp");
    cell_begin(page, "wm-number", page_words(page, "%lld", (long long)cost));
    put(page, "%s", say_pounds(page, cost));
    if (true_at(placement, "needs_approval"))
        put(page, "<span class=\"wm-under\">salary needs approval</span>");
    cell_end(page);
}

/* ---- Bars, figures, facts, tags ---- */

void bar(struct page *page, double share, const char *tone)
{
    double width = share < 0 || !(share == share) ? 0 : share > 1 ? 100 : share * 100;
    put(page,
        "<svg class=\"wm-bar wm-bar--%s\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" "
        "focusable=\"false\"><rect class=\"wm-bar__room\" width=\"100\" height=\"8\"/>"
        "<rect class=\"wm-bar__part\" width=\"%.1f\" height=\"8\"/></svg>",
        tone, width);
}

void figure(struct page *page, const char *value, const char *label, const char *note)
{
    put(page, "<div class=\"wm-figure\"><dt class=\"wm-figure__label\">%s</dt><dd class=\"wm-figure__value\">%s", label,
        value);
    if (*note)
        put(page, "<span class=\"wm-figure__note\">%s</span>", note);
    put(page, "</dd></div>");
}

void fact(struct page *page, const char *name, const char *value)
{
    put(page,
        "<div class=\"nhsuk-summary-list__row\"><dt class=\"nhsuk-summary-list__key\">%s</dt>"
        "<dd class=\"nhsuk-summary-list__value\">%s</dd></div>",
        name, value);
}

void tag(struct page *page, const char *tone, const char *text)
{
    put(page, "<strong class=\"nhsuk-tag nhsuk-tag--%s\">%s</strong>", tone, text);
}

/* ---- From page to page of a long table ---- */

static void put_way(struct page *page, const char *base, const char *name, size_t offset, const char *rel,
                    const char *title)
{
    char joint = strchr(base, '?') ? '&' : '?';
    put(page, "<li><a class=\"wm-pages__link\" rel=\"%s\" href=\"%s\">%s</a></li>", rel,
        page_words(page, "%s%c%s=%zu#%s", base, joint, name, offset, name), title);
}

void pages(struct page *page, const char *base, const char *name, size_t offset, size_t rows, int64_t total,
           const char *what)
{
    if (total <= PAGE_ROWS && offset == 0)
        return;
    put(page, "<nav class=\"wm-pages\" aria-label=\"Pages of %s\"><p class=\"wm-pages__where\">", what);
    if (rows)
        put(page, "%s to %s of %s %s</p><ul class=\"wm-pages__list\">", say_number(page, (int64_t)offset + 1),
            say_number(page, (int64_t)(offset + rows)), say_number(page, total), what);
    else
        put(page, "Nothing here: there are %s %s</p><ul class=\"wm-pages__list\">", say_number(page, total), what);
    if (offset > 0)
        put_way(page, base, name, offset > PAGE_ROWS ? offset - PAGE_ROWS : 0, "prev", "Previous page");
    if (rows && (int64_t)(offset + rows) < total)
        put_way(page, base, name, offset + rows, "next", "Next page");
    put(page, "</ul></nav>");
}
