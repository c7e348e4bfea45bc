/* What is wanted of each torrent and what became of it: its row, its times, and how it is shown. */
#include "files/files_in.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define UNKEPT_MAX_US (5 * 60 * SEC) /* of times that a kill -9 may lose */

/* Rows */

static void restore_care(struct holding *h, const uint8_t *infohash)
{
    struct db_stmt *q = db_prepare(h->f->env.db, "SELECT wishes FROM care WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_step(q, NULL) == DB_ROW) {
        json_t *j = json_loads(db_text(q, 0), 0, NULL);
        care_of_json(&h->tend.care, j);
        json_decref(j);
    }
    db_finish(q);
}

static void account(struct holding *h);

enum err tend_keep(struct holding *h, struct why *why)
{
    account(h);
    json_t *j = care_to_json(&h->tend.care);
    char *text = json_dumps(j, JSON_COMPACT);
    struct db_stmt *q = db_prepare(h->f->env.db, "INSERT INTO care (infohash, wishes)"
                                                 " VALUES (?1, ?2) ON CONFLICT (infohash)"
                                                 " DO UPDATE SET wishes = ?2");
    db_bind_blob(q, 1, torrent_infohash(h->t), SHA1_LEN);
    db_bind_text(q, 2, text);
    free(text);
    json_decref(j);
    enum err e = db_run(q, why);
    if (e == OK) {
        h->tend.unkept = false;
        h->tend.unkept_us = 0;
    }
    return e;
}

void tend_drop(struct files *f, const uint8_t infohash[SHA1_LEN])
{
    struct why why;
    struct db_stmt *q = db_prepare(f->env.db, "DELETE FROM care WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_run(q, &why))
        log_warn(f->env.log, "removing what was wanted of a torrent: %s", why.text);
}

/* Totals */

static const struct {
    const char *name;
    size_t at;
} total_rows[] = {{"up", offsetof(struct files_totals, up)},
                  {"down", offsetof(struct files_totals, down)},
                  {"added", offsetof(struct files_totals, added)},
                  {"sessions", offsetof(struct files_totals, sessions)},
                  {"active_us", offsetof(struct files_totals, active_us)}};
enum { TOTALS = sizeof total_rows / sizeof total_rows[0] };

static uint64_t *total(struct files_totals *t, size_t i)
{
    return (uint64_t *)(void *)((char *)t + total_rows[i].at);
}

static void restore_totals(struct files *f)
{
    struct db_stmt *q = db_prepare(f->env.db, "SELECT name, n FROM total");
    while (db_step(q, NULL) == DB_ROW)
        for (size_t i = 0; i < TOTALS; i++)
            if (strcmp(db_text(q, 0), total_rows[i].name) == 0)
                *total(&f->before, i) = (uint64_t)db_int(q, 1);
    db_finish(q);
    f->now.sessions = 1;
    f->began_us = loop_now_us(f->env.loop);
}

static enum err keep_totals(struct files *f, struct why *why)
{
    enum err e = OK;
    f->now.active_us = loop_now_us(f->env.loop) - f->began_us;
    for (size_t i = 0; i < TOTALS && e == OK; i++) {
        struct db_stmt *q = db_prepare(f->env.db, "INSERT INTO total (name, n) VALUES (?1, ?2)"
                                                  " ON CONFLICT (name) DO UPDATE SET n = ?2");
        db_bind_text(q, 1, total_rows[i].name);
        db_bind_int(q, 2, (int64_t)(*total(&f->before, i) + *total(&f->now, i)));
        e = db_run(q, why);
    }
    return e;
}

static enum err save(struct files *f, bool all, struct why *why)
{
    enum err e = keep_totals(f, why);
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        account(h);
        if (e == OK && (all || h->tend.unkept || h->tend.unkept_us >= UNKEPT_MAX_US))
            e = tend_keep(h, why);
    }
    return e;
}

void tend_save(struct files *f, bool all)
{
    struct why why;
    enum err e = db_begin(f->env.db, &why);
    if (e == OK && (e = save(f, all, &why)) != OK)
        db_rollback(f->env.db);
    if (e == OK)
        e = db_commit(f->env.db, &why);
    if (e)
        log_warn(f->env.log, "keeping times and totals: %s", why.text);
}

/* Times */

/* Adds the time since the last look to what it was doing then. */
static void account(struct holding *h)
{
    struct tended *d = &h->tend;
    uint64_t now = loop_now_us(h->f->env.loop), spent = now - d->was_us;
    d->was_us = now;
    switch (d->was) {
    case TORRENT_METADATA:
    case TORRENT_DOWNLOADING:
        d->care.downloading_us += spent;
        d->unkept_us += spent;
        break;
    case TORRENT_SEEDING:
        d->care.seeding_us += spent;
        d->unkept_us += spent;
        break;
    case TORRENT_CHECKING:
    case TORRENT_QUEUED:
    case TORRENT_PAUSED:
    case TORRENT_ERROR:
        break;
    }
    d->was = torrent_state(h->t);
}

/* Life */

void tend_begin(struct holding *h)
{
    list_init(&h->tend.order);
    list_init(&h->tend.recent);
    list_init(&h->tend.touched);
}

void tend_started(struct holding *h)
{
    struct files *f = h->f;
    uint64_t now = loop_now_us(f->env.loop);
    if (f->restoring)
        restore_care(h, torrent_infohash(h->t));
    else
        f->now.added++;
    h->tend.number = ++f->last_number;
    h->tend.unkept = !f->restoring;
    h->tend.was = torrent_state(h->t);
    h->tend.was_us = h->tend.quiet_us = h->tend.since_us = h->tend.changed_us = now;
    queue_enter(h);
    list_push_front(&f->recent, &h->tend.recent);
    tend_apply(h);
}

void tend_end(struct holding *h)
{
    struct files *f = h->f;
    list_drop(&h->tend.order);
    list_drop(&h->tend.recent);
    list_drop(&h->tend.touched);
    care_done(&h->tend.care);
    if (f)
        f->ranks_stale = true;
}

void tend_changed(struct holding *h, uint64_t up, uint64_t down)
{
    struct files *f = h->f;
    enum torrent_state before = h->tend.was;
    uint64_t now = loop_now_us(f->env.loop);
    f->now.up += up;
    f->now.down += down;
    if (up + down > 0) {
        h->tend.care.active_us = loop_wall_us(f->env.loop);
        h->tend.quiet_us = now;
        h->tend.unkept = true;
    }
    account(h);
    if (h->tend.was != before || h->tend.was == TORRENT_SEEDING)
        queue_touch(h); /* a place is free, or its ratio may be reached */
}

void tend_moved(struct holding *h)
{
    h->tend.changed_us = loop_now_us(h->f->env.loop);
    list_drop(&h->tend.recent);
    list_push_front(&h->f->recent, &h->tend.recent);
}

void tend_finished(struct holding *h)
{
    h->tend.care.done_us = loop_wall_us(h->f->env.loop);
    h->tend.unkept = true;
}

void tend_apply(struct holding *h)
{
    struct files *f = h->f;
    const struct care *c = &h->tend.care;
    bool free_of_node = c->free_of_node || (c->group && group_is_free(f, c->group));
    torrent_set_conns(h->t, c->conns ? (unsigned)c->conns : f->rules.conns);
    torrent_set_share(h->t, group_limit(f, c->group, POLICY_UP),
                      group_limit(f, c->group, POLICY_DOWN), (enum limit_weight)c->weight,
                      free_of_node);
}

/* Settings */

void tend_settings(struct files *f)
{
    const struct conf *conf = f->env.conf;
    struct why why;
    int64_t idle_s = conf_int(conf, "files.idle-limit");
    f->rules = (struct files_rules){
        .places = {[QUEUE_DOWNLOAD] = (size_t)conf_int(conf, "files.download-queue"),
                   [QUEUE_SEED] = (size_t)conf_int(conf, "files.seed-queue")},
        .stalled_us = (uint64_t)conf_int(conf, "files.queue-stalled") * SEC,
        .idle_s = idle_s > 0 ? idle_s : -1,
        .conns = (unsigned)conf_int(conf, "files.torrent-connections"),
        .start = conf_bool(conf, "files.start"),
    };
    if (care_parse_ratio(conf_text(conf, "files.ratio-limit"), &f->rules.ratio, &why)) {
        log_warn(f->env.log, "files.ratio-limit: %s; there is none", why.text);
        f->rules.ratio = -1;
    }
    if (!f->torrents) /* at start */
        return;
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        tend_apply(h);
    }
    queue_soon(f);
}

void tend_restore(struct files *f)
{
    restore_totals(f);
    groups_restore(f);
}

/* How it is shown */

static json_t *moment(int64_t wall_us)
{
    return wall_us > 0 ? json_string(text_rfc3339(wall_us).s) : json_null();
}

static json_t *seconds(int64_t wall_us)
{
    return json_integer(wall_us / 1000000);
}

static json_t *row_number(struct holding *h)
{
    return json_integer(h->tend.number);
}

static json_t *row_rank(struct holding *h)
{
    queue_ranks(h->f);
    return json_integer((json_int_t)h->tend.rank);
}

static json_t *row_labels(struct holding *h)
{
    return h->tend.care.labels ? json_incref(h->tend.care.labels) : json_array();
}

static json_t *row_group(struct holding *h)
{
    return h->tend.care.group ? json_string(h->tend.care.group) : json_null();
}

static json_t *row_weight(struct holding *h)
{
    static const char *const names[] = {"low", "normal", "high"};
    return json_string(names[h->tend.care.weight + 1]);
}

static json_t *row_conns(struct holding *h)
{
    return json_integer(h->tend.care.conns ? h->tend.care.conns : (json_int_t)h->f->rules.conns);
}

static json_t *row_free(struct holding *h)
{
    return json_boolean(h->tend.care.free_of_node);
}

static json_t *mode_name(enum care_mode mode)
{
    static const char *const names[] = {
        [CARE_OF_NODE] = "node", [CARE_OWN] = "own", [CARE_NONE] = "off"};
    return json_string(names[mode]);
}

static json_t *row_ratio_from(struct holding *h)
{
    return mode_name(h->tend.care.ratio_mode);
}

static json_t *row_idle_from(struct holding *h)
{
    return mode_name(h->tend.care.idle_mode);
}

/* In force: its own or the node's. */
static json_t *row_ratio_limit(struct holding *h)
{
    double v = care_ratio_limit(&h->tend.care, h->f->rules.ratio);
    return v < 0 ? json_null() : json_real(v);
}

static json_t *row_idle_limit(struct holding *h)
{
    int64_t v = care_idle_limit_s(&h->tend.care, h->f->rules.idle_s);
    return v < 0 ? json_null() : json_integer(v);
}

/* Its own, in force or not. */
static json_t *row_own_ratio(struct holding *h)
{
    return json_real(h->tend.care.ratio);
}

static json_t *row_own_idle(struct holding *h)
{
    return json_integer(h->tend.care.idle_s);
}

static json_t *row_finished(struct holding *h)
{
    return json_boolean(h->tend.care.finished);
}

static json_t *row_done_at(struct holding *h)
{
    return moment(h->tend.care.done_us);
}

static json_t *row_active_at(struct holding *h)
{
    return moment(h->tend.care.active_us);
}

static json_t *row_downloading(struct holding *h)
{
    account(h);
    return json_integer((json_int_t)(h->tend.care.downloading_us / SEC));
}

static json_t *row_seeding(struct holding *h)
{
    account(h);
    return json_integer((json_int_t)(h->tend.care.seeding_us / SEC));
}

static json_t *row_stalled(struct holding *h)
{
    uint64_t after = h->f->rules.stalled_us, now = loop_now_us(h->f->env.loop);
    return json_boolean(after > 0 && h->tend.running && now - h->tend.quiet_us >= after);
}

static json_t *row_idle_for(struct holding *h)
{
    uint64_t now = loop_now_us(h->f->env.loop);
    return h->tend.running ? json_integer((json_int_t)((now - h->tend.quiet_us) / SEC))
                           : json_null();
}

static json_t *row_added_s(struct holding *h)
{
    return seconds(torrent_added_us(h->t));
}

static json_t *row_done_s(struct holding *h)
{
    return seconds(h->tend.care.done_us);
}

static json_t *row_active_s(struct holding *h)
{
    return seconds(h->tend.care.active_us);
}

static json_t *row_edited_s(struct holding *h)
{
    return seconds(h->tend.care.edited_us);
}

/* When it began to run, in this run; 0: it does not. */
static json_t *row_started_s(struct holding *h)
{
    struct loop *loop = h->f->env.loop;
    if (!h->tend.running)
        return json_integer(0);
    return seconds(loop_wall_us(loop) - (int64_t)(loop_now_us(loop) - h->tend.since_us));
}

struct files_field {
    const char *name;
    json_t *(*make)(struct holding *h); /* NULL: of the torrent */
    bool in_row;                        /* else only for who asks by name */
};

static const struct files_field care_fields[] = {
    {"queue", row_rank, true},
    {"labels", row_labels, true},
    {"group", row_group, true},
    {"weight", row_weight, true},
    {"peer_limit", row_conns, true},
    {"free_of_node", row_free, true},
    {"ratio_limit", row_ratio_limit, true},
    {"ratio_limit_from", row_ratio_from, true},
    {"idle_limit_s", row_idle_limit, true},
    {"idle_limit_from", row_idle_from, true},
    {"finished", row_finished, true},
    {"done_at", row_done_at, true},
    {"active_at", row_active_at, true},
    {"downloading_s", row_downloading, true},
    {"seeding_s", row_seeding, true},
    {"number", row_number, false},
    {"own_ratio_limit", row_own_ratio, false},
    {"own_idle_limit_s", row_own_idle, false},
    {"stalled", row_stalled, false},
    {"idle_for_s", row_idle_for, false},
    {"added_s", row_added_s, false},
    {"done_s", row_done_s, false},
    {"active_s", row_active_s, false},
    {"edited_s", row_edited_s, false},
    {"started_s", row_started_s, false},
};
enum { CARE_FIELDS = sizeof care_fields / sizeof care_fields[0] };

const struct files_field *files_field(const char *name)
{
    for (size_t i = 0; i < CARE_FIELDS; i++)
        if (strcmp(care_fields[i].name, name) == 0)
            return &care_fields[i];
    return NULL;
}

json_t *files_field_value(const struct files_field *field, struct holding *h)
{
    return field->make(h);
}

json_t *files_row_more(json_t *row, struct holding *h)
{
    for (size_t i = 0; i < CARE_FIELDS; i++)
        if (care_fields[i].in_row)
            json_object_set_new(row, care_fields[i].name, care_fields[i].make(h));
    return row;
}

json_t *files_row(struct holding *h)
{
    return files_row_more(torrent_row(h->t), h);
}
