/* From hand to hand: what files/hand is told of the app, and its methods. */
#include "files/files_in.h"

static uint64_t stored(void *arg)
{
    return queue_stored(arg);
}

static const char *dir(void *arg)
{
    return ((struct files *)arg)->download_dir;
}

static const char *scanner(void *arg)
{
    return ((struct files *)arg)->scan_socket;
}

static const char *denied(void *arg, const char *path)
{
    return unwanted_denied(((struct files *)arg)->unwanted, path);
}

static uint64_t stands_us(void *arg)
{
    return (uint64_t)conf_int(((struct files *)arg)->env.conf, "files.code-time") * SEC;
}

enum err hands_begin(struct files *f, struct why *why)
{
    struct hands_cfg cfg = {.env = &f->env,
                            .stored = stored,
                            .dir = dir,
                            .scanner = scanner,
                            .denied = denied,
                            .stands_us = stands_us,
                            .arg = f};
    if (!f->env.host)
        return OK;
    f->hands = hands_new(&cfg, why);
    return f->hands ? OK : why->code;
}

void file_send(void *app, struct call *c)
{
    hands_send(((struct files *)app)->hands, c);
}

void file_receive(void *app, struct call *c)
{
    hands_receive(((struct files *)app)->hands, c);
}

void file_transfer_ls(void *app, struct call *c)
{
    hands_ls(((struct files *)app)->hands, c);
}

void file_transfer_show(void *app, struct call *c)
{
    hands_show(((struct files *)app)->hands, c);
}

void file_transfer_accept(void *app, struct call *c)
{
    hands_accept(((struct files *)app)->hands, c);
}

void file_transfer_cancel(void *app, struct call *c)
{
    hands_cancel(((struct files *)app)->hands, c);
}

const struct param hands_send_params[] = {{.name = "path",
                                           .type = PARAM_PATH,
                                           .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
                                           .help = "The file or folder, where it lies"},
                                          {0}};

const struct param hands_receive_params[] = {
    {.name = "code",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "As it was told: 4-tulip-anchor; a word's beginning will do"},
    {.name = "to", .type = PARAM_PATH, .unit = "DIR", .help = "The folder it goes to"},
    {.name = "from",
     .type = PARAM_TEXT,
     .unit = "PEER",
     .max = 128,
     .help = "Ask this peer alone: its name, or its id"},
    {.name = "accept",
     .type = PARAM_BOOL,
     .flags = PARAM_HIDDEN,
     .help = "Take it, whatever it is (the command line: --yes)"},
    {0}};

const struct param hands_id_params[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "Its id as `file transfer ls` shows it, or the code of what is sent"},
    {0}};

const struct column hands_columns[] = {{"id", "ID", "text"},
                                       {"direction", "WAY", "text"},
                                       {"name", "NAME", "text"},
                                       {"size", "SIZE", "bytes"},
                                       {"done", "DONE", "bytes"},
                                       {"state", "STATE", "text"},
                                       {"code", "CODE", "text"},
                                       {"rate", "RATE", "rate"},
                                       {"eta_s", "LEFT", "duration"},
                                       {"reason", "WHY", "text"},
                                       {0}};
