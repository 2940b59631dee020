/* Reads and writes the addresses of sockets: tcp://HOST:PORT, tcp://[IPV6]:PORT and unix:PATH. */
#include "address.h"

#include <stdio.h>
#include <string.h>

#define TCP "tcp://"
#define LOCAL "unix:"
#define HTTP "http://"
#define HTTP_LOCAL "http+unix:"

static int parse_tcp(const char *rest, struct address *out, const char **why);
static int parse_local(const char *path, struct address *out, const char **why);
static int parse_port(const char *text, unsigned *out);

int address_parse(const char *text, struct address *out, const char **why)
{
    struct address address;
    memset(&address, 0, sizeof address);
    int failed;
    if (strncmp(text, TCP, strlen(TCP)) == 0) {
        failed = parse_tcp(text + strlen(TCP), &address, why);
    } else if (strncmp(text, LOCAL, strlen(LOCAL)) == 0) {
        failed = parse_local(text + strlen(LOCAL), &address, why);
    } else {
        *why = "an address is tcp://HOST:PORT or unix:PATH";
        failed = -1;
    }
    if (!failed)
        *out = address;
    return failed;
}

int address_parse_http(const char *text, struct address *out, const char **why)
{
    struct address address;
    memset(&address, 0, sizeof address);
    int failed;
    if (strncmp(text, LOCAL, strlen(LOCAL)) == 0)
        failed = parse_local(text + strlen(LOCAL), &address, why);
    else if (strncmp(text, HTTP_LOCAL, strlen(HTTP_LOCAL)) == 0)
        failed = parse_local(text + strlen(HTTP_LOCAL), &address, why);
    else
        failed = parse_tcp(text + (strncmp(text, HTTP, strlen(HTTP)) == 0 ? strlen(HTTP) : 0), &address, why);
    if (failed && !address.local && strncmp(text, LOCAL, strlen(LOCAL)) != 0)
        *why = "an address for HTTP is HOST:PORT, as in " ADDRESS_HTTP_USUAL ", or unix:PATH";
    address.http = true;
    if (!failed)
        *out = address;
    return failed;
}

static int parse_tcp(const char *rest, struct address *out, const char **why)
{
    const char *host = rest, *host_end, *colon;
    if (*rest == '[') {
        host = rest + 1;
        host_end = strchr(host, ']');
        colon = host_end ? host_end + 1 : NULL;
    } else {
        host_end = colon = strrchr(rest, ':');
        if (colon && strchr(rest, ':') != colon) {
            *why = "an IPv6 address stands in brackets: tcp://[::1]:7345";
            return -1;
        }
    }
    if (!colon || *colon != ':') {
        *why = "a TCP address ends in its port: tcp://127.0.0.1:7345";
        return -1;
    }
    size_t host_len = (size_t)(host_end - host);
    if (host_len == 0 || host_len > ADDRESS_HOST_MAX || memchr(host, '/', host_len)) {
        *why = "a TCP address names a host of 1 to 253 characters: tcp://127.0.0.1:7345";
        return -1;
    }
    if (parse_port(colon + 1, &out->port)) {
        *why = "a port is a number from 0 to 65535 (0: any free one)";
        return -1;
    }
    memcpy(out->host, host, host_len);
    return 0;
}

static int parse_port(const char *text, unsigned *out)
{
    unsigned port = 0;
    size_t n = 0;
    for (; text[n] >= '0' && text[n] <= '9' && n < 5; n++)
        port = port * 10 + (unsigned)(text[n] - '0');
    if (n == 0 || text[n] || port > 65535)
        return -1;
    *out = port;
    return 0;
}

static int parse_local(const char *path, struct address *out, const char **why)
{
    /* unix:///run/x.sock is how URLs spell it, and people do. */
    if (strncmp(path, "//", 2) == 0)
        path += 2;
    size_t len = strlen(path);
    if (len == 0 || len > ADDRESS_PATH_MAX) {
        *why = "a unix socket has a path of 1 to 107 characters: unix:/run/wellmatch.sock";
        return -1;
    }
    out->local = true;
    memcpy(out->path, path, len);
    return 0;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    const char *tcp = address->http ? HTTP : TCP;
    if (address->local)
        snprintf(out, ADDRESS_TEXT_MAX, "%s%s", address->http ? HTTP_LOCAL : LOCAL, address->path);
    else if (strchr(address->host, ':'))
        snprintf(out, ADDRESS_TEXT_MAX, "%s[%s]:%u", tcp, address->host, address->port);
    else
        snprintf(out, ADDRESS_TEXT_MAX, "%s%s:%u", tcp, address->host, address->port);
}
