/* cli/qr.h - a text as a QR code on a terminal, for the camera of another device.
 *
 * Two modules a character, by half blocks (U+2580, U+2584, U+2588); light is printed, dark is the
 * terminal's background, with the quiet zone that ISO/IEC 18004 wants. */
#ifndef SHOAL_CLI_QR_H
#define SHOAL_CLI_QR_H

#include <stdbool.h>
#include <stdio.h>

/* false: the text is too long for any code, or it would not fit into `columns`; nothing is printed.
 */
bool qr_print(FILE *out, const char *text, unsigned columns);
/* Of the terminal behind out; 80 when nobody says. */
unsigned qr_columns(FILE *out);

#endif
