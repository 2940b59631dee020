/*
 * Listening sockets, made and accepted from by hand and watched with uv_poll: libuv's own listener offers no pause, so
 * that at the limit of descriptors it closes whoever knocks, or spins. Here the kernel's backlog keeps them until there
 * is room again.
 *
 * With several loops each has a TCP socket of its own on the same address (SO_REUSEPORT), while a unix socket is one that
 * all of them watch: whoever comes first accepts, one at a time so that the others have their share, and the rest find
 * nothing, which is no error.
 */
#include "listener.h"
#include "conn.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 1024, /* the kernel cuts it to net.core.somaxconn */
    ACCEPTS_MAX =
        64, /* at a time, from a socket of one loop, so that a flood of connections cannot starve those that are open */
    PAUSE_MS = 100
};

struct listener {
    struct bound bound; /* first: the service's list leads here */
    struct service *service;
    int fd;
    struct address address; /* as bound */
    int accepts_max;
    char *path;   /* of a unix socket that this loop opened, else NULL */
    dev_t device; /* of its file, to know it again */
    ino_t inode;
    uv_poll_t poll;
    uv_timer_t pause;
    int n_handles;
    struct log_limit log;
};

union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

static int open_tcp(struct service *service, const struct address *address, char *error);
static int open_one(const struct addrinfo *info, unsigned port, bool shared);
static void set_port(union name *name, unsigned port);
static int bind_tcp(const union name *name, socklen_t len, bool shared);
static bool begin_to_listen(int fd);
static int join_one(struct service *service, const struct listener *first, char *error);
static void say_tcp(const struct address *address, int errnum, char *error);
static int open_local(struct service *service, const struct address *address, char *error);
static int clear_stale(const char *path, char *error);
static int add(struct service *service, int fd, const struct address *address, char *error);
static unsigned bound_port(int fd);
static void on_connection(uv_poll_t *poll, int status, int events);
static void pause_accepting(struct listener *listener, int errnum);
static void on_pause_over(uv_timer_t *timer);
static void remove_file(const struct listener *listener);
static void on_closed(uv_handle_t *handle);

int listener_open(struct service *service, const char *text, bool http, char error[LISTENER_ERROR_CAP])
{
    struct address address;
    const char *why;
    if (http ? address_parse_http(text, &address, &why) : address_parse(text, &address, &why)) {
        snprintf(error, LISTENER_ERROR_CAP, "%s: %s", text, why);
        return -1;
    }
    return address.local ? open_local(service, &address, error) : open_tcp(service, &address, error);
}

/* ---- TCP --------------------------------------------------------------------------------------------------------- */

/* A name such as localhost may stand for several addresses: one socket each, all on the port the first one got. */
static int open_tcp(struct service *service, const struct address *address, char *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    int failed = getaddrinfo(address->host, NULL, &hints, &list);
    if (failed) {
        snprintf(error, LISTENER_ERROR_CAP,
                 "the host '%s' is not known here (%s); name one of this machine's addresses, as in " ADDRESS_DEFAULT,
                 address->host, gai_strerror(failed));
        return -1;
    }
    unsigned port = address->port;
    int n = 0, errnum = 0;
    for (const struct addrinfo *info = list; info; info = info->ai_next) {
        int fd = open_one(info, port, service->loops->n > 1);
        if (fd < 0) {
            /* ::1 of localhost on a machine without IPv6 is no reason to give up 127.0.0.1; a busy port is. */
            errnum = errno;
            if (errnum == EADDRINUSE)
                break;
            continue;
        }
        struct address own = *address;
        own.port = port = bound_port(fd);
        if (info != list || info->ai_next)
            getnameinfo(info->ai_addr, info->ai_addrlen, own.host, sizeof own.host, NULL, 0, NI_NUMERICHOST);
        if (add(service, fd, &own, error)) {
            freeaddrinfo(list);
            return -1;
        }
        n++;
    }
    freeaddrinfo(list);
    if (n > 0 && errnum != EADDRINUSE)
        return 0;
    say_tcp(address, errnum, error);
    return -1;
}

/*
 * SO_REUSEPORT would also let in beside another program's socket that has it. A first socket without it finds out, and
 * keeps the port until the second has it: as long as it does not listen, SO_REUSEADDR lets the two have the same.
 */
static int open_one(const struct addrinfo *info, unsigned port, bool shared)
{
    union name name;
    memcpy(&name, info->ai_addr, info->ai_addrlen);
    set_port(&name, port);
    int fd = bind_tcp(&name, info->ai_addrlen, false);
    if (fd >= 0 && shared) {
        int probe = fd;
        set_port(&name, bound_port(probe));
        fd = bind_tcp(&name, info->ai_addrlen, true);
        if (fd >= 0 && !begin_to_listen(fd))
            fd = -1;
        int errnum = errno;
        close(probe);
        errno = errnum;
    } else if (fd >= 0 && !begin_to_listen(fd)) {
        fd = -1;
    }
    return fd;
}

/* -1 and errno when it cannot. */
static int bind_tcp(const union name *name, socklen_t len, bool shared)
{
    int fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on =
        1; /* bind although connections of a former run are in TIME_WAIT; two listeners at once it does not allow */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) || bind(fd, &name->any, len)) {
        int errnum = errno;
        close(fd);
        errno = errnum;
        return -1;
    }
    return fd;
}

/* Takes the descriptor when it cannot; then errno says why. */
static bool begin_to_listen(int fd)
{
    if (listen(fd, BACKLOG) == 0)
        return true;
    int errnum = errno;
    close(fd);
    errno = errnum;
    return false;
}

static void set_port(union name *name, unsigned port)
{
    *(name->any.sa_family == AF_INET6 ? &name->v6.sin6_port : &name->v4.sin_port) = htons((uint16_t)port);
}

static unsigned bound_port(int fd)
{
    union name name = {.any = {0}};
    socklen_t len = sizeof name;
    if (getsockname(fd, &name.any, &len))
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

static void say_tcp(const struct address *address, int errnum, char *error)
{
    char text[ADDRESS_TEXT_MAX];
    address_format(address, text);
    const char *flag = address->http ? "--http " : "--listen tcp://";
    if (errnum == EADDRINUSE)
        snprintf(error, LISTENER_ERROR_CAP,
                 "port %u on %s is in use by another program; stop that one, or choose another port with %s%s:PORT",
                 address->port, address->host, flag, address->host);
    else if (errnum == EACCES)
        snprintf(error, LISTENER_ERROR_CAP,
                 "port %u may not be opened by this user; choose one above 1023 with %s%s:PORT", address->port, flag,
                 address->host);
    else if (errnum == EADDRNOTAVAIL)
        snprintf(error, LISTENER_ERROR_CAP,
                 "%s is no address of this machine; use one that is, or tcp://0.0.0.0:%u for all of them",
                 address->host, address->port);
    else
        snprintf(error, LISTENER_ERROR_CAP, "cannot listen on %s: %s", text, strerror(errnum));
}

/* ---- Unix sockets ------------------------------------------------------------------------------------------------ */

static int open_local(struct service *service, const struct address *address, char *error)
{
    if (clear_stale(address->path, error))
        return -1;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, address->path, strlen(address->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0117); /* the file is born rw-rw----: a chmod afterwards would leave a gap */
    int failed = fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) || listen(fd, BACKLOG);
    umask(mask);
    if (failed) {
        snprintf(error, LISTENER_ERROR_CAP, "cannot listen on unix:%s: %s; is its folder there, and yours to write?",
                 address->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return add(service, fd, address, error);
}

/* Removes the file a killed daemon left: a socket that nobody answers on. Anything else in the way is an error. */
static int clear_stale(const char *path, char *error)
{
    struct stat status;
    if (lstat(path, &status))
        return 0; /* nothing there, or bind will say what is wrong */
    if (!S_ISSOCK(status.st_mode)) {
        snprintf(error, LISTENER_ERROR_CAP,
                 "%s is there already and is no socket; choose another path with --listen unix:PATH", path);
        return -1;
    }
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool refused = fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (refused && unlink(path) == 0)
        return 0;
    snprintf(error, LISTENER_ERROR_CAP,
             "another program listens on unix:%s; stop that one, or choose another path with --listen unix:PATH", path);
    return -1;
}

static void remove_file(const struct listener *listener)
{
    struct stat status;
    if (listener->path && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(listener->path);
}

/* ---- Other loops ------------------------------------------------------------------------------------------------- */

int listener_join(struct service *service, const struct service *first, char error[LISTENER_ERROR_CAP])
{
    for (const struct bound *at = first->listeners; at; at = at->next)
        if (join_one(service, (const struct listener *)(const void *)at, error))
            return -1;
    return 0;
}

static int join_one(struct service *service, const struct listener *first, char *error)
{
    union name name = {.any = {0}};
    socklen_t len = sizeof name;
    int fd = -1;
    if (first->address.local)
        fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 0);
    else if (getsockname(first->fd, &name.any, &len) == 0 && (fd = bind_tcp(&name, len, true)) >= 0)
        fd = begin_to_listen(fd) ? fd : -1;
    if (fd < 0) {
        snprintf(error, LISTENER_ERROR_CAP, "cannot listen on %s with another loop: %s", first->bound.address,
                 strerror(errno));
        return -1;
    }
    return add(service, fd, &first->address, error);
}

void listener_tell(const struct service *service)
{
    for (const struct bound *at = service->listeners; at; at = at->next)
        log_event(LOG_INFO, "listening", "address", at->address, NULL);
}

/* ---- Accepting --------------------------------------------------------------------------------------------------- */

/* Takes the descriptor. */
static int add(struct service *service, int fd, const struct address *address, char *error)
{
    struct listener *listener = calloc(1, sizeof *listener);
    bool first = service->index == 0; /* the file is its to remove */
    if (!listener || (address->local && first && !(listener->path = strdup(address->path))) ||
        uv_poll_init(service->loop, &listener->poll, fd)) {
        snprintf(error, LISTENER_ERROR_CAP, "out of memory");
        if (listener)
            free(listener->path);
        free(listener);
        close(fd);
        return -1;
    }
    listener->service = service;
    listener->fd = fd;
    listener->address = *address;
    listener->bound.http = address->http;
    listener->accepts_max = address->local && service->loops->n > 1 ? 1 : ACCEPTS_MAX;
    struct stat status;
    if (listener->path && lstat(listener->path, &status) == 0) {
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
    address_format(address, listener->bound.address);
    uv_timer_init(service->loop, &listener->pause);
    listener->poll.data = listener->pause.data = listener;
    listener->n_handles = 2;
    uv_poll_start(&listener->poll, UV_READABLE, on_connection);

    struct bound **end = &service->listeners;
    while (*end)
        end = &(*end)->next;
    *end = &listener->bound;
    return 0;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    (void)events;
    if (status < 0) {
        pause_accepting(listener, -status);
        return;
    }
    for (int i = 0; i < listener->accepts_max; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            conn_open(listener->service, fd, listener->address.local, listener->address.http);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR && errno != EPROTO) {
            pause_accepting(listener, errno); /* EMFILE, ENFILE, ENOBUFS, ENOMEM: it would only fail again at once */
            return;
        }
    }
}

static void pause_accepting(struct listener *listener, int errnum)
{
    metrics_add(&listener->service->metrics, accept_pauses, 1);
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->pause, on_pause_over, PAUSE_MS, 0);
    if (log_due(&listener->log))
        log_event(LOG_WARNING, "accept_paused", "address", listener->bound.address, "reason", strerror(errnum),
                  "suppressed", log_number(log_suppressed(&listener->log)), NULL);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_connection);
}

void listener_close_all(struct service *service)
{
    while (service->listeners) {
        struct listener *listener = (struct listener *)(void *)service->listeners;
        service->listeners = service->listeners->next;
        remove_file(listener);
        uv_close((uv_handle_t *)&listener->poll, on_closed);
        uv_close((uv_handle_t *)&listener->pause, on_closed);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    assert(listener->n_handles > 0);
    if (--listener->n_handles > 0)
        return;
    close(listener->fd);
    free(listener->path);
    free(listener);
}
