/** Annotations and their summaries. */
import type { Attacker } from '../attacker.ts'
import { basic } from '../attacker.ts'
import type { Lever } from '../lever.ts'

export const annotationLevers: readonly Lever[] = [
  {
    name: 'annotations',
    who: 'key holder',
    summary: 'a hundred annotations of a hundred clients and names at a time, on one message',
    pull: async (attacker) => {
      const path = await message(attacker)
      await attacker.repeat(8, (turn) =>
        attacker.post(
          path,
          annotations((i) => ({
            type: 'r:distinct.v1',
            name: `n${turn}-${i}`,
            clientId: `c${turn}-${i}`,
          })),
        ),
      )
    },
  },
  {
    name: 'annotations-of-many-types',
    who: 'key holder',
    summary: 'the same with a type each, of every way to sum up',
    pull: async (attacker) => {
      const path = await message(attacker)
      const methods = ['total', 'flag', 'distinct', 'unique', 'multiple']
      await attacker.repeat(8, (turn) =>
        attacker.post(
          path,
          annotations((i) => ({
            type: `t${turn}-${i}:${methods[i % 5]}.v1`,
            name: 'x'.repeat(200),
            clientId: `c${i}`,
          })),
        ),
      )
    },
  },
]

/** @returns where it is annotated */
async function message(attacker: Attacker): Promise<string> {
  const path = '/channels/edited:x/messages'
  const { text } = await attacker.post(path, { data: 'x' }, basic(attacker.target.key))
  const [serial] = (JSON.parse(text) as { serials: string[] }).serials
  return `${path}/${encodeURIComponent(serial!)}/annotations`
}

function annotations(annotation: (index: number) => Readonly<Record<string, string>>): unknown[] {
  return Array.from({ length: 100 }, (_, i) => ({ action: 0, ...annotation(i) }))
}
