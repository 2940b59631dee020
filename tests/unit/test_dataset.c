/* Datasets: what the digest sees and what it does not, what is loaded and what never is, sharing, and memory running out. */
#include "fault.h"
#include "small.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct wm_dataset *build(const struct small *small)
{
    static char faults[100000];
    struct wm_dataset *dataset = NULL;
    int status = small_build(small, &dataset, faults, sizeof faults);
    assert_string_equal(faults, "");
    assert_int_equal(status, WM_OK);
    assert_non_null(dataset);
    return dataset;
}

static void answers_about_itself(void **state)
{
    struct small small;
    (void)state;
    small_init(&small);
    struct wm_dataset *dataset = build(&small);
    assert_int_equal(strlen(wm_dataset_digest(dataset)), 32);
    assert_int_equal(strspn(wm_dataset_digest(dataset), "0123456789abcdef"), 32);
    assert_int_equal(strlen(wm_policy_digest(dataset)), 32);
    assert_string_not_equal(wm_policy_digest(dataset), wm_dataset_digest(dataset));
    assert_string_equal(wm_policy_version(dataset), "small");
    assert_int_equal(wm_policy_as_of(dataset), 20642);
    assert_true(wm_dataset_bytes(dataset) > 1000);
    assert_int_equal(wm_domain_count(dataset), 2);
    assert_string_equal(wm_domain_name(dataset, 1), "quality");
    assert_null(wm_domain_name(dataset, 2));
    assert_int_equal(wm_component_count(dataset), 2);
    assert_string_equal(wm_component_name(dataset, 0), "pay");
    assert_null(wm_component_name(dataset, 2));
    assert_int_equal(wm_vocabulary_count(dataset, "grade"), 2);
    assert_string_equal(wm_vocabulary_word(dataset, "grade", 0), "band_9");
    assert_null(wm_vocabulary_word(dataset, "grade", 2));
    assert_int_equal(wm_vocabulary_count(dataset, "domain"), 2);
    assert_int_equal(wm_vocabulary_count(dataset, "colour"), 0);
    assert_null(wm_vocabulary_word(dataset, "colour", 0));
    wm_dataset_unref(dataset);
    wm_dataset_unref(NULL);
    small_fini(&small);
}

static void digest_sees_content_and_nothing_else(void **state)
{
    static const struct {
        const char *file, *from, *to;
        bool same;
    } cases[] = {
        /* Spelling, quoting, line ends and order. */
        {"posts.csv", "post_id,ods_code", "\"post_id\",ods_code", true},
        {"posts.csv", "P1,RX1,Chief executive", "\"P1\",\"RX1\",\"Chief executive\"", true},
        {"posts.csv", "180000,1,", "\"180000\",\"1\",", true},
        {"posts.csv", ",4,3.5,", ",4.0,3.5,", true},
        {"posts.csv", "\nP2", "\r\n\n\nP2", true},
        {"posts.csv", "post_id", "\xef\xbb\xbfpost_id", true},
        {"leaders.csv", "London;North West", "North West;London", true},
        {"leaders.csv", "chief_executive;chair", "chair;chief_executive", true},
        {"budgets.csv", "region,North West,400000\nicb,QA1,200000\n", "icb,QA1,200000\nregion,North West,400000\n",
         true},
        {"mentors.csv",
         "mentor_id,ods_code,region,roles,expertise,hours,remote\nM1,RX1,London,chief_executive,culture;quality,80,1\n",
         "remote,hours,expertise,region,roles,ods_code,mentor_id\r\n1,80,quality;culture,London,chief_executive,RX1,M1",
         true},
        /* Content. */
        {"organisations.csv", "6.16", "6.17", false},
        {"organisations.csv", "Second", "Secund", false},
        {"organisations.csv", "RA2,Second,", "RA2,Second,acute", false},
        {"leaders.csv", "P2;P1", "P1;P2", false}, /* preferences are ranked */
        {"leaders.csv", "\nL1,,", "\nL1,RX1,", false},
        {"leaders.csv", "\nL1,", "\nL0,", false},
        {"leaders.csv", ",0.5,0.25,", ",0.25,0.5,", false},
        {"packages.csv", "40,9000", "41,9000", false},
        {"mentors.csv", ",80,1", ",80,0", false},
        {"budgets.csv", "organisation,RX1,50000\n", "", false},
    };
    struct small small;
    (void)state;
    small_init(&small);
    struct wm_dataset *first = build(&small);
    small_fini(&small);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        small_init(&small);
        small_replace(&small, cases[i].file, cases[i].from, cases[i].to);
        struct wm_dataset *dataset = build(&small);
        assert_int_equal(strcmp(wm_dataset_digest(dataset), wm_dataset_digest(first)) == 0, cases[i].same);
        assert_string_equal(wm_policy_digest(dataset), wm_policy_digest(first));
        wm_dataset_unref(dataset);
        small_fini(&small);
    }
    wm_dataset_unref(first);
}

static void digest_ignores_what_is_apart(void **state)
{
    struct small small;
    (void)state;
    small_init(&small);
    struct wm_dataset *first = build(&small);
    static const char monitoring[] =
        "leader_id,sex,ethnic_group,age_band,disability,religion,sexual_orientation\nL1,f,,,,,\n";
    small_set(&small, "monitoring.csv", monitoring, strlen(monitoring));
    struct wm_dataset *second = build(&small);
    assert_string_equal(wm_dataset_digest(first), wm_dataset_digest(second));
    assert_int_equal(wm_dataset_bytes(first), wm_dataset_bytes(second));
    wm_dataset_unref(first);
    wm_dataset_unref(second);
    small_fini(&small);
}

static void sources_may_come_in_any_order(void **state)
{
    struct small small;
    struct wm_source turned[SMALL_FILES + 1];
    struct wm_dataset *second = NULL;
    (void)state;
    small_init(&small);
    struct wm_dataset *first = build(&small);
    for (int i = 0; i < SMALL_FILES; i++)
        turned[SMALL_FILES - 1 - i] = small.sources[i];
    turned[SMALL_FILES] = (struct wm_source){"README.md", "not a table", 11};
    assert_int_equal(wm_dataset_build(turned, SMALL_FILES + 1, NULL, &second), WM_OK);
    assert_string_equal(wm_dataset_digest(first), wm_dataset_digest(second));
    wm_dataset_unref(first);
    wm_dataset_unref(second);
    assert_int_equal(wm_dataset_build(NULL, 0, NULL, &second), WM_EDATA);
    small_fini(&small);
}

static void too_many_packages_are_refused(void **state)
{
    char rows[8000] = "";
    struct small small;
    struct wm_dataset *dataset = NULL;
    struct wm_faults *faults;
    (void)state;
    size_t len = 0;
    for (int i = 0; i < 63; i++)
        len += (size_t)snprintf(rows + len, sizeof rows - len, "X%02d,More,0,0,0,0,0,0,0,0,0,,\n", i);
    strcpy(rows + len, "K2,");
    small_init(&small);
    small_replace(&small, "packages.csv", "K2,", rows); /* 65 in all */
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_dataset_build(small.sources, SMALL_FILES, faults, &dataset), WM_EDATA);
    assert_int_equal(wm_faults_count(faults), 1);
    assert_string_equal(wm_faults_at(faults, 0)->file, "packages.csv");
    wm_faults_free(faults);
    small_replace(&small, "packages.csv", "X00,More,0,0,0,0,0,0,0,0,0,,\n", "");
    wm_dataset_unref(build(&small));
    small_fini(&small);
}

/* Faults of an earlier reading stay in the list and do not make the next one fail. */
static void faults_add_up(void **state)
{
    struct small small;
    struct wm_dataset *dataset = NULL;
    struct wm_faults *faults;
    (void)state;
    small_init(&small);
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_dataset_build(small.sources, 1, faults, &dataset), WM_EDATA);
    size_t count = wm_faults_count(faults);
    assert_int_equal(count, WM_TABLES);
    assert_int_equal(wm_dataset_build(small.sources, SMALL_FILES, faults, &dataset), WM_OK);
    assert_int_equal(wm_faults_count(faults), count);
    wm_dataset_unref(dataset);
    wm_faults_free(faults);
    small_fini(&small);
}

/* ---- Sharing ---- */

static void *read_and_release(void *shared)
{
    struct wm_dataset *dataset = shared;
    size_t bad = 0;
    for (int i = 0; i < 2000; i++) {
        size_t row;
        char text[32];
        struct wm_dataset *mine = wm_dataset_ref(dataset);
        bad += wm_row_find(mine, WM_LEADERS, "L2", &row) != WM_OK || row != 1;
        bad += wm_cell_text(mine, WM_LEADERS, 2, 3, text, sizeof text) != 3;
        wm_dataset_unref(mine);
    }
    wm_dataset_unref(dataset);
    return (void *)bad;
}

static void threads_share_it(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct small small;
    (void)state;
    small_init(&small);
    struct wm_dataset *dataset = build(&small);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_and_release, wm_dataset_ref(dataset)), 0);
    wm_dataset_unref(dataset); /* whichever thread is last frees it */
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    small_fini(&small);
}

/* ---- Files ---- */

static void write_files(const struct small *small, const char *directory)
{
    for (int i = 0; i < SMALL_FILES; i++) {
        char path[200];
        if (!small->sources[i].bytes)
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, small->sources[i].name);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(small->sources[i].bytes, 1, small->sources[i].len, file), small->sources[i].len);
        assert_int_equal(fclose(file), 0);
    }
}

static void remove_files(const struct small *small, const char *directory)
{
    for (int i = 0; i < SMALL_FILES; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", directory, small->sources[i].name);
        unlink(path);
        rmdir(path);
    }
    assert_int_equal(rmdir(directory), 0);
}

static void loading_never_opens_monitoring_or_history(void **state)
{
    char directory[] = "/tmp/wellmatch-test-XXXXXX", path[200];
    struct small small;
    struct wm_dataset *loaded = NULL;
    (void)state;
    small_init(&small);
    assert_non_null(mkdtemp(directory));
    write_files(&small, directory);
    snprintf(path, sizeof path, "%s/monitoring.csv", directory); /* opening either could only fail */
    assert_int_equal(mkdir(path, 0), 0);
    snprintf(path, sizeof path, "%s/history.csv", directory);
    assert_int_equal(symlink("history.csv", path), 0);
    struct wm_dataset *built = build(&small);
    assert_int_equal(wm_dataset_load(directory, NULL, &loaded), WM_OK);
    assert_string_equal(wm_dataset_digest(loaded), wm_dataset_digest(built));
    struct wm_sources *sources;
    struct wm_faults *faults;
    struct wm_dataset *apart = NULL;
    size_t n;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_sources_read(directory, true, faults, &sources), WM_OK);
    const struct wm_source *list = wm_sources_list(sources, &n);
    assert_int_equal(wm_dataset_build(list, n, faults, &apart), WM_EREAD);
    assert_null(apart);
    assert_int_equal(wm_faults_count(faults), 2);
    assert_int_equal(wm_dataset_build(list, n, NULL, &apart), WM_EREAD);
    wm_sources_free(sources);
    wm_faults_free(faults);
    wm_dataset_unref(built);
    wm_dataset_unref(loaded);
    remove_files(&small, directory);
    small_fini(&small);
    assert_int_equal(wm_dataset_load("/tmp/wellmatch-there-is-no-such-directory", NULL, &loaded), WM_EREAD);
}

/* A file that cannot be read is one fault among the others, told once, and does not hide them. */
static void an_unreadable_file_hides_no_fault(void **state)
{
    static const char *const expected[] = {
        "leaders.csv 5: the row has 1 cell and there are 22 headings",
        "mentors.csv 0: the file is absent",
        "posts.csv 0: cannot be read: it is a directory",
    };
    char directory[] = "/tmp/wellmatch-test-XXXXXX", path[200], told[200];
    struct small small;
    struct wm_dataset *dataset = NULL;
    struct wm_faults *faults;
    (void)state;
    small_init(&small);
    small_replace(&small, "leaders.csv", "0,,\n", "0,,\nx\n");
    small_set(&small, "mentors.csv", NULL, 0);
    assert_non_null(mkdtemp(directory));
    write_files(&small, directory);
    snprintf(path, sizeof path, "%s/posts.csv", directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_dataset_load(directory, faults, &dataset), WM_EREAD);
    assert_null(dataset);
    assert_int_equal(wm_faults_count(faults), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        snprintf(told, sizeof told, "%s %ld: %s", fault->file, fault->line, fault->what);
        assert_string_equal(told, expected[i]);
    }
    assert_int_equal(wm_dataset_load(directory, NULL, &dataset), WM_EREAD);
    wm_faults_free(faults);
    remove_files(&small, directory);
    small_fini(&small);
}

static void every_allocation_may_fail(void **state)
{
    char directory[] = "/tmp/wellmatch-test-XXXXXX", digest[33];
    struct small small;
    size_t failed = 0;
    (void)state;
    small_init(&small);
    assert_non_null(mkdtemp(directory));
    write_files(&small, directory);
    struct wm_dataset *right = build(&small);
    memcpy(digest, wm_dataset_digest(right), 33);
    wm_dataset_unref(right);
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct wm_dataset *dataset = NULL;
        struct wm_faults *faults;
        assert_int_equal(wm_faults_new(10, &faults), WM_OK);
        fault_after(n);
        int status = wm_dataset_load(directory, n % 2 ? faults : NULL, &dataset);
        fault_off();
        done = fault_count() < n;
        assert_true(status == WM_EMEMORY || status == WM_OK);
        assert_int_equal(dataset != NULL, status == WM_OK);
        assert_true(status == WM_OK || !done);
        if (dataset)
            assert_string_equal(wm_dataset_digest(dataset), digest);
        failed += status != WM_OK;
        wm_dataset_unref(dataset);
        wm_faults_free(faults);
    }
    assert_true(failed > 500);
    remove_files(&small, directory);
    small_fini(&small);
}

/* With short memory the list of faults may be shorter, but the count and the refusal stay. */
static void faults_survive_short_memory(void **state)
{
    struct small small;
    (void)state;
    small_init(&small);
    for (int i = 0; i < 3; i++)
        small_replace(&small, "budgets.csv", "0000\n", "_\n");
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct wm_dataset *dataset = NULL;
        struct wm_faults *faults;
        assert_int_equal(wm_faults_new(10, &faults), WM_OK);
        fault_after(n);
        int status = wm_dataset_build(small.sources, SMALL_FILES, faults, &dataset);
        fault_off();
        done = fault_count() < n;
        assert_null(dataset);
        assert_true(status == WM_EMEMORY || status == WM_EDATA);
        if (status == WM_EDATA)
            assert_int_equal(wm_faults_count(faults), 3);
        assert_true(wm_faults_kept(faults) <= wm_faults_count(faults));
        wm_faults_free(faults);
    }
    small_fini(&small);
}

/* ---- The sample ---- */

/* Turns a file's rows round; the sample's cells hold no line ends. */
static char *reversed(const struct wm_source *source)
{
    char *out = malloc(source->len + 1);
    assert_non_null(out);
    const char *header = memchr(source->bytes, '\n', source->len), *end = source->bytes + source->len;
    assert_non_null(header);
    size_t at = (size_t)(header + 1 - source->bytes);
    memcpy(out, source->bytes, at);
    while (end > header + 1) {
        const char *start = end - 1;
        while (start[-1] != '\n')
            start--;
        memcpy(out + at, start, (size_t)(end - start));
        at += (size_t)(end - start);
        end = start;
    }
    return out;
}

static void sample_is_accepted_whole_and_in_any_order(void **state)
{
    struct wm_sources *sources;
    struct wm_source turned[SMALL_FILES];
    struct wm_faults *faults;
    struct wm_dataset *dataset = NULL, *other = NULL;
    size_t n;
    (void)state;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_sources_read("data/sample", true, faults, &sources), WM_OK);
    const struct wm_source *list = wm_sources_list(sources, &n);
    int status = wm_dataset_build(list, n, faults, &dataset);
    for (size_t i = 0; i < wm_faults_kept(faults); i++)
        print_error("%s:%ld:%ld: %s\n", wm_faults_at(faults, i)->file, wm_faults_at(faults, i)->line,
                    wm_faults_at(faults, i)->column, wm_faults_at(faults, i)->what);
    assert_int_equal(status, WM_OK);
    assert_int_equal(wm_table_rows(dataset, WM_ORGANISATIONS), 199);
    assert_int_equal(wm_table_rows(dataset, WM_POSTS), 60);
    assert_int_equal(wm_table_rows(dataset, WM_LEADERS), 400);

    memcpy(turned, list, n * sizeof *list);
    for (size_t i = 1; i < n; i++)
        turned[i].bytes = turned[i].bytes ? reversed(&list[i]) : NULL;
    assert_int_equal(wm_dataset_build(turned, n, faults, &other), WM_OK);
    assert_string_equal(wm_dataset_digest(dataset), wm_dataset_digest(other));
    for (int table = 0; table < WM_TABLES; table++) {
        size_t n_columns;
        wm_table_columns(dataset, (enum wm_table)table, &n_columns);
        for (size_t row = 0; row < wm_table_rows(dataset, (enum wm_table)table); row++)
            for (size_t c = 0; c < n_columns; c++) {
                char a[2000], b[2000];
                wm_cell_text(dataset, (enum wm_table)table, row, c, a, sizeof a);
                wm_cell_text(other, (enum wm_table)table, row, c, b, sizeof b);
                assert_string_equal(a, b);
            }
    }
    for (size_t i = 1; i < n; i++)
        free(turned[i].bytes ? (char *)(uintptr_t)turned[i].bytes : NULL);
    wm_dataset_unref(dataset);
    wm_dataset_unref(other);
    wm_sources_free(sources);
    wm_faults_free(faults);
}

static int install(void **state)
{
    (void)state;
    fault_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_about_itself),
        cmocka_unit_test(digest_sees_content_and_nothing_else),
        cmocka_unit_test(digest_ignores_what_is_apart),
        cmocka_unit_test(sources_may_come_in_any_order),
        cmocka_unit_test(too_many_packages_are_refused),
        cmocka_unit_test(faults_add_up),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(loading_never_opens_monitoring_or_history),
        cmocka_unit_test(an_unreadable_file_hides_no_fault),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(faults_survive_short_memory),
        cmocka_unit_test(sample_is_accepted_whole_and_in_any_order),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
