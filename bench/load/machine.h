/* What a result was measured on and with. */
#ifndef LOAD_MACHINE_H
#define LOAD_MACHINE_H

#include "buf.h"

/* The members "machine" and "libraries" into an open object. */
void machine_put(struct buf *out);

#endif
