/** Frames beyond what a turn has time for wait, in order, and nobody waits for all of somebody else's. */
import { describe, expect, test } from 'bun:test'
import { Inbound, type Inbox, type Sender } from '../../src/transport/inbound.ts'

/** A clock that only goes on while frames are handled. */
class Desk {
  now = 0
  /** Number of times the clock was read. */
  looks = 0
  /** Handled frames with their sender, in order. */
  readonly log: string[] = []
  readonly inbound: Inbound

  constructor(maxSocketBytes = 1000, maxBytes = 10_000) {
    this.inbound = new Inbound({ now: () => this.#look(), maxSocketBytes, maxBytes })
  }

  #look(): number {
    this.looks++
    return this.now
  }

  sender(name: string, address: string, costMs = 1): Sender & { over: boolean; ended: boolean } {
    const sender = {
      address,
      inbox: undefined as Inbox | undefined,
      over: false,
      ended: false,
      handle: (frame: string | Uint8Array) => {
        this.now += costMs
        this.log.push(`${name}${String(frame)}`)
      },
      handleLater: (frame: string | Uint8Array) => sender.handle(frame),
      handled: () => {
        sender.ended = true
        this.log.push(`${name} ended`)
      },
      overflowed: () => {
        sender.over = true
      },
    }
    return sender
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

async function untilEmpty({ inbound }: Desk): Promise<number> {
  let turns = 0
  while (inbound.waiting > 0) {
    await turn()
    turns++
  }
  return turns
}

describe('frames', () => {
  test('are handled at once while the turn has time', () => {
    const desk = new Desk()
    const one = desk.sender('a', 'x', 0)
    for (let i = 0; i < 100; i++) desk.inbound.receive(one, String(i))
    expect(desk.log).toHaveLength(100)
    expect(desk.inbound.bytes).toBe(0)
  })

  test('frames are timed seldom while they take no time, and one by one where they do', () => {
    const desk = new Desk()
    const quick = desk.sender('a', 'x', 0)
    for (let i = 0; i < 1000; i++) desk.inbound.receive(quick, '.')
    expect(desk.looks).toBeLessThan(1000 / 7)
    const other = new Desk()
    const slow = other.sender('b', 'y', 3)
    for (let i = 0; i < 8; i++) other.inbound.receive(slow, '.')
    expect(other.log.length).toBeLessThan(6)
  })

  test('of a long burst wait for later turns, in order', async () => {
    const desk = new Desk()
    const one = desk.sender('a', 'x')
    for (let i = 0; i < 100; i++) desk.inbound.receive(one, String(i))
    const first = desk.log.length
    expect(first).toBeLessThan(20)
    expect(await untilEmpty(desk)).toBeGreaterThan(3)
    expect(desk.log).toEqual(Array.from({ length: 100 }, (_, i) => `a${i}`))
  })

  test('that hold much are handled one by one', async () => {
    const desk = new Desk(1e6, 1e7)
    const one = desk.sender('a', 'x', 20)
    for (let i = 0; i < 5; i++) desk.inbound.receive(one, `${i}`.padEnd(5000))
    expect(desk.log).toHaveLength(1)
    await untilEmpty(desk)
    expect(desk.log.map((entry) => entry.trim())).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
  })

  test('of another sender are handled in between', async () => {
    const desk = new Desk()
    const one = desk.sender('a', 'x')
    for (let i = 0; i < 200; i++) desk.inbound.receive(one, String(i))
    const before = desk.log.length
    desk.inbound.receive(desk.sender('b', 'y'), '!')
    await turn()
    expect(desk.log.indexOf('b!')).toBeLessThan(before + 3)
  })

  test('of one address share its turns', async () => {
    const desk = new Desk(1e6, 1e7)
    const many = Array.from({ length: 50 }, () => desk.sender('a', 'x'))
    for (let i = 0; i < 10; i++) for (const one of many) desk.inbound.receive(one, '.')
    const before = desk.log.length
    const other = desk.sender('b', 'y')
    for (let i = 0; i < 5; i++) desk.inbound.receive(other, String(i))
    await untilEmpty(desk)
    const places = [0, 1, 2, 3, 4].map((i) => desk.log.indexOf(`b${i}`) - before)
    // A frame of the other address in between.
    expect(places.at(-1)).toBeLessThan(12)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  test('that cost little are handled many at a time, between those of others that cost much', async () => {
    const desk = new Desk(1e6, 1e7)
    const [dear, cheap] = [desk.sender('a', 'x', 3), desk.sender('b', 'y', 0.125)]
    for (let i = 0; i < 100; i++) desk.inbound.receive(dear, '.')
    for (let i = 0; i < 80; i++) desk.inbound.receive(cheap, '.')
    const before = desk.log.length
    await untilEmpty(desk)
    const between = desk.log.slice(before, desk.log.lastIndexOf('b.')).filter((who) => who === 'a.')
    expect(between.length).toBeLessThan(15)
  })

  test('that came before the close are handled before it', async () => {
    const desk = new Desk()
    const one = desk.sender('a', 'x')
    for (let i = 0; i < 30; i++) desk.inbound.receive(one, String(i))
    desk.inbound.closed(one)
    expect(one.ended).toBe(false)
    await untilEmpty(desk)
    expect(desk.log.slice(-2)).toEqual(['a29', 'a ended'])
    const other = desk.sender('b', 'x')
    desk.inbound.closed(other)
    expect(other.ended).toBe(true)
  })

  test('beyond the limit of one socket close that socket only', async () => {
    const desk = new Desk(100)
    const [greedy, other] = [desk.sender('a', 'x'), desk.sender('b', 'x')]
    for (let i = 0; i < 200; i++) desk.inbound.receive(greedy, '0123456789')
    desk.inbound.receive(other, '!')
    expect(greedy.over).toBe(true)
    expect(other.over).toBe(false)
    await untilEmpty(desk)
    expect(desk.log).toContain('b!')
    expect(desk.inbound.bytes).toBe(0)
  })

  test('beyond the limit of all close the sender that has most', () => {
    const desk = new Desk(1000, 300)
    const [large, small] = [desk.sender('a', 'x'), desk.sender('b', 'y')]
    for (let i = 0; i < 12; i++) desk.inbound.receive(large, '')
    for (let i = 0; i < 20; i++) desk.inbound.receive(large, '0123456789')
    for (let i = 0; i < 15; i++) desk.inbound.receive(small, '0123456789')
    expect([large.over, small.over]).toEqual([true, false])
    expect(desk.inbound.bytes).toBe(150)
  })

  test('many simultaneous closes are handled in several turns, each once', async () => {
    const desk = new Desk()
    const many = Array.from({ length: 100 }, (_, n) => desk.sender(`${n}`, 'x'))
    // Each end costs as much as a frame does here.
    for (const one of many) {
      const { handled } = one
      one.handled = () => {
        desk.now += 1
        handled()
      }
    }
    for (const one of many) desk.inbound.closed(one)
    expect(desk.log.length).toBeLessThan(20)
    expect(await untilEmpty(desk)).toBeGreaterThan(3)
    expect(many.every(({ ended }) => ended)).toBe(true)
    expect(desk.log).toHaveLength(100)
  })
})
