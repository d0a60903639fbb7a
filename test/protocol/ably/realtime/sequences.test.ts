/**
 * Sequences of what clients do, beside a model of what they must be told: each frame has its answer, what is not
 * permitted is refused, and what is said on a channel is heard once, in order, by those who are on it. Inputs are
 * random; a failure prints the seed that repeats it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AblyApp } from '../../../support/ably-app.ts'
import { ACTION, FrameClient, type ProtocolMessage } from '../../../support/ably.ts'
import { type TestServer, startTestServer } from '../../../support/server.ts'

const ROOMS = ['room:a', 'room:b', 'else'] as const
type Room = (typeof ROOMS)[number]

const MODES = { all: undefined, listening: 'subscribe', speaking: 'publish,presence' } as const
type Modes = keyof typeof MODES

type Step =
  | { readonly do: 'attach'; readonly room: Room; readonly modes: Modes; readonly goesOn: boolean }
  | { readonly do: 'publish' | 'enter' | 'annotate' | 'edit'; readonly room: Room }
  /** `hear`: another client publishes there. */
  | { readonly do: 'detach' | 'sync' | 'hear'; readonly room: Room }
  | { readonly do: 'repeat' | 'return' | 'authorize' | 'nonsense' }

const anyRoom = fc.constantFrom(...ROOMS)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('attach' as const),
      room: anyRoom,
      modes: fc.constantFrom<Modes>('all', 'all', 'listening', 'speaking'),
      goesOn: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('publish', 'publish', 'enter', 'annotate', 'edit'),
      room: anyRoom,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('hear', 'hear', 'hear', 'detach', 'sync'),
      room: anyRoom,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('repeat', 'return', 'return', 'authorize', 'nonsense'),
    }),
  },
)

type Operation = 'subscribe' | 'publish' | 'presence'

/** Keys by what they permit on `room:*`; the first permits everything. */
const KINDS: readonly (readonly [name: string, operations: readonly Operation[]])[] = [
  ['may do everything', ['subscribe', 'publish', 'presence']],
  ['may only listen', ['subscribe']],
  ['may only speak', ['publish', 'presence']],
]

let server: TestServer
let app: AblyApp
let insider: FrameClient
let spoken = 0

beforeAll(async () => {
  server = await startTestServer({ sandbox: 'true', 'message-rate': '0', 'channel-rate': '0' })
  app = await AblyApp.make(
    server.url,
    KINDS.slice(1).map(([, operations]) => ({ 'room:*': operations })),
  )
  insider = await FrameClient.connected(app, `key=${app.keys[0]}`)
})
afterAll(() => server.end())

/** Messages of each channel, over all sequences. */
const said: Record<Room, string[]> = { 'room:a': [], 'room:b': [], else: [] }

interface Place {
  readonly modes: Modes
  /** How the attachment was requested, if it resumed. */
  readonly wish: string | undefined
}

const PRESENCE: ReadonlySet<number> = new Set([ACTION.PRESENCE, ACTION.SYNC])

/** One client, and what it must receive. */
class Player {
  readonly #kind: number
  readonly #query: string
  readonly #places = new Map<Room, Place>()
  /** The last position that it received, and the number of messages until then. */
  readonly #positions = new Map<Room, { readonly serial: string; readonly count: number }>()
  #client!: FrameClient
  #seen = 0
  #msgSerial = 0
  #last: { readonly frame: object; readonly answer: ProtocolMessage } | undefined
  /** Whether a numbered frame has been sent over this transport. */
  #hasSpoken = false

  constructor(kind: number, format: string) {
    this.#kind = kind
    this.#query = `key=${app.keys[kind]}&clientId=ann&format=${format}`
  }

  async connect(): Promise<void> {
    const before = this.#client as FrameClient | undefined
    const resume = before ? `&resume=${before.connectionKey}` : ''
    before?.terminate()
    this.#client = await FrameClient.connected(app, this.#query + resume)
    if (before) expect(this.#client.connectionId).toBe(before.connectionId)
    this.#seen = 1
    this.#hasSpoken = false
    this.#places.clear()
  }

  end(): void {
    this.#client.terminate()
  }

  take(step: Step): Promise<void> {
    switch (step.do) {
      case 'attach':
        return this.#attach(step.room, step.modes, step.goesOn)
      case 'detach':
        return this.#detach(step.room)
      case 'sync':
        this.#client.send({ action: ACTION.SYNC, channel: step.room })
        return this.#expect([])
      case 'hear':
        return this.#hear(step.room)
      case 'repeat':
        return this.#repeat()
      case 'return':
        return this.connect()
      case 'authorize':
        return this.#authorize()
      case 'nonsense':
        this.#client.send({ action: 99, channel: 'else', msgSerial: this.#msgSerial })
        return this.#expect([])
      default:
        return this.#number(step.do, step.room)
    }
  }

  #permits(operation: Operation, room: Room): boolean {
    if (this.#kind === 0) return true
    return room !== 'else' && KINDS[this.#kind]![1].includes(operation)
  }

  #isListening(room: Room): boolean {
    const place = this.#places.get(room)
    return place !== undefined && place.modes !== 'speaking' && this.#permits('subscribe', room)
  }

  /** Frames since the last call, without presence. */
  async #told(): Promise<ProtocolMessage[]> {
    await this.#client.settled()
    const told = this.#client.frames.slice(this.#seen)
    this.#seen = this.#client.frames.length
    for (const { action, channel } of told)
      if (PRESENCE.has(action)) expect(this.#places.has(channel as Room)).toBe(true)
    for (const frame of told) this.#follow(frame)
    return told.filter(({ action }) => action !== ACTION.HEARTBEAT && !PRESENCE.has(action))
  }

  /** As SDKs do (RTL15b). */
  #follow({ action, channel, channelSerial: serial }: ProtocolMessage): void {
    const room = channel as Room
    if (typeof serial !== 'string' || action === ACTION.SYNC) return
    const before = this.#positions.get(room)
    if (before?.serial === serial) return
    const count = action === ACTION.MESSAGE ? (before?.count ?? 0) + 1 : said[room].length
    this.#positions.set(room, { serial, count })
  }

  async #expect(expected: readonly object[]): Promise<void> {
    const told = await this.#told()
    expect(told).toHaveLength(expected.length)
    expect(told).toMatchObject([...expected])
  }

  async #attach(room: Room, modes: Modes, goesOn: boolean): Promise<void> {
    const position = goesOn ? this.#positions.get(room) : undefined
    const wish = position && `${modes} from ${position.serial}`
    const isRepeated = wish !== undefined && this.#places.get(room)?.wish === wish
    const params = MODES[modes] === undefined ? undefined : { modes: MODES[modes] }
    const channelSerial = position?.serial
    this.#client.send({ action: ACTION.ATTACH, channel: room, params, channelSerial })
    if (!KINDS[0]![1].some((operation) => this.#permits(operation, room))) {
      const error = { code: 40160 }
      return this.#expect([{ action: ACTION.ERROR, channel: room, error }])
    }
    this.#places.set(room, { modes, wish })
    const { length } = said[room]
    const from = this.#isListening(room) && !isRepeated ? (position?.count ?? length) : length
    const missed = said[room].slice(from).map((data) => heard(room, data))
    await this.#expect([{ action: ACTION.ATTACHED, channel: room }, ...missed])
  }

  #detach(room: Room): Promise<void> {
    this.#client.send({ action: ACTION.DETACH, channel: room })
    this.#places.delete(room)
    return this.#expect([{ action: ACTION.DETACHED, channel: room }])
  }

  async #hear(room: Room): Promise<void> {
    const data = `said ${spoken}`
    const messages = [{ data }]
    insider.send({ action: ACTION.MESSAGE, channel: room, msgSerial: spoken, messages })
    await insider.next(ACTION.ACK, spoken++)
    said[room].push(data)
    await this.#expect(this.#isListening(room) ? [heard(room, data)] : [])
  }

  async #number(what: 'publish' | 'enter' | 'annotate' | 'edit', room: Room): Promise<void> {
    const msgSerial = this.#msgSerial++
    const data = `own ${this.#client.connectionId} ${msgSerial}`
    const frame = { ...frameOf(what, data), channel: room, msgSerial }
    this.#client.send(frame)
    this.#hasSpoken = true
    const refusal = this.#refusal(what, room)
    if (what === 'publish' && refusal === undefined) said[room].push(data)
    const told = await this.#told()
    const answers = told.filter(({ action }) => action !== ACTION.MESSAGE)
    const answer = refusal === undefined ? ACTION.ACK : ACTION.NACK
    expect(answers).toMatchObject([{ action: answer, msgSerial, count: 1 }])
    if (refusal) expect(answers).toMatchObject([{ error: { code: refusal } }])
    const isHeard = what === 'publish' && refusal === undefined && this.#isListening(room)
    expect(told.filter(({ action }) => action === ACTION.MESSAGE)).toMatchObject(
      isHeard ? [heard(room, data)] : [],
    )
    this.#last = { frame, answer: answers[0]! }
  }

  /** The code of the refusal, if any. */
  #refusal(what: 'publish' | 'enter' | 'annotate' | 'edit', room: Room): number | undefined {
    const place = this.#places.get(room)
    if (what === 'publish' || what === 'enter') {
      if (!this.#permits(what === 'enter' ? 'presence' : 'publish', room)) return 40160
      if (place?.modes === 'listening') return 40165
      return what === 'enter' && !place ? 90001 : undefined
    }
    // Messages of these channels cannot be changed. Without the right the refusal does not say so.
    if (this.#kind > 0) return 40160
    // Changes need the publish mode.
    if (what === 'edit' && place?.modes === 'listening') return 40165
    return what === 'annotate' && place && place.modes !== 'all' ? 40165 : 93002
  }

  /** A frame that is repeated on a transport has no answer; on the next one it has the same answer again. */
  async #repeat(): Promise<void> {
    if (!this.#last) return
    this.#client.send(this.#last.frame)
    await this.#expect(this.#hasSpoken ? [] : [this.#last.answer])
    this.#hasSpoken = true
  }

  async #authorize(): Promise<void> {
    const accessToken = await app.token({ clientId: 'ann' }, app.keys[this.#kind])
    this.#client.send({ action: ACTION.AUTH, auth: { accessToken } })
    const { connectionId } = this.#client
    await this.#expect([{ action: ACTION.CONNECTED, connectionId }])
  }
}

function heard(channel: Room, data: string) {
  return { action: ACTION.MESSAGE, channel, messages: [{ data }] }
}

function frameOf(what: 'publish' | 'enter' | 'annotate' | 'edit', data: string): object {
  switch (what) {
    case 'publish':
      return { action: ACTION.MESSAGE, messages: [{ data }] }
    case 'edit': {
      const serial = '01700000000000-000@elsewhere:000'
      return { action: ACTION.MESSAGE, messages: [{ action: 1, serial, data }] }
    }
    case 'enter':
      return { action: ACTION.PRESENCE, presence: [{ action: 2, data }] }
    case 'annotate': {
      const annotation = { action: 0, messageSerial: '01700000000000-000@elsewhere:000' }
      return { action: ACTION.ANNOTATION, annotations: [{ ...annotation, type: 'like:flag.v1' }] }
    }
  }
}

describe.each(['json', 'msgpack'])('in %s', (format) => {
  test.each(KINDS.map(([name], index) => [name, index] as const))('one who %s', async (_, kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: 'max' }), async (steps) => {
        const player = new Player(kind, format)
        await player.connect()
        for (const step of steps) await player.take(step)
        player.end()
      }),
      { numRuns: 60 },
    )
  })
})
