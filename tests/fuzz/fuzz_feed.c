/*
 * Two ways in that others fill: a query of /feeds/v1/, which gets an answer that is a feed by the rules or a problem that
 * is JSON; and the bytes of a feed, which check-feed reads. The first byte says which.
 */
#include "client_feed_rules.h"
#include "feed_serve.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, PAIRS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_bytes(const char *bytes, size_t len, bool csv, bool excel, bool must_pass)
{
    struct feed_check check;
    feed_check_init(&check, csv, excel);
    feed_check_bytes(&check, bytes, len);
    if (must_pass && !feed_check_passed(&check))
        abort();
    feed_check_fini(&check);
}

static void check_reply(const struct feed_reply *reply, bool excel)
{
    size_t offset;
    const char *reason;
    bool csv = strncmp(reply->type, "text/csv", 8) == 0;
    if (reply->body.failed)
        abort();
    if (strncmp(reply->type, "text/plain", 10) == 0)
        return;
    if (!csv && json_check(reply->body.at, reply->body.len, &offset, &reason) != JSON_OK)
        abort();
    if (csv)
        check_bytes(reply->body.at, reply->body.len, true, excel, true);
}

/* FILE?NAME=VALUE&...: split at the marks, not decoded, which is another's work. */
static void ask(char *text)
{
    struct feed_pair pairs[PAIRS_MAX];
    size_t n = 0;
    bool excel = strstr(text, "bom=1") != NULL;
    char *file = strsep(&text, "?");
    for (char *pair; n < PAIRS_MAX && (pair = strsep(&text, "&")) != NULL; n++) {
        pairs[n].name = strsep(&pair, "=");
        pairs[n].value = pair ? pair : "";
    }
    for (int restricted = 0; restricted < 2; restricted++) {
        const struct feed_ask asked = {file, n, pairs, "h:1", restricted};
        struct feed_reply reply = {0};
        buf_init(&reply.body, 1 << 20);
        feed_answer(&asked, NULL, NULL, NULL, NULL, &reply);
        check_reply(&reply, excel);
        buf_fini(&reply.body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char text[TEXT_MAX + 1];
    if (len == 0)
        return 0;
    const char *rest = (const char *)bytes + 1;
    if (bytes[0] >= 4) {
        check_bytes(rest, len - 1, bytes[0] & 1, (bytes[0] & 3) == 3, false);
        return 0;
    }
    size_t n = len - 1 < TEXT_MAX ? len - 1 : TEXT_MAX;
    memcpy(text, rest, n);
    text[n] = '\0';
    for (size_t i = 0; i < n; i++) /* a target that HTTP lets through is printable or UTF-8 */
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
            text[i] = '_';
    ask(text);
    return 0;
}
