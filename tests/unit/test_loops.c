/* Errands: once to each loop on that loop's own thread, home again, in order, and none lost when the loops end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "loops.h"

enum { N_MAX = 5, TRIPS = 200, SENDERS = 3 };

struct service { /* whatever has a loop; here, what its thread alone may touch */
    struct loops *loops;
    size_t index;
    pthread_t thread;
    bool met;
    size_t n_visits, n_home, last; /* number of the errand that came last from the first loop */
    uv_timer_t timer;              /* sends the first errands, once the loop runs */
};

struct trip {
    struct errand errand; /* first: what is sent leads back here */
    size_t number, left, sum;
    size_t order[N_MAX], n;
};

static struct service services[N_MAX];
static size_t n_open; /* trips not at home for good; the first loop's */
static struct errand done[N_MAX];

static void be_on_the_same_thread(struct service *service)
{
    if (!service->met)
        service->thread = pthread_self();
    service->met = true;
    assert_true(pthread_equal(service->thread, pthread_self()));
}

static void visit(struct errand *errand, struct service *service)
{
    struct trip *trip = (struct trip *)(void *)errand;
    be_on_the_same_thread(service);
    service->n_visits++;
    if (errand->from == 0) {
        assert_int_equal(trip->number, service->last + 1);
        service->last = trip->number;
    }
    trip->order[trip->n++] = service->index;
    trip->sum += service->index + 1;
}

static void tell_first(struct errand *errand, struct service *service)
{
    (void)errand;
    if (service->index == 0 && --n_open == 0)
        loops_close(service->loops);
}

static void forget(struct errand *errand, struct service *service)
{
    (void)errand;
    be_on_the_same_thread(service);
}

/* Home: checks the way it took, and goes again, or tells the first loop that it is over. */
static void home(struct errand *errand, struct service *service)
{
    struct trip *trip = (struct trip *)(void *)errand;
    size_t n = service->loops->n;
    be_on_the_same_thread(service);
    service->n_home++;
    assert_int_equal(service->index, errand->from);
    assert_int_equal(trip->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(trip->order[i], (errand->from + i) % n);
    assert_int_equal(trip->sum, n * (n + 1) / 2);
    trip->n = trip->sum = 0;
    if (--trip->left > 0) {
        trip->number++;
        loops_send(service->loops, service->index, errand);
        return;
    }
    free(trip);
    done[service->index] = (struct errand){.visit = tell_first, .home = forget};
    loops_send(service->loops, service->index, &done[service->index]);
}

static void on_timer(uv_timer_t *timer)
{
    struct service *service = timer->data;
    uv_close((uv_handle_t *)timer, NULL);
    if (service->index >= SENDERS)
        return;
    struct trip *trip = calloc(1, sizeof *trip);
    *trip = (struct trip){.errand = {.visit = visit, .home = home}, .number = 1, .left = TRIPS};
    loops_send(service->loops, service->index, &trip->errand);
}

static void set_up(struct loops *loops)
{
    memset(services, 0, sizeof services);
    for (size_t i = 0; i < loops->n; i++) {
        services[i].loops = loops;
        services[i].index = i;
        loops->at[i].service = &services[i];
        uv_timer_init(&loops->at[i].uv, &services[i].timer);
        services[i].timer.data = &services[i];
        uv_timer_start(&services[i].timer, on_timer, 0, 0);
    }
    n_open = loops->n < SENDERS ? loops->n : SENDERS;
}

static void test_every_loop_in_turn_and_home(void **state)
{
    (void)state;
    for (size_t n = 1; n <= N_MAX; n++) {
        struct loops *loops;
        assert_int_equal(loops_new(n, &loops), 0);
        set_up(loops);
        assert_int_equal(loops_start(loops), 0);
        loops_run(loops);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(services[i].n_visits, TRIPS * (n < SENDERS ? n : SENDERS));
            assert_int_equal(services[i].n_home, i < SENDERS ? TRIPS : 0);
        }
        loops_free(loops);
    }
}

static struct errand late;
static size_t n_late;

static void visit_late(struct errand *errand, struct service *service)
{
    (void)errand;
    n_late += service->index + 1; /* one loop after another: no lock is needed */
}

static void home_late(struct errand *errand, struct service *service)
{
    (void)errand;
    loops_let_go(service->loops);
}

static void on_late(uv_timer_t *timer)
{
    const struct service *service = timer->data;
    uv_close((uv_handle_t *)timer, NULL);
    late = (struct errand){.visit = visit_late, .home = home_late};
    loops_send(service->loops, 1, &late);
}

static void on_close(uv_timer_t *timer)
{
    const struct service *service = timer->data;
    uv_close((uv_handle_t *)timer, NULL);
    loops_close(service->loops);
}

static void test_whoever_holds_may_still_send(void **state)
{
    (void)state;
    struct loops *loops;
    assert_int_equal(loops_new(3, &loops), 0);
    set_up(loops);
    uv_timer_start(&services[0].timer, on_close, 0, 0);
    uv_timer_start(&services[1].timer, on_late, 1, 0); /* before the loops were told to end, or after: both are right */
    uv_close((uv_handle_t *)&services[2].timer, NULL);
    n_late = 0;
    loops_hold(loops);
    assert_int_equal(loops_start(loops), 0);
    loops_run(loops);
    assert_int_equal(n_late, 1 + 2 + 3);
    loops_free(loops);
}

static void test_closed_before_it_began(void **state)
{
    (void)state;
    struct loops *loops;
    assert_int_equal(loops_new(3, &loops), 0);
    loops_close(loops);
    loops_run(loops);
    loops_free(loops);
    loops_free(NULL);
}

static void test_quota(void **state)
{
    (void)state;
    atomic_size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        assert_true(quota_take(&n, 3));
    assert_false(quota_take(&n, 3));
    assert_int_equal(n, 3);
    quota_give(&n);
    assert_true(quota_take(&n, 3));
    assert_false(quota_take(&n, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_loop_in_turn_and_home),
        cmocka_unit_test(test_whoever_holds_may_still_send),
        cmocka_unit_test(test_closed_before_it_began),
        cmocka_unit_test(test_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
