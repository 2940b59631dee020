/* What a person is told whose request came to no page: in words and with a way on, where programs get status and reason. */
#include "page.h"

static const char *title_of(int status)
{
    switch (status) {
    case 403:
    case 421:
        return "This address may not be used for that";
    case 404:
        return "Page not found";
    case 503:
        return "wellmatch is busy";
    default:
        return "The request could not be taken";
    }
}

void page_refusal(struct page *page)
{
    page->status = page->asked.refused;
    page_head(page, "", title_of(page->status), NULL, 0);
    put(page, "<div class=\"wm-reading\"><p>%s.</p>", say_upper(page, page->asked.id[0]));
    if (page->status == 404)
        put(page,
            "<p>If you typed the address, check it is correct. If you pasted it, check you copied all of it.</p>");
    if (page->status == 503)
        put(page, "<p>Nothing is lost. Try again in a few seconds.</p>");
    put(page, "<p><a href=\"/\">Go to the overview</a></p></div>");
    page_foot(page);
}
