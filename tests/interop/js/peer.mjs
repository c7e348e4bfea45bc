// A libp2p of npm's in a process of its own.
//
// Reads one JSON object a line from standard input, {"do": NAME, ...}, and answers each with one line:
// {"ok": VALUE} or {"error": TEXT}.  What it can do are the functions of `can`.  First is "start".
import './older_node.mjs'
import { createInterface } from 'node:readline'
import { createHash } from 'node:crypto'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { tls } from '@libp2p/tls'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { kadDHT } from '@libp2p/kad-dht'
import { gossipsub } from '@libp2p/gossipsub'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { autoNAT } from '@libp2p/autonat'
import { mdns } from '@libp2p/mdns'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'

let node
const heard = []

// A program for this machine comes with it; where there is none, the others go on without it.
const quic = await import('@chainsafe/libp2p-quic').then((m) => m.quic, () => null)

// Newer than some who have the others installed.
const autoNATv2 = await import('@libp2p/autonat-v2').then((m) => m.autoNATv2, () => null)

const securities = { noise, tls }
const services = {
  ping: () => ping(),
  autonat: () => autoNAT(),
  autonat2: () => (autoNATv2 ?? ping)(),
  dcutr: () => dcutr(),
  relay: () => circuitRelayServer(),
  gossipsub: () => gossipsub({ allowPublishToZeroTopicPeers: true, scoreThresholds: {} }),
  kad: () => kadDHT({
    protocol: '/ipfs/kad/1.0.0', clientMode: false, peerInfoMapper: (p) => p,
    validators: { v: async () => {} }, selectors: { v: () => 0 }
  })
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
const peers = () => node.getPeers().map(String)

async function all (stream, most = Infinity) {
  const parts = []
  let got = 0
  for await (const part of stream) {
    const bytes = part instanceof Uint8Array ? part : part.subarray()
    parts.push(bytes)
    got += bytes.length
    if (got >= most) break
  }
  return Buffer.concat(parts)
}

async function send (stream, bytes) {
  for (let at = 0; at < bytes.length; at += 65536) {
    if (!stream.send(bytes.subarray(at, at + 65536))) await stream.onDrain()
  }
}

// Sends all that comes back, as it comes.
async function echo (stream) {
  for await (const part of stream) {
    if (!stream.send(part)) await stream.onDrain()
  }
  await stream.close()
}

const can = {
  async start ({ listen = ['/ip4/127.0.0.1/tcp/0'], security = ['noise'], with: which = ['ping'], mdns: found = false, wss }) {
    node = await createLibp2p({
      addresses: { listen },
      transports: [...(quic ? [quic()] : []), tcp(), webSockets({ https: wss }), circuitRelayTransport()],
      connectionEncrypters: security.map((s) => securities[s]()),
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      peerDiscovery: found ? [mdns({ interval: 1000 })] : [],
      services: {
        identify: identify(),
        push: identifyPush(),
        ...Object.fromEntries(which.map((s) => [s, services[s]()]))
      }
    })
    await node.handle('/echo/1.0.0', (stream) => { echo(stream).catch(() => {}) }, { maxInboundStreams: 1000, maxOutboundStreams: 1000, runOnLimitedConnection: true })
    if (node.services.gossipsub) {
      node.services.gossipsub.addEventListener('message', ({ detail }) => {
        heard.push({ topic: detail.topic, data: Buffer.from(detail.data).toString(), from: detail.from?.toString() })
      })
    }
    return { id: node.peerId.toString(), listen: node.getMultiaddrs().map(String), quic: quic != null, autonat2: autoNATv2 != null }
  },
  async addresses () { return node.getMultiaddrs().map(String) },
  async dial ({ address }) {
    const c = await node.dial(multiaddr(address))
    return { id: c.remotePeer.toString(), encryption: c.encryption, multiplexer: c.multiplexer, limited: c.limits != null }
  },
  async dial_peer ({ id }) {
    const c = await node.dial(peerIdFromString(id))
    return { address: c.remoteAddr.toString() }
  },
  async peers () { return peers() },
  async connections () {
    return node.getConnections().map((c) => ({
      id: c.remotePeer.toString(), address: c.remoteAddr.toString(), encryption: c.encryption, direct: c.direct, limited: c.limits != null
    }))
  },
  // Somebody says that we are there: true once others have dialled it.
  async observed ({ address }) { node.components.addressManager.addObservedAddr(multiaddr(address)); return true },
  async verified () {
    return node.components.addressManager.getAddressesWithMetadata()
      .filter((a) => a.verified).map((a) => a.multiaddr.toString())
  },
  // What the peer said of itself.
  async known ({ id }) {
    const p = await node.peerStore.get(peerIdFromString(id))
    return {
      protocols: p.protocols, addresses: p.addresses.map((a) => a.multiaddr.toString()),
      agent: Buffer.from(p.metadata.get('AgentVersion') ?? '').toString(), certified: p.peerRecordEnvelope != null
    }
  },
  async ping ({ id }) { return await node.services.ping.ping(peerIdFromString(id)) },
  // So many bytes there and back over a stream; gives their hashes.
  async echo ({ id, bytes = 1024, protocol = '/echo/1.0.0', slow_ms: slow = 0 }) {
    const stream = await node.dialProtocol(peerIdFromString(id), protocol, { runOnLimitedConnection: true })
    const data = Buffer.alloc(bytes)
    for (let i = 0; i < bytes; i += 4096) data.writeUInt8(Math.floor(Math.random() * 256), i)
    const sent = send(stream, data).then(() => stream.close())
    const back = createHash('sha256')
    let got = 0
    for await (const part of stream) {
      const b = part instanceof Uint8Array ? part : part.subarray()
      back.update(b)
      got += b.length
      if (slow > 0 && got < bytes / 4) await new Promise((resolve) => setTimeout(resolve, slow))
    }
    await sent
    return { same: hash(data) === back.digest('hex'), got }
  },
  async echoes ({ id, count, at_once: most = 1, bytes = 100 }) {
    let good = 0
    let next = 0
    const one = async () => {
      while (next < count) {
        next++
        const r = await can.echo({ id, bytes })
        if (r.same) good++
      }
    }
    await Promise.all(Array.from({ length: most }, one))
    return good
  },
  async close ({ id }) { await node.hangUp(peerIdFromString(id)); return true },
  async subscribe ({ topic }) { node.services.gossipsub.subscribe(topic); return true },
  async publish ({ topic, data }) {
    const r = await node.services.gossipsub.publish(topic, Buffer.from(data))
    return r.recipients.map(String)
  },
  async heard () { return heard },
  async subscribers ({ topic }) { return node.services.gossipsub.getSubscribers(topic).map(String) },
  async mesh ({ topic }) { return node.services.gossipsub.getMeshPeers(topic).map(String) },
  async put ({ key, value }) {
    for await (const e of node.services.kad.put(Buffer.from(key, 'hex'), Buffer.from(value, 'hex'))) void e
    return true
  },
  async get ({ key }) {
    for await (const e of node.services.kad.get(Buffer.from(key, 'hex'))) {
      if (e.name === 'VALUE') return Buffer.from(e.value).toString('hex')
    }
    return null
  },
  async provide ({ cid }) {
    for await (const e of node.services.kad.provide(CID.parse(cid))) void e
    return true
  },
  async find_providers ({ cid }) {
    const found = new Set()
    for await (const e of node.services.kad.findProviders(CID.parse(cid))) {
      for (const p of e.providers ?? []) found.add(p.id.toString())
    }
    return [...found]
  },
  async find_peer ({ id }) {
    for await (const e of node.services.kad.findPeer(peerIdFromString(id))) {
      if (e.name === 'FINAL_PEER') return e.peer.multiaddrs.map(String)
    }
    return null
  },
  async routing_table () { return node.services.kad.routingTable.size },
  async usage () { return { cpu: process.cpuUsage(), memory: process.memoryUsage() } },
  async stop () { await node.stop(); return true }
}

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line)
  const say = (r) => process.stdout.write(JSON.stringify({ n: ask.n, ...r }) + '\n')
  can[ask.do](ask).then((ok) => say({ ok: ok ?? null }), (e) => say({ error: `${e.name}: ${e.message}` }))
}
process.exit(0)
