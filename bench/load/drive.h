/* Drives one run: sends what falls due, times and checks what comes back, and says every second how it goes. */
#ifndef LOAD_DRIVE_H
#define LOAD_DRIVE_H

#include "questions.h"
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

enum drive_status { DRIVE_OK, DRIVE_MEMORY, DRIVE_UNREACHABLE };

struct drive_order {
    const struct settings *settings;
    double rate;                   /* instead of the settings' */
    struct questions *questions;   /* goes on from run to run */
    struct answers *answers;       /* likewise: runs must agree with each other */
    const struct sockaddr *server; /* NULL: a unix socket */
    FILE *progress;                /* interval lines; NULL: none */
};

/* Fills `run`, which is new. DRIVE_UNREACHABLE: *error is libuv's code. The first Ctrl-C ends the run, with a report. */
enum drive_status drive(const struct drive_order *order, struct run *run, int *error);

#endif
