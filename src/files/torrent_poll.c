/* Members that are no part of a row, for who asks by name (torrent_field). */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

static json_t *num(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *up_limit(const struct torrent *t)
{
    return num(t->up.rate);
}

static json_t *down_limit(const struct torrent *t)
{
    return num(t->down.rate);
}

static json_t *wasted(const struct torrent *t)
{
    return num(t->wasted);
}

static json_t *comment(const struct torrent *t)
{
    json_t *j = json_string(t->mi ? t->mi->comment : "");
    return j ? j : json_string("");
}

static json_t *created_by(const struct torrent *t)
{
    json_t *j = json_string(t->mi ? t->mi->created_by : "");
    return j ? j : json_string("");
}

static json_t *created_s(const struct torrent *t)
{
    return json_integer(t->mi ? t->mi->created_s : 0);
}

/* Padding is no file for anybody but us. */
static json_t *file_count(const struct torrent *t)
{
    uint64_t n = 0;
    for (size_t i = 0; t->mi && i < t->mi->file_count; i++)
        n += !t->mi->files[i].pad;
    return num(n);
}

static json_t *piece_count(const struct torrent *t)
{
    return num(t->mi ? t->mi->piece_count : 0);
}

static json_t *piece_size(const struct torrent *t)
{
    return num(t->mi ? t->mi->piece_len : 0);
}

/* Peers that blocks go to now, and come from. */
static json_t *takers(const struct torrent *t)
{
    uint64_t n = 0;
    LIST_EACH(&t->members, struct member, m, link) {
        n += session_up(m->s)->per_s > 0;
    }
    return num(n);
}

static json_t *givers(const struct torrent *t)
{
    uint64_t n = 0;
    LIST_EACH(&t->members, struct member, m, link) {
        n += session_down(m->s)->per_s > 0;
    }
    return num(n);
}

/* How many of the connected came to be known from where. */
static json_t *peers_from(const struct torrent *t)
{
    json_t *j = json_object();
    LIST_EACH(&t->members, struct member, m, link) {
        const char *from = peer_source_name(m->entry->source);
        json_int_t n = json_integer_value(json_object_get(j, from));
        if (session_is_open(m->s))
            json_object_set_new(j, from, json_integer(n + 1));
    }
    return j;
}

static json_t *check_progress(const struct torrent *t)
{
    uint32_t done, total;
    if (!t->opened || !data_checking(t->data, &done, &total) || total == 0)
        return json_real(0);
    return json_real((double)done / (double)total);
}

static json_t *web_seeds(const struct torrent *t)
{
    json_t *list = json_array();
    for (size_t i = 0; t->mi && i < t->mi->web_seed_count; i++)
        json_array_append_new(list, json_string(t->mi->web_seeds[i]));
    return list;
}

static json_t *torrent_file(const struct torrent *t)
{
    return t->mi ? json_sprintf("%s/%s.torrent", t->env->torrents_dir, t->hex) : json_string("");
}

/* A number a piece: how many connected peers have it; -1: we do. */
static json_t *availability(const struct torrent *t)
{
    json_t *list = json_array();
    for (uint32_t i = 0; t->opened && i < t->mi->piece_count; i++)
        json_array_append_new(list, json_integer(data_has(t->data, i) ? -1
                                                 : t->picker
                                                     ? (json_int_t)picker_availability(t->picker, i)
                                                     : 0));
    return list;
}

/* Bytes that we lack and a connected peer has. */
static json_t *available(const struct torrent *t)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; t->opened && t->picker && i < t->mi->piece_count; i++)
        if (!data_has(t->data, i) && picker_availability(t->picker, i) > 0)
            sum += metainfo_piece_len(t->mi, i);
    return num(sum);
}

static const struct torrent_field more[] = {
    {"up_limit", up_limit},
    {"down_limit", down_limit},
    {"wasted", wasted},
    {"comment", comment},
    {"created_by", created_by},
    {"created_s", created_s},
    {"file_count", file_count},
    {"piece_count", piece_count},
    {"piece_size", piece_size},
    {"takers", takers},
    {"givers", givers},
    {"peers_from", peers_from},
    {"check_progress", check_progress},
    {"web_seeds", web_seeds},
    {"torrent_file", torrent_file},
    {"availability", availability},
    {"available", available},
};

const struct torrent_field *torrent_field_more(const char *name)
{
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (strcmp(more[i].name, name) == 0)
            return &more[i];
    return NULL;
}
