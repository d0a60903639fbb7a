/** Many clients that catch up at once: work of a turn and waiting bytes are bounded, and encodings shared. */
import { describe, expect, test } from 'bun:test'
import { FairTurns } from '../../../../../src/core/time/fair-turns.ts'
import { IdSource } from '../../../../../src/core/id-source.ts'
import { systemRandomness } from '../../../../../src/core/clock.ts'
import { MODE } from '../../../../../src/core/modes.ts'
import { type Frame, type PlacedEvent, channelRef } from '../../../../../src/core/types.ts'
import { Backlog } from '../../../../../src/protocol/ably/realtime/attaching/backlog.ts'
import { CatchingUp } from '../../../../../src/protocol/ably/realtime/attaching/catching-up.ts'
import type { Attached } from '../../../../../src/protocol/ably/realtime/attaching/attached.ts'
import type { Client } from '../../../../../src/protocol/ably/realtime/session/client.ts'
import { SharedFrames } from '../../../../../src/protocol/ably/subscription/shared-frames.ts'
import { MemberPages } from '../../../../../src/protocol/ably/realtime/presence/member-pages.ts'
import { CoreWorld, draft, value } from '../../../../support/core-world.ts'

const ref = channelRef('app', 'room')
const ROOM = 262_144
const BIG = 'x'.repeat(20_000)
const ids = new IdSource(systemRandomness)

/** A client whose frames wait until it reads. */
class Reader {
  readonly frames: Frame[] = []
  waitingBytes = 0
  mostWaiting = 0
  readonly socket = {
    id: 1,
    address: '127.0.0.1',
    close: () => undefined,
    send: () => undefined,
    punish: () => undefined,
  }
  readonly isReading: boolean

  constructor(isReading: boolean) {
    this.isReading = isReading
    Object.defineProperty(this.socket, 'waitingBytes', { get: () => this.waitingBytes })
  }

  /** The part of a client that catching up uses. */
  get client(): Client {
    return this.#client
  }

  readonly #client = {
    socket: this.socket,
    format: 'json',
    echo: true,
    connection: { id: 'c1' },
    sendFrame: (frame: Frame) => {
      this.frames.push(frame)
      if (!this.isReading) this.waitingBytes += frame.length
      this.mostWaiting = Math.max(this.mostWaiting, this.waitingBytes)
    },
  } as unknown as Client
}

async function world() {
  const core = new CoreWorld()
  const turns = new FairTurns()
  const shared = new SharedFrames()
  const caughtUp: Backlog[] = []
  const catchingUp = new CatchingUp({
    turns,
    roomBytes: ROOM,
    onCaughtUp: (backlog) => void caughtUp.push(backlog),
    onForgotten: () => undefined,
    onBug: (error) => {
      throw error
    },
  })
  const channel = await value(core.registry.open(ref))
  const begin = (reader: Reader, missed: readonly PlacedEvent[], members?: MemberPages) => {
    const modes = MODE.subscribe | MODE.presenceSubscribe
    const { socket } = reader.client
    const attachment = core.attachments.attach(channel, {
      socket,
      connectionId: 'c1',
      modes,
      formats: [],
    })
    const attached = {
      text: ref.name,
      name: { name: ref.name, qualifier: 'none' },
      attachment,
      options: { delta: false, echo: true },
    } as unknown as Attached
    const start = { members, missed, serial: channel.recent.floor, shared }
    catchingUp.begin(new Backlog(reader.client, attached, start))
  }
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) {
      core.now++
      const drafts = [draft({ name: String(i), data: BIG })]
      const rest = { batchId: undefined, ephemeral: false, connectionId: 'c2', id: undefined }
      await value(core.publisher.publish(ref, { drafts, ...rest }))
    }
  }
  const enter = async (clientId: string) => {
    core.now++
    const rest = { id: undefined, encoding: undefined, extras: undefined }
    const change = { action: 'enter' as const, clientId, data: BIG, ...rest }
    await value(core.presence.change(ref, [change], { connectionId: 'c2', id: `c2:${clientId}` }))
  }
  return { begin, catchingUp, core, enter, channel, caughtUp, publish, shared, turns }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const namesIn = (frames: readonly Frame[]) =>
  frames.flatMap((frame) =>
    (JSON.parse(String(frame)) as { messages: { name: string }[] }).messages.map(({ name }) =>
      Number(name),
    ),
  )

test('many fast readers get a bounded amount each turn, and messages are encoded once', async () => {
  const { begin, channel, caughtUp, publish, shared } = await world()
  await publish(300)
  const readers = Array.from({ length: 100 }, () => new Reader(true))
  const sent = () => readers.reduce((sum, { frames }) => sum + frames.length, 0) * BIG.length
  for (const reader of readers) begin(reader, channel.recent.all())
  let before = 0
  let most = sent()
  while (caughtUp.length < readers.length) {
    before = sent()
    await turn()
    most = Math.max(most, sent() - before)
  }
  expect(most).toBeLessThan(1_048_576)
  for (const { frames } of readers) {
    expect(namesIn(frames.slice(0, 3))).toEqual([0, 1, 2])
    expect(frames).toHaveLength(300)
  }
  // Not always: a reader may be so far behind that its encoding is not shared.
  expect(shared.encoded).toBeLessThan(300 * 3)
  expect(shared.bytes).toBeLessThanOrEqual(4_194_304)
})

test('a reader that missed little does not wait for those that missed much', async () => {
  const { begin, channel, caughtUp, publish } = await world()
  await publish(500)
  for (let i = 0; i < 20; i++) begin(new Reader(true), channel.recent.all())
  const little = new Reader(true)
  begin(little, channel.recent.all().slice(-2))
  for (let i = 0; i < 10; i++) await turn()
  expect(little.frames).toHaveLength(2)
  expect(caughtUp).toHaveLength(1)
})

describe('a client that does not read', () => {
  test('has a bounded amount waiting', async () => {
    const { begin, channel, publish, shared } = await world()
    await publish(300)
    const readers = Array.from({ length: 20 }, () => new Reader(false))
    for (const reader of readers) begin(reader, channel.recent.all())
    for (let i = 0; i < 50; i++) await turn()
    for (const { mostWaiting } of readers)
      expect(mostWaiting).toBeLessThan(ROOM + BIG.length + 1000)
    expect(shared.encoded).toBeLessThan(100)
  })

  test('gets a page of members only when there is room', async () => {
    const { begin, core, enter, channel } = await world()
    for (let i = 0; i < 40; i++) await enter(String(i))
    const limits = { members: 100, bytes: 65_536 }
    const reader = new Reader(false)
    begin(reader, [], new MemberPages('json', ref.name, channel, { ids, limits }))
    for (let i = 0; i < 5; i++) await turn()
    expect(reader.frames.length).toBeLessThan(6)
    expect(core.presenceBudget.used).toBe(channel.presence.bytes)
  })
})

test('members that changed before their page was made are sent once, as they are', async () => {
  const { begin, catchingUp, core, enter, channel, caughtUp } = await world()
  for (let i = 10; i < 40; i++) await enter(String(i))
  const limits = { members: 100, bytes: 65_536 }
  const reader = new Reader(false)
  begin(reader, [], new MemberPages('json', ref.name, channel, { ids, limits }))
  for (let i = 0; i < 5; i++) await turn()
  const pages = reader.frames.length
  const rest = { id: undefined, encoding: undefined, extras: undefined }
  const change = async (action: 'leave' | 'update' | 'enter', clientId: string, data: string) => {
    core.now++
    const origin = { connectionId: 'c2', id: `c2:${core.now}` }
    await core.presence.change(ref, [{ action, clientId, data, ...rest }], origin)
  }
  await change('leave', '10', '') // of the first page
  await change('update', '11', 'first')
  await change('leave', '38', '') // of the last
  await change('update', '39', 'last')
  await change('leave', '37', '')
  await change('enter', '37', 'back')
  await change('enter', '50', 'new')
  while (caughtUp.length === 0) {
    reader.waitingBytes = 0
    catchingUp.drained(reader.client)
    await turn()
  }
  await change('leave', '39', '')
  const told = reader.frames.map(
    (frame) =>
      JSON.parse(String(frame)) as {
        action: number
        channelSerial: string
        presence: { action: number; clientId: string; data: string }[]
      },
  )
  const synced = told.filter(({ action }) => action === 16)
  expect(synced.length).toBeGreaterThan(pages)
  expect(
    synced.every(
      ({ channelSerial }, i) => channelSerial.endsWith(':') === (i === synced.length - 1),
    ),
  ).toBe(true)
  const shown = synced.flatMap(({ presence }) => presence)
  expect(shown.map(({ clientId }) => clientId)).toEqual([
    ...Array.from({ length: 28 }, (_, i) => String(i + 10)),
    '39',
  ])
  expect(shown.slice(-2).map(({ data }) => data)).toEqual(['back', 'last'])
  const later = told
    .filter(({ action }) => action === 14)
    .flatMap(({ presence }) => presence)
    .map(({ action, clientId, data }) => `${action} ${clientId} ${data.slice(0, 5)}`)
  expect(later).toEqual(['3 10 ', '4 11 first', '2 50 new'])
})
