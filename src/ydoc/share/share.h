/* ydoc/share/share.h - whose document it is, and how its members' nodes keep each other up to date.
 *
 * A document is a key pair.  Whoever holds its secret, its owner, signs the roster: who the members
 * are, what each may do, and the key of this epoch, sealed to each of them.  Who is taken off the
 * roster reads nothing that is written afterwards, for then there is a new key.
 *
 * Members that reach each other hold a stream of DOC_PROTOCOL while one of them edits, on which
 * y-protocols go unchanged after a greeting that carries the newer roster; who is not on it is
 * shown out.  What is typed here goes to the topic of the document too, sealed with the epoch's
 * key, while somebody has no stream.  Updates count that come from a member who may write: on a
 * stream the peer itself (its handshake proved who it is), in a topic who signed the message.
 *
 * Formats: doc/DESIGN-documents.md, "On the wire". */
#ifndef SHOAL_YDOC_SHARE_SHARE_H
#define SHOAL_YDOC_SHARE_SHARE_H

#include "host/host.h"
#include "ydoc/room/room.h"

#define DOC_PROTOCOL "/shoal/doc/1"
#define SHARE_INVITE_US (7 * 86400 * SEC) /* a link opens the door for so long */
enum {
    SHARE_MEMBERS_MAX = 256,
    SHARE_INVITES_MAX = 32, /* of one document at once */
    SHARE_STREAMS_MAX = 32, /* of one document */
    SHARE_LINK_MAX = 2048,  /* bytes of text */
    SHARE_MESSAGE_MAX = 16 * 1024 * 1024,
    SHARE_HELD_MAX = 128, /* documents in memory because members are told of them */
};

enum doc_role { DOC_READER, DOC_WRITER, DOC_OWNER };

struct share_member {
    struct peer_id peer;
    enum doc_role role;
    char name[64];   /* as the peer calls itself, or as our book does; may be "" */
    bool connected;  /* a stream is there */
    int64_t seen_us; /* wall clock; 0: never */
};

struct share;
struct share_cfg {
    const struct app_env *env; /* outlives it */
    struct shelf *shelf;
    struct rooms *rooms;
};
/* NULL: the database says no.  Documents are shared from now on, where env->host is there. */
struct share *share_new(const struct share_cfg *cfg, struct why *why);
void share_free(struct share *s); /* NULL: nothing */

/* A new document of ours: its key pair, its shelf, its roster with us alone. */
MUST_CHECK enum err share_create(struct share *s, const char *title, struct doc_id *id,
                                 struct why *why);
/* We hold it no more, shelf and all, and tell nobody. */
MUST_CHECK enum err share_forget(struct share *s, const struct doc_id *id, struct why *why);

/* What we may do with it. */
enum doc_role share_role(struct share *s, const struct doc_id *id);
size_t share_members(struct share *s, const struct doc_id *id,
                     struct share_member **out); /* free */

/* Owner only, else ERR_DENIED.  A link by which whoever has it becomes a member while it is good;
 * with `peer`, that one is a member at once, and the link opens to no other. */
MUST_CHECK enum err share_invite(struct share *s, const struct doc_id *id,
                                 const struct peer_id *peer, enum doc_role role, struct buf *link,
                                 struct why *why);
/* Off the roster, and the key changed; links that it may know are void.  A peer that is no member:
 * ERR_NOT_FOUND. */
MUST_CHECK enum err share_remove(struct share *s, const struct doc_id *id,
                                 const struct peer_id *peer, struct why *why);
/* All links are void. */
MUST_CHECK enum err share_close_door(struct share *s, const struct doc_id *id, struct why *why);

/* Join by a link: the document is there, with what its owner had, when cb comes with an id.  Asked
 * again while the owner is away, for SHARE_JOIN_US; then ERR_TIMEOUT, and asking goes on behind the
 * caller's back until the link is no good any more. */
#define SHARE_JOIN_US (30 * SEC)
struct share_join;
typedef void share_join_cb(void *arg, const struct doc_id *id, const struct why *why);
struct share_join *share_join(struct share *s, const char *link, share_join_cb *cb, void *arg,
                              struct why *why); /* NULL: not a link of ours */
void share_join_cancel(struct share_join *j);   /* cb does not come; NULL: nothing */

#endif
