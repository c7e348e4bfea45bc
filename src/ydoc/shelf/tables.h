/* ydoc/shelf/tables.h - where documents lie in the app's database.
 *
 * A change is written once and moved once: `doc_log` first, then, in one transaction, its content
 * into `doc_state` and its story into `doc_revision`.  What says "which came first" is a number
 * that only grows (`changed`, `seq`), for clocks jump. */
#ifndef SHOAL_YDOC_SHELF_TABLES_H
#define SHOAL_YDOC_SHELF_TABLES_H

/* One entry of an array of struct migration.  Other tables of the app may refer to doc (key): what
 * has ON DELETE CASCADE goes with the document. */
#define SHELF_MIGRATION                                                                            \
    {                                                                                              \
        "documents",                                                                               \
            "CREATE TABLE doc ("                                                                   \
            " id INTEGER PRIMARY KEY,"                                                             \
            " key BLOB NOT NULL UNIQUE," /* its public key */                                      \
            " title TEXT NOT NULL,"                                                                \
            " author TEXT NOT NULL DEFAULT ''," /* of the last change */                           \
            " created_us INTEGER NOT NULL,"     /* since 1970 */                                   \
            " changed_us INTEGER NOT NULL,"                                                        \
            " changed INTEGER NOT NULL,"        /* the last number that it was given */            \
            " told INTEGER NOT NULL DEFAULT 0," /* up to here doc_revision has its log */          \
            " state_bytes INTEGER NOT NULL DEFAULT 0,"                                             \
            " log_bytes INTEGER NOT NULL DEFAULT 0"                                                \
            ");"                                                                                   \
            "CREATE INDEX doc_changed ON doc (changed);"                                           \
            "CREATE TABLE doc_state ("                                                             \
            " doc INTEGER PRIMARY KEY REFERENCES doc (id) ON DELETE CASCADE,"                      \
            " format INTEGER NOT NULL," /* of the update: 1 or 2 */                                \
            " sum INTEGER NOT NULL,"    /* shelf_sum() of the bytes, for disks rot silently */     \
            " bytes BLOB NOT NULL"                                                                 \
            ");"                                                                                   \
            "CREATE TABLE doc_writer (" /* peer ids are longer than most updates */                \
            " id INTEGER PRIMARY KEY,"                                                             \
            " name TEXT NOT NULL UNIQUE"                                                           \
            ");"                                                                                   \
            "CREATE TABLE doc_log ("                                                               \
            " doc INTEGER NOT NULL REFERENCES doc (id) ON DELETE CASCADE,"                         \
            " seq INTEGER NOT NULL,"                                                               \
            " at_us INTEGER NOT NULL,"                                                             \
            " writer INTEGER NOT NULL REFERENCES doc_writer (id),"                                 \
            " sum INTEGER NOT NULL,"                                                               \
            " bytes BLOB NOT NULL," /* an update of format 1 */                                    \
            " PRIMARY KEY (doc, seq)"                                                              \
            ") WITHOUT ROWID;"                                                                     \
            "CREATE TABLE doc_revision ("                                                          \
            " doc INTEGER NOT NULL REFERENCES doc (id) ON DELETE CASCADE,"                         \
            " number INTEGER NOT NULL,"                                                            \
            " began_us INTEGER NOT NULL,"                                                          \
            " at_us INTEGER NOT NULL," /* of its last edit, as is the writer */                    \
            " writer INTEGER NOT NULL REFERENCES doc_writer (id),"                                 \
            " text_bytes INTEGER,"                /* NULL: not counted yet */                      \
            " closed INTEGER NOT NULL DEFAULT 0," /* 1: what comes begins another */               \
            " format INTEGER NOT NULL,"                                                            \
            " sum INTEGER NOT NULL,"                                                               \
            " bytes BLOB NOT NULL," /* what came since the one before */                           \
            " PRIMARY KEY (doc, number)"                                                           \
            ")"                                                                                    \
    }

#endif
