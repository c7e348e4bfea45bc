/* core/bus.h - what happened, told to whoever listens: the event stream, the log, other apps.
 *
 * An event has a type ("file.progress"), the id of the thing it is about and a JSON object.  State
 * events (BUS_STATE) describe the whole thing as it is now: a listener that is slow may be given
 * only the last one per id.  Others (BUS_ONCE) happened once and are all delivered.  The bus keeps
 * the last BUS_KEEP events with their numbers, so that a listener may resume. */
#ifndef SHOAL_CORE_BUS_H
#define SHOAL_CORE_BUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUS_KEEP = 1024 };
enum bus_kind { BUS_STATE, BUS_ONCE };

struct bus_event {
    uint64_t seq; /* from 1, never reused within a run */
    enum bus_kind kind;
    const char *type, *id;
    json_t *data; /* borrowed */
};

struct bus;
struct bus_sub;
typedef void bus_cb(void *arg, const struct bus_event *ev);

/* Freed after its subscribers. */
struct bus *bus_new(void);
void bus_free(struct bus *b);

/* Takes data. */
void bus_post(struct bus *b, enum bus_kind kind, const char *type, const char *id, json_t *data);

/* type_prefix: "file." or "" for all.  Called from inside bus_post; may drop itself. */
struct bus_sub *bus_subscribe(struct bus *b, const char *type_prefix, bus_cb *cb, void *arg);
void bus_unsubscribe(struct bus_sub *s); /* NULL: nothing */

/* Events after `seq` that are still kept, oldest first; false when some are gone already. */
bool bus_replay(struct bus *b, uint64_t seq, bus_cb *cb, void *arg);
uint64_t bus_last(const struct bus *b);

#endif
