/* A change that would help, as a sentence: "Extend the fit and proper person check of L000169 from 31 May 2026 to 1
   May 2027 (335 days)". */
#include "page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How a column of one row is spoken of, and what making it later or more, or earlier or less, is called. */
static const struct words {
    const char *column, *before, *after, *more, *less;
} words[] = {
    {"fit_and_proper_until", "fit and proper person check of ", "", "extend", "shorten"},
    {"accredited_until", "accreditation of ", "", "extend", "shorten"},
    {"accreditation", "accreditations of ", "", "change", "change"},
    {"ready_from", "day from which ", " is ready", "put back", "bring forward"},
    {"starts", "start of ", "", "put back", "bring forward"},
    {"travel_km", "distance that ", " would travel", "raise", "lower"},
    {"regions_willing", "regions that ", " would move to", "change", "change"},
    {"roles", "roles that ", " has held", "change", "change"},
    {"organisations_excluded", "organisations that ", " has excluded", "change", "change"},
    {"segments", "segments that ", " may be used in", "change", "change"},
};

static struct words words_of(struct page *page, const char *column)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].column, column) == 0)
            return words[i];
    return (struct words){column, page_words(page, "%s of ", say_lower(page, column)), "", "change", "change"};
}

static const char *cell_value(struct page *page, const json_t *value)
{
    if (json_is_string(value))
        return strlen(json_string_value(value)) == 10 ? say_date(page, json_string_value(value))
                                                      : say_lower(page, json_string_value(value));
    if (json_is_integer(value))
        return say_number(page, json_integer_value(value));
    if (json_is_real(value))
        return page_words(page, "%.1f", json_real_value(value));
    return "not known";
}

static const char *how_far(struct page *page, const json_t *change)
{
    const json_t *by = at(change, "by");
    const char *unit = text_at(change, "unit");
    if (json_is_integer(by)) {
        int64_t n = llabs(json_integer_value(by));
        size_t len = strlen(unit);
        bool one = n == 1 && len > 1 && unit[len - 1] == 's'; /* 1 step, 2 steps */
        return page_words(page, "%s %.*s", say_number(page, n), (int)(len - one), unit);
    }
    return page_words(page, "%.1f %s", fabs(json_number_value(by)), unit);
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

const char *say_change(struct page *page, const json_t *change)
{
    const struct words column = words_of(page, text_at(change, "column"));
    const char *action = text_at(change, "action"), *to = cell_value(page, at(change, "to"));
    if (ends_in(text_at(change, "column"), "_km"))
        to = page_words(page, "%s km", to);
    const char *of = page_words(page, "%s%s%s", column.before, text_at(change, "id"), column.after);
    bool is_organisation = strcmp(text_at(change, "column"), "organisations_excluded") == 0;
    const char *word =
        is_organisation ? organisation_name(page, text_at(change, "word")) : say_lower(page, text_at(change, "word"));
    if (strcmp(action, "add") == 0)
        return page_words(page, "add %s to the %s", word, of);
    if (strcmp(action, "remove") == 0)
        return page_words(page, "take %s off the %s", word, of);
    if (!known_at(change, "from") && ends_in(text_at(change, "column"), "_until"))
        return page_words(page, "find out until when the %s holds: until %s is needed", of, to);
    if (!known_at(change, "from"))
        return page_words(page, "find out the %s: %s is needed", of, to);
    if (!known_at(change, "by"))
        return page_words(page, "change the %s from %s to %s", of, cell_value(page, at(change, "from")), to);
    return page_words(page, "%s the %s from %s to %s (%s)", real_at(change, "by") < 0 ? column.less : column.more, of,
                      cell_value(page, at(change, "from")), to, how_far(page, change));
}

const char *say_changes(struct page *page, const json_t *changes, bool together)
{
    const json_t *change;
    const char *said = "";
    size_t i;
    json_array_foreach (changes, i, change)
        said = page_words(page, "%s%s%s", said, i == 0 ? "" : together ? " and " : ", or ", say_change(page, change));
    return say_upper(page, said);
}
