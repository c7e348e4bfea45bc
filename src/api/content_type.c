#include "api/content_type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *ending, *type;
} types[] = {
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"mkv", "video/x-matroska"},
    {"webm", "video/webm"},
    {"avi", "video/x-msvideo"},
    {"mov", "video/quicktime"},
    {"mpg", "video/mpeg"},
    {"mpeg", "video/mpeg"},
    {"ts", "video/mp2t"},
    {"m2ts", "video/mp2t"},
    {"ogv", "video/ogg"},
    {"wmv", "video/x-ms-wmv"},
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"flac", "audio/flac"},
    {"ogg", "audio/ogg"},
    {"oga", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"wav", "audio/wav"},
    {"aac", "audio/aac"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"txt", "text/plain; charset=utf-8"},
    {"nfo", "text/plain"},
    {"srt", "text/plain; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
};

struct content_type content_type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot + 1, types[i].ending) == 0)
            return (struct content_type){types[i].type, true};
    return (struct content_type){"application/octet-stream", false};
}
