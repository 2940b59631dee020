/*
 * Lets hiredis run on a libuv loop: one poll handle for each connection, its life tied to the hiredis context.
 *
 * The adapter that hiredis 0.14 ships drops poll errors, so that a refused connection is never heard of, and no version
 * stands up to a server that says what nobody asked for: hiredis asserts. Here every end of a connection is told once,
 * by `gone`, and answers other than one string, number or nil for each command end the connection.
 */
#ifndef API_REDIS_UV_H
#define API_REDIS_UV_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <uv.h>

struct redis_uv_events {
    /*
     * The context is being freed, by hiredis or by redisAsyncFree: no word of it may be used any more. Callbacks of
     * commands without an answer get a NULL reply before this (hiredis 0.14) or after it (1.x), in the same call.
     */
    void (*gone)(void *arg, const char *reason);
    void (*closed)(void *arg); /* the poll handle is no more: the last call */
    void *arg;
};

/*
 * Takes a fresh context without error. An answer of more than answer_max bytes ends the connection. 0, or a negative
 * libuv error: then no event ever comes, and the context is the caller's to free.
 */
int redis_uv_attach(uv_loop_t *loop, redisAsyncContext *context, size_t answer_max,
                    const struct redis_uv_events *events);

#endif
