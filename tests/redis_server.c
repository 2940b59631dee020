/* Starts and ends the servers that the tests of the cache talk to. */
#include "redis_server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WATCHDOG_MS = 30000, ARGUMENTS_MAX = 40 };

static void make_folder(char folder[64], char path[80], char url[96]);
static void launch(struct redis_server *server, const char *const options[]);
static void wait_until_ready(int output);

/* ---- The real one ---- */

void redis_server_start(struct redis_server *server, bool tcp, const char *const options[])
{
    memset(server, 0, sizeof *server);
    make_folder(server->folder, server->path, server->url);
    server->port = tcp ? free_port() : 0;
    launch(server, options);
}

void redis_server_restart(struct redis_server *server, const char *const options[])
{
    redis_server_kill(server);
    unlink(server->path);
    launch(server, options);
}

static void launch(struct redis_server *server, const char *const options[])
{
    char port[16];
    snprintf(port, sizeof port, "%d", server->port);
    const char *arguments[ARGUMENTS_MAX] = {
        "redis-server", "--unixsocket", server->path, "--port",       port, "--bind",      "127.0.0.1", "--dir",
        server->folder, "--save",       "",           "--appendonly", "no", "--daemonize", "no"};
    size_t n = 15;
    for (size_t i = 0; options && options[i]; i++) {
        assert(n + 1 < ARGUMENTS_MAX);
        arguments[n++] = options[i];
    }
    int output[2];
    if (pipe(output))
        abort();
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        execvp("redis-server", (char *const *)(uintptr_t)arguments);
        fprintf(stderr, "redis-server cannot be started (%s): install it with `make deps`\n", strerror(errno));
        _exit(127);
    }
    close(output[1]);
    wait_until_ready(output[0]);
    close(output[0]);
}

static void wait_until_ready(int output)
{
    char text[16384];
    size_t len = 0;
    struct pollfd ready = {output, POLLIN, 0};
    while (len + 1 < sizeof text && poll(&ready, 1, WATCHDOG_MS) == 1) {
        ssize_t n = read(output, text + len, sizeof text - 1 - len);
        if (n <= 0)
            break;
        text[len += (size_t)n] = '\0';
        if (strstr(text, "to accept connections")) /* said once it listens everywhere */
            return;
    }
    text[len] = '\0';
    fprintf(stderr, "redis-server did not become ready; it said:\n%s\n", text);
    abort();
}

void redis_server_signal(const struct redis_server *server, int signal_number)
{
    kill(server->pid, signal_number);
    if (signal_number == SIGSTOP)
        waitpid(server->pid, NULL, WUNTRACED); /* returns once it stands still */
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void redis_server_end(struct redis_server *server)
{
    redis_server_kill(server);
    unlink(server->path);
    rmdir(server->folder);
}

redisReply *redis_server_ask(const struct redis_server *server, int argc, const char *const argv[], const size_t len[])
{
    redisContext *context = redisConnectUnixWithTimeout(server->path, (struct timeval){WATCHDOG_MS / 1000, 0});
    if (!context || context->err)
        abort();
    if (server->client[0])
        freeReplyObject(redisCommand(context, "AUTH %s", server->client));
    const char *copy[16];
    assert(argc <= 16);
    memcpy(copy, argv, (size_t)argc * sizeof *copy);
    redisReply *reply = redisCommandArgv(context, argc, copy, len);
    redisFree(context);
    if (!reply)
        abort();
    return reply;
}

int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        abort();
    close(fd);
    return ntohs(address.sin_port);
}

static void make_folder(char folder[64], char path[80], char url[96])
{
    snprintf(folder, 64, "/tmp/wellmatch-redis-XXXXXX");
    if (!mkdtemp(folder))
        abort();
    snprintf(path, 80, "%.50s/redis.sock", folder);
    snprintf(url, 96, "redis+unix:%s", path);
}

/* ---- The one that says what it is told to ---- */

struct fake_peer {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } stream;
    struct fake_redis *fake;
    struct fake_peer *next;
    redisReader *reader;
    char room[65536];
};

struct fake_write {
    uv_write_t request;
    char bytes[];
};

static void on_connection(uv_stream_t *listener, int status);
static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out);
static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes);
static bool say(struct fake_peer *peer, const char *text);
static void on_said(uv_write_t *request, int status);
static void hang_up(struct fake_peer *peer);
static void on_peer_closed(uv_handle_t *handle);

void fake_redis_start(uv_loop_t *loop, struct fake_redis *fake,
                      const char *(*answer)(struct fake_redis *fake, const redisReply *command))
{
    memset(fake, 0, sizeof *fake);
    make_folder(fake->folder, fake->path, fake->url);
    fake->loop = loop;
    fake->answer = answer;
    uv_pipe_init(loop, &fake->listener, 0);
    if (uv_pipe_bind(&fake->listener, fake->path))
        abort();
    fake_redis_listen(fake, (uv_stream_t *)&fake->listener);
}

void fake_redis_listen(struct fake_redis *fake, uv_stream_t *listener)
{
    listener->data = fake;
    if (uv_listen(listener, 16, on_connection))
        abort();
}

void fake_redis_say(struct fake_redis *fake, const char *text)
{
    for (struct fake_peer *peer = fake->peers; peer; peer = peer->next)
        if (!uv_is_closing(&peer->stream.handle))
            say(peer, text);
}

void fake_redis_end(struct fake_redis *fake)
{
    uv_close((uv_handle_t *)&fake->listener, NULL); /* libuv removes the socket */
    for (struct fake_peer *peer = fake->peers; peer; peer = peer->next)
        hang_up(peer);
    unlink(fake->path);
    rmdir(fake->folder);
}

bool fake_command_is(const redisReply *command, const char *word)
{
    return command->elements > 0 && strcasecmp(command->element[0]->str, word) == 0;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct fake_redis *fake = listener->data;
    struct fake_peer *peer = calloc(1, sizeof *peer);
    if (status || !peer)
        abort();
    peer->fake = fake;
    peer->reader = redisReaderCreate();
    peer->next = fake->peers;
    fake->peers = peer;
    fake->n_connections++;
    if (listener->type == UV_TCP)
        uv_tcp_init(fake->loop, &peer->stream.tcp);
    else
        uv_pipe_init(fake->loop, &peer->stream.pipe, 0);
    peer->stream.handle.data = peer;
    if (uv_accept(listener, &peer->stream.stream) || uv_read_start(&peer->stream.stream, on_room, on_bytes))
        abort();
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct fake_peer *peer = handle->data;
    (void)wanted;
    *out = uv_buf_init(peer->room, sizeof peer->room);
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct fake_peer *peer = stream->data;
    struct fake_redis *fake = peer->fake;
    void *command;
    if (n < 0) {
        hang_up(peer);
        return;
    }
    redisReaderFeed(peer->reader, bytes->base, (size_t)n);
    while (redisReaderGetReply(peer->reader, &command) == REDIS_OK && command) {
        fake->n_commands++;
        fake->n_pings += fake_command_is(command, "PING");
        const char *text = fake->answer(fake, command);
        freeReplyObject(command);
        if (text && !say(peer, text))
            return;
    }
}

static bool say(struct fake_peer *peer, const char *text)
{
    if (strcmp(text, FAKE_HANG_UP) == 0) {
        hang_up(peer);
        return false;
    }
    size_t len = strlen(text);
    struct fake_write *write = malloc(sizeof *write + len);
    if (!write)
        abort();
    memcpy(write->bytes, text, len);
    uv_buf_t bytes = uv_buf_init(write->bytes, (unsigned)len);
    if (uv_write(&write->request, &peer->stream.stream, &bytes, 1, on_said))
        abort();
    return true;
}

static void on_said(uv_write_t *request, int status)
{
    (void)status; /* the cache may have left: that is for the test to find out */
    free(request);
}

static void hang_up(struct fake_peer *peer)
{
    if (!uv_is_closing(&peer->stream.handle))
        uv_close(&peer->stream.handle, on_peer_closed);
}

static void on_peer_closed(uv_handle_t *handle)
{
    struct fake_peer *peer = handle->data;
    struct fake_peer **at = &peer->fake->peers;
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    redisReaderFree(peer->reader);
    free(peer);
}
