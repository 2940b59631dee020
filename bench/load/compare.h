/* Two sets of runs side by side: what changed, and whether that is more than chance. */
#ifndef LOAD_COMPARE_H
#define LOAD_COMPARE_H

#include "buf.h"

enum { COMPARE_ERROR_CAP = 300 };

/*
 * Reads two files that --json wrote and puts a table. False: `error` says which file is none. *worse: a figure got worse
 * by more than `threshold` (0.05 is 5%), and that is significant.
 */
bool compare_files(const char *before, const char *after, double threshold, struct buf *out, bool *worse,
                   char error[COMPARE_ERROR_CAP]);

#endif
