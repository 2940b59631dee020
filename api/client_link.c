/*
 * One request, one reply. Sockets never block: every wait is a poll with the time that is left, so that --timeout holds
 * whatever the other side does.
 */
#include "client_link.h"

#include "address.h"
#include "jsonrpc.h"
#include "method.h"
#include "plans.h"
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { INTERRUPT_WAIT_MS = 50, REPLY_MAX_BYTES = 1 << 20, BACKLOG_WAIT_MS = 10, ENVELOPE_ROOM = 4096 };

static enum link_status fail(struct link *link, enum link_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum link_status connect_local(struct link *link, const struct address *address);
static enum link_status connect_tcp(struct link *link, const struct address *address);
static enum link_status send_line(struct link *link);
static enum link_status receive_answer(struct link *link, struct link_answer *out);
static bool read_reply(struct link *link, struct slice line, struct link_answer *out, bool *broken);
static enum link_status answer_here(struct link *link, struct link_answer *out);
static int make_plans(struct link *link);

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum link_status fail(struct link *link, enum link_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(link->error, sizeof link->error, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Opening and closing ---- */

static void start(struct link *link)
{
    memset(link, 0, sizeof *link);
    link->fd = -1;
    frame_init(&link->frame, REPLY_MAX_BYTES);
    buf_init(&link->line, REPLY_MAX_BYTES + ENVELOPE_ROOM);
}

enum link_status link_open(struct link *link, const char *url, int64_t timeout_ms)
{
    struct address address;
    const char *why;
    start(link);
    link->url = url;
    link->timeout_ms = timeout_ms;
    if (address_parse(url, &address, &why))
        return fail(link, LINK_INPUT, "'%.200s' is no address of a service: %s", url, why);
    enum link_status status = address.local ? connect_local(link, &address) : connect_tcp(link, &address);
    if (status != LINK_OK)
        link_close(link);
    return status;
}

enum link_status link_open_data(struct link *link, const char *dir, struct wm_faults *faults)
{
    start(link);
    int code = wm_dataset_load(dir, faults, &link->dataset);
    if (code == WM_OK && make_plans(link))
        code = WM_EMEMORY;
    if (code == WM_OK)
        return LINK_OK;
    link_close(link);
    return fail(link, code == WM_EMEMORY ? LINK_FAILED : LINK_INPUT, "%s", wm_error_text(code));
}

static bool on_stop(void *arg)
{
    const struct link *link = arg;
    return link->interrupted && *link->interrupted;
}

/* Told as a service tells it. */
static void on_progress(void *arg, const struct plan_news *news)
{
    static const char method[] = "plan.progress";
    struct link *link = arg;
    struct buf params;
    if (!link->on_notice)
        return;
    buf_init(&params, ENVELOPE_ROOM);
    buf_text(&params, "{\"phase\":");
    buf_json_string(&params, news->phase, strlen(news->phase));
    if (news->found)
        buf_format(&params, ",\"value\":%.9f,\"gap\":%.9f", news->value, news->gap);
    if (news->bounded)
        buf_format(&params, ",\"bound\":%.9f", news->bound);
    buf_format(&params, ",\"elapsed_ms\":%lld}", (long long)news->elapsed_ms);
    if (!params.failed)
        link->on_notice(link->context, (struct slice){method, sizeof method - 1},
                        (struct slice){params.at, params.len});
    buf_fini(&params);
}

/* Plans that are solved by the call that asks for them, with all the machine has. */
static int make_plans(struct link *link)
{
    struct plans_options options = PLANS_OPTIONS_INIT;
    options.parallel = workers_processors();
    options.stop = on_stop;
    options.progress = on_progress;
    options.arg = link;
    return plans_new(&options, &link->plans);
}

void link_close(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    plans_free(link->plans);
    link->plans = NULL;
    wm_dataset_unref(link->dataset);
    link->dataset = NULL;
    frame_fini(&link->frame);
    buf_fini(&link->line);
}

/* 1: ready, 0: the deadline has passed, -1: poll failed. */
static int wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd ready = {fd, events, 0};
        int n = poll(&ready, 1, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
        if (n >= 0 || errno != EINTR)
            return n;
    }
}

/* 0, or the reason why the socket does not connect. */
static int connect_by(int fd, const struct sockaddr *address, socklen_t len, int64_t deadline)
{
    if (connect(fd, address, len) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    int ready = wait_for(fd, POLLOUT, deadline), reason = 0;
    socklen_t reason_len = sizeof reason;
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &reason_len) == 0 ? reason : errno;
}

static enum link_status refused(struct link *link, int reason)
{
    return fail(link, LINK_UNREACHABLE,
                "no service answers at %.200s (%s); start one with 'make run', or ask without a service: --data DIR",
                link->url, strerror(reason));
}

static enum link_status connect_local(struct link *link, const struct address *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, address->path, sizeof address->path);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return fail(link, LINK_FAILED, "cannot make a socket: %s", strerror(errno));
    int64_t deadline = now_ms() + link->timeout_ms;
    int reason = connect_by(link->fd, (const struct sockaddr *)&name, sizeof name, deadline);
    while (reason == EAGAIN &&
           now_ms() < deadline) { /* its queue of new connections is full, and poll cannot wait for that */
        poll(NULL, 0, BACKLOG_WAIT_MS);
        reason = connect_by(link->fd, (const struct sockaddr *)&name, sizeof name, deadline);
    }
    return reason == 0 ? LINK_OK : refused(link, reason);
}

static enum link_status connect_tcp(struct link *link, const struct address *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    char port[16];
    snprintf(port, sizeof port, "%u", address->port);
    int code = getaddrinfo(address->host, port, &hints, &found);
    if (code != 0)
        return fail(link, LINK_UNREACHABLE,
                    "the host of %.200s is not known (%s); give another with -u, or use --data DIR", link->url,
                    gai_strerror(code));

    int64_t deadline = now_ms() + link->timeout_ms;
    int reason = EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && link->fd < 0; at = at->ai_next) {
        int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
        if (fd < 0) {
            reason = errno;
            continue;
        }
        reason = connect_by(fd, at->ai_addr, at->ai_addrlen, deadline);
        if (reason == 0)
            link->fd = fd;
        else
            close(fd);
    }
    freeaddrinfo(found);
    return link->fd >= 0 ? LINK_OK : refused(link, reason);
}

/* ---- Asking ---- */

enum link_status link_call(struct link *link, const char *method, struct slice params, struct link_answer *out)
{
    struct buf *line = &link->line;
    buf_clear(line);
    buf_format(line, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":", (unsigned long long)++link->calls);
    buf_json_string(line, method, strlen(method));
    if (params.at) {
        buf_text(line, ",\"params\":");
        size_t start_at = line->len;
        buf_put(line, params.at, params.len);
        /* A line end between two tokens would end the message; it can only be blank there. */
        for (size_t i = start_at; !line->failed && i < line->len; i++)
            if (line->at[i] == '\n' || line->at[i] == '\r')
                line->at[i] = ' ';
    }
    buf_char(line, '}');
    if (line->failed || line->len > LINE_MAX_BYTES)
        return fail(link, LINK_INPUT, "the request is longer than the %d bytes a message may have", LINE_MAX_BYTES);
    if (link->dataset)
        return answer_here(link, out);

    buf_char(line, '\n');
    enum link_status status = send_line(link);
    return status == LINK_OK ? receive_answer(link, out) : status;
}

static enum link_status send_line(struct link *link)
{
    int64_t deadline = now_ms() + link->timeout_ms;
    for (size_t sent = 0; sent < link->line.len;) {
        ssize_t n = send(link->fd, link->line.at + sent, link->line.len - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return fail(link, LINK_UNREACHABLE, "the service at %.200s took no request: %s", link->url,
                        strerror(errno));
        if (wait_for(link->fd, POLLOUT, deadline) <= 0)
            return fail(link, LINK_UNREACHABLE,
                        "the service at %.200s took no request in %.3g s; --timeout S waits longer", link->url,
                        (double)link->timeout_ms / 1000);
    }
    return LINK_OK;
}

/* Bytes to look at, in link->unread; none of them: the service has ended the connection. */
static enum link_status receive_bytes(struct link *link, int64_t deadline)
{
    for (;;) {
        int64_t until = deadline, soon = now_ms() + INTERRUPT_WAIT_MS;
        if (link->interrupted && *link->interrupted)
            return fail(link, LINK_INTERRUPTED, "interrupted");
        if (link->interrupted && soon < until) /* a signal that comes just before poll does not end it */
            until = soon;
        int ready = wait_for(link->fd, POLLIN, until);
        if (ready == 0 && until < deadline)
            continue;
        if (ready <= 0)
            return fail(link, LINK_UNREACHABLE, "no answer from %.200s in %.3g s; --timeout S waits longer", link->url,
                        (double)link->timeout_ms / 1000);
        ssize_t n = recv(link->fd, link->bytes, sizeof link->bytes, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (n < 0)
            return fail(link, LINK_UNREACHABLE, "the answer from %.200s broke off: %s", link->url, strerror(errno));
        link->unread = link->bytes;
        link->unread_len = (size_t)n;
        return LINK_OK;
    }
}

static enum link_status receive_answer(struct link *link, struct link_answer *out)
{
    int64_t deadline = now_ms() + link->timeout_ms;
    for (bool ended = false;;) {
        const char *line;
        size_t line_len;
        enum frame_event event = ended ? frame_end(&link->frame, &line, &line_len)
                                       : frame_next(&link->frame, &link->unread, &link->unread_len, &line, &line_len);
        if (event == FRAME_MORE && ended)
            return fail(link, LINK_UNREACHABLE, "the service at %.200s closed the connection before it answered",
                        link->url);
        if (event == FRAME_MORE) {
            enum link_status status = receive_bytes(link, deadline);
            if (status != LINK_OK)
                return status;
            ended = link->unread_len == 0;
            continue;
        }
        if (event == FRAME_TOO_LONG)
            return fail(link, LINK_UNREACHABLE, "what came from %.200s is longer than %d bytes, which no answer is",
                        link->url, REPLY_MAX_BYTES);
        bool broken = false;
        buf_clear(&link->line);
        if (event != FRAME_MEMORY)
            buf_put(&link->line, line, line_len);
        if (event == FRAME_MEMORY || link->line.failed)
            return fail(link, LINK_FAILED, "%s", wm_error_text(WM_EMEMORY));
        if (read_reply(link, (struct slice){link->line.at, link->line.len}, out, &broken))
            return LINK_OK;
        if (broken)
            return fail(link, LINK_UNREACHABLE, "what answers at %.200s is no wellmatch service; give another with -u",
                        link->url);
    }
}

struct reply {
    struct slice id, result, error, method, params;
};

static bool take_apart(struct slice line, struct reply *reply)
{
    struct slice key, value;
    struct json_walk walk;
    size_t offset;
    const char *reason;
    *reply = (struct reply){0};
    if (json_check(line.at, line.len, &offset, &reason) != JSON_OK || json_kind(line) != '{')
        return false;
    json_walk_start(&walk, line);
    while (json_walk_member(&walk, &key, &value)) {
        struct slice *place = json_string_is(key, "id")       ? &reply->id
                              : json_string_is(key, "result") ? &reply->result
                              : json_string_is(key, "error")  ? &reply->error
                              : json_string_is(key, "method") ? &reply->method
                              : json_string_is(key, "params") ? &reply->params
                                                              : NULL;
        if (place)
            *place = value;
    }
    return true;
}

/* Which of our calls a reply is to: 0 for none of them. */
static uint64_t call_of(const struct link *link, struct slice id)
{
    for (uint64_t call = link->calls; id.at && call > 0 && call + 2 > link->calls; call--) { /* at most one was left */
        char text[24];
        int len = snprintf(text, sizeof text, "%llu", (unsigned long long)call);
        if (id.len == (size_t)len && memcmp(id.at, text, id.len) == 0)
            return call;
    }
    return 0;
}

/* True: `line` is the reply to our request. A notification, and what is due to an earlier call, is passed over. */
static bool read_reply(struct link *link, struct slice line, struct link_answer *out, bool *broken)
{
    struct slice key, value;
    struct json_walk walk;
    struct reply reply;
    *broken = true;
    if (!take_apart(line, &reply))
        return false;
    uint64_t call = call_of(link, reply.id);
    bool notice = reply.method.at && !reply.id.at;
    if (notice && link->on_notice && json_kind(reply.method) == '"')
        link->on_notice(link->context, json_string_raw(reply.method), reply.params);
    if (notice || (call > 0 && call < link->calls)) {
        *broken = false;
        return false;
    }
    bool ours = call == link->calls;
    bool nobodys = reply.id.at && json_kind(reply.id) == 'n'; /* the service could not read our id */
    if (reply.result.at && ours && !reply.error.at) {
        *out = (struct link_answer){0, reply.result};
        return true;
    }
    if (!reply.error.at || reply.result.at || (!ours && !nobodys) || json_kind(reply.error) != '{')
        return false;
    json_walk_start(&walk, reply.error);
    while (json_walk_member(&walk, &key, &value))
        if (json_string_is(key, "code") && json_kind(value) == '0') {
            *out = (struct link_answer){(int)strtol(value.at, NULL, 10), reply.error};
            return out->code != 0;
        }
    return false;
}

/* ---- Answering here ---- */

/* The same reading, dispatch and writing as in the service, so that the same bytes come out. */
static enum link_status answer_here(struct link *link, struct link_answer *out)
{
    struct message message;
    struct request request;
    struct buf answer;
    jsonrpc_read(link->line.at, link->line.len, &message);
    jsonrpc_next(&message, &request);
    buf_init(&answer, REPLY_MAX_BYTES);
    int code = request.code;
    if (code != 0) {
        jsonrpc_put_fault(&answer, &request);
    } else {
        const struct method *method = method_find(request.method);
        if (!method) {
            method_put_unknown(&answer, request.method);
            code = RPC_METHOD;
        } else if (!method->run) {
            buf_fini(&answer);
            return fail(link, LINK_INPUT, "%s needs a running service: leave --data out", method->name);
        } else {
            const struct method_host host = {.plans = link->plans};
            struct method_call call = {.dataset = link->dataset, .host = &host, .params = request.params};
            code = method_run(method, &call, &answer);
        }
    }
    if (answer.failed) {
        buf_fini(&answer);
        return fail(link, LINK_FAILED, "%s", wm_error_text(WM_EMEMORY));
    }
    buf_fini(&link->line); /* the request, which `request` pointed into */
    link->line = answer;
    *out = (struct link_answer){code, {link->line.at, link->line.len}};
    return LINK_OK;
}
