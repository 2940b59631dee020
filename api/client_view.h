/* Answers for people and for spreadsheets, from the JSON as it was served: one view a method, and one for any other. */
#ifndef API_CLIENT_VIEW_H
#define API_CLIENT_VIEW_H

#include "client_table.h"
#include "json.h"

/* All memory failures end as out->failed. `result` is checked JSON. */

/* Tables and sentences; a member that is not there is left out, so that an older service is still readable. */
void view_result(struct buf *out, const struct screen *screen, const char *method, struct slice result);
/* One table as RFC 4180 with a header record: the answer's main rows, or path,value of everything in it. */
void view_csv(struct buf *out, bool terminal, const char *method, struct slice result);

#endif
