/*
 * Runs tests/golden/NAME.rpc on data/sample: groups of three lines (what is shown, the request, the reply to the
 * byte; "-" when there is none), a blank line after each. `test_golden --update` writes the replies as they are now:
 * look at the difference before you keep it.
 */
#include "dispatch.h"
#include "plans.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/golden"

static struct wm_dataset *dataset;
static struct method_host host; /* keeps plans, which are solved as they are asked for */
static bool update;

struct line {
    char *at;
    size_t cap;
};

/* False at the end of the file. */
static bool next_line(FILE *file, struct line *line)
{
    ssize_t len = getline(&line->at, &line->cap, file);
    if (len > 0 && line->at[len - 1] == '\n')
        line->at[len - 1] = '\0';
    return len >= 0;
}

static size_t run_group(const char *file, const char *name, const char *request, const char *expected, FILE *updated)
{
    struct buf reply;
    buf_init(&reply, 1u << 30);
    dispatch_line(dataset, &host, request, strlen(request), &reply);
    if (reply.len == 0)
        buf_char(&reply, '-');
    buf_char(&reply, '\0');
    assert_false(reply.failed);
    bool same = strcmp(reply.at, expected) == 0;
    if (updated != NULL)
        fprintf(updated, "%s\n%s\n%s\n\n", name, request, reply.at);
    else if (!same)
        print_error("%s: %s\n  asked    %s\n  expected %s\n  got      %s\n", file, name, request, expected, reply.at);
    buf_fini(&reply);
    return !same && updated == NULL;
}

/* Runs one file; returns how many groups were wrong and adds to *n_groups. */
static size_t run_file(const char *file, size_t *n_groups)
{
    char path[512], new_path[520];
    snprintf(path, sizeof path, FOLDER "/%s", file);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    FILE *in = fopen(path, "r"), *out = update ? fopen(new_path, "w") : NULL;
    assert_non_null(in);
    assert_true(!update || out != NULL);
    struct line name = {0}, request = {0}, reply = {0};
    size_t wrong = 0;
    while (next_line(in, &name)) {
        if (name.at[0] == '\0')
            continue;
        if (!next_line(in, &request) || (!next_line(in, &reply) && !update))
            fail_msg("%s: the group '%s' has not three lines", file, name.at);
        wrong += run_group(file, name.at, request.at, reply.at == NULL ? "" : reply.at, out);
        (*n_groups)++;
    }
    free(name.at);
    free(request.at);
    free(reply.at);
    fclose(in);
    if (update) {
        assert_int_equal(fclose(out), 0);
        assert_int_equal(rename(new_path, path), 0);
    }
    return wrong;
}

static int is_golden(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".rpc") == 0;
}

static void golden(void **state)
{
    (void)state;
    struct dirent **entries;
    int n = scandir(FOLDER, &entries, is_golden, alphasort);
    assert_true(n > 0);
    size_t wrong = 0, groups = 0;
    for (int i = 0; i < n; i++) {
        wrong += run_file(entries[i]->d_name, &groups);
        free(entries[i]);
    }
    free(entries);
    assert_true(groups > 0);
    if (wrong > 0)
        fail_msg("%zu of %zu replies differ; `test_golden --update` writes them as they are now", wrong, groups);
}

int main(int argc, char *argv[])
{
    update = argc == 2 && strcmp(argv[1], "--update") == 0;
    if (wm_dataset_load("data/sample", NULL, &dataset) != WM_OK) {
        fputs("data/sample cannot be loaded: run this from the repository's root\n", stderr);
        return 1;
    }
    const struct plans_options options = PLANS_OPTIONS_INIT;
    if (plans_new(&options, &host.plans)) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    plans_free(host.plans);
    wm_dataset_unref(dataset);
    return failed;
}
