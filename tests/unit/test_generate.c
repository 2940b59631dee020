/*
 * The generator: the checked-in sample comes out byte for byte, whatever it makes loads without a fault, its rows do
 * not depend on how many more are asked for, and refusals leave nothing behind. Two numbers of the sample's policy that
 * were measured elsewhere (what money moves, that place outweighs it) are held here too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../api/generate.h"
#include "wellmatch.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 300, FILES = 9 };

static const char *const NAMES[FILES] = {
    "organisations.csv", "policy.json", "posts.csv",      "leaders.csv", "packages.csv",
    "mentors.csv",       "budgets.csv", "monitoring.csv", "history.csv",
};

/* ---- A directory of its own for each test ---- */

struct place {
    char root[64];
    char dir[PATH]; /* below root; does not exist yet */
};

static int place_new(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->root, "/tmp/wellmatch-generate-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->dir, sizeof place->dir, "%s/made", place->root);
    *state = place;
    return 0;
}

static void empty_dir(const char *dir)
{
    DIR *list = opendir(dir);
    if (list == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char path[2 * PATH];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (unlink(path) != 0) {
            empty_dir(path);
            rmdir(path);
        }
    }
    closedir(list);
}

static int place_free(void **state)
{
    struct place *place = *state;
    empty_dir(place->root);
    rmdir(place->root);
    free(place);
    return 0;
}

static struct place *place_of(void **state)
{
    return *state;
}

static char *read_whole(const char *dir, const char *name, size_t *len)
{
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s is missing", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    bytes[*len] = '\0';
    fclose(file);
    return bytes;
}

static void write_whole(const char *dir, const char *name, const char *bytes)
{
    char path[2 * PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fputs(bytes, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static size_t files_in(const char *dir)
{
    size_t n = 0;
    DIR *list = opendir(dir);
    assert_non_null(list);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return n;
}

static void must_generate(const struct generate_options *options)
{
    char error[300];
    if (generate_dataset(options, error, sizeof error) != WM_OK)
        fail_msg("%s", error);
    assert_string_equal(error, "");
}

static void must_refuse(const struct generate_options *options, int code, const char *sentence)
{
    char error[300];
    assert_int_equal(generate_dataset(options, error, sizeof error), code);
    if (strstr(error, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", error, sentence);
}

static struct wm_dataset *must_load(const char *dir)
{
    struct wm_faults *faults;
    struct wm_dataset *dataset = NULL;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    if (wm_dataset_load(dir, faults, &dataset) != WM_OK) {
        const struct wm_fault *f = wm_faults_kept(faults) > 0 ? wm_faults_at(faults, 0) : NULL;
        if (f == NULL)
            fail_msg("%s does not load and names no fault", dir);
        else
            fail_msg("%s:%ld:%ld: %s; %s", f->file, f->line, f->column, f->what, f->expected);
    }
    assert_int_equal(wm_faults_count(faults), 0);
    wm_faults_free(faults);
    return dataset;
}

/* ---- What it makes ---- */

static void test_sample_is_reproduced(void **state)
{
    struct generate_options options = GENERATE_OPTIONS_INIT;
    options.dir = place_of(state)->dir;
    must_generate(&options);
    assert_int_equal(files_in(options.dir), FILES);
    for (int i = 0; i < FILES; i++) {
        size_t made_len, kept_len;
        char *made = read_whole(options.dir, NAMES[i], &made_len);
        char *kept = read_whole("data/sample", NAMES[i], &kept_len);
        if (made_len != kept_len || memcmp(made, kept, kept_len) != 0)
            fail_msg("data/sample/%s is not what the generator makes", NAMES[i]);
        free(made);
        free(kept);
    }
}

static void test_rows_stay_when_more_are_asked_for(void **state)
{
    static const char *const GROW[] = {"leaders.csv", "monitoring.csv", "mentors.csv", "history.csv"};
    struct place *place = place_of(state);
    struct generate_options few = GENERATE_OPTIONS_INIT, many = GENERATE_OPTIONS_INIT;
    char dir[PATH + 10];
    few.dir = place->dir;
    few.leaders = 40;
    must_generate(&few);
    snprintf(dir, sizeof dir, "%s-more", place->dir);
    many.dir = dir;
    many.leaders = 90;
    must_generate(&many);
    for (size_t i = 0; i < sizeof GROW / sizeof GROW[0]; i++) {
        size_t few_len, many_len;
        char *first = read_whole(few.dir, GROW[i], &few_len), *both = read_whole(many.dir, GROW[i], &many_len);
        assert_true(few_len < many_len);
        assert_memory_equal(first, both, few_len);
        free(first);
        free(both);
    }
}

static void test_another_seed_makes_other_people(void **state)
{
    struct place *place = place_of(state);
    struct generate_options options = GENERATE_OPTIONS_INIT;
    options.dir = place->dir;
    options.seed = 2027;
    must_generate(&options);
    for (int i = 2; i < FILES; i++) {
        size_t made_len, kept_len;
        char *made = read_whole(options.dir, NAMES[i], &made_len),
             *kept = read_whole("data/sample", NAMES[i], &kept_len);
        bool same = made_len == kept_len && memcmp(made, kept, kept_len) == 0;
        assert_int_equal(same, strcmp(NAMES[i], "packages.csv") == 0); /* packages are a list, not a draw */
        free(made);
        free(kept);
    }
}

static void test_every_size_loads(void **state)
{
    static const struct {
        int64_t leaders, posts;
        uint64_t seed;
    } SIZES[] = {{1, 1, 0}, {7, 300, UINT64_MAX}, {3000, 2000, 1}};
    struct generate_options options = GENERATE_OPTIONS_INIT;
    options.dir = place_of(state)->dir;
    options.force = true;
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        options.leaders = SIZES[i].leaders;
        options.posts = SIZES[i].posts;
        options.seed = SIZES[i].seed;
        must_generate(&options);
        struct wm_dataset *dataset = must_load(options.dir);
        assert_int_equal(wm_table_rows(dataset, WM_LEADERS), options.leaders);
        assert_int_equal(wm_table_rows(dataset, WM_POSTS), options.posts);
        assert_int_equal(wm_table_rows(dataset, WM_ORGANISATIONS), 199);
        wm_dataset_unref(dataset);
    }
}

/* monitoring.csv and history.csv are checked by validation only. */
static void test_files_kept_apart_are_valid(void **state)
{
    (void)state;
    struct wm_faults *faults;
    struct wm_sources *sources;
    struct wm_dataset *dataset = NULL;
    size_t n;
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_sources_read("data/sample", true, faults, &sources), WM_OK);
    const struct wm_source *list = wm_sources_list(sources, &n);
    assert_int_equal(wm_dataset_build(list, n, faults, &dataset), WM_OK);
    assert_int_equal(wm_faults_count(faults), 0);
    wm_dataset_unref(dataset);
    wm_sources_free(sources);
    wm_faults_free(faults);
}

static void on_progress(void *context, int64_t done, int64_t all)
{
    int64_t *last = context;
    assert_true(done > *last && done <= all);
    *last = done;
}

static void test_progress_reaches_the_end(void **state)
{
    int64_t last = 0;
    struct generate_options options = GENERATE_OPTIONS_INIT;
    options.dir = place_of(state)->dir;
    options.leaders = 20001;
    options.on_progress = on_progress;
    options.context = &last;
    must_generate(&options);
    assert_int_equal(last, 20001);
}

/* ---- What a planner finds in the sample ---- */

static void test_sample_gives_plausible_shortlists(void **state)
{
    (void)state;
    struct wm_dataset *dataset = must_load("data/sample");
    int role = wm_column_find(dataset, WM_POSTS, "role");
    size_t n = wm_table_rows(dataset, WM_POSTS), few = 0, none = 0;
    for (size_t post = 0; post < n; post++) {
        struct wm_query query = WM_QUERY_INIT;
        struct wm_shortlist *shortlist;
        char word[40];
        query.subject = post;
        assert_int_equal(wm_shortlist_make(dataset, &query, &shortlist), WM_OK);
        wm_cell_text(dataset, WM_POSTS, post, (size_t)role, word, sizeof word);
        none += shortlist->eligible == 0;
        few += shortlist->eligible >= 3 && shortlist->eligible <= 40;
        if (strcmp(word, "non_executive") == 0 || strcmp(word, "chair") == 0)
            assert_true(shortlist->eligible > 0);
        assert_true(shortlist->eligible <= 60);
        wm_shortlist_free(shortlist);
    }
    assert_int_equal(n, 60);
    assert_in_range(few, n * 3 / 4, n);
    assert_in_range(none, 1, 6);
    wm_dataset_unref(dataset);
}

static double policy_number(const json_t *policy, const char *group, const char *member)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(policy, group), member), "value");
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static double chance_at(double logit)
{
    return 1 / (1 + exp(-logit));
}

/* US Talent Transfer Initiative: USD 20,000 moved about 5% of the people approached; TERS: place outweighs money. */
static void test_money_moves_about_five_percent(void **state)
{
    (void)state;
    json_t *policy = json_load_file("data/sample/policy.json", 0, NULL), *component;
    assert_non_null(policy);
    double money = 0;
    size_t i;
    json_array_foreach (json_object_get(policy, "components"), i, component) {
        const char *column = json_string_value(json_object_get(component, "column"));
        if (strcmp(column, "pay_premium_pct") == 0 || strcmp(column, "relocation_gbp") == 0)
            money += json_number_value(json_object_get(json_object_get(component, "effect"), "value"));
    }
    double base = policy_number(policy, "accept", "base"),
           typical = base - policy_number(policy, "accept", "severity") / 2;
    double easy = chance_at(base + money) - chance_at(base), usual = chance_at(typical + money) - chance_at(typical);
    assert_true(easy > 0.04 && easy < 0.06);
    assert_true(usual > 0.04 && usual < 0.06);
    assert_true(policy_number(policy, "accept", "distance_per_100km") * 1.5 > money);
    json_decref(policy);
}

/* ---- What it refuses ---- */

static void test_full_directory_is_refused_unless_forced(void **state)
{
    struct generate_options options = GENERATE_OPTIONS_INIT;
    size_t len;
    options.dir = place_of(state)->dir;
    assert_int_equal(mkdir(options.dir, 0777), 0);
    write_whole(options.dir, "mine.txt", "kept");
    write_whole(options.dir, "posts.csv", "old");
    must_refuse(&options, WM_EARGUMENT, "is not empty");
    assert_int_equal(files_in(options.dir), 2);
    options.force = true;
    must_generate(&options);
    assert_int_equal(files_in(options.dir), FILES + 1);
    char *mine = read_whole(options.dir, "mine.txt", &len);
    assert_string_equal(mine, "kept");
    free(mine);
}

static void test_options_out_of_range_are_refused(void **state)
{
    struct generate_options options = GENERATE_OPTIONS_INIT;
    must_refuse(&options, WM_EARGUMENT, "no directory");
    options.dir = place_of(state)->dir;
    options.leaders = 0;
    must_refuse(&options, WM_EARGUMENT, "number of leaders is 0");
    options.leaders = (int64_t)WM_ROWS_MAX + 1;
    must_refuse(&options, WM_EARGUMENT, "number of leaders");
    options.leaders = 1;
    options.posts = -1;
    must_refuse(&options, WM_EARGUMENT, "number of posts is -1");
    assert_int_equal(files_in(place_of(state)->root), 0);
}

static void test_places_that_cannot_be_written_are_named(void **state)
{
    struct generate_options options = GENERATE_OPTIONS_INIT;
    char dir[PATH + 20];
    snprintf(dir, sizeof dir, "%s/not/there", place_of(state)->root);
    options.dir = dir;
    must_refuse(&options, WM_EREAD, dir);
    write_whole(place_of(state)->root, "made", "a file");
    options.dir = place_of(state)->dir;
    must_refuse(&options, WM_EREAD, "cannot be opened");
    assert_int_equal(files_in(place_of(state)->root), 1);
}

/* A file that may not grow stands for a full disk: the fault is told, and what was there before stays. */
static void test_full_disk_leaves_the_old_dataset(void **state)
{
    struct generate_options options = GENERATE_OPTIONS_INIT;
    struct rlimit before, small;
    char error[300];
    size_t len;
    options.dir = place_of(state)->dir;
    assert_int_equal(mkdir(options.dir, 0777), 0);
    write_whole(options.dir, "leaders.csv", "old");
    options.force = true;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 60000; /* organisations.csv fits, leaders.csv does not */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int code = generate_dataset(&options, error, sizeof error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, WM_EREAD);
    assert_non_null(strstr(error, "leaders.csv.part cannot be written"));
    assert_int_equal(files_in(options.dir), 1);
    char *old = read_whole(options.dir, "leaders.csv", &len);
    assert_string_equal(old, "old");
    free(old);
}

/* Replaces the first `from` of a sample file by `to`, writes it to the root and gives its path. */
static void spoil(struct place *place, const char *name, const char *from, const char *to, char path[2 * PATH])
{
    size_t len;
    char *bytes = read_whole("data/sample", name, &len), *at = strstr(bytes, from);
    assert_non_null(at);
    char *spoilt = malloc(len + strlen(to) + 1);
    assert_non_null(spoilt);
    sprintf(spoilt, "%.*s%s%s", (int)(at - bytes), bytes, to, at + strlen(from));
    write_whole(place->root, name, spoilt);
    snprintf(path, 2 * PATH, "%s/%s", place->root, name);
    free(bytes);
    free(spoilt);
}

static void test_spoilt_sources_are_named(void **state)
{
    static const struct {
        const char *file, *from, *to, *sentence;
        int code;
    } CASES[] = {
        {"policy.json", "\"format\"", "format", "policy.json:2:", WM_EDATA},
        {"policy.json", "2026-07-08\",\n", "soon\",\n", "as_of is 'soon'", WM_EDATA},
        {"policy.json", "\"chair\"", "\"chairperson\"", "lacks the role chair", WM_EDATA},
        {"policy.json", "\"band_8d\"", "\"band_8e\"", "lacks the grade band_8d", WM_EDATA},
        {"policy.json", "\"domains\"", "\"fields\"", "names no domain", WM_EDATA},
        {"policy.json", "\"full\": 15", "\"full\": 0", "component pay", WM_EDATA},
        {"organisations.csv", "latitude", "lattitude", "lacks the column latitude", WM_EDATA},
        {"organisations.csv", ",London,", ",Londinium,", "organisations.csv:2: region 'Londinium'", WM_EDATA},
        {"organisations.csv", "\nG6V2S", "\n", "organisations.csv:2: ods_code is empty", WM_EDATA},
        {"organisations.csv", "\nG6V2S", "\n\"G6V\"2S", "organisations.csv:2: not a CSV file", WM_EDATA},
    };
    struct place *place = place_of(state);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct generate_options options = GENERATE_OPTIONS_INIT;
        char path[2 * PATH];
        spoil(place, CASES[i].file, CASES[i].from, CASES[i].to, path);
        options.dir = place->dir;
        if (strcmp(CASES[i].file, "policy.json") == 0)
            options.policy_path = path;
        else
            options.organisations_path = path;
        must_refuse(&options, CASES[i].code, CASES[i].sentence);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(files_in(place->root), 0);
    }
    struct generate_options options = GENERATE_OPTIONS_INIT;
    options.dir = place->dir;
    options.policy_path = "data/sample/no-policy.json";
    must_refuse(&options, WM_EREAD, "data/sample/no-policy.json cannot be opened");
}

int main(void)
{
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(test_sample_is_reproduced),
        IN_A_PLACE(test_rows_stay_when_more_are_asked_for),
        IN_A_PLACE(test_another_seed_makes_other_people),
        IN_A_PLACE(test_every_size_loads),
        cmocka_unit_test(test_files_kept_apart_are_valid),
        IN_A_PLACE(test_progress_reaches_the_end),
        cmocka_unit_test(test_sample_gives_plausible_shortlists),
        cmocka_unit_test(test_money_moves_about_five_percent),
        IN_A_PLACE(test_full_directory_is_refused_unless_forced),
        IN_A_PLACE(test_options_out_of_range_are_refused),
        IN_A_PLACE(test_places_that_cannot_be_written_are_named),
        IN_A_PLACE(test_full_disk_leaves_the_old_dataset),
        IN_A_PLACE(test_spoilt_sources_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
