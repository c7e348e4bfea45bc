#!/usr/bin/env python3
"""Opentracker's numbers by scrape, over HTTP and UDP, without announcing ourselves."""
import os

import lab as L
from peers import Opentracker


def scraped(lab, kind):
    """B has the link with the tracker in it, and is paused before anything else."""
    path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), 500_000)
    tracker = Opentracker(lab, L.infohash_of(lab, path))
    a, b = lab.node('a'), lab.node('b', files__listen='127.0.0.2:0')
    shared = a.share(path, '--tracker', tracker.http)
    L.until('the announce', lambda: a.announced(shared['id']))
    link = f'magnet:?xt=urn:btih:{shared["infohash_v1"]}&tr={getattr(tracker, kind)}'
    b.run('get', link, '-o', lab.folder('out'))
    b.run('file', 'pause', shared['id'])
    b.stop()
    b.start()

    def seen():
        row = b.json('file', 'show', shared['id'], '--trackers')['trackers'][0]
        return row['downloaded'] is not None and row
    row = L.until('the numbers', seen)
    assert row['state'] == 'idle' and row['seeders'] >= 1 and row['downloaded'] >= 1, row


def numbers_come_over_http_while_paused(lab):
    scraped(lab, 'http')


def numbers_come_over_udp_while_paused(lab):
    scraped(lab, 'udp')


if __name__ == '__main__':
    L.main(numbers_come_over_http_while_paused, numbers_come_over_udp_while_paused)
