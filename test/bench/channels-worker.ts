/**
 * The measured process of `channels.ts`, with a heap of its own: `channels-worker.ts KIND COUNT` prints the bytes
 * that each of so many channels takes once garbage is collected, with who is on it, whose sockets are not real.
 */
import { heapStats } from 'bun:jsc'
import type { Channel } from '../../src/core/channel/channel.ts'
import { COMMONS, type Socket, channelRef } from '../../src/core/types.ts'
import { ownMessage } from '../../src/core/propose/publisher.ts'
import type { TopicSocket } from '../../src/fanout/topics.ts'
import { decideJoin } from '../../src/policy/channel-access.ts'
import { NO_KEYS } from '../../src/policy/channel-keys.ts'
import { CoreWorld, everything } from '../support/core-world.ts'

const APP = 'app'
/** Made before anything is measured: code is compiled and tables have their first size by then. */
const WARM_UP = 1000
const OPEN_TO_ALL = decideJoin(
  NO_KEYS,
  { match: undefined, ephemeral: undefined },
  { openChannels: true, strictKeys: false },
)
const OWNER = { evicted: () => undefined }

const WS = { subscribe: () => true, unsubscribe: () => true, publish: () => 0 }

/** As small as a socket can be; the topics that it is subscribed to are Bun's, and not of this heap. */
class IdleSocket implements Pick<TopicSocket, 'hasPrivateTopic'>, Socket {
  readonly id: number
  readonly address = ''
  readonly waitingBytes = 0
  hasPrivateTopic = false
  readonly ws = WS

  constructor(id: number) {
    this.id = id
  }

  send(): void {}
  close(): void {}
  punish(): void {}
}

const world = new CoreWorld({ maxBytes: Number.MAX_SAFE_INTEGER })
/** What a session holds on to. */
const held: unknown[] = []
let nextId = 1

const KINDS: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
  commons: (name) => join(COMMONS, name),
  linked: (name) => join(APP, name),
  open: (name) => opened(APP, name),
  published: async (name) => {
    await world.publisher.publish(channelRef(APP, name), ownMessage(MESSAGE))
  },
  attached: async (name) => {
    const channel = await opened(APP, name)
    return world.attachments.attach(channel, { ...everything, socket: new IdleSocket(nextId++) })
  },
}
const MESSAGE = { name: undefined, data: 'twenty letters or so', encoding: undefined }

const [kind = '', count = ''] = process.argv.slice(2)
await make(WARM_UP, 'warm')
const before = heapBytes()
await make(Number(count), 'room')
console.log((heapBytes() - before) / Number(count))

async function make(channels: number, prefix: string): Promise<void> {
  const one = KINDS[kind]!
  for (let i = 0; i < channels; i++) {
    // A clock that stands still would put all of them into one millisecond.
    world.now++
    held.push(await one(`${prefix}-${i}`))
  }
}

async function opened(realm: string, name: string): Promise<Channel> {
  const channel = await world.registry.open(channelRef(realm, name))
  if (!channel.ok) throw new Error(channel.failure.name)
  return channel.value
}

async function join(realm: string, name: string): Promise<unknown> {
  const channel = await opened(realm, name)
  const connectionId = String(nextId)
  const member = { connectionId, clientId: undefined, listed: true }
  const presence = realm === COMMONS ? undefined : { maxMembers: 0, maxBytes: 0 }
  if (!OPEN_TO_ALL.join) throw new Error('every channel of this benchmark is open to join')
  const limits = { verdict: OPEN_TO_ALL, strictKeys: false, maxMembers: 0, presence }
  const joined = await world.proposals.propose(
    channel,
    { kind: 'join', member, presented: NO_KEYS, ...limits },
    {
      place: { channel: channel.ref, resource: name, secure: false, origin: null },
      socket: new IdleSocket(nextId++),
      member,
      owner: OWNER,
      presented: NO_KEYS,
      format: everything.formats[0]!,
      echo: false,
      welcome: () => undefined,
    },
  )
  if (!joined.ok) throw new Error(joined.failure.name)
  return joined.value
}

function heapBytes(): number {
  Bun.gc(true)
  Bun.gc(true)
  return heapStats().heapSize
}
