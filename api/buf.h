/* A growing byte buffer, born with its ceiling; and the append writer of JSON text: no tree, fixed decimals. */
#ifndef API_BUF_H
#define API_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *at;
    size_t len, cap, max;
    bool failed;  /* sticky: the ceiling or memory was reached; what was put since is lost */
    bool starved; /* failed for want of memory, not at the ceiling */
};

void buf_init(struct buf *buf, size_t max); /* allocates nothing yet */
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);           /* empties, keeps the room, forgets the failure */
void buf_cut(struct buf *buf, size_t len); /* back to an earlier length */

/* Each appends and does nothing once the buffer has failed, so that a writer checks `failed` once, at its end. */
void buf_put(struct buf *buf, const void *bytes, size_t len);
/* Appends so many bytes that the caller writes, now; NULL once the buffer has failed. */
char *buf_room(struct buf *buf, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_integer(struct buf *buf, int64_t value);
/* value / 10^decimals with exactly that many digits after the point: buf_fixed(b, -1500000, 6) puts -1.500000 */
void buf_fixed(struct buf *buf, int64_t value, int decimals);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; valid UTF-8 goes through as it is, only ", \ and controls are escaped. */
void buf_json_string(struct buf *buf, const char *text, size_t len);

/* Members and items: each puts the comma that is due. A key is a C identifier and needs no escaping. */
void json_open(struct buf *buf, char bracket);  /* '{' or '[' */
void json_close(struct buf *buf, char bracket); /* '}' or ']' */
void json_item(struct buf *buf);                /* before a bare value inside an array */

/* A member: the key alone, with a string, with value / 10^decimals, with a word that stands as it is. */
void json_put_name(struct buf *buf, const char *key, size_t key_len);
void json_put_string(struct buf *buf, const char *key, size_t key_len, const char *text, size_t len);
void json_put_number(struct buf *buf, const char *key, size_t key_len, int64_t value, int decimals);
void json_put_word(struct buf *buf, const char *key, size_t key_len, const char *word, size_t len);

/* The same as they are mostly written. In the header because most keys are literals, whose length the compiler knows. */

static inline void json_put_key(struct buf *buf, const char *key)
{
    json_put_name(buf, key, strlen(key));
}

static inline void json_put_null(struct buf *buf, const char *key)
{
    json_put_word(buf, key, strlen(key), "null", 4);
}

static inline void json_put_text(struct buf *buf, const char *key, const char *text) /* NULL: null */
{
    if (text == NULL)
        json_put_null(buf, key);
    else
        json_put_string(buf, key, strlen(key), text, strlen(text));
}

static inline void json_put_integer(struct buf *buf, const char *key, int64_t value)
{
    json_put_number(buf, key, strlen(key), value, 0);
}

static inline void json_put_fixed(struct buf *buf, const char *key, int64_t value, int decimals)
{
    json_put_number(buf, key, strlen(key), value, decimals);
}

static inline void json_put_bool(struct buf *buf, const char *key, bool value)
{
    json_put_word(buf, key, strlen(key), value ? "true" : "false", value ? 4 : 5);
}

#endif
