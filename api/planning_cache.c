/*
 * An order in the way it goes: a solving thread adds it and wakes the loop -> on_orders -> cache_put, or cache_get_local,
 * cache_get_shared -> on_found -> the thread goes on. Closed: it goes on without an answer; a look-up that is under way
 * then ends as a miss, and frees the order by itself.
 */
#include "planning_cache.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct order {
    struct order *next;
    struct planning_cache *plans;
    bool puts;
    bool done, left; /* answered; nobody waits any more */
    size_t key_len;
    struct buf value;
    char key[];
};

struct planning_cache {
    struct service *service;
    uv_async_t wake;
    uv_mutex_t mutex;
    uv_cond_t answered;
    struct order *orders; /* that the loop has not taken */
    bool closed;
};

static void on_orders(uv_async_t *wake);
static void on_found(void *arg, struct slice value);

struct planning_cache *planning_cache_new(struct service *service)
{
    struct planning_cache *plans = calloc(1, sizeof *plans);
    if (!plans || uv_async_init(service->loop, &plans->wake, on_orders)) {
        free(plans);
        return NULL;
    }
    plans->service = service;
    plans->wake.data = plans;
    uv_mutex_init(&plans->mutex);
    uv_cond_init(&plans->answered);
    return plans;
}

static void order_free(struct order *order)
{
    buf_fini(&order->value);
    free(order);
}

void planning_cache_close(struct planning_cache *plans)
{
    struct order *order, *next;
    uv_mutex_lock(&plans->mutex);
    plans->closed = true;
    LL_FOREACH_SAFE (plans->orders, order, next) {
        order->done = true; /* a look-up's thread frees it */
        if (order->puts)
            order_free(order);
    }
    plans->orders = NULL;
    uv_cond_broadcast(&plans->answered);
    uv_mutex_unlock(&plans->mutex);
    uv_close((uv_handle_t *)&plans->wake, NULL);
}

void planning_cache_free(struct planning_cache *plans)
{
    if (!plans)
        return;
    uv_cond_destroy(&plans->answered);
    uv_mutex_destroy(&plans->mutex);
    free(plans);
}

/* ---- On a solving thread ---- */

static struct order *order_new(struct planning_cache *plans, struct slice key, bool puts)
{
    struct order *order = calloc(1, sizeof *order + key.len);
    if (!order)
        return NULL;
    order->plans = plans;
    order->puts = puts;
    order->key_len = key.len;
    memcpy(order->key, key.at, key.len);
    buf_init(&order->value, SIZE_MAX);
    return order;
}

/* Under the mutex. False: closed, and the order is as it was. */
static bool add(struct planning_cache *plans, struct order *order)
{
    if (plans->closed)
        return false;
    LL_APPEND(plans->orders, order);
    uv_async_send(&plans->wake);
    return true;
}

bool planning_cache_get(struct planning_cache *plans, struct slice key, struct buf *bytes)
{
    struct order *order = order_new(plans, key, false);
    if (!order)
        return false;
    uv_mutex_lock(&plans->mutex);
    bool added = add(plans, order);
    while (added && !order->done && !plans->closed)
        uv_cond_wait(&plans->answered, &plans->mutex);
    bool ours = !added || order->done;
    bool found = order->done && !order->value.failed && order->value.len > 0;
    if (found)
        buf_put(bytes, order->value.at, order->value.len);
    order->left = true;
    uv_mutex_unlock(&plans->mutex);
    if (ours)
        order_free(order);
    return found && !bytes->failed;
}

void planning_cache_put(struct planning_cache *plans, struct slice key, struct slice bytes)
{
    struct order *order = order_new(plans, key, true);
    if (!order)
        return;
    buf_put(&order->value, bytes.at, bytes.len);
    uv_mutex_lock(&plans->mutex);
    bool added = !order->value.failed && add(plans, order);
    uv_mutex_unlock(&plans->mutex);
    if (!added)
        order_free(order);
}

/* ---- On the loop ---- */

static void on_found(void *arg, struct slice value)
{
    struct order *order = arg;
    struct planning_cache *plans = order->plans;
    uv_mutex_lock(&plans->mutex);
    bool left = order->left || plans->closed;
    if (value.at && !left)
        buf_put(&order->value, value.at, value.len);
    order->done = true;
    uv_cond_broadcast(&plans->answered);
    left = order->left;
    uv_mutex_unlock(&plans->mutex);
    if (left)
        order_free(order);
}

static void look_up(struct cache *cache, struct order *order)
{
    struct slice local = cache_get_local(cache, order->key, order->key_len);
    if (local.at || !cache_shared_ready(cache))
        on_found(order, local);
    else
        cache_get_shared(cache, order->key, order->key_len, on_found, order);
}

static void on_orders(uv_async_t *wake)
{
    struct planning_cache *plans = wake->data;
    struct cache *cache = plans->service->cache;
    struct order *order, *next, *taken;
    uv_mutex_lock(&plans->mutex);
    taken = plans->orders;
    plans->orders = NULL;
    uv_mutex_unlock(&plans->mutex);
    LL_FOREACH_SAFE (taken, order, next)
        if (order->puts) {
            cache_put(cache, order->key, order->key_len, order->value.at, order->value.len);
            order_free(order);
        } else {
            look_up(cache, order);
        }
}
