/* problem: the question of allocate, read by the very code that the service reads it with, written out in full. */
#include "client_problem.h"

#include "client_wishes.h"
#include "jsonrpc.h"
#include "plan_question.h"

#include <unistd.h>

enum { PIECE_BYTES = 1 << 16 };

struct pieces {
    struct buf buf;
    enum exit_code code;
};

static bool put_piece(void *arg, const char *bytes, size_t len)
{
    struct pieces *pieces = arg;
    buf_put(&pieces->buf, bytes, len);
    if (pieces->buf.len >= PIECE_BYTES || pieces->buf.failed) {
        pieces->code = client_write(&pieces->buf, STDOUT_FILENO);
        buf_clear(&pieces->buf);
    }
    return pieces->code == EXIT_DONE;
}

static enum exit_code write_problem(const struct plan_question *question)
{
    struct wm_problem *problem;
    struct pieces pieces = {.code = EXIT_DONE};
    int status = wm_plan_problem(question->dataset, &question->request, &problem);
    if (status) {
        client_complain("the question cannot be written out: %s", wm_error_text(status));
        return status == WM_ELIMIT ? EXIT_INPUT : EXIT_INTERNAL;
    }
    buf_init(&pieces.buf, OUTPUT_MAX_BYTES);
    wm_problem_write(problem, put_piece, &pieces);
    if (pieces.code == EXIT_DONE)
        pieces.code = client_write(&pieces.buf, STDOUT_FILENO);
    buf_fini(&pieces.buf);
    wm_problem_free(problem);
    return pieces.code;
}

static enum exit_code ask_problem(const struct client *client, struct link *link, const struct question *asked)
{
    struct buf text, error;
    struct params params;
    struct plan_question *question;
    buf_init(&text, LINE_MAX_BYTES);
    buf_init(&error, OUTPUT_MAX_BYTES);
    json_open(&text, '{');
    question_put(asked, &text);
    json_close(&text, '}');
    struct method_call call = {.dataset = link->dataset, .params = {text.at, text.len}};
    int code = params_read(&call, plan_allocate_params, &params, &error);
    if (!code) {
        code = plan_question_read(link->dataset, &params, NULL, &question, &error);
        params_fini(&params);
    }
    enum exit_code done = EXIT_INTERNAL;
    if (code) {
        const struct link_answer answer = {code, {error.at ? error.at : "{}", error.len}};
        done = client_tell_error(client, &answer, NULL);
    } else {
        done = write_problem(question);
        plan_question_free(question);
    }
    buf_fini(&error);
    buf_fini(&text);
    return done;
}

enum exit_code run_problem(struct client *client)
{
    struct link link;
    struct question question;
    if (!options_value(&client->options, OPTION_data)) {
        client_complain("problem needs --data DIR: it is written from the data, without a service");
        return EXIT_INPUT;
    }
    enum exit_code code = client_open(client, &link);
    if (code != EXIT_DONE)
        return code;
    question_init(&question);
    const struct wishes wishes = {client, &link, &question, NULL};
    code = wishes_read(&wishes);
    if (code == EXIT_DONE)
        code = ask_problem(client, &link, &question);
    question_fini(&question);
    link_close(&link);
    return code;
}
