/* What the commands share: sentences on stderr, the way to a service or to a dataset here, answers in three forms. */
#include "client.h"

#include "address.h"
#include "client_error.h"
#include "client_view.h"
#include "jsonrpc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_MS = 30000, READ_BYTES = 65536, ROWS_SHOWN = 100 };

void client_complain(const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct buf line;
    buf_init(&line, 8 * sizeof text);
    buf_text(&line, "wellmatch: ");
    text_clean(&line, text, strlen(text));
    buf_char(&line, '\n');
    client_write(&line, STDERR_FILENO);
    buf_fini(&line);
}

enum exit_code client_write(struct buf *out, int fd)
{
    if (out->failed) {
        client_complain("the answer is too large to be shown like this; --json and --csv take less room");
        return EXIT_INTERNAL;
    }
    for (size_t done = 0; done < out->len;) {
        ssize_t n = write(fd, out->at + done, out->len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EPIPE)
            return EXIT_DONE;
        else if (errno == EAGAIN) /* a terminal that somebody else has set to non-blocking */
            poll(&(struct pollfd){fd, POLLOUT, 0}, 1, -1);
        else if (errno != EINTR) {
            if (fd != STDERR_FILENO)
                client_complain("cannot write the answer: %s", strerror(errno));
            return EXIT_INTERNAL;
        }
    }
    return EXIT_DONE;
}

/* ---- Asking ---- */

enum exit_code client_open(const struct client *client, struct link *link)
{
    const char *dir = options_value(&client->options, OPTION_data);
    const char *url = options_value(&client->options, OPTION_url);
    enum link_status status;
    if (!dir) {
        url = url ? url : client_environment_has("WELLMATCH_URL") ? getenv("WELLMATCH_URL") : ADDRESS_DEFAULT;
        status = link_open(link, url, options_milliseconds(&client->options, OPTION_timeout, TIMEOUT_MS));
        if (status != LINK_OK)
            client_complain("%s", link->error);
        return (enum exit_code)status;
    }
    struct wm_faults *faults;
    if (wm_faults_new(FAULTS_LISTED, &faults)) {
        client_complain("%s", wm_error_text(WM_EMEMORY));
        return EXIT_INTERNAL;
    }
    status = link_open_data(link, dir, faults);
    if (status != LINK_OK) {
        struct buf lines;
        buf_init(&lines, OUTPUT_MAX_BYTES);
        client_list_faults(faults, FAULTS_LISTED, &lines);
        client_write(&lines, STDERR_FILENO);
        buf_fini(&lines);
        client_complain("%s: %s", dir, link->error);
    }
    wm_faults_free(faults);
    return (enum exit_code)status;
}

enum exit_code client_tell_error(const struct client *client, const struct link_answer *answer, const char *subject)
{
    struct buf text;
    buf_init(&text, OUTPUT_MAX_BYTES);
    if (client->json)
        text_clean_json(&text, answer->value.at, answer->value.len);
    else
        view_error(&text, answer->value, answer->code, client->usage, subject);
    if (client->json)
        buf_char(&text, '\n');
    client_write(&text, STDERR_FILENO);
    buf_fini(&text);
    switch (answer->code) {
    case RPC_INFEASIBLE:
        return EXIT_INFEASIBLE;
    case RPC_INTERNAL:
    case RPC_OVERLOADED:
    case RPC_SHUTTING_DOWN:
    case RPC_DEADLINE:
        return EXIT_INTERNAL;
    default:
        return EXIT_INPUT; /* all others the caller can do something about */
    }
}

void client_show(struct client *client, const char *method, struct slice result)
{
    if (client->csv) {
        view_csv(&client->out, client->terminal, method, result);
    } else if (!client->json) {
        view_result(&client->out, &client->screen, method, result);
    } else {
        client_put_json(client, result);
    }
}

void client_put_json(struct client *client, struct slice value)
{
    if (client->terminal) /* equal as JSON, and harmless */
        text_clean_json(&client->out, value.at, value.len);
    else
        buf_put(&client->out, value.at, value.len);
    buf_char(&client->out, '\n');
}

size_t client_rows_max(const struct client *client)
{
    return (size_t)options_integer(&client->options, OPTION_limit, ROWS_SHOWN);
}

enum exit_code client_ask(struct client *client, const char *method, struct slice params)
{
    struct link link;
    struct link_answer answer;
    enum exit_code code = client_open(client, &link);
    if (code != EXIT_DONE)
        return code;
    code = (enum exit_code)link_call(&link, method, params, &answer);
    if (code != EXIT_DONE)
        client_complain("%s", link.error);
    else if (answer.code != 0)
        code = client_tell_error(client, &answer, NULL);
    else
        client_show(client, method, answer.value);
    link_close(&link);
    return code;
}

/* ---- Reading ---- */

bool client_read_file(const char *path, struct buf *out)
{
    char bytes[READ_BYTES];
    ssize_t n = -1;
    int file = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    while (file >= 0 && !out->failed && ((n = read(file, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            buf_put(out, bytes, (size_t)n);
    int reason = errno;
    if (file > STDIN_FILENO)
        close(file);
    if (out->failed)
        client_complain("%s: %s", path, wm_error_text(out->starved ? WM_EMEMORY : WM_ELIMIT));
    else if (n < 0)
        client_complain("%s: %s", path, strerror(reason));
    return n == 0 && !out->failed;
}

void client_list_faults(const struct wm_faults *faults, size_t n_max, struct buf *out)
{
    size_t n = wm_faults_kept(faults);
    n = n < n_max ? n : n_max;
    for (size_t i = 0; i < n; i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        text_clean(out, fault->file, strlen(fault->file));
        buf_format(out, ":%ld:%ld: ", fault->line, fault->column);
        text_clean(out, fault->what, strlen(fault->what));
        if (*fault->expected)
            buf_text(out, "; expected ");
        text_clean(out, fault->expected, strlen(fault->expected));
        buf_char(out, '\n');
    }
    size_t more = wm_faults_count(faults) - n;
    if (more)
        buf_format(out, "and %zu more\n", more);
}

bool client_environment_has(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

bool client_was_interrupted(void)
{
    return interrupted;
}

const volatile sig_atomic_t *client_catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    return &interrupted;
}
