#!/usr/bin/env python3
"""The two programs at the ends of a forward, for forward.py.

    forward_talk.py echo PORT         sends back what comes, and ends when the other side has
    forward_talk.py talk PORT RATE    says RATE bytes a second until SIGTERM, then ends; checks what comes back

`talk` writes a line of JSON whenever something came ({"at", "heard"}, at most 50 a second; `at` is the
machine's monotonic clock), and at the end {"sent", "heard", "same", "ended"}."""
import json
import random
import signal
import socket
import sys
import threading
import time

BLOCK = random.Random(5).randbytes(1 << 20)


def part(at, n):
    """Bytes number at, at + 1, ... of what is said: a block turned by one byte each time."""
    out = bytearray()
    while len(out) < n:
        turn, place = divmod(at + len(out), len(BLOCK))
        place = (place + turn) % len(BLOCK)
        out += BLOCK[place:place + min(n - len(out), len(BLOCK) - place, len(BLOCK) - (at + len(out)) % len(BLOCK))]
    return bytes(out)


def echo(port):
    with socket.create_server(('127.0.0.1', port)) as server:
        print('ready', flush=True)
        s, _ = server.accept()
        while data := s.recv(1 << 16):
            s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while s.recv(1 << 16):
            pass


def talk(port, rate):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    s = socket.create_connection(('127.0.0.1', port))
    sent = 0

    def say():
        nonlocal sent
        begin = time.monotonic()
        while not stop.wait(0.02):
            due = int((time.monotonic() - begin) * rate) - sent
            data = part(sent, min(due, 1 << 18))
            s.sendall(data)
            sent += len(data)
        s.shutdown(socket.SHUT_WR)
    sayer = threading.Thread(target=say)
    sayer.start()
    heard, same, told = 0, True, 0
    ended = 'ended'
    try:
        while data := s.recv(1 << 16):
            same &= data == part(heard, len(data))
            heard += len(data)
            if time.monotonic() - told > 0.02:
                told = time.monotonic()
                print(json.dumps({'at': told, 'heard': heard}), flush=True)
    except OSError as why:
        ended = str(why)
        stop.set()
    sayer.join()
    print(json.dumps({'sent': sent, 'heard': heard, 'same': same, 'ended': ended}), flush=True)


if __name__ == '__main__':
    if sys.argv[1] == 'echo':
        echo(int(sys.argv[2]))
    else:
        talk(int(sys.argv[2]), int(sys.argv[3]))
