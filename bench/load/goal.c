/* Times and goals as people write them. */
#include "goal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool time_parse(const char *text, uint64_t *ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    size_t whole = strspn(text, "0123456789"), point = text[whole] == '.';
    size_t part = point ? strspn(text + whole + 1, "0123456789") : 0;
    if (whole + part == 0)
        return false;
    double number = strtod(text, NULL);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text + whole + point + part, units[i].unit) == 0 && number * units[i].ns <= 86400e9) {
            *ns = (uint64_t)(number * units[i].ns + 0.5);
            return true;
        }
    return false;
}

bool goal_parse(const char *text, struct goal *out)
{
    struct goal goal = {.share = 1};
    const char *at = text;
    if (strlen(text) >= sizeof goal.text)
        return false;
    if (strncmp(at, "max", 3) == 0) {
        at += 3;
    } else {
        char *end;
        if (*at != 'p' || at[1] < '0' || at[1] > '9')
            return false;
        goal.share = strtod(at + 1, &end) / 100;
        at = end;
    }
    if (!(goal.share > 0 && goal.share <= 1) || *at != '<')
        return false;
    at += at[1] == '=' ? 2 : 1;
    if (!time_parse(at, &goal.under_ns) || goal.under_ns == 0)
        return false;
    memcpy(goal.text, text, strlen(text) + 1);
    *out = goal;
    return true;
}
