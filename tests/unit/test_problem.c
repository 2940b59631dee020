/* The text of problems: what it means, every fault with its place, numbers at their edges, and memory running out. */
#include "fault.h"
#include "problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The problem, or NULL with its faults as "line:column: what; expected" a line each. */
static struct wm_problem *read_text(const char *text, char *said, size_t cap)
{
    struct wm_faults *faults;
    struct wm_problem *problem = NULL;
    size_t len = strlen(text), n = 0;
    char *copy = malloc(len + 1); /* exactly as long, so that a sanitizer sees a read past its end */
    assert_non_null(copy);
    memcpy(copy, text, len);
    copy = realloc(copy, len ? len : 1);
    assert_int_equal(wm_faults_new(100, &faults), WM_OK);
    int status = wm_problem_parse("p", copy, len, faults, &problem);
    assert_int_equal(status, wm_faults_count(faults) ? WM_EDATA : WM_OK);
    said[0] = '\0';
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *f = wm_faults_at(faults, i);
        n += (size_t)snprintf(said + n, cap - n, "%ld:%ld: %s; %s\n", f->line, f->column, f->what, f->expected);
    }
    wm_faults_free(faults);
    free(copy);
    return problem;
}

static void test_meaning(void **state)
{
    (void)state;
    char said[4000];
    struct wm_problem *p = read_text("# a comment\n\nwellmatch-problem 1\r\n"
                                     "sense min\n"
                                     "lock a x#1\n" /* used above where it is declared; # inside a name is no comment */
                                     "group a must # exactly one\n"
                                     "\toption 1.5 x#1 r=0.000001 s=3\n"
                                     "option -2e-9 y\n"
                                     "resource r 1000000000000 must\n"
                                     "group b\n"
                                     "group c\n"
                                     "option 0.0000000005 x#1 s=0\n"
                                     "lock a x#1\n"
                                     "forbid c x#1\n"
                                     "resource s 1e3",
                                     said, sizeof said);
    assert_string_equal(said, "");
    assert_non_null(p);
    assert_true(wm_problem_minimises(p));
    assert_int_equal(wm_problem_groups(p), 3);
    assert_int_equal(wm_problem_options(p), 3);
    assert_int_equal(wm_problem_resources(p), 2);
    assert_true(p->must[0] && !p->must[1] && !p->must[2]);
    assert_int_equal(p->value_nano[0], 1500000000);
    assert_int_equal(p->value_nano[1], -2);
    assert_int_equal(p->value_nano[2], 1); /* half a unit, away from zero */
    assert_int_equal(p->first_use[1], 2);
    assert_int_equal(p->use_micro[0], 1);
    assert_int_equal(p->use_micro[1], 3000000);
    assert_int_equal(p->first_use[3], 2); /* a use of nothing is none */
    assert_true(p->limit_micro[0] == INT64_C(1000000000000000000) && p->limit_micro[1] == 1000000000);
    assert_true(p->resource_must[0] && !p->resource_must[1]);
    assert_int_equal(p->n_locks, 1);
    assert_true(p->forbidden[2] && !p->forbidden[0]);
    size_t group, option, resource;
    assert_int_equal(wm_problem_find_option(p, "c", "x#1", &group, &option), WM_OK);
    assert_true(group == 2 && option == 2);
    assert_int_equal(wm_problem_find_option(p, "b", "x#1", &group, &option), WM_EUNKNOWN);
    assert_int_equal(wm_problem_find_resource(p, "s", &resource), WM_OK);
    assert_int_equal(resource, 1);
    assert_int_equal(wm_problem_find_resource(p, "t", &resource), WM_EUNKNOWN);
    assert_string_equal(wm_problem_option_name(p, 1), "y");
    assert_null(wm_problem_group_name(p, 3));
    wm_problem_free(p);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "0:0: the file says nothing; 'wellmatch-problem 1' first\n"},
        {"wellmatch-problem 2", "1:19: another format: '2'; 'wellmatch-problem 1'\n"},
        {"wellmatch-problem 1\nsense best\nsense max\nresource r -1\nresource s 1.0000001\nresource r 1\n"
         "resource t 1 most\nresource u 1 must now\n",
         "2:7: sense 'best'; max or min\n"
         "3:7: a second sense: 'max'; one line 'sense' at most\n"
         "4:12: limit '-1'; a number from 0 to 1000000000000 with at most 6 decimals\n"
         "5:12: limit '1.0000001'; a number from 0 to 1000000000000 with at most 6 decimals\n"
         "6:10: a second resource 'r'; each resource once\n"
         "7:14: a word after the limit: 'most'; 'must', or nothing\n"
         "8:19: one word too many: 'now'; the end of the line\n"},
        {"wellmatch-problem 1\noption 1 a\ngroup g maybe\noption x a\noption 1 a\noption 1\ngroup g\nbroup h\n",
         "2:10: option without a group: 'a'; a line 'group' above\n"
         "3:9: a word after the name of a group: 'maybe'; 'must', or nothing\n"
         "4:8: value 'x'; a number from -1000000000 to 1000000000, then the name\n"
         "5:10: a second option 'a'; each option once in its group\n"
         "6:9: the line ends before a name; option VALUE NAME [RESOURCE=USE ...]\n"
         "7:7: a second group 'g'; each group once, with all its options\n"
         "8:1: no such line: 'broup'; sense, resource, group, option, lock, forbid or a # comment\n"},
        {"wellmatch-problem 1\nresource money 5\ngroup g\noption 1 a mony=1 money=1 money=2\noption 1 b money\n"
         "lock h a\nforbid g c\nlock g a b\n",
         "4:12: no such resource: 'mony'; a name with a line 'resource'; the nearest is 'money'\n"
         "4:27: used twice by one option: 'money'; each resource once\n"
         "5:12: a word without '=': 'money'; RESOURCE=USE, without blanks\n"
         "6:6: no such group: 'h'; a name with a line 'group'\n"
         "7:10: no such option: 'c'; an option of that group\n"
         "8:10: one word too many: 'b'; GROUP OPTION\n"},
        {"wellmatch-problem", "1:18: the line ends before the format's number; 'wellmatch-problem 1'\n"},
        {"wellmatch-problem1\nsense\nresource\nresource r # 1\ngroup\noption\noption 1\nlock\nforbid\ngroup g\n"
         "option 1 x\nforbid g\n",
         "1:1: the heading is missing: the first line begins with 'wellmatch-problem1'; 'wellmatch-problem 1'\n"
         "2:6: the line ends before max or min; sense max, or sense min\n"
         "3:9: the line ends before a name; resource NAME LIMIT [must]\n"
         "4:12: the line ends before a limit; resource NAME LIMIT [must]\n"
         "5:6: the line ends before a name; group NAME [must]\n"
         "6:7: the line ends before a value; option VALUE NAME [RESOURCE=USE ...]\n"
         "7:9: the line ends before a name; option VALUE NAME [RESOURCE=USE ...]\n"
         "8:5: the line ends before a group; lock GROUP OPTION\n"
         "9:7: the line ends before a group; forbid GROUP OPTION\n"
         "12:9: the line ends before an option; forbid GROUP OPTION\n"},
        {"wellmatch-problem 1\nresource r 1\ngroup abc\noption 1 xyz r = 1 s=1\noption 1 b r =1 =1 r=\nlock abd xyz\n"
         "lock abc xyy\n",
         "4:14: a word without '=': 'r'; RESOURCE=USE, without blanks\n"
         "4:20: no such resource: 's'; a name with a line 'resource'\n"
         "5:12: a word without '=': 'r'; RESOURCE=USE, without blanks\n"
         "5:17: a use of nothing: '=1'; RESOURCE=USE, without blanks\n"
         "5:20: a use without its amount: 'r='; RESOURCE=USE, without blanks\n"
         "6:6: no such group: 'abd'; a name with a line 'group'; the nearest is 'abc'\n"
         "7:10: no such option: 'xyy'; an option of that group; the nearest is 'xyz'\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char said[4000];
        struct wm_problem *p = read_text(cases[i].text, said, sizeof said);
        assert_null(p);
        assert_string_equal(said, cases[i].said);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool good;
        int64_t nano;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+1", true, 1000000000},
        {".5", true, 500000000},
        {"5.", true, 5000000000},
        {"1000000000", true, INT64_C(1000000000000000000)},
        {"-1e9", true, INT64_C(-1000000000000000000)},
        {"1000000000.0000000004", true, INT64_C(1000000000000000000)},
        {"1000000000.000000001", false, 0},
        {"1e-9", true, 1},
        {"-4.9e-10", true, 0},
        {"0.33333333333333333333333333333333333333333333333333", true, 333333333},
        {"0.00000000049999999999999999999999999999999999999999999", true, 0},
        {"100000000000000000000000000000000000000000000000000e-50", true, 1000000000},
        {"1e999999999999999999999", false, 0},
        {"1e-99999999999999999999", true, 0},
        {"0e999999999", true, 0},
        {"1e", false, 0},
        {"1e+", false, 0},
        {".", false, 0},
        {"-", false, 0},
        {"1.2.3", false, 0},
        {"nan", false, 0},
        {"inf", false, 0},
        {"0x10", false, 0},
        {"1,5", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200], said[1000];
        snprintf(text, sizeof text, "wellmatch-problem 1\ngroup g\noption %s a\n", cases[i].value);
        struct wm_problem *p = read_text(text, said, sizeof said);
        if ((p != NULL) != cases[i].good || (p && p->value_nano[0] != cases[i].nano))
            fail_msg("%s: %lld %s", cases[i].value, p ? (long long)p->value_nano[0] : 0, said);
        wm_problem_free(p);
    }
}

/* ---- made in code, and written out ---- */

struct text {
    char bytes[4000];
    size_t len, pieces, most;
};

static bool put(void *arg, const char *bytes, size_t len)
{
    struct text *text = arg;
    assert_true(text->len + len < sizeof text->bytes);
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
    return ++text->pieces < text->most;
}

static int make(bool named, struct wm_problem **out)
{
    static const struct problem_room room = {2, 4, 2, 1, 4};
    struct wm_problem *p;
    int status = problem_new(&room, true, &p);
    if (status != WM_OK)
        return status;
    *out = p;
    status = problem_add_resource(p, named ? "money" : NULL, 2500000, false);
    if (status == WM_OK)
        status = problem_add_resource(p, named ? "seats" : NULL, 1000000, true);
    if (status == WM_OK)
        status = problem_add_group(p, named ? "a" : NULL, true);
    if (status == WM_OK)
        status = problem_add_option(p, named ? "x" : NULL, -1);
    if (status == WM_OK)
        status = problem_add_use(p, 0, 1);
    if (status == WM_OK)
        status = problem_add_use(p, 1, 0);
    if (status == WM_OK)
        status = problem_add_option(p, named ? "y" : NULL, INT64_C(1000000000000000000));
    if (status == WM_OK)
        status = problem_add_group(p, named ? "b" : NULL, false);
    if (status == WM_OK)
        status = problem_add_option(p, named ? "x" : NULL, 1500000000);
    if (status == WM_OK)
        status = problem_add_use(p, 1, 1000000);
    if (status != WM_OK) {
        wm_problem_free(p);
        return status;
    }
    problem_forbid(p, 1);
    return problem_lock(p, 2);
}

static void test_written(void **state)
{
    (void)state;
    static const char named[] = "wellmatch-problem 1\nsense min\nresource money 2.5\nresource seats 1 must\n"
                                "group a must\noption -0.000000001 x money=0.000001\noption 1000000000 y\n"
                                "group b\noption 1.5 x seats=1\nlock b x\nforbid a y\n";
    static const char unnamed[] = "wellmatch-problem 1\nsense min\nresource r0 2.5\nresource r1 1 must\n"
                                  "group g0 must\noption -0.000000001 o0 r0=0.000001\noption 1000000000 o1\n"
                                  "group g1\noption 1.5 o2 r1=1\nlock g1 o2\nforbid g0 o1\n";
    for (int names = 0; names < 2; names++) {
        struct wm_problem *p = NULL;
        struct text text = {.most = SIZE_MAX}, again = text, cut = {.most = 1};
        char said[1000];
        assert_int_equal(make(names, &p), WM_OK);
        wm_problem_write(p, put, &text);
        assert_string_equal(text.bytes, names ? named : unnamed);
        wm_problem_write(p, put, &cut);
        assert_int_equal(cut.pieces, 1);
        size_t group, option;
        assert_int_equal(wm_problem_find_option(p, "b", "x", &group, &option), names ? WM_OK : WM_EUNKNOWN);
        assert_int_equal(problem_lock(p, 2), WM_OK); /* said twice is said once */
        assert_int_equal(problem_lock(p, 0), WM_ELIMIT);
        wm_problem_free(p);
        p = read_text(text.bytes, said, sizeof said);
        assert_non_null(p);
        wm_problem_write(p, put, &again);
        assert_string_equal(again.bytes, text.bytes);
        wm_problem_free(p);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct problem_room room = {1, 1, 1, 0, 1};
    static const char *const bad[] = {"", "a b", "a=b", "#a", "a\nb", "a\tb", "\xff"};
    struct wm_problem *p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(problem_new(&room, false, &p), WM_OK);
        assert_int_equal(problem_add_resource(p, bad[i], 0, false), WM_EARGUMENT);
        wm_problem_free(p);
    }
    assert_int_equal(problem_new(&room, false, &p), WM_OK);
    assert_int_equal(problem_add_option(p, NULL, 0), WM_EARGUMENT); /* of no group */
    assert_int_equal(problem_add_use(p, 0, 1), WM_EARGUMENT);
    assert_int_equal(problem_add_resource(p, NULL, -1, false), WM_EARGUMENT);
    assert_int_equal(problem_add_resource(p, NULL, INT64_C(1000000000000000000), false), WM_OK);
    assert_int_equal(problem_add_resource(p, NULL, 0, false), WM_ELIMIT);
    assert_int_equal(problem_add_group(p, "g", false), WM_OK);
    assert_int_equal(problem_add_group(p, "h", false), WM_ELIMIT);
    assert_int_equal(problem_add_option(p, NULL, INT64_C(1000000000000000001)), WM_EARGUMENT);
    assert_int_equal(problem_add_option(p, NULL, 5), WM_OK);
    assert_int_equal(problem_add_option(p, NULL, 5), WM_ELIMIT);
    assert_int_equal(problem_add_use(p, 1, 1), WM_EARGUMENT);
    assert_int_equal(problem_add_use(p, 0, 1), WM_OK);
    assert_int_equal(problem_add_use(p, 0, 1), WM_ELIMIT);
    assert_int_equal(problem_lock(p, 1), WM_EARGUMENT);
    wm_problem_free(p);
    static const struct problem_room two = {2, 2, 2, 0, 0};
    assert_int_equal(problem_new(&two, false, &p), WM_OK);
    assert_int_equal(problem_add_group(p, "g", false), WM_OK);
    assert_int_equal(problem_add_group(p, "g", false), WM_EARGUMENT);
    wm_problem_free(p);
    assert_int_equal(problem_new(&(struct problem_room){.options = SIZE_MAX}, false, &p), WM_ELIMIT);
    for (size_t n = 1;; n++) {
        fault_after(n);
        int status = make(true, &p);
        size_t asked = fault_count();
        fault_off();
        if (asked < n)
            break;
        assert_int_equal(status, WM_EMEMORY);
    }
    wm_problem_free(p);
}

static void test_memory(void **state)
{
    (void)state;
    static char text[200000];
    size_t len = (size_t)sprintf(text, "wellmatch-problem 1\nresource r 1\n");
    for (int g = 0; g < 3000; g++)
        len += (size_t)sprintf(text + len, "group g%d\noption 1 a r=1\n", g);
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        struct wm_problem *problem = NULL;
        fault_after(n);
        int status = wm_problem_parse("p", text, len, NULL, &problem);
        size_t asked = fault_count();
        fault_off();
        wm_problem_free(problem);
        if (asked < n) {
            assert_int_equal(status, WM_OK);
            break;
        }
        assert_int_equal(status, WM_EMEMORY);
        failed++;
    }
    assert_true(failed > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning), cmocka_unit_test(test_faults),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_written), cmocka_unit_test(test_refused), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
