/** Message filters: what they match, which are refused, and that no message breaks them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type FilterableMessage, filterView } from '../../src/policy/filter-view.ts'
import { compileFilter, type MessageFilter } from '../../src/policy/message-filter.ts'

const encode = (expression: string) => Buffer.from(expression).toString('base64')

function compiled(expression: string): MessageFilter {
  const result = compileFilter(encode(expression))
  if (!result.ok) throw new Error(`${expression}: ${result.failure.message}`)
  return result.value
}

function fault(encoded: string): string | undefined {
  const result = compileFilter(encoded)
  if (result.ok) return undefined
  expect(result.failure.name).toBe('filter_invalid')
  return result.failure.message
}

const message = (given: Partial<FilterableMessage> = {}): FilterableMessage => ({
  id: 'pm:0',
  name: 'filtered',
  data: '{"price":12.5,"tags":["a","b"],"lines":[{"n":1},{"n":5}]}',
  encoding: 'json',
  clientId: 'ann',
  connectionId: 'c1',
  extras: '{"headers":{"number":26095,"text":"x","none":null}}',
  timestamp: 1_000,
  serial: '01000-000@a:000',
  ...given,
})

const matches = (expression: string, given?: Partial<FilterableMessage>) =>
  compiled(expression).matches(filterView(message(given)))

describe('a filter', () => {
  const wanted = 'name == `"filtered"` && headers.number == `26095`'

  test('passes matching messages', () => {
    expect(matches(wanted)).toBe(true)
    expect(matches(wanted, { name: 'other' })).toBe(false)
    expect(matches(wanted, { name: undefined })).toBe(false)
    expect(matches(wanted, { extras: '{"headers":{"number":1}}' })).toBe(false)
    expect(matches(wanted, { extras: '{"headers":{"number":"26095"}}' })).toBe(false)
  })

  test.each([undefined, '{}', '{"headers":null}', '{"headers":[1]}', '[]', 'not JSON'])(
    'finds nothing in the headers of %p',
    (extras) => {
      expect(matches(wanted, { extras })).toBe(false)
      expect(matches('headers.number == null || !headers.number', { extras })).toBe(true)
    },
  )

  test.each([
    ["clientId == 'ann'", true],
    ["connectionId == 'c1' && id == 'pm:0' && serial == '01000-000@a:000'", true],
    ['timestamp >= `1000`', true],
    ['timestamp > `1000`', false],
    ['data.price < `20` && data.price > `10`', true],
    ["contains(data.tags, 'b')", true],
    ["contains(data.tags, 'c')", false],
    ['data.lines[?n > `4`]', true],
    ['data.lines[?n > `9`]', false],
    ['max(data.lines[*].n) == `5`', true],
    ['length(data.lines[0:1]) == `1`', true],
    ['data.lines[] | [-1].n == `5`', true],
    ["starts_with(name, 'filt') && !ends_with(name, 'x')", true],
    ['contains(`["other","filtered"]`, name)', true],
    ["type(data) == 'object' && not_null(data.missing, data.price) == `12.5`", true],
    ['headers.none', false],
    ['missing.at.all', false],
    ['headers', true],
    ['`0`', true],
    ["''", false],
    ['`[]`', false],
    ['`{}`', false],
  ])('%s is %p', (expression, expected) => {
    expect(matches(expression)).toBe(expected)
  })

  test('sees text data, and no binary data', () => {
    expect(matches("data == 'plain'", { data: 'plain', encoding: undefined })).toBe(true)
    expect(matches("data == '{}'", { data: '{}', encoding: undefined })).toBe(true)
    expect(matches("data == '{'", { data: '{', encoding: 'json' })).toBe(true)
    expect(matches('data == null', { data: new Uint8Array([1]), encoding: undefined })).toBe(true)
    expect(matches('data == null', { data: undefined, encoding: undefined })).toBe(true)
    expect(matches('data == `null`', { data: 'null' })).toBe(true)
  })

  test('does not match values of other types', () => {
    expect(matches('length(timestamp) > `0`')).toBe(false)
    expect(matches("contains(headers.number, 'x')")).toBe(false)
    expect(matches('name > `1`')).toBe(false)
  })

  test('parses a message once, and only when needed', () => {
    let parses = 0
    const counted = {
      ...message(),
      get data() {
        parses++
        return '[1]'
      },
    }
    const view = filterView(counted)
    expect(compiled("name == 'filtered'").matches(view)).toBe(true)
    expect(parses).toBe(0)
    for (let i = 0; i < 3; i++) expect(compiled('data[0] == data[-1]').matches(view)).toBe(true)
    expect(parses).toBe(1)
  })

  test('is identified by its expression', () => {
    expect(compiled(wanted).expression).toBe(wanted)
  })
})

describe('reading a filter', () => {
  test('takes base64 of either alphabet, padded or not', () => {
    const expression = "name == 'ü?>~'"
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = Buffer.from(expression).toString(encoding)
      for (const text of [encoded, encoded.replace(/=+$/, '')]) {
        const result = compileFilter(text)
        expect(result.ok && result.value.expression).toBe(expression)
      }
    }
  })

  const joined = (count: number, expression: string, by: string) =>
    encode(Array.from({ length: count }, () => expression).join(by))
  test.each([
    ['nothing', '', 'JMESPath expression'],
    ['no base64', '%%%', 'base64'],
    ['a lonely character', 'a', 'base64'],
    ['no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64'), 'base64'],
    ['half a comparison', encode('name =='), 'JMESPath expression'],
    ['an open quote', encode('name == "'), 'JMESPath expression'],
    ['what is not JMESPath', encode('name === x'), 'JMESPath expression'],
    ['open brackets', encode('('.repeat(1_000)), 'JMESPath expression'],
    ['a byte too many', encode(`'${'x'.repeat(1_023)}'`), 'more than 1024 bytes'],
    ['a megabyte', 'A'.repeat(1e6), 'more than 1024 bytes'],
    ['many parts', joined(80, 'a.b', '||'), 'too complex'],
    ['many passes over the data', joined(40, 'keys(data)', '||'), 'too complex'],
    ['many comparisons of data', joined(40, 'data.a==data.b', '&&'), 'too complex'],
    ['many comparisons with a list', joined(40, 'data==`[]`', '||'), 'too complex'],
    ['much to do for each item', encode(`data[?${'a&&'.repeat(20)}a]`), 'too complex'],
  ])('refuses %s', (_, encoded, reason) => {
    expect(fault(encoded)).toContain(reason)
  })

  test.each([
    '[@, @] | [@, @]',
    '{a: @}',
    'let $x = data in $x',
    'data[?contains($.data, @)]',
    'pad_left(name, `1000000000`)',
    "replace(data, 'a', data)",
    'join(data, `[]`)',
    'trim(data)',
    'map(&@, data)',
    'sort_by(data, &a)',
    'merge(data, data)',
    'timestamp + `1`',
    'name ? data : headers',
    'no_such_function(name)',
    'headers.constructor',
    '__proto__',
    'data.toString',
  ])('refuses %s, which could cost too much or means something else', (expression) => {
    expect(fault(encode(expression))).toContain('not for filters')
  })

  test('allows a reasonable number of comparisons', () => {
    const several = Array.from({ length: 32 }, (_, i) => `headers.number == \`${i}\``).join(' || ')
    expect(matches(several)).toBe(false)
    expect(matches(several, { extras: '{"headers":{"number":31}}' })).toBe(true)
  })

  test('does not repeat the filter in its error', () => {
    expect(fault(encode('secret word ='))).not.toContain('secret')
  })
})

describe('never throws', () => {
  const anyMessage = fc
    .record({
      name: fc.option(fc.string(), { nil: undefined }),
      data: fc.oneof(fc.json(), fc.string(), fc.uint8Array(), fc.constant(undefined)),
      encoding: fc.constantFrom('json', undefined, 'utf-8'),
      extras: fc.option(
        fc.oneof(
          fc.json(),
          fc.json().map((json) => `{"headers":${json}}`),
          fc.string(),
        ),
        { nil: undefined },
      ),
    })
    .map(message)

  /** Expressions that are mostly valid. */
  const { expression } = fc.letrec<{ expression: string; path: string }>((tie) => ({
    path: fc
      .array(
        fc.constantFrom(
          'name',
          'data',
          'headers',
          '@',
          '*',
          'a',
          '""',
          '[0]',
          '[*]',
          '[]',
          '[?a]',
          '[::2]',
          '[?@==a]',
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((steps) => steps.join('.').replaceAll('.[', '[')),
    expression: fc.oneof(
      { maxDepth: 3 },
      tie('path'),
      fc.json({ maxDepth: 1 }).map((json) => `\`${json.replaceAll('`', '')}\``),
      fc.string().map((text) => `'${text.replaceAll(/['\\]/g, '')}'`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('==', '!=', '<', '>=', '&&', '||', '|'),
          tie('expression'),
        )
        .map(([a, by, b]) => `(${a} ${by} ${b})`),
      tie('expression').map((inner) => `!${inner}`),
      fc
        .tuple(
          fc.constantFrom(
            'length',
            'contains',
            'keys',
            'max',
            'sum',
            'to_string',
            'not_null',
            'avg',
            'type',
          ),
          fc.array(tie('expression'), { maxLength: 2 }),
        )
        .map(([name, given]) => `${name}(${given.join(', ')})`),
    ),
  }))

  test('for any text', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' }).map(encode))
    fc.assert(
      fc.property(text, anyMessage, (encoded, given) => {
        const result = compileFilter(encoded)
        if (result.ok) expect(typeof result.value.matches(filterView(given))).toBe('boolean')
      }),
      { numRuns: 400 },
    )
  })

  test('for any expression and message', () => {
    let sound = 0
    fc.assert(
      fc.property(expression, anyMessage, (text, given) => {
        const result = compileFilter(encode(text))
        if (!result.ok) return
        sound++
        const view = filterView(given)
        const first = result.value.matches(view)
        expect(typeof first).toBe('boolean')
        expect(result.value.matches(view)).toBe(first)
        expect(result.value.matches(filterView(given))).toBe(first)
      }),
      { numRuns: 1_500 },
    )
    expect(sound).toBeGreaterThan(500)
  })

  test('for deep and long messages', () => {
    const nested = (open: string, close: string, depth: number) =>
      `${open.repeat(depth)}1${close.repeat(depth)}`
    const long = JSON.stringify(Array.from({ length: 30_000 }, () => 0))
    const deep = [nested('[', ']', 30_000), nested('{"a":', '}', 10_000)]
    for (const data of [...deep, long, ...deep.map((part) => `{"a":${part},"b":${part}}`)]) {
      const view = filterView(message({ data }))
      for (const text of [
        'data == data',
        'data.a == data.b',
        'to_string(data)',
        'max(data)',
        '*[]',
      ])
        expect(typeof compiled(text).matches(view)).toBe('boolean')
    }
    expect(matches("type(data) == 'array'", { data: nested('[', ']', 64) })).toBe(true)
    expect(matches("type(data) == 'string'", { data: nested('[', ']', 65) })).toBe(true)
  })
})
