/** A presence set knows what each connection has entered, be it nothing, one member or several. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { PresenceSet } from '../../../src/core/channel/presence-set.ts'
import type { PresenceMessage } from '../../../src/core/types.ts'

const change = fc.record({
  kind: fc.constantFrom('put' as const, 'remove' as const),
  connectionId: fc.constantFrom('a', 'b', 'c'),
  clientId: fc.constantFrom('ann', 'bob', 'cleo'),
})

function member(connectionId: string, clientId: string): PresenceMessage {
  const rest = { data: undefined, encoding: undefined, extras: undefined, timestamp: 1 }
  return { action: 'present', id: 'x', clientId, connectionId, ...rest }
}

test('knows the members of each connection', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const set = new PresenceSet()
      const known: string[] = []
      for (const { kind, connectionId, clientId } of changes) {
        const key = `${connectionId} ${clientId}`
        const at = known.indexOf(key)
        if (kind === 'put') {
          set.put(member(connectionId, clientId))
          if (at < 0) known.push(key)
        } else {
          expect(set.remove(connectionId, clientId)).toBe(at >= 0)
          if (at >= 0) known.splice(at, 1)
        }
      }
      const found = ['a', 'b', 'c'].flatMap((connectionId) =>
        set.ofConnection(connectionId).map((one) => `${connectionId} ${one.clientId}`),
      )
      expect(found.toSorted()).toEqual(known.toSorted())
      expect(set.size).toBe(known.length)
    }),
  )
})
