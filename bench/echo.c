/*
 * The least a server on libuv can do: for every line a canned line of N bytes, all lines of a read in one write. What
 * the daemon costs above this is the daemon's own. Prints its address and serves until a signal ends it.
 *
 *   echo N[/LINES] [PATH]     on a free TCP port of 127.0.0.1, or on the unix socket PATH
 *
 * With LINES so many lines make one request, as in HTTP.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { COPIES = 256, REPLY_MAX = 1 << 20, BACKLOG = 128 };

static char *replies; /* COPIES of the canned line */
static size_t reply_len, request_lines = 1;

struct client {
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } peer;
    size_t n_lines; /* of the request that is coming */
    char bytes[1 << 16];
};

struct answer {
    uv_write_t write;
    uv_buf_t bufs[]; /* [lines of one read / COPIES + 1] */
};

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *client = handle->data;
    (void)suggested;
    *buf = uv_buf_init(client->bytes, sizeof client->bytes);
}

static void on_write(uv_write_t *write, int status)
{
    (void)status;
    free(write);
}

static void answer_lines(struct client *client, size_t lines)
{
    size_t n = (lines + COPIES - 1) / COPIES;
    struct answer *answer = malloc(sizeof *answer + n * sizeof answer->bufs[0]);
    if (!answer)
        abort();
    for (size_t i = 0; i < n; i++) {
        size_t part = lines < COPIES ? lines : COPIES;
        answer->bufs[i] = uv_buf_init(replies, (unsigned)(part * reply_len));
        lines -= part;
    }
    if (uv_write(&answer->write, &client->peer.stream, answer->bufs, (unsigned)n, on_write) != 0)
        free(answer);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct client *client = stream->data;
    size_t lines = 0;
    if (len < 0) {
        uv_close((uv_handle_t *)stream, on_close);
        return;
    }
    const char *end = buf->base + len;
    for (const char *at = buf->base; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    client->n_lines += lines;
    lines = client->n_lines / request_lines;
    client->n_lines %= request_lines;
    if (lines > 0)
        answer_lines(client, lines);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client || status != 0)
        abort();
    bool local = listener->type == UV_NAMED_PIPE;
    if (local)
        uv_pipe_init(listener->loop, &client->peer.pipe, 0);
    else
        uv_tcp_init(listener->loop, &client->peer.tcp);
    client->peer.stream.data = client;
    if (uv_accept(listener, &client->peer.stream) == 0 && (local || uv_tcp_nodelay(&client->peer.tcp, 1) == 0))
        uv_read_start(&client->peer.stream, on_alloc, on_read);
    else
        uv_close((uv_handle_t *)&client->peer.stream, on_close);
}

static int serve_local(uv_loop_t *loop, const char *path)
{
    static uv_pipe_t listener;
    if (uv_pipe_init(loop, &listener, 0) != 0 || uv_pipe_bind(&listener, path) != 0 ||
        uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection) != 0)
        return 1;
    printf("unix:%s\n", path);
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT) < 0;
}

static int serve(uv_loop_t *loop)
{
    static uv_tcp_t listener;
    struct sockaddr_in any, bound;
    int len = sizeof bound;
    uv_ip4_addr("127.0.0.1", 0, &any);
    if (uv_tcp_init(loop, &listener) != 0 || uv_tcp_bind(&listener, (const struct sockaddr *)&any, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, BACKLOG, on_connection) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&bound, &len) != 0)
        return 1;
    printf("tcp://127.0.0.1:%u\n", (unsigned)ntohs(bound.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT) < 0;
}

int main(int argc, char *argv[])
{
    char *slash = NULL;
    reply_len = argc == 2 || argc == 3 ? strtoul(argv[1], &slash, 10) : 0;
    if (slash && *slash == '/')
        request_lines = strtoul(slash + 1, NULL, 10);
    if (reply_len < 1 || request_lines < 1 || reply_len > REPLY_MAX || !(replies = malloc(COPIES * reply_len))) {
        fprintf(stderr, "usage: echo N[/LINES] [PATH], bytes of a reply, 1 to %d, and lines of a request\n", REPLY_MAX);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a client that has gone */
    memset(replies, 'x', COPIES * reply_len);
    for (size_t i = 1; i <= COPIES; i++)
        replies[i * reply_len - 1] = '\n';
    return argc == 3 ? serve_local(uv_default_loop(), argv[2]) : serve(uv_default_loop());
}
