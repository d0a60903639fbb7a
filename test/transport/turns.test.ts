/** Requests beyond what a turn has time for wait, and nobody waits for all of somebody else's. */
import { afterEach, describe, expect, test } from 'bun:test'
import type { Endpoint, Visit } from '../../src/protocol/protocol.ts'
import type { Listeners } from '../../src/transport/listen.ts'
import { Turns } from '../../src/transport/turns.ts'
import { eventually } from '../support/client.ts'
import { startFront } from '../support/front.ts'
import { RawSocket } from '../support/raw-socket.ts'

describe('a turn', () => {
  /** A clock that only goes on while something is done. */
  const desk = () => {
    const state = { now: 0 }
    return { state, turns: new Turns(() => state.now) }
  }

  /** The clock is not looked at for each. */
  const fewCome = (turns: Turns) => Array.from({ length: 4 }, () => turns.hasTime()).at(-1)

  test('has time until something has taken long, and the next has time again', async () => {
    const { state, turns } = desk()
    expect(fewCome(turns)).toBe(true)
    state.now += 7
    expect(fewCome(turns)).toBe(true)
    state.now += 1
    expect(fewCome(turns)).toBe(false)
    await nextTurn()
    expect(turns.hasTime()).toBe(true)
  })

  test('of which others wait lets nobody pass them', async () => {
    const { state, turns } = desk()
    turns.hasTime()
    state.now += 8
    expect(fewCome(turns)).toBe(false)
    const waiting = turns.wait({ address: 'x' })
    await nextTurn()
    expect(turns.hasTime()).toBe(false)
    await waiting
    expect(turns.hasTime()).toBe(true)
  })

  test('lets go on whoever waits, an address after the other', async () => {
    const { state, turns } = desk()
    const log: string[] = []
    const waiting = ['a', 'a', 'a', 'a', 'b', 'b'].map(async (address, i) => {
      await turns.wait({ address })
      log.push(`${address}${i}`)
      state.now += 8
    })
    await Promise.all(waiting)
    expect(log).toEqual(['a0', 'b4', 'a1', 'b5', 'a2', 'a3'])
    expect(turns.waiting).toBe(0)
  })

  /** What is read, each body a millisecond of work: whether it found the turn crowded. */
  async function read(lengths: readonly number[]): Promise<boolean[]> {
    const { state, turns } = desk()
    const reading = lengths.map(async (bytes) => {
      await turns.afterArrivals(bytes)
      const { isCrowded } = turns
      state.now += 1
      return isCrowded
    })
    return Promise.all(reading)
  }

  const times = <T>(count: number, one: T) => Array.from({ length: count }, () => one)

  test('reads many small bodies in a row, and then looks whether it has time for more', async () => {
    expect(await read(times(40, 10))).toEqual([...times(32, false), ...times(8, true)])
    expect(await read(times(10, 1000))).toEqual([...times(8, false), ...times(2, true)])
  })

  test('reads a large body by itself, and one of which nobody knows how long it is', async () => {
    expect(await read([...times(8, 4097), 1])).toEqual([...times(8, false), true])
    expect(await read([...times(8, Infinity), 1])).toEqual([...times(8, false), true])
  })
})

describe('requests that come together', () => {
  let listeners: Listeners | undefined
  afterEach(async () => {
    await listeners?.stop()
    listeners = undefined
  })

  /** Each costs most of a turn, where it is asked and again where its body is there. */
  function start(log: string[]): number {
    let now = 0
    const work = (visit: Visit, what: string) => {
      now += 5
      log.push(`${visit.address} ${what}`)
    }
    const protocol: Endpoint = {
      name: 'slow',
      owns: () => true,
      serve: async (visit) => {
        work(visit, 'asked')
        const { method } = visit.request
        if (method === 'POST') {
          await visit.body(100)
          work(visit, 'read')
        }
        return new Response(method)
      },
    }
    const bodies = undefined
    listeners = startFront(protocol, undefined, bodies, () => now)
    return listeners.port
  }

  const get = (address: string) =>
    `GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: ${address}\r\n\r\n`
  const post = (address: string) =>
    `POST / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: ${address}\r\nContent-Length: 1\r\n\r\nx`

  async function connected(port: number, count: number): Promise<RawSocket[]> {
    const clients = Array.from({ length: count }, () => RawSocket.send(port, get('first')))
    for (const client of clients) await client.answer()
    return clients
  }

  test.each([
    ['without a body', get, 'asked'],
    ['with a body', post, 'read'],
  ] as const)('are answered in several turns, %s', async (_name, request, last) => {
    const log: string[] = []
    const clients = await connected(start(log), 24)
    log.length = 0
    for (const client of clients.slice(0, 20)) client.write(request('192.0.2.1'))
    for (const client of clients.slice(20)) client.write(request('192.0.2.2'))
    const done = (address: string) => log.filter((line) => line === `${address} ${last}`).length
    let turns = 0
    let whenOther = 0
    while (done('192.0.2.1') < 20) {
      await nextTurn()
      turns++
      if (whenOther === 0 && done('192.0.2.2') === 4) whenOther = done('192.0.2.1')
    }
    expect(turns).toBeGreaterThan(8)
    // One of the other address for each that came before it, however many had come.
    expect(whenOther).toBeGreaterThan(0)
    expect(whenOther).toBeLessThan(12)
    await eventually(() => done('192.0.2.2') === 4, 'all are answered')
  })
})

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
