/* Organisations with the posts that a plan fills there, and the map and tiles that show them. */
#ifndef API_PAGE_PLACES_H
#define API_PAGE_PLACES_H

#include "page.h"

struct place {
    const char *ods_code, *name, *region;
    bool located;
    double latitude, longitude;
    int segment;              /* 0: none is known */
    int64_t openings, filled; /* of the plan, or of all posts while there is none */
};

struct places {
    size_t n;
    struct place *at; /* in the order of their codes */
};

struct region {
    const char *name;
    int64_t openings, filled, local_gbp, central_gbp;
};

enum { REGIONS_MAX = 16 };

/*
 * Asks for all organisations and, with a plan, for its totals; without one, for all posts. What is not there yet is
 * left out, and the page waits.
 */
void places_ask(struct page *page, const char *plan, struct places *out);
/* The regions of the plan, or of the posts while there is none, in the order of their names. */
size_t places_regions(struct page *page, const char *plan, const struct places *places, struct region *out);

/* "the Midlands", but "London" and "East of England". */
const char *in_region(struct page *page, const char *name);

/* The id of the newest plan that was found, NULL: none; *running is the job that is being solved, or NULL. */
const char *newest_plan(struct page *page, const char **running);

enum { ROWS_AT_ONCE = 500 /* of a list: an answer has a ceiling in bytes too */ };
/* A page of so many rows of a list; *offset is where to go on, SIZE_MAX when that was the last. NULL: it is not
   there. */
const json_t *ask_rows(struct page *page, const char *method, const char *members, size_t *offset);

/* How far the posts of a place are filled. */
enum place_state { PLACE_NO_POST, PLACE_OPEN, PLACE_PART, PLACE_FULL };
enum place_state place_state(const struct place *place);

void map_draw(struct page *page, const struct places *places, bool planned);
/* The mark of a place by itself, as on the map. */
void map_mark(struct page *page, const struct place *place, bool planned);
void map_legend(struct page *page, bool planned);
void tiles_draw(struct page *page, const struct region *regions, size_t n, bool planned);

#endif
