/* A few calls by the client's own link; not being wellmatch is forgiven where no ids are needed. */
#include "survey.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_ROWS = 1000, PATIENCE_MS = 10000 };

static void copy_member(const json_t *object, const char *name, char *out, size_t cap)
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(out, cap, "%s", text ? text : "");
}

static void read_info(struct survey *survey, struct slice result)
{
    json_t *info = json_loadb(result.at, result.len, 0, NULL);
    copy_member(info, "version", survey->version, sizeof survey->version);
    copy_member(info, "kernel", survey->kernel, sizeof survey->kernel);
    copy_member(info, "dataset", survey->dataset, sizeof survey->dataset);
    copy_member(info, "policy", survey->policy, sizeof survey->policy);
    json_decref(info);
}

/* Ids that need no escaping and are not longer than any sane one; false: no memory. */
static bool read_ids(struct ids *ids, const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *id = json_string_value(json_object_get(row, "id"));
        size_t len = id ? strlen(id) : 0;
        if (len > 0 && len <= ID_BYTES_MAX && strcspn(id, "\"\\") == len && ids->n < IDS_MAX && !ids_add(ids, id, len))
            return false;
    }
    return true;
}

static enum link_status list_ids(struct link *link, const char *kind, struct ids *ids, char *error)
{
    for (json_int_t offset = 0; offset >= 0 && ids->n < IDS_MAX;) {
        struct link_answer answer;
        char params[160];
        int len =
            snprintf(params, sizeof params, "{\"kind\":\"%s\",\"columns\":[\"%s_id\"],\"limit\":%d,\"offset\":%lld}",
                     kind, kind, PAGE_ROWS, (long long)offset);
        enum link_status status = link_call(link, "dataset.list", (struct slice){params, (size_t)len}, &answer);
        if (status != LINK_OK) {
            snprintf(error, LINK_ERROR_CAP, "%s", link->error);
            return status;
        }
        json_t *result = answer.code == 0 ? json_loadb(answer.value.at, answer.value.len, 0, NULL) : NULL;
        const json_t *next = json_object_get(result, "next_offset");
        bool kept = read_ids(ids, json_object_get(result, "rows"));
        offset = json_is_integer(next) ? json_integer_value(next) : -1;
        json_decref(result);
        if (!kept) {
            snprintf(error, LINK_ERROR_CAP, "there is not enough memory");
            return LINK_FAILED;
        }
    }
    if (ids->n > 0)
        return LINK_OK;
    snprintf(error, LINK_ERROR_CAP, "the service has no %ss to ask about, or does not list them", kind);
    return LINK_INPUT;
}

enum link_status survey_make(struct survey *survey, const struct settings *settings, char error[LINK_ERROR_CAP])
{
    static struct link link; /* large, for its buffers */
    char url[ADDRESS_TEXT_MAX];
    struct link_answer answer;
    *survey = (struct survey){.version = ""};
    address_format(&settings->address, url);
    enum link_status status = link_open(&link, url, PATIENCE_MS);
    if (status != LINK_OK) {
        /* What the client advises after the semicolon does not help here. */
        snprintf(error, LINK_ERROR_CAP, "%.*s", (int)strcspn(link.error, ";"), link.error);
        return status;
    }
    if (link_call(&link, "system.info", (struct slice){NULL, 0}, &answer) == LINK_OK && answer.code == 0)
        read_info(survey, answer.value);
    if (mix_needs(&settings->mix, TOPIC_POST))
        status = list_ids(&link, "post", &survey->posts, error);
    if (status == LINK_OK && mix_needs(&settings->mix, TOPIC_LEADER))
        status = list_ids(&link, "leader", &survey->leaders, error);
    link_close(&link);
    return status;
}

void survey_free(struct survey *survey)
{
    ids_free(&survey->posts);
    ids_free(&survey->leaders);
}
