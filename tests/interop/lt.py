"""libtorrent in a process of its own, run by the system's Python (Debian's python3-libtorrent).

Reads one JSON object a line from standard input, {"do": NAME, ...}, and answers each with one line:
{"ok": VALUE} or {"error": TEXT}.  What it can do are the functions below that take the session."""
import json
import sys

import libtorrent as lt

session = None
crowd_sessions = []
handles = {}


def start(settings):
    global session
    session = lt.session({'listen_interfaces': '127.0.0.1:0', 'enable_dht': False, 'enable_lsd': False,
                          'enable_upnp': False, 'enable_natpmp': False, 'enable_incoming_utp': False,
                          'enable_outgoing_utp': False, 'allow_multiple_connections_per_ip': True,
                          'in_enc_policy': 2, 'out_enc_policy': 2, 'alert_mask': 0,
                          'announce_to_all_tiers': True, 'rate_limit_ip_overhead': False,
                          'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False,
                          'dht_ignore_dark_internet': False, 'ssrf_mitigation': False, **settings})
    return session.listen_port()


def preset(name):
    """high_performance_seed, default_settings or min_memory_usage, on top of what is set."""
    session.apply_settings(getattr(lt, name)())


def port():
    return session.listen_port()


def make(path, out, flags='v1', piece_size=0, trackers=(), web_seeds=(), private=False):
    """Writes a .torrent of a file or folder; flags: v1, v2 or hybrid."""
    import os
    storage = lt.file_storage()
    lt.add_files(storage, path)
    t = lt.create_torrent(storage, piece_size, {'v1': lt.create_torrent.v1_only,
                                                'v2': lt.create_torrent.v2_only,
                                                'hybrid': lt.create_torrent.canonical_files}[flags])
    for url in trackers:
        t.add_tracker(url)
    for url in web_seeds:
        t.add_url_seed(url)
    t.set_priv(private)
    lt.set_piece_hashes(t, os.path.dirname(path))
    with open(out, 'wb') as f:
        f.write(lt.bencode(t.generate()))
    return describe(out)


def describe(torrent):
    info = lt.torrent_info(torrent)
    hashes = info.info_hashes()
    return {'v1': str(hashes.v1) if hashes.has_v1() else None,
            'v2': str(hashes.v2) if hashes.has_v2() else None,
            'magnet': lt.make_magnet_uri(info), 'name': info.name(), 'pieces': info.num_pieces(),
            'piece_length': info.piece_length(),
            'files': [[info.files().file_path(i), info.files().file_size(i)]
                      for i in range(info.num_files())]}


def add(what, folder, seed=False, flags=0):
    """A .torrent's path or a magnet link; returns a number for it."""
    if what.startswith('magnet:'):
        p = lt.parse_magnet_uri(what)
    else:
        p = lt.add_torrent_params()
        p.ti = lt.torrent_info(what)
    p.save_path = folder
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if seed:
        p.flags |= lt.torrent_flags.seed_mode
    p.flags |= flags
    h = session.add_torrent(p)
    handles[len(handles) + 1] = h
    return len(handles)


def peer(ident, host, port):
    handles[ident].connect_peer((host, port))


def limit(ident, up, down):
    handles[ident].set_upload_limit(up)
    handles[ident].set_download_limit(down)


def row(ident):
    s = handles[ident].status()
    return {'state': str(s.state), 'progress': s.progress, 'done': s.total_wanted_done,
            'wanted': s.total_wanted, 'whole': bool(s.is_seeding), 'finished': bool(s.is_finished),
            'error': s.errc.message() if s.errc.value() else '', 'name': s.name,
            'has_metadata': bool(s.has_metadata), 'up': s.total_payload_upload,
            'down': s.total_payload_download, 'peers': s.num_peers}


def peers(ident):
    found = handles[ident].get_peer_info()
    return [{'ip': list(p.ip), 'client': p.client.decode(errors='replace') if isinstance(p.client, bytes)
             else p.client, 'utp': bool(p.flags & lt.peer_info.utp_socket)
             if hasattr(lt.peer_info, 'utp_socket') else p.connection_type == 2,
             'rc4': bool(p.flags & lt.peer_info.rc4_encrypted), 'flags': int(p.flags),
             'source': int(p.source)} for p in found]


def priorities(ident, files):
    handles[ident].prioritize_files(files)


def reannounce(ident):
    handles[ident].force_reannounce()
    handles[ident].force_dht_announce()


def settings(values):
    session.apply_settings(values)


def crowd(addresses, bootstrap):
    """A session for each address, of which only the node of the DHT matters."""
    for host in addresses:
        crowd_sessions.append(lt.session({
            'listen_interfaces': f'{host}:6881', 'enable_dht': True, 'enable_lsd': False, 'enable_upnp': False,
            'enable_natpmp': False, 'dht_bootstrap_nodes': bootstrap, 'alert_mask': 0}))
    return True


def crowd_nodes():
    return [s.status().dht_nodes for s in crowd_sessions]


def dht_node(host, port):
    session.add_dht_node((host, port))


def dht_nodes():
    return session.status().dht_nodes


def dht_put(text):
    return str(session.dht_put_immutable_item(text))


def dht_get(target):
    session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(target)))


def dht_put_mutable(private, public, text, salt):
    session.dht_put_mutable_item(bytes.fromhex(private), bytes.fromhex(public), text.encode(), salt.encode())


def dht_sample(host, port, target):
    session.dht_sample_infohashes((host, port), lt.sha1_hash(bytes.fromhex(target)))


def alerts():
    return [[a.what(), a.message()] for a in session.pop_alerts()]


def mask(value):
    session.apply_settings({'alert_mask': value})


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            value = globals()[asked.pop('do')](**asked)
            print(json.dumps({'ok': value}), flush=True)
        except Exception as why:  # pylint: disable=broad-except
            print(json.dumps({'error': f'{type(why).__name__}: {why}'}), flush=True)


if __name__ == '__main__':
    main()
