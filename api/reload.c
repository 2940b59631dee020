/*
 * One load, in the order it runs. On the loop that is asked: reload_ask, whose errand tells the first loop. On that one:
 * begin -> an errand collects who waits, on every loop -> on_load (worker) -> on_loaded -> an errand swaps the dataset on
 * every loop -> an errand answers those who were collected -> over, perhaps the next.
 *
 * Who asks before the collecting errand has visited their loop shares the load, as it begins after that; who asks later
 * waits for the next. Ways it fails: faults (told, the running data stays), memory, the service stops (nothing is loaded,
 * or nobody is there to be told; the errands run all the same).
 */
#include "reload.h"

#include "encode.h"
#include "jsonrpc.h"
#include "log.h"
#include "loops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_TOLD = 100 };

struct reload {
    struct service *service;
    /* Of its own loop: */
    bool wanted;              /* by somebody here, since the last collecting */
    struct waiters waiting;   /* for the next load */
    struct waiters collected; /* for the one under way */
    /* Of the first loop, where loads are carried out: */
    bool running, again; /* asked for while one was under way */
    bool in_worker;
    struct errand errand;
    bool wanted_by_any;
    struct wm_dataset *dataset; /* that was loaded */
    struct wm_faults *faults;
    int loaded; /* what wm_dataset_load said */
    bool changed;
    uint64_t started_at;
    uv_work_t work;
    int code; /* the answer */
    struct buf body;
    struct log_limit log_reloaded, log_refused;
};

static struct reload *reload_of(struct errand *errand);
static void visit_ask(struct errand *errand, struct service *service);
static void home_ask(struct errand *errand, struct service *service);
static void begin(struct reload *reload);
static void visit_collect(struct errand *errand, struct service *service);
static void home_collect(struct errand *errand, struct service *service);
static void on_load(uv_work_t *work);
static void on_loaded(uv_work_t *work, int status);
static void take_over(struct reload *reload);
static void visit_swap(struct errand *errand, struct service *service);
static void home_swap(struct errand *errand, struct service *service);
static void tell_loaded(struct reload *reload);
static void put_loaded(struct reload *reload, const struct wm_dataset *before);
static void tell(struct reload *reload, int code);
static void visit_tell(struct errand *errand, struct service *service);
static void home_tell(struct errand *errand, struct service *service);
static void over(struct reload *reload);
static const char *took_ms(const struct reload *reload);
static void refuse(struct reload *reload);
static void put_faults(struct reload *reload);
static void log_faults(const struct wm_faults *faults);
static bool names_people(const char *file);

int reload_init(struct service *service)
{
    service->reload = calloc(1, sizeof *service->reload);
    if (!service->reload)
        return -1;
    service->reload->service = service;
    service->reload->work.data = service->reload;
    buf_init(&service->reload->body, ANSWER_MAX_BYTES - ENVELOPE_MAX_BYTES);
    return 0;
}

void reload_fini(struct service *service)
{
    assert(!service->reload->running && !service->reload->waiting.first && !service->reload->collected.first);
    buf_fini(&service->reload->body);
    free(service->reload);
    service->reload = NULL;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

void reload_ask(struct service *service, struct waiter *waiter)
{
    struct reload *reload = service->reload;
    struct errand *errand = malloc(sizeof *errand);
    if (!errand) {
        log_event(LOG_ERROR, "reload_failed", "reason", "out of memory", NULL);
        if (waiter)
            service->answer(service, waiter, RPC_INTERNAL, (struct slice){NULL, 0});
        return;
    }
    if (waiter)
        waiters_add(&reload->waiting, waiter);
    reload->wanted = true;
    *errand = (struct errand){.visit = visit_ask, .home = home_ask};
    loops_send(service->loops, service->index, errand);
}

static void visit_ask(struct errand *errand, struct service *service)
{
    (void)errand;
    if (service->index != 0 || service->stopping)
        return;
    if (service->reload->running)
        service->reload->again = true;
    else
        begin(service->reload);
}

static void home_ask(struct errand *errand, struct service *service)
{
    (void)service;
    free(errand);
}

void reload_cancel(struct service *service)
{
    struct reload *reload = service->reload;
    if (reload->in_worker)
        uv_cancel((uv_req_t *)&reload->work);
    waiters_answer(&reload->waiting, service, RPC_INTERNAL, (struct slice){NULL, 0});
}

static struct reload *reload_of(struct errand *errand)
{
    return (struct reload *)(void *)((char *)errand - offsetof(struct reload, errand));
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

static void begin(struct reload *reload)
{
    reload->running = true;
    reload->again = reload->wanted_by_any = false;
    loops_hold(reload->service->loops); /* until it is over */
    reload->errand = (struct errand){.visit = visit_collect, .home = home_collect};
    loops_send(reload->service->loops, 0, &reload->errand);
}

static void visit_collect(struct errand *errand, struct service *service)
{
    struct reload *first = reload_of(errand), *own = service->reload;
    first->wanted_by_any |= own->wanted;
    own->wanted = false;
    own->collected = own->waiting;
    own->waiting = (struct waiters){NULL, NULL};
}

static void home_collect(struct errand *errand, struct service *service)
{
    struct reload *reload = service->reload;
    (void)errand;
    if (!reload->wanted_by_any) { /* whoever asked last was collected in time for the load before */
        over(reload);
    } else if (service->stopping || wm_faults_new(FAULTS_TOLD, &reload->faults)) {
        if (!service->stopping)
            log_event(LOG_ERROR, "reload_failed", "reason", "out of memory", NULL);
        tell(reload, RPC_INTERNAL);
    } else {
        reload->started_at = uv_hrtime();
        reload->in_worker = true;
        /* uv_queue_work fails only without a callback. */
        uv_queue_work(service->loop, &reload->work, on_load, on_loaded);
    }
}

static void on_load(uv_work_t *work)
{
    struct reload *reload = work->data;
    reload->loaded = wm_dataset_load(reload->service->config->data, reload->faults, &reload->dataset);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct reload *reload = work->data;
    reload->in_worker = false;
    if (status < 0) { /* cancelled: the service stops */
        tell(reload, RPC_INTERNAL);
    } else if (reload->loaded == WM_OK) {
        take_over(reload);
    } else if (reload->loaded == WM_EMEMORY) {
        log_event(LOG_ERROR, "reload_failed", "reason", wm_error_text(reload->loaded), NULL);
        tell(reload, RPC_INTERNAL);
    } else {
        refuse(reload);
        tell(reload, RPC_INVALID_DATA);
    }
}

/* ---- Swapping ---------------------------------------------------------------------------------------------------- */

static void take_over(struct reload *reload)
{
    struct service *service = reload->service;
    const struct wm_dataset *before = service->snapshot.dataset, *loaded = reload->dataset;
    reload->changed = strcmp(wm_dataset_digest(before), wm_dataset_digest(loaded)) != 0 ||
                      strcmp(wm_policy_digest(before), wm_policy_digest(loaded)) != 0;
    put_loaded(reload, before);
    if (!reload->changed) {
        tell_loaded(reload);
        return;
    }
    reload->errand = (struct errand){.visit = visit_swap, .home = home_swap};
    loops_send(service->loops, 0, &reload->errand);
}

static void visit_swap(struct errand *errand, struct service *service)
{
    snapshot_swap(&service->snapshot, wm_dataset_ref(reload_of(errand)->dataset));
}

static void home_swap(struct errand *errand, struct service *service)
{
    (void)service;
    tell_loaded(reload_of(errand));
}

static void tell_loaded(struct reload *reload)
{
    metrics_add(&reload->service->metrics, reloads, 1);
    if (log_due(&reload->log_reloaded))
        log_event(LOG_INFO, "reloaded", "changed", reload->changed ? "yes" : "no", "dataset",
                  wm_dataset_digest(reload->dataset), "policy", wm_policy_digest(reload->dataset), "took_ms",
                  took_ms(reload), "suppressed", log_number(log_suppressed(&reload->log_reloaded)), NULL);
    tell(reload, 0);
}

static void put_loaded(struct reload *reload, const struct wm_dataset *before)
{
    struct buf *out = &reload->body;
    const struct wm_dataset *now = reload->dataset;
    json_open(out, '{');
    encode_revisions(out, now);
    json_put_bool(out, "changed", reload->changed);
    json_put_key(out, "previous");
    json_open(out, '{');
    json_put_text(out, "dataset", wm_dataset_digest(before));
    json_put_text(out, "policy", wm_policy_digest(before));
    json_close(out, '}');
    json_put_key(out, "rows");
    json_open(out, '{');
    for (enum wm_table table = 0; table < WM_TABLES; table++)
        json_put_integer(out, wm_table_kind(table), (int64_t)wm_table_rows(now, table));
    json_close(out, '}');
    json_close(out, '}');
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static void tell(struct reload *reload, int code)
{
    struct service *service = reload->service;
    reload->code = code;
    if (service->notice && reload->body.len > 0 && !reload->body.failed)
        service->notice(service, (struct slice){reload->body.at, reload->body.len});
    reload->errand = (struct errand){.visit = visit_tell, .home = home_tell};
    loops_send(reload->service->loops, 0, &reload->errand);
}

static void visit_tell(struct errand *errand, struct service *service)
{
    const struct reload *reload = reload_of(errand);
    struct slice body = {reload->body.at, reload->body.failed ? 0 : reload->body.len};
    waiters_answer(&service->reload->collected, service, reload->code, body);
}

static void home_tell(struct errand *errand, struct service *service)
{
    (void)service;
    over(reload_of(errand));
}

static void over(struct reload *reload)
{
    struct loops *loops = reload->service->loops;
    wm_dataset_unref(reload->dataset);
    reload->dataset = NULL;
    wm_faults_free(reload->faults);
    reload->faults = NULL;
    buf_fini(&reload->body);
    reload->running = false;
    if (reload->again && !reload->service->stopping)
        begin(reload);
    loops_let_go(loops);
}

static const char *took_ms(const struct reload *reload)
{
    return log_number((long long)((uv_hrtime() - reload->started_at) / 1000000));
}

/* Anybody may ask for a reload of bad data as often as they like; the log tells of the first few in a minute. */
static void refuse(struct reload *reload)
{
    struct service *service = reload->service;
    metrics_add(&service->metrics, reloads_refused, 1);
    if (log_due(&reload->log_refused)) {
        log_faults(reload->faults);
        log_event(LOG_ERROR, "reload_refused", "faults", log_number((long long)wm_faults_count(reload->faults)),
                  "dataset", wm_dataset_digest(service->snapshot.dataset), "took_ms", took_ms(reload), "suppressed",
                  log_number(log_suppressed(&reload->log_refused)), NULL);
    }
    put_faults(reload);
}

static void put_faults(struct reload *reload)
{
    struct buf *out = &reload->body;
    rpc_error_open(out, RPC_INVALID_DATA);
    encode_faults(out, reload->faults);
    json_put_integer(out, "count", (int64_t)wm_faults_count(reload->faults));
    rpc_error_close(out);
}

/* The place and what belongs there; what stands there only where it cannot be somebody's. */
static void log_faults(const struct wm_faults *faults)
{
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        log_event(LOG_ERROR, "fault", "file", fault->file, "line", log_number(fault->line), "column",
                  log_number(fault->column), "what", names_people(fault->file) ? "withheld" : fault->what, "expected",
                  fault->expected, NULL);
    }
}

static bool names_people(const char *file)
{
    return strcmp(file, wm_table_name(WM_LEADERS)) == 0 || strcmp(file, wm_table_name(WM_MONITORING)) == 0 ||
           strcmp(file, wm_table_name(WM_HISTORY)) == 0;
}
