#include "cli/qr.h"

#include <qrencode.h>
#include <sys/ioctl.h>

enum { QUIET = 2 /* modules; the standard says 4, cameras are content with 2 */ };

static bool is_dark(const QRcode *qr, int x, int y)
{
    if (x < 0 || y < 0 || x >= qr->width || y >= qr->width)
        return false;
    return qr->data[y * qr->width + x] & 1;
}

static void print_line(FILE *out, const QRcode *qr, int y)
{
    static const char *const halves[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    for (int x = -QUIET; x < qr->width + QUIET; x++)
        fputs(halves[!is_dark(qr, x, y)][!is_dark(qr, x, y + 1)], out);
    fputc('\n', out);
}

bool qr_print(FILE *out, const char *text, unsigned columns)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    bool fits = qr && (unsigned)(qr->width + 2 * QUIET) <= columns;
    for (int y = -QUIET; fits && y < qr->width + QUIET; y += 2)
        print_line(out, qr, y);
    QRcode_free(qr);
    return fits;
}

unsigned qr_columns(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}
