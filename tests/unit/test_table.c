/* What a table accepts and refuses, fault by fault, and what its cells are afterwards. */
#include "small.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FAULTS_CAP = 100000 };

struct spoiled {
    const char *file, *from, *to;
    const char *faults; /* all of them; "" when the file is still fine */
};

static void assert_faults(const struct spoiled *cases, size_t n)
{
    static char faults[FAULTS_CAP];
    for (size_t i = 0; i < n; i++) {
        struct small small;
        struct wm_dataset *dataset = NULL;
        small_init(&small);
        small_replace(&small, cases[i].file, cases[i].from, cases[i].to);
        int status = small_build(&small, &dataset, faults, sizeof faults);
        assert_string_equal(faults, cases[i].faults);
        assert_int_equal(status, *cases[i].faults ? WM_EDATA : WM_OK);
        assert_int_equal(dataset != NULL, status == WM_OK);
        wm_dataset_unref(dataset);
        small_fini(&small);
    }
}

static void refuses_headings(void **state)
{
    static const struct spoiled cases[] = {
        {"posts.csv", "grade", "grdae",
         "posts.csv:1:0: the heading grade is missing; each heading of the table\n"
         "posts.csv:1:5: unknown heading 'grdae'; the nearest is grade\n"},
        {"posts.csv", "grade", "Grade",
         "posts.csv:1:0: the heading grade is missing; each heading of the table\n"
         "posts.csv:1:5: unknown heading 'Grade'; the nearest is grade\n"},
        {"posts.csv", "title", "region", /* a heading twice: the first one counts */
         "posts.csv:1:0: the heading title is missing; each heading of the table\n"
         "posts.csv:1:10: the heading region stands twice; each heading once\n"
         "posts.csv:2:3: region is 'Chief executive'; one of London, North West\n"
         "posts.csv:3:3: region is 'Chair'; one of London, North West\n"},
        {"posts.csv", ",title", "",
         "posts.csv:1:0: the heading title is missing; each heading of the table\n"
         "posts.csv:2:0: the row has 14 cells and there are 13 headings; one for each heading\n"
         "posts.csv:3:0: the row has 14 cells and there are 13 headings; one for each heading\n"},
        {"posts.csv", "need_culture", "need_cultures",
         "posts.csv:1:0: the heading need_culture is missing; each heading of the table\n"
         "posts.csv:1:11: unknown heading 'need_cultures'; the nearest is need_culture\n"},
        {"posts.csv", "need_culture", "",
         "posts.csv:1:0: the heading need_culture is missing; each heading of the table\n"
         "posts.csv:1:11: unknown heading ''; a heading of this table\n"},
        {"mentors.csv", "mentor_id,ods_code,region,roles,expertise,hours,remote",
         "mentor_id;ods_code;region;roles;expertise;hours;remote",
         "mentors.csv:1:0: none of the headings is known; the first is "
         "'mentor_id;ods_code;region;roles;expertise;hours;remote'; "
         "headings separated by commas, such as mentor_id,ods_code\n"},
    };
    (void)state;
    assert_faults(cases, sizeof cases / sizeof *cases);
}

static void refuses_cells(void **state)
{
#define NO_INTEGER(shown) "posts.csv:2:7: openings is '" shown "'; a whole number from 1 to 1000\n"
#define NO_NEED(shown) \
    "posts.csv:2:11: need_culture is '" shown "'; a number from 0 to 5 with at most 1 digit after the point\n"
#define NO_DAY(shown) "posts.csv:2:8: starts is '" shown "'; a day as YYYY-MM-DD, from 1900 to 2199\n"
#define NO_ID(shown) \
    "packages.csv:2:1: package_id is '" shown "'; an id of 1 to 32 characters out of A-Z a-z 0-9 _ - .\n"
    static const struct spoiled cases[] = {
        {"posts.csv", "180000,1,", "180000,1000,", ""},
        {"posts.csv", "180000,1,", "180000,1001,", NO_INTEGER("1001")},
        {"posts.csv", "180000,1,", "180000,0,", NO_INTEGER("0")},
        {"posts.csv", "180000,1,", "180000,-1,", NO_INTEGER("-1")},
        {"posts.csv", "180000,1,", "180000,+1,", NO_INTEGER("+1")},
        {"posts.csv", "180000,1,", "180000,1.0,", NO_INTEGER("1.0")},
        {"posts.csv", "180000,1,", "180000,1e2,", NO_INTEGER("1e2")},
        {"posts.csv", "180000,1,", "180000,0x1,", NO_INTEGER("0x1")},
        {"posts.csv", "180000,1,", "180000,01,", NO_INTEGER("01")},
        {"posts.csv", "180000,1,", "180000,nan,", NO_INTEGER("nan")},
        {"posts.csv", "180000,1,", "180000,inf,", NO_INTEGER("inf")},
        {"posts.csv", "180000,1,", "180000,18446744073709551617,", NO_INTEGER("18446744073709551617")},
        {"posts.csv", "180000,1,", "180000,9223372036854775808,", NO_INTEGER("9223372036854775808")},
        {"posts.csv", "180000,1,", "180000,1 ,",
         "posts.csv:2:7: openings is '1 '; no blank before or after the value\n"},
        {"posts.csv", "180000,1,", "180000, 1,",
         "posts.csv:2:7: openings is ' 1'; no blank before or after the value\n"},
        {"posts.csv", "180000,1,", "180000,\"1\n\",",
         "posts.csv:2:7: openings is '1\\x0a'; no blank before or after the value\n"},
        {"posts.csv", "180000,1,", "180000,,", "posts.csv:2:7: openings is empty; a value\n"},
        {"posts.csv", "180000,1,", "180000,\"1\",", ""},
        {"posts.csv", ",4,3.5", ",5,3.5", ""},
        {"posts.csv", ",4,3.5", ",5.0,3.5", ""},
        {"posts.csv", ",4,3.5", ",0.0,3.5", ""},
        {"posts.csv", ",4,3.5", ",5.1,3.5", NO_NEED("5.1")},
        {"posts.csv", ",4,3.5", ",4.25,3.5", NO_NEED("4.25")},
        {"posts.csv", ",4,3.5", ",4.,3.5", NO_NEED("4.")},
        {"posts.csv", ",4,3.5", ",.4,3.5", NO_NEED(".4")},
        {"posts.csv", ",4,3.5", ",-0.1,3.5", NO_NEED("-0.1")},
        {"posts.csv", ",4,3.5", ",NaN,3.5", NO_NEED("NaN")},
        {"posts.csv", ",4,3.5", ",1e1,3.5", NO_NEED("1e1")},
        {"posts.csv", ",4,3.5", ",\"4,5\",3.5", NO_NEED("4,5")},
        {"posts.csv", ",4,3.5", ",,3.5", ""},
        {"posts.csv", "2026-10-01", "2026-06-31", NO_DAY("2026-06-31")},
        {"posts.csv", "2026-10-01", "01/10/2026", NO_DAY("01/10/2026")},
        {"posts.csv", "2026-10-01", "2200-01-01", NO_DAY("2200-01-01")},
        {"posts.csv", ",gmc,0", ",gmc,yes", "posts.csv:3:14: board_role is 'yes'; 0 or 1\n"},
        {"posts.csv", ",gmc,0", ",gmc,01", "posts.csv:3:14: board_role is '01'; 0 or 1\n"},
        {"posts.csv", ",gmc,0", ",gmc,", "posts.csv:3:14: board_role is empty; a value\n"},
        {"posts.csv", "vsm,180000", "vms,180000",
         "posts.csv:2:5: grade is 'vms'; one of band_9, vsm; the nearest is vsm\n"},
        {"posts.csv", "vsm,180000", "VSM,180000",
         "posts.csv:2:5: grade is 'VSM'; one of band_9, vsm; the nearest is vsm\n"},
        {"posts.csv", "vsm,180000", ",180000", "posts.csv:2:5: grade is empty; a value\n"},
        {"posts.csv", "RX1,", ",", "posts.csv:2:2: ods_code is empty; a value\n"},
        {"packages.csv", "K1", "K 1", NO_ID("K 1")},
        {"packages.csv", "K1", "K;1", NO_ID("K;1")},
        {"packages.csv", "K1", "K\xc3\xa9", NO_ID("K\xc3\xa9")},
        {"packages.csv", "K1", "123456789012345678901234567890123", NO_ID("123456789012345678901234567890123")},
        {"packages.csv", "K1", "12345678901234567890123456789.-_", ""},
        {"packages.csv", "K1", "", "packages.csv:2:1: package_id is empty; a value\n"},
        {"packages.csv", "Nothing more", "Nothing\tmore",
         "packages.csv:2:2: name is 'Nothing\\x09more'; text in UTF-8 without control characters\n"},
        {"packages.csv", "Nothing more", "Nothing\xff",
         "packages.csv:2:2: name is 'Nothing\\xff'; text in UTF-8 without control characters\n"},
        {"packages.csv", "Nothing more", "Nothing\rmore",
         "packages.csv:2:2: name is 'Nothing\\x0dmore'; text in UTF-8 without control characters\n"},
        {"packages.csv", "Nothing more", "\"Nothing\nmore\"", ""},
        {"organisations.csv", "RX1,\"First", "Rx1,\"First",
         "organisations.csv:2:1: ods_code is 'Rx1'; an id of 3 to 5 characters out of A-Z 0-9\n"},
        {"organisations.csv", "51.5,", "61.00001,",
         "organisations.csv:2:8: latitude is '61.00001'; a number from 49 to 61 with at most 5 digits after the "
         "point\n"},
        {"organisations.csv", "51.5,-0.12", "51.5,-9.00001",
         "organisations.csv:2:9: longitude is '-9.00001'; a number from -9 to 3 with at most 5 digits after the "
         "point\n"},
        {"organisations.csv", "51.5,-0.12", "51.5,--1",
         "organisations.csv:2:9: longitude is '--1'; a number from -9 to 3 with at most 5 digits after the point\n"},
        {"organisations.csv", "51.5,-0.12", "51.5,-0.0", ""},
        {"organisations.csv", "51.5,-0.12", ",-0.12",
         "organisations.csv:2:8: latitude is empty but longitude is given; both or neither\n"},
        {"organisations.csv", "51.5,-0.12", "51.5,",
         "organisations.csv:2:9: longitude is empty but latitude is given; both or neither\n"},
        {"leaders.csv", "51.4,-0.5", "51.4,",
         "leaders.csv:2:15: longitude is empty but latitude is given; both or neither\n"},
        {"leaders.csv", "51.4,-0.5", "x,-0.5",
         "leaders.csv:2:14: latitude is 'x'; a number from 49 to 61 with at most 5 digits after the point\n"},
        {"leaders.csv", "London;North West", "London;London",
         "leaders.csv:2:17: regions_willing is 'London;London'; each word once\n"},
        {"leaders.csv", "London;North West", "London;",
         "leaders.csv:2:17: regions_willing is 'London;'; words separated by ';', none of them empty\n"},
        {"leaders.csv", "London;North West", "London; North West",
         "leaders.csv:2:17: regions_willing is ' North West'; one of London, North West; the nearest is North West\n"},
        {"leaders.csv", "London;North West", "Lodnon;North Wst",
         "leaders.csv:2:17: regions_willing is 'Lodnon'; one of London, North West; the nearest is London\n"
         "leaders.csv:2:17: regions_willing is 'North Wst'; one of London, North West; the nearest is North West\n"},
        {"leaders.csv", "gmc;nmc", "gmc;old",
         "leaders.csv:2:10: accreditation is 'old', which is valid only until 2026-07-07; "
         "a word that is valid on 2026-07-08, the policy's day\n"},
        {"leaders.csv", "gmc;nmc", "gmc;new",
         "leaders.csv:2:10: accreditation is 'new', which is valid only from 2026-07-09; "
         "a word that is valid on 2026-07-08, the policy's day\n"},
        {"mentors.csv", "culture;quality", "culture;qualities",
         "mentors.csv:2:5: expertise is 'qualities'; one of culture, quality; the nearest is quality\n"},
    };
    (void)state;
    assert_faults(cases, sizeof cases / sizeof *cases);
}

static void refuses_references_and_doubles(void **state)
{
    static const struct spoiled cases[] = {
        {"posts.csv", "P1,RX1", "P1,RX9",
         "posts.csv:2:2: ods_code names 'RX9', which is not in organisations.csv; an id in organisations.csv; the "
         "nearest is RX1\n"},
        {"leaders.csv", "RA2,P2;P1", "RA2,P2;P7;P1",
         "leaders.csv:2:22: preferences names 'P7', which is not in posts.csv; an id in posts.csv; the nearest is "
         "P1\n"},
        {"leaders.csv", "RA2,P2;P1", "RA2,P2;P1;P2", "leaders.csv:2:22: preferences is 'P2;P1;P2'; each id once\n"},
        {"leaders.csv", "RA2,P2;P1", "RA2,P2;;P1",
         "leaders.csv:2:22: preferences is 'P2;;P1'; ids separated by ';', without blanks\n"},
        {"leaders.csv", "RA2,P2;P1", "XX,P2;P1",
         "leaders.csv:2:21: organisations_excluded names 'XX', which is not in organisations.csv; an id in "
         "organisations.csv\n"},
        {"leaders.csv", "\nL2,", "\nL3,", "leaders.csv:4:1: the id 'L3' stands already on line 2; each id once\n"},
        {"leaders.csv", "\nL1,", "\nL3,", "leaders.csv:3:1: the id 'L3' stands already on line 2; each id once\n"},
        {"budgets.csv", "icb,QA1", "region,North West",
         "budgets.csv:4:0: the id 'region:North West' stands already on line 3; each id once\n"},
        {"budgets.csv", "ENGLAND", "WALES",
         "budgets.csv:2:2: code of a budget of scope national is 'WALES'; ENGLAND\n"},
        {"budgets.csv", "North West", "Nowhere",
         "budgets.csv:3:2: code of a budget of scope region is 'Nowhere'; a word of the vocabulary region\n"},
        {"budgets.csv", "QA1", "QA2",
         "budgets.csv:4:2: code of a budget of scope icb is 'QA2'; an icb_code in organisations.csv\n"},
        {"budgets.csv", "RX1", "RX2",
         "budgets.csv:5:2: code of a budget of scope organisation is 'RX2'; an ods_code in organisations.csv\n"},
        {"budgets.csv", "icb,", "ibc,",
         "budgets.csv:4:1: scope is 'ibc'; one of national, region, icb, organisation; the nearest is icb\n"},
        /* A row that cannot be understood leaves open which ids there are: what refers to them is not accused. */
        {"organisations.csv", "RA2,Second", "RA2",
         "organisations.csv:3:0: the row has 27 cells and there are 28 headings; one for each heading\n"},
        {"organisations.csv", "RA2,Second", "RA2,Sec\"ond",
         "organisations.csv:3:2: a quotation mark inside a cell that does not begin with one; the whole cell in "
         "quotation marks, and each one within it doubled\n"},
        {"posts.csv", "P2,RA2", "P_,2,RA2",
         "posts.csv:3:0: the row has 15 cells and there are 14 headings; one for each heading\n"},
    };
    (void)state;
    assert_faults(cases, sizeof cases / sizeof *cases);
}

/* Leaders prefer posts: without posts.csv they are not accused of naming unknown ones. */
static void refuses_whole_files(void **state)
{
#define BYTES(text) text, sizeof text - 1
    static const struct {
        const char *file, *bytes;
        size_t len;
        const char *faults;
    } cases[] = {
        {"posts.csv", NULL, 0, "posts.csv:0:0: the file is absent; a CSV file with the table's headings\n"},
        {"posts.csv", BYTES(""), "posts.csv:0:0: the file is empty; a first row with the table's headings\n"},
        {"posts.csv", BYTES("\n\r\n\n"), "posts.csv:0:0: the file is empty; a first row with the table's headings\n"},
        {"posts.csv", BYTES("\xef\xbb\xbf"),
         "posts.csv:0:0: the file is empty; a first row with the table's headings\n"},
        {"posts.csv", BYTES("PK\3\4\0\0"),
         "posts.csv:1:0: none of the headings is known; the first is 'PK\\x03\\x04\\x00\\x00'; headings separated by "
         "commas, such as post_id,ods_code\n"},
        {"packages.csv",
         BYTES("package_id,name,pay_premium_pct,relocation_gbp,development_days,flexible_days,return_right_months,peer_"
               "network,mentor_hours,"
               "local_cost_gbp,central_cost_gbp,stock,segments\n"),
         "packages.csv:0:0: there are headings but no row; at least one row\n"},
        {"mentors.csv", BYTES("mentor_id,ods_code,region,roles,expertise,hours,remote\n"), ""},
        {"budgets.csv", BYTES("scope,code,amount_gbp"), ""},
        {"monitoring.csv",
         BYTES("leader_id,sex,ethnic_group,age_band,disability,religion,sexual_orientation\nL1,,,,,,\n"), ""},
        {"monitoring.csv",
         BYTES("leader_id,sex,ethnic_group,age_band,disability,religion,sexual_orientation\nL9,,,,,,\n"),
         "monitoring.csv:2:1: leader_id names 'L9', which is not in leaders.csv; an id in leaders.csv; the nearest is "
         "L1\n"},
        {"history.csv",
         BYTES("offer_id,leader_id,post_id,package_id,mentored,accepted,offered_on\nO1,,P1,K2,1,0,2025-01-01\nO2,,,K3,"
               "1,,\n"),
         "history.csv:3:4: package_id names 'K3', which is not in packages.csv; an id in packages.csv; the nearest is "
         "K1\n"
         "history.csv:3:6: accepted is empty; a value\n"},
    };
    static char faults[FAULTS_CAP];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small small;
        struct wm_dataset *dataset = NULL;
        small_init(&small);
        small_set(&small, cases[i].file, cases[i].bytes, cases[i].len);
        small_build(&small, &dataset, faults, sizeof faults);
        assert_string_equal(faults, cases[i].faults);
        wm_dataset_unref(dataset);
        small_fini(&small);
    }
}

/* As a spreadsheet saves "Unicode text": what is wrong is the encoding, not each heading. */
static void names_utf16(void **state)
{
    static const char wide[] = "\xff\xfem\0e\0n\0t\0o\0r\0_\0i\0d\0\n\0";
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset = NULL;
    (void)state;
    small_init(&small);
    small_set(&small, "mentors.csv", wide, sizeof wide - 1);
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_EDATA);
    assert_string_equal(
        faults, "mentors.csv:0:0: the file is encoded as UTF-16; UTF-8; spreadsheets offer it as 'CSV UTF-8'\n");
    small_fini(&small);
}

static void reports_everything_at_once_and_sorted(void **state)
{
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset = NULL;
    (void)state;
    small_init(&small);
    small_replace(&small, "posts.csv", "P2,RA2", "P2,RA3");
    small_replace(&small, "posts.csv", ",4,3.5", ",9,3.5");
    small_replace(&small, "leaders.csv", "\nL1,", "\nL2,");
    small_replace(&small, "budgets.csv", "50000", "-1");
    small_replace(&small, "policy.json", "-3.2", "-320");
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_EDATA);
    assert_string_equal(
        faults, "budgets.csv:5:3: amount_gbp is '-1'; a whole number from 0 to 1000000000000\n"
                "leaders.csv:4:1: the id 'L2' stands already on line 3; each id once\n"
                "policy.json:41:23: accept.base.value is -320; a number from -50 to 50\n"
                "posts.csv:2:11: need_culture is '9'; a number from 0 to 5 with at most 1 digit after the point\n"
                "posts.csv:3:2: ods_code names 'RA3', which is not in organisations.csv; an id in organisations.csv; "
                "the nearest is RA2\n");
    small_fini(&small);
}

static void keeps_few_and_counts_all(void **state)
{
    enum { ROWS = 5000 };
    static char text[ROWS * 16 + 100];
    struct small small;
    struct wm_dataset *dataset = NULL;
    struct wm_faults *faults;
    (void)state;
    size_t len = (size_t)sprintf(text, "scope,code,amount_gbp\n");
    for (int i = 0; i < ROWS; i++)
        len += (size_t)sprintf(text + len, "icb,%05d,1\n", i);
    small_init(&small);
    small_set(&small, "budgets.csv", text, len);
    assert_int_equal(wm_faults_new(10, &faults), WM_OK);
    assert_int_equal(wm_dataset_build(small.sources, SMALL_FILES, faults, &dataset), WM_EDATA);
    assert_int_equal(wm_faults_count(faults), ROWS);
    assert_int_equal(wm_faults_kept(faults), 10);
    assert_int_equal(wm_faults_at(faults, 9)->line, 11);
    assert_null(wm_faults_at(faults, 10));
    wm_faults_free(faults);
    assert_int_equal(wm_dataset_build(small.sources, SMALL_FILES, NULL, &dataset), WM_EDATA);
    assert_null(dataset);
    assert_int_equal(wm_faults_new(0, &faults), WM_EARGUMENT);
    small_fini(&small);
}

/* ---- What comes out ---- */

static void gives_cells_back(void **state)
{
    static const struct {
        enum wm_table table;
        const char *id, *column, *text;
        int64_t number;
    } cases[] = {
        {WM_ORGANISATIONS, "RX1", "ods_code", "RX1", WM_MISSING},
        {WM_ORGANISATIONS, "RX1", "name", "First, \"and\" foremost", WM_MISSING},
        {WM_ORGANISATIONS, "RX1", "latitude", "51.5", 5150000},
        {WM_ORGANISATIONS, "RX1", "longitude", "-0.12", -12000},
        {WM_ORGANISATIONS, "RX1", "segment_as_of", "2025-12-31", 20453},
        {WM_ORGANISATIONS, "RX1", "pp2_recognised_rewarded", "5.9", 590},
        {WM_ORGANISATIONS, "RX1", "in_deficit", "1", 1},
        {WM_ORGANISATIONS, "RX1", "cqc_overall", "inadequate", 1},
        {WM_ORGANISATIONS, "RA2", "type", "", WM_MISSING},
        {WM_ORGANISATIONS, "RA2", "name", "Second", WM_MISSING},
        {WM_ORGANISATIONS, "RA2", "postcode", "", WM_MISSING},
        {WM_POSTS, "P1", "need_quality", "3.5", 35},
        {WM_POSTS, "P2", "need_culture", "", WM_MISSING},
        {WM_LEADERS, "L3", "roles", "chief_executive;chair", 3},
        {WM_LEADERS, "L3", "regions_willing", "London;North West", 3},
        {WM_LEADERS, "L3", "preferences", "P2;P1", WM_MISSING},
        {WM_LEADERS, "L3", "want_mentoring", "0.25", 25},
        {WM_LEADERS, "L2", "want_mentoring", "0", 0},
        {WM_LEADERS, "L1", "roles", "", WM_MISSING},
        {WM_PACKAGES, "K2", "segments", "4;5", 24},
        {WM_MENTORS, "M1", "expertise", "culture;quality", 3},
        {WM_BUDGETS, "national:ENGLAND", "amount_gbp", "1000000", 1000000},
        {WM_BUDGETS, "region:North West", "code", "North West", WM_MISSING},
    };
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset;
    (void)state;
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100], cut[4] = "xxx";
        size_t row, len = strlen(cases[i].text);
        int column = wm_column_find(dataset, cases[i].table, cases[i].column);
        assert_true(column >= 0);
        assert_int_equal(wm_row_find(dataset, cases[i].table, cases[i].id, &row), WM_OK);
        assert_string_equal(wm_row_id(dataset, cases[i].table, row), cases[i].id);
        assert_int_equal(wm_cell_text(dataset, cases[i].table, row, (size_t)column, text, sizeof text), len);
        assert_string_equal(text, cases[i].text);
        assert_true(wm_cell_number(dataset, cases[i].table, row, (size_t)column) == cases[i].number);
        assert_int_equal(wm_cell_text(dataset, cases[i].table, row, (size_t)column, cut, sizeof cut), len);
        assert_int_equal(strlen(cut), len < 3 ? len : 3);
        assert_memory_equal(cut, cases[i].text, strlen(cut));
        assert_int_equal(wm_cell_text(dataset, cases[i].table, row, (size_t)column, NULL, 0), len);
    }
    wm_dataset_unref(dataset);
    small_fini(&small);
}

/* What is cut goes on into JSON, which half a character would break. */
static void cuts_between_characters(void **state)
{
    static const char name[] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";  /* of 2, 3, 4 and 1 bytes */
    static const size_t kept[] = {0, 0, 2, 2, 2, 5, 5, 5, 5, 9, 10, 10}; /* by bytes of room */
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset;
    size_t row;
    (void)state;
    small_init(&small);
    small_replace(&small, "organisations.csv", "Second", name);
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_OK);
    assert_int_equal(wm_row_find(dataset, WM_ORGANISATIONS, "RA2", &row), WM_OK);
    size_t column = (size_t)wm_column_find(dataset, WM_ORGANISATIONS, "name");
    for (size_t room = 0; room < sizeof kept / sizeof kept[0]; room++) {
        char text[16] = "xxxxxxxxxxxxxxx";
        assert_int_equal(wm_cell_text(dataset, WM_ORGANISATIONS, row, column, text, room + 1), strlen(name));
        assert_int_equal(strlen(text), kept[room]);
        assert_memory_equal(text, name, kept[room]);
    }
    wm_dataset_unref(dataset);
    small_fini(&small);
}

static void seals_rows_in_the_order_of_ids(void **state)
{
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset;
    size_t n, row = 99;
    (void)state;
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_OK);
    for (int table = 0; table < WM_TABLES; table++)
        for (size_t i = 1; i < wm_table_rows(dataset, (enum wm_table)table); i++)
            assert_true(strcmp(wm_row_id(dataset, (enum wm_table)table, i - 1),
                               wm_row_id(dataset, (enum wm_table)table, i)) < 0);
    assert_int_equal(wm_table_rows(dataset, WM_LEADERS), 3);
    assert_int_equal(wm_row_find(dataset, WM_LEADERS, "L4", &row), WM_EUNKNOWN);
    assert_int_equal(wm_row_find(dataset, WM_LEADERS, "", &row), WM_EUNKNOWN);
    assert_int_equal(row, 99);
    assert_null(wm_row_id(dataset, WM_LEADERS, 3));
    assert_int_equal(wm_column_find(dataset, WM_LEADERS, "name"), -1);

    assert_non_null(wm_table_columns(dataset, WM_POSTS, &n));
    assert_int_equal(n, 14);
    assert_null(wm_table_columns(dataset, WM_MONITORING, &n));
    assert_int_equal(n, 0);
    assert_int_equal(wm_table_rows(dataset, WM_HISTORY), 0);
    assert_true(wm_cell_number(dataset, WM_LEADERS, 3, 0) == WM_MISSING);
    assert_true(wm_cell_number(dataset, WM_LEADERS, 0, 99) == WM_MISSING);
    assert_string_equal(wm_table_name(WM_HISTORY), "history.csv");
    assert_string_equal(wm_table_kind(WM_POSTS), "post");
    wm_dataset_unref(dataset);
    small_fini(&small);
}

static void names_the_nearest_rows(void **state)
{
    static char faults[FAULTS_CAP];
    struct small small;
    struct wm_dataset *dataset;
    const char *near[20];
    (void)state;
    small_init(&small);
    assert_int_equal(small_build(&small, &dataset, faults, sizeof faults), WM_OK);
    assert_int_equal(wm_row_nearest(dataset, WM_LEADERS, "l2", near, 20), 3);
    assert_string_equal(near[0], "L2");
    assert_string_equal(near[1], "L1"); /* equally far: in the order of ids */
    assert_string_equal(near[2], "L3");
    assert_int_equal(wm_row_nearest(dataset, WM_LEADERS, "L33", near, 1), 1);
    assert_string_equal(near[0], "L3");
    assert_int_equal(wm_row_nearest(dataset, WM_LEADERS, "L3", near, 0), 0);
    assert_int_equal(wm_row_nearest(dataset, WM_MONITORING, "L3", near, 5), 0);
    wm_dataset_unref(dataset);
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_headings),
        cmocka_unit_test(refuses_cells),
        cmocka_unit_test(refuses_references_and_doubles),
        cmocka_unit_test(refuses_whole_files),
        cmocka_unit_test(names_utf16),
        cmocka_unit_test(reports_everything_at_once_and_sorted),
        cmocka_unit_test(keeps_few_and_counts_all),
        cmocka_unit_test(gives_cells_back),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(seals_rows_in_the_order_of_ids),
        cmocka_unit_test(names_the_nearest_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
