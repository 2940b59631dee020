/* The client's options: one table that parsing, help, suggestions and the names in error messages come from. */
#ifndef API_CLIENT_OPTIONS_H
#define API_CLIENT_OPTIONS_H

#include "buf.h"
#include "json.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_WORD,    /* taken as it is */
    OPTION_INTEGER, /* 0 or more */
    OPTION_NUMBER,  /* 0 or more, with a decimal point at will */
    OPTION_SHARE,   /* 0 to 1, or 0% to 100% */
    OPTION_SECONDS, /* a decimal number of seconds */
    OPTION_LIST     /* may be given often, and holds several with commas between */
};

/* id, name, letter, kind, value as help shows it, the parameter it sets as a JSON pointer has it, what it does */
#define CLIENT_OPTIONS(X)                                                                                             \
    X(limit, "limit", 0, OPTION_INTEGER, "N", "/limit", "rows to show, 1 to 1000; 10 when not given, for list 100")   \
    X(offset, "offset", 0, OPTION_INTEGER, "N", "/offset", "ranks to skip first")                                     \
    X(columns, "columns", 0, OPTION_LIST, "NAME,...", "/columns", "only these columns, in this order")                \
    X(package, "package", 0, OPTION_LIST, "ID,...", "/packages", "only these incentive packages")                     \
    X(grade, "grade", 0, OPTION_LIST, "WORD,...", "/filters/grades", "only leaders now in one of these grades")       \
    X(sector, "sector", 0, OPTION_LIST, "WORD,...", "/filters/sectors",                                               \
      "only leaders who have worked in one of these sectors")                                                         \
    X(region, "region", 0, OPTION_LIST, "WORD,...", "/filters/regions", "only posts in one of these regions")         \
    X(within, "within", 0, OPTION_NUMBER, "KM", "/filters/within_km",                                                 \
      "only where leader and organisation are this near")                                                             \
    X(max_local, "max-local", 0, OPTION_INTEGER, "GBP", "/filters/max_local_cost_gbp",                                \
      "at most this cost to the organisation")                                                                        \
    X(max_central, "max-central", 0, OPTION_INTEGER, "GBP", "/filters/max_central_cost_gbp",                          \
      "at most this cost to central budgets")                                                                         \
    X(among, "among", 0, OPTION_LIST, "ID,...", "/filters/among",                                                     \
      "only these leaders (shortlist) or posts (opportunities)")                                                      \
    X(without, "without", 0, OPTION_LIST, "ID,...", "/filters/without", "not these leaders or posts")                 \
    X(lock, "lock", 0, OPTION_LIST, "RULE,...", "/locks", "these placements must be: LEADER:POST[:PACKAGE[:MENTOR]]") \
    X(forbid, "forbid", 0, OPTION_LIST, "RULE,...", "/forbids", "these must not be; * for any: '*:V00001:P07'")       \
    X(must_fill, "must-fill", 0, OPTION_LIST, "POST,...", "/must_fill",                                               \
      "every opening of these posts is to be filled")                                                                 \
    X(what_if, "what-if", 0, OPTION_WORD, "CHANGE", NULL,                                                             \
      "what this change would do; may be given often: wellmatch(1)")                                                  \
    X(from, "from", 0, OPTION_WORD, "PLAN", NULL, "start from this plan: a file that --json wrote, or the id of one") \
    X(moves_max, "moves-max", 0, OPTION_INTEGER, "N", "/moves_max", "at most so many moves from the plan of --from")  \
    X(move_penalty, "move-penalty", 0, OPTION_NUMBER, "V", "/move_penalty", "a move has to gain this much benefit")   \
    X(resolve, "resolve", 0, OPTION_INTEGER, "N", "/resolve", "prices to back by solving again; 20")                  \
    X(explain, "explain", 0, OPTION_WORD, "ID", NULL,                                                                 \
      "why this post is filled as it is, or this leader placed, or not")                                              \
    X(time_limit, "time-limit", 0, OPTION_SECONDS, "S", "/deadline_ms",                                               \
      "stop after so long with the best plan so far")                                                                 \
    X(gap, "gap", 0, OPTION_SHARE, "G", "/gap", "stop when the plan is proven this near the best: 0.001 or 0.1%")     \
    X(check, "check", 0, OPTION_WORD, "PLAN", NULL, "do not solve: judge this plan, as --json wrote it")              \
    X(base, "base", 0, OPTION_WORD, "PLAN", NULL, "the plan that moves are counted from: a file, or the id of one")   \
    X(leaders, "leaders", 0, OPTION_LIST, "N|ID,...", "/leaders",                                                     \
      "generate: how many to draw, 400 when not given; else only these")                                              \
    X(posts, "posts", 0, OPTION_LIST, "N|ID,...", "/posts",                                                           \
      "generate: how many to draw, 60 when not given; else only these")                                               \
    X(seed, "seed", 0, OPTION_INTEGER, "S", NULL, "the same seed gives the same bytes")                               \
    X(force, "force", 0, OPTION_FLAG, NULL, NULL, "write into a folder that holds something")                         \
    X(organisations, "organisations", 0, OPTION_WORD, "FILE", NULL, "the organisations to copy; those of the sample") \
    X(policy, "policy", 0, OPTION_WORD, "FILE", NULL, "the policy to copy; that of the sample")                       \
    X(url, "url", 'u', OPTION_WORD, "URL", NULL,                                                                      \
      "the service: tcp://HOST:PORT or unix:PATH; else WELLMATCH_URL,\n"                                              \
      "else tcp://127.0.0.1:7345")                                                                                    \
    X(data, "data", 0, OPTION_WORD, "DIR", NULL, "answer from the dataset in DIR, without a service")                 \
    X(timeout, "timeout", 0, OPTION_SECONDS, "S", NULL, "wait so long to connect, and again for the answer; 30")      \
    X(json, "json", 0, OPTION_FLAG, NULL, NULL, "the result exactly as served, on one line")                          \
    X(csv, "csv", 0, OPTION_FLAG, NULL, NULL, "comma-separated values for a spreadsheet (RFC 4180)")                  \
    X(colour, "color", 0, OPTION_WORD, "WHEN", NULL, "auto (a terminal, and NO_COLOR unset), always or never")        \
    X(help, "help", 'h', OPTION_FLAG, NULL, NULL, "help; after a command, help on that command")                      \
    X(version, "version", 'V', OPTION_FLAG, NULL, NULL, "the version")

enum option {
#define X(id, ...) OPTION_##id,
    CLIENT_OPTIONS(X)
#undef X
        OPTION_COUNT
};

#define OPTION_BIT(id) (UINT64_C(1) << OPTION_##id)
/* What every command takes. */
#define OPTIONS_ALWAYS (OPTION_BIT(help) | OPTION_BIT(version) | OPTION_BIT(colour))

enum { OPTIONS_ERROR_CAP = 512 };

struct option_given {
    enum option option;
    const char *value; /* NULL for a flag */
};

/* The command line, taken apart; borrows argv. */
struct options {
    struct option_given *given;
    size_t n_given;
    const char **words; /* command and operands, in order */
    size_t n_words;
};

/* Takes argv[1...] apart: options may stand before or after words, `--` ends them. False with a sentence in `error`. */
bool options_read(int argc, char *const argv[], struct options *out, char error[OPTIONS_ERROR_CAP]);
void options_free(struct options *options);

/* The last value given ("" for a flag); NULL: not given. */
const char *options_value(const struct options *options, enum option option);
/* The last value as a number; `otherwise` when not given. Checked by options_read. */
int64_t options_integer(const struct options *options, enum option option, int64_t otherwise);
/* Of a percentage: the share that it is. */
double options_number(const struct options *options, enum option option, double otherwise);
int64_t options_milliseconds(const struct options *options, enum option option, int64_t otherwise);
/* A sentence about the first option that is not among the bits `allowed`; false when all are. */
bool options_misplaced(const struct options *options, uint64_t allowed, const char *command,
                       char error[OPTIONS_ERROR_CAP]);

/*
 * The members that options set, put into the open object `params`. `among` is what the filter of --among is called here:
 * "leaders" or "posts".
 */
void options_put_params(const struct options *options, const char *among, struct buf *params);

/*
 * Walks the parts of every time a list was given, or the values of a word that was given often: false after the last.
 * `walk` starts as {0}.
 */
struct options_walk {
    size_t given;
    const char *rest;
};
bool options_next(const struct options *options, enum option option, struct options_walk *walk, struct slice *part);

/* "--within" for the pointer "/filters/within_km" or one below it; NULL when no option sets that. */
const char *options_name_of(const char *pointer, char name[32]);
/* A line for each option among `allowed`. */
void options_help(struct buf *out, uint64_t allowed);

/* The nearest of names[n] to a misspelt word, or NULL when none is near. */
const char *options_nearest(const char *word, const char *const names[], size_t n);

#endif
