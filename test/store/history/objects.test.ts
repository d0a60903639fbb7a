/** Live objects in `history.db`: what was said to have changed comes to the same as what is in memory. */
import { afterEach, expect, test } from 'bun:test'
import { ChannelObjects, objectsFrom } from '../../../src/core/objects/channel-objects.ts'
import type { ObjectData, ObjectOperation } from '../../../src/core/objects/operation.ts'
import { serialAt } from '../../../src/core/channel/position.ts'
import { recordsOf } from '../../../src/core/objects/records.ts'
import { channelRef } from '../../../src/core/types.ts'
import { OpenedLog } from './opened.ts'

const opened: OpenedLog[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.end()
})

const ref = channelRef('app', 'room')
const other = channelRef('app', 'other')
const map = (letter: string) => `map:${letter.repeat(43)}@1`
const COUNTER = `counter:${'c'.repeat(43)}@1`

function open(options: ConstructorParameters<typeof OpenedLog>[0] = {}): OpenedLog {
  const one = new OpenedLog(options)
  opened.push(one)
  return one
}

class Writing {
  readonly objects = new ChannelObjects()
  readonly #log: OpenedLog
  #at = 0

  constructor(log: OpenedLog) {
    this.#log = log
  }

  do(...operations: ObjectOperation[]): Promise<void> {
    const position = `${String(++this.#at).padStart(14, '0')}-000@s`
    for (const [index, operation] of operations.entries())
      this.objects.apply(operation, {
        serial: serialAt(position, index),
        siteCode: 's',
        timestamp: 7,
      })
    const records = recordsOf(this.objects, operations, [])
    const { bytes } = this.objects
    return this.#log.log.keepObjects(ref, { position, records, bytes })
  }
}

/** Whatever the order in which they are read. */
const contents = (objects: ChannelObjects) =>
  objects
    .plain()
    .map(({ entries, head }) => ({ head, entries: entries.toSorted() }))
    .toSorted((a, b) => (a.head.objectId < b.head.objectId ? -1 : 1))

const set = (objectId: string, key: string, data: ObjectData): ObjectOperation => ({
  action: 'map.set',
  objectId,
  key,
  data,
})

test('what is read is what was in memory, after every kind of operation', async () => {
  const log = open()
  const writing = new Writing(log)
  const steps: ObjectOperation[][] = [
    [
      {
        action: 'map.create',
        objectId: map('a'),
        entries: [
          ['k', { kind: 'json', value: '[1]' }],
          ['ref', { kind: 'objectId', value: map('z') }],
        ],
      },
      set('root', 'a', { kind: 'objectId', value: map('a') }),
    ],
    [{ action: 'counter.create', objectId: COUNTER, count: 1e300 }],
    [{ action: 'counter.inc', objectId: COUNTER, number: -0.1 }],
    [set(map('a'), '__proto__', { kind: 'bytes', value: new Uint8Array([0, 255]) })],
    [set('root', '', { kind: 'string', value: '\u0000ü' })],
    [set('root', 'no', { kind: 'boolean', value: false })],
    [{ action: 'map.remove', objectId: map('a'), key: 'k' }],
    [{ action: 'map.remove', objectId: map('a'), key: 'never' }],
    [{ action: 'map.clear', objectId: 'root' }],
    [set('root', 'late', { kind: 'number', value: 5 })],
    [{ action: 'object.delete', objectId: map('a') }],
    [{ action: 'object.delete', objectId: COUNTER }],
  ]
  for (const step of steps) {
    await writing.do(...step)
    const read = objectsFrom(log.log.objects(ref))
    expect(contents(read)).toEqual(contents(writing.objects))
    expect(read.bytes).toBe(writing.objects.bytes)
  }
  expect(log.log.objects(other)).toEqual([])
})

test('an entry of a large map is written alone', async () => {
  const log = open()
  const writing = new Writing(log)
  await writing.do(
    ...Array.from({ length: 500 }, (_, i) => set('root', `${i}`, { kind: 'number', value: i })),
  )
  const changes = () => log.file.sqlite.query('SELECT total_changes() AS n').get() as { n: number }
  const before = changes().n
  await writing.do(set('root', '7', { kind: 'number', value: 0 }))
  // The entry, its object, bytes of the channel, and what says how far it has come.
  expect(changes().n - before).toBeLessThanOrEqual(4)
})

test('objects of an app that is forgotten are gone at once, and their rows bit by bit', async () => {
  const log = open()
  const writing = new Writing(log)
  await writing.do(
    ...Array.from({ length: 700 }, (_, i) => set('root', `${i}`, { kind: 'number', value: i })),
  )
  log.log.forget('app')
  expect(log.log.objects(ref)).toEqual([])
  const count = (table: string) =>
    (log.file.sqlite.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n
  expect(count('object_entries')).toBe(700)
  expect(log.log.retention.step()).toBe(true)
  expect(count('object_entries')).toBe(400)
  while (log.log.retention.step());
  expect(['object_entries', 'objects', 'object_channels'].map(count)).toEqual([0, 0, 0])
})

test('objects take up half of what an app may have, and no more', async () => {
  const log = open()
  log.diskMbOf = () => 1
  const writing = new Writing(log)
  await writing.do(set('root', 'k', { kind: 'string', value: 'x'.repeat(500_000) }))
  expect(log.log.objectRefusal('app', true)).toBeUndefined()
  await writing.do(set('root', 'l', { kind: 'string', value: 'x'.repeat(100_000) }))
  expect(log.log.objectRefusal('app', true)?.name).toBe('objects_full')
  expect(log.log.objectRefusal('app', false)).toBeUndefined()
  expect(log.log.objectRefusal('another', true)).toBeUndefined()
})
