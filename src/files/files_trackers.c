/* Which trackers a torrent has, when a person says so. */
#include "files/files_in.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* A list as it is read: a URL a line, an empty line between tiers (BEP 12, as Transmission and
 * others write it). */
struct tracker_list {
    struct mi_tracker at[MI_TRACKERS_MAX];
    size_t n;
    unsigned tier;
    bool fresh; /* the next URL begins a tier */
};

static bool has_url(const struct tracker_list *l, const char *url)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].url, url) == 0)
            return true;
    return false;
}

static enum err check_url(const char *url, struct why *why)
{
    static const char *const schemes[] = {"http://", "https://", "udp://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0 && url[strlen(schemes[i])] &&
            strlen(url) <= FILES_TRACKER_MAX && !strpbrk(url, " \t"))
            return OK;
    return why_set(why, ERR_INVALID, "%.100s is no address of a tracker (http, https or udp)", url);
}

/* url: lives as long as the list. */
static enum err add_url(struct tracker_list *l, const char *url, struct why *why)
{
    if (has_url(l, url))
        return OK;
    if (l->n == MI_TRACKERS_MAX)
        return why_set(why, ERR_LIMIT, "more than %d trackers", (int)MI_TRACKERS_MAX);
    l->tier += l->fresh && l->n > 0;
    l->fresh = false;
    l->at[l->n++] = (struct mi_tracker){url, l->tier};
    return OK;
}

/* text is taken apart. */
static enum err read_list(struct tracker_list *l, char *text, struct why *why)
{
    enum err e = OK;
    while (text && e == OK) {
        char *line = strsep(&text, "\n");
        line[strcspn(line, "\r")] = '\0';
        line += strspn(line, " \t");
        if (*line && (e = check_url(line, why)) == OK)
            e = add_url(l, line, why);
        l->fresh = l->fresh || !*line;
    }
    return e;
}

static bool is_among(json_t *list, const char *url)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), url) == 0)
            return true;
    return false;
}

static enum err edit(struct tracker_list *l, const struct torrent *t, struct call *c,
                     struct why *why)
{
    const struct mi_tracker *now;
    size_t n = torrent_trackers(t, &now);
    enum err e = OK;
    for (size_t i = 0; i < n && e == OK; i++) {
        l->fresh = i > 0 && now[i].tier != now[i - 1].tier ? true : l->fresh;
        if (!is_among(call_array(c, "rm"), now[i].url))
            e = add_url(l, now[i].url, why);
    }
    json_t *more = call_array(c, "add");
    for (size_t i = 0; i < json_array_size(more) && e == OK; i++) {
        const char *url = json_string_value(json_array_get(more, i));
        l->fresh = true;
        if ((e = check_url(url, why)) == OK)
            e = add_url(l, url, why);
    }
    return e;
}

/* The .torrent is written anew, and only then it is answered. */
struct editing {
    struct files *f;
    struct call *call;
    uint8_t infohash[SHA1_LEN];
};

static void on_kept(void *arg, const struct why *why)
{
    struct editing *e = arg;
    struct holding *h = files_find(e->f, e->infohash);
    if (why->code)
        call_fail(e->call, "file.not_kept", why, "it holds for this run; see shoal log");
    else if (h)
        answer_kept(h, e->call);
    else
        call_failf(e->call, "file.not_found", ERR_NOT_FOUND, NULL, "it was removed meanwhile");
    free(e);
}

static void apply(struct holding *h, struct call *c, const struct tracker_list *l)
{
    /* The URLs may lie in what is replaced. */
    struct mi_tracker *copy = mem_array(l->n, sizeof *copy);
    for (size_t i = 0; i < l->n; i++)
        copy[i] = (struct mi_tracker){mem_strdup(l->at[i].url), l->at[i].tier};
    torrent_set_trackers(h->t, copy, l->n);
    for (size_t i = 0; i < l->n; i++)
        free((char *)(uintptr_t)copy[i].url);
    free(copy);
    h->tend.care.edited_us = loop_wall_us(h->f->env.loop);
    h->tend.unkept = true;
    if (!torrent_metainfo(h->t)) {
        answer_kept(h, c);
        return;
    }
    struct editing *e = MEM_NEW(struct editing);
    *e = (struct editing){.f = h->f, .call = c};
    memcpy(e->infohash, torrent_infohash(h->t), SHA1_LEN);
    keep_torrent(h, on_kept, e);
}

void file_tracker(void *app, struct call *c)
{
    struct why why;
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    struct tracker_list *l = MEM_NEW(struct tracker_list);
    char *text = mem_strdup(call_text(c, "list"));
    enum err e = text ? read_list(l, text, &why) : edit(l, h->t, c, &why);
    if (e)
        call_fail(c, "file.bad_tracker", &why, "shoal file show --trackers tells what it has");
    else
        apply(h, c, l);
    free(text);
    free(l);
}
