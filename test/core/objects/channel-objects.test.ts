/** What becomes of operations on the objects of a channel. */
import { describe, expect, test } from 'bun:test'
import { ChannelObjects, objectsFrom } from '../../../src/core/objects/channel-objects.ts'
import { LiveCounter } from '../../../src/core/objects/live-counter.ts'
import type { ObjectData, ObjectOperation } from '../../../src/core/objects/operation.ts'

const MAP = `map:${'m'.repeat(43)}@1`
const COUNTER = `counter:${'c'.repeat(43)}@1`

const text = (value: string): ObjectData => ({ kind: 'string', value })

function made(...operations: (readonly [serial: string, operation: ObjectOperation])[]) {
  const objects = new ChannelObjects()
  for (const [serial, operation] of operations)
    objects.apply(operation, { serial, siteCode: serial.slice(2), timestamp: 7 })
  return objects
}

const set = (key: string, value: string): ObjectOperation => ({
  action: 'map.set',
  objectId: 'root',
  key,
  data: text(value),
})

describe('a map', () => {
  test('has the value of the greater serial, whichever came first', () => {
    expect(made(['2@a', set('k', 'new')], ['1@b', set('k', 'old')]).root.get('k')).toEqual(
      text('new'),
    )
    expect(made(['1@b', set('k', 'old')], ['2@a', set('k', 'new')]).root.get('k')).toEqual(
      text('new'),
    )
  })

  test('remembers what was removed, so that nothing older comes back', () => {
    const remove: ObjectOperation = { action: 'map.remove', objectId: 'root', key: 'k' }
    const { root } = made(['2@a', remove], ['1@b', set('k', 'old')])
    expect(root.get('k')).toBeUndefined()
    expect(root.entries.get('k')).toEqual({ data: undefined, serial: '2@a', removedAt: 7 })
    expect(made(['2@a', remove], ['3@b', set('k', 'new')]).root.get('k')).toEqual(text('new'))
  })

  test('is cleared of what is older alone', () => {
    const clear: ObjectOperation = { action: 'map.clear', objectId: 'root' }
    const { root } = made(
      ['1@a', set('old', '1')],
      ['3@b', set('new', '3')],
      ['2@c', clear],
      ['1@d', set('late', '1')],
    )
    expect([...root.entries.keys()]).toEqual(['new'])
    expect(root.clearSerial).toBe('2@c')
  })

  test('begins with what does not stand against what came before', () => {
    const objects = made(
      ['1@a', { action: 'map.set', objectId: MAP, key: 'k', data: text('set') }],
      [
        '2@a',
        {
          action: 'map.create',
          objectId: MAP,
          entries: [
            ['k', text('first')],
            ['other', text('first')],
          ],
        },
      ],
    )
    const map = objects.map(MAP)!
    expect(map.get('k')).toEqual(text('set'))
    expect(map.get('other')).toEqual(text('first'))
    expect(map.isCreated).toBe(true)
  })
})

describe('a counter', () => {
  const count = (objects: ChannelObjects) => {
    const counter = objects.get(COUNTER)
    return counter instanceof LiveCounter ? counter.count : undefined
  }

  test('adds up, and counts what it began with once', () => {
    const inc: ObjectOperation = { action: 'counter.inc', objectId: COUNTER, number: 5 }
    const create: ObjectOperation = { action: 'counter.create', objectId: COUNTER, count: 10 }
    expect(count(made(['1@a', inc], ['2@a', create], ['3@b', create], ['4@b', inc]))).toBe(20)
  })

  test('takes nothing twice that its site has said before', () => {
    const inc: ObjectOperation = { action: 'counter.inc', objectId: COUNTER, number: 5 }
    expect(count(made(['2@a', inc], ['2@a', inc], ['1@a', inc], ['1@b', inc]))).toBe(10)
  })

  test('that was deleted takes nothing more', () => {
    const inc: ObjectOperation = { action: 'counter.inc', objectId: COUNTER, number: 5 }
    const objects = made(
      ['1@a', inc],
      ['2@a', { action: 'object.delete', objectId: COUNTER }],
      ['3@a', inc],
    )
    expect(count(objects)).toBe(0)
    expect(objects.get(COUNTER)?.deletedAt).toBe(7)
  })
})

test('what is named exists, and says nothing', () => {
  const objects = made([
    '1@a',
    { action: 'map.set', objectId: 'root', key: 'k', data: { kind: 'objectId', value: COUNTER } },
  ])
  expect(objects.get(COUNTER)?.isCreated).toBe(false)
  expect(objects.size).toBe(2)
})

test('objects are the same once they have been plain data', () => {
  const objects = made(
    ['1@a', { action: 'counter.create', objectId: COUNTER, count: 3 }],
    ['2@a', set('k', 'v')],
    ['3@a', { action: 'map.remove', objectId: 'root', key: 'gone' }],
    ['4@b', { action: 'object.delete', objectId: MAP }],
    ['5@a', { action: 'map.clear', objectId: 'root' }],
    ['6@a', set('late', 'v')],
  )
  const again = objectsFrom(objects.plain())
  expect(again.plain()).toEqual(objects.plain())
  expect(again.bytes).toBe(objects.bytes)
})
