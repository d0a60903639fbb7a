/** The order of use is that of a list from which things are taken out and put at its end. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { IdleOrder, type Linked } from '../../../src/core/registry/idle-order.ts'

class Thing implements Linked<Thing> {
  earlier: Thing | undefined
  later: Thing | undefined
  isIdle = false
  constructor(readonly name: number) {}
}

function inOrder({ first }: IdleOrder<Thing>): number[] {
  const names: number[] = []
  for (let one = first; one; one = one.later) names.push(one.name)
  return names
}

test('any sequence of changes gives the order of a plain list', () => {
  const step = fc.record({
    what: fc.nat({ max: 5 }),
    act: fc.constantFrom('add', 'delete', 'touch'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const things = Array.from({ length: 6 }, (_, i) => new Thing(i))
      const order = new IdleOrder<Thing>()
      let plain: number[] = []
      for (const { what, act } of steps) {
        order[act](things[what]!)
        const isIn = plain.includes(what)
        if (act === 'delete' || (act === 'touch' && isIn)) plain = plain.filter((n) => n !== what)
        if ((act === 'add' && !isIn) || (act === 'touch' && isIn)) plain.push(what)
        expect(inOrder(order)).toEqual(plain)
        expect(order.size).toBe(plain.length)
        expect(order.first?.name).toBe(plain[0])
      }
    }),
  )
})
