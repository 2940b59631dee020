/*
 * An explicit problem back to text (problem.c reads it): a line a fact, in the order of resources, groups with their
 * options, locks, forbids. Names that a problem made in code has not are its own numbers.
 */
#include "problem.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>

struct writer {
    bool (*put)(void *arg, const char *bytes, size_t len);
    void *arg;
    bool ended;
    size_t n;
    char bytes[8192]; /* gathered, so that `put` is not asked for every word */
};

static void write_out(struct writer *w)
{
    if (!w->ended && w->n > 0)
        w->ended = !w->put(w->arg, w->bytes, w->n);
    w->n = 0;
}

static void write_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);
    if (len > sizeof w->bytes - w->n)
        write_out(w);
    memcpy(w->bytes + w->n, text, len); /* names are short */
    w->n += len;
}

static void write_name(struct writer *w, const char *name, char kind, size_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%c%zu", kind, number);
    write_text(w, name ? name : text);
}

/* amount / 10^decimals, without zeros at the end. */
static void write_number(struct writer *w, int64_t amount, int decimals)
{
    char text[48];
    int64_t unit = decimals == 9 ? NANO : MICRO, size = amount < 0 ? -amount : amount;
    int len = snprintf(text, sizeof text, "%s%lld.%0*lld", amount < 0 ? "-" : "", (long long)(size / unit), decimals,
                       (long long)(size % unit));
    while (text[len - 1] == '0')
        len--;
    text[text[len - 1] == '.' ? len - 1 : len] = '\0';
    write_text(w, text);
}

static void write_option(struct writer *w, const struct wm_problem *p, size_t o)
{
    write_text(w, "option ");
    write_number(w, p->value_nano[o], 9);
    write_text(w, " ");
    write_name(w, p->option_name[o], 'o', o);
    for (size_t u = p->first_use[o]; u < p->first_use[o + 1]; u++) {
        write_text(w, " ");
        write_name(w, p->resource_name[p->use_resource[u]], 'r', p->use_resource[u]);
        write_text(w, "=");
        write_number(w, p->use_micro[u], 6);
    }
    write_text(w, "\n");
}

static void write_demand(struct writer *w, const struct wm_problem *p, const char *keyword, size_t o)
{
    write_text(w, keyword);
    write_name(w, p->group_name[p->group_of[o]], 'g', p->group_of[o]);
    write_text(w, " ");
    write_name(w, p->option_name[o], 'o', o);
    write_text(w, "\n");
}

void wm_problem_write(const struct wm_problem *p, bool (*put)(void *arg, const char *bytes, size_t len), void *arg)
{
    struct writer w = {.put = put, .arg = arg};
    write_text(&w, "wellmatch-problem 1\n");
    write_text(&w, p->minimise ? "sense min\n" : "sense max\n");
    for (size_t r = 0; r < p->n_resources && !w.ended; r++) {
        write_text(&w, "resource ");
        write_name(&w, p->resource_name[r], 'r', r);
        write_text(&w, " ");
        write_number(&w, p->limit_micro[r], 6);
        write_text(&w, p->resource_must[r] ? " must\n" : "\n");
    }
    for (size_t g = 0; g < p->n_groups && !w.ended; g++) {
        write_text(&w, "group ");
        write_name(&w, p->group_name[g], 'g', g);
        write_text(&w, p->must[g] ? " must\n" : "\n");
        for (size_t o = p->first_option[g]; o < p->first_option[g + 1] && !w.ended; o++)
            write_option(&w, p, o);
    }
    for (size_t i = 0; i < p->n_locks && !w.ended; i++)
        write_demand(&w, p, "lock ", p->locks[i].option);
    for (size_t o = 0; o < p->n_options && !w.ended; o++)
        if (p->forbidden[o])
            write_demand(&w, p, "forbid ", o);
    write_out(&w);
}
