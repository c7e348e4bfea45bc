#include "cli/progress.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 24, NAME = 28, WIDTH_DEFAULT = 80 };

static size_t terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20)
        return w.ws_col;
    return WIDTH_DEFAULT;
}

static void put_bar(struct buf *out, uint64_t done, uint64_t total)
{
    double part = total ? (double)done / (double)total : 0;
    unsigned full = (unsigned)(part * BAR);
    buf_u8(out, '[');
    for (unsigned i = 0; i < BAR; i++)
        buf_u8(out, i < full ? '#' : '.');
    buf_printf(out, "] %5.1f%%", part * 100);
}

/* Characters, not bytes; a cut line never ends inside one. */
static void put_cut(struct buf *out, const char *text, size_t chars)
{
    for (; *text && chars > 0; chars--)
        do
            buf_u8(out, (uint8_t)*text++);
        while (((unsigned char)*text & 0xc0) == 0x80);
}

void progress_draw(bool talk, const struct progress *p)
{
    if (!talk)
        return;
    struct buf line = {0}, name = {0};
    utf8_escape(&name, p->what, strlen(p->what));
    char *what = buf_take_str(&name);
    put_cut(&line, what, NAME);
    buf_u8(&line, ' ');
    if (p->total) {
        put_bar(&line, p->done, p->total);
        buf_printf(&line, " of %s", text_bytes(p->total).s);
    }
    if (p->rate > 0)
        buf_printf(&line, "  %s", text_rate(p->rate).s);
    if (p->eta_s >= 0)
        buf_printf(&line, "  %s left", text_duration((uint64_t)p->eta_s).s);
    if (*p->extra)
        buf_printf(&line, "  %s", p->extra);
    if (*p->reason && p->rate == 0)
        buf_printf(&line, "  (%s)", p->reason);
    char *text = buf_take_str(&line);
    struct buf cut = {0};
    put_cut(&cut, text, terminal_width() - 1);
    fprintf(stderr, "\r\033[K%.*s", (int)buf_len(&cut), (const char *)buf_bytes(&cut));
    fflush(stderr);
    buf_done(&cut);
    free(text);
    free(what);
}

void progress_end(bool talk)
{
    if (talk)
        fprintf(stderr, "\r\033[K");
}
