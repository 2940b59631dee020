/* Answers of any shape: lists of rows whose columns are not known beforehand, objects in objects, and the CSV of both. */
#ifndef API_CLIENT_ROWS_H
#define API_CLIENT_ROWS_H

#include "client_page.h"

/* Views of whole results. */
void rows_show_list(struct page *page, struct slice result); /* dataset.list */
void rows_show_row(struct page *page, struct slice result);  /* dataset.get */
void rows_show_info(struct page *page, struct slice result); /* dataset.info */
void rows_show_any(struct page *page, struct slice result);  /* scalars first, then what holds more */

/* A record for `part` of each item ("": all of it), after one of headings: the paths of its leaves. */
void rows_put_csv(struct page *page, bool terminal, struct slice array, const char *part);
/* A record "path,value" for each leaf. */
void rows_put_csv_leaves(struct page *page, bool terminal, const char *path, struct slice value);

#endif
