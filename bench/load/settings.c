/* The command line, options anywhere, taken apart by hand as the client's is; every value is checked here, so that a run starts only with what it can do. */
#include "settings.h"

#include "client_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum load_option {
#define X(id, name, letter, value, about) SET_##id,
    LOAD_OPTIONS(X)
#undef X
        SET_COUNT
};

static const struct {
    const char *name;
    char letter;
    const char *value, *about;
} options[SET_COUNT] = {
#define X(id, name, letter, value, about) {name, letter, value, about},
    LOAD_OPTIONS(X)
#undef X
};

enum { HELP_COLUMN = 28, LIMIT_MAX = 1000, WORDS_MAX = 4 };

#define RATE_MAX 10e6

static bool take_words(const char *const words[], int n, const char *url, struct settings *out, char *error);
static bool take_value(enum load_option option, const char *value, struct settings *out, char *error);

__attribute__((format(printf, 2, 3))) static bool refuse(char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, SETTINGS_ERROR_CAP, format, args);
    va_end(args);
    return false;
}

/* ---- Reading ---- */

static bool refuse_name(const char *arg, size_t len, char *error)
{
    const char *names[SET_COUNT];
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)len, arg + 2);
    for (enum load_option i = 0; i < SET_COUNT; i++)
        names[i] = options[i].name;
    const char *nearest = arg[1] == '-' ? options_nearest(name, names, SET_COUNT) : NULL;
    return nearest ? refuse(error, "there is no option '%.60s'; did you mean --%s?", arg, nearest)
                   : refuse(error, "there is no option '%.60s'; 'wellmatch-bench --help' lists them", arg);
}

/* Takes the option at argv[*i], and its value from the same word or the next one. */
static bool take_option(char *const argv[], int argc, int *i, enum load_option *out, const char **value, char *error)
{
    const char *arg = argv[*i];
    bool is_long = arg[1] == '-';
    size_t len = is_long ? strcspn(arg + 2, "=") : 1;
    const char *rest = arg + (is_long ? 2 : 1) + len;
    enum load_option option = 0;
    while (option < SET_COUNT &&
           (is_long ? strlen(options[option].name) != len || strncmp(options[option].name, arg + 2, len) != 0
                    : options[option].letter != arg[1]))
        option++;
    if (option == SET_COUNT)
        return refuse_name(arg, len, error);
    *out = option;
    const char *given = is_long ? (*rest == '=' ? rest + 1 : NULL) : *rest ? rest : NULL;
    if (!options[option].value)
        return !given || refuse(error, "--%s takes no value: '%.60s'", options[option].name, arg);
    if (!given && *i + 1 < argc)
        given = argv[++*i];
    *value = given ? given : "";
    return given || refuse(error, "--%s needs a value: --%s %s", options[option].name, options[option].name,
                           options[option].value);
}

static bool consistent(const struct settings *settings, bool rated, char *error)
{
    if (settings->closed && rated)
        return refuse(error, "--rate plans an open load and --closed has none: give one of them");
    if (settings->closed && settings->find_max)
        return refuse(error, "--find-max looks for a rate, which a closed load does not have");
    if (settings->find_max && settings->runs > 1)
        return refuse(error, "--find-max makes many runs of its own: leave --runs out");
    if (settings->duration_ns == 0)
        return refuse(error, "--duration is 0, so nothing would be measured");
    return true;
}

bool settings_read(int argc, char *const argv[], struct settings *out, char error[SETTINGS_ERROR_CAP])
{
    const char *url = NULL, *words[WORDS_MAX];
    int n_words = 0;
    bool rated = false;
    *out = (struct settings){.rate = 1000,
                             .connections = 8,
                             .depth = 1,
                             .runs = 1,
                             .duration_ns = 10000000000,
                             .warmup_ns = 1000000000,
                             .grace_ns = 5000000000,
                             .distinct = 100,
                             .seed = 1,
                             .threshold = 0.05};
    out->mix.weight[LOAD_shortlist] = out->mix.total = 1;
    for (int i = 1; i < argc; i++) {
        enum load_option option = SET_COUNT;
        const char *value = "";
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            if (n_words == WORDS_MAX)
                return refuse(error, "'%.60s' is one word too many", argv[i]);
            words[n_words++] = argv[i];
            continue;
        }
        if (!take_option(argv, argc, &i, &option, &value, error) || !take_value(option, value, out, error))
            return false;
        rated |= option == SET_rate;
        url = option == SET_url ? value : url;
    }
    if (out->command == LOAD_HELP || out->command == LOAD_VERSION)
        return true;
    if (!take_words(words, n_words, url, out, error) || !consistent(out, rated, error))
        return false;
    out->rate = out->closed ? 0 : out->rate;
    return true;
}

/* The address may come without its scheme, since HOST:PORT can mean nothing else. */
static bool take_address(const char *text, struct settings *out, char *error)
{
    const char *why;
    char whole[ADDRESS_TEXT_MAX];
    bool bare = !strstr(text, "://") && strncmp(text, "unix:", 5) != 0 && strchr(text, ':');
    snprintf(whole, sizeof whole, "%s%s", bare ? "tcp://" : "", text);
    if (address_parse(whole, &out->address, &why) != 0)
        return refuse(error, "'%.100s' is no address of a service: %s", text, why);
    if (!out->address.local && out->address.port == 0)
        return refuse(error, "'%.100s' has port 0; give the one the service listens on", text);
    return true;
}

static bool take_words(const char *const words[], int n, const char *url, struct settings *out, char *error)
{
    if (n > 0 && strcmp(words[0], "compare") == 0) {
        if (n != 3)
            return refuse(error,
                          "compare takes two files that --json wrote: wellmatch-bench compare before.json after.json");
        out->command = LOAD_COMPARE;
        out->files[0] = words[1];
        out->files[1] = words[2];
        return true;
    }
    const char *environment = getenv("WELLMATCH_URL");
    if (n > 1 || (n == 1 && url))
        return refuse(error, "there is one service to ask, so '%.60s' is one word too many", words[n - 1]);
    return take_address(n == 1                        ? words[0]
                        : url                         ? url
                        : environment && *environment ? environment
                                                      : ADDRESS_DEFAULT,
                        out, error);
}

/* ---- Values ---- */

static bool whole_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    size_t len = strlen(text);
    if (len == 0 || len > 19 || strspn(text, "0123456789") != len)
        return false;
    *out = strtoull(text, NULL, 10);
    return *out >= least && *out <= most;
}

static bool decimal(const char *text, double least, double most, const char *after, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && (*end == '\0' || strcmp(end, after) == 0) && *out >= least && *out <= most;
}

static bool take_count(enum load_option option, const char *value, struct settings *out, char *error)
{
    static const uint64_t most[SET_COUNT] = {[SET_connections] = CONNECTIONS_MAX,
                                             [SET_pipeline] = DEPTH_MAX,
                                             [SET_runs] = RUNS_MAX,
                                             [SET_limit] = LIMIT_MAX};
    unsigned *const place[SET_COUNT] = {[SET_connections] = &out->connections,
                                        [SET_pipeline] = &out->depth,
                                        [SET_runs] = &out->runs,
                                        [SET_limit] = &out->limit};
    uint64_t number;
    if (!whole_number(value, 1, most[option], &number))
        return refuse(error, "--%s is '%.40s'; expected a whole number from 1 to %llu", options[option].name, value,
                      (unsigned long long)most[option]);
    *place[option] = (unsigned)number;
    return true;
}

static bool take_time(enum load_option option, const char *value, struct settings *out, char *error)
{
    uint64_t *place = option == SET_duration ? &out->duration_ns
                      : option == SET_warmup ? &out->warmup_ns
                                             : &out->grace_ns;
    if (!time_parse(value, place))
        return refuse(error, "--%s is '%.40s'; expected a time such as 10, 0.5s or 500ms", options[option].name, value);
    return true;
}

static bool take_rate(const char *value, struct settings *out, char *error)
{
    if (!decimal(value, 0.1, RATE_MAX, "", &out->rate))
        return refuse(error, "--rate is '%.40s'; expected requests a second, 0.1 to 10000000", value);
    return true;
}

static bool take_distinct(const char *value, struct settings *out, char *error)
{
    if (strcmp(value, "all") == 0)
        out->distinct = 0;
    else if (!whole_number(value, 1, DISTINCT_MAX, &out->distinct))
        return refuse(error, "--distinct is '%.40s'; expected a whole number from 1 to %d, or 'all'", value,
                      DISTINCT_MAX);
    return true;
}

static bool take_threshold(const char *value, struct settings *out, char *error)
{
    if (!decimal(value, 0, 1000, "%", &out->threshold))
        return refuse(error, "--threshold is '%.40s'; expected a share such as 5%% or 0.05", value);
    if (strchr(value, '%'))
        out->threshold /= 100;
    return true;
}

static bool take_value(enum load_option option, const char *value, struct settings *out, char *error)
{
    switch (option) {
    case SET_rate:
        return take_rate(value, out, error);
    case SET_arrivals:
        out->poisson = strcmp(value, "poisson") == 0;
        return out->poisson || strcmp(value, "constant") == 0 ||
               refuse(error, "--arrivals is '%.40s'; expected 'constant' or 'poisson'", value);
    case SET_closed:
        out->closed = true;
        return true;
    case SET_connections:
    case SET_pipeline:
    case SET_runs:
    case SET_limit:
        return take_count(option, value, out, error);
    case SET_duration:
    case SET_warmup:
    case SET_grace:
        return take_time(option, value, out, error);
    case SET_mix:
        return mix_parse(value, &out->mix, error);
    case SET_distinct:
        return take_distinct(value, out, error);
    case SET_seed:
        return whole_number(value, 0, UINT64_MAX, &out->seed) ||
               refuse(error, "--seed is '%.40s'; expected a whole number of at most 19 digits", value);
    case SET_find_max:
        out->find_max = true;
        return goal_parse(value, &out->goal) ||
               refuse(error, "--find-max is '%.40s'; expected a quantile under a time, such as 'p99<5ms'", value);
    case SET_threshold:
        return take_threshold(value, out, error);
    case SET_json:
        out->json_path = value;
        return true;
    case SET_hgrm:
        out->hgrm_path = value;
        return true;
    case SET_help:
    case SET_version:
        out->command = option == SET_help ? LOAD_HELP : LOAD_VERSION;
        return true;
    case SET_url:
    case SET_COUNT:
        break;
    }
    return true;
}

/* ---- Writing ---- */

void settings_help(struct buf *out)
{
    buf_text(out, "Usage: wellmatch-bench [options] [ADDRESS]\n"
                  "       wellmatch-bench compare BEFORE.json AFTER.json [--threshold SHARE]\n\n"
                  "Puts a running service under a planned load, times every answer from when its request was due, and "
                  "checks it.\n\n");
    for (enum load_option i = 0; i < SET_COUNT; i++) {
        size_t start = out->len;
        if (options[i].letter)
            buf_format(out, "  -%c, --%s", options[i].letter, options[i].name);
        else
            buf_format(out, "      --%s", options[i].name);
        if (options[i].value)
            buf_format(out, " %s", options[i].value);
        do
            buf_char(out, ' ');
        while (!out->failed && out->len - start < HELP_COLUMN);
        buf_format(out, "%s\n", options[i].about);
    }
    buf_text(out, "\nMethods to mix:");
    for (enum load_method i = 0; i < LOAD_METHOD_COUNT; i++)
        buf_format(out, "%s %s", i ? "," : "", load_methods[i].name);
    buf_text(
        out,
        ".\n\nExit codes: 0 done, 1 it could not be done, 2 the command line or a file is wrong, 3 nobody answers,\n"
        "7 a wrong answer came, 8 compare: worse than the threshold, 130 stopped by Ctrl-C (after the report).\n");
}

void settings_put(const struct settings *settings, struct buf *out)
{
    char address[ADDRESS_TEXT_MAX], mix[512];
    address_format(&settings->address, address);
    mix_format(&settings->mix, mix, sizeof mix);
    json_put_text(out, "loop", settings->closed ? "closed" : "open");
    json_put_text(out, "transport", settings->address.local ? "unix" : "tcp");
    if (settings->closed) {
        json_put_null(out, "rate");
        json_put_null(out, "arrivals");
    } else {
        json_put_fixed(out, "rate", (int64_t)(settings->rate * 1000 + 0.5), 3);
        json_put_text(out, "arrivals", settings->poisson ? "poisson" : "constant");
    }
    json_put_integer(out, "connections", settings->connections);
    json_put_integer(out, "pipeline", settings->depth);
    json_put_fixed(out, "duration_s", (int64_t)(settings->duration_ns / 1000), 6);
    json_put_fixed(out, "warmup_s", (int64_t)(settings->warmup_ns / 1000), 6);
    json_put_text(out, "mix", mix);
    if (settings->distinct)
        json_put_integer(out, "distinct", (int64_t)settings->distinct);
    else
        json_put_text(out, "distinct", "all");
    if (settings->limit)
        json_put_integer(out, "limit", settings->limit);
    else
        json_put_null(out, "limit");
    json_put_integer(out, "seed", (int64_t)settings->seed);
    if (settings->find_max)
        json_put_text(out, "find_max", settings->goal.text);
}
