/** Channel names: which there are, what they mean, and what a capability has to permit for them. */
import { describe, expect, test } from 'bun:test'
import Ably from 'ably'
import fc from 'fast-check'
import { FULL_CAPABILITY } from '../../../../src/policy/capability/capability.ts'
import { CapabilityChecker } from '../../../../src/policy/capability/checker.ts'
import { ablyCode } from '../../../../src/protocol/ably/errors/codes.ts'
import { parseChannelName } from '../../../../src/protocol/ably/wire/channel-name.ts'

function parse(text: string) {
  const result = parseChannelName(text)
  if (!result.ok) throw new Error(`${ablyCode(result.failure.name)}: ${result.failure.message}`)
  const { params, ...rest } = result.value
  return { ...rest, params: Object.fromEntries(params) }
}

const plain = { qualifier: 'none', filter: undefined, params: {} }
const FILTER = 'name == `"wörld"` && headers.n == `1`'
const BASE64 = Buffer.from(FILTER).toString('base64')

describe('a channel name', () => {
  test.each([
    ['room'],
    ['client/0/channel/1'],
    ['{"a":[1]} ?&=%20#'],
    ['ns:room:'],
    ['a[b]c'],
    ['a]'],
    ['*'],
    ['日本語 🙂'],
    ['x'.repeat(1024)],
  ])('may be %s', (name) => {
    expect(parse(name)).toEqual({ ...plain, name, resource: name } as never)
  })

  test.each([
    ['[?rewind=1]room', { name: 'room', resource: 'room', params: { rewind: '1' } }],
    [
      '[?rewind=1&delta=vcdiff&x=%5D%26&y]room',
      { name: 'room', resource: 'room', params: { rewind: '1', delta: 'vcdiff', x: ']&', y: '' } },
    ],
    ['[?]room', { name: 'room', resource: 'room' }],
    ['[meta]log:push', { name: 'log:push', resource: '[meta]log:push', qualifier: 'meta' }],
    [
      '[meta?rewind=1]log',
      { name: 'log', resource: '[meta]log', qualifier: 'meta', params: { rewind: '1' } },
    ],
    ['[queue]app:q', { name: 'app:q', resource: '[queue]app:q', qualifier: 'queue' }],
    [
      `[filter=${BASE64}]room`,
      { name: 'room', resource: '[filter]room', qualifier: 'filter', filter: FILTER },
    ],
    [
      `[filter=${BASE64}?rewind=1]room`,
      {
        name: 'room',
        resource: '[filter]room',
        qualifier: 'filter',
        filter: FILTER,
        params: { rewind: '1' },
      },
    ],
  ])('has qualifiers in brackets: %s', (text, wanted) => {
    expect(parse(text)).toEqual({ ...plain, ...wanted } as never)
  })

  test.each([
    [''],
    [':'],
    [':hell'],
    ['::'],
    ['a\nb'],
    ['a\u0000'],
    ['a\u0085b'],
    ['\ud800'],
    ['['],
    ['[]room'],
    ['[meta'],
    ['[meta]'],
    ['[meta]:log'],
    ['[Meta]log'],
    ['[metalog'],
    ['[what]room'],
    ['[metadata]room'],
    ['[what?rewind=1]room'],
    ['[?rewind=1'],
    ['[?rewind=1]'],
    ['[?rewind=1]:room'],
    ['[?a=%]room'],
    ['[?a=%ff]room'],
    ['[?rewind=1][meta]log'],
    ['[meta][?rewind=1]log'],
    ['[filter]room'],
    ['[filter=]room'],
    ['[filter=!]room'],
    ['[filter=/w==]room'],
    [`[filter=${BASE64}]`],
    [`[filter=${BASE64}][meta]log`],
    ['x'.repeat(1025)],
    [`[?x=${'x'.repeat(1000)}]${'ü'.repeat(513)}`],
    [`[?x=${'x'.repeat(4096)}]room`],
  ])('is not %j', (text) => {
    const result = parseChannelName(text)
    expect(result).toMatchObject({ ok: false, failure: { name: 'bad_channel', status: 400 } })
    expect(result.ok || ablyCode(result.failure.name)).toBe(40010)
  })

  test('is read as the client writes a filter', () => {
    const client = new Ably.Realtime({ key: 'a.b:c', autoConnect: false, logLevel: 0 })
    const derived = client.channels.getDerived('ns:room', { filter: FILTER })
    expect(parse(derived.name)).toMatchObject({
      name: 'ns:room',
      filter: FILTER,
      resource: '[filter]ns:room',
    })
  })

  test('is read as capabilities read it', () => {
    const full = new CapabilityChecker(FULL_CAPABILITY)
    const part = fc.constantFrom(
      '[',
      ']',
      '?',
      'meta',
      'queue',
      'filter=',
      'eA==',
      ':',
      'a',
      '=',
      '&',
      '*',
    )
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('')),
        (text) => {
          const result = parseChannelName(text)
          if (!result.ok) return
          const { name, qualifier, resource } = result.value
          // Rights on ordinary channels do not extend to qualified ones.
          expect(full.permits(resource, 'subscribe')).toBe(qualifier === 'none')
          expect(text).toEndWith(name)
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('of any characters is accepted or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
        parseChannelName(text)
        parseChannelName(`[?${text}]x`)
        parseChannelName(`[filter=${text}]x`)
      }),
    )
  })
})
