/*
 * Whether a Host header names this service. A web page can have its own name stand for our address (DNS rebinding), and
 * would then be of the same origin as we are: so names are those of this machine to itself, those it listens on, and
 * those that were configured; of addresses, loopback and the one that the peer reached, which no page can make its name.
 */
#include "conn_state.h"

#include "http.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The host of HOST, HOST:PORT, [HOST] or [HOST]:PORT; false: it is none of these. */
static bool split_authority(const char *authority, char host[HTTP_AUTHORITY_CAP])
{
    bool bracket = authority[0] == '[';
    const char *begin = authority + bracket, *end = begin + strcspn(begin, bracket ? "]" : ":");
    if (end == begin || (bracket && *end != ']'))
        return false;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    const char *port = end + bracket;
    return !*port || (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1) && strlen(port + 1) <= 5);
}

/* The address that the peer reached, which no name of somebody else's can stand for. */
static bool is_reached_at(const struct conn *conn, int family, const void *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } name;
    int len = sizeof name;
    if (uv_tcp_getsockname(&conn->peer.tcp, &name.any, &len))
        return false;
    if (name.any.sa_family == AF_INET)
        return family == AF_INET && memcmp(&name.v4.sin_addr, address, 4) == 0;
    if (family == AF_INET)
        return IN6_IS_ADDR_V4MAPPED(&name.v6.sin6_addr) && memcmp(name.v6.sin6_addr.s6_addr + 12, address, 4) == 0;
    return memcmp(&name.v6.sin6_addr, address, 16) == 0;
}

static bool is_configured(const struct service *service, const char *host)
{
    size_t len = strlen(host);
    for (const char *at = service->config->http_host; *at;) {
        size_t n = strcspn(at, ",");
        if (n == len && strncasecmp(at, host, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    for (const struct bound *at = service->listeners; at; at = at->next)
        if (at->http && strncasecmp(at->address, "http://", 7) == 0 && strncasecmp(at->address + 7, host, len) == 0 &&
            at->address[7 + len] == ':')
            return true;
    return false;
}

bool conn_is_own_host(const struct conn *conn, const char *authority)
{
    char host[HTTP_AUTHORITY_CAP];
    unsigned char v4[4], v6[16];
    if (!split_authority(authority, host))
        return false;
    if (conn->local || strcasecmp(host, "localhost") == 0)
        return true; /* no browser reaches a unix socket by itself */
    if (inet_pton(AF_INET, host, v4) == 1)
        return v4[0] == 127 || is_reached_at(conn, AF_INET, v4);
    if (inet_pton(AF_INET6, host, v6) == 1)
        return memcmp(v6, &in6addr_loopback, 16) == 0 || is_reached_at(conn, AF_INET6, v6);
    return is_configured(conn->service, host);
}
