#include "base/log.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 }; /* a longer line is cut */

struct log {
    const struct log *parent; /* NULL: a root */
    char *prefix;
    enum log_level level; /* roots only */
    log_sink *sink;
    void *arg;
};

static const char *const level_name[] = {"debug", "info", "warn", "error", "none"};

struct log *log_new(enum log_level level, log_sink *sink, void *arg)
{
    struct log *log = MEM_NEW(struct log);
    *log = (struct log){.level = level, .sink = sink, .arg = arg};
    return log;
}

struct log *log_child(const struct log *parent, const char *fmt, ...)
{
    char prefix[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, args);
    va_end(args);
    struct log *log = MEM_NEW(struct log);
    log->parent = parent;
    log->prefix = mem_strdup(prefix);
    return log;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    free(log->prefix);
    free(log);
}

void log_set_level(struct log *root, enum log_level level)
{
    root->level = level;
}

enum log_level log_level_of(const char *name)
{
    for (enum log_level l = LOG_DEBUG; l < LOG_NONE; l++)
        if (!strcmp(level_name[l], name))
            return l;
    return LOG_NONE;
}

const char *log_level_name(enum log_level level)
{
    return level_name[level];
}

static void put_prefix(struct buf *b, const struct log *log)
{
    if (!log->parent)
        return;
    put_prefix(b, log->parent);
    buf_str(b, log->prefix);
    buf_str(b, ": ");
}

static void write_line(const struct log *log, enum log_level level, const char *fmt, va_list args)
{
    if (!log)
        return;
    const struct log *root = log;
    while (root->parent)
        root = root->parent;
    if (!root->sink || level < root->level) /* no sink: a child of NULL, as silent as that */
        return;
    char text[LINE_BYTES];
    vsnprintf(text, sizeof text, fmt, args);
    struct buf raw = {0}, line = {0};
    put_prefix(&raw, log);
    buf_str(&raw, text);
    utf8_escape(&line, buf_bytes(&raw), buf_len(&raw));
    buf_u8(&line, '\0');
    root->sink(root->arg, level, (const char *)buf_bytes(&line));
    buf_done(&raw);
    buf_done(&line);
}

#define LOG_AT(name, level)                                                                        \
    void log_##name(const struct log *log, const char *fmt, ...)                                   \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        write_line(log, level, fmt, args);                                                         \
        va_end(args);                                                                              \
    }
LOG_AT(debug, LOG_DEBUG)
LOG_AT(info, LOG_INFO)
LOG_AT(warn, LOG_WARN)
LOG_AT(error, LOG_ERROR)
