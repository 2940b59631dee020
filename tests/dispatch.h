/*
 * Line in, reply out, as a service does it but without sockets, threads and caches: for the golden files and the
 * fuzzer.
 */
#ifndef TESTS_DISPATCH_H
#define TESTS_DISPATCH_H

#include "jsonrpc.h"
#include "method.h"

#include <stdlib.h>

/* Appends the reply to one request; nothing for a notification. `body` is scratch. */
static inline void dispatch_request(struct wm_dataset *dataset, const struct method_host *host,
                                    const struct request *request, struct buf *body, struct buf *reply)
{
    int code = request->code;
    buf_clear(body);
    if (code != 0) {
        jsonrpc_put_fault(body, request);
    } else {
        const struct method *method = method_find(request->method);
        const struct method_call call = {dataset, host, request->params, NULL};
        if (method == NULL) {
            method_put_unknown(body, request->method);
            code = RPC_METHOD;
        } else {
            code = method_run(method, &call, body);
        }
    }
    if (body->failed || body->len == 0)
        abort();
    if (request->id.at == NULL)
        return;
    json_item(reply);
    jsonrpc_put_reply(reply, request->id, code, (struct slice){body->at, body->len});
}

/* Puts the reply to one line, without LF; nothing when there is none. */
static inline void dispatch_line(struct wm_dataset *dataset, const struct method_host *host, const char *line,
                                 size_t len, struct buf *reply)
{
    struct message message;
    struct request request;
    struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES);
    jsonrpc_read(line, len, &message);
    if (message.batch)
        buf_char(reply, '[');
    while (jsonrpc_next(&message, &request))
        dispatch_request(dataset, host, &request, &body, reply);
    if (message.batch && reply->len == 1)
        buf_clear(reply); /* notifications only */
    else if (message.batch)
        buf_char(reply, ']');
    buf_fini(&body);
}

#endif
