/*
 * Settings from one table. A value passes through set() whatever its source, as text and with the name of the place it
 * stands in, so that file, environment and flags are checked alike and every message can say where to look.
 */
#include "config.h"
#include "address.h"
#include "log.h"
#include "redis_url.h"
#include "wellmatch.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, LIST, INTEGER, LEVEL, REDIS, HTTP, PROFILE };

struct setting {
    const char *name; /* of the flag; the file spells it with _, the environment WELLMATCH_ and in capitals */
    enum kind kind;
    size_t offset;       /* of the field in struct config; LIST has its own two */
    int64_t min, max;    /* INTEGER */
    const char *initial; /* NULL: must be given */
    const char *value;   /* how help calls the value */
    const char *about;
};

#define AT(field) offsetof(struct config, field)

static const struct setting settings[CONFIG_SETTINGS] = {
    {"data", TEXT, AT(data), 0, 0, NULL, "DIR", "folder with policy.json and the CSV files"},
    {"listen", LIST, AT(listen), 0, 0, ADDRESS_DEFAULT, "ADDRESS",
     "tcp://HOST:PORT or unix:PATH; may be repeated; port 0: any free one"},
    {"http", HTTP, AT(http), 0, 0, "none", "ADDRESS", "HOST:PORT or unix:PATH for HTTP, or none"},
    {"http-host", TEXT, AT(http_host), 0, 0, "", "NAME",
     "a name this machine is reached by over HTTP, besides its addresses; commas separate several"},
    {"feeds", PROFILE, AT(feeds), 0, 0, "public", "PROFILE",
     "public: feeds of aggregates; restricted: those that name leaders too, to whoever can reach them"},
    {"redis", REDIS, AT(redis), 0, 0, "redis://127.0.0.1:6379", "URL",
     "redis://[:PASSWORD@]HOST:PORT[/DB], redis+unix:PATH, or none"},
    {"redis-timeout-ms", INTEGER, AT(redis_timeout_ms), 1, 60000, "50", "N",
     "a Redis slower than this is left alone for a while"},
    {"redis-expiry-s", INTEGER, AT(redis_expiry_s), 1, 31536000, "86400", "N", "life of an answer in Redis"},
    {"cache-mib", INTEGER, AT(cache_mib), 0, 1048576, "64", "N", "answers kept in this process; 0: none"},
    {"connections-max", INTEGER, AT(connections_max), 1, 1000000, "1024", "N", "connections at a time"},
    {"in-flight-max", INTEGER, AT(in_flight_max), 1, 1000000, "1024", "N",
     "requests of one connection that wait for an answer"},
    {"queue-max", INTEGER, AT(queue_max), 1, 1000000, "4096", "N", "answers being computed or waiting to be"},
    {"queue-ms", INTEGER, AT(queue_ms), 1, 3600000, "1000", "N",
     "longest that work may be expected to wait; more is refused at once"},
    {"output-mib", INTEGER, AT(output_mib), 1, 2048, "32", "N", "answers queued for one connection"},
    {"output-total-mib", INTEGER, AT(output_total_mib), 1, 1048576, "256", "N",
     "answers queued for all; from half of it on, who does not read is not listened to"},
    {"stall-s", INTEGER, AT(stall_s), 1, 86400, "30", "N",
     "a peer that so long reads nothing, or leaves a line unended, is closed"},
    {"drain-s", INTEGER, AT(drain_s), 0, 86400, "10", "N", "how long SIGTERM waits for answers in flight"},
    {"loops", INTEGER, AT(loops), 0, LOOPS_MAX, "1", "N",
     "event loops, each with its own connections and its share of the cache; 0: one a processor"},
    {"threads", INTEGER, AT(threads), 0, 512, "0", "N", "workers that score; 0: one a processor"},
    {"plan-threads", INTEGER, AT(plan_threads), 0, 512, "0", "N", "threads that solve a plan; 0: one a processor"},
    {"plan-nice", INTEGER, AT(plan_nice), 0, 20, "20", "N",
     "how much nicer these are; 20: they run when nothing else wants to"},
    {"log", LEVEL, AT(log), 0, 0, "info", "LEVEL", "error, warning, info or debug"},
};

/* Flags that are no settings. */
enum action { ACTION_HELP, ACTION_VERSION, ACTION_CHECK, ACTION_CONFIG, ACTIONS };
static const char *const action_names[ACTIONS] = {"help", "version", "check-config", "config"};

struct config_text {
    struct config_text *next;
    char at[];
};

struct reader {
    struct config *config;
    FILE *errors;
    bool bad;
    const char *file; /* --config or WELLMATCH_CONFIG */
    bool asked[ACTIONS];
    const char *flag[CONFIG_SETTINGS]; /* values given as flags; applied last */
    bool refused[CONFIG_SETTINGS];     /* somebody meant this one and was told why it cannot be used: once is enough */
    size_t n_listen;
    const char *listen[LISTEN_MAX]; /* --listen, as often as given */
};

enum { NAME_CAP = 40 };

static void read_flags(struct reader *reader, int argc, char *const argv[]);
static const char *flag_value(struct reader *reader, const char *name, const char *equals, int argc, char *const argv[],
                              int *i);
static void pass_value(int argc, char *const argv[], int *i);
static void take_flag(struct reader *reader, int setting, const char *value);
static void apply_initial(struct reader *reader);
static void apply_file(struct reader *reader);
static void apply_member(struct reader *reader, const char *key, const json_t *value);
static void apply_environment(struct reader *reader, char *const envp[]);
static void apply_flags(struct reader *reader);
static void check_whole(struct reader *reader);
static void check_places(struct reader *reader);
static void set(struct reader *reader, size_t i, const char *text, const char *place);
static void check_redis(struct reader *reader, const char *text, const char *place);
static void check_http(struct reader *reader, const char *text, const char *place);
static void set_integer(struct reader *reader, size_t i, const char *text, const char *place);
static void set_list(struct reader *reader, size_t i, const char *text, const char *place);
static void add_listen(struct reader *reader, const char *text, const char *place);
static void refuse(struct reader *reader, int setting, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void complain(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct reader *reader, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static int find(const char *name, char separator, bool capitals);
static void spell(const char *name, char separator, bool capitals, char out[NAME_CAP]);
static const char *nearest(const char *name, char separator, bool capitals, unsigned within, char out[NAME_CAP]);
static const char *keep(struct reader *reader, const char *text, size_t len);
static void print_without_secret(const char *url, FILE *out);
static void print_help(FILE *out);

int config_read(int argc, char *const argv[], char *const envp[], struct config *out, FILE *output, FILE *errors)
{
    memset(out, 0, sizeof *out);
    struct reader reader = {.config = out, .errors = errors};

    read_flags(&reader, argc, argv);
    if (reader.asked[ACTION_HELP] || reader.asked[ACTION_VERSION]) {
        if (reader.asked[ACTION_HELP])
            print_help(output);
        else
            fprintf(output, "wellmatchd %s\n", WM_VERSION);
        return CONFIG_EXIT;
    }
    apply_initial(&reader);
    for (size_t i = 0; envp[i] && !reader.file; i++)
        if (strncmp(envp[i], "WELLMATCH_CONFIG=", 17) == 0)
            reader.file = envp[i] + 17;
    if (reader.file)
        apply_file(&reader);
    apply_environment(&reader, envp);
    apply_flags(&reader);
    check_whole(&reader);
    out->check_only = reader.asked[ACTION_CHECK];
    if (reader.bad) {
        fprintf(errors, "wellmatchd: --help shows every setting\n");
        config_fini(out);
        return CONFIG_BAD;
    }
    return CONFIG_RUN;
}

void config_fini(struct config *config)
{
    while (config->texts) {
        struct config_text *next = config->texts->next;
        free(config->texts);
        config->texts = next;
    }
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        const char *field = (const char *)config + settings[i].offset;
        fprintf(out, "%-16s ", settings[i].name);
        switch (settings[i].kind) {
        case TEXT:
        case LEVEL:
        case HTTP:
        case PROFILE:
            fprintf(out, "%s", *(const char *const *)(const void *)field);
            break;
        case REDIS:
            print_without_secret(*(const char *const *)(const void *)field, out);
            break;
        case INTEGER:
            fprintf(out, "%lld", (long long)*(const int64_t *)(const void *)field);
            break;
        case LIST:
            for (size_t k = 0; k < config->n_listen; k++)
                fprintf(out, "%s%s", k ? "," : "", config->listen[k]);
            break;
        }
        fprintf(out, "  (%s)\n", config->from[i]);
    }
}

/* What stands before the last @ of a URL is for Redis only. */
static void print_without_secret(const char *url, FILE *out)
{
    const char *at = strrchr(url, '@'), *slashes = strstr(url, "://");
    if (at && slashes && slashes < at)
        fprintf(out, "%.*s***%s", (int)(slashes + 3 - url), url, at);
    else
        fprintf(out, "%s", url);
}

/* ---- Flags ------------------------------------------------------------------------------------------------------- */

/* First pass: the file named among the flags is weaker than they are, so their values wait in the reader. */
static void read_flags(struct reader *reader, int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "-h") == 0)
            argument = "--help";
        else if (strcmp(argument, "-V") == 0)
            argument = "--version";
        if (strncmp(argument, "--", 2) != 0 || !argument[2]) {
            complain(reader, "'%s' is no flag; settings are given as --name VALUE", argument);
            if (argument[0] == '-')
                pass_value(argc, argv, &i);
            continue;
        }
        char name[NAME_CAP], guess[NAME_CAP];
        const char *equals = strchr(argument, '=');
        size_t len = equals ? (size_t)(equals - argument - 2) : strlen(argument + 2);
        if (len >= sizeof name)
            len = sizeof name - 1; /* longer than any name: unknown either way */
        memcpy(name, argument + 2, len);
        name[len] = '\0';

        enum action action = 0;
        while (action < ACTIONS && strcmp(name, action_names[action]) != 0)
            action++;
        int setting = find(name, '-', false);
        if (action < ACTION_CONFIG && !equals) {
            reader->asked[action] = true;
        } else if (action < ACTION_CONFIG) {
            complain(reader, "--%s takes no value", name);
        } else if (action == ACTION_CONFIG) {
            reader->file = flag_value(reader, name, equals, argc, argv, &i);
        } else if (setting >= 0) {
            take_flag(reader, setting, flag_value(reader, name, equals, argc, argv, &i));
        } else if (!nearest(name, '-', false, 3, guess)) {
            complain(reader, "there is no flag --%s", name);
            if (!equals)
                pass_value(argc, argv, &i);
        } else {
            int meant = find(guess, '-', false);
            refuse(reader, meant, "there is no flag --%s; the nearest is --%s", name, guess);
            if (!equals && meant >= 0)
                pass_value(argc, argv, &i);
        }
    }
}

/* What follows a flag that is not known was most likely its value, and no second fault. */
static void pass_value(int argc, char *const argv[], int *i)
{
    if (*i + 1 < argc && argv[*i + 1][0] != '-')
        ++*i;
}

static const char *flag_value(struct reader *reader, const char *name, const char *equals, int argc, char *const argv[],
                              int *i)
{
    if (equals)
        return equals + 1;
    if (*i + 1 < argc)
        return argv[++*i];
    complain(reader, "--%s needs a value", name);
    return NULL;
}

static void take_flag(struct reader *reader, int setting, const char *value)
{
    if (!value)
        reader->refused[setting] = true;
    else if (settings[setting].kind != LIST)
        reader->flag[setting] = value;
    else if (reader->n_listen < LISTEN_MAX)
        reader->listen[reader->n_listen++] = value;
    else
        complain(reader, "--listen: at most %d addresses", LISTEN_MAX);
}

static void apply_flags(struct reader *reader)
{
    char place[NAME_CAP];
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        snprintf(place, sizeof place, "--%s", settings[i].name);
        if (reader->flag[i])
            set(reader, i, reader->flag[i], place);
        if (settings[i].kind == LIST && reader->n_listen > 0) {
            reader->config->n_listen = 0;
            reader->config->from[i] = "flag";
            for (size_t k = 0; k < reader->n_listen; k++)
                add_listen(reader, reader->listen[k], place);
        }
    }
}

/* ---- Defaults, file, environment --------------------------------------------------------------------------------- */

static void apply_initial(struct reader *reader)
{
    for (size_t i = 0; i < CONFIG_SETTINGS; i++)
        if (settings[i].initial)
            set(reader, i, settings[i].initial, "default");
}

static void apply_file(struct reader *reader)
{
    json_error_t error;
    json_t *root = json_load_file(reader->file, JSON_REJECT_DUPLICATES, &error);
    if (!root && error.line < 1) {
        reader->refused[find("data", '-', false)] = true; /* which the file may well have named */
        complain(reader, "%s: %s", reader->file, error.text);
        return;
    }
    if (!root) {
        bool null = json_error_code(&error) == json_error_null_character;
        complain(reader, "%s:%d:%d: %s", reader->file, error.line, error.column,
                 null ? "\\u0000 may not be part of a string" : error.text);
        return;
    }
    if (!json_is_object(root))
        complain(reader, "%s: a settings file is one JSON object, as in {\"data\": \"data/sample\"}", reader->file);
    const char *key;
    json_t *value;
    json_object_foreach (root, key, value)
        apply_member(reader, key, value);
    json_decref(root);
}

static void apply_member(struct reader *reader, const char *key, const json_t *value)
{
    char place[512], guess[NAME_CAP];
    snprintf(place, sizeof place, "%s: /%s", reader->file, key);
    int setting = find(key, '_', false);
    if (setting < 0) {
        if (nearest(key, '_', false, 3, guess))
            refuse(reader, find(guess, '_', false), "%s: there is no such setting; the nearest is %s", place, guess);
        else
            complain(reader, "%s: there is no such setting", place);
        return;
    }
    size_t i = (size_t)setting;
    if (settings[i].kind == LIST && json_is_array(value)) {
        reader->config->n_listen = 0;
        reader->config->from[i] = "file";
        for (size_t k = 0; k < json_array_size(value); k++) {
            char item[560];
            snprintf(item, sizeof item, "%s/%zu", place, k);
            const char *text = json_string_value(json_array_get(value, k));
            if (text)
                add_listen(reader, text, item);
            else
                refuse(reader, setting, "%s: an address is a string, as in \"%s\"", item, ADDRESS_DEFAULT);
        }
    } else if (settings[i].kind == INTEGER && json_is_integer(value)) {
        set(reader, i, log_number((long long)json_integer_value(value)), place);
    } else if (settings[i].kind != INTEGER && json_is_string(value)) {
        set(reader, i, json_string_value(value), place);
    } else {
        refuse(reader, setting, "%s: expected %s", place,
               settings[i].kind == INTEGER ? "a whole number"
               : settings[i].kind == LIST  ? "a list of strings"
                                           : "a string");
    }
}

static void apply_environment(struct reader *reader, char *const envp[])
{
    static const char prefix[] = "WELLMATCH_";
    for (size_t e = 0; envp[e]; e++) {
        const char *equals = strchr(envp[e], '=');
        if (!equals || strncmp(envp[e], prefix, strlen(prefix)) != 0)
            continue;
        char place[NAME_CAP], guess[NAME_CAP];
        size_t len = (size_t)(equals - envp[e]);
        if (len >= sizeof place)
            continue;
        memcpy(place, envp[e], len);
        place[len] = '\0';
        const char *name = place + strlen(prefix);
        int setting = find(name, '_', true);
        if (setting >= 0)
            set(reader, (size_t)setting, equals + 1, place);
        else if (strcmp(name, "CONFIG") != 0 && nearest(name, '_', true, 1, guess))
            /* Others may have variables of this prefix; one letter off, it was meant for us. */
            refuse(reader, find(guess, '_', true), "%s: there is no such setting; the nearest is %s%s", place, prefix,
                   guess);
    }
}

static void check_whole(struct reader *reader)
{
    const struct config *config = reader->config;
    if (!config->data && !reader->refused[find("data", '-', false)])
        complain(reader, "which data? Name its folder: --data data/sample");
    if (config->data && !*config->data)
        complain(reader, "data: the name of a folder is empty");
    if (config->n_listen == 0 && !reader->refused[find("listen", '-', false)])
        complain(reader, "listen: no address to listen on; the usual one is " ADDRESS_DEFAULT);
    check_places(reader);
}

static bool same_place(const struct address *one, const struct address *other)
{
    if (one->local || other->local)
        return one->local && other->local && strcmp(one->path, other->path) == 0;
    return one->port != 0 && one->port == other->port && strcmp(one->host, other->host) == 0;
}

/* The second of two would find its place taken, by what would then be called another program. */
static void check_places(struct reader *reader)
{
    const struct config *config = reader->config;
    struct address places[LISTEN_MAX + 1];
    const char *why;
    size_t n = 0;
    for (size_t i = 0; i < config->n_listen; i++)
        n += address_parse(config->listen[i], &places[n], &why) == 0;
    if (config->http && strcmp(config->http, "none") != 0)
        n += address_parse_http(config->http, &places[n], &why) == 0;
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (same_place(&places[i], &places[k])) {
                char text[ADDRESS_TEXT_MAX];
                address_format(&places[k], text);
                complain(reader, "%s: %s is listened on already; give each its own port or path",
                         places[i].http ? "http" : "listen", text);
            }
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static void set(struct reader *reader, size_t i, const char *text, const char *place)
{
    char *field = (char *)reader->config + settings[i].offset;
    reader->config->from[i] = strncmp(place, "--", 2) == 0            ? "flag"
                              : strncmp(place, "WELLMATCH_", 10) == 0 ? "environment"
                              : strcmp(place, "default") == 0         ? "default"
                                                                      : "file";
    switch (settings[i].kind) {
    case INTEGER:
        set_integer(reader, i, text, place);
        break;
    case LIST:
        set_list(reader, i, text, place);
        break;
    case REDIS:
        check_redis(reader, text, place);
        reader->config->redis_asked = strcmp(place, "default") != 0;
        *(const char **)(void *)field = keep(reader, text, strlen(text));
        break;
    case HTTP:
        check_http(reader, text, place);
        *(const char **)(void *)field = keep(reader, text, strlen(text));
        break;
    case PROFILE:
        if (strcmp(text, "public") != 0 && strcmp(text, "restricted") != 0)
            complain(reader, "%s: '%s' is no profile; expected public or restricted", place, text);
        *(const char **)(void *)field = keep(reader, text, strlen(text));
        break;
    case LEVEL:
        if (!log_level_parse(text, &(enum log_level){LOG_INFO}))
            complain(reader, "%s: '%s' is no level; expected %s", place, text, settings[i].about);
        /* fall through */
    case TEXT:
        *(const char **)(void *)field = keep(reader, text, strlen(text));
        break;
    }
}

static void check_redis(struct reader *reader, const char *text, const char *place)
{
    struct redis_url url;
    char why[256];
    if (strcmp(text, "none") != 0 && redis_url_parse(text, &url, why, sizeof why))
        complain(reader, "%s: %s; or none", place, why);
}

static void check_http(struct reader *reader, const char *text, const char *place)
{
    struct address address;
    const char *why;
    if (strcmp(text, "none") != 0 && address_parse_http(text, &address, &why))
        complain(reader, "%s: '%s': %s; or none", place, text, why);
}

static void set_integer(struct reader *reader, size_t i, const char *text, const char *place)
{
    const struct setting *setting = &settings[i];
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool digits = (*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9');
    if (!digits || *end || errno || value < setting->min || value > setting->max)
        complain(reader, "%s: '%s' is %s; expected a whole number from %lld to %lld", place, text,
                 digits && !*end ? "out of range" : "no whole number", (long long)setting->min,
                 (long long)setting->max);
    else
        *(int64_t *)(void *)((char *)reader->config + setting->offset) = value;
}

/* Commas separate addresses where one text holds several. */
static void set_list(struct reader *reader, size_t i, const char *text, const char *place)
{
    (void)i;
    reader->config->n_listen = 0;
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *item = keep(reader, text, len);
        if (item && *item)
            add_listen(reader, item, place);
        text += len + (text[len] == ',');
    }
}

static void add_listen(struct reader *reader, const char *text, const char *place)
{
    struct config *config = reader->config;
    struct address address;
    const char *why;
    if (address_parse(text, &address, &why))
        refuse(reader, find("listen", '-', false), "%s: '%s': %s", place, text, why);
    else if (config->n_listen == LISTEN_MAX)
        complain(reader, "%s: at most %d addresses", place, LISTEN_MAX);
    else if ((config->listen[config->n_listen] = keep(reader, text, strlen(text))) != NULL)
        config->n_listen++;
}

static const char *keep(struct reader *reader, const char *text, size_t len)
{
    struct config_text *copy = malloc(sizeof *copy + len + 1);
    if (!copy) {
        complain(reader, "out of memory");
        return NULL;
    }
    memcpy(copy->at, text, len);
    copy->at[len] = '\0';
    copy->next = reader->config->texts;
    reader->config->texts = copy;
    return copy->at;
}

/* A complaint about a setting that somebody meant to give, so that nobody is also asked for it; -1: about none. */
static void refuse(struct reader *reader, int setting, const char *format, ...)
{
    if (setting >= 0)
        reader->refused[setting] = true;
    va_list arguments;
    va_start(arguments, format);
    say(reader, format, arguments);
    va_end(arguments);
}

static void complain(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(reader, format, arguments);
    va_end(arguments);
}

static void say(struct reader *reader, const char *format, va_list arguments)
{
    reader->bad = true;
    fprintf(reader->errors, "wellmatchd: ");
    vfprintf(reader->errors, format, arguments);
    fprintf(reader->errors, "\n");
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static int find(const char *name, char separator, bool capitals)
{
    char own[NAME_CAP];
    for (int i = 0; i < CONFIG_SETTINGS; i++) {
        spell(settings[i].name, separator, capitals, own);
        if (strcmp(own, name) == 0)
            return i;
    }
    return -1;
}

/* A setting's name as a flag, a file's key or a variable spells it. */
static void spell(const char *name, char separator, bool capitals, char out[NAME_CAP])
{
    size_t n = 0;
    for (; name[n]; n++) {
        assert(n + 1 < NAME_CAP);
        char c = name[n] == '-' ? separator : name[n];
        out[n] = capitals && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[n] = '\0';
}

/* The name nearest to one that is unknown, spelt the same way into `out`; NULL when none is near. */
static const char *nearest(const char *name, char separator, bool capitals, unsigned within, char out[NAME_CAP])
{
    unsigned best = within + 1;
    for (size_t i = 0; i < CONFIG_SETTINGS + (separator == '-' ? ACTIONS : 0); i++) {
        char own[NAME_CAP];
        spell(i < CONFIG_SETTINGS ? settings[i].name : action_names[i - CONFIG_SETTINGS], separator, capitals, own);
        unsigned distance = wm_text_distance(name, own);
        if (distance < best && distance < strlen(own)) {
            best = distance;
            memcpy(out, own, NAME_CAP);
        }
    }
    return best <= within ? out : NULL;
}

/* ---- Help -------------------------------------------------------------------------------------------------------- */

static void print_help(FILE *out)
{
    fputs("wellmatchd - serves matches of leaders to posts at challenged NHS organisations\n"
          "\n"
          "Examples\n"
          "  wellmatchd --data data/sample\n"
          "  wellmatchd --data DIR --listen tcp://0.0.0.0:7345 --listen unix:/run/wellmatch.sock --redis none\n"
          "  wellmatchd --config /etc/wellmatch.json --check-config\n"
          "  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.ping\"}' | nc -N 127.0.0.1 7345\n"
          "\n"
          "Settings\n",
          out);
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "--%s %s", settings[i].name, settings[i].value);
        fprintf(out, "  %-22s %s", flag, settings[i].about);
        if (settings[i].initial)
            fprintf(out, " [%s]", settings[i].initial);
        fputs("\n", out);
    }
    fputs("\n"
          "  --config FILE          a JSON object of settings, names with _ for -: {\"data\": \"DIR\", \"cache_mib\": "
          "256}\n"
          "  --check-config         print the settings and where each came from, check the data, and stop\n"
          "  -h, --help             this text\n"
          "  -V, --version          the version\n"
          "\n"
          "Every setting is also an environment variable (WELLMATCH_DATA, WELLMATCH_REDIS_TIMEOUT_MS, ...; "
          "WELLMATCH_CONFIG\n"
          "names the file). The file is weakest, then the environment, then flags. Commas separate several addresses.\n"
          "\n"
          "Signals   SIGTERM, SIGINT: answer what is in flight, then exit 0.   SIGHUP: load the data again.\n"
          "Exit      0 done   1 internal failure   2 usage, settings or data   3 cannot listen\n",
          out);
}
