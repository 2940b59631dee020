/*
 * Prints the answers of a dataset to a fixed list of questions, one a line, as the service would write them.
 *
 *   answers DIR KERNEL THREADS
 *
 * Every post's shortlist, opportunities and explanations for a spread of leaders, in a fixed order whatever the number
 * of threads. Two builds agree when their output does. Exit 3: this machine cannot run that kernel.
 */
#include "jsonrpc.h"
#include "method.h"
#include "wellmatch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 256, EXPLAINED_MAX = 400, POSTS_MAX = 400, THREADS_MAX = 64 };

struct question {
    const char *method;
    char params[PARAMS_MAX];
    struct buf answer;
    int code;
};

struct work {
    struct wm_dataset *dataset;
    struct question *questions;
    size_t n;
    atomic_size_t next; /* the first question nobody has taken */
};

static const char *id_of(const struct wm_dataset *dataset, enum wm_table table, size_t i, size_t of)
{
    return wm_row_id(dataset, table, i * wm_table_rows(dataset, table) / of);
}

static size_t ask_all(const struct wm_dataset *dataset, struct question *questions)
{
    size_t n = 0, n_posts = wm_table_rows(dataset, WM_POSTS), n_leaders = wm_table_rows(dataset, WM_LEADERS);
    n_posts = n_posts < POSTS_MAX ? n_posts : POSTS_MAX;
    n_leaders = n_leaders < EXPLAINED_MAX ? n_leaders : EXPLAINED_MAX;
    for (size_t i = 0; i < n_posts; i++) {
        const char *post = id_of(dataset, WM_POSTS, i, n_posts);
        questions[n].method = "match.shortlist";
        snprintf(questions[n++].params, PARAMS_MAX, "{\"post\":\"%s\",\"limit\":200}", post);
        questions[n].method = "match.compare_packages";
        snprintf(questions[n++].params, PARAMS_MAX, "{\"post\":\"%s\",\"leader\":\"%s\"}", post,
                 id_of(dataset, WM_LEADERS, i, n_posts));
    }
    for (size_t i = 0; i < n_leaders; i++) {
        const char *leader = id_of(dataset, WM_LEADERS, i, n_leaders);
        questions[n].method = "match.opportunities";
        snprintf(questions[n++].params, PARAMS_MAX, "{\"leader\":\"%s\",\"limit\":50}", leader);
        questions[n].method = "match.explain";
        snprintf(questions[n++].params, PARAMS_MAX, "{\"leader\":\"%s\",\"post\":\"%s\"}", leader,
                 id_of(dataset, WM_POSTS, (i * 7) % n_leaders, n_leaders));
    }
    questions[n++].method = "dataset.info";
    return n;
}

static void answer(struct wm_dataset *dataset, struct question *question)
{
    const struct method *method = method_find((struct slice){question->method, strlen(question->method)});
    struct method_call call = {.dataset = dataset};
    if (question->params[0] != '\0')
        call.params = (struct slice){question->params, strlen(question->params)};
    buf_init(&question->answer, ANSWER_MAX_BYTES);
    question->code = method ? method_run(method, &call, &question->answer) : RPC_METHOD;
}

static void *answer_some(void *arg)
{
    struct work *work = arg;
    for (;;) {
        size_t i = atomic_fetch_add(&work->next, 1);
        if (i >= work->n)
            return NULL;
        answer(work->dataset, &work->questions[i]);
    }
}

int main(int argc, char *argv[])
{
    struct wm_dataset *dataset;
    int n_threads = argc == 4 ? atoi(argv[3]) : 0;
    if (n_threads < 1 || n_threads > THREADS_MAX) {
        fputs("usage: answers DIR KERNEL THREADS\n", stderr);
        return 2;
    }
    int code = wm_dataset_load(argv[1], NULL, &dataset);
    if (code != WM_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], wm_error_text(code));
        return 2;
    }
    if (wm_dataset_use_kernel(dataset, argv[2]) != WM_OK)
        return 3;

    struct work work = {.dataset = dataset};
    work.questions = calloc(2 * POSTS_MAX + 2 * EXPLAINED_MAX + 1, sizeof *work.questions);
    if (!work.questions)
        return 1;
    work.n = ask_all(dataset, work.questions);

    pthread_t threads[THREADS_MAX];
    for (int i = 0; i < n_threads; i++) {
        if (pthread_create(&threads[i], NULL, answer_some, &work) != 0)
            return 1;
    }
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);

    int refused = 0;
    for (size_t i = 0; i < work.n; i++) {
        struct question *question = &work.questions[i];
        refused += question->code != 0;
        printf("%s %s %d %.*s\n", question->method, question->params, question->code, (int)question->answer.len,
               question->answer.at);
        buf_fini(&question->answer);
    }
    free(work.questions);
    wm_dataset_unref(dataset);
    if (refused > 0)
        fprintf(stderr, "%d questions of %zu were refused\n", refused, work.n);
    return refused > 0;
}
