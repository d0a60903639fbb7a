/** Where paths lead, and what operations become that say where. */
import { describe, expect, test } from 'bun:test'
import { ChannelObjects } from '../../../src/core/objects/channel-objects.ts'
import type { ObjectOperation } from '../../../src/core/objects/operation.ts'
import { follow, segmentsOf } from '../../../src/core/objects/paths.ts'
import { type ObjectWish, expand } from '../../../src/core/objects/wishes.ts'

const map = (letter: string) => `map:${letter.repeat(43)}@1`
const COUNTER = `counter:${'c'.repeat(43)}@1`

/** root: a → {x.y: 1, n → counter}, b → {}, gone (removed), text */
function tree(): ChannelObjects {
  const objects = new ChannelObjects()
  const link = (objectId: string, key: string, value: string): ObjectOperation => ({
    action: 'map.set',
    objectId,
    key,
    data: { kind: 'objectId', value },
  })
  const operations: ObjectOperation[] = [
    link('root', 'a', map('a')),
    link('root', 'b', map('b')),
    link('root', 'gone', map('d')),
    { action: 'map.remove', objectId: 'root', key: 'gone' },
    { action: 'map.set', objectId: 'root', key: 'text', data: { kind: 'string', value: 't' } },
    { action: 'map.set', objectId: map('a'), key: 'x.y', data: { kind: 'number', value: 1 } },
    link(map('a'), 'n', COUNTER),
  ]
  for (const [index, operation] of operations.entries())
    objects.apply(operation, { serial: `${index}`, siteCode: 's', timestamp: 1 })
  return objects
}

test.each([
  ['', []],
  ['a', ['a']],
  ['a.b', ['a', 'b']],
  [String.raw`a\.b.c`, ['a.b', 'c']],
  ['*.b', ['*', 'b']],
])('%p is divided into %p', (path, segments) => {
  expect(segmentsOf(path)).toEqual(segments)
})

test.each([
  ['', ['root']],
  ['a', [map('a')]],
  [String.raw`a.x\.y`, [1]],
  ['*', [map('a'), map('b'), 't']],
  ['*.n', [COUNTER]],
  ['gone', []],
  ['text.more', []],
])('%p leads to %p', (path, expected) => {
  const objects = tree()
  const found = follow(objects, segmentsOf(path), objects.root)
  expect(found.map((one) => ('type' in one ? one.id : one.value))).toEqual(expected)
})

const wish = (members: Partial<ObjectWish>): ObjectWish => ({
  id: undefined,
  clientId: undefined,
  extras: undefined,
  objectId: undefined,
  path: undefined,
  wanted: { action: 'map.remove', key: 'k' },
  ...members,
})

const counted = { action: 'counter.inc', number: 1 } as const
const created = { action: 'counter.create', objectId: COUNTER, count: 0 } as const

describe('an operation at a path', () => {
  test.each([
    ['is done to all maps there', wish({ path: '*' }), [map('a'), map('b')]],
    ['is done to all counters there', wish({ path: '*.*', wanted: counted }), [COUNTER]],
    ['is done to the root', wish({ path: '' }), ['root']],
    ['is done to the object with the id', wish({ objectId: map('z') }), [map('z')]],
    [
      'links what is created to its parent',
      wish({ path: 'b.new', wanted: created }),
      [COUNTER, map('b')],
    ],
    ['creates what is linked to nothing', wish({ wanted: created }), [COUNTER]],
  ])('%s', (_, given, ids) => {
    const found = expand(tree(), [given])
    expect(found.ok && found.value.objectIds).toEqual(ids)
  })

  test.each([
    ['nothing', wish({}), 'object_target_missing'],
    ['a path to nothing', wish({ path: 'nowhere' }), 'object_path_unmatched'],
    ['a path to no counter', wish({ path: 'a', wanted: counted }), 'object_path_unfit'],
    ['only what does not fit', wish({ path: '*', wanted: counted }), 'object_path_unmatched'],
    ['a parent that is none', wish({ path: 'text.k', wanted: created }), 'object_path_unfit'],
    ['a parent that is not there', wish({ path: 'c.k', wanted: created }), 'object_path_unmatched'],
    ['every key, for what is created', wish({ path: '*', wanted: created }), 'object_path_unfit'],
    ['the root, for what is created', wish({ path: '', wanted: created }), 'object_path_unfit'],
  ])('with %s is refused', (_, given, name) => {
    const found = expand(tree(), [given])
    expect(found.ok || found.failure.name).toBe(name as never)
  })

  test('gives each of several operations an id of its own', () => {
    const found = expand(tree(), [wish({ id: 'one', path: '*' }), wish({ id: 'two', path: '' })])
    expect(found.ok && found.value.drafts.map(({ id }) => id)).toEqual(['one:0', 'one:1', 'two'])
  })
})
