/*
 * wellmatch, the client: one subcommand a question. The table of commands below is the whole of it; a command that asks
 * becomes one JSON-RPC request, sent to a service or answered here from --data, and the answer is shown in one of three
 * ways. Output is gathered and written once, so that a failure never leaves half an answer.
 */
#include "client.h"
#include "client_allocate.h"
#include "client_check.h"
#include "client_feed.h"
#include "client_problem.h"
#include "client_solve.h"
#include "client_table.h"
#include "encode.h"
#include "generate.h"
#include "jsonrpc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef WELLMATCH_SHARE /* where the Makefile installs the sample */
#define WELLMATCH_SHARE "/usr/local/share/wellmatch"
#endif

enum {
    OPERANDS_MAX = 2,
    FAULTS_KEPT = 1 << 20,
    COUNT_DIGITS_MAX = 15,
    WIDTH_LEAST = 20,
    WIDTH_USUAL = 80,
    WIDTH_MOST = 10000
};

struct command {
    const char *name;
    const char *operands;             /* as help shows them */
    const char *params[OPERANDS_MAX]; /* the parameter each operand becomes */
    size_t operands_min, operands_max;
    uint64_t options;
    enum exit_code (*run)(struct client *client);
    const char *method; /* NULL: the command asks nobody */
    const char *about;  /* a line in the list of commands */
    const char *more;   /* examples, then what to know */
};

static enum exit_code run_ask(struct client *client);
static enum exit_code run_call(struct client *client);
static enum exit_code run_validate(struct client *client);
static enum exit_code run_generate(struct client *client);
static enum exit_code run_help(struct client *client);

#define FORMATS (OPTION_BIT(json) | OPTION_BIT(csv))
#define SERVICE (OPTION_BIT(url) | OPTION_BIT(timeout) | FORMATS)
#define ASKING (SERVICE | OPTION_BIT(data))
#define PAGE (OPTION_BIT(limit) | OPTION_BIT(offset))
#define EFFORT (OPTION_BIT(time_limit) | OPTION_BIT(gap))
#define QUESTION                                                                                              \
    (OPTION_BIT(posts) | OPTION_BIT(leaders) | OPTION_BIT(package) | OPTION_BIT(without) | OPTION_BIT(lock) | \
     OPTION_BIT(forbid) | OPTION_BIT(must_fill))
#define PAIRS                                                                                            \
    (PAGE | OPTION_BIT(package) | OPTION_BIT(within) | OPTION_BIT(max_local) | OPTION_BIT(max_central) | \
     OPTION_BIT(among) | OPTION_BIT(without))

static const struct command commands[] = {
    {"shortlist",
     "POST",
     {"post"},
     1,
     1,
     ASKING | PAIRS | OPTION_BIT(grade) | OPTION_BIT(sector),
     run_ask,
     "match.shortlist",
     "the best leaders for a post, each with package, mentor and cost",
     "  wellmatch shortlist V00001 --limit 5 --within 60\n"
     "  wellmatch shortlist V00001 --max-local 20000 --csv > shortlist.csv\n"},
    {"opportunities",
     "LEADER",
     {"leader"},
     1,
     1,
     ASKING | PAIRS | OPTION_BIT(region),
     run_ask,
     "match.opportunities",
     "the best posts for a leader, what they lack for each, and near misses",
     "  wellmatch opportunities L000167\n"
     "  wellmatch opportunities L000167 --region 'North West,Midlands'\n"},
    {"explain",
     "LEADER POST",
     {"leader", "post"},
     2,
     2,
     ASKING,
     run_ask,
     "match.explain",
     "every part of one match: rules, domains, packages, smallest change",
     "  wellmatch explain L000167 V00001\n"
     "  wellmatch explain L000167 V00001 --csv     the packages side by side\n"},
    {"compare",
     "LEADER POST",
     {"leader", "post"},
     2,
     2,
     ASKING | OPTION_BIT(limit),
     run_compare,
     NULL,
     "the packages for one match side by side; or two plans, as moves",
     "  wellmatch compare L000167 V00001\n"
     "  wellmatch compare before.json after.json > moves.txt\n"
     "\n"
     "Two plans are files that 'allocate --json' wrote, or ids; files are compared here, without a service.\n"},
    {"list",
     "KIND",
     {"kind"},
     1,
     1,
     ASKING | PAGE | OPTION_BIT(columns),
     run_ask,
     "dataset.list",
     "the rows of a kind: organisation, post, leader, package, mentor, budget",
     "  wellmatch list post --columns title,ods_code,grade,starts\n"
     "  wellmatch list leader --limit 1000 --csv > leaders.csv\n"},
    {"get",
     "KIND ID",
     {"kind", "id"},
     2,
     2,
     ASKING,
     run_ask,
     "dataset.get",
     "one row with all its columns",
     "  wellmatch get post V00001\n"
     "  wellmatch get organisation RJ1\n"},
    {"info",
     "",
     {NULL},
     0,
     0,
     ASKING,
     run_ask,
     "dataset.info",
     "what is loaded: rows of each kind, and the words filters may use",
     "  wellmatch info\n"
     "  wellmatch info --data data/sample\n"},
    {"service",
     "",
     {NULL},
     0,
     0,
     ASKING,
     run_ask,
     "system.info",
     "the service: version, memory, where it listens, Redis",
     "  wellmatch service -u unix:build/wellmatch.sock\n"},
    {"stats",
     "",
     {NULL},
     0,
     0,
     SERVICE,
     run_ask,
     "system.stats",
     "counters of the service: requests, cache, Redis",
     "  wellmatch stats\n"},
    {"errors",
     "",
     {NULL},
     0,
     0,
     ASKING,
     run_ask,
     "system.errors",
     "every error the service can answer with, and what it means",
     "  wellmatch errors\n"},
    {"ping",
     "",
     {NULL},
     0,
     0,
     ASKING,
     run_ask,
     "system.ping",
     "whether the service answers",
     "  wellmatch ping && echo up\n"},
    {"reload",
     "",
     {NULL},
     0,
     0,
     SERVICE,
     run_ask,
     "dataset.reload",
     "have the service read its data again; bad data changes nothing",
     "  wellmatch reload\n"},
    {"call",
     "METHOD [JSON]",
     {NULL},
     1,
     2,
     ASKING,
     run_call,
     NULL,
     "any method with parameters as JSON; - reads them from standard input",
     "  wellmatch call match.shortlist '{\"post\":\"V00001\",\"limit\":3}' --json\n"
     "  wellmatch call match.explain - < params.json\n"
     "  wellmatch call rpc.discover --json      every method and parameter\n"},
    {"validate",
     "DIR",
     {NULL},
     1,
     1,
     FORMATS,
     run_validate,
     NULL,
     "every fault of every file of a dataset, one a line",
     "  wellmatch validate data/sample\n"
     "\n"
     "A fault is  file:line:column: what; expected ...  (0 stands for the whole file or line). monitoring.csv and\n"
     "history.csv are checked too when they are there. Exit 0: no fault; 2: faults.\n"},
    {"generate",
     "DIR",
     {NULL},
     1,
     1,
     OPTION_BIT(leaders) | OPTION_BIT(posts) | OPTION_BIT(seed) | OPTION_BIT(force) | OPTION_BIT(organisations) |
         OPTION_BIT(policy),
     run_generate,
     NULL,
     "a dataset of any size: real organisations, synthetic people and posts",
     "  wellmatch generate --leaders 36000 --posts 2000 --seed 1 build/national\n"},
    {"allocate",
     "",
     {NULL},
     0,
     0,
     ASKING | QUESTION | OPTION_BIT(limit) | OPTION_BIT(what_if) | OPTION_BIT(from) | OPTION_BIT(moves_max) |
         OPTION_BIT(move_penalty) | OPTION_BIT(explain) | EFFORT | OPTION_BIT(resolve),
     run_allocate,
     NULL,
     "who should go where, on which terms: the best plan, with a proof",
     "  wellmatch allocate\n"
     "  wellmatch allocate --json > plan.json\n"
     "  wellmatch allocate --explain V00042\n"
     "  wellmatch allocate --what-if 'mentor_hours[North West]+=20'\n"
     "  wellmatch allocate --what-if 'budget[region:Midlands]+=100,000' --what-if '-L000341'\n"
     "\n"
     "Changes: openings[POST], budget[SCOPE:CODE], stock[PACKAGE], mentor_hours[MENTOR or region] with +=, -= or =;\n"
     "policy[/pointer]=1.2; -ID or without[ID]; lock[LEADER]=POST/PACKAGE/MENTOR; forbid[LEADER]=POST;\n"
     "must_fill[POST]; moves_max=5; move_penalty=0.001. wellmatch(1) has all of it.\n"
     "Exit: 0 solved; 4 solved, but posts that must be filled cannot be, and stay open; 5 no plan: locks, or musts "
     "and\n"
     "what contradicts them, cannot all hold; 6 the time was up, or Ctrl-C: the best plan so far.\n"},
    {"check",
     "PLAN",
     {"plan"},
     1,
     1,
     (ASKING & ~OPTION_BIT(csv)) | OPTION_BIT(base),
     run_check,
     NULL,
     "whether a plan keeps every rule and limit and is worth what it says",
     "  wellmatch check plan.json > verdict.txt\n"
     "  wellmatch allocate --json | wellmatch check - > verdict.txt\n"
     "  wellmatch check after.json --base before.json > verdict.txt\n"
     "\n"
     "A plan with a cap on moves (moves_max) or a move_penalty says so itself; --base is the plan that it changes.\n"
     "The check shares no code with the solver. Exit 0: the plan holds; 2: it does not.\n"},
    {"check-feed",
     "URL",
     {NULL},
     1,
     1,
     OPTION_BIT(timeout),
     run_check_feed,
     NULL,
     "whether a feed for dashboards keeps the rules of feeds, one by one",
     "  wellmatch check-feed http://127.0.0.1:7346/feeds/v1/run.json\n"
     "  wellmatch check-feed 'http://127.0.0.1:7346/feeds/v1/organisation.csv?bom=1'\n"
     "  wellmatch check-feed export.csv\n"
     "\n"
     "Any feed, of whatever service; or a file, which is CSV when its name ends in .csv. URLs are fetched with curl.\n"
     "Exit 0: every rule holds; 1: one does not, and its rows and columns are named; 3: no reply.\n"},
    {"plans",
     "",
     {NULL},
     0,
     0,
     SERVICE,
     run_ask,
     "plan.list",
     "the plans that a service is making, or has made within the hour",
     "  wellmatch plans\n"},
    {"cancel",
     "JOB",
     {"job"},
     1,
     1,
     SERVICE,
     run_ask,
     "plan.cancel",
     "have a service stop making a plan; the best so far is kept",
     "  wellmatch cancel J3f9a01-7 > cancelled.txt\n"},
    {"problem",
     "",
     {NULL},
     0,
     0,
     OPTION_BIT(data) | QUESTION,
     run_problem,
     NULL,
     "the question of allocate written out in full, for other solvers",
     "  wellmatch problem --data data/sample > round.txt\n"
     "  wellmatch problem --data data/sample --posts V00001,V00002 > two.txt\n"
     "\n"
     "The format is that of solve, in wellmatch(1).\n"},
    {"solve",
     "FILE",
     {NULL},
     1,
     1,
     OPTION_BIT(json) | EFFORT | OPTION_BIT(check),
     run_solve,
     NULL,
     "the best choice of options within limits, with a proof; FILE is a problem",
     "  wellmatch solve round.txt\n"
     "  wellmatch solve round.txt --json --time-limit 60 > plan.json\n"
     "  wellmatch solve round.txt --check plan.json\n"
     "\n"
     "The format of FILE is in wellmatch(1). Exit 0: solved, or the plan holds; 2: FILE has faults, or the plan does\n"
     "not hold; 5: locks and musts cannot all hold; 6: the time was up before the gap was closed.\n"},
    {"help", "[COMMAND]", {NULL}, 0, 1, 0, run_help, NULL, "this, or help on a command", "  wellmatch help explain\n"},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find_command(const char *name);
static enum exit_code check_words(const struct client *client);
static void look_at_terminal(struct client *client);
static void put_help(struct buf *out);
static void put_command_help(struct buf *out, const struct command *command);

/* ---- Main ---- */

/* A closed descriptor would be given to the next socket, and an answer written into the request's connection. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
            _exit(EXIT_INTERNAL);
}

int main(int argc, char *argv[])
{
    struct client client = {0};
    char error[OPTIONS_ERROR_CAP], usage[64];
    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    text_locale();
    if (!options_read(argc, argv, &client.options, error)) {
        client_complain("%s", error);
        return EXIT_INPUT;
    }
    buf_init(&client.out, OUTPUT_MAX_BYTES);

    enum exit_code code = EXIT_DONE;
    bool wants_help = options_value(&client.options, OPTION_help) != NULL;
    if (options_value(&client.options, OPTION_version)) {
        buf_text(&client.out, "wellmatch " WM_VERSION "\n");
    } else if (client.options.n_words == 0) {
        put_help(&client.out);
        if (!wants_help) { /* asked for nothing: the same text, as a mistake */
            client_write(&client.out, STDERR_FILENO);
            buf_clear(&client.out);
            code = EXIT_INPUT;
        }
    } else {
        client.command = find_command(client.options.words[0]);
        code = client.command ? EXIT_DONE : EXIT_INPUT;
        if (client.command && client.command->params[1] && strcmp(client.command->params[1], "post") == 0) {
            snprintf(usage, sizeof usage, "%s %s", client.command->name, client.command->operands);
            client.usage = usage;
        }
        if (client.command && wants_help)
            put_command_help(&client.out, client.command);
        else if (client.command)
            code = check_words(&client);
        if (client.command && !wants_help && code == EXIT_DONE) {
            look_at_terminal(&client);
            code = client.command->run(&client);
        }
    }
    enum exit_code written = client_write(&client.out, STDOUT_FILENO);
    buf_fini(&client.out);
    options_free(&client.options);
    return code ? code : written;
}

static const struct command *find_command(const char *name)
{
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
        names[i] = commands[i].name;
    }
    const char *nearest = options_nearest(name, names, N_COMMANDS);
    if (nearest)
        client_complain("there is no command '%.60s'; did you mean '%s'?", name, nearest);
    else
        client_complain("there is no command '%.60s'; 'wellmatch --help' lists them", name);
    return NULL;
}

/* The number of operands, the options of the command, and options that exclude each other. */
static enum exit_code check_words(const struct client *client)
{
    const struct command *command = client->command;
    const struct options *options = &client->options;
    char error[OPTIONS_ERROR_CAP];
    size_t n = options->n_words - 1;
    const char *colour = options_value(options, OPTION_colour);
    if (options_misplaced(options, command->options | OPTIONS_ALWAYS, command->name, error))
        client_complain("%s", error);
    else if (n < command->operands_min)
        client_complain("usage: wellmatch %s %s; 'wellmatch %s --help' has examples", command->name, command->operands,
                        command->name);
    else if (n > command->operands_max)
        client_complain("'%.60s' is one word too many: wellmatch %s%s%s%s", options->words[command->operands_max + 1],
                        command->name, *command->operands ? " " : "", command->operands,
                        command->options & OPTION_BIT(lock)      ? " (ids follow an option: --posts A,B,C)"
                        : command->options & OPTION_BIT(package) ? " (several ids after --package: A,B,C)"
                                                                 : "");
    else if (options_value(options, OPTION_json) && options_value(options, OPTION_csv))
        client_complain("--json and --csv exclude each other");
    else if (options_value(options, OPTION_url) && options_value(options, OPTION_data))
        client_complain("--url and --data exclude each other: one asks a service, the other answers without one");
    else if (colour && strcmp(colour, "auto") != 0 && strcmp(colour, "always") != 0 && strcmp(colour, "never") != 0)
        client_complain("--color is '%.60s'; expected auto, always or never", colour);
    else
        return EXIT_DONE;
    return EXIT_INPUT;
}

static void look_at_terminal(struct client *client)
{
    const struct options *options = &client->options;
    client->json = options_value(options, OPTION_json);
    client->csv = options_value(options, OPTION_csv);
    client->terminal = isatty(STDOUT_FILENO);
    const char *colour = options_value(options, OPTION_colour), *term = getenv("TERM");
    if (colour && strcmp(colour, "auto") != 0)
        client->screen.colour = strcmp(colour, "always") == 0;
    else
        client->screen.colour =
            client->terminal && !client_environment_has("NO_COLOR") && !(term && strcmp(term, "dumb") == 0);
    if (client->terminal) {
        struct winsize size = {0};
        const char *columns = getenv("COLUMNS");
        size_t width = columns ? strtoul(columns, NULL, 10) : WIDTH_USUAL;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
            width = size.ws_col;
        client->screen.width = width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
    }
}

/* ---- Asking ---- */

static enum exit_code run_ask(struct client *client)
{
    struct buf params;
    buf_init(&params, LINE_MAX_BYTES);
    json_open(&params, '{');
    for (size_t i = 0; i + 1 < client->options.n_words; i++)
        json_put_text(&params, client->command->params[i], client->options.words[i + 1]);
    options_put_params(&client->options, strcmp(client->command->name, "shortlist") == 0 ? "leaders" : "posts",
                       &params);
    json_close(&params, '}');
    bool empty = params.len == 2; /* {}: methods without parameters get none */
    enum exit_code code = EXIT_INTERNAL;
    if (params.failed)
        client_complain("%s", wm_error_text(WM_EMEMORY));
    else
        code = client_ask(client, client->command->method, (struct slice){empty ? NULL : params.at, params.len});
    buf_fini(&params);
    return code;
}

/* Standard input up to its end, or to more than a request may hold. */
static bool read_input(struct buf *out)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_put(out, bytes, (size_t)n);
    if (n < 0)
        client_complain("cannot read standard input: %s", strerror(errno));
    else if (out->failed)
        client_complain("standard input holds more than the %d bytes a message may have", LINE_MAX_BYTES);
    return n == 0 && !out->failed;
}

static enum exit_code run_call(struct client *client)
{
    const struct options *options = &client->options;
    const char *method = options->words[1], *json = options->n_words > 2 ? options->words[2] : NULL, *reason;
    struct slice params = {0};
    struct buf input;
    size_t offset;
    buf_init(&input, LINE_MAX_BYTES);
    enum exit_code code = EXIT_INPUT;
    if (json && strcmp(json, "-") == 0) {
        if (!read_input(&input))
            goto done;
        params = (struct slice){input.at ? input.at : "", input.len};
    } else if (json) {
        params = (struct slice){json, strlen(json)};
    }
    if (json && json_check(params.at, params.len, &offset, &reason) != JSON_OK)
        client_complain("the parameters are not JSON: at byte %zu, %s", offset, reason);
    else
        code = client_ask(client, method, params);
done:
    buf_fini(&input);
    return code;
}

/* ---- Without a service ---- */

static void list_faults_json(const struct wm_faults *faults, struct buf *out)
{
    json_open(out, '{');
    json_put_bool(out, "valid", false);
    json_put_integer(out, "count", (int64_t)wm_faults_count(faults));
    encode_faults(out, faults);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void csv_text(struct buf *out, bool first, const char *text)
{
    csv_field(out, first, text, strlen(text));
}

static void list_faults_csv(const struct wm_faults *faults, struct buf *out)
{
    buf_text(out, "file,line,column,what,expected\r\n");
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        csv_text(out, true, fault->file);
        buf_format(out, ",%ld,%ld", fault->line, fault->column);
        csv_text(out, false, fault->what);
        csv_text(out, false, fault->expected);
        csv_end(out);
    }
}

/* What was read, in one line or one object. */
static void tell_valid(const struct client *client, const char *dir, const struct wm_dataset *dataset, struct buf *out)
{
    if (client->json) {
        json_open(out, '{');
        json_put_bool(out, "valid", true);
        json_put_key(out, "rows");
        json_open(out, '{');
        for (enum wm_table table = 0; table < WM_TABLES; table++)
            json_put_integer(out, wm_table_kind(table), (int64_t)wm_table_rows(dataset, table));
        json_close(out, '}');
        json_put_text(out, "policy_version", wm_policy_version(dataset));
        json_put_text(out, "dataset", wm_dataset_digest(dataset));
        json_put_text(out, "policy", wm_policy_digest(dataset));
        json_close(out, '}');
        buf_char(out, '\n');
        return;
    }
    text_clean(out, dir, strlen(dir));
    for (enum wm_table table = 0; table < WM_TABLES; table++) {
        const char *name = wm_table_name(table);
        buf_format(out, "%s %zu %.*s", table ? "," : ": no fault in", wm_table_rows(dataset, table),
                   (int)strcspn(name, "."), name);
    }
    char as_of[11];
    wm_date_format(wm_policy_as_of(dataset), as_of);
    buf_text(out, "; policy ");
    text_clean(out, wm_policy_version(dataset), strlen(wm_policy_version(dataset)));
    buf_format(out, " as of %s\n", as_of);
}

static enum exit_code run_validate(struct client *client)
{
    const char *dir = client->options.words[1];
    struct wm_faults *faults = NULL;
    struct wm_sources *sources = NULL;
    struct wm_dataset *dataset = NULL;
    enum exit_code code = EXIT_INTERNAL;
    int error = wm_faults_new(FAULTS_KEPT, &faults);
    if (!error)
        error = wm_sources_read(dir, true, faults, &sources);
    if (!error) {
        size_t n;
        const struct wm_source *list = wm_sources_list(sources, &n);
        error = wm_dataset_build(list, n, faults, &dataset);
    }
    if (error == WM_EMEMORY) {
        client_complain("%s: %s", dir, wm_error_text(error));
    } else {
        code = error ? EXIT_INPUT : EXIT_DONE;
        if (client->csv)
            list_faults_csv(faults, &client->out);
        else if (!error)
            tell_valid(client, dir, dataset, &client->out);
        else if (client->json)
            list_faults_json(faults, &client->out);
        else
            client_list_faults(faults, SIZE_MAX, &client->out);
        if (error && wm_faults_count(faults) == 0)
            client_complain("%s: %s", dir, wm_error_text(error));
    }
    wm_dataset_unref(dataset);
    wm_sources_free(sources);
    wm_faults_free(faults);
    return code;
}

static void on_progress(void *context, int64_t done, int64_t all)
{
    int64_t *percent = context, now = all > 0 ? done * 100 / all : 100;
    if (now == *percent)
        return;
    *percent = now;
    fprintf(stderr, "\rdrawing leaders: %lld%%", (long long)now);
}

/* A file of the sample: of the folder we are in, as in a clone, else of where the sample was installed. */
static const char *sample_file(const char *here, const char *installed)
{
    return access(here, F_OK) != 0 && access(installed, F_OK) == 0 ? installed : here;
}

/* Of generate these options are numbers; where something is asked, lists of ids. */
static bool read_count(const struct options *options, enum option option, const char *name, int64_t *count)
{
    const char *value = options_value(options, option);
    size_t len = value ? strlen(value) : 0;
    if (value && (len == 0 || len > COUNT_DIGITS_MAX || strspn(value, "0123456789") != len)) {
        client_complain("%s is '%.60s'; expected a whole number", name, value);
        return false;
    }
    *count = options_integer(options, option, *count);
    return true;
}

static enum exit_code run_generate(struct client *client)
{
    const struct options *options = &client->options;
    struct generate_options generate = GENERATE_OPTIONS_INIT;
    char error[OPTIONS_ERROR_CAP] = "";
    int64_t percent = -1;
    if (!read_count(options, OPTION_leaders, "--leaders", &generate.leaders) ||
        !read_count(options, OPTION_posts, "--posts", &generate.posts))
        return EXIT_INPUT;
    generate.seed = (uint64_t)options_integer(options, OPTION_seed, (int64_t)generate.seed);
    generate.force = options_value(options, OPTION_force);
    generate.dir = options->words[1];
    const char *organisations = options_value(options, OPTION_organisations);
    const char *policy = options_value(options, OPTION_policy);
    generate.organisations_path =
        organisations ? organisations
                      : sample_file(generate.organisations_path, WELLMATCH_SHARE "/sample/organisations.csv");
    generate.policy_path = policy ? policy : sample_file(generate.policy_path, WELLMATCH_SHARE "/sample/policy.json");
    if (isatty(STDERR_FILENO)) {
        generate.on_progress = on_progress;
        generate.context = &percent;
    }
    int code = generate_dataset(&generate, error, sizeof error);
    if (percent >= 0)
        fputs("\r                          \r", stderr);
    if (code) {
        client_complain("%s", error[0] ? error : wm_error_text(code));
        return code == WM_EMEMORY ? EXIT_INTERNAL : EXIT_INPUT;
    }
    text_clean(&client->out, generate.dir, strlen(generate.dir));
    buf_format(&client->out, ": %lld leaders and %lld posts from seed %llu\n", (long long)generate.leaders,
               (long long)generate.posts, (unsigned long long)generate.seed);
    return EXIT_DONE;
}

/* ---- Help ---- */

static enum exit_code run_help(struct client *client)
{
    if (client->options.n_words < 2) {
        put_help(&client->out);
        return EXIT_DONE;
    }
    const struct command *command = find_command(client->options.words[1]);
    if (command)
        put_command_help(&client->out, command);
    return command ? EXIT_DONE : EXIT_INPUT;
}

static void put_help(struct buf *out)
{
    buf_text(out, "Who fits a post that is hard to fill, what would it take, and why.\n"
                  "\n"
                  "  wellmatch list post                      the posts there are\n"
                  "  wellmatch shortlist V00001               the ten best leaders for one\n"
                  "  wellmatch explain L000167 V00001         why, on what terms, and what would change it\n"
                  "  wellmatch opportunities L000167 --csv    the best posts for a leader, for a spreadsheet\n"
                  "  wellmatch shortlist V00001 --json --data data/sample\n"
                  "                                           without a service, exact and on one line\n"
                  "  wellmatch allocate                       all posts at once: the best plan, and the proof\n"
                  "  wellmatch validate data/sample           every fault in a folder of data\n"
                  "\n"
                  "Commands ('wellmatch COMMAND --help' has examples of each):\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        size_t start = out->len;
        buf_format(out, "  %s %s", commands[i].name, commands[i].operands);
        do
            buf_char(out, ' ');
        while (!out->failed && out->len - start < 24);
        buf_format(out, "%s\n", commands[i].about);
    }
    buf_text(out, "\nOptions of every command that asks, before or after it:\n");
    options_help(out, ASKING | OPTIONS_ALWAYS);
    buf_text(out, "\nExit: 0 done, 1 failure inside, 2 usage or input, 3 no answer from a service; of allocate and "
                  "solve also\n"
                  "4 posts unfilled that must be filled, 5 infeasible, 6 deadline.\n");
}

static void put_command_help(struct buf *out, const struct command *command)
{
    buf_format(out, "%s\nwellmatch %s%s%s [options]: %s.\n\nOptions:\n", command->more, command->name,
               *command->operands ? " " : "", command->operands, command->about);
    options_help(out, command->options | OPTIONS_ALWAYS);
}
