/** No regular expression can be made to go back over a long text: strangers write paths, headers and names. */
import { describe, expect, test } from 'bun:test'
import { sourceFiles } from './support/imports.ts'
import { isLinear } from './support/linear-expression.ts'
import { expressionsIn } from './support/regular-expressions.ts'

/** Whose texts are our own, or those of whoever runs the program. */
const OWN_TEXTS = ['config.ts', 'docs/', 'dashboard/pages/connect/snippets.ts', 'ops/doctor/']

const found = sourceFiles().flatMap(({ path, code }) =>
  expressionsIn(code).map(({ source, flags }) => ({ path, source, flags })),
)

test('regular expressions of the source are found', () => {
  expect(found.length).toBeGreaterThan(150)
  for (const { source, flags } of found) expect(() => new RegExp(source, flags)).not.toThrow()
})

test('every expression takes linear time', () => {
  const wrong = found
    .filter(({ path }) => !OWN_TEXTS.some((own) => path.startsWith(own)))
    .filter(({ source, flags }) => !isLinear(source, flags))
  expect(wrong).toEqual([])
})

test('expressions are made at run time only from our own paths', () => {
  const making = sourceFiles().filter(({ code }) => /\bRegExp\(/.test(code))
  expect(making.map(({ path }) => path)).toEqual(['api/app.ts'])
})

describe('the check', () => {
  test.each([
    '(.)\\/+$',
    '=+$',
    '%.*$',
    '\\s+$',
    '^(a+)+$',
    '^(a|a)*$',
    '^(\\s*a?)*$',
    '^\\s*(.*)\\s*$',
    '^(.+),(.+)$',
    '^\\w+\\d+$',
    '#\\{\\s*message\\.([^}]*?)\\s*\\}',
    'a*b',
    '<b>.*</b>',
    '^a{2,}a*$',
    '(?=.*a)b',
  ])('finds %s', (source) => {
    expect(isLinear(source, 's')).toBe(false)
  })

  test.each([
    '^(.+)$',
    '\\d+',
    '^[^:]+:[^:]+$',
    ':\\d+$',
    '^\\[([^\\]]*)\\]',
    '^(\\/[a-z]+)*$',
    '\\bgzip\\b',
    '^a{1,9}a*$',
  ])('lets %s pass', (source) => {
    expect(isLinear(source, '')).toBe(true)
  })

  test('tells expressions from divisions and strings', () => {
    const code =
      'const a = b / c / d; f(/x+/g, "/y/", `/z/${/[/]\\//.test(t) / 2}/`) // /w/\nreturn /v/u'
    expect(expressionsIn(code).map(({ source, flags }) => `/${source}/${flags}`)).toEqual([
      '/x+/g',
      '/[/]\\//',
      '/v/u',
    ])
  })
})
