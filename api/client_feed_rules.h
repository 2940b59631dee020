/* The rules of a feed, checked on its bytes whoever wrote them: `wellmatch check-feed`. Pure: bytes in, faults out. */
#ifndef API_CLIENT_FEED_RULES_H
#define API_CLIENT_FEED_RULES_H

#include "buf.h"
#include "json.h"

#define FEED_RULES(X)                                                                                  \
    X(reply, "the reply is 200")                                                                       \
    X(type, "Content-Type says JSON or CSV, and CSV's charset")                                        \
    X(etag, "an ETag is sent, and asked with it the reply is 304 and empty")                           \
    X(gzip, "compressed on the way it is the same")                                                    \
    X(text, "UTF-8, without a byte order mark but for ?bom=1")                                         \
    X(form, "JSON is a bare array of flat objects; CSV is RFC 4180, each line ended by CRLF")          \
    X(names, "names are snake_case, and each stands once")                                             \
    X(keys, "every row has every column, in one order")                                                \
    X(stamps, "each row has run_id, data_date and generated_at, the same in all rows")                 \
    X(types, "a column's values are of one type")                                                      \
    X(unknown, "unknown is null, or an empty cell")                                                    \
    X(dates, "..._date is YYYY-MM-DD, ..._at is YYYY-MM-DDTHH:MM:SSZ")                                 \
    X(money, "..._gbp is pounds as a number, of two decimals at most")                                 \
    X(ratio, "..._ratio is a number from 0 to 1")                                                      \
    X(status, "a count is null where its _status is suppressed, 0 where zero, of fives where rounded") \
    X(guard, "with ?bom=1 no cell is a formula: none begins with = + - @, tab or CR")
enum feed_rule {
#define X(name, text) FEED_RULE_##name,
    FEED_RULES(X)
#undef X
        FEED_RULE_COUNT
};
const char *feed_rule_text(enum feed_rule rule);

enum { FEED_FAULTS_TOLD = 5 /* of each rule */ };

struct feed_check {
    bool csv, excel;  /* what is checked: CSV, with ?bom=1 */
    uint32_t checked; /* bits of the rules that were looked at */
    size_t n_faults[FEED_RULE_COUNT];
    struct buf told[FEED_RULE_COUNT]; /* a line each: "row 3, column local_cost_gbp: ..." */
    size_t n_rows, n_columns;
    struct feed_check_column *columns;
    bool starved; /* out of memory: nothing can be said */
};

void feed_check_init(struct feed_check *check, bool csv, bool excel);
void feed_check_fini(struct feed_check *check);
void feed_check_bytes(struct feed_check *check, const char *bytes, size_t len);
bool feed_check_passed(const struct feed_check *check);

/* One more fault. `row` from 1, 0: none is meant; `column` NULL: none is meant. */
void feed_check_fault(struct feed_check *check, enum feed_rule rule, size_t row, const char *column, const char *format,
                      ...) __attribute__((format(printf, 5, 6)));
void feed_check_look(struct feed_check *check, enum feed_rule rule); /* it applies: ok unless a fault is found */

/* ---- Between the readers (client_feed_read.c) and the rules ---- */

enum feed_kind { FEED_KIND_NULL, FEED_KIND_TEXT, FEED_KIND_NUMBER, FEED_KIND_BOOLEAN };
enum { FEED_VALUE_CAP = 256 /* of a value, as far as rules look at it */ };

struct feed_check_column {
    char name[128];
    enum feed_kind kind;        /* of the first value that is known */
    char stamp[FEED_VALUE_CAP]; /* of stamps: the first row's */
};

/* Reads the bytes, and tells of columns and values. */
void feed_read_json(struct feed_check *check, const char *bytes, size_t len);
void feed_read_csv(struct feed_check *check, const char *bytes, size_t len);

/* The next column's name. False: no memory. */
bool feed_check_name(struct feed_check *check, const char *name);
/* A value, `text` cut at FEED_VALUE_CAP. */
void feed_check_value(struct feed_check *check, size_t row, size_t column, enum feed_kind kind, const char *text);
/* A row has ended; its values as a whole: values[n_columns]. */
struct feed_value {
    enum feed_kind kind;
    char text[FEED_VALUE_CAP];
};
void feed_check_row(struct feed_check *check, size_t row, const struct feed_value *values);
/* All rows are there. */
void feed_check_columns(struct feed_check *check);

#endif
