#include "files/meta/metainfo.h"

#include "base/arena.h"
#include "crypto/hex.h"
#include "files/meta/bencode.h"
#include "files/meta/metainfo_path.h"
#include "files/meta/metainfo_v2.h"
#include "files/meta/renames.h"
#include "files/meta/text.h"

#include <inttypes.h>
#include <string.h>

/* The string under "key.utf-8", which older programs wrote beside a `key` of another encoding, or
 * under `key`. */
static const struct ben *best(const struct ben *d, const char *utf8_key, const char *key,
                              enum ben_type type)
{
    const struct ben *v = ben_get(d, utf8_key, type);
    return v && (v->str.n > 0 || v->count > 0) ? v : ben_get(d, key, type);
}

static const char *keep(struct metainfo *mi, const struct buf *b)
{
    return arena_strndup(mi->arena, (const char *)buf_bytes(b), buf_len(b));
}

static enum mi_names mi_names(const struct metainfo *mi)
{
    return mi->own ? MI_OWN : MI_FOREIGN;
}

/* A torrent without a name, which happens, gets that of its hash. */
static void read_name(struct metainfo *mi, const struct ben *info)
{
    char hex[2 * SHA1_LEN + 1];
    struct buf b = {0};
    const struct ben *name = best(info, "name.utf-8", "name", BEN_STR);
    if (name && name->str.n > 0)
        mi->renamed = mi_path_put_part(&b, name->str, mi_names(mi));
    else
        buf_str(&b, hex_encode(infohash_id(&mi->hash), INFOHASH_LEN, hex));
    mi->name = keep(mi, &b);
    buf_done(&b);
}

static bool has_attr(const struct ben *file, char attr)
{
    struct cur letters = ben_str(file, "attr"); /* BEP 47 */
    return letters.n > 0 && memchr(letters.p, attr, letters.n);
}

static enum err check_path(const struct ben *path, size_t i, struct why *why)
{
    if (!path || path->count == 0) /* BEP 3: "a zero length list is an error case" */
        return why_set(why, ERR_INVALID, "file %zu has no path", i);
    for (const struct ben *part = path->kids; part; part = part->next)
        if (part->type != BEN_STR)
            return why_set(why, ERR_INVALID, "file %zu has a path that is not of strings", i);
    return OK;
}

static enum err read_path(struct metainfo *mi, const struct ben *file, size_t i,
                          struct mi_file *out, struct why *why)
{
    struct buf b = {0};
    const struct ben *path = best(file, "path.utf-8", "path", BEN_LIST);
    enum err err = OK;
    if (!path && out->pad) /* BEP 47: "should not require it to be present on padding files" */
        buf_printf(&b, "%s/.pad/%" PRIu64, mi->name, out->len);
    else
        err = check_path(path, i, why);
    if (err == OK && buf_len(&b) == 0)
        out->renamed = mi_path_put(&b, mi->name, path, mi_names(mi));
    if (err == OK)
        out->path = keep(mi, &b);
    buf_done(&b);
    return err;
}

/* The file's bytes; they join the stream. */
static enum err read_len(struct metainfo *mi, const struct ben *dict, int64_t absent, size_t i,
                         struct mi_file *out, struct why *why)
{
    int64_t len = ben_int(dict, "length", absent);
    if (len < 0)
        return why_set(why, ERR_INVALID, "file %zu has no length that can be", i);
    if (len > INT64_MAX - (int64_t)mi->total)
        return why_set(why, ERR_LIMIT, "its files have more than 2^63 bytes");
    out->len = (uint64_t)len;
    out->offset = mi->total;
    mi->total += out->len;
    return OK;
}

static enum err read_file(struct metainfo *mi, const struct ben *file, size_t i,
                          struct mi_file *out, struct why *why)
{
    if (file->type != BEN_DICT)
        return why_set(why, ERR_INVALID, "file %zu is no dictionary", i);
    /* A symlink is never made: it could lead anywhere.  As it has no bytes, it goes as padding. */
    bool symlink = has_attr(file, 'l');
    out->pad = symlink || has_attr(file, 'p');
    enum err err = read_len(mi, file, symlink ? 0 : -1, i, out, why);
    if (err != OK)
        return err;
    if (symlink && out->len > 0) /* BEP 47: "the length of a symlink is always zero" */
        return why_set(why, ERR_INVALID, "file %zu is a symlink with bytes", i);
    return read_path(mi, file, i, out, why);
}

static enum err read_many(struct metainfo *mi, const struct ben *list, struct mi_file **out,
                          struct why *why)
{
    if (list->count == 0 || list->count > MI_FILES_MAX)
        return why_set(why, list->count == 0 ? ERR_INVALID : ERR_LIMIT,
                       "%zu files, 1 to %d are taken", list->count, MI_FILES_MAX);
    struct mi_file *files = arena_array(mi->arena, list->count, sizeof *files);
    size_t i = 0, bytes = 0;
    for (const struct ben *file = list->kids; file; file = file->next, i++) {
        enum err err = read_file(mi, file, i, &files[i], why);
        if (err != OK)
            return err;
        bytes += strlen(files[i].path);
        if (bytes > MI_PATHS_MAX)
            return why_set(why, ERR_LIMIT, "paths of more than %d bytes in all", MI_PATHS_MAX);
    }
    mi->files = *out = files;
    mi->file_count = i;
    mi->multi = true;
    return OK;
}

static enum err read_single(struct metainfo *mi, const struct ben *info, struct mi_file **out,
                            struct why *why)
{
    struct mi_file *file = arena_zalloc(mi->arena, sizeof *file);
    file->path = mi->name;
    file->renamed = mi->renamed;
    mi->files = *out = file;
    mi->file_count = 1;
    return read_len(mi, info, -1, 0, file, why);
}

static enum err read_files(struct metainfo *mi, const struct ben *info, struct mi_file **out,
                           struct why *why)
{
    const struct ben *files = ben_get(info, "files", BEN_LIST);
    const struct ben *length = ben_get(info, "length", BEN_INT);
    if (files && length)
        return why_set(why, ERR_INVALID, "both one file and many");
    if (!files && !length)
        return why_set(why, ERR_INVALID, "neither a file nor files");
    enum err err = files ? read_many(mi, files, out, why) : read_single(mi, info, out, why);
    if (err == OK && mi->total == 0)
        return why_set(why, ERR_INVALID, "its files have no bytes");
    return err;
}

/* BEP 52: "must be a power of two and at least 16KiB". */
static enum err read_piece_len(struct metainfo *mi, const struct ben *info, struct why *why)
{
    int64_t len = ben_int(info, "piece length", 0);
    if (len < 1)
        return why_set(why, ERR_INVALID, "no piece length that can be");
    if (len > MI_PIECE_MAX)
        return why_set(why, ERR_LIMIT, "pieces of %" PRId64 " bytes, at most %d are taken", len,
                       MI_PIECE_MAX);
    if (mi->hash.has_v2 && (len < BLOCK_LEN || (len & (len - 1)) != 0))
        return why_set(why, ERR_INVALID,
                       "pieces of %" PRId64 " bytes; in v2 a power of two from 16 KiB", len);
    mi->piece_len = (uint32_t)len;
    return OK;
}

static enum err read_pieces(struct metainfo *mi, const struct ben *info, struct why *why)
{
    struct cur pieces = ben_str(info, "pieces");
    uint64_t count = (mi->total - 1) / mi->piece_len + 1;
    if (pieces.n % SHA1_LEN != 0 || pieces.n / SHA1_LEN != count)
        return why_set(why, ERR_INVALID, "%zu bytes of piece hashes for %" PRIu64 " pieces",
                       pieces.n, count);
    mi->piece_count = (uint32_t)count; /* fits: that many hashes are here */
    mi->pieces = pieces.p;
    return OK;
}

/* Which views it has.  BEP 52: implementations "must check this field first and indicate that a
 * torrent is of a newer version than they can handle". */
static enum err read_version(struct metainfo *mi, const struct ben *info, struct why *why)
{
    int64_t version = ben_int(info, "meta version", 1);
    if (version != 1 && version != 2)
        return why_set(why, ERR_INVALID,
                       "it is of version %" PRId64 " of BitTorrent; 1 and 2 are known", version);
    mi->hash.has_v2 = version == 2;
    mi->hash.has_v1 = version == 1 || ben_get(info, "pieces", BEN_STR);
    memcpy(mi->infohash, infohash_id(&mi->hash), sizeof mi->infohash);
    return OK;
}

/* Files and pieces of the views that it has. */
static enum err read_views(struct metainfo *mi, const struct ben *info, struct mi_file **files,
                           struct why *why)
{
    enum err err;
    if (!mi->hash.has_v1) {
        err = mi_v2_read_files(mi, info, files, why);
    } else {
        err = read_files(mi, info, files, why);
        if (err == OK)
            err = read_pieces(mi, info, why);
        if (err == OK && mi->hash.has_v2)
            err = mi_v2_agrees(mi, info, why);
    }
    if (err == OK && mi->hash.has_v2)
        err = mi_v2_make(mi, why);
    return err;
}

static enum err read_info(struct metainfo *mi, const struct ben *info, struct why *why)
{
    if (info->type != BEN_DICT)
        return why_set(why, ERR_INVALID, "its info is no dictionary");
    enum err err = read_version(mi, info, why);
    if (err != OK)
        return err;
    struct mi_file *files = NULL;
    read_name(mi, info);
    mi->private_ = ben_int(info, "private", 0) != 0;
    err = read_piece_len(mi, info, why);
    if (err == OK)
        err = read_views(mi, info, &files, why);
    if (err != OK)
        return err;
    if (mi->multi && !mi->own) /* a disk has no name twice */
        mi_paths_unique(mi->arena, files, mi->file_count, strlen(mi->name) + 1);
    for (size_t i = 0; i < mi->file_count; i++)
        mi->payload += files[i].pad ? 0 : files[i].len;
    return OK;
}

/* A metainfo of these bytes, which it copies: all views will lead into its own copy. */
static struct metainfo *mi_new(struct cur info)
{
    struct arena *arena = arena_new();
    struct metainfo *mi = arena_zalloc(arena, sizeof *mi);
    mi->arena = arena;
    mi->info = cur_of(arena_dup(arena, info.p, info.n), info.n);
    mi->comment = mi->created_by = "";
    sha1(info.p, info.n, mi->hash.v1);
    sha256(info.p, info.n, mi->hash.v2);
    return mi;
}

/* Read its copy of the info dictionary; NULL, and it is freed, when that is not in order. */
static struct metainfo *with_info_read(struct metainfo *mi, struct why *why)
{
    struct arena *scratch = arena_new();
    const struct ben *dict;
    enum err err = ben_parse(scratch, mi->info, &dict, why);
    if (err == OK)
        err = read_info(mi, dict, why);
    arena_free(scratch);
    if (err == OK)
        return mi;
    metainfo_free(mi);
    return NULL;
}

static enum err check_size(struct cur info, struct why *why)
{
    if (info.n > MI_INFO_MAX)
        return why_set(why, ERR_LIMIT, "info of %zu bytes, at most %d are taken", info.n,
                       MI_INFO_MAX);
    return OK;
}

/* Trackers as they are gathered: no URL twice, none that cannot be one, bounded. */
struct gathered {
    struct mi_tracker at[MI_TRACKERS_MAX];
    size_t n;
};

static void gather(struct metainfo *mi, struct gathered *g, struct cur url, unsigned tier)
{
    if (g->n == MI_TRACKERS_MAX || !text_is_url(url))
        return;
    for (size_t i = 0; i < g->n; i++)
        if (strlen(g->at[i].url) == url.n && memcmp(g->at[i].url, url.p, url.n) == 0)
            return;
    const char *kept = arena_strndup(mi->arena, (const char *)url.p, url.n);
    g->at[g->n++] = (struct mi_tracker){kept, tier};
}

static void set_trackers(struct metainfo *mi, const struct gathered *g)
{
    mi->trackers = arena_dup(mi->arena, g->at, g->n * sizeof *g->at);
    mi->tracker_count = g->n;
}

/* BEP 12: with an announce-list, "the client will ignore the announce key".  An empty list, which
 * some programs write, does not count. */
static void read_trackers(struct metainfo *mi, const struct ben *torrent)
{
    struct gathered g = {.n = 0};
    const struct ben *tiers = ben_get(torrent, "announce-list", BEN_LIST);
    unsigned tier = 0;
    for (const struct ben *t = tiers ? tiers->kids : NULL; t; t = t->next) {
        size_t before = g.n;
        for (const struct ben *url = t->kids; url; url = url->next)
            gather(mi, &g, url->str, tier);
        gather(mi, &g, t->str, tier); /* a tier of one, written without its list */
        tier += g.n > before;
    }
    if (g.n == 0)
        gather(mi, &g, ben_str(torrent, "announce"), 0);
    set_trackers(mi, &g);
}

/* A string or a list of them. */
static const char *const *read_urls(struct metainfo *mi, const struct ben *torrent, const char *key,
                                    size_t *count)
{
    const char *urls[MI_WEB_SEEDS_MAX];
    size_t n = 0;
    const struct ben *one = ben_get(torrent, key, BEN_STR);
    const struct ben *list = ben_get(torrent, key, BEN_LIST);
    for (const struct ben *url = list ? list->kids : one; url && n < MI_WEB_SEEDS_MAX;
         url = list ? url->next : NULL)
        if (text_is_url(url->str) &&
            (text_has_scheme(url->str, "http://") || text_has_scheme(url->str, "https://")))
            urls[n++] = arena_strndup(mi->arena, (const char *)url->str.p, url->str.n);
    *count = n;
    return arena_dup(mi->arena, urls, n * sizeof *urls);
}

static void read_web_seeds(struct metainfo *mi, const struct ben *torrent)
{
    mi->web_seeds = read_urls(mi, torrent, "url-list", &mi->web_seed_count);
    mi->http_seeds = read_urls(mi, torrent, "httpseeds", &mi->http_seed_count);
}

static bool is_host(struct cur host)
{
    for (size_t i = 0; i < host.n; i++) {
        uint8_t c = host.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '.' || c == '-' || c == ':'))
            return false;
    }
    return host.n > 0 && host.n < 254; /* RFC 1035, section 2.3.4 */
}

/* BEP 5, "torrent file extensions": a list of [host, port]. */
static void read_nodes(struct metainfo *mi, const struct ben *torrent)
{
    const char *nodes[MI_NODES_MAX];
    size_t n = 0;
    const struct ben *list = ben_get(torrent, "nodes", BEN_LIST);
    for (const struct ben *at = list ? list->kids : NULL; at && n < MI_NODES_MAX; at = at->next) {
        const struct ben *host = at->kids, *port = host ? host->next : NULL;
        if (!port || host->type != BEN_STR || port->type != BEN_INT || !is_host(host->str) ||
            port->i < 1 || port->i > UINT16_MAX)
            continue;
        bool v6 = memchr(host->str.p, ':', host->str.n) != NULL;
        struct buf b = {0};
        buf_printf(&b, "%s%.*s%s:%d", v6 ? "[" : "", (int)host->str.n, (const char *)host->str.p,
                   v6 ? "]" : "", (int)port->i);
        nodes[n++] = arena_strndup(mi->arena, (const char *)buf_bytes(&b), buf_len(&b));
        buf_done(&b);
    }
    mi->nodes = arena_dup(mi->arena, nodes, n * sizeof *nodes);
    mi->node_count = n;
}

/* What stands around the info dictionary. */
/* "signatures" (BEP 35), kept as it came; ours are checked. */
static void set_signatures(struct metainfo *mi, const struct ben *dict)
{
    struct signer signers[SIGN_SIGNERS_MAX];
    mi->signer_count = sign_read(dict, mi->info, signers);
    mi->signers = arena_dup(mi->arena, signers, mi->signer_count * sizeof *signers);
    mi->signatures = cur_of(arena_dup(mi->arena, dict->raw.p, dict->raw.n), dict->raw.n);
}

void metainfo_sign(struct metainfo *mi, const struct signer *s)
{
    struct signer signers[SIGN_SIGNERS_MAX];
    struct arena *scratch = arena_new();
    struct buf dict = {0};
    const struct ben *before = NULL, *now;
    size_t n = mi->signer_count, at = 0;
    memcpy(signers, mi->signers ? mi->signers : s, n * sizeof *signers);
    while (at < n && memcmp(signers[at].key, s->key, sizeof s->key) != 0)
        at++;
    if (at < SIGN_SIGNERS_MAX) {
        signers[at] = *s;
        if (mi->signatures.n > 0 && ben_parse(scratch, mi->signatures, &before, NULL) != OK)
            before = NULL;
        sign_put(&dict, before, signers, at == n ? n + 1 : n);
        if (ben_parse(scratch, buf_cur(&dict), &now, NULL) == OK)
            set_signatures(mi, now);
    }
    buf_done(&dict);
    arena_free(scratch);
}

static void read_outer(struct metainfo *mi, const struct ben *torrent)
{
    read_trackers(mi, torrent);
    read_web_seeds(mi, torrent);
    read_nodes(mi, torrent);
    mi->comment = text_clean_in(mi->arena, ben_str(torrent, "comment"));
    mi->created_by = text_clean_in(mi->arena, ben_str(torrent, "created by"));
    const struct ben *signatures = ben_get(torrent, "signatures", BEN_DICT);
    if (signatures && signatures->raw.n <= SIGN_BYTES_MAX)
        set_signatures(mi, signatures);
    int64_t created_s = ben_int(torrent, "creation date", 0);
    mi->created_s = created_s > 0 ? created_s : 0;
}

/* All but what the info dictionary says; NULL when there is none. */
static struct metainfo *read_torrent(const struct ben *torrent, bool own, struct why *why)
{
    const struct ben *info = ben_get(torrent, "info", BEN_DICT);
    if (!info) {
        why_set(why, ERR_INVALID, "not a torrent: it has no info dictionary");
        return NULL;
    }
    if (check_size(info->raw, why) != OK)
        return NULL;
    struct metainfo *mi = mi_new(info->raw);
    mi->own = own;
    read_outer(mi, torrent);
    return mi;
}

/* BEP 52 wants a torrent without its layers refused.  We ask peers for them, as for a magnet link,
 * of which a .torrent may have been made; layers that are wrong are refused. */
static struct metainfo *with_layers_read(struct metainfo *mi, struct cur layers, struct why *why)
{
    struct arena *scratch = arena_new();
    const struct ben *dict;
    enum err err = ben_parse(scratch, layers, &dict, why);
    if (err == OK)
        err = mi_v2_read_layers(mi, dict, why);
    arena_free(scratch);
    if (err == OK)
        return mi;
    metainfo_free(mi);
    return NULL;
}

static struct metainfo *parse(struct cur torrent, bool own, struct why *why)
{
    if (torrent.n > MI_TORRENT_MAX) {
        why_set(why, ERR_LIMIT, "torrent of %zu bytes, at most %d are taken", torrent.n,
                MI_TORRENT_MAX);
        return NULL;
    }
    struct metainfo *mi = NULL;
    struct arena *scratch = arena_new();
    const struct ben *top;
    struct cur layers = {0};
    if (ben_parse(scratch, torrent, &top, why) == OK) {
        const struct ben *dict = ben_get(top, "piece layers", BEN_DICT);
        layers = dict ? dict->raw : layers;
        mi = read_torrent(top, own, why);
    }
    arena_free(scratch); /* before the second tree is made: of many files each is large */
    mi = mi ? with_info_read(mi, why) : NULL;
    return mi && mi->v2 && layers.n > 0 ? with_layers_read(mi, layers, why) : mi;
}

struct metainfo *metainfo_parse(struct cur torrent, struct why *why)
{
    return parse(torrent, false, why);
}

struct metainfo *metainfo_parse_own(struct cur torrent, struct why *why)
{
    return parse(torrent, true, why);
}

/* In order of their tiers, as given within one. */
static void sort_by_tier(struct gathered *g)
{
    for (size_t i = 1; i < g->n; i++) {
        struct mi_tracker t = g->at[i];
        size_t to = i;
        for (; to > 0 && g->at[to - 1].tier > t.tier; to--)
            g->at[to] = g->at[to - 1];
        g->at[to] = t;
    }
}

struct metainfo *metainfo_of_info(struct cur info, const struct infohash *hash,
                                  const struct mi_tracker *trackers, size_t n, struct why *why)
{
    struct infohash real = {.has_v1 = true, .has_v2 = true};
    sha1(info.p, info.n, real.v1);
    sha256(info.p, info.n, real.v2);
    if (!infohash_same(hash, &real)) {
        why_set(why, ERR_INVALID, "the info dictionary is not that of the infohash");
        return NULL;
    }
    if (check_size(info, why) != OK)
        return NULL;
    struct metainfo *mi = with_info_read(mi_new(info), why);
    if (mi && ((hash->has_v1 && !mi->hash.has_v1) || (hash->has_v2 && !mi->hash.has_v2))) {
        why_set(why, ERR_INVALID, "the link names it by a version that it is not of");
        metainfo_free(mi);
        return NULL;
    }
    if (!mi)
        return NULL;
    struct gathered g = {.n = 0};
    for (size_t i = 0; i < n; i++)
        gather(mi, &g, cur_of(trackers[i].url, strlen(trackers[i].url)), trackers[i].tier);
    sort_by_tier(&g);
    set_trackers(mi, &g);
    return mi;
}

void metainfo_set_trackers(struct metainfo *mi, const struct mi_tracker *trackers, size_t n)
{
    struct mi_tracker *list = arena_array(mi->arena, n, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct mi_tracker){
            arena_strndup(mi->arena, trackers[i].url, strlen(trackers[i].url)), trackers[i].tier};
    mi->trackers = list;
    mi->tracker_count = n;
}

void metainfo_free(struct metainfo *mi)
{
    if (!mi)
        return;
    renames_free(mi->names);
    arena_free(mi->arena);
}

uint32_t metainfo_piece_span(const struct metainfo *mi, uint32_t i)
{
    if (i + 1 < mi->piece_count)
        return mi->piece_len;
    return (uint32_t)(mi->total - (uint64_t)i * mi->piece_len);
}

uint32_t metainfo_piece_len(const struct metainfo *mi, uint32_t i)
{
    if (!mi->v2)
        return metainfo_piece_span(mi, i);
    const struct mi_file *f = &mi->files[mi->v2->piece_file[i]];
    uint64_t left = f->offset + f->len - (uint64_t)i * mi->piece_len;
    return left < mi->piece_len ? (uint32_t)left : mi->piece_len;
}
