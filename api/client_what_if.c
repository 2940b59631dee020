/* Recursive descent over one short text; the table of names says what may follow each, and shows how it looks. */
#include "client_what_if.h"

#include "client_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE_DIGITS_MAX = 15 };

#define POUND "\xC2\xA3" /* of money it may stand before the number */

enum follows { FOLLOWS_LIMIT, FOLLOWS_NUMBER, FOLLOWS_WHOLE, FOLLOWS_TERMS, FOLLOWS_TERMS_OR_END, FOLLOWS_END };

static const struct change_name {
    const char *name;
    enum what_if_kind kind;
    bool brackets;
    enum follows follows;
    const char *example;
} change_names[] = {
    {"openings", WHAT_IF_LIMIT, true, FOLLOWS_LIMIT, "openings[V00001]+=1"},
    {"budget", WHAT_IF_LIMIT, true, FOLLOWS_LIMIT, "budget[region:Midlands]+=100000"},
    {"stock", WHAT_IF_LIMIT, true, FOLLOWS_LIMIT, "stock[P06]-=2"},
    {"mentor_hours", WHAT_IF_LIMIT, true, FOLLOWS_LIMIT, "mentor_hours[North West]+=20"},
    {"policy", WHAT_IF_POLICY, true, FOLLOWS_NUMBER, "policy[/accept/mentor/value]=1.2"},
    {"moves_max", WHAT_IF_SETTING, false, FOLLOWS_WHOLE, "moves_max=5"},
    {"move_penalty", WHAT_IF_SETTING, false, FOLLOWS_NUMBER, "move_penalty=0.001"},
    {"without", WHAT_IF_WITHOUT, true, FOLLOWS_END, "without[L000001]"},
    {"lock", WHAT_IF_LOCK, true, FOLLOWS_TERMS, "lock[L000001]=V00003/P01/M0002"},
    {"forbid", WHAT_IF_FORBID, true, FOLLOWS_TERMS_OR_END, "forbid[L000001]=V00003"},
    {"must_fill", WHAT_IF_MUST_FILL, true, FOLLOWS_END, "must_fill[V00001]"},
};

enum { N_NAMES = sizeof change_names / sizeof *change_names };

struct reading {
    const char *text;
    size_t at;
    const struct change_name *name;
    struct what_if_error *error;
};

static bool read_without(struct reading *reading, struct what_if *out);
static bool read_name(struct reading *reading);
static bool read_brackets(struct reading *reading, struct what_if *out);
static bool read_value(struct reading *reading, struct what_if *out);
static bool read_whole(struct reading *reading, bool negative, char number[WHAT_IF_NUMBER_CAP]);
static bool read_number(struct reading *reading, char number[WHAT_IF_NUMBER_CAP]);
static bool read_terms(struct reading *reading, struct what_if *out);
static bool read_end(struct reading *reading);

static void skip_blanks(struct reading *reading)
{
    reading->at += strspn(reading->text + reading->at, " \t");
}

/* Fails at the place that was reached, with what was expected there and how the whole thing looks. */
static bool expected(struct reading *reading, const char *what)
{
    *reading->error = (struct what_if_error){.at = reading->at};
    snprintf(reading->error->text, WHAT_IF_ERROR_CAP, "expected %s, as in %s", what,
             reading->name ? reading->name->example : "mentor_hours[North West]+=20");
    return false;
}

bool what_if_read(const char *text, struct what_if *out, struct what_if_error *error)
{
    struct reading reading = {text, 0, NULL, error};
    *out = (struct what_if){0};
    skip_blanks(&reading);
    if (text[reading.at] == '-')
        return read_without(&reading, out);
    if (!read_name(&reading))
        return false;
    out->kind = reading.name->kind;
    out->name = reading.name->name;
    return (!reading.name->brackets || read_brackets(&reading, out)) && read_value(&reading, out) && read_end(&reading);
}

static bool read_without(struct reading *reading, struct what_if *out)
{
    const char *id = reading->text + ++reading->at;
    out->kind = WHAT_IF_WITHOUT;
    out->name = "without";
    out->of = (struct slice){id, strcspn(id, " \t")};
    reading->at += out->of.len;
    if (out->of.len > 0)
        return read_end(reading);
    *reading->error =
        (struct what_if_error){reading->at, "expected the id of a leader, a post or a mentor, as in -L000001"};
    return false;
}

static bool read_name(struct reading *reading)
{
    const char *names[N_NAMES], *start = reading->text + reading->at;
    size_t len = strspn(start, "abcdefghijklmnopqrstuvwxyz_");
    char word[32];
    for (size_t i = 0; i < N_NAMES; i++) {
        names[i] = change_names[i].name;
        if (strlen(names[i]) == len && memcmp(names[i], start, len) == 0)
            reading->name = &change_names[i];
    }
    if (reading->name) {
        reading->at += len;
        return true;
    }
    snprintf(word, sizeof word, "%.*s", (int)len, start);
    const char *nearest = options_nearest(word, names, N_NAMES);
    reading->error->at = reading->at;
    if (nearest)
        snprintf(reading->error->text, WHAT_IF_ERROR_CAP, "there is no '%s' to change; did you mean '%s'?", word,
                 nearest);
    else
        snprintf(
            reading->error->text, WHAT_IF_ERROR_CAP,
            "expected openings, budget, stock, mentor_hours, policy, moves_max, move_penalty, without, lock, forbid, "
            "must_fill, or - and an id");
    return false;
}

static bool read_brackets(struct reading *reading, struct what_if *out)
{
    skip_blanks(reading);
    if (reading->text[reading->at] != '[')
        return expected(reading, "[ and a name");
    const char *start = reading->text + ++reading->at;
    out->of = (struct slice){start, strcspn(start, "]")};
    if (out->of.len == strspn(start, " \t") || start[0] == ']')
        return expected(reading, "a name");
    reading->at += out->of.len;
    if (reading->text[reading->at] != ']')
        return expected(reading, "]");
    reading->at++;
    return true;
}

/* '+=', '-=' or '=', as far as the name allows them. */
static bool read_sign(struct reading *reading, bool *relative, bool *negative)
{
    const char *at = reading->text + reading->at;
    bool limit = reading->name->follows == FOLLOWS_LIMIT;
    *relative = limit && (at[0] == '+' || at[0] == '-') && at[1] == '=';
    *negative = *relative && at[0] == '-';
    if (!*relative && at[0] != '=')
        return expected(reading, limit ? "+=, -= or =" : "=");
    reading->at += *relative ? 2 : 1;
    skip_blanks(reading);
    return true;
}

static bool read_value(struct reading *reading, struct what_if *out)
{
    enum follows follows = reading->name->follows;
    bool negative;
    skip_blanks(reading);
    if (follows == FOLLOWS_TERMS || follows == FOLLOWS_TERMS_OR_END)
        return read_terms(reading, out);
    if (follows == FOLLOWS_END)
        return true;
    if (!read_sign(reading, &out->relative, &negative))
        return false;
    if (strcmp(reading->name->name, "budget") == 0 && strncmp(reading->text + reading->at, POUND, strlen(POUND)) == 0)
        reading->at += strlen(POUND);
    return follows == FOLLOWS_NUMBER ? read_number(reading, out->number) : read_whole(reading, negative, out->number);
}

/* Digits, with commas before every third from the right or without any. */
static bool read_whole(struct reading *reading, bool negative, char number[WHAT_IF_NUMBER_CAP])
{
    const char *at = reading->text + reading->at;
    size_t len = strspn(at, "0123456789,"), n = 0;
    bool grouped = memchr(at, ',', len) != NULL;
    if (*at == '-' || *at == '+')
        return expected(reading, "a whole number without a sign");
    if (negative)
        number[n++] = '-';
    for (size_t i = 0; i < len; i++) {
        bool comma = grouped && (len - i) % 4 == 0;
        if (comma != (at[i] == ',') || (comma && i == 0) || n > WHOLE_DIGITS_MAX)
            return expected(reading, "a whole number");
        if (comma || (at[i] == '0' && n == (size_t)negative && i + 1 < len)) /* JSON has no leading zeros */
            continue;
        number[n++] = at[i];
    }
    if (len == 0)
        return expected(reading, "a whole number");
    reading->at += len;
    number[n] = '\0';
    return (at[len] != '.' && at[len] != 'e' && at[len] != 'E') || expected(reading, "a whole number to end here");
}

/* A decimal number that is JSON as it stands. */
static bool read_number(struct reading *reading, char number[WHAT_IF_NUMBER_CAP])
{
    const char *at = reading->text + reading->at, *why;
    size_t len = strcspn(at, " \t"), offset;
    if (len == 0 || len >= WHAT_IF_NUMBER_CAP || json_check(at, len, &offset, &why) != JSON_OK ||
        json_kind((struct slice){at, len}) != '0')
        return expected(reading, "a number");
    memcpy(number, at, len);
    number[len] = '\0';
    reading->at += len;
    return true;
}

static bool read_end(struct reading *reading)
{
    skip_blanks(reading);
    if (reading->text[reading->at] == '\0')
        return true;
    *reading->error =
        (struct what_if_error){reading->at, "expected nothing more; each change has a --what-if of its own"};
    return false;
}

/* ---- Rules about placements ---- */

static bool is_any(struct slice part)
{
    return part.len == 0 || (part.len == 1 && *part.at == '*');
}

/* The next part of "A/B:C", up to a separator. */
static struct slice next_part(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && !strchr("/:", rest->at[len]))
        len++;
    struct slice part = {rest->at, len};
    size_t past = len + (len < rest->len);
    *rest = (struct slice){rest->at + past, rest->len - past};
    return is_any(part) ? (struct slice){0} : part;
}

static bool take_terms(struct slice text, struct placement_rule *out, size_t *surplus)
{
    struct slice rest = text;
    out->post = next_part(&rest);
    out->package = next_part(&rest);
    out->mentor = next_part(&rest);
    *surplus = (size_t)(rest.at - text.at);
    return rest.len == 0;
}

static bool read_terms(struct reading *reading, struct what_if *out)
{
    bool lock = reading->name->kind == WHAT_IF_LOCK;
    out->rule.leader = is_any(out->of) ? (struct slice){0} : out->of;
    if (reading->text[reading->at] == '\0' && !lock)
        return out->rule.leader.at || expected(reading, "= and a post");
    if (reading->text[reading->at] != '=')
        return expected(reading, "= and a post");
    reading->at++;
    skip_blanks(reading);
    const char *at = reading->text + reading->at;
    struct slice terms = {at, strcspn(at, " \t")};
    size_t surplus;
    if (terms.len == 0)
        return expected(reading, "a post");
    if (lock && !out->rule.leader.at) {
        reading->at = (size_t)(out->of.at - reading->text);
        return expected(reading, "a leader");
    }
    if (!take_terms(terms, &out->rule, &surplus)) {
        reading->at += surplus;
        return expected(reading, "no more than post, package and mentor");
    }
    if (lock ? !out->rule.post.at
             : !out->rule.leader.at && !out->rule.post.at && !out->rule.package.at && !out->rule.mentor.at)
        return expected(reading, lock ? "a post" : "something that is not *");
    reading->at += terms.len;
    return true;
}

bool placement_rule_read(struct slice text, bool lock, struct placement_rule *out, struct what_if_error *error)
{
    struct slice rest = text;
    size_t surplus;
    *out = (struct placement_rule){0};
    out->leader = next_part(&rest);
    size_t terms_at = (size_t)(rest.at - text.at);
    const char *what = NULL;
    if (!take_terms(rest, out, &surplus)) {
        error->at = terms_at + surplus;
        what = "no more than leader, post, package and mentor";
    } else if (lock && (!out->leader.at || !out->post.at)) {
        error->at = out->leader.at ? terms_at : 0;
        what = out->leader.at ? "a post" : "a leader";
    } else if (!out->leader.at && !out->post.at && !out->package.at && !out->mentor.at) {
        error->at = 0;
        what = "something that is not *";
    }
    if (what)
        snprintf(error->text, WHAT_IF_ERROR_CAP, "expected %s, as in %s", what,
                 lock ? "L000001:V00003:P01:M0002" : "'*:V00003:P07'");
    return !what;
}
