/** Many clients of the published SDK that publish and listen on the same channels, and what each has heard in the end. */
import { decode } from '@ably/vcdiff-decoder'
import Ably from 'ably'
import type { AblyApp } from '../support/ably-app.ts'
import { eventually } from '../support/client.ts'
import type { Random } from '../support/faulty-proxy.ts'

/** The first words of messages, by which they are told apart: everything that was said on a channel, in its order. */
export type Words = readonly string[]

/** What a client has heard on a channel; null where it was told that something may be missing. */
export type Heard = readonly (string | null)[]

interface Kind {
  readonly name: string
  readonly options: Ably.ClientOptions
  readonly channel?: Ably.ChannelOptions
}

const BINARY = { useBinaryProtocol: true }
const TEXT = { useBinaryProtocol: false }
const COMET: Ably.ClientOptions = { transports: ['comet'] }
/** From a client that reads differences, an ATTACH that comes again means that it could not read them. */
const PATIENT = { realtimeRequestTimeout: 10_000 }
const DELTA = { params: { delta: 'vcdiff' } }

/** One client each. */
export const KINDS: readonly Kind[] = [
  { name: 'text', options: TEXT },
  { name: 'text-2', options: TEXT },
  { name: 'text-delta', options: { ...TEXT, ...PATIENT }, channel: DELTA },
  { name: 'binary', options: BINARY },
  { name: 'binary-2', options: BINARY },
  { name: 'binary-delta', options: { ...BINARY, ...PATIENT }, channel: DELTA },
  { name: 'binary-silent', options: { ...BINARY, echoMessages: false } },
  { name: 'comet', options: COMET },
  { name: 'comet-2', options: COMET },
]

/** Nothing shall wait for the patience of a person. */
const IMPATIENT = {
  disconnectedRetryTimeout: 30,
  suspendedRetryTimeout: 100,
  // The SDK takes it, and its types do not know it.
  channelRetryTimeout: 100,
  realtimeRequestTimeout: 1500,
  httpRequestTimeout: 1500,
  transportParams: { heartbeatInterval: 5000 },
  disableConnectivityCheck: true,
}

export interface Said {
  readonly word: string
  readonly serial: string
}

export interface Published {
  readonly channel: string
  readonly words: Words
  /** Undefined where it was not acknowledged. */
  readonly serials: readonly (string | null)[] | undefined
}

export class Member {
  readonly kind: Kind
  readonly client: Ably.Realtime
  readonly heard = new Map<string, (string | null)[]>()
  /** Ids of the connections that it had. */
  readonly connectionIds = new Set<string>()
  #next = 0

  constructor(kind: Kind, client: Ably.Realtime) {
    this.kind = kind
    this.client = client
    client.connection.on('connected', () => this.connectionIds.add(client.connection.id!))
  }

  async listen(name: string): Promise<void> {
    const heard: (string | null)[] = []
    this.heard.set(name, heard)
    const channel = this.client.channels.get(name, this.kind.channel)
    await channel.subscribe(({ data }) => heard.push(wordOf(data)))
    const onChange = ({ current, resumed }: Ably.ChannelStateChange) => {
      // The SDK says `update` also for what has nothing to do with messages.
      if (current === 'attached' && !resumed && heard.length > 0) heard.push(null)
    }
    channel.on('attached', onChange)
    channel.on('update', onChange)
  }

  /** Publishes one message or three. */
  async publish(channel: string, random: Random): Promise<Published> {
    const count = random() < 0.8 ? 1 : 3
    const words = Array.from({ length: count }, () => `${this.kind.name}/${this.#next++}`)
    const size = random() < 0.95 ? random() * 200 : random() * 20_000
    const messages = words.map((word) => ({ name: 'word', data: `${word} ${filler(size)}` }))
    try {
      const { serials } = await this.client.channels.get(channel).publish(messages)
      return { channel, words, serials }
    } catch {
      return { channel, words, serials: undefined }
    }
  }

  /** The names of those whom it sees on a channel. */
  async sees(channel: string): Promise<string[]> {
    const members = await this.client.channels.get(channel).presence.get()
    return members.map(({ clientId }) => clientId).toSorted()
  }
}

function filler(size: number): string {
  return 'all work and no play '.repeat(size / 20)
}

function wordOf(data: unknown): string {
  return String(data).split(' ', 1)[0]!
}

/** Between two publishes of one client, at most. */
const PAUSE_MS = 80

export class Crowd {
  readonly members: readonly Member[]
  readonly channels: readonly string[]
  readonly #app: AblyApp
  readonly #random: Random
  readonly #published: Promise<Published>[] = []
  #isPublishing = false

  /** @param port where its clients connect */
  constructor(app: AblyApp, port: number, channels: readonly string[], random: Random) {
    this.#app = app
    this.channels = channels
    this.#random = random
    this.members = KINDS.map((kind) => {
      const client = new Ably.Realtime({
        key: app.keys[0]!,
        clientId: kind.name,
        endpoint: '127.0.0.1',
        port,
        tls: false,
        logLevel: 0,
        transports: ['web_socket'],
        plugins: { vcdiff: { decode } },
        ...IMPATIENT,
        ...kind.options,
      })
      return new Member(kind, client)
    })
  }

  /** Everybody listens to every channel, and is present on the first. */
  async assemble(): Promise<void> {
    await Promise.all(
      this.members.map(async (member) => {
        for (const name of this.channels) await member.listen(name)
        await member.client.channels.get(this.channels[0]!).presence.enter('here')
      }),
    )
  }

  start(): void {
    this.#isPublishing = true
    for (const member of this.members) void this.#publishAll(member)
  }

  async #publishAll(member: Member): Promise<void> {
    while (this.#isPublishing) {
      const channel = this.channels[Math.floor(this.#random() * this.channels.length)]!
      this.#published.push(member.publish(channel, this.#random))
      await Bun.sleep(this.#random() * PAUSE_MS)
    }
  }

  /** Publishes nothing more; resolves when everything has been answered and everybody has heard the last word. */
  async settle(): Promise<readonly Published[]> {
    this.#isPublishing = false
    const published = await within(Promise.all(this.#published), 'every publish is answered')
    for (const channel of this.channels)
      await this.#app.ask(`/channels/${channel}/messages`, { body: { data: 'end' } })
    for (const { heard, kind } of this.members)
      for (const channel of this.channels)
        await eventually(
          () => heard.get(channel)!.includes('end'),
          `${kind.name} hears the end of ${channel}`,
          15_000,
        )
    return published
  }

  /** Everything that a channel holds. */
  async said(channel: string): Promise<readonly Said[]> {
    const pages = await this.#app.pages<{ data: string; serial: string }>(
      `/channels/${channel}/messages?direction=forwards&limit=1000`,
    )
    return pages.flat().map(({ data, serial }) => ({ word: wordOf(data), serial }))
  }

  end(): void {
    for (const { client } of this.members) client.close()
  }
}

async function within<T>(promise: Promise<T>, what: string, ms = 15_000): Promise<T> {
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(() => timer.reject(new Error(`not within ${ms} ms: ${what}`)), ms)
  try {
    return await Promise.race([promise, timer.promise])
  } finally {
    clearTimeout(timeout)
  }
}

/**
 * What is wrong with what was heard: it has to be all of what was said, in its order, each once. Where something
 * may be missing, the parts before and after are pieces of it, the first from its beginning, the last to its end.
 * @returns undefined if all is well
 */
export function faultIn(heard: Heard, said: Words): string | undefined {
  const parts = partsOf(heard)
  let at = 0
  for (const [index, part] of parts.entries()) {
    const last = said.length - part.length
    const earliest = index === parts.length - 1 ? last : at
    const latest = index === 0 ? 0 : last
    let start = earliest
    while (start <= latest && !part.every((word, n) => said[start + n] === word)) start++
    if (start < at || start > latest) return difference(part, said.slice(at))
    at = start + part.length
  }
  return undefined
}

/** How many words it has in common with the beginning of what was said. */
export function prefixOf(heard: Heard, said: Words): number {
  const end = heard.findIndex((word, index) => word !== said[index])
  return end < 0 ? heard.length : end
}

function partsOf(heard: Heard): string[][] {
  const parts: string[][] = [[]]
  for (const word of heard) {
    if (word === null) parts.push([])
    else parts.at(-1)!.push(word)
  }
  return parts
}

function difference(part: Words, said: Words): string {
  const from = Math.max(0, said.indexOf(part[0] ?? ''))
  const at = part.findIndex((word, n) => said[from + n] !== word)
  const around = (words: Words, index: number) =>
    words.slice(Math.max(0, index - 2), index + 3).join(' ')
  return at < 0
    ? `${part.length} words are not all: ${around(said, from + part.length)} was said then`
    : `heard ${around(part, at)} where ${around(said, from + at)} was said`
}

/** What a channel holds twice, or not in the order of its publisher. */
export function disorderIn(said: readonly Said[]): string[] {
  const faults: string[] = []
  const last = new Map<string, number>()
  for (const { word } of said) {
    const [name = '', number] = word.split('/')
    const before = last.get(name) ?? -1
    if (Number(number) <= before) faults.push(`${word} comes after ${name}/${before}`)
    last.set(name, Number(number))
  }
  return faults
}

/** What was acknowledged and is not there, or under another serial. */
export function lossIn(said: readonly Said[], published: readonly Published[]): string[] {
  const serialOf = new Map(said.map(({ serial, word }) => [word, serial]))
  return published.flatMap(({ serials, words }) =>
    words
      .filter((word, index) => serials && serialOf.get(word) !== serials[index])
      .map((word) => `${word} is ${serialOf.get(word)}, acknowledged as ${serials?.join(' ')}`),
  )
}
