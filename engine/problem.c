/*
 * The text of an explicit problem to a sealed problem, with every fault at once; and a problem made in code.
 *
 * The text is walked four times: to count, for resources, for groups with their options, then for locks and forbids. So
 * a name may be used above the line that declares it, and every array is made once at its full length.
 */
#include "problem.h"
#include "internal.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define BYTES_MAX ((size_t)16 << 30)
#define VALUE_MAX_NANO (INT64_C(1000000000) * NANO)       /* a billion */
#define AMOUNT_MAX_MICRO (INT64_C(1000000000000) * MICRO) /* a million million: two of them add up within an int64_t */

enum {
    NAME_MAX_BYTES = 255,
    LOOKED_AT = 10000 /* names tried for "the nearest is" */
};

/* What a line looks like, for those that say too little. */
#define SENSE_LINE "sense max, or sense min"
#define RESOURCE_LINE "resource NAME LIMIT [must]"
#define GROUP_LINE "group NAME [must]"
#define OPTION_LINE "option VALUE NAME [RESOURCE=USE ...]"
#define HEADING "'wellmatch-problem 1'"

struct piece {
    const char *at;
    size_t len;
};

struct reader {
    struct wm_problem *problem;
    struct wm_faults *faults;
    const char *file, *line_start;
    long line;
    size_t n_faults, n_uses;
    bool sensed, starved;
    bool grouped;  /* there is a line 'group' above */
    bool skipping; /* but it has no name: its options are checked only */
};

enum walk { WALK_COUNT, WALK_RESOURCES, WALK_GROUPS, WALK_LOCKS };

static int walk(struct reader *reader, const char *bytes, size_t len, enum walk what, struct problem_room *counts);
static void read_line(struct reader *reader, enum walk what, struct piece keyword, struct piece rest);

/* ---- words and faults ---- */

static struct piece next_word(struct piece *rest)
{
    while (rest->len && (*rest->at == ' ' || *rest->at == '\t'))
        rest->at++, rest->len--;
    struct piece word = {rest->at, 0};
    while (rest->len && *rest->at != ' ' && *rest->at != '\t')
        rest->at++, rest->len--, word.len++;
    return word;
}

static bool word_is(struct piece word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.at, text, word.len) == 0;
}

static void fault(struct reader *reader, struct piece at, const char *what, const char *expected)
{
    char shown[TEXT_SHOWN];
    reader->n_faults++;
    fault_add(reader->faults, reader->file, reader->line, (long)(at.at - reader->line_start) + 1, expected, "%s %s",
              what, text_show(shown, at.at, at.len));
}

/* Whether the word is there; `what` is what the line should have gone on to. One fault a line is enough of these. */
static bool has_word(struct reader *reader, struct piece word, const char *what, const char *expected)
{
    if (word.len > 0)
        return true;
    reader->n_faults++;
    fault_add(reader->faults, reader->file, reader->line, (long)(word.at - reader->line_start) + 1, expected,
              "the line ends before %s", what);
    return false;
}

/* No `what` has this name; the nearest of list[n] that does is told, when any is near. */
static void tell_unknown(struct reader *reader, struct piece name, const char *what, const char *expected,
                         const char *const *list, size_t n)
{
    char whole[TEXT_SHOWN + 80], shown[TEXT_SHOWN];
    struct nearest nearest;
    nearest_init(&nearest, name.at, name.len);
    for (size_t i = 0; i < n && i < LOOKED_AT && faults_all_kept(reader->faults); i++)
        nearest_offer(&nearest, list[i]);
    const char *meant = nearest_name(&nearest);
    snprintf(whole, sizeof whole, "%s%s%s", expected, meant ? "; the nearest is " : "",
             meant ? text_show(shown, meant, strlen(meant)) : "");
    fault(reader, name, what, whole);
}

static bool good_name(struct reader *reader, struct piece name, const char *kind)
{
    if (name.len > 0 && name.len <= NAME_MAX_BYTES && !memchr(name.at, '=', name.len) &&
        text_is_clean(name.at, name.len))
        return true;
    fault(reader, name, kind, "a name of 1 to 255 bytes of UTF-8 without blanks, controls and '='");
    return false;
}

static bool at_end(struct reader *reader, struct piece *rest, const char *expected)
{
    struct piece extra = next_word(rest);
    if (extra.len == 0)
        return true;
    fault(reader, extra, "one word too many:", expected);
    return false;
}

/* ---- numbers ---- */

enum number { NUMBER_GOOD, NUMBER_FINER, NUMBER_LARGE, NUMBER_NONE };

static bool take_exponent(struct piece text, size_t *at, long *exponent)
{
    if (*at == text.len || (text.at[*at] | 0x20) != 'e')
        return true;
    size_t i = *at + 1, start;
    bool minus = i < text.len && text.at[i] == '-';
    i += minus || (i < text.len && text.at[i] == '+');
    long value = 0;
    for (start = i; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        value = value < 100000 ? value * 10 + (text.at[i] - '0') : value;
    *exponent += minus ? -value : value;
    *at = i;
    return i > start;
}

/* text * 10^decimals to the nearest whole number, halves away from zero; NUMBER_FINER when that is not exact. */
static enum number read_number(struct piece text, int decimals, int64_t most, int64_t *out)
{
    size_t i = 0, digits = 0;
    bool minus = text.len && text.at[0] == '-', point = false, rest = false;
    long exponent = decimals;
    wide number = 0;
    for (i = minus || (text.len && text.at[0] == '+'); i < text.len; i++) {
        char c = text.at[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        digits++;
        exponent -= point;
        if (number < (wide)INT64_MAX * NANO) {
            number = number * 10 + (c - '0');
        } else {
            rest |= c != '0';
            exponent++;
        }
    }
    if (digits == 0 || !take_exponent(text, &i, &exponent) || i < text.len)
        return NUMBER_NONE;
    bool finer = rest;
    for (; exponent > 0 && number; exponent--)
        if ((number *= 10) > (wide)INT64_MAX * NANO)
            return NUMBER_LARGE;
    int last = 0;
    for (; exponent < 0 && (number || last); exponent++) {
        finer |= last != 0;
        last = (int)(number % 10);
        number /= 10;
    }
    finer |= last != 0;
    number += last >= 5;
    if (number > most)
        return NUMBER_LARGE;
    *out = minus ? -(int64_t)number : (int64_t)number;
    return finer ? NUMBER_FINER : NUMBER_GOOD;
}

static bool read_amount(struct reader *reader, struct piece text, const char *kind, int64_t *out)
{
    if (read_number(text, 6, AMOUNT_MAX_MICRO, out) == NUMBER_GOOD && *out >= 0)
        return true;
    fault(reader, text, kind, "a number from 0 to 1000000000000 with at most 6 decimals");
    return false;
}

/* ---- names ---- */

static uint64_t hash(struct piece name, uint32_t seed)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ seed; /* FNV-1a, then a mix so that the low bits depend on all */
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.at[i]) * UINT64_C(1099511628211);
    h ^= h >> 32;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* The slot that holds the name, or the free one where it belongs. `of` and `seed` tell options of two groups apart. */
static uint32_t *slot(const struct names *names, const char *const *list, const uint32_t *of, uint32_t seed,
                      struct piece name)
{
    for (size_t i = hash(name, seed) & (names->n_slots - 1);; i = (i + 1) & (names->n_slots - 1)) {
        uint32_t held = names->slots[i];
        if (held == 0 || ((!of || of[held - 1] == seed) && strncmp(list[held - 1], name.at, name.len) == 0 &&
                          list[held - 1][name.len] == '\0'))
            return &names->slots[i];
    }
}

static bool names_init(struct arena *arena, size_t n, struct names *out)
{
    for (out->n_slots = 16; out->n_slots < 2 * n + 2;)
        out->n_slots *= 2;
    out->slots = arena_alloc(arena, out->n_slots, sizeof *out->slots);
    return out->slots;
}

static uint32_t *group_slot(const struct wm_problem *p, struct piece name)
{
    return slot(&p->groups, p->group_name, NULL, 0, name);
}

static uint32_t *resource_slot(const struct wm_problem *p, struct piece name)
{
    return slot(&p->resources, p->resource_name, NULL, 0, name);
}

static uint32_t *option_slot(const struct wm_problem *p, uint32_t group, struct piece name)
{
    return slot(&p->options, p->option_name, p->group_of, group, name);
}

/* ---- the walks ---- */

static int make_room(struct wm_problem *p, const struct problem_room *n)
{
    if (n->groups > UINT32_MAX / 4 || n->options > UINT32_MAX / 4 || n->uses > UINT32_MAX / 4 ||
        n->resources > UINT32_MAX / 4 || n->locks > UINT32_MAX / 4)
        return WM_ELIMIT;
    p->room = *n;
    struct arena *arena = &p->arena;
    p->group_name = arena_alloc(arena, n->groups + 1, sizeof *p->group_name);
    p->option_name = arena_alloc(arena, n->options + 1, sizeof *p->option_name);
    p->resource_name = arena_alloc(arena, n->resources + 1, sizeof *p->resource_name);
    p->first_option = arena_alloc(arena, n->groups + 1, sizeof *p->first_option);
    p->first_use = arena_alloc(arena, n->options + 1, sizeof *p->first_use);
    p->group_of = arena_alloc(arena, n->options + 1, sizeof *p->group_of);
    p->use_resource = arena_alloc(arena, n->uses + 1, sizeof *p->use_resource);
    p->use_micro = arena_alloc(arena, n->uses + 1, sizeof *p->use_micro);
    p->value_nano = arena_alloc(arena, n->options + 1, sizeof *p->value_nano);
    p->limit_micro = arena_alloc(arena, n->resources + 1, sizeof *p->limit_micro);
    p->resource_must = arena_alloc(arena, n->resources + 1, sizeof *p->resource_must);
    p->must = arena_alloc(arena, n->groups + 1, sizeof *p->must);
    p->forbidden = arena_alloc(arena, n->options + 1, sizeof *p->forbidden);
    p->locks = arena_alloc(arena, n->locks + 1, sizeof *p->locks);
    bool whole = names_init(arena, n->groups, &p->groups) && names_init(arena, n->options, &p->options) &&
                 names_init(arena, n->resources, &p->resources);
    return whole && p->group_name && p->option_name && p->resource_name && p->first_option && p->first_use &&
                   p->group_of && p->use_resource && p->use_micro && p->value_nano && p->limit_micro &&
                   p->resource_must && p->must && p->forbidden && p->locks
               ? WM_OK
               : WM_EMEMORY;
}

int wm_problem_parse(const char *name, const char *bytes, size_t len, struct wm_faults *faults, struct wm_problem **out)
{
    struct arena arena;
    arena_init(&arena, BYTES_MAX);
    struct wm_problem *problem = arena_alloc(&arena, 1, sizeof *problem);
    if (!problem)
        return WM_EMEMORY;
    struct reader reader = {.problem = problem, .faults = faults, .file = name};
    struct problem_room counts = {0};
    problem->arena = arena;
    int status = walk(&reader, bytes, len, WALK_COUNT, &counts);
    if (status == WM_OK)
        status = make_room(problem, &counts);
    for (int what = WALK_RESOURCES; what <= WALK_LOCKS && status == WM_OK; what++)
        status = walk(&reader, bytes, len, (enum walk)what, NULL);
    if (reader.n_faults && faults)
        faults_sort(faults);
    if (status == WM_OK && reader.n_faults)
        status = WM_EDATA;
    if (status == WM_OK)
        *out = problem;
    else
        wm_problem_free(problem);
    return status;
}

void wm_problem_free(struct wm_problem *problem)
{
    if (!problem)
        return;
    struct arena arena = problem->arena; /* the problem itself stands in it */
    arena_fini(&arena);
}

static void count_line(struct piece keyword, struct piece rest, struct problem_room *counts)
{
    counts->groups += word_is(keyword, "group");
    counts->resources += word_is(keyword, "resource");
    counts->locks += word_is(keyword, "lock");
    counts->options += word_is(keyword, "option");
    for (size_t i = 0; i < rest.len; i++)
        counts->uses += rest.at[i] == '=';
}

static bool is_line(struct piece keyword)
{
    static const char *const keywords[] = {"sense", "resource", "group", "option", "lock", "forbid"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (word_is(keyword, keywords[i]))
            return true;
    return false;
}

static void read_heading(struct reader *reader, struct piece keyword, struct piece rest)
{
    struct piece version = next_word(&rest);
    if (!word_is(keyword, "wellmatch-problem"))
        fault(reader, keyword, "the heading is missing: the first line begins with", HEADING);
    else if (has_word(reader, version, "the format's number", HEADING) && !word_is(version, "1"))
        fault(reader, version, "another format:", HEADING);
    else if (version.len > 0)
        at_end(reader, &rest, HEADING " alone");
}

/* The first line that says anything is the heading. */
static int walk(struct reader *reader, const char *bytes, size_t len, enum walk what, struct problem_room *counts)
{
    const char *at = bytes, *end = bytes + len;
    bool headed = false;
    reader->grouped = false;
    for (reader->line = 1; at < end; reader->line++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at)), *next = feed ? feed + 1 : end;
        struct piece rest = {at, (size_t)((feed ? feed : end) - at)};
        rest.len -= rest.len && rest.at[rest.len - 1] == '\r';
        reader->line_start = at;
        at = next;
        const char *comment = rest.len ? memchr(rest.at, '#', rest.len) : NULL;
        while (comment && comment > rest.at && comment[-1] != ' ' && comment[-1] != '\t') /* a # inside a name */
            comment = memchr(comment + 1, '#', rest.len - (size_t)(comment + 1 - rest.at));
        if (comment)
            rest.len = (size_t)(comment - rest.at);
        struct piece keyword = next_word(&rest);
        if (keyword.len == 0)
            continue;
        if (!headed) {
            headed = true;
            if (what == WALK_RESOURCES)
                read_heading(reader, keyword, rest);
            if (!is_line(keyword))
                continue;
        }
        if (what == WALK_COUNT)
            count_line(keyword, rest, counts);
        else
            read_line(reader, what, keyword, rest);
        if (reader->starved)
            return WM_EMEMORY;
    }
    if (!headed && what == WALK_RESOURCES) {
        reader->n_faults++;
        fault_add(reader->faults, reader->file, 0, 0, HEADING " first", "the file says nothing");
    }
    return WM_OK;
}

/* A copy in the arena; when there is no room the walk ends with this line. */
static const char *keep(struct reader *reader, struct piece name)
{
    const char *copy = arena_text(&reader->problem->arena, name.at, name.len);
    if (!copy)
        reader->starved = true;
    return copy;
}

static void read_sense(struct reader *reader, struct piece rest)
{
    struct piece sense = next_word(&rest);
    if (!has_word(reader, sense, "max or min", SENSE_LINE))
        return;
    if (reader->sensed)
        fault(reader, sense, "a second sense:", "one line 'sense' at most");
    else if (!word_is(sense, "max") && !word_is(sense, "min"))
        fault(reader, sense, "sense", "max or min");
    else
        at_end(reader, &rest, "the end of the line");
    reader->sensed = true;
    reader->problem->minimise = word_is(sense, "min");
}

static void read_resource(struct reader *reader, struct piece rest)
{
    struct wm_problem *p = reader->problem;
    struct piece name = next_word(&rest), limit = next_word(&rest), must = next_word(&rest);
    int64_t amount = 0;
    if (!has_word(reader, name, "a name", RESOURCE_LINE))
        return;
    bool good = good_name(reader, name, "name of a resource");
    good = has_word(reader, limit, "a limit", RESOURCE_LINE) && read_amount(reader, limit, "limit", &amount) && good;
    if (must.len && !word_is(must, "must")) {
        fault(reader, must, "a word after the limit:", "'must', or nothing");
        good = false;
    } else {
        good = at_end(reader, &rest, "the end of the line") && good;
    }
    if (!good && (name.len > NAME_MAX_BYTES || memchr(name.at, '=', name.len)))
        return;
    uint32_t *at = resource_slot(p, name);
    if (*at) {
        fault(reader, name, "a second resource", "each resource once");
        return;
    }
    if (!(p->resource_name[p->n_resources] = keep(reader, name)))
        return;
    p->limit_micro[p->n_resources] = amount;
    p->resource_must[p->n_resources] = must.len > 0;
    *at = (uint32_t)++p->n_resources;
}

static void read_group(struct reader *reader, struct piece rest)
{
    struct wm_problem *p = reader->problem;
    struct piece name = next_word(&rest), must = next_word(&rest);
    reader->grouped = reader->skipping = true;
    if (must.len && !word_is(must, "must"))
        fault(reader, must, "a word after the name of a group:", "'must', or nothing");
    else
        at_end(reader, &rest, "the end of the line");
    if (!has_word(reader, name, "a name", GROUP_LINE) || !good_name(reader, name, "name of a group"))
        return;
    uint32_t *at = group_slot(p, name);
    if (*at) {
        fault(reader, name, "a second group", "each group once, with all its options");
        return;
    }
    if (!(p->group_name[p->n_groups] = keep(reader, name)))
        return;
    p->must[p->n_groups] = must.len > 0;
    *at = (uint32_t)++p->n_groups;
    p->first_option[p->n_groups] = (uint32_t)p->n_options;
    reader->skipping = false;
}

/* Blanks around '=' make words of their own, which are no faults besides. */
static void tell_no_use(struct reader *reader, struct piece use, struct piece *rest)
{
    struct piece after = *rest, equals = next_word(&after);
    fault(reader, use, "a word without '=':", "RESOURCE=USE, without blanks");
    if (equals.len == 0 || *equals.at != '=')
        return;
    if (equals.len == 1)
        next_word(&after);
    *rest = after;
}

static void read_use(struct reader *reader, struct piece use, size_t first, struct piece *rest)
{
    struct wm_problem *p = reader->problem;
    const char *equals = memchr(use.at, '=', use.len);
    if (!equals) {
        tell_no_use(reader, use, rest);
        return;
    }
    struct piece name = {use.at, (size_t)(equals - use.at)}, text = {equals + 1, use.len - name.len - 1};
    int64_t amount;
    if (name.len == 0 || text.len == 0) {
        fault(reader, use,
              name.len == 0 ? "a use of nothing:" : "a use without its amount:", "RESOURCE=USE, without blanks");
        return;
    }
    uint32_t held = *resource_slot(p, name);
    if (!read_amount(reader, text, "use", &amount))
        return;
    if (held == 0) {
        tell_unknown(reader, name, "no such resource:", "a name with a line 'resource'", p->resource_name,
                     p->n_resources);
        return;
    }
    for (size_t u = first; u < reader->n_uses; u++)
        if (p->use_resource[u] == held - 1) {
            fault(reader, name, "used twice by one option:", "each resource once");
            return;
        }
    if (amount == 0)
        return;
    p->use_resource[reader->n_uses] = held - 1;
    p->use_micro[reader->n_uses++] = amount;
}

static void read_option(struct reader *reader, struct piece rest)
{
    struct wm_problem *p = reader->problem;
    struct piece value = next_word(&rest), name = next_word(&rest);
    size_t before = reader->n_faults, first = reader->n_uses, o = p->n_options;
    const char *lacks = value.len == 0 ? "a value" : "a name";
    if (!has_word(reader, name, lacks, OPTION_LINE))
        return;
    if (!reader->grouped)
        fault(reader, name, "option without a group:", "a line 'group' above");
    enum number number = read_number(value, 9, VALUE_MAX_NANO, &p->value_nano[o]);
    if (number != NUMBER_GOOD && number != NUMBER_FINER)
        fault(reader, value, "value", "a number from -1000000000 to 1000000000, then the name");
    bool named = good_name(reader, name, "name of an option");
    for (struct piece use = next_word(&rest); use.len; use = next_word(&rest))
        read_use(reader, use, first, &rest);
    uint32_t group = (uint32_t)p->n_groups - 1;
    uint32_t *at = named && reader->grouped && !reader->skipping ? option_slot(p, group, name) : NULL;
    if (at && *at)
        fault(reader, name, "a second option", "each option once in its group");
    if (!at || *at || !(p->option_name[o] = keep(reader, name))) {
        reader->n_uses = first;
        return;
    }
    if (reader->n_faults > before) /* kept by name, so that a lock of it is no second fault */
        reader->n_uses = first;
    p->group_of[o] = group;
    *at = (uint32_t)++p->n_options;
    p->first_use[p->n_options] = (uint32_t)reader->n_uses;
    p->first_option[p->n_groups] = (uint32_t)p->n_options;
}

static void read_lock(struct reader *reader, struct piece rest, bool lock)
{
    struct wm_problem *p = reader->problem;
    struct piece group = next_word(&rest), option = next_word(&rest);
    const char *line = lock ? "lock GROUP OPTION" : "forbid GROUP OPTION";
    if (!has_word(reader, group, "a group", line) || !has_word(reader, option, "an option", line))
        return;
    uint32_t g = *group_slot(p, group), o = g ? *option_slot(p, g - 1, option) : 0;
    if (g == 0)
        tell_unknown(reader, group, "no such group:", "a name with a line 'group'", p->group_name, p->n_groups);
    else if (o == 0)
        tell_unknown(reader, option, "no such option:", "an option of that group",
                     p->option_name + p->first_option[g - 1], p->first_option[g] - p->first_option[g - 1]);
    if (!at_end(reader, &rest, "GROUP OPTION") || g == 0 || o == 0)
        return;
    if (!lock) {
        p->forbidden[o - 1] = true;
        return;
    }
    for (size_t i = 0; i < p->n_locks; i++) /* said twice is said once; locks are few */
        if (p->locks[i].option == o - 1)
            return;
    p->locks[p->n_locks++] = (struct lock){g - 1, o - 1};
}

static void read_line(struct reader *reader, enum walk what, struct piece keyword, struct piece rest)
{
    if (word_is(keyword, "sense") || word_is(keyword, "resource")) {
        if (what == WALK_RESOURCES)
            (*keyword.at == 's' ? read_sense : read_resource)(reader, rest);
    } else if (word_is(keyword, "group")) {
        if (what == WALK_GROUPS)
            read_group(reader, rest);
    } else if (word_is(keyword, "option")) {
        if (what == WALK_GROUPS)
            read_option(reader, rest);
    } else if (word_is(keyword, "lock") || word_is(keyword, "forbid")) {
        if (what == WALK_LOCKS)
            read_lock(reader, rest, *keyword.at == 'l');
    } else if (what == WALK_RESOURCES) {
        fault(reader, keyword, "no such line:", "sense, resource, group, option, lock, forbid or a # comment");
    }
}

/* ---- a problem made in code ---- */

int problem_new(const struct problem_room *room, bool minimise, struct wm_problem **out)
{
    struct arena arena;
    arena_init(&arena, BYTES_MAX);
    struct wm_problem *problem = arena_alloc(&arena, 1, sizeof *problem);
    if (!problem)
        return WM_EMEMORY;
    problem->arena = arena;
    problem->minimise = minimise;
    int status = make_room(problem, room);
    if (status == WM_OK)
        *out = problem;
    else
        wm_problem_free(problem);
    return status;
}

/* The name's copy in *out and, in its slot, number + 1. */
static int add_name(struct wm_problem *p, const char *name, uint32_t *at, size_t number, const char **out)
{
    size_t len = strlen(name);
    if (*at || len == 0 || len > NAME_MAX_BYTES || name[0] == '#' || strpbrk(name, " \n=") || !text_is_clean(name, len))
        return WM_EARGUMENT;
    *out = arena_text(&p->arena, name, len);
    *at = (uint32_t)number + 1;
    return *out ? WM_OK : WM_EMEMORY;
}

int problem_add_resource(struct wm_problem *p, const char *name, int64_t limit_micro, bool must)
{
    if (limit_micro < 0 || limit_micro > AMOUNT_MAX_MICRO)
        return WM_EARGUMENT;
    if (p->n_resources == p->room.resources)
        return WM_ELIMIT;
    size_t r = p->n_resources++;
    p->limit_micro[r] = limit_micro;
    p->resource_must[r] = must;
    return name ? add_name(p, name, resource_slot(p, (struct piece){name, strlen(name)}), r, &p->resource_name[r])
                : WM_OK;
}

int problem_add_group(struct wm_problem *p, const char *name, bool must)
{
    if (p->n_groups == p->room.groups)
        return WM_ELIMIT;
    size_t g = p->n_groups++;
    p->must[g] = must;
    p->first_option[p->n_groups] = (uint32_t)p->n_options;
    return name ? add_name(p, name, group_slot(p, (struct piece){name, strlen(name)}), g, &p->group_name[g]) : WM_OK;
}

int problem_add_option(struct wm_problem *p, const char *name, int64_t value_nano)
{
    if (p->n_groups == 0 || value_nano < -VALUE_MAX_NANO || value_nano > VALUE_MAX_NANO)
        return WM_EARGUMENT;
    if (p->n_options == p->room.options)
        return WM_ELIMIT;
    uint32_t g = (uint32_t)p->n_groups - 1;
    size_t o = p->n_options++;
    p->group_of[o] = g;
    p->value_nano[o] = value_nano;
    p->first_option[p->n_groups] = (uint32_t)p->n_options;
    p->first_use[p->n_options] = p->first_use[o];
    return name ? add_name(p, name, option_slot(p, g, (struct piece){name, strlen(name)}), o, &p->option_name[o])
                : WM_OK;
}

int problem_add_use(struct wm_problem *p, size_t resource, int64_t use_micro)
{
    if (p->n_options == 0 || resource >= p->n_resources || use_micro < 0 || use_micro > AMOUNT_MAX_MICRO)
        return WM_EARGUMENT;
    uint32_t *end = &p->first_use[p->n_options];
    if (use_micro == 0)
        return WM_OK;
    if (*end == p->room.uses)
        return WM_ELIMIT;
    p->use_resource[*end] = (uint32_t)resource;
    p->use_micro[(*end)++] = use_micro;
    return WM_OK;
}

int problem_lock(struct wm_problem *p, size_t option)
{
    for (size_t i = 0; i < p->n_locks; i++)
        if (p->locks[i].option == option)
            return WM_OK;
    if (option >= p->n_options)
        return WM_EARGUMENT;
    if (p->n_locks == p->room.locks)
        return WM_ELIMIT;
    p->locks[p->n_locks++] = (struct lock){p->group_of[option], (uint32_t)option};
    return WM_OK;
}

void problem_forbid(struct wm_problem *p, size_t option)
{
    p->forbidden[option] = true;
}

/* ---- looking at a problem ---- */

bool wm_problem_minimises(const struct wm_problem *problem)
{
    return problem->minimise;
}

size_t wm_problem_groups(const struct wm_problem *problem)
{
    return problem->n_groups;
}

size_t wm_problem_options(const struct wm_problem *problem)
{
    return problem->n_options;
}

size_t wm_problem_resources(const struct wm_problem *problem)
{
    return problem->n_resources;
}

const char *wm_problem_group_name(const struct wm_problem *problem, size_t group)
{
    return group < problem->n_groups ? problem->group_name[group] : NULL;
}

const char *wm_problem_option_name(const struct wm_problem *problem, size_t option)
{
    return option < problem->n_options ? problem->option_name[option] : NULL;
}

const char *wm_problem_resource_name(const struct wm_problem *problem, size_t resource)
{
    return resource < problem->n_resources ? problem->resource_name[resource] : NULL;
}

int wm_problem_find_option(const struct wm_problem *problem, const char *group, const char *option, size_t *group_out,
                           size_t *option_out)
{
    uint32_t g = *group_slot(problem, (struct piece){group, strlen(group)});
    uint32_t o = g ? *option_slot(problem, g - 1, (struct piece){option, strlen(option)}) : 0;
    if (o == 0)
        return WM_EUNKNOWN;
    *group_out = g - 1;
    *option_out = o - 1;
    return WM_OK;
}

int wm_problem_find_resource(const struct wm_problem *problem, const char *name, size_t *resource)
{
    uint32_t held = *resource_slot(problem, (struct piece){name, strlen(name)});
    if (held == 0)
        return WM_EUNKNOWN;
    *resource = held - 1;
    return WM_OK;
}
