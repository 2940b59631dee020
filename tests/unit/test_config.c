/* config.c: where a setting's value comes from, and what is said when it is wrong. */
#include "config.h"
#include "fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 24 };

static struct config config;
static char output[16384], errors[16384];

/* Flags and environment as blank-separated words. */
static void split(char *text, char *out[WORDS_MAX + 2], size_t n)
{
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        assert_true(n < WORDS_MAX);
        out[n++] = word;
    }
    out[n] = NULL;
}

static int read_settings(const char *flags, const char *environment)
{
    static char flag_text[8192], environment_text[2048];
    char program[] = "wellmatchd", *argv[WORDS_MAX + 2] = {program}, *envp[WORDS_MAX + 2];
    snprintf(flag_text, sizeof flag_text, "%s", flags);
    snprintf(environment_text, sizeof environment_text, "%s", environment);
    split(flag_text, argv, 1);
    split(environment_text, envp, 0);
    int argc = 0;
    while (argv[argc])
        argc++;
    FILE *out = fmemopen(output, sizeof output, "w"), *err = fmemopen(errors, sizeof errors, "w");
    assert_true(out && err);
    output[0] = errors[0] = '\0';
    int code = config_read(argc, argv, envp, &config, out, err);
    fclose(out);
    fclose(err);
    return code;
}

static void good(const char *flags, const char *environment)
{
    if (read_settings(flags, environment) != CONFIG_RUN)
        fail_msg("'%s' with '%s': %s", flags, environment, errors);
    assert_string_equal(errors, "");
}

static void bad(const char *flags, const char *environment, const char *said)
{
    assert_int_equal(read_settings(flags, environment), CONFIG_BAD);
    if (!strstr(errors, said))
        fail_msg("'%s' with '%s' says:\n%snot '%s'", flags, environment, errors, said);
    assert_null(config.texts);
}

static void defaults(void **state)
{
    (void)state;
    good("--data d", "");
    assert_string_equal(config.data, "d");
    assert_int_equal(config.n_listen, 1);
    assert_string_equal(config.listen[0], "tcp://127.0.0.1:7345");
    assert_string_equal(config.redis, "redis://127.0.0.1:6379");
    assert_int_equal(config.in_flight_max, 1024);
    assert_int_equal(config.drain_s, 10);
    assert_int_equal(config.loops, 1);
    assert_int_equal(config.plan_nice, 20);
    assert_string_equal(config.log, "info");
    assert_false(config.check_only);
    config_fini(&config);
}

static void flags(void **state)
{
    (void)state;
    good("--data=d --listen tcp://[::1]:0 --listen=unix:s --redis none --cache-mib 0 --threads=3 --plan-threads 2 "
         "--plan-nice=0 --log debug "
         "--check-config",
         "");
    assert_int_equal(config.n_listen, 2);
    assert_string_equal(config.listen[0], "tcp://[::1]:0");
    assert_string_equal(config.listen[1], "unix:s");
    assert_string_equal(config.redis, "none");
    assert_int_equal(config.cache_mib, 0);
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.plan_threads, 2);
    assert_int_equal(config.plan_nice, 0);
    assert_true(config.check_only);
    config_fini(&config);
}

static void environment(void **state)
{
    (void)state;
    good("", "HOME=/ WELLMATCH_DATA=e WELLMATCH_LISTEN=unix:a,tcp://h:1 WELLMATCH_REDIS_TIMEOUT_MS=7 WELLMATCH_URL=x "
             "XWELLMATCH_DATA=no WELLMATCH_LOOPS=0");
    assert_string_equal(config.data, "e");
    assert_int_equal(config.loops, 0);
    assert_int_equal(config.n_listen, 2);
    assert_string_equal(config.listen[1], "tcp://h:1");
    assert_int_equal(config.redis_timeout_ms, 7);
    config_fini(&config);
}

static const char *write_file(const char *content)
{
    static char path[] = "/tmp/wellmatch-test-config-XXXXXX";
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

static void later_wins(void **state)
{
    (void)state;
    const char *path = write_file(
        "{\"data\": \"f\", \"listen\": [\"unix:f\", \"unix:g\"], \"cache_mib\": 1, \"queue_max\": 1, \"drain_s\": 1}");
    char text[256];
    snprintf(text, sizeof text, "--drain-s 3 --listen unix:flag --config %s", path);
    good(text, "WELLMATCH_DRAIN_S=2 WELLMATCH_QUEUE_MAX=2");
    assert_string_equal(config.data, "f");
    assert_int_equal(config.n_listen, 1);
    assert_string_equal(config.listen[0], "unix:flag");
    assert_int_equal(config.cache_mib, 1);
    assert_int_equal(config.queue_max, 2);
    assert_int_equal(config.drain_s, 3);

    FILE *out = fmemopen(output, sizeof output, "w");
    config_print(&config, out);
    fclose(out);
    assert_non_null(strstr(output, "cache-mib        1  (file)\n"));
    assert_non_null(strstr(output, "queue-max        2  (environment)\n"));
    assert_non_null(strstr(output, "drain-s          3  (flag)\n"));
    assert_non_null(strstr(output, "listen           unix:flag  (flag)\n"));
    assert_non_null(strstr(output, "stall-s          30  (default)\n"));
    config_fini(&config);

    snprintf(text, sizeof text, "WELLMATCH_CONFIG=%s", path);
    good("", text);
    assert_int_equal(config.n_listen, 2);
    config_fini(&config);
    unlink(path);
}

static void wrong_flags(void **state)
{
    (void)state;
    bad("", "", "--data data/sample");
    bad("--data", "", "--data needs a value");
    bad("--data d --lisen unix:s", "", "no flag --lisen; the nearest is --listen");
    bad("--data d --hlep", "", "the nearest is --help");
    bad("--data d --zzzzzzzzzzzz 1", "", "no flag --zzzzzzzzzzzz\n");
    bad("--data d stray", "", "'stray' is no flag");
    bad("--data d -x", "", "'-x' is no flag");
    bad("--data d --", "", "'--' is no flag");
    bad("--data d --check-config=1", "", "--check-config takes no value");
    bad("--data d --listen 127.0.0.1:1", "", "--listen: '127.0.0.1:1': an address is tcp://HOST:PORT or unix:PATH");
    bad("--data=", "", "empty");
    bad("--data d --log loud", "", "--log: 'loud' is no level; expected error, warning, info or debug");
    bad("--data d --listen=unix:1 --listen=unix:2 --listen=unix:3 --listen=unix:4 --listen=unix:5 --listen=unix:6 "
        "--listen=unix:7 --listen=unix:8 "
        "--listen=unix:9 --listen=unix:10 --listen=unix:11 --listen=unix:12 --listen=unix:13 --listen=unix:14 "
        "--listen=unix:15 --listen=unix:16 "
        "--listen=unix:17",
        "", "at most 16 addresses");
    char longest[2000] = "--data d --";
    memset(longest + strlen(longest), 'q', 1500);
    bad(longest, "", "there is no flag");
}

static void wrong_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "x", "1x", "0x10", " 1", "+1", "1.0", "-1", "1048577", "99999999999999999999", "--"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[64];
        snprintf(text, sizeof text, "WELLMATCH_CACHE_MIB=%s", texts[i]);
        if (strchr(texts[i], ' '))
            continue; /* no word of its own here */
        bad("--data d", text, "WELLMATCH_CACHE_MIB: '");
        assert_non_null(strstr(errors, "expected a whole number from 0 to 1048576"));
    }
    good("--data d --cache-mib 1048576", "");
    config_fini(&config);
}

static void wrong_environment(void **state)
{
    (void)state;
    bad("--data d", "WELLMATCH_LISEN=unix:s",
        "WELLMATCH_LISEN: there is no such setting; the nearest is WELLMATCH_LISTEN");
    bad("--data d", "WELLMATCH_LISTEN=unix:s,oops", "WELLMATCH_LISTEN: 'oops'");
    bad("--data d", "WELLMATCH_LISTEN=", "no address to listen on");
    bad("--data d --http 127.0.0.1:7345", "", "http: tcp://127.0.0.1:7345 is listened on already");
    bad("--data d --listen unix:s --listen unix:s", "", "listen: unix:s is listened on already");
    good("--data d --listen tcp://h:0 --listen tcp://h:0 --http h:0", "");
    config_fini(&config);
    good("--data d --listen tcp://127.0.0.1:1 --listen tcp://[::1]:1 --listen unix:s --http 127.0.0.1:2", "");
    config_fini(&config);
}

static void wrong_files(void **state)
{
    (void)state;
    static const struct {
        const char *content, *said;
    } cases[] = {
        {"{\"data\": \"d\", }", ":1:"},
        {"[]", "one JSON object"},
        {"{\"data\": \"d\", \"data\": \"e\"}", "duplicate"},
        {"{\"data\": \"d\", \"chache_mib\": 1}", ": /chache_mib: there is no such setting; the nearest is cache_mib"},
        {"{\"data\": \"d\", \"cache-mib\": 1}", ": /cache-mib: there is no such setting; the nearest is cache_mib"},
        {"{\"data\": \"d\", \"cache_mib\": \"1\"}", ": /cache_mib: expected a whole number"},
        {"{\"data\": \"d\", \"cache_mib\": 1.5}", ": /cache_mib: expected a whole number"},
        {"{\"data\": \"d\", \"cache_mib\": -1}", ": /cache_mib: '-1' is out of range"},
        {"{\"data\": 1}", ": /data: expected a string"},
        {"{\"data\": \"\\u0000\"}", ": \\u0000 may not be part of a string"},
        {"{\"data\": \"d\", \"listen\": 1}", ": /listen: expected a list of strings"},
        {"{\"data\": \"d\", \"listen\": [\"unix:s\", 1]}", ": /listen/1: an address is a string"},
        {"{\"data\": \"d\", \"listen\": [\"unix:s\", \"x\"]}", ": /listen/1: 'x': an address is"},
        {"{\"data\": \"d\", \"listen\": []}", "no address to listen on"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = write_file(cases[i].content);
        char text[256];
        snprintf(text, sizeof text, "--config %s", path);
        bad(text, "", cases[i].said);
        unlink(path);
    }
    bad("--data d --config /nonexistent/file", "", "/nonexistent/file");
    bad("--config /nonexistent/file", "", "/nonexistent/file");
    assert_null(strstr(errors, "which data?"));
}

static void a_secret_is_not_repeated(void **state)
{
    (void)state;
    good("--data d --redis redis://:s3cret@h:6379/2", "");
    assert_string_equal(config.redis, "redis://:s3cret@h:6379/2");
    FILE *out = fmemopen(output, sizeof output, "w");
    config_print(&config, out);
    fclose(out);
    assert_non_null(strstr(output, "redis            redis://***@h:6379/2  (flag)\n"));
    assert_null(strstr(output, "s3cret"));
    config_fini(&config);
    bad("--data d --redis redis://:s3cret@h:x", "", "--redis: ");
    assert_null(strstr(errors, "s3cret"));
    bad("--data d --redis localhost:6379", "", "--redis: ");
}

static void every_fault_at_once(void **state)
{
    (void)state;
    bad("--lisen x --cache-mib y", "WELLMATCH_LOG=z", "--lisen");
    assert_non_null(strstr(errors, "--cache-mib"));
    assert_non_null(strstr(errors, "WELLMATCH_LOG"));
    assert_non_null(strstr(errors, "which data?"));
}

/* What is wrong is said once, and nothing is asked for that somebody meant to give. */
static void one_slip_one_complaint(void **state)
{
    static const struct {
        const char *flags, *environment, *errors;
    } cases[] = {
        {"--data d --lisen x", "", "wellmatchd: there is no flag --lisen; the nearest is --listen\n"},
        {"--data d --zzzzzzzzzzzz 1", "", "wellmatchd: there is no flag --zzzzzzzzzzzz\n"},
        {"--data d -x y", "", "wellmatchd: '-x' is no flag; settings are given as --name VALUE\n"},
        {"--data d --listen foo", "", "wellmatchd: --listen: 'foo': an address is tcp://HOST:PORT or unix:PATH\n"},
        {"--data d", "WELLMATCH_LISTEN=foo",
         "wellmatchd: WELLMATCH_LISTEN: 'foo': an address is tcp://HOST:PORT or unix:PATH\n"},
        {"--data", "", "wellmatchd: --data needs a value\n"},
        {"--dta d", "", "wellmatchd: there is no flag --dta; the nearest is --data\n"},
        {"--dta=d", "", "wellmatchd: there is no flag --dta; the nearest is --data\n"},
        {"", "WELLMATCH_DAT=d", "wellmatchd: WELLMATCH_DAT: there is no such setting; the nearest is WELLMATCH_DATA\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char all[512];
        snprintf(all, sizeof all, "%swellmatchd: --help shows every setting\n", cases[i].errors);
        bad(cases[i].flags, cases[i].environment, all);
        assert_string_equal(errors, all);
    }
    bad("--data d --hlep stray", "", "'stray' is no flag"); /* --help takes no value */
    bad("--data d --lisen=x stray", "", "'stray' is no flag");
    const char *path = write_file("{\"data\": 1}");
    char text[256];
    snprintf(text, sizeof text, "--config %s", path);
    bad(text, "", "expected a string");
    assert_null(strstr(errors, "which data?"));
    unlink(path);
}

static void tells_whether_redis_was_asked_for(void **state)
{
    (void)state;
    good("--data d", "");
    assert_false(config.redis_asked);
    config_fini(&config);
    good("--data d --redis redis://127.0.0.1:6379", "");
    assert_true(config.redis_asked);
    config_fini(&config);
    good("--data d", "WELLMATCH_REDIS=redis://127.0.0.1:6379");
    assert_true(config.redis_asked);
    config_fini(&config);
}

static void help_and_version(void **state)
{
    (void)state;
    assert_int_equal(read_settings("--help --nonsense", ""), CONFIG_EXIT);
    assert_non_null(strstr(output, "--redis-timeout-ms N"));
    assert_true(strstr(output, "Examples") < strstr(output, "Settings"));
    assert_int_equal(read_settings("-h", ""), CONFIG_EXIT);
    assert_int_equal(read_settings("-V", ""), CONFIG_EXIT);
    assert_memory_equal(output, "wellmatchd ", 11);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        char program[] = "wellmatchd", data[] = "--data=d", *argv[] = {program, data, NULL}, *envp[] = {NULL};
        FILE *err = fmemopen(errors, sizeof errors, "w");
        fault_after(n);
        int code = config_read(2, argv, envp, &config, stdout, err);
        size_t asked = fault_count();
        fault_off();
        fclose(err);
        if (asked < n) {
            assert_int_equal(code, CONFIG_RUN);
            config_fini(&config);
            break;
        }
        assert_int_equal(code, CONFIG_BAD);
        assert_non_null(strstr(errors, "out of memory"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(flags),
        cmocka_unit_test(environment),
        cmocka_unit_test(later_wins),
        cmocka_unit_test(wrong_flags),
        cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(wrong_environment),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(a_secret_is_not_repeated),
        cmocka_unit_test(every_fault_at_once),
        cmocka_unit_test(one_slip_one_complaint),
        cmocka_unit_test(tells_whether_redis_was_asked_for),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
