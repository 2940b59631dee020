/* The answers of one batch; see batch.h for what happens when they do not fit. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

struct batch_member {
    struct slice id;
    struct buf reply; /* empty until it is there */
    size_t extra;     /* by how much it is longer than an error would be */
    bool replaced;    /* by such an error */
};

/* A member that does not fit any more, and the comma or bracket before it. */
static void put_error(struct buf *out, struct slice id)
{
    struct buf error;
    buf_init(&error, ANSWER_MAX_BYTES);
    rpc_error_open(&error, RPC_TOO_LARGE);
    json_put_integer(&error, "limit", ANSWER_MAX_BYTES);
    json_put_text(&error, "what", "answer");
    rpc_error_close(&error);
    if (error.failed)
        out->failed = true;
    else
        jsonrpc_put_reply(out, id, RPC_TOO_LARGE, (struct slice){error.at, error.len});
    buf_fini(&error);
}

static size_t error_len_of(void)
{
    struct buf one;
    buf_init(&one, ANSWER_MAX_BYTES);
    put_error(&one, (struct slice){"", 0});
    size_t len = one.failed ? 0 : one.len + 1;
    buf_fini(&one);
    return len;
}

int batch_new(const struct request *requests, size_t n, struct batch **out)
{
    size_t ids_len = 0, n_answered = 0, error_len = error_len_of();
    for (size_t i = 0; i < n; i++) {
        ids_len += requests[i].id.len;
        n_answered += requests[i].id.at != NULL;
    }
    size_t least = 2 + ids_len + n_answered * error_len;
    if (least > ANSWER_MAX_BYTES)
        return RPC_TOO_LARGE;
    struct batch *batch = calloc(1, sizeof *batch);
    struct batch_member *members = calloc(n_answered + 1, sizeof *members);
    char *ids = malloc(ids_len + 1);
    if (!batch || !members || !ids || error_len == 0) {
        free(batch);
        free(members);
        free(ids);
        return RPC_INTERNAL;
    }
    *batch = (struct batch){.n = n_answered,
                            .n_open = n_answered,
                            .spare = ANSWER_MAX_BYTES - least,
                            .error_len = error_len,
                            .ids = ids,
                            .members = members};
    for (size_t i = 0; i < n; i++) {
        struct slice id = requests[i].id;
        if (!id.at)
            continue;
        memcpy(ids, id.at, id.len);
        members->id = (struct slice){ids, id.len};
        buf_init(&members++->reply, ANSWER_MAX_BYTES);
        ids += id.len;
    }
    *out = batch;
    return 0;
}

void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        buf_fini(&batch->members[i].reply);
    free(batch->members);
    free(batch->ids);
    free(batch);
}

/* From the first member on that does not fit behind those before it. -1 when out of memory. */
static int shrink(struct batch *batch, size_t *replaced)
{
    size_t sum = 0;
    for (size_t i = 0; i < batch->n; i++) {
        struct batch_member *member = &batch->members[i];
        sum += member->extra;
        if (sum <= batch->spare || member->extra == 0 || member->replaced)
            continue;
        buf_fini(&member->reply);
        put_error(&member->reply, member->id);
        if (member->reply.failed)
            return -1;
        member->replaced = true;
        ++*replaced;
    }
    return 0;
}

int batch_put(struct batch *batch, size_t i, int code, struct slice body, size_t *replaced)
{
    struct batch_member *member = &batch->members[i];
    jsonrpc_put_reply(&member->reply, member->id, code, body);
    if (member->reply.failed)
        return -1;
    size_t error_len = batch->error_len + member->id.len;
    if (member->reply.len + 1 > error_len)
        member->extra = member->reply.len + 1 - error_len;
    batch->extra_sum += member->extra;
    batch->n_open--;
    return batch->extra_sum > batch->spare ? shrink(batch, replaced) : 0;
}

size_t batch_len(const struct batch *batch)
{
    size_t len = 1;
    for (size_t i = 0; i < batch->n; i++)
        len += batch->members[i].reply.len + 1;
    return len;
}

void batch_write(const struct batch *batch, struct buf *out)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct buf *one = &batch->members[i].reply;
        buf_char(out, i == 0 ? '[' : ',');
        buf_put(out, one->at, one->len);
    }
    buf_char(out, ']');
}
