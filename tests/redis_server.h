/*
 * Servers for the tests of the cache: a real redis-server in a folder of its own, and one on the test's loop that says
 * what it is told to.
 */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

/* ---- The real one ---- */

struct redis_server {
    pid_t pid; /* 0: not running */
    char folder[64];
    char path[80];   /* of its socket */
    char url[96];    /* redis+unix:PATH */
    int port;        /* 0: none */
    char client[80]; /* password for redis_server_ask */
};

/*
 * Starts it on a unix socket, and on a free port when asked; returns once it accepts connections. `options` are pairs
 * "--name", "value" ended by NULL, or NULL. It dies with the test.
 */
void redis_server_start(struct redis_server *server, bool tcp, const char *const options[]);
void redis_server_restart(struct redis_server *server, const char *const options[]); /* same socket, empty */
void redis_server_signal(const struct redis_server *server, int signal_number);
void redis_server_kill(struct redis_server *server); /* SIGKILL, waited for */
void redis_server_end(struct redis_server *server);  /* and its folder removed */
/* One command over a connection of its own, waited for; the caller frees the reply. */
redisReply *redis_server_ask(const struct redis_server *server, int argc, const char *const argv[], const size_t len[]);

/* A port on which nobody listens. */
int free_port(void);

/* ---- The one that says what it is told to ---- */

struct fake_peer;

struct fake_redis {
    uv_loop_t *loop;
    uv_pipe_t listener;
    char folder[64], path[80], url[96];
    /* Bytes to say to a command (FAKE_HANG_UP: close), or NULL to stay silent. */
    const char *(*answer)(struct fake_redis *fake, const redisReply *command);
    const char *script; /* for `answer` to use */
    unsigned n_commands, n_connections, n_pings;
    struct fake_peer *peers;
};

#define FAKE_HANG_UP "(close)"

void fake_redis_start(uv_loop_t *loop, struct fake_redis *fake,
                      const char *(*answer)(struct fake_redis *fake, const redisReply *command));
/* Also answers at another listener, bound but not yet listening, which stays the caller's to close. */
void fake_redis_listen(struct fake_redis *fake, uv_stream_t *listener);
/* Says it to whoever is still connected, unasked. */
void fake_redis_say(struct fake_redis *fake, const char *text);
/* Closes everything; the loop must turn once more for the memory. */
void fake_redis_end(struct fake_redis *fake);
/* True when the first word of the command is `word`. */
bool fake_command_is(const redisReply *command, const char *word);

#endif
