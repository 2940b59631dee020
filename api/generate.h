/*
 * Makes a whole dataset of any size: the real organisations and the policy are copied, people, posts, packages,
 * mentors and money are drawn from a seed. The same options give the same bytes with every compiler and machine.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generate_options {
    int64_t leaders, posts; /* 1 to WM_ROWS_MAX */
    uint64_t seed;
    const char *dir;                /* created when absent (its parent must exist) */
    const char *organisations_path; /* copied to DIR/organisations.csv, and what is drawn hangs on its rows */
    const char *policy_path;        /* copied to DIR/policy.json; gives the day, domains, components and priors */
    bool force;                     /* write into a directory that holds something; only our files are replaced */
    void (*on_progress)(void *context, int64_t leaders_done, int64_t leaders_all); /* may be NULL */
    void *context;
};

/* The sample that is checked in, apart from its directory. */
#define GENERATE_OPTIONS_INIT                                                                              \
    {                                                                                                      \
        400, 60, 2026, NULL, "data/sample/organisations.csv", "data/sample/policy.json", false, NULL, NULL \
    }

/*
 * Writes the eight CSV files and policy.json into options->dir. All or nothing: files get their names when every one
 * is complete, and on an error what was there before stays. Memory grows with the posts, not with the leaders.
 * Returns WM_OK, or WM_EARGUMENT (options or directory refused), WM_EREAD (a file cannot be read or written),
 * WM_EDATA (organisations.csv or policy.json lack something needed), WM_EMEMORY, with a sentence in `error`.
 */
int generate_dataset(const struct generate_options *options, char *error, size_t error_cap);

#endif
