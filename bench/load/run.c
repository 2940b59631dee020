/* Figures that follow from what a run counted. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Past these, what was measured is this program: nine tenths of a processor; or one send in a hundred over 1 ms late, where
 * that is a tenth or more of what the latencies show at the same quantile.
 */
#define OWN_SHARE_MAX 0.9
#define LATE_SHARE 0.99
#define LATE_NS_MAX UINT64_C(1000000)
#define LATE_OF_LATENCY 0.1

bool run_new(struct run **out)
{
    *out = calloc(1, sizeof **out);
    if (*out)
        buf_init(&(*out)->why_wrong, 1 << 16);
    return *out != NULL;
}

void run_free(struct run *run)
{
    if (run)
        buf_fini(&run->why_wrong);
    free(run);
}

void run_count_code(struct run *run, int code)
{
    size_t i = 0;
    while (i < run->n_codes && run->codes[i].code != code)
        i++;
    if (i == RUN_CODES_MAX)
        return;
    run->codes[i].code = code;
    run->codes[i].n++;
    run->n_codes += i == run->n_codes;
}

void run_latencies(const struct run *run, struct latencies *out)
{
    *out = run->waiting;
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        latencies_merge(out, &run->results[i]);
}

uint64_t run_results(const struct run *run)
{
    uint64_t n = 0;
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        n += run->results[i].n;
    return n;
}

double run_achieved(const struct run *run)
{
    double seconds = run->until_last_s > run->seconds ? run->until_last_s : run->seconds;
    return seconds > 0 ? (double)run_results(run) / seconds : 0;
}

double run_server_cpu_us(const struct run *run)
{
    /* The answer that tells of the end counts itself, but is none of the load. */
    int64_t messages = run->after.messages - run->before.messages - 1;
    if (!run->before.known || !run->after.known || messages < 1)
        return -1;
    return (run->after.cpu_s - run->before.cpu_s) * 1e6 / (double)messages;
}

double run_server_share(const struct run *run)
{
    if (!run->before.known || !run->after.known || run->after.at_ns <= run->before.at_ns)
        return -1;
    return (run->after.cpu_s - run->before.cpu_s) / ((double)(run->after.at_ns - run->before.at_ns) / 1e9);
}

double run_own_share(const struct run *run)
{
    return run->seconds > 0 ? run->own_cpu_s / run->seconds : 0;
}

const char *run_bottleneck(const struct run *run, char *out, size_t cap)
{
    struct latencies all;
    run_latencies(run, &all);
    uint64_t late = latencies_quantile(&run->late, LATE_SHARE);
    double visible = LATE_OF_LATENCY * (double)latencies_quantile(&all, LATE_SHARE);
    if (run_own_share(run) > OWN_SHARE_MAX)
        snprintf(out, cap, "this program used %.0f%% of a processor", run_own_share(run) * 100);
    else if (late > LATE_NS_MAX && (double)late > visible)
        snprintf(out, cap, "one send in a hundred was %.1f ms late or more, by this program or its machine",
                 (double)late / 1e6);
    else
        return NULL;
    return out;
}

bool run_keeps(const struct run *run, double share, uint64_t under_ns)
{
    struct latencies all;
    latencies_clear(&all);
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        latencies_merge(&all, &run->results[i]);
    uint64_t within = all.n > 0 && all.max_ns < under_ns ? all.n : latencies_within(&all, under_ns);
    return run->planned > 0 && (double)within >= ceil(share * (double)run->planned * (1 - 1e-12));
}
