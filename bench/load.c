/*
 * A small load client: sends the lines of a file over and over and times the replies.
 *
 *   load -a ADDRESS -f FILE [-w LINES] [-c CONNECTIONS] [-d DEPTH] [-s SECONDS] [-r RATE [-t]] [-p PID]
 *
 * With -w the file is one request, and a reply has so many lines: for HTTP, where a reply is known and always the same.
 *
 * Without -r the load is closed: each connection keeps DEPTH requests outstanding, which finds the highest rate. With
 * -r it is open: requests fall due at RATE a second whatever the server does, and latency counts from when a request
 * was due, so that waiting in this client is counted too. It spins so as to be on time; with -t it sleeps and is late by
 * some tens of microseconds, but leaves the processor to others. The k-th reply of a connection is taken for its k-th
 * request: exact in the mean, nearly so in the quantiles where a server answers out of order.
 *
 * The first half second warms up and is not counted. Prints one line of key=value. With -p the processor time of that
 * process over the counted time, by request.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "address.h"

enum {
    CONNECTIONS_MAX = 1024,
    RING = 1 << 15, /* requests outstanding on one connection, at most */
    READ_ROOM = 1 << 18,
    WRITES_MAX = 64, /* requests in one write */
    SAMPLES_MAX = 1 << 26,
    WARM_NS = 500000000
};

struct lines {
    char *bytes;
    size_t n;
    uv_buf_t *line; /* [n] each with its LF */
};

struct connection {
    struct load *load;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } peer;
    uv_connect_t connect;
    size_t next_line;
    unsigned long sent, answered;
    size_t n_lines;     /* of the reply that is coming */
    uint64_t due[RING]; /* of the request that is k-th modulo RING */
    char bytes[READ_ROOM];
};

struct load {
    uv_loop_t loop;
    struct lines lines;
    struct address address;
    struct sockaddr_in server; /* unless the address is local */
    size_t n_connections, n_connected, depth;
    size_t reply_lines;
    double seconds, rate;
    int pid;
    struct connection *connections[CONNECTIONS_MAX];
    uv_timer_t timer;
    uv_idle_t pacer;
    bool sleeps;
    int alarm; /* a timerfd that wakes it for the next request that falls due */
    uv_poll_t alarm_poll;
    uint64_t start, due_sent; /* open load: requests that fell due and were sent */
    bool counting;
    uint64_t counted_from;
    double server_cpu, own_cpu; /* at counted_from */
    size_t n_samples, cap_samples;
    uint32_t *samples; /* latencies in units of 100 ns */
    uint64_t reply_bytes;
    unsigned long overflowed;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

/* ---- Processor time ---- */

/* Seconds on a processor of all threads, from the scheduler's own accounting, in nanoseconds. */
static double cpu_of(int pid)
{
    char path[300];
    if (pid == 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    double seconds = 0;
    if (!tasks)
        die("the process of -p is gone");
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        unsigned long long ns = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, task->d_name);
        FILE *file = *task->d_name == '.' ? NULL : fopen(path, "r");
        if (file && fscanf(file, "%llu", &ns) == 1)
            seconds += (double)ns * 1e-9;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return seconds;
}

/* ---- Replies ---- */

static void sample(struct load *load, uint64_t latency_ns)
{
    if (load->n_samples == load->cap_samples) {
        size_t cap = load->cap_samples ? 2 * load->cap_samples : 1 << 20;
        uint32_t *more = cap <= SAMPLES_MAX ? realloc(load->samples, cap * sizeof *more) : NULL;
        if (!more)
            die("too many requests for one run; ask for fewer seconds");
        load->samples = more;
        load->cap_samples = cap;
    }
    uint64_t units = latency_ns / 100;
    load->samples[load->n_samples++] = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

static int compare_samples(const void *a, const void *b)
{
    uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
    return (p > q) - (p < q);
}

static double quantile_us(const struct load *load, double share)
{
    size_t i = (size_t)(share * (double)load->n_samples);
    return load->samples[i < load->n_samples ? i : load->n_samples - 1] / 10.0;
}

static void on_written(uv_write_t *write, int status)
{
    free(write);
    if (status != 0 && status != UV_ECANCELED)
        die("the server closed the connection");
}

static void send_requests(struct connection *connection, size_t n, const uint64_t *due)
{
    struct load *load = connection->load;
    uv_buf_t bufs[WRITES_MAX];
    uv_write_t *write = malloc(sizeof *write);
    if (!write)
        die("no memory");
    for (size_t i = 0; i < n; i++) {
        bufs[i] = load->lines.line[connection->next_line];
        connection->next_line = (connection->next_line + 1) % load->lines.n;
        connection->due[connection->sent++ % RING] = due[i];
    }
    if (uv_write(write, &connection->peer.stream, bufs, (unsigned)n, on_written) != 0)
        die("cannot write");
}

static void send_now(struct connection *connection, size_t n)
{
    uint64_t due[WRITES_MAX], now = uv_hrtime();
    while (n > 0) {
        size_t part = n < WRITES_MAX ? n : WRITES_MAX;
        for (size_t i = 0; i < part; i++)
            due[i] = now;
        send_requests(connection, part, due);
        n -= part;
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct connection *connection = handle->data;
    (void)suggested;
    *buf = uv_buf_init(connection->bytes, READ_ROOM);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct load *load = connection->load;
    uint64_t now = uv_hrtime();
    size_t n = 0;
    if (len < 0)
        die("the server closed the connection");
    const char *end = buf->base + len;
    for (const char *at = buf->base; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        if (++connection->n_lines < load->reply_lines)
            continue;
        connection->n_lines = 0;
        if (load->counting)
            sample(load, now - connection->due[connection->answered % RING]);
        connection->answered++;
        n++;
    }
    if (load->counting)
        load->reply_bytes += (uint64_t)len;
    if (load->rate <= 0)
        send_now(connection, n);
}

/* ---- The open load: every turn of the loop sends what has fallen due ---- */

static void send_due(struct load *load)
{
    uint64_t now = uv_hrtime();
    uint64_t owed = 1 + (uint64_t)((double)(now - load->start) * load->rate * 1e-9); /* the first is due at the start */
    for (size_t turns = 0; load->due_sent < owed && turns < load->n_connections; turns++) {
        struct connection *connection = load->connections[load->due_sent % load->n_connections];
        uint64_t due = load->start + (uint64_t)((double)load->due_sent * 1e9 / load->rate);
        if (connection->sent - connection->answered < RING)
            send_requests(connection, 1, &due);
        else
            load->overflowed++;
        load->due_sent++;
    }
}

static void on_pace(uv_idle_t *pacer)
{
    send_due(pacer->data);
}

/* uv_hrtime counts as CLOCK_MONOTONIC does. */
static void set_alarm(const struct load *load)
{
    uint64_t due = load->start + (uint64_t)((double)load->due_sent * 1e9 / load->rate);
    struct itimerspec at = {.it_value = {(time_t)(due / 1000000000), (long)(due % 1000000000)}};
    if (timerfd_settime(load->alarm, TFD_TIMER_ABSTIME, &at, NULL) != 0)
        die("cannot set a timer");
}

static void on_alarm(uv_poll_t *poll, int status, int events)
{
    struct load *load = poll->data;
    uint64_t times;
    (void)status;
    (void)events;
    if (read(load->alarm, &times, sizeof times) != (ssize_t)sizeof times)
        return;
    send_due(load);
    set_alarm(load);
}

static void start_alarm(struct load *load)
{
    load->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    load->alarm_poll.data = load;
    if (load->alarm < 0 || uv_poll_init(&load->loop, &load->alarm_poll, load->alarm) != 0 ||
        uv_poll_start(&load->alarm_poll, UV_READABLE, on_alarm) != 0)
        die("cannot set a timer");
    set_alarm(load);
}

/* ---- A run: connect, warm up, count, print ---- */

static void on_finish(uv_timer_t *timer)
{
    struct load *load = timer->data;
    double elapsed = (double)(uv_hrtime() - load->counted_from) * 1e-9, n = (double)load->n_samples;
    if (load->n_samples == 0)
        die("no reply came");
    double server = cpu_of(load->pid) - load->server_cpu, own = cpu_of(getpid()) - load->own_cpu;
    qsort(load->samples, load->n_samples, sizeof *load->samples, compare_samples);
    printf("rate=%.0f p50_us=%.1f p90_us=%.1f p99_us=%.1f max_us=%.1f server_cpu_us=%.2f server_cpu=%.2f "
           "client_cpu=%.2f reply_bytes=%.0f lost=%lu\n",
           n / elapsed, quantile_us(load, 0.5), quantile_us(load, 0.9), quantile_us(load, 0.99), quantile_us(load, 1),
           server * 1e6 / n, server / elapsed, own / elapsed, (double)load->reply_bytes / n, load->overflowed);
    uv_stop(&load->loop);
}

static void on_warm(uv_timer_t *timer)
{
    struct load *load = timer->data;
    load->server_cpu = cpu_of(load->pid);
    load->own_cpu = cpu_of(getpid());
    load->counted_from = uv_hrtime();
    load->counting = true;
    uv_timer_start(timer, on_finish, (uint64_t)(load->seconds * 1e3), 0);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct connection *connection = connect->data;
    struct load *load = connection->load;
    if (status != 0)
        die(uv_strerror(status));
    if (!load->address.local)
        uv_tcp_nodelay(&connection->peer.tcp, 1);
    uv_read_start(&connection->peer.stream, on_alloc, on_read);
    if (++load->n_connected < load->n_connections)
        return;
    load->start = uv_hrtime();
    uv_timer_start(&load->timer, on_warm, WARM_NS / 1000000, 0);
    if (load->rate > 0 && load->sleeps)
        start_alarm(load);
    else if (load->rate > 0)
        uv_idle_start(&load->pacer, on_pace);
    else
        for (size_t i = 0; i < load->n_connections; i++)
            send_now(load->connections[i], load->depth);
}

static void open_connections(struct load *load)
{
    for (size_t i = 0; i < load->n_connections; i++) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection)
            die("no memory");
        load->connections[i] = connection;
        connection->load = load;
        connection->next_line = i * load->lines.n / load->n_connections; /* so that not all ask the same at once */
        connection->connect.data = connection;
        if (load->address.local) {
            uv_pipe_init(&load->loop, &connection->peer.pipe, 0);
            connection->peer.stream.data = connection;
            uv_pipe_connect(&connection->connect, &connection->peer.pipe, load->address.path, on_connect);
        } else if (uv_tcp_init(&load->loop, &connection->peer.tcp) == 0) {
            connection->peer.stream.data = connection;
            if (uv_tcp_connect(&connection->connect, &connection->peer.tcp, (const struct sockaddr *)&load->server,
                               on_connect) != 0)
                die("cannot connect");
        }
    }
}

/* ---- Arguments ---- */

static struct lines read_lines(const char *path)
{
    struct lines lines = {0};
    FILE *file = fopen(path, "r");
    size_t len = 0, cap = 0;
    if (!file || getdelim(&lines.bytes, &cap, EOF, file) < 1)
        die("-f: no line to send");
    len = strlen(lines.bytes);
    fclose(file);
    for (size_t i = 0; i < len; i++)
        lines.n += lines.bytes[i] == '\n';
    lines.line = calloc(lines.n + 1, sizeof *lines.line);
    if (!lines.line || lines.n == 0)
        die("-f: no line to send");
    char *at = lines.bytes;
    for (size_t i = 0; i < lines.n; i++) {
        char *end = strchr(at, '\n') + 1;
        lines.line[i] = uv_buf_init(at, (unsigned)(end - at));
        at = end;
    }
    return lines;
}

static void join_lines(struct lines *lines)
{
    for (size_t i = 1; i < lines->n; i++)
        lines->line[0].len += lines->line[i].len;
    lines->n = lines->n > 0;
}

static void read_arguments(struct load *load, int argc, char *argv[])
{
    struct address *address = &load->address;
    const char *why = "-a is missing";
    int option;
    while ((option = getopt(argc, argv, "a:f:w:c:d:s:r:p:t")) != -1) {
        switch (option) {
        case 'a':
            if (address_parse(optarg, address, &why) != 0)
                die(why);
            break;
        case 'f':
            load->lines = read_lines(optarg);
            break;
        case 'w':
            load->reply_lines = strtoul(optarg, NULL, 10);
            break;
        case 'c':
            load->n_connections = strtoul(optarg, NULL, 10);
            break;
        case 'd':
            load->depth = strtoul(optarg, NULL, 10);
            break;
        case 's':
            load->seconds = strtod(optarg, NULL);
            break;
        case 'r':
            load->rate = strtod(optarg, NULL);
            break;
        case 't':
            load->sleeps = true;
            break;
        case 'p':
            load->pid = (int)strtol(optarg, NULL, 10);
            break;
        default:
            exit(2);
        }
    }
    if (load->reply_lines == 0)
        load->reply_lines = 1;
    else
        join_lines(&load->lines);
    if (!address->local && (address->port == 0 || uv_ip4_addr(address->host, (int)address->port, &load->server) != 0))
        die("-a: expected tcp:// and an IPv4 address with its port, or unix: and a path");
    if (load->lines.n == 0)
        die("-f is missing");
    if (load->n_connections < 1 || load->n_connections > CONNECTIONS_MAX || load->depth < 1 || load->depth > RING ||
        load->seconds < 0.1 || load->seconds > 600)
        die("expected -c 1 to 1024, -d 1 to 32768, -s 0.1 to 600");
}

int main(int argc, char *argv[])
{
    static struct load load = {.n_connections = 8, .depth = 16, .seconds = 3};
    read_arguments(&load, argc, argv);
    uv_loop_init(&load.loop);
    uv_timer_init(&load.loop, &load.timer);
    uv_idle_init(&load.loop, &load.pacer);
    load.timer.data = load.pacer.data = &load;
    open_connections(&load);
    uv_run(&load.loop, UV_RUN_DEFAULT);
    return 0;
}
