/* Errors of a service as a person reads them, from the JSON as it was served. */
#ifndef API_CLIENT_ERROR_H
#define API_CLIENT_ERROR_H

#include "buf.h"
#include "json.h"

/*
 * The sentences for an error object, each a line that starts with "wellmatch: ". `usage` ("explain LEADER POST") is the
 * command, where a leader and a post can have been swapped; else NULL. `subject` is what on the command line the error is
 * about ("--what-if 'x=1'"); NULL: the option that its pointer names.
 */
void view_error(struct buf *out, struct slice error, int code, const char *usage, const char *subject);

#endif
