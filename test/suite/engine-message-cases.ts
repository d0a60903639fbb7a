/** Order, repetition, resuming, deltas, rewind, history and batches. */
import * as vcdiff from '@ably/vcdiff-decoder'
import type Ably from 'ably'
import { expect, test } from 'bun:test'
import { eventually } from '../support/client.ts'
import type { EngineClients, Side } from './engine-clients.ts'

const SIDES: readonly Side[] = ['a', 'b']

/** Collects what a channel hears. */
async function heardOn(channel: Ably.RealtimeChannel): Promise<Ably.InboundMessage[]> {
  const heard: Ably.InboundMessage[] = []
  await channel.subscribe((message) => heard.push(message))
  return heard
}

const dataOf = (messages: readonly Ably.InboundMessage[]) => messages.map(({ data }) => data)

export function engineMessageCases(clients: EngineClients): void {
  test('every reader hears the same order, and each publisher its own', async () => {
    const name = clients.name()
    const channels = await Promise.all(
      [...SIDES, ...SIDES].map((side) => clients.channel(side, name)),
    )
    const heard = await Promise.all(channels.map(heardOn))
    await Promise.all(
      channels.flatMap((channel, who) =>
        Array.from({ length: 20 }, (_, n) => channel.publish('n', `${who}-${n}`)),
      ),
    )
    await eventually(() => heard.every(({ length }) => length >= 80), 'all have heard all')
    for (const one of heard) expect(dataOf(one)).toEqual(dataOf(heard[0]!))
    for (let who = 0; who < 4; who++) {
      const own = dataOf(heard[0]!).filter((data) => String(data).startsWith(`${who}-`))
      expect(own).toEqual(Array.from({ length: 20 }, (_, n) => `${who}-${n}`))
    }
    const serials = heard[0]!.map(({ serial }) => serial!)
    expect(serials.toSorted()).toEqual(serials)
  })

  test('a message with an id that comes again counts once, wherever it comes', async () => {
    const name = clients.name()
    const [a, b] = [await clients.channel('a', name), await clients.channel('b', name)]
    const heard = await heardOn(b)
    await Promise.all([a, b, a, b].map((channel) => channel.publish({ id: 'once', data: 'x' })))
    await a.publish('n', 'end')
    await eventually(() => dataOf(heard).includes('end'), 'the last came')
    expect(dataOf(heard)).toEqual(['x', 'end'])
    const again = await clients.ask('b', `/channels/${name}/messages`, { id: 'once', data: 'x' })
    expect(again.status).toBe(201)
    await a.publish('n', 'very end')
    await eventually(() => dataOf(heard).includes('very end'), 'the last came')
    expect(heard).toHaveLength(3)
  })

  test('a client that was away goes on where it was', async () => {
    const name = clients.name()
    const away = await clients.client('b')
    const channel = away.channels.get(name)
    const heard = await heardOn(channel)
    const other = await clients.channel('a', name)
    await other.publish('n', 'before')
    await eventually(() => heard.length === 1, 'it came')
    const { id } = away.connection
    away.connection.once('disconnected', () => undefined)
    dropTransport(away)
    await other.publish('n', 'meanwhile')
    await eventually(() => heard.length === 2, 'what was missed came')
    expect(away.connection.id).toBe(id)
    await other.publish('n', 'after')
    await eventually(() => heard.length === 3, 'it goes on')
    expect(dataOf(heard)).toEqual(['before', 'meanwhile', 'after'])
  })

  test('readers of deltas can read each message, their own that is not echoed left out', async () => {
    const name = clients.name()
    const params = { params: { delta: 'vcdiff' } }
    const plugins = { vcdiff: vcdiff as never }
    const reader = await clients.channel('b', name, { plugins }, params)
    const speaker = await clients.channel('b', name, { plugins, echoMessages: false }, params)
    const [heard, spoken] = [await heardOn(reader), await heardOn(speaker)]
    const other = await clients.channel('a', name)
    const expected: string[] = []
    const expectedBySpeaker: string[] = []
    for (let n = 0; n < 12; n++) {
      const isOwn = n % 3 === 1
      const data = JSON.stringify({ text: 'much that stays the same', more: 'of it', n })
      expected.push(data)
      if (!isOwn) expectedBySpeaker.push(data)
      await (isOwn ? speaker : other).publish('n', data)
    }
    await eventually(() => heard.length === expected.length, 'all came')
    await eventually(() => spoken.length === expectedBySpeaker.length, 'all came to the speaker')
    expect(dataOf(heard)).toEqual(expected)
    expect(dataOf(spoken)).toEqual(expectedBySpeaker)
  })

  test('whoever rewinds gets what was said before, then what is said', async () => {
    const name = clients.name()
    const other = await clients.channel('a', name)
    for (const data of ['1', '2', '3']) await other.publish('n', data)
    const late = (await clients.client('b')).channels.get(name, { params: { rewind: '2' } })
    const heard = await heardOn(late)
    await other.publish('n', '4')
    await eventually(() => heard.length === 3, 'all came')
    expect(dataOf(heard)).toEqual(['2', '3', '4'])
  })

  test.each(['plain', 'kept'])(
    'history of a %s channel has everything in its order',
    async (space) => {
      const name = clients.name(space)
      const [a, b] = [await clients.channel('a', name), await clients.channel('b', name)]
      for (let n = 0; n < 6; n++) await (n % 2 ? a : b).publish('n', `${n}`)
      for (const channel of [a, b]) {
        const { items } = await channel.history({ direction: 'forwards' })
        expect(dataOf(items)).toEqual(['0', '1', '2', '3', '4', '5'])
      }
    },
  )

  test('a batch is published on each of its channels, in order', async () => {
    const names = [clients.name(), clients.name()]
    const channels = await Promise.all(names.map((name) => clients.channel('b', name)))
    const heard = await Promise.all(channels.map(heardOn))
    const messages = [{ data: '1' }, { data: '2' }]
    const answer = await clients.ask('a', '/messages', { channels: names, messages })
    expect(answer.status).toBe(201)
    await eventually(() => heard.every(({ length }) => length === 2), 'both came to both')
    for (const one of heard) expect(dataOf(one)).toEqual(['1', '2'])
  })
}

/** As a network that blinks does; the client comes back by itself. */
function dropTransport({ connection }: Ably.Realtime): void {
  const { connectionManager } = connection as unknown as {
    connectionManager: { activeProtocol: { transport: { disconnect(): void; dispose(): void } } }
  }
  connectionManager.activeProtocol.transport.disconnect()
}
