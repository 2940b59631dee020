/* Where Redis is and how to greet it: redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] or redis+unix:PATH. Parsing only. */
#ifndef API_REDIS_URL_H
#define API_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REDIS_URL_HOST_MAX = 253,
    REDIS_URL_PATH_MAX = 106, /* hiredis 0.14 leaves the last byte of sockaddr_un unset */
    REDIS_URL_SECRET_MAX = 255
};

struct redis_url {
    bool local;                        /* redis+unix:PATH */
    char host[REDIS_URL_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    int port, database;
    char path[REDIS_URL_PATH_MAX + 1];
    char user[REDIS_URL_SECRET_MAX + 1]; /* "" when there is none */
    char password[REDIS_URL_SECRET_MAX + 1];
};

/* 0, or -1 with a sentence and its remedy in `error`, which never repeats a password; *out is left alone then. */
int redis_url_parse(const char *text, struct redis_url *out, char *error, size_t error_cap);

#endif
