/** What fast-check throws at the server: frames, names, queries, headers and bodies, well-formed and not. */
import fc from 'fast-check'
import type { FrameInit } from '../../support/raw-frame.ts'

const SEPARATOR = '\u001F'

const jsonText = fc.json({ maxDepth: 5 })
const anyText = fc.string({ unit: 'grapheme', maxLength: 60 })

/** JSON and what looks like it. */
const nearlyJson = fc.oneof(
  jsonText,
  jsonText.map((text) => text.slice(0, -1)),
  jsonText.map((text) => `${text},`),
  fc.nat({ max: 200 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.constantFrom('', ' ', 'undefined', 'NaN', '"\u0000"', '\uFEFF1', '{"__proto__":{}}', '1e999'),
  fc.constantFrom('join', 'leave', 'error').map((type) => `{"type":"${type}"}`),
  anyText,
)

/** Texts of frames, with and without the prefix of a direct message. */
export const frameText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: nearlyJson, weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.oneof(anyText, fc.constant('nobody')), nearlyJson)
      .map(([to, text]) => `${SEPARATOR}${to}${SEPARATOR}${text}`),
    weight: 1,
  },
  { arbitrary: nearlyJson.map((text) => SEPARATOR + text), weight: 1 },
)

const payload = fc.oneof(frameText, fc.uint8Array({ maxLength: 200 }))

/** Frames that keep to the standard. */
export const tidyFrame: fc.Arbitrary<FrameInit> = fc.oneof(
  fc.record({ opcode: fc.constantFrom(1, 2), payload }),
  fc.record({
    opcode: fc.constantFrom(9, 10),
    payload: fc.uint8Array({ maxLength: 125 }),
  }),
)

/** Frames that break any of its rules but the length: their bytes are all there. */
export const wildFrame: fc.Arbitrary<FrameInit> = fc.record(
  {
    opcode: fc.nat({ max: 15 }),
    payload,
    fin: fc.boolean(),
    reserved: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.nat({ max: 7 })),
    masked: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, fc.boolean()),
  },
  { requiredKeys: ['opcode', 'payload'] },
)

/** Frames that announce what never comes, or bytes that are no frames at all. */
export const brokenBytes: fc.Arbitrary<FrameInit | Uint8Array> = fc.oneof(
  fc.record({
    opcode: fc.nat({ max: 15 }),
    payload,
    announced: fc.oneof(fc.nat({ max: 200_000 }), fc.maxSafeNat()),
  }),
  fc.uint8Array({ maxLength: 300 }),
)

/** A name as it may stand in a request line: any printable bytes but a space. */
const targetText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(
      '%',
      '%2',
      '%25',
      '%2F',
      '%3A',
      '%00',
      '%ff',
      '%C3%A9',
      '..',
      '/',
      '\\',
      '?',
      '#',
    ),
  ),
  maxLength: 80,
})

/** Spellings of a name: characters escaped or not, dots and slashes strewn in, what follows it. */
export function spellings(name: string): fc.Arbitrary<string> {
  const escape = (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  const characters = Array.from(name, (character) =>
    fc.constantFrom(character, escape(character), escape(character).toUpperCase()),
  )
  const around = fc.constantFrom('', '', '', './', '../c/', 'x/../', '//', '%2e%2e/', '\\')
  const after = fc.oneof(fc.constantFrom('', ':', '/', '%3A', '%2F', ':room'), targetText)
  return fc
    .tuple(around, fc.tuple(...characters), after)
    .map(([before, parts, rest]) => before + parts.join('') + rest)
}

export const anyTarget: fc.Arbitrary<string> = targetText

/** Query strings: the known options with any values, and any other text. */
export const anyQuery: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      targetText.map((text) => text.replaceAll('#', '')),
      fc
        .tuple(
          fc.constantFrom(
            'joinKey',
            'sendKey',
            'as',
            'alias',
            'echo',
            'list',
            'legacy',
            'announce',
          ),
          fc.oneof(anyText.map(encodeURIComponent), targetText),
        )
        .map(([name, value]) => `${name}=${value.replaceAll('#', '')}`),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join('&'))

/** Any bytes that do not end a line, as a header's value. */
const headerValue = fc.uint8Array({ maxLength: 100 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, ' '),
)

const headerName = fc.oneof(
  fc.constantFrom(
    'host',
    'origin',
    'cookie',
    'authorization',
    'x-forwarded-for',
    'x-send-key',
    'connection',
    'expect',
    'accept-encoding',
    'sec-websocket-protocol',
    'sec-websocket-extensions',
    'sec-websocket-version',
    'sec-websocket-key',
    'upgrade',
    'range',
  ),
  fc.string({ unit: fc.constantFrom('a', 'Z', '-', '_', '9', '~'), minLength: 1, maxLength: 20 }),
)

/** Headers as lines; names that tell the length of a body are left out, for none follows. */
export const anyHeaders: fc.Arbitrary<string> = fc
  .array(fc.tuple(headerName, headerValue), { maxLength: 10 })
  .map((pairs) => pairs.map(([name, value]) => `${name}: ${value}\r\n`).join(''))

export const anyBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  nearlyJson.map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 300 }),
)

/** A model of what happens to a text, by F-2, F-5, F-7 and F-9. */
export function isRelayable(text: string): boolean {
  try {
    return depthOf(JSON.parse(text)) <= 64
  } catch {
    return false
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
