/** Cases of histories: channels are apart, and those of a realm can be forgotten. */
import { describe, expect, test } from 'bun:test'
import { channelRef } from '../../src/core/types.ts'
import { type HistoryBench, FORWARDS } from './history-bench.ts'
import { Entries } from './history-entries.ts'

export function channelCases(bench: HistoryBench): void {
  let runs = 0

  describe('channels', () => {
    test.each([
      ['of two realms', ['one', 'name'], ['two', 'name']],
      ['whose names begin alike', ['one', 'name'], ['one', 'name:more']],
      ['whose names differ by case', ['one', 'name'], ['one', 'Name']],
      ['whose realm and name join to the same text', ['ab', 'c'], ['a', 'bc']],
      ['with odd names', ['one', ' 😀\n%_'], ['one', ' 😀\n%']],
    ] as const)('%s are apart', async (_, one, other) => {
      const made = new Entries()
      const [first, second] = [made.message(), made.message()]
      const run = runs++
      const refs = [one, other].map(([realm, called]) => channelRef(`${run} ${realm}`, called))
      await bench.history.append(refs[0]!, [first, ...made.presence()])
      await bench.history.append(refs[1]!, [second])
      expect(bench.history.messages(refs[0]!, FORWARDS).items).toEqual([first.message])
      expect(bench.history.messages(refs[1]!, FORWARDS).items).toEqual([second.message])
      expect(bench.history.message(refs[1]!, first.message.serial)).toBeUndefined()
      expect(bench.history.presence(refs[1]!, FORWARDS).items).toEqual([])
    })

    test('of a realm that is forgotten have nothing, and can begin anew', async () => {
      const made = new Entries()
      const gone = [channelRef('gone', 'a'), channelRef('gone', 'b')]
      const stays = channelRef('stays', 'a')
      const first = made.message()
      const annotation = made.annotation(first.message)
      for (const ref of [...gone, stays]) {
        await bench.history.append(ref, [first, annotation, ...made.presence()])
      }
      const late = bench.history.append(gone[0]!, [made.message()])
      bench.history.forget('gone')
      await late
      const { serial } = first.message
      for (const ref of gone) {
        expect(bench.history.messages(ref, FORWARDS).items).toEqual([])
        expect(bench.history.presence(ref, FORWARDS).items).toEqual([])
        expect(bench.history.message(ref, serial)).toBeUndefined()
        expect(bench.history.versions(ref, serial, FORWARDS).items).toEqual([])
        expect(bench.history.annotations(ref, serial, FORWARDS).items).toEqual([])
      }
      expect(bench.history.messages(stays, FORWARDS).items).toEqual([annotation.message])
      const anew = made.message()
      await bench.history.append(gone[0]!, [anew])
      expect(bench.history.messages(gone[0]!, FORWARDS).items).toEqual([anew.message])
      bench.history.forget('never there')
    })
  })
}
