/* net/tun_msg.h - what shoald and its helper shoal-tun say to each other over a SOCK_SEQPACKET
 * pair: messages of one size, between two programs of one machine that were built together.
 *
 *     shoald -> helper   struct tun_ask      make the interface
 *     helper -> shoald   struct tun_answer   and, where it is made, its descriptor (SCM_RIGHTS)
 *
 * The helper keeps nothing of it: the interface goes when shoald closes the descriptor. */
#ifndef SHOAL_NET_TUN_MSG_H
#define SHOAL_NET_TUN_MSG_H

#include <stdint.h>

enum { TUN_MSG_VERSION = 1 };
#define TUN_MSG_MAGIC UINT32_C(0x53485431) /* "SHT1" */
#define TUN_DEVICE "/dev/net/tun"
#define TUN_INTERFACE "shoal0" /* one a network namespace: two would have one route */

/* What failed, in the order of what is done. */
enum tun_step { TUN_DONE, TUN_OPEN, TUN_CREATE, TUN_ADDRESS, TUN_UP };

struct tun_ask {
    uint32_t magic;
    uint32_t version;
    uint32_t number; /* comes back in the answer */
    uint8_t ip[16];  /* of Shoal's prefix, or it is refused */
};

struct tun_answer {
    uint32_t magic;
    uint32_t number;
    uint32_t step; /* enum tun_step; TUN_DONE: a descriptor comes with this */
    int32_t error; /* errno of the step */
    char name[16]; /* of the interface */
};

#endif
