/*
 * Engine results -> JSON, in one fixed order and spelling, so that equal states give equal bytes. Scores are in
 * [0,1]: those of 1e-6 have six digits after the point, those of 1e-9 nine; money is whole pounds, distance km with
 * three digits, unknown is null.
 */
#ifndef API_ENCODE_H
#define API_ENCODE_H

#include "buf.h"
#include "wellmatch.h"

enum { LEDGER_REVISION = 0 /* there is no ledger of offers yet: nothing has been recorded */ };

/* The members every answer begins with: dataset, policy, ledger. */
void encode_revisions(struct buf *buf, const struct wm_dataset *dataset);

/* Each puts members into an object that is open. */
void encode_shortlist(struct buf *buf, const struct wm_dataset *dataset, const struct wm_query *query,
                      const struct wm_shortlist *shortlist);
void encode_opportunities(struct buf *buf, const struct wm_dataset *dataset, const struct wm_query *query,
                          const struct wm_opportunities *opportunities);
void encode_explanation(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation);
void encode_comparison(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation);
/* The member "faults": those that were kept. */
void encode_faults(struct buf *buf, const struct wm_faults *faults);

/* A cell as a JSON value; and "key": the cell of the column of that name. */
void encode_cell(struct buf *buf, const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t column);
void encode_member(struct buf *buf, const struct wm_dataset *dataset, enum wm_table table, size_t row,
                   const char *column);

#endif
