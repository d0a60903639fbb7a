/** Bodies that do not end, arrive slowly, are nested or repeat themselves. */
import type { Attacker } from '../attacker.ts'
import type { Lever } from '../lever.ts'

/** Every place that reads a body of somebody who has shown nothing yet, and how much of it. */
const PLACES: readonly (readonly [path: string, bytes: number])[] = [
  ['/messages', 2_097_152],
  ['/channels/x/messages', 262_144],
  ['/keys/nobody.nothing/requestToken', 65_536],
  ['/push/somewhere', 100_000],
  ['/push/publish', 262_144],
  ['/v1/apps', 65_536],
  ['/dashboard/sign-in', 131_072],
  ['/comet/nobody!x/send', 262_144],
  ['/apps', 65_536],
]
const DRIP_MS = 200

export const bodyLevers: readonly Lever[] = [
  {
    name: 'unfinished-bodies',
    who: 'stranger',
    summary: '300 bodies of 2 MB without their last byte',
    pull: (attacker) =>
      attacker.times(300, 30, (turn) =>
        unfinished(attacker, { path: '/messages', bytes: 2_097_152 }, turn),
      ),
  },
  {
    name: 'unfinished-everywhere',
    who: 'stranger',
    summary: '900 bodies without their last byte, on every surface',
    pull: (attacker) =>
      attacker.times(900, 30, (turn) => {
        const [path, bytes] = PLACES[turn % PLACES.length]!
        return unfinished(attacker, { path, bytes }, turn)
      }),
  },
  {
    name: 'unfinished-of-a-holder',
    who: 'key holder',
    summary: '300 bodies of 2 MB without their last byte, with a key',
    pull: (attacker) =>
      attacker.times(300, 30, (turn) =>
        unfinished(
          attacker,
          { path: '/messages', bytes: 2_097_152, authorization: attacker.authorization },
          turn,
        ),
      ),
  },
  {
    name: 'slow-bodies',
    who: 'stranger',
    summary: '900 bodies that arrive byte by byte',
    pull: (attacker) =>
      attacker.times(900, 900, async (turn) => {
        const [path, bytes] = PLACES[turn % PLACES.length]!
        const link = await attacker.rawAsk(`POST ${path}`, jsonHeaders(bytes), '{')
        attacker.count('open')
        while (!link.isClosed && !attacker.isOver) {
          link.write(' ')
          await Bun.sleep(DRIP_MS)
        }
        if (link.received > 0) attacker.count(link.start.slice(9, 12))
      }),
  },
  {
    name: 'chunked-bodies',
    who: 'stranger',
    summary: 'bodies in pieces whose length nobody says, of one byte each',
    pull: (attacker) =>
      attacker.repeat(60, async (turn) => {
        const [path] = PLACES[turn % PLACES.length]!
        const headers = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' }
        const link = await attacker.rawAsk(`POST ${path}`, headers)
        const pieces = '1\r\n \r\n'.repeat(5000)
        for (let i = 0; i < 40 && !link.isClosed && !attacker.isOver; i++) {
          link.write(pieces)
          await Bun.sleep(5)
        }
        attacker.count(link.start.slice(9, 12) || 'no answer')
        link.end()
      }),
  },
  {
    name: 'nested-bodies',
    who: 'key holder',
    summary:
      'JSON that is nested as deep as its body is long, or of a hundred thousand empty things',
    pull: (attacker) =>
      attacker.repeat(16, (turn) => {
        const body = NESTED[turn % NESTED.length]!
        return attacker.ask('/channels/x/messages', { body, authorization: attacker.authorization })
      }),
  },
]

const NESTED = [
  '['.repeat(200_000),
  `${'['.repeat(60_000)}${']'.repeat(60_000)}`,
  `{"data":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
  `[${Array(80_000).fill('{}').join()}]`,
  `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":0`).join()}}`,
  `{"data":"${'\\u0000'.repeat(30_000)}"}`,
]

interface UnfinishedBody {
  readonly path: string
  readonly bytes: number
  readonly authorization?: string
}

async function unfinished(
  attacker: Attacker,
  { path, bytes, authorization }: UnfinishedBody,
  turn: number,
): Promise<void> {
  const content = Buffer.alloc(bytes - 1, turn % 2 === 0 ? ' ' : '[')
  const headers = { ...jsonHeaders(bytes), ...(authorization && { authorization }) }
  const link = await attacker.rawAsk(`POST ${path}`, headers, content)
  attacker.count('open')
  void link.ended.then(() => attacker.count(`closed ${link.start.slice(9, 12)}`))
}

function jsonHeaders(bytes: number): Record<string, string> {
  return { 'content-length': String(bytes), 'content-type': 'application/json' }
}
