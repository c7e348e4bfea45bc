#include "files/torrent_in.h"

#include "base/utf8.h"
#include "core/keys.h"
#include "crypto/base64.h"
#include "crypto/hex.h"
#include "files/meta/bits.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Text that may come from strangers or from a disk of any encoding. */
static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    struct buf safe = {0};
    utf8_escape(&safe, s, strlen(s));
    j = json_stringn((const char *)buf_bytes(&safe), buf_len(&safe));
    buf_done(&safe);
    return j;
}

static json_t *buf_text(struct buf *b)
{
    json_t *j = json_stringn((const char *)buf_bytes(b), buf_len(b));
    buf_done(b);
    return j ? j : json_null();
}

static json_t *when(int64_t us)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    char out[32];
    gmtime_r(&s, &tm);
    strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return json_string(out);
}

static json_t *num(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static uint64_t bytes_done(const struct torrent *t)
{
    return t->opened ? data_done(t->data) : 0;
}

/* Of what we have, when nothing was downloaded: what is shared from here has a ratio too. */
double torrent_ratio(const struct torrent *t)
{
    uint64_t base = t->downloaded ? t->downloaded : bytes_done(t);
    return base ? (double)t->uploaded / (double)base : 0;
}

uint64_t torrent_done(const struct torrent *t)
{
    return bytes_done(t);
}

struct tally {
    unsigned open, seeds, unchoked_us;
};

static struct tally tally(const struct torrent *t)
{
    struct tally n = {0};
    LIST_EACH(&t->members, struct member, m, link) {
        if (!session_is_open(m->s))
            continue;
        const struct peer_state *st = session_state(m->s);
        n.open++;
        n.seeds += peer_state_is_seed(st);
        n.unchoked_us += !st->peer_choking;
    }
    return n;
}

static void why_no_piece(const struct torrent *t, uint32_t piece, char *out, size_t cap)
{
    uint32_t seen = t->seen_s[piece];
    uint64_t ago = torrent_now(t) / SEC + 1 - seen;
    if (seen == 0)
        snprintf(out, cap, "no peer has piece %u", piece);
    else if (ago < 60)
        snprintf(out, cap, "no peer has piece %u; last seen %u s ago", piece, (unsigned)ago);
    else
        snprintf(out, cap, "no peer has piece %u; last seen %u min ago", piece,
                 (unsigned)(ago / 60));
}

static void why_not_downloading(const struct torrent *t, char *out, size_t cap)
{
    struct tally n = tally(t);
    uint32_t piece;
    if (t->changed) {
        size_t len = (size_t)snprintf(out, cap, "%s; it is fetched again", t->changed);
        const char *rest = "; it is fetched again";
        if (len >= cap)
            return;
        out += len - strlen(rest) + 2; /* what follows takes the place of "it is fetched again" */
        cap -= len - strlen(rest) + 2;
    }
    if (t->down_rate.per_s > 0)
        return;
    const char *dht = torrent_dht_says(t);
    if (n.open == 0 && web_reason(t, out, cap))
        return;
    if (n.open == 0 && torrent_peers_count(t->peers))
        snprintf(out, cap, "no peer answers");
    else if (n.open == 0)
        snprintf(out, cap, "no peers%s%s", dht ? "; " : "", dht ? dht : "");
    else if (t->picker && picker_nobody_has(t->picker, &piece))
        why_no_piece(t, piece, out, cap);
    else if (n.unchoked_us == 0)
        snprintf(out, cap, "waiting for one of %u peers to let us download", n.open);
}

static void why_no_metadata(const struct torrent *t, char *out, size_t cap)
{
    const char *dht = torrent_dht_says(t);
    bool unknown = t->url_count == 0 && torrent_peers_count(t->peers) == 0;
    snprintf(out, cap, "waiting for metadata");
    if (tally(t).open > 0)
        return;
    snprintf(out, cap, "waiting for metadata: no peers%s%s%s",
             unknown && !t->env->dht ? ", and the link names no tracker" : "", dht ? "; " : "",
             dht ? dht : "");
}

/* Why it stands still; "" when it does not. */
static void reason(const struct torrent *t, char *out, size_t cap)
{
    uint32_t done, total;
    out[0] = '\0';
    switch (torrent_state(t)) {
    case TORRENT_ERROR:
        snprintf(out, cap, "%s", t->error);
        break;
    case TORRENT_PAUSED:
        snprintf(out, cap, "%s", t->blocked ? t->blocked : "paused");
        break;
    case TORRENT_QUEUED:
        snprintf(out, cap, "%s", t->held);
        break;
    case TORRENT_METADATA:
        why_no_metadata(t, out, cap);
        break;
    case TORRENT_CHECKING:
        if (t->opened && t->release_dir && t->note)
            snprintf(out, cap, "%s", t->note);
        else if (t->opened && data_checking(t->data, &done, &total))
            snprintf(out, cap, "%s%schecking: %u of %u pieces", t->changed ? t->changed : "",
                     t->changed ? "; " : "", done, total);
        else
            snprintf(out, cap, "%s",
                     torrent_is_renaming(t) ? "renaming"
                     : t->mover             ? "moving"
                                            : "opening");
        break;
    case TORRENT_DOWNLOADING:
        why_not_downloading(t, out, cap);
        break;
    case TORRENT_SEEDING:
        break;
    }
}

/* The members of a row, one function each: a poll of 2,000 torrents makes only those that it was
 * asked for. */

static json_t *row_id(const struct torrent *t)
{
    return json_string(t->hex);
}

json_t *torrent_hash_v1(const struct torrent *t)
{
    char hex[2 * SHA1_LEN + 1];
    return t->hash.has_v1 ? text(hex_encode(t->hash.v1, SHA1_LEN, hex)) : json_null();
}

json_t *torrent_hash_v2(const struct torrent *t)
{
    char hex[2 * SHA256_LEN + 1];
    return t->hash.has_v2 ? text(hex_encode(t->hash.v2, SHA256_LEN, hex)) : json_null();
}

static json_t *row_name(const struct torrent *t)
{
    return text(torrent_name(t));
}

static json_t *row_state(const struct torrent *t)
{
    return json_string(torrent_state_name(torrent_state(t)));
}

static json_t *row_reason(const struct torrent *t)
{
    char why[300];
    reason(t, why, sizeof why);
    return text(why);
}

static json_t *row_size(const struct torrent *t)
{
    return num(t->mi ? t->mi->payload : 0);
}

static json_t *row_done(const struct torrent *t)
{
    return num(bytes_done(t));
}

static json_t *row_wanted(const struct torrent *t)
{
    uint64_t wanted, done;
    choice_bytes(t, &wanted, &done);
    return num(wanted);
}

uint64_t torrent_left(const struct torrent *t)
{
    uint64_t wanted, done;
    choice_bytes(t, &wanted, &done);
    return wanted - done;
}

static json_t *row_left(const struct torrent *t)
{
    return num(torrent_left(t));
}

static json_t *row_progress(const struct torrent *t)
{
    uint64_t wanted, done;
    choice_bytes(t, &wanted, &done);
    return json_real(wanted ? (double)done / (double)wanted : 0);
}

static json_t *row_up_rate(const struct torrent *t)
{
    return num(t->up_rate.per_s);
}

static json_t *row_down_rate(const struct torrent *t)
{
    return num(t->down_rate.per_s);
}

static json_t *row_uploaded(const struct torrent *t)
{
    return num(t->uploaded);
}

static json_t *row_downloaded(const struct torrent *t)
{
    return num(t->downloaded);
}

static json_t *row_ratio(const struct torrent *t)
{
    return json_real(torrent_ratio(t));
}

static json_t *row_eta(const struct torrent *t)
{
    uint64_t wanted, done;
    choice_bytes(t, &wanted, &done);
    uint64_t left = wanted - done;
    return t->down_rate.per_s && left ? num(left / t->down_rate.per_s) : json_null();
}

static json_t *row_peers(const struct torrent *t)
{
    return num(tally(t).open);
}

static json_t *row_seeds(const struct torrent *t)
{
    return num(tally(t).seeds);
}

static json_t *row_error(const struct torrent *t)
{
    return t->error ? text(t->error) : json_null();
}

static json_t *row_blocked(const struct torrent *t)
{
    return t->blocked ? text(t->blocked) : json_null();
}

static json_t *row_dir(const struct torrent *t)
{
    return text(t->dir);
}

static json_t *row_added(const struct torrent *t)
{
    return when(t->added_us);
}

static json_t *row_magnet(const struct torrent *t)
{
    struct buf magnet = {0};
    torrent_magnet(t, &magnet);
    return buf_text(&magnet);
}

static json_t *row_private(const struct torrent *t)
{
    return json_boolean(t->mi && t->mi->private_);
}

static json_t *row_sequential(const struct torrent *t)
{
    return json_boolean(t->sequential);
}

static const struct torrent_field row_fields[] = {
    {"id", row_id},
    {"infohash_v1", torrent_hash_v1},
    {"infohash_v2", torrent_hash_v2},
    {"name", row_name},
    {"state", row_state},
    {"reason", row_reason},
    {"size", row_size},
    {"done", row_done},
    {"wanted", row_wanted},
    {"left", row_left},
    {"progress", row_progress},
    {"up_rate", row_up_rate},
    {"down_rate", row_down_rate},
    {"uploaded", row_uploaded},
    {"downloaded", row_downloaded},
    {"ratio", row_ratio},
    {"eta_s", row_eta},
    {"peers", row_peers},
    {"seeds", row_seeds},
    {"error", row_error},
    {"blocked", row_blocked},
    {"dir", row_dir},
    {"added", row_added},
    {"magnet", row_magnet},
    {"private", row_private},
    {"sequential", row_sequential},
};

const struct torrent_field *torrent_field(const char *name)
{
    for (size_t i = 0; i < sizeof row_fields / sizeof row_fields[0]; i++)
        if (strcmp(row_fields[i].name, name) == 0)
            return &row_fields[i];
    return torrent_field_more(name);
}

json_t *torrent_field_value(const struct torrent_field *f, const struct torrent *t)
{
    return f->make(t);
}

json_t *torrent_row(const struct torrent *t)
{
    json_t *j = json_object();
    for (size_t i = 0; i < sizeof row_fields / sizeof row_fields[0]; i++)
        json_object_set_new(j, row_fields[i].name, row_fields[i].make(t));
    return j;
}

static json_t *peer_row(const struct member *m)
{
    char at[ADDR_TEXT];
    struct addr addr = session_addr(m->s);
    const struct peer_state *st = session_state(m->s);
    uint32_t count = m->t->mi ? m->t->mi->piece_count : 0;
    uint32_t have = st->all ? count : st->have_count;
    json_t *j = json_object();
    json_object_set_new(j, "addr", json_string(addr_format(&addr, at)));
    json_object_set_new(j, "client", text(session_ext(m->s)->client));
    json_object_set_new(j, "incoming", json_boolean(session_is_incoming(m->s)));
    json_object_set_new(j, "connected", json_boolean(session_is_open(m->s)));
    json_object_set_new(j, "transport",
                        json_string(session_carrier(m->s) == CARRIER_UTP ? "utp" : "tcp"));
    json_object_set_new(j, "encrypted", json_string(session_encrypted(m->s)));
    json_object_set_new(j, "progress", json_real(count ? (double)have / count : 0));
    json_object_set_new(j, "up_rate", num(session_up(m->s)->per_s));
    json_object_set_new(j, "down_rate", num(session_down(m->s)->per_s));
    json_object_set_new(j, "uploaded", num(session_up(m->s)->total));
    json_object_set_new(j, "downloaded", num(session_down(m->s)->total));
    json_object_set_new(j, "we_want", json_boolean(st->am_interested));
    json_object_set_new(j, "we_may", json_boolean(!st->peer_choking));
    json_object_set_new(j, "it_wants", json_boolean(st->peer_interested));
    json_object_set_new(j, "it_may", json_boolean(!st->am_choking));
    json_object_set_new(j, "asked", num(session_owed(m->s)));
    json_object_set_new(j, "suspect", json_boolean(m->entry->suspicion > 0));
    return j;
}

static json_t *peers(const struct torrent *t)
{
    json_t *list = json_array();
    LIST_EACH(&t->members, struct member, m, link) {
        json_array_append_new(list, peer_row(m));
    }
    return list;
}

static json_t *file_rows(const struct torrent *t)
{
    json_t *list = json_array();
    for (size_t i = 0; t->mi && i < t->mi->file_count; i++) {
        const struct mi_file *f = &t->mi->files[i];
        if (f->pad)
            continue;
        json_t *j = json_object();
        json_object_set_new(j, "index", num(i)); /* padding counts */
        json_object_set_new(j, "path", text(f->path));
        json_object_set_new(j, "size", num(f->len));
        json_object_set_new(j, "first_piece", num(f->offset / t->mi->piece_len));
        json_object_set_new(j, "end_piece",
                            num((f->offset + f->len + t->mi->piece_len - 1) / t->mi->piece_len));
        uint64_t done = t->opened ? data_file_done(t->data, i) : 0;
        json_object_set_new(j, "done", num(done));
        json_object_set_new(j, "progress", json_real(f->len ? (double)done / (double)f->len : 1));
        json_object_set_new(j, "wanted", json_boolean(torrent_priority(t, i) != FILE_SKIP));
        json_object_set_new(j, "renamed", json_boolean(f->renamed));
        const char *denied = torrent_priority(t, i) == FILE_SKIP ? choice_denied(t, i) : NULL;
        json_object_set_new(j, "denied", denied ? text(denied) : json_null());
        json_object_set_new(j, "priority", json_string(file_priority_name(torrent_priority(t, i))));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *pieces(const struct torrent *t)
{
    json_t *j = json_object();
    if (!t->mi)
        return j;
    json_object_set_new(j, "count", num(t->mi->piece_count));
    json_object_set_new(j, "size", num(t->mi->piece_len));
    json_object_set_new(j, "have", num(t->opened ? data_have_count(t->data) : 0));
    struct buf bits = {0};
    if (t->opened)
        base64_encode(&bits, data_have(t->data), bits_bytes(t->mi->piece_count));
    json_object_set_new(j, "bitfield", buf_text(&bits));
    return j;
}

/* Whose the torrent is said to be.  One that does not hold is shown, and as what it is. */
static json_t *signers(const struct torrent *t)
{
    json_t *list = json_array();
    for (size_t i = 0; t->mi && i < t->mi->signer_count; i++) {
        const struct signer *s = &t->mi->signers[i];
        const uint8_t *own = t->env->own_key;
        char key[2 * sizeof s->key + 1], peer_id[PEER_ID_TEXT];
        keys_peer_id_of(s->key, peer_id);
        json_t *j = json_object();
        json_object_set_new(j, "key", json_string(hex_encode(s->key, sizeof s->key, key)));
        json_object_set_new(j, "peer_id", json_string(peer_id));
        bool is_own = own && memcmp(own, s->key, sizeof s->key) == 0;
        json_object_set_new(j, "name", is_own ? json_string("this node") : json_null());
        json_object_set_new(j, "valid", json_boolean(s->valid));
        json_array_append_new(list, j);
    }
    return list;
}

/* Files and the torrent's folder that have another name here than the torrent says. */
static unsigned count_renamed(const struct torrent *t)
{
    unsigned n = t->mi && t->mi->multi && t->mi->renamed;
    for (size_t i = 0; t->mi && i < t->mi->file_count; i++)
        n += t->mi->files[i].renamed && !t->mi->files[i].pad;
    return n;
}

/* Of a torrent that has not announced in this run. */
static json_t *idle_trackers(const struct torrent *t)
{
    const struct mi_tracker *urls;
    size_t n = torrent_trackers(t, &urls);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o, s:i, s:s, s:s, s:i, s:i, s:n}", "url",
                                              text(urls[i].url), "tier", (int)urls[i].tier, "state",
                                              "idle", "error", "", "seeders", -1, "leechers", -1,
                                              "next_s"));
    return list;
}

json_t *torrent_show(const struct torrent *t, unsigned parts)
{
    json_t *j = torrent_row(t);
    json_object_set_new(j, "up_limit", num(t->up.rate));
    json_object_set_new(j, "down_limit", num(t->down.rate));
    json_object_set_new(j, "wasted", num(t->wasted));
    json_object_set_new(j, "known_peers", num(torrent_peers_count(t->peers)));
    json_object_set_new(j, "comment", text(t->mi ? t->mi->comment : ""));
    json_object_set_new(j, "created_by", text(t->mi ? t->mi->created_by : ""));
    json_object_set_new(j, "created",
                        t->mi && t->mi->created_s ? when(t->mi->created_s * 1000000) : json_null());
    json_object_set_new(j, "release_dir", t->release_dir ? text(t->release_dir) : json_null());
    json_object_set_new(j, "renamed", num(count_renamed(t)));
    json_object_set_new(j, "signers", signers(t));
    json_object_set_new(j, "link_signer", vouch_json(t));
    if (parts & TORRENT_PEERS)
        json_object_set_new(j, "peer_list", peers(t));
    if (parts & TORRENT_PEERS)
        json_object_set_new(j, "web_seeds", web_status(t));
    if (parts & TORRENT_TRACKERS)
        json_object_set_new(j, "trackers",
                            t->trackers ? trackers_status(t->trackers, torrent_now(t))
                                        : idle_trackers(t));
    if (parts & TORRENT_FILES)
        json_object_set_new(j, "files", file_rows(t));
    if (parts & TORRENT_PIECES)
        json_object_set_new(j, "pieces", pieces(t));
    return j;
}
