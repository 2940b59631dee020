/* Reads the address of Redis. A wrong one is said in one sentence with the remedy, without its password. */
#include "redis_url.h"

#include <stdio.h>
#include <string.h>

enum { PORT_DEFAULT = 6379, PORT_MAX = 65535, DATABASE_MAX = 999999 };

static const char *parse_local(const char *path, struct redis_url *out);
static const char *parse_tcp(const char *rest, struct redis_url *out);
static const char *parse_secrets(const char *from, const char *end, struct redis_url *out);
static const char *parse_host(const char *from, const char *end, struct redis_url *out);
static bool unescape(const char *from, const char *end, char out[REDIS_URL_SECRET_MAX + 1]);
static int hex_digit(char c);
static bool parse_number(const char *from, const char *end, int max, int *out);

int redis_url_parse(const char *text, struct redis_url *out, char *error, size_t error_cap)
{
    struct redis_url url;
    memset(&url, 0, sizeof url);
    const char *why;
    if (strncmp(text, "redis://", 8) == 0)
        why = parse_tcp(text + 8, &url);
    else if (strncmp(text, "redis+unix:", 11) == 0)
        why = parse_local(text + 11, &url);
    else if (strncmp(text, "rediss://", 9) == 0)
        why = "TLS to Redis is not spoken here; use redis:// on a network you trust, or through a tunnel";
    else
        why = "the address of Redis is redis://HOST:PORT or redis+unix:PATH";
    if (why) {
        snprintf(error, error_cap, "%s", why);
        return -1;
    }
    *out = url;
    return 0;
}

static const char *parse_local(const char *path, struct redis_url *out)
{
    /* redis+unix:///run/redis.sock is how URLs spell it, and people do. */
    if (strncmp(path, "//", 2) == 0)
        path += 2;
    size_t len = strlen(path);
    if (len == 0 || len > REDIS_URL_PATH_MAX)
        return "the socket of Redis has a path of 1 to 106 characters: redis+unix:/run/redis/redis.sock";
    out->local = true;
    memcpy(out->path, path, len);
    return NULL;
}

static const char *parse_tcp(const char *rest, struct redis_url *out)
{
    /* A password may hold any character but @ and / (written %40 and %2F). */
    const char *slash = strchr(rest, '/');
    const char *end = slash ? slash : rest + strlen(rest);
    const char *at = memchr(rest, '@', (size_t)(end - rest));
    const char *why;
    if (slash && slash[1] && !parse_number(slash + 1, slash + strlen(slash), DATABASE_MAX, &out->database))
        return "after the host and a slash comes the number of a Redis database: redis://127.0.0.1:6379/0";
    if (at && (why = parse_secrets(rest, at, out)) != NULL)
        return why;
    return parse_host(at ? at + 1 : rest, end, out);
}

static const char *parse_secrets(const char *from, const char *end, struct redis_url *out)
{
    const char *colon = memchr(from, ':', (size_t)(end - from));
    if (!colon || colon + 1 == end)
        return "before the @ stands a colon and the password: redis://:PASSWORD@HOST:PORT";
    if (!unescape(from, colon, out->user) || !unescape(colon + 1, end, out->password))
        return "a Redis user and password have up to 255 bytes each; % is written %25, @ as %40 and / as %2F";
    return NULL;
}

static const char *parse_host(const char *from, const char *end, struct redis_url *out)
{
    const char *host = from, *host_end;
    if (from < end && *from == '[') {
        host++;
        host_end = memchr(from, ']', (size_t)(end - from));
        if (!host_end || (host_end + 1 < end && host_end[1] != ':'))
            return "an IPv6 address of Redis stands in brackets: redis://[::1]:6379";
        from = host_end + 1;
    } else {
        host_end = memchr(from, ':', (size_t)(end - from));
        if (!host_end)
            host_end = end;
        else if (memchr(host_end + 1, ':', (size_t)(end - host_end - 1)))
            return "an IPv6 address of Redis stands in brackets: redis://[::1]:6379";
        from = host_end;
    }
    size_t host_len = (size_t)(host_end - host);
    if (host_len == 0 || host_len > REDIS_URL_HOST_MAX)
        return "the address of Redis names a host of 1 to 253 characters: redis://127.0.0.1:6379";
    memcpy(out->host, host, host_len);
    out->port = PORT_DEFAULT;
    if (from < end && (!parse_number(from + 1, end, PORT_MAX, &out->port) || out->port == 0))
        return "the port of Redis is a number from 1 to 65535: redis://127.0.0.1:6379";
    return NULL;
}

static bool unescape(const char *from, const char *end, char out[REDIS_URL_SECRET_MAX + 1])
{
    size_t len = 0;
    while (from < end) {
        char c = *from++;
        if (c == '%') {
            if (end - from < 2 || hex_digit(from[0]) < 0 || hex_digit(from[1]) < 0)
                return false;
            c = (char)(hex_digit(from[0]) * 16 + hex_digit(from[1]));
            from += 2;
        }
        if (len == REDIS_URL_SECRET_MAX || c == '\0')
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Digits only, no more than max; *out is set only then. */
static bool parse_number(const char *from, const char *end, int max, int *out)
{
    int value = 0;
    if (from == end)
        return false;
    for (; from < end; from++) {
        if (*from < '0' || *from > '9')
            return false;
        value = value * 10 + (*from - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}
