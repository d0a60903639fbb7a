/** Cases of histories: messages that are updated, deleted, continued and annotated. */
import { describe, expect, test } from 'bun:test'
import type { Page } from '../../src/core/history/history.ts'
import type { KeptMessage } from '../../src/core/types.ts'
import { type HistoryBench, FORWARDS, bare, walk } from './history-bench.ts'
import { NOW } from './history-entries.ts'

export function changeCases(bench: HistoryBench): void {
  describe('a message that is changed', () => {
    test('stays in its place and at its time, in its latest state', async () => {
      bench.begin()
      const made = [10, 20, 30].map((offset) =>
        bench.entries.message({ timestamp: NOW - 100 + offset, data: 'old' }),
      )
      await bench.append(...made)
      const changed = bench.entries.version(made[1]!.message, { data: 'new' })
      await bench.append(changed)
      const states = [made[0]!.message, changed.message, made[2]!.message]
      expect(bench.messages()).toEqual(states)
      expect(bench.messages({ start: NOW - 80, end: NOW - 80 })).toEqual([changed.message])
      expect(bench.messages({ start: NOW - 5 })).toEqual([])
      expect(bench.messages({ until: made[1]!.position })).toEqual(states.slice(0, 2))
      expect(bench.history.message(bench.channel, made[1]!.message.serial)).toEqual(changed.message)
    })

    test('has all its listed states, and stays when it is deleted', async () => {
      bench.begin()
      const { message } = bench.entries.message({ data: 'one' })
      const two = bench.entries.version(message, { data: 'two' })
      const gone = bench.entries.version(two.message, { action: 'delete', data: undefined })
      await bench.append({ kind: 'message', message, position: message.serial.slice(0, -4) })
      expect(bench.versions(message.serial)).toEqual([message])
      await bench.append(two)
      await bench.append(gone)
      expect(bench.versions(message.serial)).toEqual([message, two.message, gone.message])
      expect(bench.messages()).toEqual([gone.message])
    })

    test('lists what was appended with the update before it, and keeps how it was created', async () => {
      bench.begin()
      const created = bench.entries.message({ data: 'a' })
      const { serial } = created.message
      const append = (before: KeptMessage, data: string) =>
        bench.entries.version(before, { data, isListed: false })
      const ab = append(created.message, 'ab')
      const abc = append(ab.message, 'abc')
      await bench.append(created, ab, abc)
      expect(bench.messages()).toEqual([abc.message])
      expect(bench.versions(serial)).toEqual([created.message])
      const x = bench.entries.version(abc.message, { data: 'x' })
      await bench.append(x)
      expect(bench.versions(serial)).toEqual([created.message, x.message])
      const xy = append(x.message, 'xy')
      const xyz = append(xy.message, 'xyz')
      await bench.append(xy)
      await bench.append(xyz)
      expect(bench.versions(serial)).toEqual([created.message, xyz.message])
      const z = bench.entries.version(xyz.message, { data: 'z' })
      await bench.append(z)
      expect(bench.versions(serial)).toEqual([created.message, xyz.message, z.message])
      expect(bench.history.message(bench.channel, serial)).toEqual(z.message)
    })

    test('has its versions in pages, by their own times', async () => {
      bench.begin()
      const created = bench.entries.message({ timestamp: NOW - 50 })
      const { serial } = created.message
      await bench.append(created)
      const states = [created.message]
      for (const at of [40, 30, 20, 10]) {
        const next = bench.entries.version(states.at(-1)!, { at: NOW - at })
        await bench.append(next)
        states.push(next.message)
      }
      const read = (page: Page) => bench.history.versions(bench.channel, serial, page)
      for (const limit of [1, 2, 5]) {
        expect(walk(read, { direction: 'forwards', limit })).toEqual(states)
        expect(walk(read, { direction: 'backwards', limit })).toEqual(states.toReversed())
      }
      expect(bench.versions(serial, { start: NOW - 40, end: NOW - 20 })).toEqual(states.slice(1, 4))
      expect(bench.versions(serial, { start: NOW - 10 })).toEqual(states.slice(4))
      expect(bench.versions(serial, { end: NOW - 11 })).toEqual(states.slice(0, 4))
      const until = states[2]!.version.serial.slice(0, -4)
      expect(bench.versions(serial, { until })).toEqual(states.slice(0, 3))
    })

    test('leaves the others as they are', async () => {
      bench.begin()
      const [one, two] = bench.entries.messages({ data: 'one' }, { data: 'two' })
      await bench.append(one!, two!)
      const changed = bench.entries.version(one!.message, { data: 'changed' })
      await bench.append(changed, bench.entries.annotation(changed.message))
      expect(bench.history.message(bench.channel, two!.message.serial)).toEqual(two!.message)
      expect(bench.versions(two!.message.serial)).toEqual([two!.message])
      expect(bench.history.annotations(bench.channel, two!.message.serial, FORWARDS).items).toEqual(
        [],
      )
    })
  })

  describe('annotations', () => {
    test('of one request change their message once: the last brings it', async () => {
      bench.begin()
      const one = bench.entries.message()
      const two = bench.entries.message()
      await bench.append(one, two)
      const made = [one, two, one, one].map(({ message }) => bench.entries.annotation(message))
      const entries = made.map((entry, place) =>
        place === 1 || place === 3 ? entry : { ...entry, message: undefined },
      )
      await bench.append(...entries)
      expect(bench.messages()).toEqual([made[3]!.message, made[1]!.message])
      const { serial } = one.message
      expect(bench.history.annotations(bench.channel, serial, FORWARDS).items).toEqual(
        [made[0]!, made[2]!, made[3]!].map(({ annotation }) => annotation),
      )
    })

    test('are listed by serial, in pages, and sum up in the message', async () => {
      bench.begin()
      const { message, position } = bench.entries.message({ timestamp: NOW - 50 })
      await bench.append({ kind: 'message', message, position })
      const made = [40, 30, 20].map((offset) =>
        bench.entries.annotation(message, { timestamp: NOW - offset, clientId: `c${offset}` }),
      )
      for (const one of made) await bench.append(one)
      expect(bench.messages()).toEqual([made[2]!.message])
      const wanted = made.map(({ annotation }) => annotation)
      const read = (page: Page) => bench.history.annotations(bench.channel, message.serial, page)
      for (const limit of [1, 2, 3]) {
        expect(walk(read, { direction: 'forwards', limit })).toEqual(wanted)
        expect(walk(read, { direction: 'backwards', limit })).toEqual(wanted.toReversed())
      }
      expect(read({ ...FORWARDS, start: NOW - 30, end: NOW - 30 }).items).toEqual([wanted[1]!])
      const until = wanted[1]!.serial.slice(0, -4)
      expect(read({ ...FORWARDS, until }).items).toEqual(wanted.slice(0, 2))
      expect(bare(bench.history.versions(bench.channel, message.serial, FORWARDS).items)).toEqual([
        message,
      ])
    })
  })
}
