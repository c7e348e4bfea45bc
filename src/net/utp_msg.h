/* net/utp_msg.h - the bytes of uTP (BEP 29, "header format").  Pure.
 *
 * A packet is a header of 20 bytes, a chain of extensions, and the payload.  The one extension that
 * is read is the selective acknowledgement; others are passed over, UTP_EXTENSIONS_MAX at most. */
#ifndef SHOAL_NET_UTP_MSG_H
#define SHOAL_NET_UTP_MSG_H

#include "base/cur.h"
#include "base/err.h"

enum {
    UTP_HEADER = 20,
    UTP_SACK_MAX = 252,     /* bytes of mask: "multiples of 4", and its length is one byte */
    UTP_EXTENSIONS_MAX = 8, /* in one packet */
};

enum utp_type { UTP_DATA, UTP_FIN, UTP_STATE, UTP_RESET, UTP_SYN };

struct utp_packet {
    enum utp_type type;
    uint16_t id;
    uint32_t sent_us;  /* the sender's clock */
    uint32_t delay_us; /* how much later than ours its last one came, by its clock; 0: no idea */
    uint32_t window;   /* bytes that the sender of this has room for */
    uint16_t seq, ack;
    struct cur sack; /* n 0: none; bit i is packet ack + 2 + i, lowest bit of a byte first */
    struct cur body;
};

/* Could it be uTP at all?  (A version and a type; a DHT message begins with 'd'.) */
bool utp_is_packet(struct cur c);

/* ERR_INVALID: another version or type, cut short, an empty mask, a DATA
 * without payload.  ERR_LIMIT: too many extensions. */
MUST_CHECK enum err utp_read(struct cur c, struct utp_packet *out, struct why *why);

/* Is packet ack + 2 + i told to be there?  false past the end. */
bool utp_sacked(const struct utp_packet *p, size_t i);

/* The header; has_sack: the first extension is a mask, which follows. */
void utp_write(uint8_t out[UTP_HEADER], const struct utp_packet *p, bool has_sack);
/* The mask as an extension, the last of its chain: 2 + n bytes; n: as UTP_SACK_MAX, times 4. */
void utp_write_sack(uint8_t *out, const uint8_t *mask, size_t n);

#endif
