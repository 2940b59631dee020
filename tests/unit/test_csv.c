/* CSV bytes to records with their lines, what cannot be read, files that cannot be opened, and memory running out. */
#include "csv_records.h"
#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct dump {
    char text[4000];
    size_t len;
};

/* "2[a|b@3]": a record on line 2 whose second cell begins on line 3. */
static int write_record(void *context, const struct record *record)
{
    struct dump *dump = context;
    dump->len += (size_t)snprintf(dump->text + dump->len, sizeof dump->text - dump->len, "%ld[", record->line);
    for (size_t i = 0; i < record->n_cells && i < CELLS_MAX; i++) {
        const struct record_cell *cell = &record->cells[i];
        assert_int_equal(cell->text[cell->len], 0);
        dump->len +=
            (size_t)snprintf(dump->text + dump->len, sizeof dump->text - dump->len, "%s%s", i ? "|" : "", cell->text);
        if (cell->line != record->line)
            dump->len += (size_t)snprintf(dump->text + dump->len, sizeof dump->text - dump->len, "@%ld", cell->line);
    }
    dump->len += (size_t)snprintf(dump->text + dump->len, sizeof dump->text - dump->len, "]");
    return WM_OK;
}

/* Reads the bytes; the records go into dump, after them each fault as "!line:column:what". */
static int read_all(const char *bytes, size_t len, struct dump *dump, size_t *n_broken)
{
    struct arena scratch;
    struct wm_faults *faults;
    /* An exact copy, so that a sanitizer sees a read past its end. */
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    const struct wm_source source = {"x.csv", copy, len};
    dump->len = 0;
    dump->text[0] = '\0';
    assert_int_equal(wm_faults_new(1000, &faults), WM_OK);
    arena_init(&scratch, 1 << 22);
    int status = csv_records(&scratch, &source, faults, write_record, dump, n_broken);
    for (size_t i = 0; i < wm_faults_kept(faults) && dump->len < 3000; i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        assert_string_equal(fault->file, "x.csv");
        dump->len += (size_t)snprintf(dump->text + dump->len, sizeof dump->text - dump->len, "!%ld:%ld:%s", fault->line,
                                      fault->column, fault->what);
    }
    arena_fini(&scratch);
    wm_faults_free(faults);
    free(copy);
    return status;
}

#define UNDOUBLED "a quotation mark inside a cell that does not begin with one"
#define GOES_ON "the cell goes on after its closing quotation mark"
#define UNCLOSED "a quoted cell is not closed by the end of the file"

static void reads_records_with_their_lines(void **state)
{
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"", ""},
        {"\n\n\r\n", ""},
        {"\xef\xbb\xbf", ""},
        {"a", "1[a]"},
        {"a,b\nc,d\n", "1[a|b]2[c|d]"},
        {"a,b\r\nc,d\r\n", "1[a|b]2[c|d]"},
        {"a,b\r\nc,d", "1[a|b]2[c|d]"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "1[a|b]"},
        {"a,,\n,\n", "1[a||]2[|]"},
        {"a,", "1[a|]"},
        {"\n\na\n\n\nb\n", "3[a]6[b]"},
        {"\"a,b\",\"c\"\"d\"\n", "1[a,b|c\"d]"},
        {"\"\"\n", "1[]"},
        {"\"a\"\r\n\"b\"", "1[a]2[b]"},
        {"x,\"a\nb\nc\",y\nz\n", "1[x|a\nb\nc|y@3]4[z]"},
        {"x,\"a\r\nb\",y\r\nz\r\n", "1[x|a\nb|y@2]3[z]"},
        {"\"a\n\n\nb\"\nz\n", "1[a\n\n\nb]5[z]"},
        {" a , b \n", "1[ a | b ]"},
        {"\t\n", "1[\t]"},
        {"a\rb\nc\n", "1[a\rb]2[c]"},
        {"a\r", "1[a\r]"},
        {"a;b\n", "1[a;b]"},
        /* What cannot be read, and that the rest is read all the same. */
        {"a\nb\"c,d\ne\n", "1[a]3[e]!2:1:" UNDOUBLED},
        {"a\nx,b\"c\ne\n", "1[a]3[e]!2:2:" UNDOUBLED},
        {"a\n\"b\"c\ne\n", "1[a]3[e]!2:1:" GOES_ON},
        {"a\n\"b\" ,c\ne\n", "1[a]3[e]!2:1:" GOES_ON},
        {"a\nx,\"b\ne,f\ng\n", "1[a]3[e|f]4[g]!2:2:" UNCLOSED},
        {"a\nx,\"b", "1[a]!2:2:" UNCLOSED},
        {"\"", "!1:1:" UNCLOSED},
        {"a\nx,\"b\ne,\"f\"\ng\n", "1[a]3[e|f]4[g]!2:2:" GOES_ON},
        {"\"a\n\"b\n\"c", "!1:1:" GOES_ON "!2:1:" GOES_ON "!3:1:" UNCLOSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dump dump;
        size_t n_broken;
        assert_int_equal(read_all(cases[i].bytes, strlen(cases[i].bytes), &dump, &n_broken), WM_OK);
        assert_string_equal(dump.text, cases[i].expected);
        assert_int_equal(n_broken > 0, strchr(cases[i].expected, '!') != NULL);
    }
}

static int check_nul(void *context, const struct record *record)
{
    assert_int_equal(record->n_cells, 2);
    assert_int_equal(record->cells[0].len, 3);
    assert_memory_equal(record->cells[0].text, "a\0b", 4);
    ++*(int *)context;
    return WM_OK;
}

static void keeps_nul_bytes_in_cells(void **state)
{
    struct arena scratch;
    size_t n_broken;
    int calls = 0;
    const struct wm_source source = {"x.csv", "a\0b,c\n", 6};
    (void)state;
    arena_init(&scratch, 1 << 22);
    assert_int_equal(csv_records(&scratch, &source, NULL, check_nul, &calls, &n_broken), WM_OK);
    assert_int_equal(calls, 1);
    arena_fini(&scratch);
}

static int count(void *context, const struct record *record)
{
    (void)record;
    ++*(size_t *)context;
    return WM_OK;
}

static void bounds_long_rows(void **state)
{
    size_t len = 3 * RECORD_BYTES_MAX, n_broken;
    char *bytes = malloc(len), expected[200];
    struct dump *dump = malloc(sizeof *dump);
    (void)state;
    assert_non_null(bytes);
    assert_non_null(dump);

    memset(bytes, 'x', len); /* one line */
    memcpy(bytes, "a\n", 2);
    memcpy(bytes + len - 3, "\nz\n", 3);
    assert_int_equal(read_all(bytes, len, dump, &n_broken), WM_OK);
    snprintf(expected, sizeof expected, "1[a]3[z]!2:0:the row is longer than %d bytes", RECORD_BYTES_MAX);
    assert_string_equal(dump->text, expected);

    for (size_t i = 0; i < len; i++) /* many lines that an open quote runs through */
        bytes[i] = i % 64 == 63 ? '\n' : 'x';
    memcpy(bytes, "a,b\nc,\"d\n", 9);
    struct arena scratch;
    struct wm_faults *faults;
    const struct wm_source source = {"x.csv", bytes, len};
    size_t counted = 0;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    arena_init(&scratch, 1 << 22);
    assert_int_equal(csv_records(&scratch, &source, faults, count, &counted, &n_broken), WM_OK);
    assert_int_equal(counted, 1 + len / 64);
    assert_int_equal(wm_faults_count(faults), 1);
    assert_int_equal(wm_faults_at(faults, 0)->line, 2);
    assert_int_equal(wm_faults_at(faults, 0)->column, 2);
    arena_fini(&scratch);
    wm_faults_free(faults);
    free(dump);
    free(bytes);
}

static void gives_up_after_many_broken_records(void **state)
{
    char bytes[4 * (BROKEN_MAX + 50)];
    struct dump *dump = malloc(sizeof *dump);
    size_t n_broken;
    (void)state;
    assert_non_null(dump);
    for (size_t i = 0; i < sizeof bytes; i += 4)
        memcpy(bytes + i, "a\"b\n", 4);
    assert_int_equal(read_all(bytes, sizeof bytes, dump, &n_broken), WM_OK);
    assert_int_equal(n_broken, BROKEN_MAX);
    free(dump);
}

static int stop_at_second(void *context, const struct record *record)
{
    (void)record;
    return ++*(int *)context == 2 ? WM_EDATA : WM_OK;
}

static void stops_when_told(void **state)
{
    struct arena scratch;
    const struct wm_source source = {"x.csv", "a\nb\nc\nd\n", 8};
    size_t n_broken;
    int calls = 0;
    (void)state;
    arena_init(&scratch, 1 << 22);
    assert_int_equal(csv_records(&scratch, &source, NULL, stop_at_second, &calls, &n_broken), WM_EDATA);
    assert_int_equal(calls, 2);
    arena_fini(&scratch);
}

static void counts_cells_beyond_those_kept(void **state)
{
    char bytes[1000];
    struct dump *dump = malloc(sizeof *dump);
    size_t n_broken;
    (void)state;
    assert_non_null(dump);
    memset(bytes, ',', sizeof bytes);
    assert_int_equal(read_all(bytes, sizeof bytes, dump, &n_broken), WM_OK);
    assert_int_equal(n_broken, 0);
    assert_int_equal(strlen(dump->text), 3 + CELLS_MAX - 1);
    free(dump);
}

static void every_allocation_may_fail(void **state)
{
    size_t failed = 0;
    (void)state;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct arena scratch;
        struct dump dump = {.len = 0};
        size_t n_broken;
        const struct wm_source source = {"x.csv", "a,b\n\"c\nd,e\nf,g\n", 15};
        arena_init(&scratch, 1 << 22);
        fault_after(n);
        int status = csv_records(&scratch, &source, NULL, write_record, &dump, &n_broken);
        fault_off();
        done = fault_count() < n;
        assert_true(status == WM_EMEMORY || status == WM_OK); /* libcsv asks again for less, so it may also succeed */
        assert_true(status == WM_OK || !done);
        if (status == WM_OK)
            assert_string_equal(dump.text, "1[a|b]3[d|e]4[f|g]");
        failed += status != WM_OK;
        arena_fini(&scratch);
        assert_true(n < 100);
    }
    assert_true(failed > 0);
}

/* ---- Files ---- */

static char directory[] = "/tmp/wellmatch-test-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path_of("posts.csv"));
    rmdir(path_of("posts.csv"));
    unlink(path_of("monitoring.csv"));
    unlink(path_of("policy.json"));
    return rmdir(directory);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void reads_the_files_that_are_there(void **state)
{
    struct wm_sources *sources;
    size_t n;
    (void)state;
    write_file("posts.csv", "post_id\nP1\n");
    write_file("policy.json", "");
    write_file("monitoring.csv", "leader_id\n");
    assert_int_equal(wm_sources_read(directory, false, NULL, &sources), WM_OK);
    const struct wm_source *list = wm_sources_list(sources, &n);
    assert_int_equal(n, 1 + WM_TABLES);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, "posts.csv") == 0) {
            assert_int_equal(list[i].len, 11);
            assert_memory_equal(list[i].bytes, "post_id\nP1\n", 11);
        } else if (strcmp(list[i].name, "policy.json") == 0) {
            assert_non_null(list[i].bytes); /* empty, but there */
            assert_int_equal(list[i].len, 0);
        } else {
            assert_null(list[i].bytes);
        }
        assert_string_not_equal(list[i].name, "monitoring.csv");
    }
    wm_sources_free(sources);

    assert_int_equal(wm_sources_read(directory, true, NULL, &sources), WM_OK);
    list = wm_sources_list(sources, &n);
    assert_int_equal(n, 1 + WM_TABLES_ALL);
    assert_string_equal(list[1 + WM_MONITORING].name, "monitoring.csv");
    assert_int_equal(list[1 + WM_MONITORING].len, 10);
    wm_sources_free(sources);
    wm_sources_free(NULL);
}

static void assert_fault(const struct wm_faults *faults, const char *file, const char *reason, const char *expected)
{
    assert_int_equal(wm_faults_count(faults), 1);
    assert_string_equal(wm_faults_at(faults, 0)->file, file);
    assert_non_null(strstr(wm_faults_at(faults, 0)->what, reason));
    assert_string_equal(wm_faults_at(faults, 0)->expected, expected);
}

/* posts.csv cannot be read; all else is, and it is not taken for absent. */
static void assert_unreadable(const char *reason)
{
    struct wm_sources *sources = NULL;
    struct wm_faults *faults;
    size_t n;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_sources_read(directory, true, faults, &sources), WM_OK);
    assert_fault(faults, "posts.csv", reason, "a file that can be read");
    const struct wm_source *list = wm_sources_list(sources, &n);
    assert_int_equal(n, 1 + WM_TABLES_ALL);
    for (size_t i = 0; i < n; i++) {
        bool there = strcmp(list[i].name, "policy.json") == 0 || strcmp(list[i].name, "monitoring.csv") == 0;
        bool unreadable = strcmp(list[i].name, "posts.csv") == 0;
        assert_int_equal(list[i].bytes != NULL, there);
        assert_int_equal(list[i].len == SOURCE_UNREADABLE, unreadable);
    }
    wm_sources_free(sources);
    wm_faults_free(faults);
    assert_int_equal(wm_sources_read(directory, true, NULL, &sources), WM_OK);
    wm_sources_free(sources);
}

static void says_why_a_file_cannot_be_read(void **state)
{
    static const char nowhere[] = "/tmp/wellmatch-there-is-no-such-directory";
    struct wm_sources *sources = NULL;
    struct wm_faults *faults;
    (void)state;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_sources_read(nowhere, false, faults, &sources), WM_EREAD);
    assert_null(sources);
    assert_fault(faults, nowhere, "No such file", "a folder");
    wm_faults_free(faults);
    assert_int_equal(wm_sources_read(nowhere, false, NULL, &sources), WM_EREAD);
    unlink(path_of("posts.csv"));
    assert_int_equal(mkdir(path_of("posts.csv"), 0700), 0);
    assert_unreadable("is a directory");
    assert_int_equal(rmdir(path_of("posts.csv")), 0);
    assert_int_equal(mkfifo(path_of("posts.csv"), 0600), 0);
    assert_unreadable("not a regular file"); /* and does not hang */
    assert_int_equal(unlink(path_of("posts.csv")), 0);
    assert_int_equal(symlink("posts.csv", path_of("posts.csv")), 0);
    assert_unreadable("symbolic links");
}

static void reading_files_may_run_out_of_memory(void **state)
{
    (void)state;
    unlink(path_of("posts.csv"));
    write_file("posts.csv", "post_id\nP1\n");
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct wm_sources *sources = NULL;
        fault_after(n);
        int status = wm_sources_read(directory, true, NULL, &sources);
        fault_off();
        done = fault_count() < n;
        assert_int_equal(status, done ? WM_OK : WM_EMEMORY);
        wm_sources_free(sources);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records_with_their_lines),
        cmocka_unit_test(keeps_nul_bytes_in_cells),
        cmocka_unit_test(bounds_long_rows),
        cmocka_unit_test(gives_up_after_many_broken_records),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(counts_cells_beyond_those_kept),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(reads_the_files_that_are_there),
        cmocka_unit_test(says_why_a_file_cannot_be_read),
        cmocka_unit_test(reading_files_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
