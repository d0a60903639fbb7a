/** Replicas that hear of the same operations come to the same objects, in whatever order those of different sites come. */
import { expect, test } from 'bun:test'
import { ChannelObjects } from '../../../src/core/objects/channel-objects.ts'
import type { ObjectOperation, ObjectStamp } from '../../../src/core/objects/operation.ts'

interface Applied {
  readonly operation: ObjectOperation
  readonly stamp: ObjectStamp
}

/** A small generator, so that a failure can be run again. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const HASHES = ['A', 'B', 'C'].map((letter) => letter.repeat(43))
const MAPS = HASHES.map((hash) => `map:${hash}@1`)
const COUNTERS = HASHES.map((hash) => `counter:${hash}@1`)
const KEYS = ['a', 'b.c', '__proto__', '']
const SITES = ['one', 'two', 'three']

function operationOf(next: (below: number) => number): ObjectOperation {
  const map = ['root', ...MAPS][next(4)]!
  const created = MAPS[next(3)]!
  const counter = COUNTERS[next(3)]!
  const key = KEYS[next(4)]!
  switch (next(12)) {
    case 0:
      // What an object begins with follows from its id, which is a hash of it.
      return {
        action: 'map.create',
        objectId: created,
        entries: [['a', { kind: 'string', value: created }]],
      }
    case 1:
      return { action: 'counter.create', objectId: counter, count: 10 }
    case 2:
      return { action: 'map.clear', objectId: 'root' }
    case 3:
      return { action: 'object.delete', objectId: next(2) === 0 ? created : counter }
    case 4:
    case 5:
      return { action: 'map.remove', objectId: map, key }
    case 6:
      return {
        action: 'map.set',
        objectId: map,
        key,
        data: { kind: 'objectId', value: next(2) === 0 ? created : counter },
      }
    case 7:
    case 8:
      return { action: 'counter.inc', objectId: counter, number: next(100) - 50 }
    default:
      return { action: 'map.set', objectId: map, key, data: { kind: 'number', value: next(100) } }
  }
}

function history(seed: number): Applied[][] {
  const next = chance(seed)
  return SITES.map((siteCode) => {
    let at = 0
    return Array.from({ length: 40 }, () => {
      // No two have the same serial, and those of different sites stand between each other.
      at += 1 + next(5)
      const serial = `${String(at).padStart(5, '0')}@${siteCode}`
      return { operation: operationOf(next), stamp: { serial, siteCode, timestamp: at } }
    })
  })
}

/** Keeps the order of each site, as every server does. */
function shuffled(sites: readonly (readonly Applied[])[], seed: number): Applied[] {
  const next = chance(seed)
  const left = sites.map((operations) => [...operations])
  const order: Applied[] = []
  while (left.some((operations) => operations.length > 0)) {
    const one = left[next(left.length)]!.shift()
    if (one) order.push(one)
  }
  return order
}

function replica(order: readonly Applied[]): ChannelObjects {
  const objects = new ChannelObjects()
  for (const { operation, stamp } of order) objects.apply(operation, stamp)
  return objects
}

/** All that a replica knows, in an order of its own. */
function contents(objects: ChannelObjects): unknown {
  const all = Array.from(objects.all(), (object) => ({
    head: { ...object.head(), sites: [...object.sites].toSorted() },
    entries: object.type === 'map' ? [...object.entries].toSorted() : [],
  }))
  return all.toSorted((a, b) => (a.head.objectId < b.head.objectId ? -1 : 1))
}

test.each(Array.from({ length: 200 }, (_, seed) => seed))('history %p', (seed) => {
  const sites = history(seed)
  const first = shuffled(sites, seed + 1000)
  const [a, b] = [replica(first), replica(shuffled(sites, seed + 2000))]
  expect(contents(b)).toEqual(contents(a))
  // What comes again changes nothing.
  for (const { operation, stamp } of first) b.apply(operation, stamp)
  expect(contents(b)).toEqual(contents(a))
  let bytes = 0
  for (const object of a.all()) bytes += object.bytes
  expect(a.bytes).toBe(bytes)
})
