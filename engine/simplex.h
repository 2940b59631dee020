/*
 * What the two files of the simplex method share: basis.c has the basis and what follows from it, simplex.c moves from one to
 * the next. Only they include this.
 */
#ifndef WM_SIMPLEX_H
#define WM_SIMPLEX_H

#include "model.h"

#define TOLERANCE 1e-9 /* of shares and of slacks */

enum { FRESH_EVERY = 100 }; /* pivots between factors made anew */

struct candidate {
    uint32_t what; /* an option, or SLACK | row */
    double a, net; /* pivot, more than 0; how far its net worth is from 0, 0 or more */
};

/* ---- basis.c ---- */

/* Factors the basis anew, and works out prices and shares. False: no memory. */
bool basis_refresh(struct simplex *s);
/* Shares alone, by the factors as they are. */
void basis_shares(struct simplex *s);
/* How much there may be of what is basic at p. */
double basis_most(const struct simplex *s, size_t p);
/* The uses of an option less those of its group's key, added to x by row. */
void basis_add_column(const struct simplex *s, uint32_t option, double *x);

#endif
