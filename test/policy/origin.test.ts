/** The allow-list of origins. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isOriginAllowed } from '../../src/policy/origin.ts'

describe('isOriginAllowed', () => {
  const site = ['https://my.site', 'https://*.other.site:8443']

  test.each([
    ['no origin at all, from a program', null, [], true],
    ['everything', 'https://any.example', ['*'], true],
    ['the null origin of a file, under *', 'null', ['*'], true],
    ['nothing on the list', 'https://my.site', [], false],
    ['the same origin', 'https://my.site', site, true],
    ['the same in capitals', 'HTTPS://My.Site', site, true],
    ['another scheme', 'http://my.site', site, false],
    ['another port', 'https://my.site:444', site, false],
    ['a subdomain that nobody listed', 'https://a.my.site', site, false],
    ['a name that ends alike', 'https://notmy.site', site, false],
    ['a name that goes on', 'https://my.site.evil', site, false],
    ['a starred subdomain', 'https://a.other.site:8443', site, true],
    ['two labels under a star', 'https://a.b.other.site:8443', site, true],
    ['the bare domain of a star', 'https://other.site:8443', site, false],
    ['an empty label under a star', 'https://.other.site:8443', site, false],
    ['a star with another port', 'https://a.other.site', site, false],
    ['a star with another scheme', 'http://a.other.site:8443', site, false],
    ['a starred name that ends alike', 'https://aother.site:8443', site, false],
    ['the null origin', 'null', site, false],
    ['an empty origin', '', site, false],
  ])('%s', (_case, origin, allowed, expected) => {
    expect(isOriginAllowed(origin, allowed)).toBe(expected)
  })

  test('what a star admits has its scheme and ends with its domain', () => {
    const origin = fc.string({ unit: fc.constantFrom('a', '.', ':', '/', 'h'), maxLength: 12 })
    fc.assert(
      fc.property(origin, (text) => {
        if (!isOriginAllowed(text, ['h://*.a'])) return
        expect(text).toStartWith('h://')
        expect(text).toEndWith('.a')
      }),
      { numRuns: 2000 },
    )
  })
})
