"""A name server of our own on 127.0.0.1:53, for nodes that see it in /etc/resolv.conf.

Needs a network and mounts of its own; Skip where they cannot be had."""
import os
import socket
import struct
import subprocess
import threading

import lab as L

TXT, A, AAAA = 16, 1, 28


class Names:
    """answers: {(name, type): [value]}, texts and addresses as text.  asked: what was asked, in order."""

    def __init__(self, lab, answers=()):
        self.answers, self.asked = dict(answers), []
        self.thread = None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind(('127.0.0.1', 53))
        except PermissionError as why:
            raise L.Skip('port 53 cannot be had') from why
        lab.ends.callback(self.socket.close)
        lab.ends.callback(self.end)
        conf = os.path.join(lab.folder('names'), 'resolv.conf')
        with open(conf, 'w') as f:
            f.write('nameserver 127.0.0.1\noptions timeout:1 attempts:2\n')
        self.under = ['unshare', '--mount', 'sh', '-c', f'mount --bind {conf} /etc/resolv.conf && exec "$@"', 'sh']
        if subprocess.run([*self.under, 'true'], capture_output=True, check=False).returncode:
            raise L.Skip('no mounts of its own here')
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def end(self):
        """An empty question is the last."""
        if self.thread:
            self.socket.sendto(b'', ('127.0.0.1', 53))
            self.thread.join()

    def serve(self):
        while True:
            question, who = self.socket.recvfrom(512)
            if not question:
                return
            self.socket.sendto(self.answer(question), who)

    def answer(self, question):
        name, at = [], 12
        while question[at]:
            name.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, (kind, _) = '.'.join(name).lower(), struct.unpack('>HH', question[at + 1:at + 5])
        self.asked.append((name, kind))
        values = self.answers.get((name, kind), [])
        known = any(n == name for n, _ in self.answers)
        head = question[:2] + struct.pack('>HHHHH', 0x8180 if known else 0x8183, 1, len(values), 0, 0)
        return head + question[12:at + 5] + b''.join(self.record(kind, v) for v in values)

    @staticmethod
    def record(kind, value):
        if kind == TXT:
            raw = value.encode()
            data = b''.join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw), 255))
        else:
            data = socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, value)
        return struct.pack('>HHHIH', 0xc00c, kind, 1, 60, len(data)) + data
