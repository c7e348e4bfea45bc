// The other side of bench/overlay: as bench/overlay.c, by the libp2p of npm.
import './older_node.mjs'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { multiaddr } from '@multiformats/multiaddr'

const make = (listen) => createLibp2p({
  addresses: { listen },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { maxConnections: 100000, inboundConnectionThreshold: 100000, maxIncomingPendingConnections: 1000 },
  services: { identify: identify() }
})
const many = { maxInboundStreams: 100000, maxOutboundStreams: 100000 }
const [what, address, number] = process.argv.slice(2)
const count = Number(number)

async function drain (stream) { for await (const part of stream) void part }

async function bytes (node, at) {
  const stream = await node.dialProtocol(at, '/perf/1.0.0')
  const chunk = new Uint8Array(64 << 10)
  stream.send(new Uint8Array(8))
  for (let left = count * 16; left > 0; left--) {
    if (!stream.send(chunk)) await stream.onDrain()
  }
  await stream.close()
  await drain(stream)
}

async function pool (size, one) {
  let left = count
  await Promise.all(Array.from({ length: size }, async () => { while (left-- > 0) await one() }))
}

if (what === 'serve') {
  const node = await make(['/ip4/127.0.0.1/tcp/0'])
  await node.handle('/echo/1.0.0', (s) => { drain(s).then(() => s.close()).catch(() => {}) }, many)
  await node.handle('/perf/1.0.0', (s) => { drain(s).then(() => s.close()).catch(() => {}) }, many)
  console.log(node.getMultiaddrs()[0].toString())
  process.stdin.resume()
} else {
  const at = multiaddr(address)
  const nodes = []
  if (what === 'bytes' || what === 'streams') {
    nodes.push(await make([]))
    await nodes[0].dial(at)
    await nodes[0].handle('/echo/1.0.0', () => {}, many)
  } else {
    for (let i = 0; i < (what === 'conns' ? 8 : count); i++) nodes.push(await make([]))
  }
  const began = performance.now()
  const cpu = process.cpuUsage()
  if (what === 'bytes') await bytes(nodes[0], at)
  if (what === 'streams') {
    await pool(64, async () => { const s = await nodes[0].dialProtocol(at, '/echo/1.0.0'); await s.close() })
  }
  if (what === 'conns') {
    let left = count
    await Promise.all(nodes.map(async (n) => {
      while (left-- > 0) { const c = await n.dial(at); await c.close() }
    }))
  }
  if (what === 'idle') {
    let next = 0
    await Promise.all(Array.from({ length: 8 }, async () => { while (next < count) await nodes[next++].dial(at) }))
    await new Promise((resolve) => setTimeout(resolve, 2000)) // identify is not awaited by dial
  }
  const used = process.cpuUsage(cpu)
  console.log(JSON.stringify({ done: count, wall_s: (performance.now() - began) / 1000, cpu_s: (used.user + used.system) / 1e6 }))
  if (what === 'idle') { process.stdin.resume(); process.stdin.on('end', () => process.exit(0)) } else process.exit(0)
}
