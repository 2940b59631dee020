/*
 * A call's params -> validated values, by the tables of method.h; whatever is wrong becomes an error object that says
 * where.
 */
#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "method.h"

enum { PARAMS_MAX = 24, CHOICES_MAX = 128, SHOWN_MAX = 64 /* bytes of a caller's text that an error repeats */ };

/* Where a value stands: the tokens of a JSON pointer, innermost first. */
struct place {
    const struct place *up; /* NULL at the top */
    const char *name;       /* NULL: `index` is meant */
    size_t index;
};

struct param_value {
    bool given; /* in the call and not null; otherwise the table's default, or nothing */
    /* INTEGER; NUMBER in thousandths, NANO in 1e-9; BOOL 0 or 1; ID: the row; CHOICE: which; TEXT of "kind": enum
       wm_table */
    int64_t number;
    uint64_t words; /* WORDS of a vocabulary: bit set, 0 when not given */
    uint32_t *rows; /* [n_rows] IDS: ascending, each once; NULL when not given */
    size_t n_rows;
    struct slice raw; /* as sent; at == NULL when not given */
};

struct params {
    size_t n;
    bool positional;                       /* they came as an array */
    const struct param *param[PARAMS_MAX]; /* those of the table, then those inside its objects */
    struct param_value value[PARAMS_MAX];
};

/*
 * Reads call->params. 0: every value of the table is in `out` (params_fini when done), every required one given.
 * Otherwise the code of the error object that was put, and nothing to free.
 */
int params_read(const struct method_call *call, const struct param *table, struct params *out, struct buf *error);
void params_fini(struct params *params);
/* The same of a method that takes none: there is nothing to free. */
int params_read_none(const struct method_call *call, struct buf *error);
extern const struct param no_params[];
/* The same of one object inside, by name only: an item of PARAM_LIST, which stands at `place`. */
int params_read_object(const struct wm_dataset *dataset, const struct param *table, const struct place *place,
                       struct slice object, struct params *out, struct buf *error);
/* The value of a name in the table or in one of its objects; names are told apart across both. */
const struct param_value *params_get(const struct params *params, const char *name);

/* ---- For methods that look into a value themselves ---- */

struct choices {
    size_t n;
    const char *name[CHOICES_MAX];
};

void choices_add(struct choices *choices, const char *name);
/* The nearest of them, or NULL when none is near enough to be what was meant. */
const char *choices_nearest(const struct choices *choices, const char *text);

/* Each puts an error object and returns its code. `got` is raw JSON; at == NULL: nothing was sent. */
int refuse_value(struct buf *error, const struct place *place, const char *expected, struct slice got);
int refuse_choice(struct buf *error, const struct place *place, const struct choices *choices, struct slice got);
/* Where a parameter of the table stands in the call, for errors about it. */
struct place params_place(const struct params *params, const char *name);
/* There is no row of that id; `is_a` names the kind that has one, as when leader and post are swapped. */
int refuse_row(struct buf *error, const struct place *place, const struct wm_dataset *dataset, enum wm_table table,
               const char *id);
int refuse_memory(struct buf *error);
int refuse_code(struct buf *error, int code, const char *reason);

/* The names of a list with a blank between each, copied to `room`; all kinds of row; all words of a vocabulary. */
void choices_add_list(struct choices *choices, const char *list, char *room, size_t cap);
void choices_add_kinds(struct choices *choices);
void choices_add_words(struct choices *choices, const struct wm_dataset *dataset, const char *vocabulary);
/* Of a raw string value; false when it is cut, or cannot be a C string, or no string: it can name nothing then. */
bool read_text(struct slice value, char *out, size_t cap);

#endif
