/* address.c: what is an address, what is not and what is said about it, and that writing reads back. */
#include "address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define PATH_107 "/" NAME_63 "/234567890123456789012345678901234567890123"

static const struct good {
    const char *text;
    bool local;
    const char *host; /* or path */
    unsigned port;
    const char *written; /* NULL: as it was */
} good[] = {
    {"tcp://127.0.0.1:7345", false, "127.0.0.1", 7345, NULL},
    {"tcp://localhost:0", false, "localhost", 0, NULL},
    {"tcp://0.0.0.0:65535", false, "0.0.0.0", 65535, NULL},
    {"tcp://[::1]:7345", false, "::1", 7345, NULL},
    {"tcp://[fe80::1%eth0]:1", false, "fe80::1%eth0", 1, NULL},
    {"tcp://a.example:00080", false, "a.example", 80, "tcp://a.example:80"},
    {"unix:/run/wellmatch.sock", true, "/run/wellmatch.sock", 0, NULL},
    {"unix:s", true, "s", 0, NULL},
    {"unix:///run/x", true, "/run/x", 0, "unix:/run/x"},
    {"unix:" PATH_107, true, PATH_107, 0, NULL},
};

static const struct bad {
    const char *text, *why; /* a piece of the sentence */
} bad[] = {
    {"", "tcp://HOST:PORT or unix:PATH"},
    {"127.0.0.1:7345", "tcp://HOST:PORT or unix:PATH"},
    {"http://127.0.0.1:7345", "tcp://HOST:PORT or unix:PATH"},
    {"TCP://127.0.0.1:7345", "tcp://HOST:PORT or unix:PATH"},
    {"tcp://127.0.0.1", "ends in its port"},
    {"tcp://[::1]", "ends in its port"},
    {"tcp://[::1", "ends in its port"},
    {"tcp://[::1]7345", "ends in its port"},
    {"tcp://::1:7345", "in brackets"},
    {"tcp://:7345", "names a host"},
    {"tcp://[]:7345", "names a host"},
    {"tcp://a/b:7345", "names a host"},
    {"tcp://h:", "from 0 to 65535"},
    {"tcp://h:65536", "from 0 to 65535"},
    {"tcp://h:123456", "from 0 to 65535"},
    {"tcp://h:-1", "from 0 to 65535"},
    {"tcp://h:1/", "from 0 to 65535"},
    {"tcp://h: 1", "from 0 to 65535"},
    {"unix:", "1 to 107"},
    {"unix:" PATH_107 "x", "1 to 107"},
};

static void reads_and_writes(void **state)
{
    (void)state;
    assert_int_equal(strlen(PATH_107), ADDRESS_PATH_MAX);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct address address;
        const char *why = NULL;
        assert_int_equal(address_parse(good[i].text, &address, &why), 0);
        assert_int_equal(address.local, good[i].local);
        assert_string_equal(address.local ? address.path : address.host, good[i].host);
        assert_int_equal(address.port, good[i].port);
        char text[ADDRESS_TEXT_MAX];
        address_format(&address, text);
        assert_string_equal(text, good[i].written ? good[i].written : good[i].text);
    }
}

static void says_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct address address, before;
        const char *why = NULL;
        memset(&address, 7, sizeof address);
        before = address;
        assert_int_equal(address_parse(bad[i].text, &address, &why), -1);
        assert_non_null(why);
        if (!strstr(why, bad[i].why))
            fail_msg("'%s' says '%s', not '%s'", bad[i].text, why, bad[i].why);
        assert_memory_equal(&address, &before, sizeof address);
    }
}

static void a_long_host_is_refused(void **state)
{
    (void)state;
    char text[400];
    struct address address;
    const char *why;
    for (int len = ADDRESS_HOST_MAX; len <= ADDRESS_HOST_MAX + 1; len++) {
        snprintf(text, sizeof text, "tcp://%.*s:1", len, NAME_63 NAME_63 NAME_63 NAME_63 "abc");
        assert_int_equal(address_parse(text, &address, &why), len == ADDRESS_HOST_MAX ? 0 : -1);
    }
    char written[ADDRESS_TEXT_MAX];
    address_format(&address, written); /* the longest that was read */
    assert_int_equal(strlen(address.host), ADDRESS_HOST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(says_what_was_expected),
        cmocka_unit_test(a_long_host_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
