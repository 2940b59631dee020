/* Errors in sentences: what was wrong, by the names the person used, and what to do about it. */
#include "client_error.h"

#include "client_options.h"
#include "client_plan_verdict.h"
#include "client_value.h"
#include "client_table.h"
#include "jsonrpc.h"

#include <string.h>

static const char *meaning_of(int code)
{
    switch (code) {
#define X(name_, value, name, retry, words, data) \
    case value:                                   \
        return words;
        RPC_ERRORS(X)
#undef X
    default:
        return "The service answered with an error that this client does not know.";
    }
}

static const char *nearest_text(struct page *page, struct slice data)
{
    struct slice nearest = value_at(data, "nearest");
    const char *names = page_value(page, nearest);
    if (!*names)
        return "";
    return page_say(page, "; the nearest %s %s", value_count(nearest) > 1 ? "are" : "is", names);
}

/*
 * What a pointer means to the person: the option that sets it, else the parameter without the first slash. Parameters
 * given as an array have numbers only, which alone would read as values.
 */
static const char *subject_text(struct page *page, const char *pointer, const char *option)
{
    if (*pointer == '/' && pointer[1] >= '0' && pointer[1] <= '9')
        return page_say(page, "the parameter at %s is", pointer);
    const char *subject = option ? option : *pointer == '/' ? pointer + 1 : "";
    return *subject ? page_say(page, "%s is", subject) : "the parameters are";
}

static const char *wrong_parameter(struct page *page, struct slice data, const char *option)
{
    const char *pointer = page_text(page, data, "pointer"), *expected = page_text(page, data, "expected"),
               *nearest = nearest_text(page, data);
    struct slice got = value_at(data, "got");
    const char *last = strrchr(pointer, '/');
    if (last && got.at && value_is(got, last + 1) && *nearest) /* a name, not a value */
        return page_say(page, "there is no parameter '%s'; expected %s%s", last + 1, expected, nearest);
    const char *quote = got.at && json_kind(got) == '"' ? "'" : "";
    return page_say(page, "%s %s%s%s; expected %s%s", subject_text(page, pointer, option), quote,
                    value_missing(got) ? "missing" : page_value(page, got), quote,
                    *expected ? expected : "something else", nearest);
}

/* Any other error: what it means, then what the service says about it. */
static const char *other_error(struct page *page, struct slice error, int code)
{
    const char *sentence = meaning_of(code);
    struct items members = value_members(value_at(error, "data"));
    for (struct slice key, value; value_next_member(&members, &key, &value);)
        if (json_kind(value) != '{' && !value_missing(value))
            sentence = page_say(page, "%s %s: %s.", sentence, page_key(page, key), page_value(page, value));
    return sentence;
}

static const char *unknown_row(struct page *page, struct slice data, const char *option, const char *usage)
{
    const char *subject = option ? page_say(page, "%s: ", option) : "", *kind = page_text(page, data, "kind"),
               *id = page_text(page, data, "id"), *is_a = page_text(page, data, "is_a");
    if (!*is_a)
        return page_say(page, "%sthere is no %s '%s'%s", subject, kind, id, nearest_text(page, data));
    return page_say(page, "%sthere is no %s '%s': it is %s %s%s%s", subject, kind, id,
                    strchr("aeiou", *is_a) ? "an" : "a", is_a, usage ? "; the order is: wellmatch " : "",
                    usage ? usage : "");
}

static const char *gone(struct page *page, struct slice data)
{
    const char *at = page_text(page, data, "expired_at");
    return page_say(page, "the %s %s is kept no more%s%s", page_text(page, data, "kind"), page_text(page, data, "id"),
                    *at ? ", since " : "", at);
}

/* Digests tell apart by their first letters. */
static const char *stale(struct page *page, struct slice data)
{
    const char *then = page_text(page, data, "asked_of/dataset"), *now = page_text(page, data, "current/dataset");
    if (!*then || strcmp(then, now) == 0)
        return "the plan was asked under another policy than the one in use now";
    return page_say(page, "the plan was asked of other data (%.8s) than what is loaded now (%.8s)", then, now);
}

/* One sentence for what a person did wrong, by the names they used. */
static const char *error_text(struct page *page, struct slice error, int code, const char *usage, const char *subject)
{
    struct slice data = value_at(error, "data");
    char name[32];
    const char *option = subject ? subject : options_name_of(page_text(page, data, "pointer"), name),
               *count = page_whole(page, data, "count"), *nearest;
    switch (code) {
    case RPC_UNKNOWN:
        return unknown_row(page, data, option, usage);
    case RPC_METHOD:
        nearest = nearest_text(page, data);
        return page_say(page, "there is no method '%s'%s", page_text(page, data, "method"),
                        *nearest ? nearest : "; 'wellmatch call rpc.discover' lists them");
    case RPC_PARAMS:
        return wrong_parameter(page, data, option);
    case RPC_INVALID_DATA:
        return page_say(page, "%s %s fault%s; %s", subject ? subject : "the data has", count,
                        strcmp(count, "1") == 0 ? "" : "s", subject ? "nothing is asked" : "the running data stays");
    case RPC_TOO_LARGE:
        return page_join(page,
                         page_say(page, "the %s passes the ceiling of %s", page_text(page, data, "what"),
                                  page_whole(page, data, "limit")),
                         "; ", page_text(page, data, "remedy"));
    case RPC_GONE:
        return page_join(page, gone(page, data), "; ", page_text(page, data, "remedy"));
    case RPC_STALE:
        return page_join(page, stale(page, data), "; ", page_text(page, data, "remedy"));
    default:
        return other_error(page, error, code);
    }
}

void view_error(struct buf *out, struct slice error, int code, const char *usage, const char *subject)
{
    struct page page = {out, NULL, NULL};
    struct items faults = value_items(value_at(error, "data/faults"));
    if (code == RPC_INFEASIBLE) {
        plan_put_conflict(out, error);
        return;
    }
    for (struct slice fault; value_next(&faults, &fault);) {
        const char *what = page_text(&page, fault, "what"), *expected = page_text(&page, fault, "expected");
        buf_format(out, "%s:%s:%s: ", page_text(&page, fault, "file"), page_text(&page, fault, "line"),
                   page_text(&page, fault, "column"));
        buf_format(out, "%s%s%s\n", *what ? what : page_text(&page, fault, "text"), *expected ? "; expected " : "",
                   expected);
    }
    buf_format(out, "wellmatch: %s\n", error_text(&page, error, code, usage, subject));
    page_end(&page);
}
