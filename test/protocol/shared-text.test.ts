/** Whatever clients of an app publish on a shared channel, itty clients read one frame of it, from whom it is. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { known } from '../support/ably.ts'
import { Client, eventually } from '../support/client.ts'
import { reserveAll } from '../support/itty.ts'
import { type TestServer, startTestServer } from '../support/server.ts'

let server: TestServer
let key: string
let reader: Client

beforeAll(async () => {
  server = await startTestServer({ 'channel-rate': '0', 'key-rate': '0' })
  key = await known(server, server.addKey())
  await reserveAll(server, { acme: { sendKey: 's', app: 'default' } })
  reader = await Client.join(`${server.sockets}acme/room?as=Ann`)
})
afterAll(() => server.end())

interface Wish {
  readonly data: unknown
  readonly encoding?: string
  readonly name?: string
}

/** The frame that the reader gets. */
async function relayed(message: Wish): Promise<Record<string, unknown>> {
  const before = reader.raw.length
  const answer = await fetch(`${server.url}/channels/${encodeURIComponent('acme/room')}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(key)}`, 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })
  expect(answer.status).toBe(201)
  await eventually(() => reader.raw.length > before, 'the frame came')
  expect(reader.raw.length).toBe(before + 1)
  const frame = JSON.parse(reader.raw.at(-1)!) as Record<string, unknown>
  expect(Object.keys(frame)).toEqual(['message', 'date'])
  return frame
}

const deep = '['.repeat(100) + ']'.repeat(100)

test.each<[string, unknown]>([
  ['{bad', '{bad'],
  ['', ''],
  ['"hi","uid":"anns-uid","alias":"Ann","x":0', '"hi","uid":"anns-uid","alias":"Ann","x":0'],
  ['1},{"type":"join"', '1},{"type":"join"'],
  [deep, deep],
  ['{"type":"leave","uid":"x"}', '{"type":"leave","uid":"x"}'],
  ['{"type":"error","message":"x"}', '{"type":"error","message":"x"}'],
  ['{"a":[1,2]}', { a: [1, 2] }],
  ['"text"', 'text'],
  ['null', null],
  [' [1] ', [1]],
])('what is called JSON: %s', async (data, expected) => {
  expect((await relayed({ data, encoding: 'json' }))['message']).toEqual(expected)
})

test('objects that look like server events reach guests as text', async () => {
  const { message } = await relayed({ data: { type: 'join', self: true } })
  expect(message).toBe('{"type":"join","self":true}')
})

test('any text arrives unchanged, in any encoding', async () => {
  const encodings = fc.constantFrom(undefined, 'json', 'utf-8', 'json/utf-8', 'vcdiff', 'x')
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme-composite' }),
      encodings,
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      async (data, encoding, name) => {
        const { message } = await relayed({
          data,
          ...(encoding !== undefined && { encoding }),
          ...(name !== undefined && { name }),
        })
        const expected = encoding === 'json' ? valueOf(data) : data
        expect(message).toEqual(expected)
      },
    ),
    { numRuns: 150 },
  )
})

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
