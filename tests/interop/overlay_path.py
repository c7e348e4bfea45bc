#!/usr/bin/env python3
"""One stream over a long path, a line of 100 Mbit/s and 60 ms there and back (by netlab), by TCP with Yamux
and by QUIC: windows grow until the line is full.  Beside it the same bytes over bare TCP."""
import json
import os
import subprocess

import internet as I
import lab as L

MIB = 48
LINE_S = MIB * 8 * 1.048576 / 100 * 1514 / 1448  # what the line alone takes for so much, packets' heads included
SHARE = 0.9  # of what bare TCP does there at the time
BENCH = os.path.join(L.BIN, 'tests/overlay_bench')

BARE = '''
import socket, sys
if sys.argv[1] == 'serve':
    s = socket.create_server(('0.0.0.0', 4000)); print('there', flush=True)
    c = s.accept()[0]
    while c.recv(1 << 20): pass
    c.close()
else:
    import time
    at = time.monotonic(); c = socket.create_connection((sys.argv[1], 4000))
    for _ in range(int(sys.argv[2])): c.sendall(bytes(1 << 20))
    c.shutdown(socket.SHUT_WR); c.recv(1)
    print(time.monotonic() - at)
'''


def lab_of(lab):
    net = I.Internet(lab, 'wan', 2)
    for machine in ('h1', 'h2'):
        net.do('link', machine, '--delay', '15ms', '--rate', '100mbit', '--queue', '1m')
    return net


def serve(lab, net, argv):
    p = subprocess.Popen([*net.under('h2'), *argv], stdout=subprocess.PIPE, text=True)
    lab.ends.callback(p.stdout.close)
    lab.ends.callback(L.end, p)
    return p.stdout.readline().strip()


def ask(net, argv):
    return subprocess.run([*net.under('h1'), *argv], check=True, capture_output=True, text=True).stdout


def bare(lab, net):
    serve(lab, net, ['python3', '-c', BARE, 'serve'])
    return float(ask(net, ['python3', '-c', BARE, net.ip('h2'), str(MIB)]))


def fills(lab, listen):
    net = lab_of(lab)
    if not os.access(BENCH, os.X_OK):
        raise L.Skip(f'{BENCH} is not built')
    line = bare(lab, net)  # what is beside us on this machine slows both
    at = serve(lab, net, [BENCH, 'serve', listen.format(net.ip('h2'))])
    took = float('inf')
    for _ in range(3):
        took = min(took, json.loads(ask(net, [BENCH, 'bytes', at, str(MIB)]))['wall_s'])
        if line / took >= SHARE:
            break
    L.say(f'# {MIB} MiB: {took:.2f} s, bare TCP {line:.2f} s, the line alone {LINE_S:.2f} s: '
          f'{100 * LINE_S / took:.0f} % of it')
    assert line / took >= SHARE, (took, line, LINE_S)


def a_stream_of_yamux_fills_a_long_line(lab):
    fills(lab, '/ip4/{}/tcp/4001')


def a_stream_of_quic_fills_a_long_line(lab):
    fills(lab, '/ip4/{}/udp/4001/quic-v1')


if __name__ == '__main__':
    L.main(a_stream_of_yamux_fills_a_long_line, a_stream_of_quic_fills_a_long_line)
