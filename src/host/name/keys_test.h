/* host/name/keys_test.h - keys, ids and signatures of other implementations: the keys of
 * libp2p/specs peer-ids/peer-ids.md, "Test vectors"; their ids and the signatures of KEY_SIGNED are
 * what js-libp2p (@libp2p/crypto 5) makes of them, and, of the ECDSA key, which it does not know,
 * Python's cryptography. */
#ifndef SHOAL_HOST_NAME_KEYS_TEST_H
#define SHOAL_HOST_NAME_KEYS_TEST_H

#include "host/name/pubkey.h"

#define KEY_SIGNED "every key signs this"

static const struct key_vector {
    enum pubkey_type type;
    const char *key, *id, *id_hex, *sig; /* the message of the key, in hex; base58; hex; hex */
} key_vectors[] = {
    {PUBKEY_ED25519, "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
     "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
     "0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
     "39370584e15da135e002aba9355a18a85de596f4ddaee5563311bd0333983d7418dd8d688b63ab8b"
     "c698bbf65dc631659002cdee709ceab28b84242775a54708"},
    {PUBKEY_SECP256K1, "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
     "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY",
     "002508021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
     "30450221009c4a659262618aa2bef46fd4797c6cfd823296cc13cea479a720761f5c09ea9202207c"
     "56a1eb5aaf77bce5cea8315670ac5a4cf5f2b4617ba111ddcaddbc8094b5fa"},
    {PUBKEY_ECDSA,
     "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5"
     "d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47"
     "c646a597fb4dcec034e9f77c409e62",
     "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk",
     "122068362c312e155f4f7290b67f5cd094a22a0a4fbf20efd8c287934419350d36f7",
     "3046022100d85765488edc51228ea3bf3e389595eb7f67db3854a43ddbc375b11fc15075a7022100"
     "9414d3a0a391fcba29bd94394e9069895d4d6b4119ac8b998955ef59837bc520"},
    {PUBKEY_RSA,
     "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1be"
     "ab071d08200bde24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c"
     "090f66b0f29986dbb645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c0477"
     "8eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0ab3aeb1873282bebd3da03c33e76c21e"
     "9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395ad941256542c7939"
     "02185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb3"
     "5aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2"
     "a901b4454991766da295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae924"
     "38a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb96"
     "2162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d5a2e5999"
     "fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b4753c173"
     "8a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c"
     "79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd"
     "3770ab54a1d9c6ca959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203010001",
     "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG",
     "1220b6c8a8c0a3105fc27afca4fb1173791f038e4343fd56b7c67b616dbc30a04ccd",
     "03e33faaba379c1c2d18f236ca8cfd16e9918d2d74e2f3e3e83bd28cbdd8ee9bb00338dcc2a7d696"
     "9f9c5a422ce5cf9964dfe3febb2506ad1e41a4ec9dea2db920bb9ba6e465eed99e2f7cfe9ed78cf0"
     "484cebe036280b8aecd0593c0380ad1500c3ee3ff5a6de3eaa80fcbc8ebd7b3c4b8dec8adf583fd5"
     "bf07773dca14292d426415093655a664b22cc06b5e9a62f9753023bb7ca39fe6ca95b4b159940c19"
     "d97d1d229942d3665d0e5391b263c1268da8149acd9ec3419e2a262c5deb6bf5991875094b0c6d8b"
     "b7aadf9e646ab274c281563d7834f5bbf9f8566b3c111084b45d769a8e81e2caadae913e2743a96a"
     "2c30cd42356adf566065f972c4951da9509dbdbbe6fda1aea8d66acfc7519a0461f691bed74cc2d8"
     "f85d530bfee7dc998c1dccbcb24e6ae4f35bc271f90751cb5ead9668302ba93fdf288e64550ec36a"
     "6e30c062beb27171eac06b1b91e6fe59de8ace20db2c31d859613e0e18402d514952241e5f292893"
     "95cc6a14d95379dfb721bc2d409b1b1a387bbd04b83cea83b06663e257e1f530a432869cf3c8fe62"
     "9f53015c8db07213e35bf85804e8acaaf2be31a1919f07d4f519097fdc330ec27bf2333a1756becf"
     "8496e38546632fd78a3b652cd4a44a2d0989a4b09ba8256061ad4a69e67f4db5616dd2378d7b6b74"
     "9420a0a102e1706b04221a40263a2281856b1a62945edf9251a2403a0696a3fa"},
};

/* The signature of the secp256k1 key with its S turned round: n - s. */
static const char key_high_s[] =
    "30460221009c4a659262618aa2bef46fd4797c6cfd823296cc13cea479a720761f5c09ea92022100"
    "83a95e14a55088431a3157cea98f53a46db8ea324dccff29e20780d04fa18b47";

#endif
