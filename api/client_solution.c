/*
 * Text is a line a fact, for people and for line tools; JSON is what allocation of explicit problems promises: the numbers
 * are the shortest decimals that read back as the same.
 */
#include "client_solution.h"

#include "client_table.h"
#include "client_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CAP = 300 };

/* ---- Writing ---- */

/* The shortest decimal that reads back as the same number. */
static void put_number(struct buf *out, double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buf_text(out, text);
}

static void put_number_of(struct buf *out, const char *key, bool known, double number)
{
    json_put_key(out, key);
    if (known && isfinite(number))
        put_number(out, number);
    else
        buf_text(out, "null");
}

static const char *group_name(const struct wm_problem *problem, size_t group)
{
    return wm_problem_group_name(problem, group);
}

static void put_choices(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "choices");
    json_open(out, '[');
    for (size_t g = 0; g < plan->n_groups; g++) {
        if (plan->choices[g] == WM_NO_OPTION)
            continue;
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "group", group_name(problem, g));
        json_put_text(out, "option", wm_problem_option_name(problem, (size_t)plan->choices[g]));
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_prices(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "prices");
    json_open(out, '[');
    for (size_t r = 0; r < plan->n_resources; r++) {
        if (plan->prices[r] == 0)
            continue;
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "resource", wm_problem_resource_name(problem, r));
        put_number_of(out, "price", true, plan->prices[r]);
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* What a member of a conflict is: "lock" of an option, "must" of a group, "must_use" of a resource. */
static const char *demand_kind(const struct wm_conflict *demand)
{
    return demand->group < 0 ? "must_use" : demand->option == WM_NO_OPTION ? "must" : "lock";
}

static const char *demand_name(const struct wm_problem *problem, const struct wm_conflict *demand)
{
    return demand->group < 0 ? wm_problem_resource_name(problem, (size_t)demand->resource)
                             : group_name(problem, (size_t)demand->group);
}

static const char *demand_option(const struct wm_problem *problem, const struct wm_conflict *demand)
{
    return demand->group < 0 || demand->option == WM_NO_OPTION
               ? NULL
               : wm_problem_option_name(problem, (size_t)demand->option);
}

static void put_conflict(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "conflict");
    json_open(out, '[');
    for (size_t i = 0; i < plan->n_conflicts; i++) {
        const struct wm_conflict *demand = &plan->conflicts[i];
        const char *option = demand_option(problem, demand);
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "kind", demand_kind(demand));
        json_put_text(out, demand->group < 0 ? "resource" : "group", demand_name(problem, demand));
        if (option)
            json_put_text(out, "option", option);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_bool(out, "conflict_is_least", plan->conflicts_least);
}

void solution_put_json(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns)
{
    json_open(out, '{');
    json_put_text(out, "status", wm_plan_status_name(plan->status));
    put_number_of(out, "value", plan->found, plan->value);
    put_number_of(out, "bound", plan->bounded, plan->bound);
    put_number_of(out, "price_bound", plan->bounded, plan->price_bound);
    put_number_of(out, "gap", plan->found, plan->gap);
    put_choices(out, problem, plan);
    put_prices(out, problem, plan);
    if (plan->status == WM_PLAN_INFEASIBLE)
        put_conflict(out, problem, plan);
    json_put_integer(out, "nodes", (int64_t)plan->nodes);
    json_put_fixed(out, "seconds", (ns + 500000) / 1000000, 3);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void put_line(struct buf *out, const char *label, const char *name, const char *what)
{
    buf_format(out, "%s ", label);
    text_clean(out, name, strlen(name));
    if (*what)
        buf_char(out, ' ');
    text_clean(out, what, strlen(what));
    buf_char(out, '\n');
}

void solution_put_text(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns)
{
    buf_format(out, "status %s\n", wm_plan_status_name(plan->status));
    if (plan->found) {
        buf_text(out, "value ");
        put_number(out, plan->value);
        buf_text(out, "\nbound ");
        put_number(out, plan->bound);
        buf_text(out, "\ngap ");
        put_number(out, plan->gap);
        buf_char(out, '\n');
    }
    for (size_t g = 0; g < plan->n_groups; g++)
        if (plan->choices[g] != WM_NO_OPTION)
            put_line(out, "choose", group_name(problem, g), wm_problem_option_name(problem, (size_t)plan->choices[g]));
    for (size_t r = 0; r < plan->n_resources; r++) {
        if (plan->prices[r] == 0)
            continue;
        buf_text(out, "price ");
        text_clean(out, wm_problem_resource_name(problem, r), strlen(wm_problem_resource_name(problem, r)));
        buf_char(out, ' ');
        put_number(out, plan->prices[r]);
        buf_char(out, '\n');
    }
    for (size_t i = 0; i < plan->n_conflicts; i++) {
        const struct wm_conflict *demand = &plan->conflicts[i];
        const char *option = demand_option(problem, demand);
        buf_format(out, "conflict ");
        put_line(out, demand_kind(demand), demand_name(problem, demand), option ? option : "");
    }
    buf_text(out, "seconds ");
    buf_fixed(out, (ns + 500000) / 1000000, 3);
    buf_char(out, '\n');
}

/* ---- Reading and judging ---- */

static bool text_of(struct slice value, char out[NAME_CAP])
{
    return value.at && json_kind(value) == '"' && json_string_copy(json_string_raw(value), out, NAME_CAP) < NAME_CAP;
}

static bool number_of(struct slice value, double *out)
{
    *out = value_number(value);
    return !isnan(*out);
}

static bool take_choice(const struct wm_problem *problem, struct slice item, int64_t *choices,
                        char what[SOLUTION_ERROR_CAP])
{
    char group[NAME_CAP], option[NAME_CAP];
    size_t g, o;
    if (!text_of(value_at(item, "group"), group) || !text_of(value_at(item, "option"), option)) {
        snprintf(what, SOLUTION_ERROR_CAP, "a choice needs group and option");
        return false;
    }
    if (wm_problem_find_option(problem, group, option, &g, &o) != WM_OK)
        snprintf(what, SOLUTION_ERROR_CAP, "the problem has no option '%.200s' of group '%.200s'", option, group);
    else if (choices[g] != WM_NO_OPTION)
        snprintf(what, SOLUTION_ERROR_CAP, "group '%.200s' is chosen for twice", group);
    else {
        choices[g] = (int64_t)o;
        return true;
    }
    return false;
}

static bool take_price(const struct wm_problem *problem, struct slice item, double *prices,
                       char what[SOLUTION_ERROR_CAP])
{
    char name[NAME_CAP];
    size_t r;
    double price;
    if (!text_of(value_at(item, "resource"), name) || !number_of(value_at(item, "price"), &price)) {
        snprintf(what, SOLUTION_ERROR_CAP, "a price needs resource and price");
        return false;
    }
    if (wm_problem_find_resource(problem, name, &r) != WM_OK) {
        snprintf(what, SOLUTION_ERROR_CAP, "the problem has no resource '%.200s'", name);
        return false;
    }
    prices[r] = price;
    return true;
}

bool solution_read(const struct wm_problem *problem, struct slice plan, int64_t *choices, double *prices,
                   char error[SOLUTION_ERROR_CAP])
{
    struct slice list = value_at(plan, "choices"), priced = value_at(plan, "prices"), item;
    struct json_walk walk;
    for (size_t g = 0; g < wm_problem_groups(problem); g++)
        choices[g] = WM_NO_OPTION;
    for (size_t r = 0; r < wm_problem_resources(problem); r++)
        prices[r] = 0;
    snprintf(error, SOLUTION_ERROR_CAP,
             "it is no plan: expected an object with a list of choices, and of prices if any");
    if (!list.at || json_kind(list) != '[' || (priced.at && json_kind(priced) != '['))
        return false;
    json_walk_start(&walk, list);
    while (json_walk_item(&walk, &item))
        if (!take_choice(problem, item, choices, error))
            return false;
    if (!priced.at)
        return true;
    json_walk_start(&walk, priced);
    while (json_walk_item(&walk, &item))
        if (!take_price(problem, item, prices, error))
            return false;
    return true;
}

static bool near(double a, double b)
{
    double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return fabs(a - b) <= 1e-9 * size;
}

bool solution_put_verdict(struct buf *out, bool json, const struct wm_problem *problem, struct slice plan,
                          const struct wm_solution_verdict *v)
{
    double value = 0, bound = 0;
    bool claims_value = number_of(value_at(plan, "value"), &value);
    bool claims_bound = number_of(value_at(plan, "price_bound"), &bound);
    bool value_agrees = !claims_value || near(value, v->value), bound_agrees = !claims_bound || near(bound, v->bound);
    double size = fabs(v->bound) > fabs(v->value) ? fabs(v->bound) : fabs(v->value);
    double gap = v->bound == v->value ? 0 : fabs(v->bound - v->value) / size;
    const char *resource = wm_problem_resource_name(problem, v->resource), *group = group_name(problem, v->group);
    if (json) {
        json_open(out, '{');
        json_put_bool(out, "feasible", v->feasible);
        put_number_of(out, "value", true, v->value);
        put_number_of(out, "price_bound", v->bounded, v->bound);
        put_number_of(out, "price_gap", v->bounded, gap);
        json_put_bool(out, "value_agrees", value_agrees);
        json_put_bool(out, "price_bound_agrees", bound_agrees);
        json_put_text(out, "broken_limit", resource);
        json_put_text(out, "broken_group", group);
        json_close(out, '}');
        buf_char(out, '\n');
    } else {
        buf_format(out, "feasible %s\nvalue ", v->feasible ? "yes" : "no");
        put_number(out, v->value);
        buf_text(out, value_agrees ? "" : ", which is not what the plan says");
        if (v->bounded) {
            buf_text(out, "\nprice_bound ");
            put_number(out, v->bound);
            buf_text(out, bound_agrees ? "\nprice_gap " : ", which is not what the plan says\nprice_gap ");
            put_number(out, gap);
        }
        buf_char(out, '\n');
        if (resource)
            put_line(out, "broken limit", resource, "");
        if (group)
            put_line(out, "broken group", group, "");
    }
    return v->feasible && value_agrees && bound_agrees;
}
