/* The client's command line: taken apart by hand, because getopt knows neither lists nor what was nearly right. */
#include "client_options.h"

#include "wellmatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_spec {
    const char *name;
    char letter;
    enum option_kind kind;
    const char *value, *param, *about;
};

static const struct option_spec specs[] = {
#define X(id, name, letter, kind, value, param, about) {name, letter, kind, value, param, about},
    CLIENT_OPTIONS(X)
#undef X
};

enum {
    HELP_COLUMN = 26,       /* where the texts of help start */
    NUMBER_DIGITS_MAX = 15, /* of a whole number */
    SECONDS_MAX = 86400,
    NEAR = 3 /* letters that may be wrong in a name worth suggesting */
};

static bool take_option(const char *arg, char *const argv[], int argc, int *i, struct options *out, char *error);
static bool check_value(const struct option_spec *spec, const char *value, char *error);
static void put_list(const struct options *options, enum option option, struct buf *params);

/* ---- Reading ---- */

bool options_read(int argc, char *const argv[], struct options *out, char error[OPTIONS_ERROR_CAP])
{
    *out = (struct options){0};
    out->given = calloc((size_t)argc + 1, sizeof *out->given);
    out->words = calloc((size_t)argc + 1, sizeof *out->words);
    if (!out->given || !out->words) {
        snprintf(error, OPTIONS_ERROR_CAP, "%s", wm_error_text(WM_EMEMORY));
        options_free(out);
        return false;
    }
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (!ended && strcmp(arg, "--") == 0) {
            ended = true;
        } else if (ended || arg[0] != '-' || arg[1] == '\0') { /* a lone - is a word: standard input */
            out->words[out->n_words++] = arg;
        } else if (!take_option(arg, argv, argc, &i, out, error)) {
            options_free(out);
            return false;
        }
    }
    return true;
}

void options_free(struct options *options)
{
    free(options->given);
    free(options->words);
    *options = (struct options){0};
}

/* The option that `arg` names, and where its value starts if that is in the same word; OPTION_COUNT when it names none. */
static enum option find_option(const char *arg, const char **value)
{
    bool is_long = arg[1] == '-';
    size_t len = is_long ? strcspn(arg + 2, "=") : 1;
    const char *rest = arg + (is_long ? 2 : 1) + len;
    *value = is_long ? (*rest == '=' ? rest + 1 : NULL) : *rest ? rest : NULL;
    if (is_long && len == strlen("colour") && strncmp(arg + 2, "colour", len) == 0)
        return OPTION_colour;
    for (enum option option = 0; option < OPTION_COUNT; option++)
        if (is_long ? strlen(specs[option].name) == len && strncmp(specs[option].name, arg + 2, len) == 0
                    : specs[option].letter == arg[1])
            return option;
    return OPTION_COUNT;
}

static bool take_option(const char *arg, char *const argv[], int argc, int *i, struct options *out, char *error)
{
    const char *value;
    enum option option = find_option(arg, &value);
    if (option == OPTION_COUNT) {
        const char *names[OPTION_COUNT];
        for (enum option o = 0; o < OPTION_COUNT; o++)
            names[o] = specs[o].name;
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(arg + 1, "="), arg + 1);
        const char *nearest = arg[1] == '-' ? options_nearest(word + 1, names, OPTION_COUNT) : NULL;
        if (nearest)
            snprintf(error, OPTIONS_ERROR_CAP, "there is no option '%.60s'; did you mean '--%s'?", arg, nearest);
        else
            snprintf(error, OPTIONS_ERROR_CAP, "there is no option '%.60s'; 'wellmatch --help' lists them", arg);
        return false;
    }
    const struct option_spec *spec = &specs[option];
    if (spec->kind == OPTION_FLAG && value) {
        snprintf(error, OPTIONS_ERROR_CAP, "--%s takes no value: '%.60s'", spec->name, arg);
        return false;
    }
    if (spec->kind != OPTION_FLAG && !value) {
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0) { /* an option is no value, unless after = */
            snprintf(error, OPTIONS_ERROR_CAP, "--%s needs a value: --%s %s", spec->name, spec->name, spec->value);
            return false;
        }
        value = argv[++*i];
    }
    if (value && !check_value(spec, value, error))
        return false;
    out->given[out->n_given++] = (struct option_given){option, value};
    return true;
}

static bool is_decimal(const char *value, double least, double most)
{
    size_t whole = strspn(value, "0123456789"), point = value[whole] == '.';
    size_t part = point ? strspn(value + whole + 1, "0123456789") : 0;
    double number = strtod(value, NULL);
    return whole + part > 0 && value[whole + point + part] == '\0' && number >= least && number <= most;
}

/* 0 to 1, or the same as a percentage. */
static bool is_share(const char *value)
{
    char number[32];
    size_t len = strlen(value), percent = len > 0 && value[len - 1] == '%';
    if (len - percent >= sizeof number)
        return false;
    memcpy(number, value, len - percent);
    number[len - percent] = '\0';
    return is_decimal(number, 0, percent ? 100 : 1);
}

static bool check_value(const struct option_spec *spec, const char *value, char *error)
{
    size_t len = strlen(value);
    const char *expected = NULL;
    if (spec->kind == OPTION_INTEGER && (len == 0 || len > NUMBER_DIGITS_MAX || strspn(value, "0123456789") != len))
        expected = "a whole number, 0 or more";
    if (spec->kind == OPTION_NUMBER && !is_decimal(value, 0, 1e9))
        expected = "a number, 0 or more";
    if (spec->kind == OPTION_SHARE && !is_share(value))
        expected = "a share from 0 to 1, or a percentage: 0.02 and 2% are the same";
    if (spec->kind == OPTION_SECONDS && !is_decimal(value, 0.001, SECONDS_MAX))
        expected = "seconds, 0.001 to 86400";
    if ((spec->kind == OPTION_WORD || spec->kind == OPTION_LIST) && len == 0)
        expected = spec->value;
    if (expected)
        snprintf(error, OPTIONS_ERROR_CAP, "--%s is '%.60s'; expected %s", spec->name, value, expected);
    return !expected;
}

/* ---- Asking ---- */

const char *options_value(const struct options *options, enum option option)
{
    for (size_t i = options->n_given; i-- > 0;)
        if (options->given[i].option == option)
            return options->given[i].value ? options->given[i].value : "";
    return NULL;
}

int64_t options_integer(const struct options *options, enum option option, int64_t otherwise)
{
    const char *value = options_value(options, option);
    return value ? strtoll(value, NULL, 10) : otherwise;
}

double options_number(const struct options *options, enum option option, double otherwise)
{
    const char *value = options_value(options, option);
    if (!value)
        return otherwise;
    return strtod(value, NULL) / (strchr(value, '%') ? 100 : 1);
}

int64_t options_milliseconds(const struct options *options, enum option option, int64_t otherwise)
{
    const char *value = options_value(options, option);
    return value ? (int64_t)(strtod(value, NULL) * 1000 + 0.5) : otherwise;
}

bool options_misplaced(const struct options *options, uint64_t allowed, const char *command,
                       char error[OPTIONS_ERROR_CAP])
{
    for (size_t i = 0; i < options->n_given; i++)
        if (!(allowed & UINT64_C(1) << options->given[i].option)) {
            snprintf(error, OPTIONS_ERROR_CAP, "%s takes no option --%s; 'wellmatch %s --help' lists those it takes",
                     command, specs[options->given[i].option].name, command);
            return true;
        }
    return false;
}

/* ---- Parameters ---- */

/* Options whose pointer starts with `prefix` and goes no deeper; opens `object` before the first when it is not NULL. */
static void put_level(const struct options *options, const char *prefix, const char *object, const char *among,
                      struct buf *params)
{
    bool any = false;
    for (enum option option = 0; option < OPTION_COUNT; option++) {
        const char *pointer = specs[option].param, *value = options_value(options, option);
        if (!pointer || !value || strncmp(pointer, prefix, strlen(prefix)) != 0 ||
            strchr(pointer + strlen(prefix), '/'))
            continue;
        if (!any && object) {
            json_put_key(params, object);
            json_open(params, '{');
        }
        any = true;
        json_put_key(params, option == OPTION_among ? among : pointer + strlen(prefix));
        if (specs[option].kind == OPTION_LIST)
            put_list(options, option, params);
        else if (specs[option].kind == OPTION_NUMBER)
            buf_format(params, "%.3f", strtod(value, NULL));
        else
            buf_integer(params, options_integer(options, option, 0));
    }
    if (any && object)
        json_close(params, '}');
}

void options_put_params(const struct options *options, const char *among, struct buf *params)
{
    put_level(options, "/", NULL, among, params);
    put_level(options, "/filters/", "filters", among, params);
}

bool options_next(const struct options *options, enum option option, struct options_walk *walk, struct slice *part)
{
    for (; walk->given < options->n_given; walk->given++, walk->rest = NULL) {
        if (options->given[walk->given].option != option)
            continue;
        const char *at = walk->rest ? walk->rest : options->given[walk->given].value;
        bool list = specs[option].kind == OPTION_LIST;
        at += list ? strspn(at, ",") : 0;
        size_t len = list ? strcspn(at, ",") : walk->rest ? 0 : strlen(at);
        walk->rest = at + len;
        if (len > 0) {
            *part = (struct slice){at, len};
            return true;
        }
    }
    return false;
}

static void put_list(const struct options *options, enum option option, struct buf *params)
{
    struct options_walk walk = {0};
    json_open(params, '[');
    for (struct slice part; options_next(options, option, &walk, &part);) {
        json_item(params);
        buf_json_string(params, part.at, part.len);
    }
    json_close(params, ']');
}

const char *options_name_of(const char *pointer, char name[32])
{
    if (strncmp(pointer, "/filters/leaders", 16) == 0 || strncmp(pointer, "/filters/posts", 14) == 0)
        pointer = specs[OPTION_among].param;
    for (enum option option = 0; option < OPTION_COUNT; option++) {
        const char *param = specs[option].param;
        size_t len = param ? strlen(param) : 0;
        if (param && strncmp(pointer, param, len) == 0 && (pointer[len] == '\0' || pointer[len] == '/')) {
            snprintf(name, 32, "--%s", specs[option].name);
            return name;
        }
    }
    return NULL;
}

/* ---- Help and suggestions ---- */

void options_help(struct buf *out, uint64_t allowed)
{
    for (enum option option = 0; option < OPTION_COUNT; option++) {
        const struct option_spec *spec = &specs[option];
        if (!(allowed & UINT64_C(1) << option))
            continue;
        size_t start = out->len;
        if (spec->letter)
            buf_format(out, "  -%c, --%s", spec->letter, spec->name);
        else
            buf_format(out, "      --%s", spec->name);
        if (spec->value)
            buf_format(out, " %s", spec->value);
        for (const char *line = spec->about; *line;) {
            do
                buf_char(out, ' ');
            while (!out->failed && out->len - start < HELP_COLUMN);
            size_t len = strcspn(line, "\n");
            buf_put(out, line, len);
            buf_char(out, '\n');
            start = out->len;
            line += len + (line[len] == '\n');
        }
    }
}

const char *options_nearest(const char *word, const char *const names[], size_t n)
{
    const char *nearest = NULL;
    unsigned best = NEAR + 1;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]);
        unsigned distance = wm_text_distance(word, names[i]);
        if (distance < best && distance < len && 2 * distance <= (len < 4 ? 4 : len)) { /* half a name is no likeness */
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
