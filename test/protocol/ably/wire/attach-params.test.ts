/** What clients ask for when they attach. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ablyCode } from '../../../../src/protocol/ably/errors/codes.ts'
import { FLAG, flagsOf, modesOf } from '../../../../src/protocol/ably/wire/actions.ts'
import { readAttachParams } from '../../../../src/protocol/ably/wire/attach-params.ts'

function read(params: Record<string, string>, flags = 0) {
  const result = readAttachParams(new Map(Object.entries(params)), flags)
  if (!result.ok) throw new Error(String(ablyCode(result.failure.name)))
  return result.value
}

const DEFAULT_FLAGS =
  FLAG.PRESENCE | FLAG.PUBLISH | FLAG.SUBSCRIBE | FLAG.PRESENCE_SUBSCRIBE | FLAG.ANNOTATION_PUBLISH

describe('an attachment', () => {
  test('without params has the default modes', () => {
    expect(read({})).toEqual({
      modes: modesOf(DEFAULT_FLAGS),
      rewind: undefined,
      rewindLimit: undefined,
      delta: false,
      occupancy: undefined,
      echo: true,
      appendMode: undefined,
      isResume: false,
      echoed: {},
    })
  })

  test('has the modes of its flags', () => {
    expect(flagsOf(read({}, FLAG.SUBSCRIBE | FLAG.OBJECT_PUBLISH).modes)).toBe(
      FLAG.SUBSCRIBE | FLAG.OBJECT_PUBLISH,
    )
    expect(flagsOf(read({}, FLAG.ATTACH_RESUME | FLAG.HAS_PRESENCE).modes)).toBe(DEFAULT_FLAGS)
    // Bits that stand for nothing are not modes, so that these are none.
    expect(flagsOf(read({}, (1 << 20) | (1 << 23) | (1 << 30) | (1 << 31)).modes)).toBe(
      DEFAULT_FLAGS,
    )
  })

  test.each([
    ['subscribe', FLAG.SUBSCRIBE],
    ['presence,publish', FLAG.PRESENCE | FLAG.PUBLISH],
    [
      'PRESENCE_SUBSCRIBE, annotation_subscribe',
      FLAG.PRESENCE_SUBSCRIBE | FLAG.ANNOTATION_SUBSCRIBE,
    ],
    ['annotation_publish', FLAG.ANNOTATION_PUBLISH],
    ['object_subscribe,object_publish', FLAG.OBJECT_SUBSCRIBE | FLAG.OBJECT_PUBLISH],
  ])('has the modes it names, ahead of its flags: %s', (modes, flags) => {
    expect(flagsOf(read({ modes }, FLAG.PUBLISH).modes)).toBe(flags)
  })

  test.each([
    [{ rewind: '1' }, { rewind: { count: 1 } }],
    [{ rewind: '25s' }, { rewind: { ms: 25_000 } }],
    [
      { rewind: '2m', rewindLimit: '10' },
      { rewind: { ms: 120_000 }, rewindLimit: 10 },
    ],
    [{ delta: 'vcdiff' }, { delta: true }],
    [{ occupancy: 'metrics' }, { occupancy: 'metrics' }],
    [{ occupancy: 'metrics.presenceMembers' }, { occupancy: 'presenceMembers' }],
    [{ echo: 'false' }, { echo: false }],
    [{ echo: 'true' }, { echo: true }],
    [{ appendMode: 'full' }, { appendMode: 'full' }],
    [{ objects: 'anything' }, {}],
  ])('confirms what was understood: %j', (params, wanted) => {
    expect(read(params)).toMatchObject({ ...wanted, echoed: params } as never)
  })

  test('does not confirm what was not', () => {
    const others = { test: '1', agent: 'x/1', Rewind: '1', constructor: 'x' }
    expect(read({ ...others, delta: 'vcdiff' }).echoed).toEqual({ delta: 'vcdiff' })
  })

  test('resumes an earlier one', () => {
    expect(read({}, FLAG.ATTACH_RESUME).isResume).toBe(true)
  })

  test.each([
    [{ rewind: '' }],
    [{ rewind: '0' }],
    [{ rewind: '-1' }],
    [{ rewind: '1.5' }],
    [{ rewind: '1h' }],
    [{ rewind: 's' }],
    [{ rewind: '1s ' }],
    [{ rewind: '1e3' }],
    [{ rewind: '99999999999' }],
    [{ rewindLimit: '0' }],
    [{ rewindLimit: 'x' }],
    [{ delta: 'xdelta' }],
    [{ modes: '' }],
    [{ modes: 'subscribe,' }],
    [{ modes: 'everything' }],
    [{ modes: 'constructor' }],
    [{ occupancy: '' }],
    [{ occupancy: 'metrics.' }],
    [{ occupancy: 'metrics.toString' }],
    [{ occupancy: 'presenceMembers' }],
    [{ echo: 'no' }],
    [{ appendMode: 'half' }],
  ])('is refused with %j', (params) => {
    expect(() => read(params as unknown as Record<string, string>)).toThrow('40003')
  })

  test('gives a value for any input', () => {
    const name = fc.constantFrom('rewind', 'modes', 'occupancy', 'echo', 'delta', 'rewindLimit')
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), fc.integer(), (params, flags) => {
        const result = readAttachParams(new Map(Object.entries(params)), flags)
        if (result.ok) expect(result.value.modes).toBeGreaterThan(0)
      }),
    )
  })
})
