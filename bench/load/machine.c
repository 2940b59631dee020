/* Processor, kernel and compiler by their own names; versions of the libraries that are linked in. */
#include "machine.h"

#include "workers.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <uv.h>
#include <xxhash.h>

static void processor_name(char *out, size_t cap)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(out, cap, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        value += strspn(value, ": \t");
        snprintf(out, cap, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file)
        fclose(file);
}

void machine_put(struct buf *out)
{
    char text[160];
    struct utsname system;
    json_put_key(out, "machine");
    json_open(out, '{');
    processor_name(text, sizeof text);
    json_put_text(out, "processor", text);
    json_put_integer(out, "processors", (int64_t)workers_processors());
    if (uname(&system) == 0) {
        snprintf(text, sizeof text, "%.70s %.70s", system.sysname, system.release);
        json_put_text(out, "system", text);
        json_put_text(out, "architecture", system.machine);
    }
    json_put_text(out, "compiler", __VERSION__);
    json_close(out, '}');
    json_put_key(out, "libraries");
    json_open(out, '{');
    json_put_text(out, "libuv", uv_version_string());
    json_put_text(out, "jansson", jansson_version_str());
    snprintf(text, sizeof text, "%u", XXH_versionNumber());
    json_put_text(out, "xxhash", text);
    json_close(out, '}');
}
