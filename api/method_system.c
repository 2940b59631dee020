/* system.*: whether it lives, what it is, how it fares, and what its errors mean. */
#include "methods.h"

#include "encode.h"
#include "jsonrpc.h"
#include "params.h"

/* Opens the answer of a method that takes no params; false: an error object was put instead, its code in *code. */
static bool open_answer(const struct method_call *call, struct buf *out, int *code)
{
    *code = params_read_none(call, out);
    if (*code != 0)
        return false;
    json_open(out, '{');
    encode_revisions(out, call->dataset);
    return true;
}

int system_ping(const struct method_call *call, struct buf *out)
{
    int code;
    if (!open_answer(call, out, &code))
        return code;
    json_put_bool(out, "ok", true);
    json_close(out, '}');
    return 0;
}

int system_info(const struct method_call *call, struct buf *out)
{
    int code;
    if (!open_answer(call, out, &code))
        return code;
    json_put_text(out, "name", "wellmatch");
    json_put_text(out, "version", WM_VERSION);
    json_put_text(out, "kernel", wm_dataset_kernel(call->dataset));
    json_put_integer(out, "dataset_bytes", (int64_t)wm_dataset_bytes(call->dataset));
    if (call->host != NULL && call->host->put_info != NULL)
        call->host->put_info(call->host->self, out);
    json_close(out, '}');
    return 0;
}

int system_stats(const struct method_call *call, struct buf *out)
{
    int code;
    if (!open_answer(call, out, &code))
        return code;
    if (call->host != NULL && call->host->put_stats != NULL)
        call->host->put_stats(call->host->self, out);
    json_close(out, '}');
    return 0;
}

int system_metrics(const struct method_call *call, struct buf *out)
{
    call->host->put_metrics(call->host->self, false, out);
    return 0;
}

int system_openmetrics(const struct method_call *call, struct buf *out)
{
    call->host->put_metrics(call->host->self, true, out);
    return 0;
}

void put_error_catalogue(struct buf *out)
{
    static const struct {
        int code;
        const char *name;
        bool retry;
        const char *meaning, *data;
    } errors[] = {
#define X(constant, value, name, retry, text, data) {value, name, retry, text, data},
        RPC_ERRORS(X)
#undef X
    };
    json_open(out, '[');
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        json_open(out, '{');
        json_put_integer(out, "code", errors[i].code);
        json_put_text(out, "name", errors[i].name);
        json_put_bool(out, "retry", errors[i].retry);
        json_put_text(out, "meaning", errors[i].meaning);
        json_put_text(out, "data", errors[i].data);
        json_close(out, '}');
    }
    json_close(out, ']');
}

int system_errors(const struct method_call *call, struct buf *out)
{
    int code;
    if (!open_answer(call, out, &code))
        return code;
    json_put_key(out, "errors");
    put_error_catalogue(out);
    json_close(out, '}');
    return 0;
}
