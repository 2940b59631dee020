/*
 * Makes a dataset: real organisations and policy copied, everything else drawn from a seed.
 *
 * Every row draws from a stream of its own, seeded by (seed, table, row), so a row does not change when more rows are
 * asked for, and leaders can be written as they are drawn. All arithmetic is on integers: normal-looking draws are sums
 * of uniforms and the logistic curve is a table, so no bit depends on a compiler or a maths library.
 *
 * What the distributions rest on is told in data/README.md. No number here describes a real person.
 */
#include "generate.h"

#include "generate_tables.h"
#include "wellmatch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const SHEET_NAMES[SHEETS] = {
    "organisations.csv", "policy.json", "posts.csv",      "leaders.csv", "packages.csv",
    "mentors.csv",       "budgets.csv", "monitoring.csv", "history.csv",
};

static int check_options(struct generator *g);
static int read_all(struct generator *g);
static int open_dir(struct generator *g);
static int write_all(struct generator *g);
static int open_sheets(struct generator *g);
static int close_sheets(struct generator *g);
static void undo(struct generator *g);

int generate_dataset(const struct generate_options *options, char *error, size_t error_cap)
{
    struct generator *g = calloc(1, sizeof *g);
    if (error_cap > 0)
        error[0] = '\0';
    if (g == NULL) {
        if (error_cap > 0)
            snprintf(error, error_cap, "out of memory");
        return WM_EMEMORY;
    }
    g->options = options;
    g->world.error = error;
    g->world.error_cap = error_cap;
    int code = check_options(g);
    if (code == WM_OK)
        code = read_all(g);
    if (code == WM_OK)
        code = open_dir(g);
    if (code == WM_OK)
        code = write_all(g);
    if (code != WM_OK)
        undo(g);
    world_fini(&g->world);
    free(g->posts);
    free(g->posts_by_role);
    free(g);
    return code;
}

static int check_options(struct generator *g)
{
    const struct generate_options *o = g->options;
    if (o->leaders < 1 || o->leaders > WM_ROWS_MAX)
        return world_complain(&g->world, WM_EARGUMENT, "the number of leaders is %lld; 1 to %d", (long long)o->leaders,
                              WM_ROWS_MAX);
    if (o->posts < 1 || o->posts > WM_ROWS_MAX)
        return world_complain(&g->world, WM_EARGUMENT, "the number of posts is %lld; 1 to %d", (long long)o->posts,
                              WM_ROWS_MAX);
    if (o->dir == NULL || o->dir[0] == '\0')
        return world_complain(&g->world, WM_EARGUMENT, "no directory was named");
    if (strlen(o->dir) > PATH_MAX - 32)
        return world_complain(&g->world, WM_EARGUMENT, "the directory's name is too long");
    return WM_OK;
}

static int read_all(struct generator *g)
{
    int code = world_read(&g->world, g->options->policy_path, g->options->organisations_path);
    if (code != WM_OK)
        return code;
    g->posts = calloc((size_t)g->options->posts, sizeof *g->posts);
    g->posts_by_role = calloc((size_t)g->options->posts, sizeof *g->posts_by_role);
    return g->posts != NULL && g->posts_by_role != NULL ? WM_OK
                                                        : world_complain(&g->world, WM_EMEMORY, "out of memory");
}

static int open_dir(struct generator *g)
{
    const char *dir = g->options->dir;
    if (mkdir(dir, 0777) == 0) {
        g->made_dir = true;
        return WM_OK;
    }
    if (errno != EEXIST)
        return world_complain(&g->world, WM_EREAD, "%s cannot be created: %s", dir, strerror(errno));
    DIR *list = opendir(dir);
    if (list == NULL)
        return world_complain(&g->world, WM_EREAD, "%s cannot be opened: %s", dir, strerror(errno));
    bool empty = true;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(list);
    if (!empty && !g->options->force)
        return world_complain(&g->world, WM_EARGUMENT,
                              "%s is not empty; name a new directory, or give --force to replace its dataset", dir);
    return WM_OK;
}

static int write_all(struct generator *g)
{
    int code = open_sheets(g);
    if (code != WM_OK)
        return code;
    fwrite(g->world.organisations_bytes, 1, g->world.organisations_len, g->sheets[ORGANISATIONS_CSV].file);
    fwrite(g->world.policy_bytes, 1, g->world.policy_len, g->sheets[POLICY_JSON].file);
    generate_posts(g);
    generate_packages(g);
    generate_mentors(g);
    generate_budgets(g);
    code = generate_leaders(g);
    return code == WM_OK ? close_sheets(g) : code;
}

static int open_sheets(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        snprintf(s->part, sizeof s->part, "%s/%s.part", g->options->dir, SHEET_NAMES[i]);
        s->file = fopen(s->part, "wb");
        if (s->file == NULL) {
            int code = world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(errno));
            s->part[0] = '\0';
            return code;
        }
    }
    return WM_OK;
}

static int close_sheets(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        FILE *file = s->file;
        s->file = NULL;
        bool written = fflush(file) == 0 && !ferror(file);
        int reason = errno;
        if (fclose(file) != 0 && written) {
            reason = errno;
            written = false;
        }
        if (!written)
            return world_complain(&g->world, WM_EREAD, "%s cannot be written: %s", s->part, strerror(reason));
    }
    for (int i = 0; i < SHEETS; i++) {
        struct sheet *s = &g->sheets[i];
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(s->part) - strlen(".part")), s->part);
        if (rename(s->part, name) != 0)
            return world_complain(&g->world, WM_EREAD, "%s cannot be renamed: %s", s->part, strerror(errno));
        s->part[0] = '\0';
    }
    return WM_OK;
}

static void undo(struct generator *g)
{
    for (int i = 0; i < SHEETS; i++) {
        if (g->sheets[i].file != NULL)
            fclose(g->sheets[i].file);
        if (g->sheets[i].part[0] != '\0')
            unlink(g->sheets[i].part);
    }
    if (g->made_dir)
        rmdir(g->options->dir);
}
