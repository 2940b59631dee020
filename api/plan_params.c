/* What a question of a plan may say: the parameters of plan.allocate, plan.what_if and plan.check, as tables. */
#include "plan_question_parts.h"

#define AMOUNT_MAX INT64_C(1000000000000)
#define NANO INT64_C(1000000000)
#define END          \
    {                \
        .name = NULL \
    }

enum { EDITS_MAX = 1000 };

const struct param plan_lock_members[] = {
    {"leader", PARAM_ID, true, 0, 0, NULL, "This leader", NULL, "leader"},
    {"post", PARAM_ID, true, 0, 0, NULL, "takes this post.", NULL, "post"},
    {"package", PARAM_ID, false, 0, 0, NULL, "With this package; any when not given.", NULL, "package"},
    {"mentor", PARAM_ID, false, 0, 0, NULL, "With this mentor; any when not given.", NULL, "mentor"},
    END,
};

const struct param plan_forbid_members[] = {
    {"leader", PARAM_ID, false, 0, 0, NULL, "This leader; any when not given.", NULL, "leader"},
    {"post", PARAM_ID, false, 0, 0, NULL, "This post; any when not given.", NULL, "post"},
    {"package", PARAM_ID, false, 0, 0, NULL, "This package; any when not given.", NULL, "package"},
    {"mentor", PARAM_ID, false, 0, 0, NULL, "This mentor; any when not given.", NULL, "mentor"},
    END,
};

#define RESOURCES "openings budget stock mentor_hours"

const struct param plan_limit_members[] = {
    {"resource", PARAM_CHOICE, true, 0, 0, NULL, "What is limited.", NULL, RESOURCES},
    {"of", PARAM_TEXT, true, 1, 64, NULL,
     "Of which: the id of a post, budget (scope:code), package or mentor; for mentor hours also a region, whose mentor "
     "of the highest price in the base plan gets them, else its first.",
     NULL, NULL},
    {"add", PARAM_INTEGER, false, -AMOUNT_MAX, AMOUNT_MAX, NULL, "So much more; below 0: less.", NULL, NULL},
    {"to", PARAM_INTEGER, false, 0, AMOUNT_MAX, NULL, "So much instead. Either this or add.", NULL, NULL},
    END,
};

const struct param plan_edit_members[] = {
    {"pointer", PARAM_TEXT, true, 1, PLAN_POINTER_MAX, NULL, "JSON pointer of a number in policy.json.", NULL, NULL},
    {"to", PARAM_NANO, true, -NANO *NANO, NANO *NANO, NULL, "The number to put there.", NULL, NULL},
    END,
};

const struct param plan_placement_members[] = {
    {"leader", PARAM_ID, true, 0, 0, NULL, "Who.", NULL, "leader"},
    {"post", PARAM_ID, true, 0, 0, NULL, "Where.", NULL, "post"},
    {"package", PARAM_ID, true, 0, 0, NULL, "On which package.", NULL, "package"},
    {"mentor", PARAM_ID, false, 0, 0, NULL, "With which mentor.", NULL, "mentor"},
    END,
};

const struct param plan_base_members[] = {
    {"leader", PARAM_ID, true, 0, 0, NULL, "Who was", NULL, "leader"},
    {"post", PARAM_ID, true, 0, 0, NULL, "where.", NULL, "post"},
    {"package", PARAM_ID, false, 0, 0, NULL, "Not looked at.", NULL, "package"},
    {"mentor", PARAM_ID, false, 0, 0, NULL, "Not looked at.", NULL, "mentor"},
    END,
};

const struct param plan_price_members[] = {
    {"resource", PARAM_CHOICE, true, 0, 0, NULL, "What has the price.", NULL, RESOURCES " moves"},
    {"of", PARAM_TEXT, false, 1, 64, NULL, "Of which; not given for moves.", NULL, NULL},
    {"price_femto", PARAM_INTEGER, true, -NANO *NANO, NANO *NANO, NULL, "Value of one more unit in 1e-15.", NULL, NULL},
    {"hours", PARAM_INTEGER, false, 1, NANO, NULL,
     "Of mentor_hours: the price is that of a package of so many hours, in place of hours * price.", NULL, NULL},
    END,
};

#define IDS(name, least, kind, about)                                        \
    {                                                                        \
        name, PARAM_IDS, false, least, PLAN_IDS_MAX, NULL, about, NULL, kind \
    }
#define LIST(name, members, about)                                           \
    {                                                                        \
        name, PARAM_LIST, false, 0, PLAN_IDS_MAX, NULL, about, members, NULL \
    }
#define QUESTION                                                                                                       \
    IDS("posts", 1, "post", "Only these posts; also those of unknown severity."),                                      \
        IDS("leaders", 1, "leader", "Only these leaders."), IDS("packages", 1, "package", "Only these packages."),     \
        IDS("without_posts", 0, "post", "Not these posts."),                                                           \
        IDS("without_leaders", 0, "leader", "Not these leaders."),                                                     \
        IDS("without_mentors", 0, "mentor", "Not these mentors."),                                                     \
        LIST("locks", plan_lock_members, "Placements that must be."),                                                  \
        LIST("forbids", plan_forbid_members, "No placement may match one of these."),                                  \
        IDS("must_fill", 0, "post", "Every opening of these posts must be filled."),                                   \
        LIST("limits", plan_limit_members, "Changes of what is scarce, in order."),                                    \
    {                                                                                                                  \
        "policy", PARAM_LIST, false, 0, EDITS_MAX, NULL, "Changes of numbers of policy.json.", plan_edit_members, NULL \
    }
#define MOVES                                                                                         \
    {                                                                                                 \
        "move_penalty",                                                                               \
        PARAM_NANO,                                                                                   \
        false,                                                                                        \
        0,                                                                                            \
        NANO * NANO,                                                                                  \
        NULL,                                                                                         \
        "Value taken off for each move away from the base plan.",                                     \
        NULL,                                                                                         \
        NULL},                                                                                        \
    {                                                                                                 \
        "moves_max", PARAM_INTEGER, false, 0, WM_ROWS_MAX, NULL, "At most so many moves.", NULL, NULL \
    }
#define SOLVING                                                                                               \
    {"gap",                                                                                                   \
     PARAM_NANO,                                                                                              \
     false,                                                                                                   \
     0,                                                                                                       \
     NANO,                                                                                                    \
     NULL,                                                                                                    \
     "Stop when proven this near the best; not given or 0: the optimum where it can be proven, 0.1% beyond.", \
     NULL,                                                                                                    \
     NULL},                                                                                                   \
        {"deadline_ms",                                                                                       \
         PARAM_INTEGER,                                                                                       \
         false,                                                                                               \
         PLAN_DEADLINE_MIN_MS,                                                                                \
         PLAN_DEADLINE_MAX_MS,                                                                                \
         "60000",                                                                                             \
         "Then the best so far with its gap; counted from the start of solving.",                             \
         NULL,                                                                                                \
         NULL},                                                                                               \
        {"resolve",                                                                                           \
         PARAM_INTEGER,                                                                                       \
         false,                                                                                               \
         0,                                                                                                   \
         PLAN_RESOLVE_MAX,                                                                                    \
         NULL,                                                                                                \
         "So many prices are backed by solving again; 20, of a large country fewer.",                         \
         NULL,                                                                                                \
         NULL},                                                                                               \
        {"idempotency_key",                                                                                   \
         PARAM_TEXT,                                                                                          \
         false,                                                                                               \
         1,                                                                                                   \
         128,                                                                                                 \
         NULL,                                                                                                \
         "The same key is the same job, however often it is sent.",                                           \
         NULL,                                                                                                \
         NULL},                                                                                               \
    {                                                                                                         \
        "progress", PARAM_BOOL, false, 0, 0, "false", "Send plan.progress to this connection.", NULL, NULL    \
    }

const struct param plan_allocate_params[] = {QUESTION, SOLVING, END};

const struct param plan_what_if_params[] = {
    {"plan", PARAM_TEXT, true, 1, PLAN_ID_CAP - 1, NULL, "The plan to change, which becomes the base.", NULL, NULL},
    QUESTION,
    MOVES,
    SOLVING,
    END,
};

const struct param plan_check_params[] = {
    {"plan", PARAM_TEXT, false, 1, PLAN_ID_CAP - 1, NULL,
     "The plan to check, or the one whose question the placements answer.", NULL, NULL},
    LIST("placements", plan_placement_members, "The plan to check."),
    LIST("prices", plan_price_members, "Prices that prove a bound."),
    QUESTION,
    MOVES,
    LIST("base", plan_base_members, "The placements that moves are counted from."),
    {"base_plan", PARAM_TEXT, false, 1, PLAN_ID_CAP - 1, NULL, "Or the plan that has them.", NULL, NULL},
    END,
};
