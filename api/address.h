/* Where a socket is: tcp://HOST:PORT or unix:PATH. Parsing and writing only; shared by the daemon and the client. */
#ifndef API_ADDRESS_H
#define API_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_DEFAULT "tcp://127.0.0.1:7345"
#define ADDRESS_HTTP_USUAL "127.0.0.1:7346"

enum {
    ADDRESS_HOST_MAX = 253, /* longest name the DNS carries */
    ADDRESS_PATH_MAX = 107, /* what sockaddr_un holds besides its NUL */
    ADDRESS_TEXT_MAX = 300  /* room for any address as text, its NUL included */
};

struct address {
    bool local;                      /* unix:PATH; otherwise tcp */
    bool http;                       /* what is spoken there is HTTP: written http:// in place of tcp:// */
    char host[ADDRESS_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    unsigned port;                   /* 0 to 65535 */
    char path[ADDRESS_PATH_MAX + 1];
};

/*
 * Reads an address. An IPv6 host stands in brackets: tcp://[::1]:7345. On failure returns -1, sets *why to a sentence
 * of what was expected and leaves *out alone.
 */
int address_parse(const char *text, struct address *out, const char **why);

/* The same for one that speaks HTTP: HOST:PORT, with or without http:// before it, or unix:PATH. */
int address_parse_http(const char *text, struct address *out, const char **why);

/* The one spelling of an address; address_parse reads it back. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);

#endif
