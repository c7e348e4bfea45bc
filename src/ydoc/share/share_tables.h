/* ydoc/share/share_tables.h - what of the sharing of documents lies in the app's database. */
#ifndef SHOAL_YDOC_SHARE_SHARE_TABLES_H
#define SHOAL_YDOC_SHARE_SHARE_TABLES_H

/* One entry of an array of struct migration, behind SHELF_MIGRATION.  A document's key of the epoch
 * is not kept: it is in the roster, sealed to us. */
#define SHARE_MIGRATION                                                                            \
    {                                                                                              \
        "who the members of documents are",                                                        \
            "CREATE TABLE share_doc ("                                                             \
            " doc BLOB PRIMARY KEY REFERENCES doc (key) ON DELETE CASCADE,"                        \
            " seed BLOB,"            /* of its key, sealed to our peer key; NULL: not ours */      \
            " roster BLOB NOT NULL," /* signed */                                                  \
            " shown_out INTEGER NOT NULL DEFAULT 0" /* its owner said that we are no member */     \
            ") WITHOUT ROWID;"                                                                     \
            "CREATE TABLE share_invite ("                                                          \
            " hash BLOB PRIMARY KEY," /* SHA-256 of the token */                                   \
            " doc BLOB NOT NULL REFERENCES doc (key) ON DELETE CASCADE,"                           \
            " role INTEGER NOT NULL,"                                                              \
            " peer BLOB," /* the only one it opens to; NULL: anybody */                            \
            " until_us INTEGER NOT NULL"                                                           \
            ") WITHOUT ROWID;"                                                                     \
            "CREATE INDEX share_invite_doc ON share_invite (doc);"                                 \
            "CREATE TABLE share_join (" /* we asked, and were not let in yet */                    \
            " doc BLOB PRIMARY KEY,"                                                               \
            " link TEXT NOT NULL,"                                                                 \
            " until_us INTEGER NOT NULL"                                                           \
            ") WITHOUT ROWID;"                                                                     \
            "CREATE TABLE share_peer ("                                                            \
            " peer BLOB PRIMARY KEY,"                                                              \
            " seen_us INTEGER NOT NULL"                                                            \
            ") WITHOUT ROWID;"                                                                     \
            "CREATE TABLE share_place ("                                                           \
            " peer BLOB NOT NULL,"                                                                 \
            " at BLOB NOT NULL," /* a multiaddr */                                                 \
            " PRIMARY KEY (peer, at)"                                                              \
            ") WITHOUT ROWID"                                                                      \
    }

#endif
