#!/usr/bin/env python3
"""Strangers open thousands of connections and say nothing, rubbish, half of a handshake, or one byte now and then:
the node goes on to serve the peer that it has, and holds no more memory afterwards.

SHOAL_CONNECTIONS says how many of each kind; on a build without sanitizers memory is judged too."""
import os
import random
import resource
import select
import socket
import time

import lab as L
from overlay import node

CONNECTIONS = int(os.environ.get('SHOAL_CONNECTIONS', 400))
AT_ONCE = 400
GROWTH_MAX = 32 << 20  # bytes
HELLO = b'\x13/multistream/1.0.0\n'
NOISE = b'\x07/noise\n'


def line(text):
    return bytes([len(text) + 1]) + text.encode() + b'\n'


HOLD = [b''] * 30  # looks of the loop at it, and nothing said


def silence(_):
    return HOLD


def a_byte_now_and_then(_):
    return [HELLO[i:i + 1] for i in range(len(HELLO) - 1)]


def rubbish(dice):
    return [dice.randbytes(dice.randrange(1, 5000))]


def a_line_without_end(_):
    return [b'\xff\xff\xff\xff\x0f' + b'x' * 2000]


def many_proposals(_):
    return [HELLO + b''.join(line(f'/nothing/{i}') for i in range(2000))]


def half_of_noise(dice):
    return [HELLO + NOISE, b'\x00\x20' + dice.randbytes(32)] + HOLD


def a_noise_message_that_stops(dice):
    return [HELLO + NOISE, b'\xff\xff' + dice.randbytes(1000)] + HOLD


def half_of_tls(dice):
    return [HELLO + line('/tls/1.0.0'), b'\x16\x03\x01\x40\x00' + dice.randbytes(500)] + HOLD


KINDS = [silence, a_byte_now_and_then, rubbish, a_line_without_end, many_proposals, half_of_noise,
         a_noise_message_that_stops, half_of_tls]


def push(s, part):
    """As much as it takes; False: it was hung up on."""
    try:
        s.send(part)
        return True
    except BlockingIOError:
        return True
    except OSError:
        return False


def storm(address, kind, count, dice, meanwhile):
    """So many connections, some at once, each saying its parts one after the other."""
    left, going = count, []
    while left > 0 or going:
        while left > 0 and len(going) < AT_ONCE:
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(address)
            going.append((s, iter(kind(dice))))
            left -= 1
        select.select([s for s, _ in going], [], [], 0.05)
        still = []
        for s, parts in going:
            part = next(parts, None)
            if part is not None and push(s, part):
                still.append((s, parts))
            else:
                s.close()
        going = still
        meanwhile()


def rss(n):
    with open(f'/proc/{n.process.pid}/status', encoding='ascii') as f:
        return next(int(row.split()[1]) * 1024 for row in f if row.startswith('VmRSS'))


def has_sanitizers(n):
    with open(f'/proc/{n.process.pid}/maps', encoding='ascii') as f:
        return 'libasan' in f.read()


def strangers(lab):
    """All kinds, one after the other; after each the memory is looked at."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    n, friend = node(lab, 'node'), node(lab, 'friend')
    friend.json('net', 'dial', n.listen[0])
    port = int(n.listen[0].split('/tcp/')[1].split('/')[0])
    dice, began, slowest, pings = random.Random(1), 0, 0, 0
    last = time.monotonic()

    def served():
        nonlocal slowest, pings, last
        if time.monotonic() - last < 1:
            return
        slowest = max(slowest, friend.json('peer', 'ping', n.id)['rtt_ms'])
        pings += 1
        last = time.monotonic()

    for round_ in range(2):  # the first makes the allocator's room
        for kind in KINDS:
            storm(('127.0.0.1', port), kind, CONNECTIONS if round_ else AT_ONCE // 4, dice, served)
        if round_ == 0:
            began = rss(n)
    assert friend.json('peer', 'ping', n.id)['rtt_ms'] > 0
    grown = rss(n) - began
    print(f'# {CONNECTIONS * len(KINDS)} connections; {pings} pings meanwhile, the slowest {slowest} ms; '
          f'{grown >> 10} KiB more', flush=True)
    assert has_sanitizers(n) or grown < GROWTH_MAX, grown
    assert n.process.poll() is None
    # Who waited for a place is let in again.
    late = node(lab, 'late')
    L.until('a newcomer to be let in', lambda: late.run('net', 'dial', n.listen[0], check=False).returncode == 0)


if __name__ == '__main__':
    L.main(strangers)
