/** The tree of namespaces equals one made by comparing every pair. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Branch, treeOf } from '../../src/dashboard/pages/reservations/tree.ts'
import { coversAsWritten } from '../../src/policy/names.ts'

interface Item {
  readonly namespace: string
}

const letters = fc.constantFrom('a', 'b', '!', '/', ':', 'é')
const namespace = fc.string({ unit: letters, minLength: 1, maxLength: 8 })
const items = fc
  .uniqueArray(namespace, { maxLength: 15 })
  .map((names) => names.map((name) => ({ namespace: name })))

test('every name is below the longest name that covers it, in order', () => {
  fc.assert(
    fc.property(items, (all) => {
      const found = [...walk(treeOf(all), undefined)]
      expect(found.map(({ item }) => item).toSorted(byName)).toEqual(all.toSorted(byName))
      for (const { item, above } of found) expect(above).toBe(longestAbove(item, all))
    }),
    { numRuns: 1000 },
  )
})

test('the parts of a name and the names above it make the whole name', () => {
  const [acme] = treeOf([
    { namespace: 'acme/vault' },
    { namespace: 'acme' },
    { namespace: 'acme!x' },
  ])
  expect(acme).toMatchObject({
    part: 'acme',
    above: '',
    below: [{ part: '/vault', above: 'acme' }],
  })
})

function* walk(
  branches: readonly Branch<Item>[],
  above: string | undefined,
): Generator<{ item: Item; above: string | undefined }> {
  for (const { item, below } of branches) {
    yield { item, above }
    yield* walk(below, item.namespace)
  }
}

function longestAbove({ namespace: name }: Item, all: readonly Item[]): string | undefined {
  return all
    .map((other) => other.namespace)
    .filter((other) => other !== name && coversAsWritten(other, name))
    .toSorted((a, b) => b.length - a.length)[0]
}

function byName(a: Item, b: Item): number {
  return a.namespace < b.namespace ? -1 : 1
}
