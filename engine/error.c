/* Names and sentences of every list in wellmatch.h; each comes from its X-macro, so that none can be forgotten. */
#include "wellmatch.h"

#define NAME(array, i) ((size_t)(i) < sizeof array / sizeof *array ? array[i] : "unknown")

static const struct {
    int code;
    const char *name, *text;
} errors[] = {
#define X(id, value, name, text) {value, name, text},
    WM_ERRORS(X)
#undef X
};

enum { ERRORS = sizeof errors / sizeof *errors };

static int find_error(int code)
{
    int i = 0;
    while (i < ERRORS && errors[i].code != code)
        i++;
    return i;
}

const char *wm_error_name(int code)
{
    int i = find_error(code);
    return i < ERRORS ? errors[i].name : "unknown_error";
}

const char *wm_error_text(int code)
{
    int i = find_error(code);
    return i < ERRORS ? errors[i].text : "this number is no error of wellmatch";
}

const char *wm_signal_name(enum wm_signal signal)
{
#define X(name) #name,
    static const char *const names[] = {WM_SIGNALS(X)};
#undef X
    return NAME(names, signal);
}

const char *wm_rule_name(enum wm_rule rule)
{
#define X(name, text) #name,
    static const char *const names[] = {WM_RULES(X)};
#undef X
    return NAME(names, rule);
}

const char *wm_rule_text(enum wm_rule rule)
{
#define X(name, text) text,
    static const char *const texts[] = {WM_RULES(X)};
#undef X
    return NAME(texts, rule);
}

const char *wm_missing_name(int bit)
{
#define X(name, text) #name,
    static const char *const names[] = {WM_MISSINGS(X)};
#undef X
    return NAME(names, bit);
}

const char *wm_missing_text(int bit)
{
#define X(name, text) text,
    static const char *const texts[] = {WM_MISSINGS(X)};
#undef X
    return NAME(texts, bit);
}

const char *wm_offer_bar_name(enum wm_offer_bar bar)
{
#define X(name, text) #name,
    static const char *const names[] = {WM_OFFER_BARS(X)};
#undef X
    return NAME(names, bar);
}

const char *wm_offer_bar_text(enum wm_offer_bar bar)
{
#define X(name, text) text,
    static const char *const texts[] = {WM_OFFER_BARS(X)};
#undef X
    return NAME(texts, bar);
}

const char *wm_accept_term_name(enum wm_accept_term term)
{
#define X(name) #name,
    static const char *const names[] = {WM_ACCEPT_TERMS(X)};
#undef X
    return NAME(names, term);
}
