/*
 * A feed is fetched three times, as a dashboard would: plainly; with the ETag it came with; compressed. The fetching is
 * curl's, run as a program: it brings proxies, TLS and .netrc as they are set up on this machine, and the client links
 * nothing for it.
 */
#include "client_feed.h"

#include "client_feed_rules.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BODY_MAX_BYTES = 1 << 30,
    HEADER_CAP = 1024,
    TIMEOUT_MS = 30000,
    GZIP_DUE_BYTES = 4096, /* a body that is worth compressing, whoever serves it */
    TOLD = 400,            /* bytes of a refusal */
    BROKEN = 1,            /* exit code: a rule does not hold */
    STATUS_OK = 200,
    STATUS_SAME = 304
};

extern char **environ;

struct fetched {
    struct buf bytes; /* headers, a blank line, body */
    struct slice head, body;
    int status;
};

/* ---- Fetching ---- */

static bool is_url(const char *word)
{
    return strncmp(word, "http://", 7) == 0 || strncmp(word, "https://", 8) == 0;
}

/* The last head there is: a 1xx may stand before it. False: curl gave none. */
static bool split(struct fetched *fetched)
{
    struct slice rest = {fetched->bytes.at, fetched->bytes.len};
    do {
        const char *blank = rest.at ? memmem(rest.at, rest.len, "\r\n\r\n", 4) : NULL;
        if (blank == NULL || sscanf(rest.at, "HTTP/%*s %d", &fetched->status) != 1)
            return false;
        fetched->head = (struct slice){rest.at, (size_t)(blank - rest.at)};
        fetched->body = (struct slice){blank + 4, rest.len - fetched->head.len - 4};
        rest = fetched->body;
    } while (fetched->status / 100 == 1);
    return true;
}

static bool read_pipe(int file, struct buf *out)
{
    char bytes[65536];
    ssize_t n;
    while ((n = read(file, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_put(out, bytes, (size_t)n);
    buf_char(out, '\0'); /* sscanf reads up to here */
    out->len -= out->failed ? 0 : 1;
    return n == 0 && !out->failed;
}

/* Runs curl with its output in a pipe. 0, or what was wrong. */
static int run_curl(char *const argv[], struct buf *out, int *exited)
{
    int ends[2], status = 0;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe(ends))
        return errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    int failed = posix_spawnp(&child, "curl", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    bool whole = failed || read_pipe(ends[0], out);
    close(ends[0]);
    while (!failed && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    *exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return failed ? failed : whole ? 0 : EIO;
}

/* `header` and `flag` may be NULL. False: told why. */
static bool fetch(const struct client *client, const char *url, const char *flag, const char *header,
                  struct fetched *out)
{
    enum { WORDS = 20 };
    char seconds[32], *argv[WORDS] = {"curl",       "-q",          "-sS",
                                      "-i",         "--globoff",   "--netrc-optional",
                                      "--proto",    "=http,https", "--suppress-connect-headers",
                                      "--max-time", seconds};
    size_t n = 11;
    int64_t ms = options_milliseconds(&client->options, OPTION_timeout, TIMEOUT_MS);
    snprintf(seconds, sizeof seconds, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    if (header) {
        argv[n++] = "-H";
        argv[n++] = (char *)(uintptr_t)header;
    }
    if (flag)
        argv[n++] = (char *)(uintptr_t)flag;
    argv[n++] = "--url";
    argv[n] = (char *)(uintptr_t)url;
    int exited = 0, failed;
    buf_init(&out->bytes, BODY_MAX_BYTES);
    failed = run_curl(argv, &out->bytes, &exited);
    if (failed == ENOENT)
        client_complain("check-feed fetches with curl, which is not installed: apt-get install curl");
    else if (failed)
        client_complain("%s: %s", url, strerror(failed));
    else if (exited == 0 && split(out))
        return true;
    else
        client_complain("%s: curl ended with %d and no reply", url, exited);
    buf_fini(&out->bytes);
    return false;
}

/* The value of a header, "" when there is none. */
static void find_header(const struct fetched *fetched, const char *name, char out[HEADER_CAP])
{
    const char *at = fetched->head.at, *end = at + fetched->head.len;
    size_t len = strlen(name);
    out[0] = '\0';
    while (at < end) {
        const char *line_end = memchr(at, '\r', (size_t)(end - at));
        line_end = line_end ? line_end : end;
        if ((size_t)(line_end - at) > len && strncasecmp(at, name, len) == 0 && at[len] == ':') {
            at += len + 1;
            at += strspn(at, " \t");
            snprintf(out, HEADER_CAP, "%.*s", (int)(line_end - at), at);
            return;
        }
        at = line_end + 2;
    }
}

/* ---- The rules of the reply ---- */

/* RFC 9110, 8.8.3: quotes around what has none, perhaps W/ before. Without them caches on the way take it for no tag. */
static bool is_entity_tag(const char *etag)
{
    const char *at = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
    size_t len = strlen(at);
    return len >= 2 && at[0] == '"' && strchr(at + 1, '"') == at + len - 1;
}

static void check_again(const struct client *client, const char *url, const char *etag, struct feed_check *check)
{
    char header[HEADER_CAP + 32];
    struct fetched again;
    if (*etag == '\0') {
        feed_check_fault(check, FEED_RULE_etag, 0, NULL, "there is no ETag");
        return;
    }
    snprintf(header, sizeof header, "If-None-Match: %s", etag);
    if (!fetch(client, url, NULL, header, &again)) {
        feed_check_fault(check, FEED_RULE_etag, 0, NULL, "asked with it there was no reply");
        return;
    }
    feed_check_look(check, FEED_RULE_etag);
    if (!is_entity_tag(etag))
        feed_check_fault(check, FEED_RULE_etag, 0, NULL, "ETag: %.100s does not stand in quotes", etag);
    if (again.status != STATUS_SAME)
        feed_check_fault(check, FEED_RULE_etag, 0, NULL, "If-None-Match: %s was answered with %d; expected 304", etag,
                         again.status);
    else if (again.body.len > 0)
        feed_check_fault(check, FEED_RULE_etag, 0, NULL, "the 304 has a body");
    buf_fini(&again.bytes);
}

static void check_compressed(const struct client *client, const char *url, struct slice body, struct feed_check *check)
{
    char encoding[HEADER_CAP];
    struct fetched packed;
    if (!fetch(client, url, "--compressed", NULL, &packed)) {
        feed_check_fault(check, FEED_RULE_gzip, 0, NULL, "there was no reply");
        return;
    }
    feed_check_look(check, FEED_RULE_gzip);
    find_header(&packed, "Content-Encoding", encoding);
    if (packed.body.len != body.len || memcmp(packed.body.at, body.at, body.len) != 0)
        feed_check_fault(check, FEED_RULE_gzip, 0, NULL, "compressed it is another: %zu bytes of %zu", packed.body.len,
                         body.len);
    if (*encoding == '\0' && body.len >= GZIP_DUE_BYTES)
        feed_check_fault(check, FEED_RULE_gzip, 0, NULL, "%zu bytes are sent uncompressed to who takes gzip", body.len);
    buf_fini(&packed.bytes);
}

/* Of a Content-Type, what stands before its parameters. */
static bool is_type(const char *type, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(type, name, len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]));
}

static void check_type(const char *type, struct feed_check *check)
{
    feed_check_look(check, FEED_RULE_type);
    if (is_type(type, "text/csv")) {
        check->csv = true;
        if (!strcasestr(type, "charset=utf-8"))
            feed_check_fault(check, FEED_RULE_type, 0, NULL, "'%.100s' does not say charset=utf-8", type);
    } else if (!is_type(type, "application/json")) {
        feed_check_fault(check, FEED_RULE_type, 0, NULL, "is '%.100s'", type);
    }
}

/* ---- The command ---- */

static bool asks_for_bom(const char *word)
{
    const char *query = strchr(word, '?');
    return query && (strstr(query, "?bom=1") || strstr(query, "&bom=1"));
}

static void put_verdict(struct client *client, const char *word, const struct feed_check *check)
{
    struct buf *out = &client->out;
    text_clean(out, word, strlen(word));
    buf_format(out, ": %s, %zu row%s of %zu columns\n", check->csv ? "CSV" : "JSON", check->n_rows,
               check->n_rows == 1 ? "" : "s", check->n_columns);
    for (enum feed_rule rule = 0; rule < FEED_RULE_COUNT; rule++) {
        struct slice told = {check->told[rule].at, check->told[rule].len};
        if (!(check->checked >> rule & 1))
            continue;
        buf_format(out, "%s %s\n", check->n_faults[rule] ? "BROKEN" : "ok    ", feed_rule_text(rule));
        while (told.len > 0) {
            const char *end = memchr(told.at, '\n', told.len);
            size_t len = (size_t)(end - told.at);
            buf_text(out, "         ");
            text_clean(out, told.at, len);
            buf_char(out, '\n');
            told = (struct slice){end + 1, told.len - len - 1};
        }
        if (check->n_faults[rule] > FEED_FAULTS_TOLD)
            buf_format(out, "         and %zu more\n", check->n_faults[rule] - FEED_FAULTS_TOLD);
    }
}

static enum exit_code verdict(struct client *client, const char *word, struct feed_check *check)
{
    enum exit_code code = feed_check_passed(check) ? EXIT_DONE : (enum exit_code)BROKEN;
    if (check->starved)
        client_complain("%s", wm_error_text(WM_EMEMORY));
    else
        put_verdict(client, word, check);
    feed_check_fini(check);
    return code;
}

static enum exit_code check_file(struct client *client, const char *path)
{
    struct buf bytes;
    struct feed_check check;
    size_t len = strlen(path);
    buf_init(&bytes, BODY_MAX_BYTES);
    if (!client_read_file(path, &bytes)) {
        buf_fini(&bytes);
        return EXIT_INPUT;
    }
    bool csv = len > 4 && strcasecmp(path + len - 4, ".csv") == 0;
    bool marked = csv && bytes.len >= 3 && memcmp(bytes.at, "\xef\xbb\xbf", 3) == 0;
    feed_check_init(&check, csv, marked);
    feed_check_bytes(&check, bytes.at ? bytes.at : "", bytes.len);
    buf_fini(&bytes);
    return verdict(client, path, &check);
}

static enum exit_code check_url(struct client *client, const char *url)
{
    char type[HEADER_CAP], etag[HEADER_CAP];
    struct fetched first;
    struct feed_check check;
    if (!fetch(client, url, NULL, NULL, &first))
        return EXIT_UNREACHABLE;
    feed_check_init(&check, false, false);
    feed_check_look(&check, FEED_RULE_reply);
    if (first.status != STATUS_OK) {
        feed_check_fault(&check, FEED_RULE_reply, 0, NULL, "is %d: %.*s", first.status,
                         (int)(first.body.len < TOLD ? strcspn(first.body.at, "\n") : TOLD), first.body.at);
    } else {
        find_header(&first, "Content-Type", type);
        find_header(&first, "ETag", etag);
        check_type(type, &check);
        check.excel = check.csv && asks_for_bom(url);
        feed_check_bytes(&check, first.body.at, first.body.len);
        check_again(client, url, etag, &check);
        check_compressed(client, url, first.body, &check);
    }
    buf_fini(&first.bytes);
    return verdict(client, url, &check);
}

enum exit_code run_check_feed(struct client *client)
{
    const char *word = client->options.words[1];
    return is_url(word) ? check_url(client, word) : check_file(client, word);
}
